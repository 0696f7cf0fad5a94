"""Models as scikit-learn's estimators: `keras.wrappers` (extra `sklearn`)."""

from .._base.lazy import lazily

with lazily(globals()):
    from .estimators import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
