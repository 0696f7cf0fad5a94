"""Models as scikit-learn's estimators: `keras.wrappers` (extra `sklearn`)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .estimators import SKLearnClassifier as SKLearnClassifier
    from .estimators import SKLearnRegressor as SKLearnRegressor
    from .estimators import SKLearnTransformer as SKLearnTransformer
else:

    def __getattr__(name: str) -> Any:  # scikit-learn takes a second to import
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.estimators"), name)


__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
