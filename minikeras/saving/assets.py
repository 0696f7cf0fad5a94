"""Assets: files that the objects of a model save in addition to variables, in "assets/" of a .keras archive."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from .archive import Archive

MAX_VOCABULARY = 64 << 20
"""In bytes."""


def asset_loaders(places: Iterable[tuple[str, Any]], archive: Archive) -> Iterator[Callable[[], None]]:
    """Yield functions that load the assets of an archive into their objects; a FileError for one without an object."""
    left = [name for name in archive.members if name.startswith("assets/")]
    for path, saved in places:
        inner = f"assets/{path}/" if path else "assets/"
        own = {name.removeprefix(inner): name for name in left if name.startswith(inner)}
        vocabulary = hasattr(saved, "_load_vocabulary")
        if own and (vocabulary or hasattr(saved, "load_assets")):
            yield partial(_load_vocabulary if vocabulary else _load_files, saved, archive, own)
            left = [name for name in left if name not in own.values()]
    if left:
        raise archive.source.error("assets", f"no object of the model has `load_assets` to take {left[0]!r:.200}")


def _load_vocabulary(layer: Any, archive: Archive, names: dict[str, str]) -> None:
    layer._load_vocabulary(archive.read(names.get("vocabulary.txt", "a vocabulary.txt"), MAX_VOCABULARY).decode())


def _load_files(saved: Any, archive: Archive, names: dict[str, str]) -> None:
    """Call the `load_assets` of a user's object with a temporary folder of its files."""
    with TemporaryDirectory() as top:
        for path, name in names.items():
            file = os.path.join(top, *path.split("/"))
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "xb") as target:
                target.writelines(archive.open(name).pieces())
        saved.load_assets(top)
