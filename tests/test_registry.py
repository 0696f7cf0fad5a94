"""What configurations can name: closed tables, one of each kind, which load no more than is asked for."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import minikeras as keras
from minikeras import registry
from minikeras.registry import Registry

KINDS = registry.kinds()
TEXT = (Path(__file__).parent / "data" / "configurable_names.txt").read_text(encoding="utf8")


def accepted() -> dict[str, dict[str, str]]:
    """Return the names that each kind accepts, to the names of the objects, as the file lists them."""
    tables: dict[str, dict[str, str]] = {}
    for line in TEXT.splitlines():
        if line.endswith(":"):
            module = line[:-1]
            tables[module] = {}
        else:
            pairs = [word.partition("=") for word in line.split()]
            tables[module] |= {name: target or name for name, _, target in pairs}
    return tables


ACCEPTED = accepted()


def every_name() -> set[str]:
    """Return all names in all modules of the package, theirs included, in three cases, and their addresses."""
    names = {"", "eval", "os.system", "Dense.call", "layers.Dense", "keras.layers.Dense", "__builtins__", "__class__"}
    for info in pkgutil.walk_packages(keras.__path__, "minikeras."):
        if "compat" not in info.name and "__main__" not in info.name:
            module = importlib.import_module(info.name)
            names |= {*dir(module), info.name, info.name.rpartition(".")[2]}
    classes = [item for kind in KINDS.values() for item in kind.names.values() if isinstance(item, type)]
    names |= {*vars(keras.Layer), *vars(keras.Model), *(f"{cls.__module__}.{cls.__name__}" for cls in classes)}
    return names | {name.lower() for name in names} | {name.upper() for name in names}


def test_there_is_a_list_for_each_kind() -> None:
    assert list(ACCEPTED) == list(KINDS)


@pytest.mark.parametrize("module", ACCEPTED)
def test_of_all_names_there_are_each_kind_accepts_those_listed_and_no_others(module: str) -> None:
    found: dict[str, str] = {}
    for name in every_name() | {name for table in ACCEPTED.values() for name in table}:
        try:
            found[name] = KINDS[module].find(name).__qualname__
        except ValueError as error:
            assert str(error).startswith(f"Unknown {KINDS[module].kind}: ")
    assert found == ACCEPTED[module]
