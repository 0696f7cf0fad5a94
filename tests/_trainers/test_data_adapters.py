"""Data to batches: order, steps, every kind of input, weights, splits, and what is refused."""

import re
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minikeras as keras
from minikeras import Tensor, utils
from minikeras._base.typing import Array
from minikeras._trainers.batches import Batches
from minikeras._trainers.data_adapters import as_data, class_weight_to_sample_weights, train_validation_split

X, Y = np.arange(5.0)[:, None], np.arange(5)


def rows(batches: Batches) -> list[list[float]]:
    """Return the first column of x in each batch of an epoch."""
    return [batch[0].reshape(len(batch[0]), -1)[:, 0].tolist() for batch in batches.epoch()]


def equal(found: Any, expected: Any) -> bool:
    """Compare nested tuples, lists and dicts of arrays, with their kinds and dtypes."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(equal(found[key], expected[key]) for key in expected)
    if isinstance(expected, list | tuple):
        return type(found) is type(expected) and all(map(equal, found, expected)) and len(found) == len(expected)
    if expected is None:
        return found is None
    return found.dtype == expected.dtype and np.array_equal(found, expected)


class Frame:
    """What `as_input` sees of a pandas DataFrame or Series."""

    iloc = None

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def to_numpy(self) -> Array:
        return self.values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.values


class Arrow:
    """A column of a library that knows `to_numpy` alone."""

    def to_numpy(self) -> Array:
        return np.arange(3)


class Bits(Arrow):
    """A column of pyarrow's whose `to_numpy` refuses to copy: of truth values, texts, or with nulls."""

    def to_numpy(self) -> Array:
        raise ValueError("Zero copy conversions not possible with boolean types")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array([True, False])


class Labelled(Frame):
    """What `predict` sees of an xarray.DataArray that holds a NumPy array: Dask's methods, which return nothing."""

    chunks = None

    def __dask_graph__(self) -> None:
        return None


class Dataset(utils.PyDataset):
    """Batches of two rows, all equal to the batch's index, and a log of what was called."""

    def __init__(self, length: int | None = 3, **options: Any) -> None:
        super().__init__(**options)
        self.length = length
        self.log: list[Any] = []

    @property
    def num_batches(self) -> int | None:
        return self.length

    def __getitem__(self, index: int) -> Any:
        self.log.append(index)
        return np.full((2, 1), float(index)), np.full(2, index)

    def on_epoch_begin(self) -> None:
        self.log.append("begin")

    def on_epoch_end(self) -> None:
        self.log.append("end")


def numbered(stop: int | None) -> Iterator[Any]:
    """Yield batches of two rows, numbered from 0."""
    index = 0
    while stop is None or index < stop:
        yield np.full((2, 1), float(index)), np.zeros(2)
        index += 1


# --- arrays ---------------------------------------------------------------------------------------------------


def test_rows_come_in_order_and_the_last_batch_is_what_is_left() -> None:
    batches = Batches(X, Y, batch_size=2)
    assert (batches.size, batches.count, batches.rows) == (2, 3, 5)
    for _ in range(2):
        found = list(batches.epoch())
        assert [len(batch) for batch in found] == [2, 2, 2]
        assert [batch[0].tolist() for batch in found] == [[[0.0], [1.0]], [[2.0], [3.0]], [[4.0]]]
        assert [batch[1].tolist() for batch in found] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("shuffle", [False, True])
def test_arrays_without_columns_have_batches(shuffle: bool) -> None:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    x = np.ones((5, 0))
    assert model.fit(x, np.ones(5), batch_size=2, shuffle=shuffle, verbose=0).history["loss"] == [1.0]
    assert model.predict(x, batch_size=2, verbose=0).shape == (5, 1)


def test_unshuffled_batches_are_views_and_no_data_is_copied() -> None:
    x = np.zeros((50, 2), "float32")
    batches = Batches(x, Y.repeat(10))
    assert batches.arrays is not None
    assert batches.arrays[0] is x
    assert batches.size == 32
    assert all(np.shares_memory(batch[0], x) for batch in batches.epoch())


