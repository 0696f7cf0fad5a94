from typing import Any

from minikeras.preprocessing.image import *
from minikeras.compat.past.images import *

def __getattr__(name: str) -> Any: ...
