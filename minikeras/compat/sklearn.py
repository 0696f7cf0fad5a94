"""The older estimators for scikit-learn: those of `keras.wrappers.scikit_learn` and of scikeras.

Both take a function that makes a compiled model, and settings for it and for `fit`: `build_fn=make, epochs=10` in
Keras 2, `model=make, model__units=3, epochs=10` in scikeras. With `build_fn`, `fit` returns the history, and the score
of a regressor is the negative loss. With `model`, `fit` returns the estimator, and the score is R squared.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Self, cast

import numpy as np

from .._base.signature import parameters
from .._base.typing import Array
from ..models import Model, clone_model
from ..random import set_random_seed
from ..wrappers.estimators import ClassifierMixin, Quiet, RegressorMixin

_ROUTES = ("model", "fit", "predict", "compile", "optimizer")
_COMPILE = ("optimizer", "loss", "metrics", "run_eagerly", "loss_weights")


class BaseWrapper(Quiet):
    """Base of the estimators, around a function that makes a model.

    Args:
        model: The function, or a model to clone (scikeras's name).
        build_fn: The function (Keras 2's name).
        sk_params: Arguments of the function, of `Model.fit` and `Model.predict`, and of `Model.compile` if the function
            does not compile. The prefixes `model__`, `fit__`, `predict__` and `compile__` choose one of these.

    Attributes:
        model_: The fitted model.
        history_: Name of a metric -> its value in each epoch.

    Raises:
        ValueError: for a setting that none of these functions takes.
    """

    def __init__(self, model: Any = None, build_fn: Any = None, **sk_params: Any) -> None:
        self.model: Any = model
        self.build_fn: Any = build_fn
        self.sk_params: dict[str, Any] = sk_params
        self._sort()

    def _function(self) -> Callable[..., Model]:
        source = self.build_fn if self.build_fn is not None else self.model
        if isinstance(source, Model):
            return partial(clone_model, source)
        if source is None:
            raise ValueError(f"{type(self).__name__} needs a function that makes a model, as `build_fn` or `model`.")
        return cast(Callable[..., Model], source)

    def _sort(self) -> dict[str, dict[str, Any]]:
        """Return the settings of each route: of the function, of `fit` and so on."""
        takes = parameters(self._function())
        names = {"model": takes.names, "fit": parameters(Model.fit).names, "predict": parameters(Model.predict).names,
                 "compile": _COMPILE}  # fmt: skip
        sorted_: dict[str, dict[str, Any]] = {route: {} for route in _ROUTES}
        for name, value in self.sk_params.items():
            route, _, rest = name.partition("__")
            if rest and route in _ROUTES:
                sorted_[route][rest] = value
                continue
            routes = [route for route in names if name in names[route]]
            if not routes and not takes.varkw and name not in ("random_state", "warm_start"):
                raise ValueError(f"{name} is not a legal parameter: neither the model's function nor `fit` takes it.")
            for route in routes or (["model"] if takes.varkw else []):
                sorted_[route][name] = value
        return sorted_

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"model": self.model, "build_fn": self.build_fn, **self.sk_params}

    def set_params(self, **params: Any) -> Self:
        """Change settings, or the function."""
        vars(self).update((name, params.pop(name)) for name in ("model", "build_fn") if name in params)
        self.sk_params.update(params)
        self._sort()
        return self

    def __getattr__(self, name: str) -> Any:
        settings = vars(self).get("sk_params", {})
        if name in settings:
            return settings[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _fit(self, X: Any, target: Array, kwargs: dict[str, Any], **meta: Any) -> Any:
        self.n_features_in_: int = X.shape[-1]
        meta |= {"n_features_in_": X.shape[-1], "X_shape_": X.shape}
        settings = self._sort()
        if (seed := self.sk_params.get("random_state")) is not None:
            set_random_seed(int(seed))
        function = self._function()
        extra = {"meta": meta, "compile_kwargs": settings["compile"]}
        names = parameters(function).names
        model = function(**settings["model"], **{name: value for name, value in extra.items() if name in names})
        if not model.compiled:
            model.compile(**settings["compile"])
        if str(getattr(model.loss, "name", model.loss)).startswith("categorical") and target.ndim == 1:
            target = np.eye(meta["n_classes_"], dtype="float32")[target]
        history = model.fit(X, target, **{**self._quiet, **settings["fit"], **kwargs})
        self.model_: Model = model
        self.history_: dict[str, Any] = history.history
        return self if self.build_fn is None else history

    def _outputs(self, X: Any, kwargs: dict[str, Any]) -> Array:
        if "model_" not in vars(self):
            raise RuntimeError(f"This {type(self).__name__} is not fitted yet: call fit() first.")
        return cast(Array, self.model_.predict(np.asarray(X), **{**self._quiet, **self._sort()["predict"], **kwargs}))


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """Classifier whose model a function makes; see `BaseWrapper`. Labels may be of any sortable type.

    Attributes:
        classes_: The distinct labels, sorted.
    """

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and fit it to samples and their labels, which may be one-hot."""
        X, y = np.asarray(X), np.asarray(y)
        self._flat = y.ndim == 1
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_: Array = np.arange(y.shape[1])
        else:
            self.classes_, places = np.unique(y, return_inverse=True)
            y = places.reshape(y.shape)
        self.n_classes_: int = len(self.classes_)
        kind = "binary" if self.n_classes_ == 2 else "multiclass"
        return self._fit(X, y, kwargs, n_classes_=self.n_classes_, classes_=self.classes_, target_type_=kind)

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the label of each sample."""
        outputs = self._outputs(X, kwargs)
        if outputs.shape[-1] > 1:
            return cast(Array, self.classes_[outputs.argmax(axis=-1)])
        labels: Array = self.classes_[(outputs > 0.5).astype(int)]
        return labels if self.build_fn is not None or not self._flat else labels[:, 0]

    def predict_proba(self, X: Any, **kwargs: Any) -> Array:
        """Return the probabilities of the classes, (samples, classes)."""
        outputs = self._outputs(X, kwargs)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of samples whose label is predicted."""
        y = np.asarray(y)
        labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
        return float(np.average(self.predict(X).reshape(-1) == labels, weights=sample_weight))


class KerasRegressor(RegressorMixin, BaseWrapper):
    """Regressor whose model a function makes; see `BaseWrapper`."""

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and fit it to samples and their targets."""
        return self._fit(np.asarray(X), np.asarray(y), kwargs)

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the prediction for each sample; a last axis of size 1 is dropped."""
        outputs = self._outputs(X, kwargs)
        return outputs[:, 0] if outputs.shape[1:] == (1,) else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R squared, or the negative loss with `build_fn`; higher is better."""
        if self.build_fn is None:
            return super().score(X, y, sample_weight)
        loss = self.model_.evaluate(np.asarray(X), np.asarray(y), sample_weight=sample_weight, verbose=0)
        return -float(loss[0] if isinstance(loss, list) else loss)


__all__ = ["KerasClassifier", "KerasRegressor"]