def test_shuffling_draws_an_order_from_numpys_global_stream_each_epoch() -> None:
    np.random.seed(3)  # noqa: NPY002 - the stream Keras shuffles with
    orders = [np.random.permutation(5).tolist() for _ in range(3)]  # noqa: NPY002 - the same
    np.random.seed(3)  # noqa: NPY002 - the same
    batches = Batches(X, Y, batch_size=2, shuffle=True)
    for order in orders:
        assert rows(batches) == [order[:2], order[2:4], order[4:]]


def test_shuffled_batches_of_many_numbers_have_the_same_rows() -> None:
    ids = np.arange(23.0, dtype="float32")
    x = np.tile(ids[:, None, None], (1, 300, 300))  # 360 kB a row
    found = list(Batches(x, ids, batch_size=9, shuffle=True).epoch())
    assert all(np.array_equal(a, np.broadcast_to(b[:, None, None], a.shape)) for a, b in found)
    assert sorted(np.concatenate([b for _, b in found])) == ids.tolist()


def test_a_peek_draws_a_shuffle_of_its_own() -> None:
    np.random.seed(3)  # noqa: NPY002 - the stream Keras shuffles with
    orders = [np.random.permutation(5).tolist() for _ in range(2)]  # noqa: NPY002 - the same
    np.random.seed(3)  # noqa: NPY002 - the same
    batches = Batches(X, Y, batch_size=2, shuffle=True)
    assert batches.peek()[0].ravel().tolist() == orders[0][:2]
    batches.reset()
    assert rows(batches) == [orders[1][:2], orders[1][2:4], orders[1][4:]]


def test_shuffling_in_batches_keeps_rows_in_their_batch() -> None:
    found = rows(Batches(np.arange(9), batch_size=4, shuffle="batch"))
    assert [sorted(batch) for batch in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    assert any(batch != sorted(batch) for _ in range(20) for batch in rows(Batches(np.arange(9), shuffle="batch")))


@given(
    st.integers(1, 40), st.integers(1, 12), st.sampled_from([True, False, "batch"]), st.sampled_from(["C", "F", ">f8"])
)
def test_each_row_comes_once_an_epoch_with_its_own_target_and_weight(
    total: int, size: int, shuffle: Any, layout: str
) -> None:
    ids = np.arange(total)
    x = np.stack([ids, -ids], axis=1).astype("float64")
    x = x.astype(">f8") if layout == ">f8" else np.asarray(x, order="F" if layout == "F" else "C")
    batches = Batches({"a": x, "b": [x, ids]}, [ids, None], ids / 2, batch_size=size, shuffle=shuffle)
    for _ in range(2):
        seen: list[int] = []
        for inputs, (y, absent), (weight, _) in batches.epoch():
            assert absent is None
            assert inputs["a"].dtype == inputs["b"][0].dtype == weight.dtype == np.dtype("float32")
            assert inputs["a"].tolist() == inputs["b"][0].tolist() == [[i, -i] for i in y]
            assert inputs["b"][1].tolist() == y.tolist() == (weight * 2).tolist()
            assert 1 <= len(y) <= size
            seen += y.tolist()
        assert sorted(seen) == ids.tolist()


def test_batches_stay_as_they_were_given() -> None:
    kept = list(Batches(np.arange(100.0), shuffle=True, batch_size=7).epoch())
    assert sorted(np.concatenate([batch[0] for batch in kept]).tolist()) == list(range(100))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("float64", "float32"), ("float16", "float32"), ("float32", "float32"), ("int64", "int64"), ("int8", "int8"),
     ("uint8", "uint8"), ("bool", "bool")],
)  # fmt: skip
def test_floats_become_floatx_and_others_stay(dtype: str, expected: str) -> None:
    data = np.ones((3, 2), dtype)
    for shuffle in (True, False):
        batch = next(iter(Batches(data, data, data[:, 0], shuffle=shuffle).epoch()))
        assert [part.dtype for part in batch] == [expected] * 3
    batch = next(iter(Batches((data, data) for _ in range(1)).epoch()))
    assert [part.dtype for part in batch] == [expected] * 2
    keras.config.set_floatx("float64")
    assert next(iter(Batches(data).epoch()))[0].dtype == ("float64" if dtype.startswith("float") else expected)


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_a_file_is_read_batch_by_batch(tmp_path: Path, shuffle: Any, dtype: str) -> None:
    x: Any = np.memmap(tmp_path / "x", dtype, "w+", shape=(20_000, 500))
    x[:, 0] = np.arange(20_000) % 256
    x.flush()
    x = np.memmap(tmp_path / "x", dtype, "r", shape=x.shape)
    tracemalloc.start()
    try:
        batches = Batches(x, np.arange(20_000), batch_size=50, shuffle=shuffle)
        for i, (batch, labels) in enumerate(batches.epoch()):
            assert np.array_equal(batch[:, 0], labels % 256)
            assert i >= 100 or not batch[:, 1:].any()
        assert tracemalloc.get_traced_memory()[1] < 2_500_000  # the order of the rows, a label each, a few batches
    finally:
        tracemalloc.stop()


