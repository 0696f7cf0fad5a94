"""Estimators as scripts before Keras 3 have them."""

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import minikeras as keras

pytest.importorskip("sklearn")
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from minikeras.compat.past import scikit_learn
from minikeras.compat.sklearn import KerasClassifier, KerasRegressor

rng = np.random.default_rng(4)
CENTRES = np.array([[0.0, 0, 0], [3, 3, 0], [0, 3, 3]])
NUMBERS = np.arange(60) % 3
X = CENTRES[NUMBERS] + 0.3 * rng.normal(size=(60, 3))
NAMES = np.array(["a", "b", "c"])[NUMBERS]


def three(optimizer: Any = "adam", units: int = 8) -> keras.Sequential:
    layers = keras.layers
    model = keras.Sequential([keras.Input((3,)), layers.Dense(units, "relu"), layers.Dense(3, "softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


def line() -> keras.Sequential:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.05))
    return model


def test_keras_2() -> None:
    keras.utils.set_random_seed(1)
    estimator = KerasClassifier(build_fn=three, epochs=100, batch_size=5, verbose=0)
    assert is_classifier(estimator)
    columns = keras.utils.to_categorical(NUMBERS)
    assert cross_val_score(estimator, X, columns, cv=KFold(2, shuffle=True, random_state=1)).mean() > 0.9
    assert cross_val_score(estimator, X, NAMES, cv=StratifiedKFold(2)).mean() > 0.9
    history = estimator.fit(X, NAMES)
    assert len(history.history["loss"]) == 100
    assert estimator.predict(X[:3]).tolist() == ["a", "b", "c"]
    assert estimator.predict_proba(X[:3]).shape == (3, 3)
    grid = {"epochs": [0, 60], "optimizer": ["adam", "rmsprop"]}
    search = GridSearchCV(KerasClassifier(build_fn=three, verbose=0), param_grid=grid, cv=2).fit(X, NAMES)
    assert search.best_params_["epochs"] == 60


def test_a_regressor_s_score_is_the_negative_loss_or_r_squared() -> None:
    keras.utils.set_random_seed(1)
    y = X @ [1.0, -1.0, 2.0] + 1
    steps = [("scale", StandardScaler()), ("mlp", KerasRegressor(build_fn=line, epochs=30, batch_size=5, verbose=0))]
    pipeline = Pipeline(steps).fit(X, y)
    assert is_regressor(steps[1][1])
    assert pipeline.predict(X).shape == (60,)
    assert pipeline.score(X, y) == pytest.approx(-np.mean((pipeline.predict(X) - y) ** 2), rel=1e-3)
    new = KerasRegressor(model=line, epochs=30, batch_size=5, verbose=0).fit(X, y)
    assert 0.9 < new.score(X, y) <= 1


def test_a_regressor_may_have_several_outputs() -> None:
    def plane() -> keras.Sequential:
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

    regressor = KerasRegressor(plane, loss="mse", optimizer="sgd", epochs=1, verbose=0).fit(X, X[:, :2])
    assert regressor.predict(X).shape == (60, 2)


def test_folds_print_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(1)
    for named in ({"build_fn": line}, {"model": line}):
        cross_val_score(KerasRegressor(**named), X, X[:, 0], cv=2)
        assert capsys.readouterr().out == ""
        KerasRegressor(**named).fit(X, X[:, 0])
        assert "loss:" in capsys.readouterr().out


def test_scikeras() -> None:
    def open_ended(meta: dict[str, Any], compile_kwargs: dict[str, Any], units: int) -> keras.Sequential:
        assert compile_kwargs == {"loss": "binary_crossentropy", "optimizer": "adam"}
        inputs = keras.Input((meta["n_features_in_"],))
        return keras.Sequential([inputs, keras.layers.Dense(units, "relu"), keras.layers.Dense(1, "sigmoid")])

    settings: dict[str, Any] = {"loss": "binary_crossentropy", "optimizer": "adam", "model__units": 4}
    estimator = KerasClassifier(model=open_ended, epochs=2, verbose=0, random_state=3, **settings)
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.fit(X, NUMBERS == 1) is estimator
    assert list(estimator.history_) == ["loss"]
    assert estimator.epochs == 2
    assert estimator.predict(X[:4]).shape == (4,)
    np.testing.assert_allclose(estimator.predict_proba(X[:4]).sum(axis=1), 1)
    again = clone(estimator).fit(X, NUMBERS == 1)
    np.testing.assert_array_equal(again.model_.get_weights()[0], estimator.model_.get_weights()[0])
    assert estimator.set_params(model__units=2).get_params()["model__units"] == 2


def test_settings_of_the_optimizer() -> None:
    def compiled(compile_kwargs: dict[str, Any]) -> keras.Sequential:
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(**compile_kwargs)
        return model

    def settings(make: Any = compiled, **optimizer: Any) -> Any:
        estimator = KerasRegressor(model=make, loss="mse", epochs=1, verbose=0, **optimizer).fit(X, X[:, 0])
        return estimator.model_.optimizer.get_config()

    assert settings(optimizer="adam", optimizer__learning_rate=0.5)["learning_rate"] == 0.5
    assert settings(lambda: keras.Sequential([keras.layers.Dense(1)]), optimizer__rho=0.5)["rho"] == 0.5
    sgd = settings(optimizer=keras.optimizers.SGD, optimizer__momentum=0.5)
    assert (sgd["name"], sgd["momentum"]) == ("sgd", 0.5)
    nested = settings(optimizer=keras.optimizers.SGD(0.25), optimizer__nesterov=True)
    assert (nested["learning_rate"], nested["nesterov"]) == (0.25, True)
    assert settings(optimizer=keras.optimizers.SGD)["momentum"] == 0


def test_a_warm_start_goes_on_with_the_model() -> None:
    cold, warm = (KerasRegressor(model=line, warm_start=warm, epochs=1, verbose=0) for warm in (False, True))
    for estimator, goes_on in ((cold, False), (warm, True)):
        first = estimator.fit(X, X[:, 0]).model_
        assert (estimator.fit(X, X[:, 0]).model_ is first) is goes_on


def test_a_warm_start_keeps_the_labels() -> None:
    keras.utils.set_random_seed(1)
    estimator = KerasClassifier(model=three, warm_start=True, epochs=100, batch_size=5, verbose=0).fit(X, NAMES)
    later = NAMES != "a"
    assert estimator.set_params(epochs=1).fit(X[later], NAMES[later]).classes_.tolist() == ["a", "b", "c"]
    assert estimator.score(X, NAMES) > 0.9
    with pytest.raises(ValueError, match="other labels than the first"):
        estimator.fit(X, np.where(later, NAMES, "d"))


def test_labels_that_are_nan_are_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        KerasClassifier(model=three, verbose=0).fit(X, np.where(NAMES == "a", np.nan, 1.0))


def test_an_optimizer_is_copied_for_each_fit() -> None:
    def compiled(compile_kwargs: dict[str, Any]) -> keras.Sequential:
        model = line()
        model.compile(loss="mse", **compile_kwargs)
        return model

    optimizer = keras.optimizers.SGD(0.25)
    estimator = KerasRegressor(model=compiled, optimizer=optimizer, epochs=1, verbose=0)
    for fitted in (estimator.fit(X, X[:, 0]), estimator.fit(X, X[:, 0]), clone(estimator).fit(X, X[:, 0])):
        assert float(fitted.model_.optimizer.learning_rate) == 0.25
    assert not optimizer.built


@pytest.mark.parametrize(
    ("y", "kind"),
    [(NUMBERS, "multiclass"), (NUMBERS == 1, "binary"), (np.eye(3)[NUMBERS].astype(object), "multiclass")],
)
def test_the_function_is_told_the_kind_of_target(y: Any, kind: str) -> None:
    def make(meta: dict[str, Any]) -> keras.Sequential:
        kinds.append(meta["target_type_"])
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(meta["n_classes_"], "softmax")])

    kinds: list[str] = []
    loss = "categorical_crossentropy" if y.ndim == 2 else "sparse_categorical_crossentropy"
    KerasClassifier(make, epochs=1, verbose=0, loss=loss).fit(X, y)
    assert kinds == [kind]


