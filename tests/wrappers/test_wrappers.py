"""Models as estimators, by scikit-learn's own checks."""

import builtins
import importlib
import sys
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras._base.typing import Array

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification, make_regression  # noqa: E402
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from minikeras.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer  # noqa: E402


def net(X: Array, y: Array, loss: Any, activation: Any = "softmax", layers: tuple[int, ...] = (10,)) -> keras.Model:
    x = inputs = keras.layers.Input(shape=(X.shape[1],))
    for units in layers:
        x = keras.layers.Dense(units, activation="relu")(x)
    outputs = keras.layers.Dense(y.shape[1] if y.ndim > 1 else 1, activation=activation)(x)
    model = keras.Model(inputs, outputs)
    model.compile(loss=loss, optimizer="rmsprop")
    return model


QUIET = {"epochs": 5, "verbose": 0}
MSE = {"loss": "mse", "activation": "linear"}
ESTIMATORS: dict[str, Any] = {
    "SKLearnClassifier": lambda: SKLearnClassifier(
        net, model_kwargs={"loss": "categorical_crossentropy", "layers": (20, 20, 20)}, fit_kwargs=QUIET
    ),
    "SKLearnRegressor": lambda: SKLearnRegressor(net, model_kwargs={"loss": "mse"}, fit_kwargs={"verbose": 0}),
    "SKLearnTransformer": lambda: SKLearnTransformer(net, model_kwargs={"loss": "mse"}, fit_kwargs={"verbose": 0}),
}
FAILED_BY_KERAS = {
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_fit_idempotent",
    "check_supervised_y_2d",
}
"""What Keras 3.15.1's SKLearnClassifier fails of scikit-learn 1.9.1's checks; most want two fits to be the same."""