ONE = np.array([[1.0, 2.0], [3.0, 4.0]])
KINDS: list[tuple[Any, Any]] = [
    (ONE, ONE),
    ([[1.0, 2.0], [3.0, 4.0]], ONE.astype("float32")),
    ([(1.0, 2.0), (3.0, 4.0)], ONE.astype("float32")),
    ([1, 2, 3], np.array([1, 2, 3], "int32")),
    ([True, False], np.array([True, False])),
    ([np.float64(1), np.float64(2)], np.array([1.0, 2.0])),
    (range(3), np.arange(3, dtype="int32")),
    (Tensor(ONE), ONE),
    ([Tensor(np.array(1.0)), Tensor(np.array(2.0))], np.array([1.0, 2.0])),
    ([ONE], [ONE]),
    ({"a": [ONE]}, {"a": [ONE]}),
    ([ONE, ONE[:, 0]], [ONE, ONE[:, 0]]),
    ((ONE, Tensor(ONE)), (ONE, ONE)),
    ({"a": ONE, "b": [1, 2]}, {"a": ONE, "b": np.array([1, 2], "int32")}),
    ([ONE, {"a": ONE, "b": (ONE, None)}], [ONE, {"a": ONE, "b": (ONE, None)}]),
    (Frame(ONE), ONE),
    (Frame([1, 2]), np.array([[1], [2]])),
    ({"a": Frame(ONE), "b": Frame([1, 2])}, {"a": ONE, "b": np.array([[1], [2]])}),
    (Frame(np.array([[1, 2.5], [True, False]], object)), np.array([[1, 2.5], [1, 0]])),
    (Frame(np.array([[1], [Decimal("0.5")]], object)), np.array([[1], [0.5]])),
    (Arrow(), np.arange(3)),
    (Bits(), np.array([True, False])),
]


@pytest.mark.parametrize(("data", "expected"), KINDS, ids=lambda value: type(value).__name__)
def test_kinds_of_data(data: Any, expected: Any) -> None:
    assert equal(as_data(data)[0], expected)
    found = next(iter(Batches(data, data).epoch()))
    assert equal(found, next(iter(Batches(expected, expected).epoch())))


def test_a_missing_object_is_nan() -> None:
    assert np.array_equal(as_data(np.array([1.5, None, Decimal(2)], object))[0], [1.5, np.nan, 2], equal_nan=True)


def test_a_matrix_stored_by_columns_is_not_copied_to_take_rows() -> None:
    matrix = np.asfortranarray(np.arange(600_000.0).reshape(300_000, 2))
    tracemalloc.start()
    try:
        for x, y in Batches(matrix, np.arange(300_000), batch_size=1000, shuffle=True).epoch():
            assert np.array_equal(x[:, 0], 2 * y)
        assert tracemalloc.get_traced_memory()[1] < 5_200_000  # order and labels; the matrix alone has 4.8 million
    finally:
        tracemalloc.stop()


# --- steps ----------------------------------------------------------------------------------------------------


def test_steps_go_on_in_the_next_epoch_and_a_pass_that_ends_early_warns() -> None:
    batches = Batches(X, batch_size=2, steps=2)
    assert (batches.count, batches.rows) == (2, 4)
    for _ in range(2):
        assert rows(batches) == [[0, 1], [2, 3]]
        with pytest.warns(UserWarning, match="ran out of data; interrupting training"):
            assert rows(batches) == [[4]]


def test_steps_that_divide_the_data_never_warn() -> None:
    batches = Batches(np.arange(8), batch_size=2, steps=2)
    for _ in range(3):
        assert rows(batches) == [[0, 1], [2, 3]]
        assert rows(batches) == [[4, 5], [6, 7]]


