"""The wrappers of models for scikit-learn. Without it the classes exist, but making an object is an ImportError."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from .._base.typing import Array, Config
from .._serialization.configurable import name_arguments
from ..callbacks import History
from ..models import Model, clone_model

if TYPE_CHECKING:

    class BaseEstimator:
        """The methods of scikit-learn's class of this name."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Return the settings."""
            raise NotImplementedError

        def set_params(self, **params: Any) -> Any:
            """Change settings."""

        def __sklearn_tags__(self) -> Any: ...

    class ClassifierMixin(BaseEstimator):
        """The methods of scikit-learn's class of this name."""

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
            """Return the accuracy on data, of a regressor R squared."""
            raise NotImplementedError

    RegressorMixin = ClassifierMixin

    class TransformerMixin(BaseEstimator):
        """The methods of scikit-learn's class of this name."""

        def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
            """Fit, then transform the same data."""
            raise NotImplementedError

else:
    try:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    except ImportError:
        BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin = (type("Absent", (), {}) for _ in range(4))


class Quiet(BaseEstimator):
    """An estimator whose clones print nothing, since a search makes a clone for each fold."""

    _quiet: Config = {}  # noqa: RUF012 - never changed; keywords of `fit` and `predict`

    def __sklearn_clone__(self) -> Self:
        clone = type(self)(**self.get_params(deep=False))
        clone._quiet = {"verbose": 0}
        return clone


class SKLBase(Quiet):
    """A compiled model, or a function that makes one, as an estimator.

    Args:
        model: A compiled model, which is cloned before each fit; or a function that returns one, called with the
            keywords `X` and `y`, the targets as the model gets them.
        warm_start: Whether a fit continues with the weights of the last one, without cloning.
        model_kwargs: Further keywords of the function.
        fit_kwargs: Keywords of `Model.fit`; those passed to `fit` take precedence.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        name_arguments(cls)

    def __init__(self, model: Model | Callable[..., Model], warm_start: bool = False,
                 model_kwargs: Config | None = None, fit_kwargs: Config | None = None) -> None:  # fmt: skip
        if BaseEstimator.__module__ != "sklearn.base":
            raise ImportError(f"{type(self).__name__} requires scikit-learn 1.6 or later. In a clone of minikeras, "
                              'run: python -m pip install ".[sklearn]".')  # fmt: skip
        self.model: Model | Callable[..., Model] = model
        self.warm_start: bool = warm_start
        self.model_kwargs: Config | None = model_kwargs
        self.fit_kwargs: Config | None = fit_kwargs

    @property
    def epoch_(self) -> int:
        """The number of epochs of the last fit."""
        return len(self.history_.epoch) if "history_" in vars(self) else 0

    def set_fit_request(self, **kwargs: bool | str | None) -> Self:
        """Request metadata for `fit`; a RuntimeError if scikit-learn's metadata routing is not enabled."""
        if not import_module("sklearn").get_config().get("enable_metadata_routing", False):
            raise RuntimeError("This needs metadata routing: sklearn.set_config(enable_metadata_routing=True).")
        request = import_module("sklearn.utils.metadata_routing").MetadataRequest(owner=type(self).__name__)
        for param, alias in kwargs.items():
            request.fit.add_request(param=param, alias=alias)
        vars(self)["_metadata_request"] = request
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Fit a model to data.

        Args:
            X: Samples, of shape (samples, features).
            y: Targets, of shape (samples,); a column is taken for one, with scikit-learn's warning.
            kwargs: Keywords of `Model.fit`.

        Raises:
            ValueError: if the data is not numbers of these shapes, or y has labels that are new after a warm start.
            RuntimeError: if the model is not compiled.
        """
        X, y = import_module("sklearn.utils.validation").validate_data(self, X, y)
        target = self._target(y)
        model = self._model(X, target)
        if not (model.compiled and model.loss and model.optimizer):
            raise RuntimeError("The model needs to be compiled, with a loss and an optimizer, before it is wrapped.")
        self.history_: History = model.fit(X, target, **{**self._quiet, **(self.fit_kwargs or {}), **kwargs})
        self.model_: Model = model
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions in the form of the targets that the model was fitted to."""
        return self._prediction(self._outputs(X))

    def _model(self, X: Array, y: Array) -> Model:
        if self.warm_start and "model_" in vars(self):
            return self.model_
        if isinstance(self.model, Model):
            return self.model if self.warm_start else clone_model(self.model)
        return self.model(X=X, y=y, **(self.model_kwargs or {}))

    def _outputs(self, X: Any) -> Array:
        validation = import_module("sklearn.utils.validation")
        validation.check_is_fitted(self)
        return cast(Array, self.model_.predict(validation.validate_data(self, X, reset=False), **self._quiet))

    def _target_type(self, y: Array) -> str:
        return cast(str, import_module("sklearn.utils.multiclass").type_of_target(y, raise_unknown=True))

    def _target(self, y: Array) -> Array:
        """Return targets for the model, as a column."""
        self._target_type(y)
        return y.reshape(-1, 1)

    def _prediction(self, y: Array) -> Array:
        return y[:, 0] if y.shape[1:] == (1,) else y


class Tagged(BaseEstimator):
    """The tags that scikit-learn reads; this base comes before scikit-learn's own bases, whose tags it overrides."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        for scored in filter(None, (tags.classifier_tags, tags.regressor_tags)):
            scored.poor_score = True
        if tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = []
        return tags


class SKLearnClassifier(Tagged, ClassifierMixin, SKLBase):
    """A classifier for scikit-learn: the model learns one column of 0 and 1 for each class.

    Attributes:
        classes_: The labels, in order.
        model_: The fitted model.
        history_: The History that its `fit` returned.

    Raises:
        ImportError: without scikit-learn.
    """

    def decision_function(self, X: Any) -> Array:
        """Return the model's outputs, a column for each class; for two classes the second minus the first column."""
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict_proba(self, X: Any) -> Array:
        """Return the model's outputs, a column for each class: probabilities, if the last activation makes them."""
        return self._outputs(X)

    def _target(self, y: Array) -> Array:
        kind = self._target_type(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(f"Only binary and multiclass target types are supported. Target type: {kind}.")
        if not (self.warm_start and "model_" in vars(self)):  # else each column keeps its label
            self.classes_: Array = np.unique(y)
        if not np.isin(y, self.classes_).all():
            raise ValueError(f"`y` has other labels than those of the first `fit`: {self.classes_}.")
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return np.asarray(y.reshape(-1, 1) == self.classes_, "float64")

    def _prediction(self, y: Array) -> Array:
        return np.asarray(self.classes_[np.argmax(y, axis=1)])


class SKLearnRegressor(Tagged, RegressorMixin, SKLBase):
    """A regressor for scikit-learn. Errors and attributes, but for `classes_`, are those of `SKLearnClassifier`."""


class SKLearnTransformer(Tagged, TransformerMixin, SKLBase):
    """A transformer for scikit-learn, such as a model whose outputs are embeddings.

    Errors and attributes, but for `classes_`, are those of `SKLearnClassifier`.
    """

    def transform(self, X: Any) -> Array:
        """Return the model's outputs."""
        return self._outputs(X)
