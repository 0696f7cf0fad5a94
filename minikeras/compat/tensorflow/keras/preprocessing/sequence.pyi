from typing import Any

from minikeras.preprocessing.sequence import *
from minikeras.compat.past.sequence import *

def __getattr__(name: str) -> Any: ...