@pytest.mark.parametrize(("steps", "size"), [(1, 5), (2, 3), (3, 2), (5, 1), (9, 1)])
def test_steps_without_a_batch_size_share_out_the_rows(steps: int, size: int) -> None:
    assert Batches(X, steps=steps).size == size


def test_reset_begins_a_new_pass() -> None:
    batches = Batches(X, batch_size=2, steps=1)
    assert rows(batches) == [[0, 1]]
    assert rows(batches) == [[2, 3]]
    batches.reset()
    assert rows(batches) == [[0, 1]]


def test_inputs_are_joined_as_soon_as_that_is_asked_for() -> None:
    batches = Batches(X, batch_size=2)
    inputs = batches.inputs()
    assert next(inputs)[0][0].ravel().tolist() == [0, 1]
    batches.at_once = 9
    (((x,), count),) = inputs
    assert (x.ravel().tolist(), count) == ([2, 3, 4], 2)
    many = Batches({"a": X}, batch_size=2, steps=2)
    many.at_once = 9
    (((part,), _),) = many.inputs()
    assert part["a"].ravel().tolist() == [0, 1, 2, 3]
    short = Batches(X, batch_size=5, steps=2)
    with pytest.warns(UserWarning, match="ran out of data"):
        assert [count for _, count in short.inputs()] == [1]


# --- iterables ------------------------------------------------------------------------------------------------


def test_a_generator_is_continued_never_restarted() -> None:
    batches = Batches(numbered(None), steps=2)
    assert (batches.arrays, batches.count, batches.rows) == (None, 2, None)
    assert [rows(batches) for _ in range(3)] == [[[0, 0], [1, 1]], [[2, 2], [3, 3]], [[4, 4], [5, 5]]]


def test_a_generator_that_ends() -> None:
    batches = Batches(numbered(3))
    counts = [batches.count]
    assert rows(batches) == [[0, 0], [1, 1], [2, 2]]
    counts.append(batches.count)
    assert counts == [None, 3]
    with pytest.warns(UserWarning, match="ran out of data"):
        assert rows(batches) == []
    batches = Batches(numbered(3), steps=2)
    assert len(rows(batches)) == 2
    with pytest.warns(UserWarning, match="ran out of data"):
        assert rows(batches) == [[2, 2]]


def test_a_peek_loses_no_batch_of_a_generator() -> None:
    batches = Batches(numbered(2))
    assert batches.peek()[0].tolist() == [[0], [0]]
    batches.reset()
    assert rows(batches) == [[0, 0], [1, 1]]


def test_iterables_restart() -> None:
    class Loader:
        def __iter__(self) -> Iterator[Any]:
            return ([Tensor(x), Tensor(y)] for x, y in numbered(4))

    class Sized(Loader):
        def __len__(self) -> int:
            return 4

    class Unsized(Loader):
        def __len__(self) -> int:
            raise TypeError("no length")

    for cls, length in ((Loader, None), (Unsized, None), (Sized, 4)):
        batches = Batches(cls())
        assert batches.count == length
        assert [rows(batches) for _ in range(2)] == [[[0, 0], [1, 1], [2, 2], [3, 3]]] * 2
        batches = Batches(cls(), steps=2)
        assert [rows(batches) for _ in range(3)] == [[[0, 0], [1, 1]], [[2, 2], [3, 3]], [[0, 0], [1, 1]]]


def test_indexed_batches_without_iteration() -> None:
    class Old:
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> Any:
            return np.full((1, 1), float(index))

    assert rows(Batches(Old())) == [[0], [1]]
    assert Batches(Old()).count == 2


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (ONE, (ONE,)),
        ((ONE,), (ONE,)),
        ({"a": ONE}, ({"a": ONE},)),
        ((ONE, None), (ONE,)),
        ([ONE, [1, 2]], (ONE, np.array([1, 2], "int32"))),
        ((ONE, ONE, [0.5, 1.5]), (ONE, ONE, np.array([0.5, 1.5], "float32"))),
        (([ONE, ONE], {"y": ONE}), ([ONE, ONE], {"y": ONE})),
        ((ONE, [ONE, ONE], ONE[:, 0]), (ONE, [ONE, ONE], [ONE[:, 0], ONE[:, 0]])),
    ],
)
def test_kinds_of_batches(item: Any, expected: Any) -> None:
    found = next(iter(Batches(iter([item])).epoch()))
    assert equal(found, next(iter(Batches(*expected).epoch())))


