"""Batches beside Keras's: order of rows, steps, weights, splits, helpers, and what is refused."""

import inspect
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.trainers.data_adapters import array_slicing, data_adapter_utils
from keras.src.trainers.epoch_iterator import EpochIterator

from minikeras import utils
from minikeras._trainers import data_adapters
from minikeras._trainers.batches import Batches

pytestmark = pytest.mark.parity


def to_lists(array: Any) -> Any:
    return None if array is None else np.asarray(array).tolist()


def run(step: Callable[[], Any]) -> tuple[list[Any], list[str]]:
    """Return the batches of an epoch as nested lists, and the classes and first words of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        batches = [list(map(to_lists, utils.unpack_x_y_sample_weight(batch))) for batch in step()]
    return batches, [f"{w.category.__name__}: {str(w.message)[:50]}" for w in caught if w.category is UserWarning]


def seed() -> None:
    np.random.seed(7)  # noqa: NPY002 - the stream that is compared
    random.seed(7)


def compare(
    make: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]], epochs: int, peek: bool, log: Any = None
) -> None:
    """Run both libraries over epochs, in the way their `fit` does, and compare all they give and draw.

    Args:
        make: Returns arguments in Keras's terms, made anew for each library.
        epochs: How many.
        peek: Whether a first batch builds the model.
        log: Where a PyDataset writes what was called.
    """
    seen = []
    for ours in (True, False):
        seed()
        arguments, options = make()
        if ours:
            options = {"steps" if key == "steps_per_epoch" else key: value for key, value in options.items()}
            batches: Any = Batches(*arguments, **options)
            count, reset, step = batches.count, batches.reset, batches.epoch
            if peek:
                batches.peek()
        else:
            iterator = EpochIterator(*arguments, **options)
            count, reset = iterator.num_batches, iterator.reset
            step = lambda: (batch for _, _, found in iterator for batch in found)  # noqa: B023, E731 - called at once
            if peek:
                next(step())
        reset()
        found = [run(step) for _ in range(epochs)]
        seen.append((count, found, np.random.random(), random.random(), log and log[:]))  # noqa: NPY002 - the same
        if log:
            log.clear()
    assert seen[0] == seen[1]


X = np.arange(11.0).reshape(11, 1)
Y = np.arange(11) % 3
W = np.arange(11) / 4


SIZES: list[tuple[int | None, int | None]] = [
    (None, None), (4, None), (11, None), (1, None), (2, 3), (4, 3), (11, 1), (3, 5), (None, 3), (None, 4), (None, 30),
    (4, 0),
]  # fmt: skip
"""Rows a batch, batches an epoch."""


@pytest.mark.parametrize("peek", [True, False])
@pytest.mark.parametrize("shuffle", [True, False, "batch"])
def test_order_of_rows(shuffle: Any, peek: bool) -> None:
    for arguments in ((X,), (X, Y), (X, Y, W)):
        for batch_size, steps in SIZES:
            options = {"batch_size": batch_size, "steps_per_epoch": steps, "shuffle": shuffle}
            compare(lambda: (arguments, options), 4, peek)  # noqa: B023 - called at once


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.filterwarnings("ignore:`class_weight` has keys")
def test_class_weights(shuffle: bool) -> None:
    for y in (Y, Y[:, None], np.eye(3)[Y], Y.astype("float32"), Y.astype("uint8"), Y == 1):
        for weights in ({0: 2.0, 2: 0.5}, {}, {1: 3}, {0: 0.0, 1: 1e-3, 7: 9.0}):
            options = {"class_weight": weights, "shuffle": shuffle, "batch_size": 4}
            compare(lambda: ((X, y), options), 2, True)  # noqa: B023 - called at once
            theirs = data_adapter_utils.class_weight_to_sample_weights(y, weights)
            np.testing.assert_array_equal(data_adapters.class_weight_to_sample_weights(y, weights), theirs, strict=True)


def dataset(base: Any, log: list[Any], length: int | None) -> Any:
    class Dataset(base):  # type: ignore[misc]
        @property
        def num_batches(self) -> int | None:
            return length

        def __getitem__(self, index: int) -> Any:
            log.append(index)
            return np.full((2, 1), float(index)), np.full(2, index)

        def on_epoch_begin(self) -> None:
            log.append("begin")

        def on_epoch_end(self) -> None:
            log.append("end")

    return Dataset()


@pytest.mark.parametrize("peek", [True, False])
@pytest.mark.parametrize("weights", [None, {1: 3.0}])
@pytest.mark.parametrize(
    ("length", "steps", "shuffle"),
    [(5, None, False), (5, None, True), (5, 2, False), (5, 2, True), (4, 2, True), (None, 3, False)],
)
def test_datasets(length: int | None, steps: int | None, shuffle: bool, weights: Any, peek: bool) -> None:
    bases = iter((utils.PyDataset, keras.utils.PyDataset))
    log: list[Any] = []
    options = {"steps_per_epoch": steps, "shuffle": shuffle, "class_weight": weights}
    compare(lambda: ((dataset(next(bases), log, length),), options), 4, peek, log)


def numbered(stop: int | None) -> Iterator[Any]:
    index = 0
    while stop is None or index < stop:
        yield np.full((2, 1), index), np.full(2, index)
        index += 1


def test_generators_with_steps() -> None:
    for peek in (True, False):
        compare(lambda: ((numbered(None),), {"steps_per_epoch": 3}), 3, peek)
        compare(lambda: ((numbered(7),), {"steps_per_epoch": 3}), 3, peek)


def test_a_generator_that_ends() -> None:
    """Keras warns after the first epoch too, and begins each later one with the two batches it had looked at."""
    ours, theirs = Batches(numbered(4)), EpochIterator(numbered(4))
    found = run(ours.epoch)
    expected = run(lambda: (batch for _, _, batches in theirs for batch in batches))
    assert found[0] == expected[0]
    again = run(ours.epoch)
    assert again == ([], expected[1])


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("total", [2, 3, 5, 10, 11, 100])
def test_splits(fraction: float, total: int) -> None:
    arrays = np.arange(total), {"a": np.arange(total * 2).reshape(total, 2)}, None
    results = []
    for split in (data_adapters.train_validation_split, array_slicing.train_validation_split):
        try:
            first, last = split(arrays, fraction)
            results.append([first[0].tolist(), first[1]["a"].tolist(), last[0].tolist(), last[1]["a"].tolist()])
        except ValueError:
            results.append([])
    assert results[0] == results[1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"])
def test_dtypes(dtype: str) -> None:
    array = np.ones((3, 2), dtype)
    ours = next(iter(Batches(array, array).epoch()))
    theirs = next(iter(EpochIterator(array, array)))[2][0]
    assert [part.dtype for part in ours] == [part.dtype for part in theirs]


def test_structures() -> None:
    inputs = {"a": X, "b": [X, Y]}
    for y, weight in (((Y, X), W), ([Y, Y], [W, W]), ({"a": Y, "b": Y}, W), ({"a": Y, "b": None}, {"a": W, "b": None})):
        ours = next(iter(Batches(inputs, y, weight).epoch()))
        theirs = next(iter(EpochIterator(inputs, y, weight)))[2][0]
        assert keras.tree.map_structure(np.shape, ours) == keras.tree.map_structure(np.shape, theirs)
        for a, b in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
            np.testing.assert_array_equal(a, b)


WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "lengths": ((X, Y[:3]), {}),
    "nothing of y": ((X, Y, W[:2]), {}),
    "names": ((X, np.array(list("abcdefghijk"))), {}),
    "both weights": ((X, Y, W), {"class_weight": {0: 1.0}}),
    "classes of two outputs": ((X, [Y, Y]), {"class_weight": {0: 1.0}}),
    "weights of other outputs": ((X, {"a": Y, "b": Y}, {"a": W, "c": W}), {}),
    "a table of weights": ((X, [Y, Y], np.ones((11, 2))), {}),
    "empty generator": ((numbered(0),), {}),
    "text": (("abc",), {}),
    "number": ((3,), {}),
    "y beside a generator": ((numbered(2), Y), {}),
    "weights beside a generator": ((numbered(2), None, W), {}),
    "classes beside a generator": ((numbered(2),), {"class_weight": {0: 1.0}}),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case: str) -> None:
    arguments, options = WRONG[case]
    for make in (lambda: Batches(*arguments, **options).epoch(), lambda: EpochIterator(*arguments, **options)):
        with pytest.raises(ValueError, match=r"\w"):
            list(make())


def test_what_is_refused_beside_a_dataset() -> None:
    for module, make in ((utils, Batches), (keras.utils, EpochIterator)):
        with pytest.raises(ValueError, match="PyDataset"):
            make(dataset(module.PyDataset, [], 2), Y)
        with pytest.raises(NotImplementedError, match="num_batches"):
            make(type("Unfinished", (module.PyDataset,), {})())


def test_packing() -> None:
    packed: list[Any] = [(1,), [1, 2], (1, 2, 3), 5, None, {"a": 1}]
    for batch in packed:
        assert utils.unpack_x_y_sample_weight(batch) == keras.utils.unpack_x_y_sample_weight(batch)
    unpacked: list[Any] = [(1,), ([1],), ((1, 2),), (1, 2), (1, 2, 3), (1, None, 3)]
    for parts in unpacked:
        assert utils.pack_x_y_sample_weight(*parts) == keras.utils.pack_x_y_sample_weight(*parts)
    for module in (utils, keras.utils):
        for wrong in ((), (1, 2, 3, 4)):
            with pytest.raises(ValueError, match="x, y, sample_weight"):
                module.unpack_x_y_sample_weight(wrong)


@pytest.mark.parametrize(
    "arguments",
    [([0, 1, 2],), ([-1, 0, -3], 3), ([-1, 1],),
     ([0, 1], 4), ([[0], [1]],), ([[0, 1], [1, 0]],), (3,), ([], 3), ([1.7],), (["1"],), ([0], 0),
     ([True, False],), ([[[0.0]], [[0.0]]],)],
)  # fmt: skip
def test_to_categorical(arguments: Any) -> None:
    theirs = keras.utils.to_categorical(*arguments)
    np.testing.assert_array_equal(utils.to_categorical(*arguments), theirs, strict=True)


def test_to_categorical_refuses() -> None:
    for module in (utils, keras.utils):
        for labels, error in (([], ValueError), (["a"], ValueError), ([0, None], TypeError), ([1j], TypeError)):
            with pytest.raises(error):
                module.to_categorical(labels)
        with pytest.raises(IndexError):
            module.to_categorical([5], 3)


@pytest.mark.parametrize(
    "options", [{}, {"axis": 1}, {"axis": -2}, {"axis": None}, {"order": 1}, {"order": np.inf}, {"order": 3}]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_normalize(options: dict[str, Any], dtype: str) -> None:
    x = np.random.default_rng(0).integers(-3, 4, size=(4, 3)).astype(dtype)
    x[0], x[:, 1] = 0, 0
    np.testing.assert_allclose(utils.normalize(x, **options), keras.utils.normalize(x, **options), rtol=1e-6)
    assert utils.normalize(x, **options).dtype == keras.utils.normalize(x, **options).dtype


def test_normalize_of_one_axis() -> None:
    x = np.array([3.0, 4.0])
    np.testing.assert_array_equal(utils.normalize(x), keras.utils.normalize(x), strict=True)
    np.testing.assert_allclose(np.asarray(utils.normalize([3.0, 4.0])), np.asarray(keras.utils.normalize([3.0, 4.0])))


@pytest.mark.parametrize(
    "name",
    ["PyDataset", "Sequence", "normalize", "pack_x_y_sample_weight", "to_categorical", "unpack_x_y_sample_weight"],
)
def test_signatures(name: str) -> None:
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(getattr(module, name)).parameters.values()]
        for module in (utils, keras.utils)
    )
    assert ours == theirs


def test_a_dataset_has_keras_members() -> None:
    theirs = {name for name in dir(keras.utils.PyDataset) if not name.startswith("_")}
    assert theirs <= set(dir(utils.PyDataset))
