from typing import Any

from minikeras.backend import *
from minikeras.compat.past.backend import *

def __getattr__(name: str) -> Any: ...