def test_a_generators_own_exception_passes() -> None:
    def broken() -> Iterator[Any]:
        yield X, Y
        raise KeyError("mine")

    epoch = Batches(broken()).epoch()
    next(epoch)
    with pytest.raises(KeyError, match="mine"):
        next(epoch)


def test_numbers_in_the_other_byte_order_are_predicted() -> None:
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(8, 3, 2)).astype("float32")
    for predict in (partial(model.predict, verbose=0), model.predict_on_batch, model):
        assert np.array_equal(predict(x.astype(">f4")), predict(x))


def test_arrays_of_xarray_are_of_dask_only_if_it_holds_them() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    predicted = model.predict(Labelled(X), verbose=0)
    assert type(predicted) is np.ndarray
    assert np.array_equal(predicted, X)
    assert model.evaluate(Labelled(X), Labelled(X), verbose=0) == 0
    assert model.fit(Labelled(X), X, validation_split=0.4, verbose=0).history == {"loss": [0.0], "val_loss": [0.0]}


def test_predict_takes_all_kinds() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    expected = [[0.0], [0.0], [1.0], [1.0], [2.0], [2.0]]
    data = Dataset(3)
    assert model.predict(data, verbose=0).tolist() == expected
    assert data.log == ["begin", 0, 1, 2, "end"]
    assert model.predict(numbered(3), verbose=0).tolist() == expected
    assert model.predict(Dataset(None), steps=3, verbose=0).tolist() == expected
    assert model.predict([[0.0], [0.0], [1.0], [1.0], [2.0], [2.0]], batch_size=4, verbose=0).tolist() == expected
    assert model.predict(Frame([[3.0]]), verbose=0).tolist() == [[3.0]]
    with pytest.raises(ValueError, match="no batch"):
        model.predict(iter(()), verbose=0)


# --- PyDataset ------------------------------------------------------------------------------------------------


def test_a_dataset_is_told_of_its_epochs() -> None:
    data = Dataset(3)
    batches = Batches(data)
    assert batches.count == 3
    batches.reset()
    assert rows(batches) == [[0, 0], [1, 1], [2, 2]]
    assert data.log == ["end", "begin", 0, 1, 2, "end"]
    data = Dataset(3)
    batches = Batches(data, steps=2)
    rows(batches)
    with pytest.warns(UserWarning, match="ran out of data"):
        rows(batches)
    rows(batches)
    assert data.log == ["begin", 0, 1, "end", "begin", 2, "end", "begin", 0, 1, "end"]


def test_a_dataset_is_shuffled_by_pythons_generator() -> None:
    utils.set_random_seed(0)
    data = Dataset(6)
    batches = Batches(data, shuffle=True)
    rows(batches)
    rows(batches)
    drawn = [i for i in data.log if isinstance(i, int)]
    assert sorted(drawn[:6]) == sorted(drawn[6:]) == list(range(6))
    assert drawn[:6] == [4, 2, 1, 0, 5, 3]  # random.shuffle(list(range(6))) after random.seed(0)
    assert drawn[6:] != drawn[:6]


def test_a_dataset_of_any_form() -> None:
    assert utils.Sequence is utils.PyDataset
    assert [x.tolist() for x, _ in Dataset(2)] == [[[0.0], [0.0]], [[1.0], [1.0]]]
    data = Dataset(1, workers=4, use_multiprocessing=True, max_queue_size=3)
    assert (data.workers, data.use_multiprocessing, data.max_queue_size) == (4, True, 3)
    assert_type(data.num_batches, int | None)
    endless = iter(Dataset(None))
    assert [next(endless)[1][0] for _ in range(4)] == [0, 1, 2, 3]

    class Careless(utils.PyDataset):
        def __init__(self) -> None:
            """Forget the base class."""

        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> Any:
            return X

    assert rows(Batches(Careless())) == [[0, 1, 2, 3, 4]]
    assert Careless().workers == 1


