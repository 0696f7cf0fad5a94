"""Models: layers put together, which can be trained, described and run."""

from .._base.lazy import lazily
from .model import Model
from .sequential import Sequential

with lazily(globals()):
    from ..saving import load_model, save_model
    from .cloning import clone_model, model_from_json

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
