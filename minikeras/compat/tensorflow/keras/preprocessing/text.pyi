from typing import Any

from minikeras.compat.past.text import *

def __getattr__(name: str) -> Any: ...