def test_a_dataset_weighs_classes() -> None:
    found = [batch[2].tolist() for batch in Batches(Dataset(2), class_weight={1: 3.0}).epoch()]
    assert found == [[1.0, 1.0], [3.0, 3.0]]


# --- weights and splits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [np.array([0, 2, 1]), np.array([[0], [2], [1]]), np.eye(3)[[0, 2, 1]], np.array([0.0, 2.0, 1.0]), [0, 2, 1],
     Frame([0, 2, 1])],
)  # fmt: skip
def test_class_weights(y: Any) -> None:
    batch = next(iter(Batches(X[:3], y, class_weight={0: 5, 1: 0.25}).epoch()))
    assert batch[2].tolist() == [5.0, 1.0, 0.25]
    assert batch[2].dtype == np.float32


def test_one_weight_a_row_serves_all_outputs() -> None:
    weight = np.arange(5.0)
    for y in ({"a": Y, "b": [Y, Y]}, [Y, Y]):
        data = as_data(X, y, weight)
        assert equal(data[2], {"a": weight, "b": [weight] * 2} if isinstance(y, dict) else [weight] * 2)
    assert equal(as_data(X, [Y, Y], (weight, weight)), (X, [Y, Y], (weight, weight)))


def test_the_last_rows_validate() -> None:
    first, last = train_validation_split((X, {"y": Y}, None), 0.3)
    assert (first[0].ravel().tolist(), last[0].ravel().tolist()) == ([0, 1, 2], [3, 4])
    assert (first[1]["y"].tolist(), last[1]["y"].tolist()) == ([0, 1, 2], [3, 4])
    assert first[2] is last[2] is None
    assert np.shares_memory(first[0], X)
    first, last = train_validation_split(([[1.0], [2.0]], [0, 1]), 0.5)
    assert (first[0].tolist(), last[1].tolist()) == ([[1.0]], [1])


def test_packing() -> None:
    assert utils.unpack_x_y_sample_weight(5) == (5, None, None)
    assert utils.unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    assert utils.unpack_x_y_sample_weight((1, 2, 3)) == (1, 2, 3)
    assert utils.pack_x_y_sample_weight(1) == 1
    assert utils.pack_x_y_sample_weight([1]) == ([1],)
    assert utils.pack_x_y_sample_weight(1, 2) == (1, 2)
    assert utils.pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    for data in ((), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match="x, y, sample_weight"):
            utils.unpack_x_y_sample_weight(data)


def epoch(*args: Any, **options: Any) -> Any:
    return list(Batches(*args, **options).epoch())


class Sparse:
    """What is asked of a sparse matrix of SciPy."""

    def toarray(self) -> Any:
        return X


