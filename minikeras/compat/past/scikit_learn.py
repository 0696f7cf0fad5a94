"""`keras.wrappers.scikit_learn` as it was: a function that builds a model, as scikit-learn's estimator."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._signature import parameters
from ..._typing import Array
from ...callbacks import History
from ...models import Model
from ...numerical import to_categorical
from ...wrappers.estimators import BaseEstimator, ClassifierMixin, RegressorMixin
from .patches import outdated


class Wrapper(BaseEstimator):
    """What both estimators share.

    Args:
        build_fn: What returns a compiled model; it gets the settings that it has arguments for.
        settings: Arguments of `build_fn`, and of the model's `fit`, `predict` and `evaluate`, such as `epochs`.
    """

    today: str = ""
    """The estimator of this kind in keras.wrappers."""

    def __init__(self, build_fn: Callable[..., Model] | None = None, **settings: Any) -> None:
        outdated(f"keras.wrappers.scikit_learn.{type(self).__name__}", f"keras.wrappers.{self.today}")
        vars(self).update(build_fn=build_fn, settings=settings)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings, those of `build_fn` and `build_fn` itself."""
        return {**vars(self)["settings"], "build_fn": vars(self)["build_fn"]}

    def set_params(self, **params: Any) -> "Wrapper":
        """Change settings."""
        if "build_fn" in params:
            vars(self)["build_fn"] = params.pop("build_fn")
        vars(self)["settings"] = {**vars(self)["settings"], **params}
        return self

    def _for(self, function: Callable[..., Any], **more: Any) -> dict[str, Any]:
        """Return the settings that a function takes, and more."""
        accepted = parameters(function).names
        return {key: value for key, value in vars(self)["settings"].items() if key in accepted} | more

    def fit(self, x: Any, y: Any, **kwargs: Any) -> History:
        """Build a new model and train it; keyword arguments go to the model's `fit`."""
        build = vars(self)["build_fn"]
        self.model: Model = build(**self._for(build))
        y = to_categorical(y) if self._takes_categories() and np.ndim(y) != 2 else y
        history: History = self.model.fit(np.asarray(x), np.asarray(y), **self._for(self.model.fit, **kwargs))
        return history

    def _takes_categories(self) -> bool:
        return bool(getattr(self.model.loss, "__name__", self.model.loss) == "categorical_crossentropy")

    def _evaluate(self, x: Any, y: Any, kwargs: dict[str, Any]) -> dict[str, float]:
        options = {"verbose": 0, **self._for(self.model.evaluate, **kwargs)}
        found: dict[str, float] = self.model.evaluate(np.asarray(x), np.asarray(y), return_dict=True, **options)
        return found

    def _outputs(self, x: Any, kwargs: dict[str, Any]) -> Array:
        options = {"verbose": 0, **self._for(self.model.predict, **kwargs)}
        found: Array = self.model.predict(np.asarray(x), **options)
        return found


class KerasClassifier(ClassifierMixin, Wrapper):
    """A model that tells classes, as scikit-learn's estimator."""

    today: str = "SKLearnClassifier"

    def fit(self, x: Any, y: Any, **kwargs: Any) -> History:
        """Build a new model and train it on classes: their numbers or names, or one column each."""
        y = np.asarray(y)
        several = y.ndim == 2 and y.shape[1] > 1
        self.classes_: Array = np.arange(y.shape[1]) if several else np.unique(y)
        self.n_classes_: int = len(self.classes_)
        return super().fit(x, y if several else np.searchsorted(self.classes_, y.reshape(-1)), **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """Return the class of each row."""
        found = self._outputs(x, kwargs)
        numbers = found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32").reshape(-1)
        classes: Array = self.classes_[numbers]
        return classes

    def predict_proba(self, x: Any, **kwargs: Any) -> Array:
        """Return a column of probabilities for each class."""
        found = self._outputs(x, kwargs)
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the accuracy, which the model must have been compiled with.

        Raises:
            ValueError: if it was not.
        """
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] == 1:
            y = np.searchsorted(self.classes_, y.reshape(-1))
            y = to_categorical(y, self.n_classes_) if self._takes_categories() else y
        found = self._evaluate(X, y, {**kwargs, "sample_weight": sample_weight})
        for name in ("accuracy", "acc"):
            if name in found:
                return found[name]
        raise ValueError("The model is not configured to compute accuracy: pass metrics=['accuracy'] to `compile()`.")


class KerasRegressor(RegressorMixin, Wrapper):
    """A model that tells a number, as scikit-learn's estimator."""

    today: str = "SKLearnRegressor"

    def predict(self, x: Any, **kwargs: Any) -> Array:
        """Return the number for each row."""
        return np.squeeze(self._outputs(x, kwargs), axis=-1)

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the loss with a minus, so that more is better."""
        return -self._evaluate(X, y, {**kwargs, "sample_weight": sample_weight})["loss"]


def names() -> list[str]:
    """Return the public names."""
    return ["KerasClassifier", "KerasRegressor"]


def find(name: str) -> Any:
    """Return what a public name stands for, None if there is none."""
    return globals()[name] if name in names() else None
