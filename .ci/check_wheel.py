"""Check that a wheel is pure Python, holds the package alone, and is under 840 kB."""

import sys
from pathlib import Path
from zipfile import ZipFile

wheel = Path(sys.argv[1])
names = ZipFile(wheel).namelist()
foreign = [n for n in names if not n.startswith(("minikeras/", "minikeras_numpy-"))]
size = wheel.stat().st_size
print(f"{wheel.name}: {len(names)} files, {size} bytes")
assert wheel.name.endswith("-py3-none-any.whl"), wheel.name
assert not foreign, foreign
assert "minikeras/py.typed" in names
assert size < 840_000, size
