"""Models as scikit-learn's estimators: `keras.wrappers` (extra `sklearn`)."""

from .._lazy import lazily

with lazily(globals()):
    from .estimators import SKLearnClassifier as SKLearnClassifier
    from .estimators import SKLearnRegressor as SKLearnRegressor
    from .estimators import SKLearnTransformer as SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
