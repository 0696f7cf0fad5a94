"""The former `keras.wrappers.scikit_learn`: `build_fn` makes a model, and the attribute `model` is the fitted one."""

from collections.abc import Callable
from typing import Any

from ...callbacks import History
from ...models import Model
from .. import sklearn
from . import tables
from .arguments import translated
from .patches import outdated


class Older(sklearn.BaseWrapper):
    """Base of both estimators: `build_fn` returns a model; settings go to it, to `fit` and to `predict`."""

    def __init__(self, build_fn: Callable[..., Model] | None = None, **sk_params: Any) -> None:
        kind = type(self).__name__
        outdated(f"keras.wrappers.scikit_learn.{kind}", f"keras.wrappers.{kind.replace('Keras', 'SKLearn')}")
        super().__init__(build_fn=build_fn, **sk_params)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"build_fn": self.build_fn, **self.sk_params}

    def _sort(self) -> dict[str, dict[str, Any]]:
        self.sk_params: dict[str, Any] = translated(type(self).__name__, self.sk_params, tables.ARGUMENTS["Model.fit"])
        return super()._sort()

    def _fit(self, *args: Any, **meta: Any) -> Any:
        history: History = super()._fit(*args, **meta)
        self.model: Any = self.model_
        return history


class KerasClassifier(sklearn.KerasClassifier, Older):
    """Classifier for scikit-learn around a function that builds a model."""


class KerasRegressor(sklearn.KerasRegressor, Older):
    """Regressor for scikit-learn around a function that builds a model."""


__all__ = ["KerasClassifier", "KerasRegressor"]