@pytest.mark.filterwarnings("ignore:You are using a softmax")  # as Keras's own tests do, on one output
@pytest.mark.parametrize("name", ESTIMATORS)
def test_scikit_learn_s_checks(name: str) -> None:
    keras.utils.set_random_seed(1)
    results = check_estimator(ESTIMATORS[name](), on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert set(failed) <= (FAILED_BY_KERAS if name == "SKLearnClassifier" else set()), failed
    assert sum(r["status"] == "passed" for r in results) >= 35


def test_the_outputs_of_a_classifier_lead_to_its_predictions() -> None:
    keras.utils.set_random_seed(3)
    X, y = make_classification(60, 10, n_informative=4, n_classes=3, random_state=4)
    labels = np.array(["a", "b", "c"])[y]
    estimator = SKLearnClassifier(net, model_kwargs={"loss": "categorical_crossentropy"}, fit_kwargs=QUIET)
    estimator.fit(X, labels, epochs=100)
    assert estimator.epoch_ == 100
    assert estimator.classes_.tolist() == ["a", "b", "c"]
    outputs = estimator.decision_function(X)
    assert outputs.shape == (60, 3)
    assert (estimator.predict(X) == estimator.classes_[outputs.argmax(axis=1)]).all()
    assert estimator.score(X, labels) > 0.6


def test_targets_are_of_one_axis() -> None:
    X, y = make_regression(8, 2)
    regressor = SKLearnRegressor(net, model_kwargs=MSE, fit_kwargs=QUIET)
    assert regressor.epoch_ == 0
    assert regressor.fit(X, y).predict(X).shape == (8,)
    with pytest.warns(UserWarning, match="column-vector"):
        assert regressor.fit(X, y[:, None]).predict(X).shape == (8,)
    classifier = SKLearnClassifier(net, model_kwargs={"loss": "categorical_crossentropy"}, fit_kwargs=QUIET)
    with pytest.warns(UserWarning, match="column-vector"):
        assert classifier.fit(X, (y > 0)[:, None]).predict(X).shape == (8,)
    for estimator in (regressor, SKLearnTransformer(net, model_kwargs=MSE, fit_kwargs=QUIET)):
        with pytest.raises(ValueError, match="1d array"):
            estimator.fit(X, X)


def test_a_model_is_cloned_unless_it_starts_warm() -> None:
    keras.utils.set_random_seed(3)
    X, y = make_regression(40, 3, random_state=1)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.predict(X[:1], verbose=0)
    before = model.get_weights()
    cold = SKLearnRegressor(model, fit_kwargs={"verbose": 0}).fit(X, y)
    assert cold.model_ is not model
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    warm = SKLearnRegressor(model, warm_start=True, fit_kwargs={"verbose": 0}).fit(X, y)
    assert warm.model_ is model
    assert not np.array_equal(before[0], model.get_weights()[0])
    made = SKLearnRegressor(net, warm_start=True, model_kwargs=MSE, fit_kwargs={"verbose": 0}).fit(X, y)
    first = made.model_
    assert made.fit(X, y).model_ is first


def test_a_warm_start_keeps_the_labels_of_the_columns() -> None:
    X, y = make_classification(60, 4, n_informative=3, n_redundant=0, n_classes=3, random_state=1)
    names = np.array(["ant", "bee", "cat"])[y]
    options: Any = {"model_kwargs": {"loss": "categorical_crossentropy"}, "fit_kwargs": QUIET}
    warm = SKLearnClassifier(net, warm_start=True, **options).fit(X, names)
    part = names != "bee"
    assert warm.fit(X[part], names[part]).classes_.tolist() == ["ant", "bee", "cat"]
    with pytest.raises(ValueError, match=r"`y` has other labels than those of the first `fit`: \['ant' 'bee' 'cat'\]"):
        warm.fit(X, np.where(part, names, "dog"))


def test_it_works_within_scikit_learn() -> None:
    keras.utils.set_random_seed(3)
    X, y = make_regression(60, 3, n_targets=1, random_state=1)
    estimator = SKLearnRegressor(net, model_kwargs=MSE, fit_kwargs={"verbose": 0, "epochs": 3})
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    scores = cross_val_score(make_pipeline(StandardScaler(), estimator), X, y, cv=KFold(3))
    assert scores.shape == (3,)
    search = GridSearchCV(estimator, {"fit_kwargs": [{"verbose": 0, "epochs": n} for n in (1, 2)]}, cv=2)
    assert search.fit(X, y).best_estimator_.epoch_ in (1, 2)


def test_a_search_scores_by_probabilities_and_prints_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(3)
    for classes, scoring in ((2, "roc_auc"), (3, "roc_auc_ovr"), (3, "neg_log_loss")):
        X, y = make_classification(60, 6, n_informative=4, n_classes=classes, random_state=4)
        estimator = SKLearnClassifier(net, model_kwargs={"loss": "categorical_crossentropy"})
        grid = {"fit_kwargs": [{"epochs": n} for n in (1, 30)]}
        search = GridSearchCV(estimator, grid, cv=2, scoring=scoring).fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        shares, margins = search.predict_proba(X), search.decision_function(X)
        assert shares.shape == (60, classes)
        np.testing.assert_allclose(margins, shares if classes > 2 else shares[:, 1] - shares[:, 0])
    assert capsys.readouterr().out == ""
    estimator.fit(X, y)
    assert "loss:" in capsys.readouterr().out


def test_the_model_must_be_compiled_and_the_target_known() -> None:
    X, y = make_regression(20, 3, random_state=1)
    with pytest.raises(RuntimeError, match="compiled"):
        SKLearnRegressor(lambda X, y: keras.Sequential([keras.layers.Dense(1)])).fit(X, y)
    with pytest.raises(ValueError, match="Only binary and multiclass"):
        SKLearnClassifier(net).fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        SKLearnClassifier(net).fit(X, np.zeros(20))
    with pytest.raises(RuntimeError, match="metadata routing"):
        SKLearnRegressor(net).set_fit_request(sample_weight=True)


def test_without_scikit_learn_making_one_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    with monkeypatch.context() as m:
        m.setattr(builtins, "__import__", absent)
        m.delitem(sys.modules, "minikeras.wrappers.estimators")
        alone = importlib.import_module("minikeras.wrappers.estimators")
        with pytest.raises(ImportError, match=r"In a clone of minikeras.*\.\[sklearn\]"):
            alone.SKLearnRegressor(net)
