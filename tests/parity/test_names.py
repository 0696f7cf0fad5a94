"""Every public name of Keras is there, as itself or as something that says it is not."""

import types
from collections.abc import Iterator
from typing import Any

import keras
import pytest

import minikeras

pytestmark = pytest.mark.parity


def modules(module: Any, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Walk Keras's public modules and their names."""
    seen = set() if seen is None else seen
    if id(module) in seen:
        return
    seen.add(id(module))
    names = [name for name in dir(module) if not name.startswith("_") and name != "src"]
    below = [name for name in names if isinstance(getattr(module, name), types.ModuleType)]
    yield path, [name for name in names if name not in below]
    for name in below:
        if getattr(module, name).__name__.startswith("keras"):
            yield from modules(getattr(module, name), f"{path}.{name}".lstrip("."), seen)


MODULES = dict(modules(keras))


@pytest.mark.parametrize("path", MODULES)
def test_every_name_resolves(path: str) -> None:
    home: Any = minikeras
    for part in filter(None, path.split(".")):
        home = getattr(home, part)
    assert [name for name in MODULES[path] if not hasattr(home, name)] == []