@pytest.mark.parametrize("x", [Sparse(), [Sparse()], (Sparse(), None), {"a": Sparse()}])
def test_sparse_matrices_are_made_dense(x: Any) -> None:
    (got,) = Batches(x).peek()
    for array in got.values() if isinstance(got, dict) else got if isinstance(got, list | tuple) else [got]:
        assert array is None or array.tolist() == X.tolist()


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "lengths": (lambda: Batches(X, Y[:3], Y[:4]), "ambiguous.*x: 5; y: 3; sample_weight: 4"),
    "lengths of inputs": (lambda: Batches([X, X[:2]], Y), "x: 5, 2; y: 5"),
    "nothing": (lambda: Batches(None), "`x`.*None"),
    "no array": (lambda: Batches({}), "no array"),
    "no array but None": (lambda: Batches([None, {"a": None}]), "no array"),
    "text": (lambda: Batches("abc"), "abc"),
    "class names": (lambda: Batches(X, np.array(list("abcde"))), "`y` must hold numbers.*integers"),
    "list of class names": (lambda: Batches(X, ["a"] * 5), "`y` must hold numbers"),
    "class names of digits": (lambda: Batches(X, np.array(list("01234"), object)), "`y` must hold numbers"),
    "digits among numbers": (lambda: Batches(np.array([[1.5, "2"]], object)), "numbers"),
    "times in objects": (lambda: Batches(X, np.array([np.datetime64(i, "s") for i in range(5)], object)), "numbers"),
    "objects": (lambda: Batches(np.array([{}, {}])), "numbers"),
    "records": (lambda: Batches(np.rec.array([(1.0, 2.0)], dtype=[("a", "f4"), ("b", "f4")])), "`x` must hold numbers"),
    "an input of names": (lambda: Batches({"age": np.array(["a", None])}), r"`x\['age'\]`"),
    "ragged": (lambda: Batches([[1.0], [1.0, 2.0]]), "different lengths"),
    "scalar": (lambda: Batches(np.array(1.0)), "batch axis"),
    "no rows": (lambda: epoch(np.ones((0, 2)), np.ones(0)), "no batch"),
    "empty list": (lambda: epoch([]), "no batch"),
    "empty generator": (lambda: epoch(iter(())), "no batch"),
    "empty generator, peeked": (lambda: Batches(iter(())).peek(), "no batch"),
    "empty dataset": (lambda: epoch(Dataset(0)), "no batch"),
    "no rows, steps": (lambda: epoch(np.ones((0, 2)), steps=3), "no batch"),
    "batch_size 0": (lambda: Batches(X, batch_size=0), "batch_size=0"),
    "batch_size -1": (lambda: Batches(X, batch_size=-1), "batch_size=-1"),
    "batch_size 2.5": (lambda: Batches(X, batch_size=2.5), "batch_size=2.5"),  # type: ignore[arg-type]
    "batch_size True": (lambda: Batches(X, batch_size=True), "batch_size=True"),
    "batch_size text": (lambda: Batches(X, batch_size="3"), "batch_size='3'"),  # type: ignore[arg-type]
    "steps -1": (lambda: Batches(X, steps=-1), "steps=-1"),
    "steps 2.5": (lambda: Batches(X, steps=2.5), "steps=2.5"),  # type: ignore[arg-type]
    "y beside a generator": (lambda: Batches(numbered(2), Y), "`y`.*generator"),
    "y beside a dataset": (lambda: Batches(Dataset(), Y), "`y`.*PyDataset"),
    "weights beside a generator": (lambda: Batches(numbered(2), sample_weight=Y), "`sample_weight`.*generator"),
    "class weights beside a generator": (lambda: Batches(numbered(2), class_weight={0: 1}), "`class_weight`"),
    "both weights": (lambda: Batches(X, Y, Y, class_weight={0: 1}), "same time"),
    "both weights in a batch": (lambda: epoch(Weighted(), class_weight={0: 1}), "same time"),
    "class weights without y": (lambda: Batches(X, class_weight={0: 1}), "labels.*y=None"),
    "class weights, two outputs": (lambda: Batches(X, [Y, Y], class_weight={0: 1}), "single output"),
    "class weights in a list": (lambda: Batches(X, Y, class_weight=[1, 2]), "dict"),  # type: ignore[arg-type]
    "class weights of pixels": (lambda: Batches(X, np.ones((5, 2, 2)), class_weight={0: 1}), r"\(5, 2\)"),
    "weights of other outputs": (lambda: Batches(X, {"a": Y, "b": Y}, {"a": Y, "c": Y}), "structure of `y`"),
    "weights of one output": (lambda: Batches(X, [Y, Y], {"a": Y}), "structure of `y`"),
    "a table of weights": (lambda: Batches(X, [Y, Y], np.ones((5, 2))), r"\(5, 2\)"),
    "long batch": (lambda: epoch(iter([(X,) * 4])), "A batch must be"),
    "endless dataset": (lambda: Batches(Dataset(None)), "steps_per_epoch"),
    "dataset without batches": (lambda: epoch(Unfinished()), "must implement __len__"),
    "split of a generator": (lambda: train_validation_split((numbered(1), None), 0.5), "validation_data"),
    "split of nothing": (lambda: train_validation_split((None, None), 0.5), "no array"),
    "split of other lengths": (lambda: train_validation_split((X, None, Y[:3]), 0.5), "x: 5; sample_weight: 3"),
    **{
        f"split {fraction}": (partial(train_validation_split, (X, Y), fraction), "rows to train on")
        for fraction in (0.0, 0.99, 1, 2, -0.5, float(np.nextafter(1, 0)))
    },
}


class Weighted(utils.PyDataset):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return X, Y, Y


class Unfinished(utils.PyDataset):
    pass


@pytest.mark.parametrize("case", WRONG)
def test_wrong_data_is_refused(case: str) -> None:
    act, words = WRONG[case]
    error = NotImplementedError if "must implement" in words else ValueError
    with pytest.raises(error, match=words):
        act()