def test_several_labels_of_a_sample() -> None:
    keras.utils.set_random_seed(1)

    def several(meta: dict[str, Any]) -> keras.Sequential:
        assert (meta["target_type_"], meta["n_outputs_"]) == ("multilabel-indicator", 2)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "sigmoid")])
        model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy")
        return model

    labels = np.stack([X[:, 0] > 1.5, X[:, 1] > 1.5], axis=1).astype(int)  # none, the second, or both
    estimator = KerasClassifier(model=several, epochs=40, verbose=0).fit(X, labels)
    np.testing.assert_array_equal(estimator.predict(X), labels)
    assert estimator.score(X, labels) == 1
    assert estimator.score(X[:2], 1 - labels[:2]) == 0


def test_probabilities_as_targets_are_one_label_of_a_sample() -> None:
    soft = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], "float32")[NUMBERS]
    soft[0] = [0.7999, 0.1, 0.1]
    estimator = KerasClassifier(model=three, epochs=1, verbose=0).fit(X, soft)
    assert estimator.predict(X).shape == (60,)
    assert estimator.score(X, soft) == estimator.score(X, NUMBERS)


def test_weights_of_labels_and_samples() -> None:
    def weighed(labels: Any, *args: Any, **options: Any) -> Any:
        keras.utils.set_random_seed(1)
        estimator = KerasClassifier(model=three, epochs=1, shuffle=False, verbose=0, **options)
        return estimator.fit(X[:50], labels[:50], *args).model_.get_weights()[0]

    expected = weighed(NUMBERS, np.where(NUMBERS == 1, 5.0, 1.0)[:50])
    assert not np.allclose(expected, weighed(NUMBERS))
    np.testing.assert_allclose(weighed(NAMES, class_weight={"a": 1, "b": 5, "c": 1}), expected, rtol=1e-5)
    np.testing.assert_allclose(weighed(NUMBERS + 1, class_weight={1: 1, 2: 5, 3: 1}), expected, rtol=1e-5)
    balanced = (50 / 3 / np.bincount(NUMBERS[:50]))[NUMBERS[:50]]
    expected = weighed(NUMBERS, balanced)
    np.testing.assert_allclose(weighed(NAMES, class_weight="balanced"), expected, rtol=1e-5)
    np.testing.assert_allclose(weighed(np.eye(3)[NUMBERS], class_weight="balanced"), expected, rtol=1e-5)
    both = weighed(NUMBERS, balanced, class_weight={0: 1, 1: 5, 2: 1})
    expected = weighed(NUMBERS, balanced * np.where(NUMBERS == 1, 5.0, 1.0)[:50])
    np.testing.assert_allclose(both, expected, rtol=1e-5)


def test_settings_that_nobody_takes_are_refused() -> None:
    with pytest.raises(ValueError, match="hidden is not a legal parameter"):
        KerasClassifier(build_fn=three, hidden=3)
    with pytest.raises(ValueError, match="needs a function"):
        KerasRegressor()
    with pytest.raises(RuntimeError, match="not fitted"):
        KerasRegressor(build_fn=line).predict(X)
    assert KerasRegressor(model=line()).fit(X, X[:, 0], verbose=0).model_.compiled


def test_scikit_learn_wrappers_take_arguments_of_keras_1() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        older = scikit_learn.KerasRegressor(build_fn=line, nb_epoch=3, verbose=0)
        assert clone(older).set_params(nb_epoch=2).fit(X, X[:, 0]).epoch == [0, 1]
    assert any("(nb_epoch=...)" in str(w.message) and "today: epochs=" in str(w.message) for w in told)
    assert older.fit(X, X[:, 0]).epoch == [0, 1, 2]


def test_the_estimators_can_be_imported_from_keras_and_scikeras() -> None:
    code = (
        "from minikeras.compat import install; install(); "
        "from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor; "
        "import scikeras.wrappers; print(issubclass(KerasClassifier, scikeras.wrappers.KerasClassifier))"
    )
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"
