"""The older estimators for scikit-learn: those of `keras.wrappers.scikit_learn` and of scikeras.

Both take a function that makes a compiled model, and settings for it and for `fit`: `build_fn=make, epochs=10` in
Keras 2, `model=make, model__units=3, epochs=10` in scikeras. With `build_fn`, `fit` returns the history, and the score
of a regressor is the negative loss. With `model`, `fit` returns the estimator, and the score is R squared.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from importlib import import_module
from typing import Any, Self, cast

import numpy as np

from .. import optimizers
from .._base.signature import parameters
from .._base.typing import Array
from ..models import Model, clone_model
from ..random import set_random_seed
from ..wrappers.estimators import ClassifierMixin, Quiet, RegressorMixin
from .script import SCRIPT, install

_COMPILE = ("optimizer", "loss", "metrics", "run_eagerly", "loss_weights")


class BaseWrapper(Quiet):
    """Base of the estimators, around a function that makes a model.

    Args:
        model: The function, or a model to clone (scikeras's name).
        build_fn: The function (Keras 2's name).
        sk_params: Arguments of the function, of `Model.fit` and `Model.predict`, and of `Model.compile` if the function
            does not compile. The prefixes `model__`, `fit__`, `predict__` and `compile__` choose one of these,
            `optimizer__` is for settings of the optimizer. After `warm_start`, the next `fit` continues.

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
                 "compile": _COMPILE, "optimizer": ()}  # fmt: skip
        sorted_: dict[str, dict[str, Any]] = {route: {} for route in names}
        for name, value in self.sk_params.items():
            route, _, rest = name.partition("__")
            is_routed = bool(rest) and route in names
            routes = [route] if is_routed else [each for each in names if name in names[each]]
            if not routes and not takes.varkw and name not in ("random_state", "warm_start"):
                raise ValueError(f"{name} is not a legal parameter: neither the model's function nor `fit` takes it.")
            for each in routes or (["model"] if takes.varkw else []):
                sorted_[each][rest if is_routed else name] = value
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
        if name in vars(self).get("sk_params", {}):
            return self.sk_params[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _goes_on(self) -> bool:
        return bool(self.sk_params.get("warm_start")) and "model_" in vars(self)

    def _fit(self, X: Any, target: Array, kwargs: dict[str, Any], **meta: Any) -> Any:
        self.n_features_in_: int = X.shape[-1]
        meta |= {"n_features_in_": X.shape[-1], "X_shape_": X.shape, "n_outputs_": int(np.prod(target.shape[1:]))}
        settings = self._sort()
        compiling = deepcopy(settings["compile"])  # an optimizer is of one model
        if settings["optimizer"] or isinstance(compiling.get("optimizer"), type):
            optimizer = compiling.get("optimizer", "rmsprop")
            optimizer = optimizer() if isinstance(optimizer, type) else optimizers.get(optimizer)
            compiling["optimizer"] = optimizer.from_config(optimizer.get_config() | settings["optimizer"])
        if (seed := self.sk_params.get("random_state")) is not None:
            set_random_seed(int(seed))
        function, extra = self._function(), {"meta": meta, "compile_kwargs": compiling}
        extra = {name: extra[name] for name in extra.keys() & parameters(function).names}
        model = self.model_ if self._goes_on() else function(**settings["model"], **extra)
        if not model.compiled:
            model.compile(**compiling)
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Make a model and fit it to samples and their labels, which may be one-hot, or several of a sample."""
        X, y = np.asarray(X), np.asarray(y)
        wide = y.ndim == 2 and y.shape[1] > 1
        one_hot = wide and np.allclose(y.sum(axis=1, dtype=float), 1, atol=1e-3)
        self._flat, self._several = y.ndim == 1, self.build_fn is None and wide and not one_hot
        weights = kwargs.get("class_weight", self._sort()["fit"].get("class_weight"))
        if weights is not None and self.build_fn is None:  # by label in scikeras, by place in Keras 2
            labelled = import_module("sklearn.utils").compute_sample_weight(weights, y.argmax(1) if one_hot else y)
            sample_weight = labelled if sample_weight is None else labelled * sample_weight
            kwargs["class_weight"] = None
        if wide:
            self.classes_: Array = np.arange(y.shape[1])
        else:
            known: Array = self.classes_ if self._goes_on() else np.unique(y)
            if not np.isin(y, known).all():
                raise ValueError(f"`y` has NaN, or other labels than the first `fit` had: {known}.")
            self.classes_, y = known, np.searchsorted(known, y)
        self.n_classes_: int = len(self.classes_)
        kind = "multilabel-indicator" if self._several else "binary" if self.n_classes_ == 2 else "multiclass"
        kwargs["sample_weight"] = sample_weight
        return self._fit(X, y, kwargs, n_classes_=self.n_classes_, classes_=self.classes_, target_type_=kind)

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the label of each sample."""
        outputs = self._outputs(X, kwargs)
        single = outputs.shape[-1] == 1
        each = single or getattr(self, "_several", False)  # which pickles of 0.1.0 lack
        labels: Array = self.classes_[(outputs > 0.5).astype(int) if each else outputs.argmax(axis=-1)]
        return labels[:, 0] if single and self._flat and self.build_fn is None else labels

    def predict_proba(self, X: Any, **kwargs: Any) -> Array:
        """Return the probabilities of the classes, (samples, classes)."""
        outputs = self._outputs(X, kwargs)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of samples whose label is, or labels all are, predicted."""
        predicted, y = self.predict(X), np.asarray(y)
        labels = y.argmax(axis=1) if y.size > predicted.size else y  # one-hot
        hits = (predicted.reshape(labels.shape) == labels).reshape(len(labels), -1).all(axis=1)
        return float(np.average(hits, weights=sample_weight))


class KerasRegressor(RegressorMixin, BaseWrapper):
    """Regressor whose model a function makes; see `BaseWrapper`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Make a model and fit it to samples and their targets."""
        return self._fit(np.asarray(X), np.asarray(y), {**kwargs, "sample_weight": sample_weight})

    def predict(self, X: Any, **kwargs: Any) -> Array:
        """Return the prediction for each sample; a last axis of size 1 is dropped."""
        outputs = self._outputs(X, kwargs)
        return outputs[:, 0] if outputs.shape[1:] == (1,) else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R squared, or the negative loss with `build_fn`; higher is better."""
        if self.build_fn is None:
            return super().score(X, y, sample_weight)
        return -float(np.ravel(self.model_.evaluate(np.asarray(X), np.asarray(y), None, 0, sample_weight))[0])


if SCRIPT in os.environ:  # a worker process, as of a search with n_jobs, gets the estimator but does not run the script
    install()

__all__ = ["KerasClassifier", "KerasRegressor"]