def test_an_unfinished_dataset_has_no_batches() -> None:
    with pytest.raises(NotImplementedError, match="__getitem__"):
        Unfinished()[0]
    with pytest.raises(ValueError, match="y="):
        class_weight_to_sample_weights(None, {})


# --- helpers --------------------------------------------------------------------------------------------------


def test_to_categorical() -> None:
    assert np.asarray(utils.to_categorical([0, 2])).tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert np.asarray(utils.to_categorical([[0], [1]], 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert np.asarray(utils.to_categorical([[0, 1]])).shape == (1, 2, 2)
    assert np.asarray(utils.to_categorical([], 3)).shape == (0, 3)
    hot = assert_type(utils.to_categorical(Tensor(np.array([[0], [2]]))), Tensor)
    assert hot.numpy().tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert np.asarray(utils.to_categorical([-1], 3)).tolist() == [[0.0, 0.0, 1.0]]  # as an index, and as in Keras
    for labels in ([3], [-4]):
        with pytest.raises(IndexError, match=str(labels[0])):
            utils.to_categorical(labels, 3)
    with pytest.raises(ValueError, match="no labels"):
        utils.to_categorical([])
    with pytest.raises(ValueError, match=r"Received: .*cat.*np\.unique"):
        utils.to_categorical(["cat"])
    with pytest.raises(ValueError, match="must be integers"):
        utils.to_categorical(np.ma.masked_less([0, 1], 1))


def test_normalize() -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert utils.normalize(x).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    assert utils.normalize(x, 0).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert utils.normalize(x, order=1).tolist() == [[3 / 7, 4 / 7], [0.0, 0.0]]
    assert utils.normalize(x, order=np.inf).tolist() == [[0.75, 1.0], [0.0, 0.0]]
    assert utils.normalize(x.astype("float32")).dtype == np.float32
    np.testing.assert_allclose(assert_type(utils.normalize(Tensor(x)), Tensor).numpy(), [[0.6, 0.8], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("weights", "idle"),
    [({"0": 1.0, "1": 9.0}, "['0', '1']"), ({0: 1.0, 2: 9.0}, "[2]"), ({None: 1.0, 1: 2.0}, "[None]")],
)
def test_class_weights_that_weigh_nothing_are_warned_of(weights: Any, idle: str) -> None:
    with pytest.warns(UserWarning, match=re.escape(f"and are ignored: {idle}.")) as caught:
        batch = next(iter(Batches(X[:3], np.array([0, 1, 1]), class_weight=weights).epoch()))
    assert caught[0].filename == __file__
    assert batch[2].tolist() == [weights.get(label, 1.0) for label in (0, 1, 1)]


def test_a_batch_need_not_have_all_classes() -> None:
    losses: list[Any] = []
    for class_weight in (None, {0: 0.5, 1: 2.0}):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        losses.append(model.train_on_batch(np.ones((2, 1)), np.zeros(2), class_weight=class_weight))
    assert losses[1] == 0.5 * losses[0]


# --- steps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["array", "generator"])
@pytest.mark.parametrize(("steps", "together", "taken"), [(5, 3, 6), (5, 2, 6), (4, 4, 4), (3, 4, 4)])
def test_an_epoch_is_a_multiple_of_steps_per_execution(source: str, steps: int, together: int, taken: int) -> None:
    def data(passes: int) -> Any:
        batches = ((np.ones((2, 3)), np.ones((2, 1))) for _ in range(passes * 10))
        return (np.ones((passes * 20, 3)), np.ones((passes * 20, 1))) if source == "array" else (batches,)

    size: dict[str, Any] = {"batch_size": 2} if source == "array" else {}
    model: Any = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=together)
    model.fit(*data(2), **size, epochs=2, steps_per_epoch=steps, verbose=0)
    assert int(model.optimizer.iterations) == 2 * taken
    batches: list[int] = []
    watch = keras.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: batches.append(batch))
    model.evaluate(*data(1), **size, steps=steps, callbacks=[watch], verbose=0)
    assert batches == [n - 1 for n in range(together, taken + 1, together)]
    assert len(model.predict(data(1)[0], **size, steps=steps, verbose=0)) == 2 * taken
