"""Models as scikit-learn's estimators: `keras.wrappers` (extra `sklearn`)."""

from .. import lazily

with lazily(globals()):
    from .estimators import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
