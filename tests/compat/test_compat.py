"""`minikeras.compat`: keras and its past, while minikeras stands in for it."""

import inspect
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minikeras
from minikeras import compat
from minikeras.compat import modules
from minikeras.compat.finder import PAST_TREES, ROOTS
from minikeras.compat.past import images, tables, text
from minikeras.compat.past.patches import resolve

X = np.linspace(-1, 1, 24).reshape(8, 3)
Y = (X.sum(axis=1) > 0).astype(int)


def run(code: str) -> dict[str, Any]:
    """Run a script of the user's and return its names."""
    names: dict[str, Any] = {"__name__": "script", "np": np, "X": X, "Y": Y}
    exec(compile(code, "script.py", "exec"), names)
    return names


def last(code: str) -> Any:
    """Run lines, the last of which is an expression, and return its value."""
    *before, expression = code.strip().split("\n")
    return run("\n".join([*before, f"found = {expression}"]))["found"]


def old(code: str, today: str) -> Any:
    """Run a line with an old spelling; expect to be told today's, at that line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = last(code)
    told = [w for w in caught if w.category is DeprecationWarning]
    assert any(today in str(w.message) for w in told), [str(w.message) for w in told]
    assert {w.filename for w in told} == {"script.py"}
    return found


# --- standing in --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("installed")
def test_modules_are_ours_under_every_address() -> None:
    names = run(
        "import keras, keras.layers, tf_keras.layers\n"
        "from keras.datasets import mnist\nfrom keras import layers as l\nfrom keras.api.models import Sequential\n"
        "from keras.src.layers import Dense\nimport keras.optimizers.schedules as schedules"
    )
    assert names["keras"].layers is names["tf_keras"].layers is names["l"]
    assert names["l"].Dense is names["Dense"] is minikeras.layers.Dense
    assert names["Sequential"] is minikeras.Sequential
    assert names["mnist"].load_data is minikeras.datasets.mnist.load_data
    assert names["schedules"].CosineDecay is minikeras.optimizers.schedules.CosineDecay
    assert names["keras"].__version__ == names["keras"].version() == "3.15.1"


@pytest.mark.usefixtures("installed")
def test_modules_go_to_other_processes() -> None:
    used = run("import keras, copy\nfrom keras import backend, layers\nassert copy.deepcopy(layers) is layers")
    code = "import pickle, sys; print([module.__name__ for module in pickle.load(sys.stdin.buffer)])"
    sent = pickle.dumps([used[name] for name in ("keras", "layers", "backend")])
    found = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True).stdout
    assert found.decode().strip() == "['keras', 'keras.layers', 'keras.backend']"


@pytest.mark.usefixtures("installed")
def test_star_import_gives_the_public_names() -> None:
    names = run("from keras.layers import *\nfrom keras.models import *")
    assert names["Dense"] is minikeras.layers.Dense
    assert names["Sequential"] is minikeras.Sequential
    names = run("from minikeras.optimizers import *\nfrom minikeras.models import *")  # which load their names lazily
    assert names["Adam"] is minikeras.optimizers.Adam
    assert names["load_model"] is minikeras.models.load_model
    names = run("from tensorflow import *\none = constant(1.0)")
    assert float(names["one"]) == 1.0
    assert names["keras"].layers.Dense is minikeras.layers.Dense
    names = run("from keras import *")
    assert {"applications", "legacy", "export", "visualization", "StatelessScope", "Sequential", "optimizers"} <= set(
        names
    )


@pytest.mark.usefixtures("installed")
def test_what_a_file_of_ours_imports_is_no_name_of_keras() -> None:
    names = run("from keras.models import *\nfrom keras.initializers import *\nimport keras.models")
    assert not {"json", "math", "Any", "cast"} & set(names)
    with pytest.raises(AttributeError):
        names["keras"].models.json  # noqa: B018 - reading it is the test
    with pytest.raises(ModuleNotFoundError):
        run("import tensorflow.python.nothing")


@pytest.mark.usefixtures("installed")
def test_a_class_not_built_says_so_when_it_is_used() -> None:
    names = run("from keras.models import Graph\nfrom keras.layers import Highway")
    with pytest.raises(NotImplementedError, match="Highway"):
        names["Highway"]()
    for name in ("backend import local_conv1d", "metrics import MeanTensor", "utils import HDF5Matrix"):
        run(f"from keras.{name}")


@pytest.mark.usefixtures("installed")
def test_an_attribute_set_on_a_module_stays_there() -> None:
    names = run("import keras\nkeras.model = 3\nfrom keras import model")
    assert names["model"] == 3
    assert not hasattr(minikeras, "model")


@pytest.mark.usefixtures("installed")
def test_what_is_missing_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"minikeras stands in.*docs/coverage\.md"):
        run("import keras.nothing")
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        run("from keras.layers import Nothing")
    with pytest.raises(ImportError, match=r"name 'nothing' from 'tensorflow\.python\.ops'"):
        run("from tensorflow.python.ops import nothing")
    with pytest.raises(TypeError, match="takes no arguments"):  # a subclass would lose its methods
        run("from keras.layers import ThresholdedReLU\nclass Mine(ThresholdedReLU): pass")
    with pytest.raises(AttributeError, match=r"'keras\.layers' has no attribute 'Nothing' in minikeras"):
        run("import keras\nkeras.layers.Nothing")


def test_uninstall_restores_everything() -> None:
    classes = [minikeras.Model, minikeras.layers.Layer, minikeras.layers.Dense, minikeras.optimizers.Optimizer,
               minikeras.KerasTensor, minikeras.callbacks.History]  # fmt: skip
    before = [dict(vars(cls)) for cls in classes]
    path = list(sys.meta_path)
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in ROOTS}
    compat.install()
    assert compat.is_installed()
    compat.install()  # a second time does nothing
    run("import keras.layers")
    compat.uninstall()
    assert not compat.is_installed()
    assert [dict(vars(cls)) for cls in classes] == before
    assert sys.meta_path == path
    assert not any(name.partition(".")[0] in ROOTS for name in sys.modules)
    with pytest.raises(ValueError, match="Unrecognized keyword"):
        minikeras.layers.Dense(3, init="zeros")  # type: ignore[call-arg]
    sys.modules.update(real)


def test_it_refuses_where_the_real_package_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(__file__="real.py"))
    with pytest.raises(RuntimeError, match=r"already imported, from real\.py.*restart the kernel"):
        compat.install()
    assert not compat.is_installed()


def test_nothing_is_shadowed_unasked() -> None:
    code = (
        "import sys, minikeras, minikeras.compat; print(*[m for m in sys.modules if m.startswith(('keras', 'tens'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def test_it_is_an_extension_of_ipython() -> None:
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in ROOTS}
    compat.load_ipython_extension(object())
    assert compat.is_installed()
    compat.unload_ipython_extension(object())
    assert not compat.is_installed()
    sys.modules.update(real)


# --- old arguments ------------------------------------------------------------------------------------------------

ARGUMENTS = [
    ("Dense(output_dim=3).units", "units=", 3),
    ("Dense(3, init='ones').get_config()['kernel_initializer']['class_name']", "kernel_initializer=", "Ones"),
    ("Dense(3, bias=False).use_bias", "use_bias=", False),
    ("Dense(3, W_regularizer='l2').kernel_regularizer.l2 > 0", "kernel_regularizer=", True),
    ("Dropout(p=0.25).rate", "rate=", 0.25),
    ("Conv2D(nb_filter=4, nb_row=3, nb_col=5).kernel_size", "kernel_size=(3, 5)", (3, 5)),
    ("Conv2D(4, 3, border_mode='same').padding", "padding=", "same"),
    ("Conv2D(4, 3, dim_ordering='th').data_format", "data_format='channels_first'", "channels_first"),
    ("Convolution2D(4, 3, 5, subsample=(2, 2)).kernel_size", "Conv2D(4, (3, 5))", (3, 5)),
    ("MaxPooling1D(pool_length=3).pool_size", "pool_size=", (3,)),
    ("Input(shape=14).shape", "shape=(14,)", (None, 14)),
    ("Input(14).shape", "shape=(14,)", (None, 14)),
    ("InputLayer(14).batch_shape", "shape=(14,)", (None, 14)),
    ("InputLayer(input_shape=(14)).batch_shape", "shape=(14,)", (None, 14)),
    ("Sequential([Embedding(9, 2, input_length=4), Flatten()]).output_shape", "keras.Input((4,))", (None, 8)),
    ("Sequential([Dense(3, batch_input_shape=(None, 2))]).input_shape", "keras.Input(batch_shape", (None, 2)),
    (
        "Sequential([LSTM(3, batch_input_shape=(2, 5, 1), stateful=True)]).input_shape",
        "keras.Input(batch_shape",
        (2, 5, 1),
    ),
    ("Sequential([LSTM(3, input_shape=(5, 1), batch_size=2)]).input_shape", "keras.Input(batch_shape", (2, 5, 1)),
    ("float(SGD(lr=0.5).learning_rate)", "learning_rate=", 0.5),
    ("SGD(lr=0.5, decay=0.1).learning_rate is not None", "InverseTimeDecay(0.5, 1, 0.1)", True),
    ("ReduceLROnPlateau(epsilon=0.5).min_delta", "min_delta=", 0.5),
    ("maxnorm(m=3).max_value", "max_value=", 3),
    ("to_categorical([1], nb_classes=2).shape", "num_classes=", (1, 2)),
]


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore:Do not pass an")
@pytest.mark.parametrize(("code", "today", "value"), ARGUMENTS, ids=[row[0] for row in ARGUMENTS])
def test_former_names_of_arguments_work_with_a_warning(code: str, today: str, value: Any) -> None:
    imports = (
        "from keras.layers import *\nfrom keras.layers import Convolution2D\nfrom keras.models import Sequential\n"
        "from keras.optimizers import SGD\nfrom keras.callbacks import *\nfrom keras.utils import to_categorical\n"
        "from keras.constraints import maxnorm\n"
    )
    assert old(imports + code, today) == value


@pytest.mark.usefixtures("installed")
def test_former_names_that_keras_3_takes_itself_have_its_warnings_alone() -> None:
    with pytest.warns(UserWarning, match="^Argument `input_shape` is deprecated. Use `shape` instead.$") as caught:
        assert last("import keras\nkeras.layers.InputLayer(input_shape=(3,)).batch_shape") == (None, 3)
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="^Argument `alpha` is deprecated. Use `negative_slope` instead.$") as caught:
        assert last("import keras\nkeras.layers.LeakyReLU(alpha=0.5).negative_slope") == 0.5
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert last("import keras\nkeras.layers.InputLayer(batch_input_shape=(2, 3)).batch_shape") == (2, 3)
        assert last("import keras\nkeras.layers.LSTM(4, implementation=2).units") == 4


@pytest.mark.usefixtures("installed")
def test_arguments_with_an_effect_today_are_not_dropped() -> None:
    layer = last("from keras.layers import BatchNormalization\nBatchNormalization(renorm=True)")
    assert layer.renorm
    for address, changes in tables.ARGUMENTS.items():
        arguments = inspect.signature(resolve(address)).parameters
        without_effect = {name for name, change in changes.items() if "_gone" in getattr(change, "__qualname__", "")}
        assert without_effect.isdisjoint(arguments), address


@pytest.mark.usefixtures("installed")
def test_decay_is_that_of_keras_2() -> None:
    sgd = old("from keras.optimizers import SGD\nSGD(lr=1.0, decay=0.5)", "InverseTimeDecay")
    sgd.build([minikeras.Variable([0.0])])
    sgd.iterations.assign(4)
    assert float(sgd.learning_rate) == pytest.approx(1 / (1 + 0.5 * 4))


@pytest.mark.usefixtures("installed")
def test_a_rate_that_decays_may_be_set() -> None:
    sgd = old("from keras.optimizers import SGD\nSGD(lr=1.0, decay=0.5)", "InverseTimeDecay")
    sgd.build([minikeras.Variable([0.0])])
    sgd.iterations.assign(4)
    sgd.learning_rate = 0.2
    assert float(sgd.learning_rate) == pytest.approx(0.2)
    sgd.iterations.assign(8)
    assert float(sgd.learning_rate) == pytest.approx(0.2 * 3 / 5)


@pytest.mark.usefixtures("installed")
def test_decay_of_zero_is_none() -> None:
    sgd = old("from keras.optimizers import SGD\nSGD(lr=1.0, decay=0.0)", "learning_rate=")
    assert float(sgd.learning_rate) == 1


@pytest.mark.usefixtures("installed")
def test_weights_of_a_layer_are_set_once_it_is_built() -> None:
    layer = old("from keras.layers import Dense\nDense(1, weights=[np.ones((3, 1)), np.ones(1)])", "set_weights")
    assert layer.get_weights() == []
    np.testing.assert_allclose(layer(X), X.sum(axis=1, keepdims=True) + 1, rtol=1e-6)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("LSTM(2, input_dim=4)", (None, None, 4)),
        ("GRU(2, input_dim=4, input_length=6)", (None, 6, 4)),
        ("SimpleRNN(2, input_length=6, input_dim=4)", (None, 6, 4)),
        ("Convolution1D(2, 3, input_dim=4, input_length=6)", (None, 6, 4)),
        ("LSTM(2, input_shape=(6, 4))", (None, 6, 4)),
        ("Dense(2, input_dim=4)", (None, 4)),
    ],
)
@pytest.mark.filterwarnings("ignore:.*earlier version of Keras", "ignore:Do not pass an `input_shape`")
def test_layers_of_sequences_take_the_size_of_a_step_and_their_number(layer: str, shape: tuple[Any, ...]) -> None:
    code = f"from keras.layers import *\nfrom keras.models import Sequential\nSequential([{layer}]).input_shape"
    assert last(code) == shape


@pytest.mark.usefixtures("installed")
def test_the_name_of_a_weight_may_come_first() -> None:
    weight = old(
        "from keras.layers import Layer\nLayer().add_weight('kernel', shape=(2, 3), initializer='ones')",
        "add_weight(name='kernel', ...)",
    )
    assert (weight.name, weight.shape) == ("kernel", (2, 3))


def test_every_old_argument_has_a_present_one() -> None:
    for address, changes in tables.ARGUMENTS.items():
        found = resolve(address)
        accepted = inspect.signature(found).parameters
        for new in changes.values():
            assert callable(new) or new in accepted or {"args", "kwargs"} <= set(accepted), (address, new)


def test_every_former_name_is_absent_today_and_resolves() -> None:
    for module, names in tables.NAMES.items():
        for name, address in names.items():
            assert name not in getattr(modules.source(module), "__all__", ())
            assert callable(resolve(address))


# --- old attributes, methods, names --------------------------------------------------------------------------------

MODEL = """
from keras.models import Sequential, Model
from keras.layers import Dense, Input
from keras import backend as K, layers
model = Sequential([Input((3,)), Dense(2, activation='softmax', kernel_initializer='ones')])
model.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])
"""
MINIMIZE = """
from keras import Variable, optimizers
v, optimizer = Variable(2.0), optimizers.SGD(0.25)
"""
SEEN = """
class Seen(layers.Layer):
    def call(self, x):
        self.add_metric(x, name="seen")
        return x
m = Sequential([Input((3,)), Seen()])
m.compile("sgd", "mse")
"""
ONE_METRIC = """
model.compile("sgd", "mse", metrics="mae")
sorted(model.fit(X, X[:, :2], verbose=0).history)
"""
LOSS_OF_INPUTS = """
class Four(layers.Layer):
    def call(self, x):
        self.add_loss(K.sum(x) * 0 + 4, inputs=x)
        return x
m = Sequential([Input((3,)), Four()])
m.compile("sgd")
"""
OWN_METRIC = """
def PSNR(y_true, y_pred):
    return K.mean(y_pred) * 0 + 7
model.compile("sgd", "sparse_categorical_crossentropy", metrics=[PSNR])
"""
STOPPED = (
    OWN_METRIC
    + """
from keras.callbacks import EarlyStopping
stop = EarlyStopping("val_PSNR", mode="max")
model.fit(X, Y, validation_data=(X, Y), callbacks=[stop], verbose=0)
stop.monitor
"""
)
FROM_CONFIG = """
from keras.models import model_from_config
model_from_config({"class_name": "Sequential", "config": model.get_config()}).output_shape
"""
ATTRIBUTES = [
    ("float(model.optimizer.lr) == float(model.optimizer.learning_rate)", ".learning_rate", True),
    ("model.predict_classes(X).shape", "argmax", (8,)),
    ("model.predict_proba(X).shape", "model.predict(x)", (8, 2)),
    ("model.input.shape.as_list()", "list(shape)", [None, 3]),
    ("model.layers[0].output_shape", "layer.output.shape", (None, 2)),
    ("type(model.layers[0].input_shape)", "layer.input.shape", tuple),
    ("model.layers[0].get_output_at(0).shape", "layer.output", (None, 2)),
    ("Model(input=model.input, output=model.output).output_shape", "outputs=", (None, 2)),
    ("model.fit(X, Y, nb_epoch=2, verbose=0).epoch", "epochs=", [0, 1]),
    ("model.fit_generator(iter([(X, Y)] * 4), 2, epochs=2, verbose=0).epoch", "model.fit(generator", [0, 1]),
    ("model.fit_generator(iter([(X, Y)] * 4), samples_per_epoch=16, nb_epoch=2, verbose=0).epoch", "fit(", [0, 1]),
    ("len(model.evaluate_generator(iter([(X, Y)] * 4), steps=2))", "model.evaluate(generator", 2),
    ("model.predict_generator(iter([X] * 4), steps=2).shape", "model.predict(generator", (16, 2)),
    ("[type(model.fit(X, Y, verbose=0).history[k][0]) for k in ['acc']]", "'accuracy'", [float]),
    ("model.fit(X, Y, verbose=0).history.get('acc') is None", "'accuracy'", False),
    ("K.get_value(K.mean(K.square(K.constant([1., 3.]))))", "keras.ops.mean", 5),
    ("K.eval(K.dot(K.ones((2, 3)), K.ones((3, 1)))).tolist()", "keras.ops.dot", [[3], [3]]),
    ("K.ctc_decode(K.constant([[[.1, .9], [.8, .2]]]), [2])[0][0].numpy().tolist()", "ctc_decode", [[0, -1]]),
    ("K.rnn(lambda x, s: (x + s[0], [x]), K.ones((1, 3, 1)), [K.zeros((1, 1))])[0].numpy().tolist()", "RNN", [[2]]),
    ("K.rnn(lambda x, s: (x, s), K.zeros((2, 3, 4)), [])[1].shape", "RNN", (2, 3, 4)),
    (MINIMIZE + "[int(optimizer.minimize(lambda: v * v, [v])), float(v)]", "optimizer.apply", [1, 1]),
    (SEEN + "m.evaluate(X, X, verbose=0, return_dict=True).keys()", "keras.metrics.Mean", {"loss", "seen"}),
    ("K.bias_add(K.zeros((1, 2, 1)), K.constant([3, 4]), 'channels_first').numpy().tolist()", "bias", [[[3], [4]]]),
    ("K.bias_add(K.zeros((1, 2)), K.constant([3, 4])).numpy().tolist()", "x + bias", [[3, 4]]),
    ("[str(f(K.constant([[1, 3, 2]])).dtype) for f in (K.argmax, K.argmin)]", "keras.ops.argm", ["int64", "int64"]),
    ("K.function([model.layers[0].input, K.learning_phase()], [model.output])([X, 0])[0].shape", "keras.Model", (8, 2)),
    ("[K.set_value(model.optimizer.lr, 0.5), float(model.optimizer.learning_rate)][1]", "x.assign(value)", 0.5),
    ("model.reset_states()", "layer.reset_state()", None),
    ("import keras.experimental\nkeras.experimental.CosineDecay(1., 2)(0)", "keras.optimizers.schedules", 1),
    (
        "from keras.losses import huber_loss\nhuber_loss(K.zeros((1, 1)), K.ones((1, 1))).numpy().tolist()",
        "keras.losses.huber",
        [0.5],
    ),
    ("[model._make_predict_function(), model.predict(X, verbose=0).shape][1]", "model.make_predict_function()", (8, 2)),
    ("with K.name_scope('a'): new = Dense(1, name='b'); new.build((1, 1))\nnew.kernel.path", "names", "b/kernel"),
    ("isinstance(layers.ThresholdedReLU(0.5), layers.ThresholdedReLU)", "threshold=0.5", True),
    ("layers.LSTM(2)(inputs=Input((3, 1))).shape", "layer(x)", (None, 2)),
    (FROM_CONFIG, "keras.layers.deserialize", (None, 2)),
    ("model.compile('sgd', 'cosine')", "'cosine_similarity'", None),
    ("model.compile('sgd', 'mse', ['mae'])", "metrics=[...] by name", None),
    (ONE_METRIC, "metrics=['mae']", ["loss", "mae"]),
    (LOSS_OF_INPUTS + "m.evaluate(X, verbose=0)", "leave it out", 4),
    (OWN_METRIC + "model.fit(X, Y, verbose=0).history['PSNR']", "'psnr'", [7]),
    (OWN_METRIC + "model.fit(X, Y, validation_data=(X, Y), verbose=0).history['val_PSNR']", "'val_psnr'", [7]),
    (STOPPED, "'val_psnr'", "val_psnr"),
    (
        "from keras.preprocessing.image import img_to_array\nimg_to_array(X, dim_ordering='th').shape",
        "data_format='channels_first'",
        (1, 8, 3),
    ),
]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("code", "today", "value"), ATTRIBUTES, ids=[row[0] for row in ATTRIBUTES])
def test_old_attributes_and_methods(code: str, today: str, value: Any) -> None:
    assert old(MODEL + code, today) == value


@pytest.mark.usefixtures("installed")
def test_batches_of_pictures_have_the_method_next() -> None:
    """Scripts for Keras 2 take a batch with `generator.next()`."""
    batches = "ImageDataGenerator().flow(np.zeros((5, 4, 4, 1)), np.arange(5), batch_size=3, shuffle=False)"
    code = f"import numpy as np\nfrom keras.preprocessing.image import ImageDataGenerator\nbatches = {batches}\n"
    assert last(code + "[batches.next()[1].tolist(), next(batches)[1].tolist()]") == [[0, 1, 2], [3, 4]]


def test_a_turned_picture_without_scipy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    x = np.ones((2, 2, 1))
    assert images.ImageDataGenerator().random_transform(x) is x  # there is nothing to turn
    with pytest.raises(ImportError, match=r'needs scipy .*"\.\[image\]"'):
        images.ImageDataGenerator(rotation_range=90).random_transform(x)


@pytest.mark.usefixtures("installed")
def test_layers_are_renamed_by_their_private_name() -> None:
    """Scripts for Keras 2 join two copies of a model after `layer._name = layer.name + "_2"`."""
    code = "model._name = model._name + '_1'\nmodel.layers[-1]._name += '_2'\n"
    assert last(MODEL + code + "model.name[-2:], model.layers[-1].name[-2:]") == ("_1", "_2")


@pytest.mark.usefixtures("installed")
def test_shapes_of_models_are_plain_tuples() -> None:
    """Packages such as keras-visualizer ask for the type."""
    assert last(MODEL + "type(model.input_shape), type(model.output_shape)") == (tuple, tuple)


@pytest.mark.usefixtures("installed")
def test_graphs_can_be_drawn_as_visualkeras_does_it() -> None:
    """It goes from a layer to those before it by `parent_nodes`, from an output to its layer by `_keras_history`."""
    found = run(
        "import keras\nfrom keras import layers\n"
        "a, b, dense = keras.Input((3,)), keras.Input((3,)), layers.Dense(2)\n"
        "join = layers.Concatenate()\n"
        "shared = dense(b)\n"
        "y = join([dense(a), shared, b, b])\n"
        "before = [n.operation for n in join._inbound_nodes[0].parent_nodes]\n"
        "ends = [tuple(x._keras_history) for x in (a, shared, y)]\n"
        "made = [hasattr(keras.KerasTensor((3,)), '_keras_history'), y._keras_history.operation is join]"
    )
    first, second = (found[name]._keras_history.operation for name in "ab")
    assert found["before"] == [found["dense"], found["dense"], second, second]
    assert found["ends"] == [(first, 0, 0), (found["dense"], 0, 0), (found["join"], 0, 0)]
    assert found["made"] == [False, True]


@pytest.mark.usefixtures("installed")
def test_scripts_that_ask_for_the_backend_take_the_branch_of_tensorflow() -> None:
    found = run("import keras\nanswers = [keras.backend.backend(), keras.config.backend()]")
    assert found["answers"] == ["tensorflow", "numpy"]


ARRAYS = """
from keras import backend as K
import numpy as np
x, y = K.constant(np.arange(6.0).reshape(2, 3)), K.constant(np.arange(12.0).reshape(2, 3, 2))
z, whole = K.constant(np.arange(24.0).reshape(2, 2, 2, 3)), K.constant([1, 2], dtype="int32")
m, v, b, g = (K.constant(n) for n in ([1, 1, 1], [2, 1, 1], [0, 0, 1], [1, 2, 1]))
add = lambda i, s: (i + s[0], [i + s[0]])
steps, start = x[:, :, None] + 1, [K.zeros((2, 1))]
mask = K.constant([[True, False, False], [True, False, True]], dtype="bool")
chances = K.softmax(K.constant([
    [[0, 3, 1, 2], [1, 0, 2, 2], [3, 0, 0, 1]], [[0, .5, 2, 1], [0, 1, 3, 0], [1, 1, 1, 1]]]))
twice = K.constant([[[0.9, 0.05, 0.05], [0.05, 0.05, 0.9], [0.9, 0.05, 0.05]]])
"""
PAST_ARRAYS = [  # measured on `tf.keras.backend` of TensorFlow 2.21
    ("K.cumsum(x)", [[0, 1, 2], [3, 5, 7]]),
    ("K.cumprod(x)", [[0, 1, 2], [0, 4, 10]]),
    ("K.cumsum(x, 1)", [[0, 1, 3], [3, 7, 12]]),
    ("K.argmin(-x)", [2, 2]),
    ("K.argmin(-x, 0)", [1, 1, 1]),
    ("K.cast_to_floatx(np.array([1, 2]))", np.array([1, 2], "float32")),
    ("K.cast_to_floatx(whole)", np.array([1, 2], "float32")),
    ("K.sqrt(K.constant([-1.0, 4.0]))", [0, 2]),
    ("K.clip(x, min_value=1, max_value=3)", [[1, 1, 2], [3, 3, 3]]),
    ("K.permute_dimensions(x, pattern=(1, 0))", [[0, 3], [1, 4], [2, 5]]),
    ("K.reverse(x, axes=0)", [[3, 4, 5], [0, 1, 2]]),
    ("K.pow(x, a=2)", [[0, 1, 4], [9, 16, 25]]),
    ("K.tile(x, n=(1, 2))", [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]]),
    ("K.maximum(y=x, x=K.constant(2.0))", [[2, 2, 2], [3, 4, 5]]),
    ("K.one_hot(indices=whole, num_classes=3)", [[0, 1, 0], [0, 0, 1]]),
    ("K.eye(2, 'int32')", np.eye(2, dtype="int32")),
    ("K.random_bernoulli((2,), 1.0, 'float64', 3)", np.ones(2)),
    ("K.random_bernoulli((2,))", [0, 0]),
    ("K.batch_normalization(x, m, v, b, g)", [[-0.70693, 0, 1.9995], [1.4139, 5.997, 4.998]]),
    ("K.batch_normalization(x, mean=m, var=v, beta=None, gamma=g, epsilon=0.1)",
     [[-0.69007, 0, 0.9535], [1.3801, 5.7208, 3.8139]]),
    ("K.batch_dot(x, x)", [[5], [50]]),
    ("K.batch_dot(x, y, axes=(1, 1))", [[10, 13], [100, 112]]),
    ("K.batch_dot(z, x, axes=(3, 1))", [[[5, 14], [23, 32]], [[158, 194], [230, 266]]]),
    ("K.batch_dot(x, z, axes=(1, 3))", [[[5, 14], [23, 32]], [[158, 194], [230, 266]]]),
    ("K.batch_dot(z, y)[0]", [[[10, 13], [28, 40]], [[46, 67], [64, 94]]]),
    ("K.batch_dot(z, z, axes=3)[1, 1, 0]", [[743, 914], [1085, 1256]]),
    ("K.bias_add(x[None, None], K.constant([[[0.], [1.], [2.]]]), 'channels_first')", [[[[0, 2, 4], [3, 5, 7]]]]),
    ("K.bias_add(y, x, 'channels_first')", [[[0, 2], [4, 6], [8, 10]], [[6, 8], [10, 12], [14, 16]]]),
    ("K.reshape(x, shape=(3, 2))", [[0, 1], [2, 3], [4, 5]]),
    ("K.rnn(add, steps, start, mask=mask)[1][..., 0]", [[1, 1, 1], [4, 4, 10]]),
    ("K.rnn(add, steps, start, mask=mask, zero_output_for_mask=True)[1][..., 0]", [[1, 0, 0], [4, 0, 10]]),
    ("K.rnn(add, steps, start, return_all_outputs=False)[1]", [[[6]], [[15]]]),
    ("K.rnn(add, steps, start, go_backwards=True)[1][..., 0]", [[3, 5, 6], [6, 11, 15]]),
    ("K.rnn(add, K.permute_dimensions(steps, (1, 0, 2)), start, time_major=True)[1][..., 0]",
     [[1, 4], [3, 9], [6, 15]]),
    ("K.constant([1, 2, 3, 4], shape=(2, 2))", np.array([[1, 2], [3, 4]], "float32")),
    ("K.constant([3], shape=(2, 2), dtype='int32')", np.full((2, 2), 3, "int32")),
    ("K.binary_crossentropy(K.constant([0., 1.]), K.constant([.2, .8]))", [0.2231435, 0.2231434]),
    ("K.binary_crossentropy(K.constant([0., 1.]), K.constant([2., 3.]), from_logits=True)", [2.126928, 0.04858735]),
    ("K.spatial_2d_padding(x[None, :, :1, None], ((1, 0), (0, 2)))[0, ..., 0]", [[0, 0, 0], [0, 0, 0], [3, 0, 0]]),
    ("K.spatial_2d_padding(x[None, None, :, :1], ((1, 0), (0, 2)), 'channels_first')[0, 0]",
     [[0, 0, 0], [0, 0, 0], [3, 0, 0]]),
    ("K.map_fn(lambda pair: pair[0] * pair[1], (x, 2 * x))", [[0, 2, 8], [18, 32, 50]]),
    ("K.map_fn(lambda row: (row, K.sum(row)), x)[1]", [3, 12]),
    ("K.in_test_phase(x, -x)", [[0, 1, 2], [3, 4, 5]]),
    ("K.switch(K.constant([[1.], [0.]]), x, -x)", [[0, 1, 2], [-3, -4, -5]]),
    ("K.switch(K.constant(0.), lambda: x, lambda: -x)", [[0, -1, -2], [-3, -4, -5]]),
    ("K.relu(x - 2, alpha=.1, max_value=2., threshold=1.)", [[-0.3, -0.2, -0.1], [0, 2, 2]]),
    ("K.moving_average_update(K.variable([1., 2.]), K.constant([3., 4.]), .9)", [1.2, 2.2]),
    ("K.batch_dot(x, y[:, :, ::-1], axes=1)", [[13, 10], [112, 100]]),
    ("K.ctc_batch_cost(K.constant([[0, 1], [2, 0]]), chances, K.constant([[3], [2]]), K.constant([[2], [1]]))",
     [[6.04502], [0.40799]]),
    ("K.ctc_decode(chances, np.array([3, 2]), greedy=False, beam_width=4, top_paths=2)[0][0]",
     [[1, 0, -1], [2, -1, -1]]),
    ("K.ctc_decode(chances, np.array([3, 2]), greedy=False, beam_width=4, top_paths=2)[0][1]",
     [[1, 2, 0], [1, 2, -1]]),
    ("K.ctc_decode(twice, np.array([3]), greedy=False)[0][0]", [[0, -1, -1]]),
]  # fmt: skip


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("code", "value"), PAST_ARRAYS, ids=[row[0] for row in PAST_ARRAYS])
def test_functions_of_the_backend_give_what_they_gave(code: str, value: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = np.asarray(run(f"{ARRAYS}found = {code}")["found"])
    np.testing.assert_allclose(found, value, rtol=1e-4)
    assert not isinstance(value, np.ndarray) or found.dtype == value.dtype


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("code", [
    "K.batch_dot(x, x, axes=1)", "K.spatial_2d_padding(x[:, :, None, None])[:, 0, 0]",
    "K.resize_images(x[:, :, None, None], 2, 1, 'channels_last')[:, ::2, 0, 0]"])  # fmt: skip
def test_functions_of_the_backend_make_no_layers_in_a_step(code: str) -> None:
    runs: list[int] = []
    names = {"K": run("from keras import backend as K")["K"]}

    def call(x: Any) -> Any:
        runs.append(1)
        return eval(code, names, {"x": x})

    layers = minikeras.layers
    model = minikeras.Sequential([minikeras.Input((3,)), layers.Dense(3), layers.Lambda(call)])
    model.compile("sgd", lambda y_true, y_pred: minikeras.ops.mean(y_pred))
    model.fit(np.ones((64, 3)), np.ones(64), batch_size=1, verbose=0)
    assert len(runs) < 16  # the other steps are replayed, which no step is if each makes a layer


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("how", ["nearest", "bilinear"])
@pytest.mark.parametrize("order", ["channels_last", "channels_first", None])
def test_resize_images_gives_what_its_layer_gives(order: Any, how: Any) -> None:
    k, x = run("from keras import backend as K")["K"], np.random.default_rng(0).random((2, 3, 4, 5), "float32")
    layer = minikeras.layers.UpSampling2D((2, 3), order, how)
    np.testing.assert_array_equal(k.resize_images(minikeras.ops.array(x), 2, 3, order, how), layer(x))
    assert k.resize_images(minikeras.Input((None, None, 3)), 2, 3, "channels_last", how).shape == (None, None, None, 3)


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_batch_dot_keeps_floats_next_to_integers() -> None:
    found = run(f"{ARRAYS}found = K.batch_dot(K.constant([[1, 2]], 'int32'), K.constant([[0.5, 0.25]]))")["found"]
    np.testing.assert_array_equal(found, [[1.0]])


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("code", ["K.batch_dot(x, y, axes=0)", "K.batch_dot(x, y, (1, -3))", "K.batch_dot(m, x)"])
def test_batch_dot_needs_axes_after_the_batch(code: str) -> None:
    with pytest.raises(ValueError, match="not the batch"):
        run(f"{ARRAYS}{code}")


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("call", ["K.in_train_phase(x + 1, lambda: x)", "x + 1 if K.learning_phase() else x",
                                  "K.in_test_phase(x, x + 1)"])  # fmt: skip
def test_layers_ask_the_backend_whether_they_are_trained(call: str) -> None:
    found = run(f"""
import numpy as np
from keras import Input, Sequential, backend as K, layers
class Mine(layers.Layer):
    def call(self, x):
        return {call}
model = Sequential([Input((1,)), Mine()])
model.compile("sgd", lambda t, y: K.mean(y))
x = np.zeros((2, 1))
losses = [model.train_on_batch(x, x) for _ in range(3)], model.predict(x, verbose=0).tolist()
""")
    assert found["losses"] == ([1, 1, 1], [[0], [0]])


GRAPH = """
import numpy as np
from keras import Input, Model, backend as K, layers, optimizers
x, c = Input((2,)), K.placeholder(shape=(None, 1))
h = layers.Dense(3, "tanh", name="h")(x)
y = layers.Dense(1)(h)
model = Model(x, y)
X, C = np.array([[1.0, 2.0], [3.0, -1.0]]), np.ones((2, 1))
w, v = (layer.get_weights()[0] for layer in model.layers[1:])
"""


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_symbolic_gradients_are_functions_of_the_inputs() -> None:
    found = run(f"""{GRAPH}
both = K.gradients(y * c, [h, x, model.layers[2].kernel])
at_h, at_x, at_v, scaled = K.function([x, c], [*both, both[0] / K.mean(K.abs(both[0]))])([X, 2 * C])
""")
    h = np.tanh(found["X"] @ found["w"])
    v = found["v"]
    np.testing.assert_allclose(found["at_h"], 2 * np.tile(v.T, (2, 1)), rtol=1e-5)
    np.testing.assert_allclose(found["at_x"], 2 * (v.T * (1 - h * h)) @ found["w"].T, rtol=1e-4)
    np.testing.assert_allclose(found["at_v"], 2 * h.sum(0)[:, None], rtol=1e-5)
    np.testing.assert_allclose(np.abs(found["scaled"]).mean(), 1, rtol=1e-5)
    with pytest.raises(NotImplementedError, match="GradientTape"):
        run("from keras import backend as K; K.gradients(K.constant(1.0), [])")


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("updates", [
    "optimizers.SGD(0.5).get_updates(loss, [k])", "optimizers.SGD(0.5).get_updates([k], [], loss)",
    "optimizers.SGD(0.5).get_updates(params=[k], loss=loss)", "[(k, k - 0.5 * K.gradients(loss, k)[0])]",
])  # fmt: skip
def test_functions_update_variables(updates: str) -> None:
    found = run(f"""{GRAPH}
loss, k = K.sum(y * c), model.layers[2].kernel
step = K.function([x, c], [loss], updates={updates})
before, after = step([X, C]), K.get_value(k)
""")
    h = np.tanh(found["X"] @ found["w"])
    np.testing.assert_allclose(found["before"], [(h @ found["v"]).sum()], rtol=1e-5)
    np.testing.assert_allclose(found["after"], found["v"] - 0.5 * h.sum(0)[:, None], rtol=1e-4)


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_updates_that_have_happened_stay() -> None:
    found = run(f"""{GRAPH}
count = K.variable(1.0)
total = K.function([x], [K.sum(x)], updates=[K.update_add(count, 2.0)])([X])[0]
after = K.get_value(count)
""")
    assert (found["after"], found["total"]) == (3, pytest.approx(found["X"].sum()))


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_level_of_a_dropout_may_be_a_variable() -> None:
    found = run("""
import numpy as np
from keras import Input, Sequential, backend as K, layers
level = K.variable(0.1)
model = Sequential([Input((1000,)), layers.Lambda(lambda x: K.dropout(x, level))])
model.compile("sgd", lambda t, y: K.mean(K.cast(K.equal(y, 0), "float32")) + 0 * level)
shares, x = [], np.ones((1, 1000))
for value in (0.1, 0.9):
    K.set_value(level, value)
    model(x, training=True)
    shares.append(model.train_on_batch(x, x))
""")
    assert found["shares"][0] < 0.2 < 0.8 < found["shares"][1]


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_learning_phase_that_has_no_effect_is_said_so() -> None:
    with pytest.warns(UserWarning, match=r"set_learning_phase\(1\) has no effect: pass training=True"):
        run("from keras import backend as K; K.set_learning_phase(0); K.set_learning_phase(1)")


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_updates_are_pairs_functions_or_done() -> None:
    found = run("""
from keras import Input, backend as K, layers
class Mean(layers.Layer):
    def build(self, shape):
        self.mean, self.count, self.calls = (self.add_weight(initializer="zeros", shape=()) for _ in range(3))
    def call(self, x):
        self.add_update([(self.mean, K.mean(x)), lambda: self.count.assign_add(1.0)])
        self.add_update(K.update_add(self.calls, 1.0))
        return x
layer = Mean()
layer(K.constant([1.0, 3.0])), layer(K.constant([2.0, 6.0]))
values = layer.get_weights()
try:
    layer.add_update(Input((2,)))
except TypeError as error:
    text = str(error)
""")
    assert found["values"] == [4, 2, 2]
    assert "Pass pairs (variable, value)" in found["text"]


@pytest.mark.usefixtures("installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_layers_tell_several_inputs_by_tuples_and_add_updates() -> None:
    found = run("""
from keras import Input, backend as K, layers
class Mask(layers.Layer):
    def build(self, shape):
        self.count = self.add_weight(shape=(1,), initializer="zeros", trainable=False)
    def call(self, x):
        self.add_update([K.update_add(self.count, [1])], x)
        return K.batch_flatten(x[0] * K.expand_dims(x[1], -1)) if isinstance(x, list) else K.batch_flatten(x)
    def compute_output_shape(self, shape):
        sizes = shape[0] if type(shape[0]) is tuple else shape
        return (None, sizes[1] * sizes[2])
mask = Mask()
shape = mask([Input((3, 4)), Input((3,))]).shape
mask([K.ones((1, 3, 4)), K.ones((1, 3))])
count = K.get_value(mask.count)
""")
    assert (found["shape"], found["count"]) == ((None, 12), [1])


@pytest.mark.usefixtures("installed")
def test_names_of_metrics_are_those_of_the_numbers() -> None:
    code = """
from keras import Input, Model, layers
import numpy as np
x = Input((2,))
model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
model.compile("sgd", "mse", metrics=[["mae"], ["mae", "mse"]])
X, Y = np.ones((4, 2)), [np.ones((4, 1))] * 2
scores, named = model.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0, return_dict=True)
names = model.metrics_names
"""
    found = run(code)
    assert found["names"] == ["loss", "a_loss", "b_loss", "a_mae", "b_mae", "b_mse"]
    assert dict(zip(found["names"], found["scores"], strict=True)) == found["named"]


@pytest.mark.usefixtures("installed")
def test_multi_head_attention_takes_a_key_of_none() -> None:
    assert last("import numpy, keras\nx = numpy.ones((1, 2, 3))\n"
                "keras.layers.MultiHeadAttention(1, 2)(query=x, value=x, key=None).shape") == (1, 2, 3)  # fmt: skip


@pytest.mark.usefixtures("installed")
def test_build_gets_shapes_that_have_as_list() -> None:
    code = """
import numpy as np
from keras import Input, layers, models
class Mine(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape.as_list()[-1], 2))
        super().build(input_shape)
    def call(self, x):
        return x @ self.w
    def compute_output_shape(self, input_shape):
        return tuple(input_shape.as_list()[:-1] + [2])
y = Mine()(np.ones((3, 4)))
shape = models.Sequential([Input((4,)), Mine(), Mine()]).output_shape
"""
    with pytest.warns(DeprecationWarning, match="as_list"):
        found = run(code)
    assert found["y"].shape == (3, 2)
    assert found["shape"] == (None, 2)


@pytest.mark.usefixtures("installed")
def test_a_first_state_may_be_none() -> None:
    found = run(
        "import numpy as np; from keras import layers; y = layers.GRU(2)(np.ones((3, 4, 5)), initial_state=None)"
    )
    assert found["y"].shape == (3, 2)


@pytest.mark.usefixtures("installed")
def test_callbacks_find_metrics_under_their_earlier_names(tmp_path: Path) -> None:
    code = f"""
from keras.callbacks import Callback, ModelCheckpoint, EarlyStopping
seen = []
class Stop(Callback):
    def on_epoch_end(self, epoch, logs={{}}):
        seen.append(logs.get('acc'))
checkpoint = ModelCheckpoint(r'{tmp_path}/{{epoch}}-{{val_acc:.1f}}.weights.npz', 'val_acc', save_weights_only=True)
model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y),
          callbacks=[Stop(), checkpoint, EarlyStopping('val_acc', patience=5)])
seen
"""
    seen = old(MODEL + code, "'accuracy'")
    assert all(isinstance(value, float) for value in seen)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("installed")
def test_a_checkpoint_has_a_period(tmp_path: Path) -> None:
    code = f"""
from keras.callbacks import ModelCheckpoint
checkpoint = ModelCheckpoint(r'{tmp_path}/{{epoch}}.weights.npz', save_weights_only=True, period=2)
model.fit(X, Y, epochs=5, verbose=0, callbacks=[checkpoint])
"""
    old(MODEL + code.strip(), "save_freq")
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["2", "4"]


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["weights", "folder/any name", "cp.ckpt"])
def test_weights_are_saved_under_any_name(tmp_path: Path, name: str) -> None:
    code = f"""
model.save_weights(r"{tmp_path / name}")
before = model.get_weights()
model.fit(X, Y, verbose=0)
model.load_weights(r"{tmp_path / name}").expect_partial()
[bool((a == b).all()) for a, b in zip(before, model.get_weights())]
"""
    assert old(MODEL + code, "name.weights.h5") == [True, True]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["weights.h5", "best.hdf5"])
def test_weights_are_saved_in_a_file_of_just_that_name(tmp_path: Path, name: str) -> None:
    pytest.importorskip("h5py")
    code = f"""
model.save_weights(r"{tmp_path / name}")
before = model.get_weights()
model.fit(X, Y, verbose=0)
model.load_weights(r"{tmp_path / name}")
[bool((a == b).all()) for a, b in zip(before, model.get_weights())]
"""
    assert old(MODEL + code, "name.weights.h5") == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("beside", "save"), [("m.h5", "save({}, save_format='h5')"), ("m.weights.h5", "save_weights({}, save_format='h5')")]
)
def test_a_file_of_hdf5_without_an_ending_touches_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: str, save: str
) -> None:
    pytest.importorskip("h5py")
    (tmp_path / beside).write_text("mine")
    name = repr(str(tmp_path / "m"))
    old(f"{MODEL}model.{save.format(name)}", "h5")
    assert {path.name for path in tmp_path.iterdir()} == {"m", beside}
    assert (tmp_path / beside).read_text() == "mine"
    (tmp_path / "m").write_text("mine too")
    monkeypatch.setattr("builtins.input", lambda question: "n")
    old(f"{MODEL}model.{save.format(name + ', overwrite=False')}", "h5")
    assert (tmp_path / "m").read_text() == "mine too"
    old(f"{MODEL}model.{save.format(repr(str(tmp_path / 'new' / 'm')))}", "h5")  # Keras 2 makes the folder
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("save", ["model.save(path)", "keras.models.save_model(model, path)"])
def test_models_are_saved_in_folders(tmp_path: Path, save: str) -> None:
    pytest.importorskip("h5py")
    code = f"""
import keras
path = r"{tmp_path / "my_model"}"
{save}
bool((keras.models.load_model(path).predict(X, verbose=0) == model.predict(X, verbose=0)).all())
"""
    assert old(MODEL + code, "my_model.keras") is True
    assert (tmp_path / "my_model").is_dir()


@pytest.mark.usefixtures("installed")
def test_json_of_a_model_with_a_loss_of_its_own_is_read() -> None:
    code = """
from keras.models import model_from_json
def own(y_true, y_pred):
    return K.mean(y_true - y_pred)
model.compile("sgd", own)
found = model_from_json(model.to_json())
"""
    assert not run("import warnings; warnings.simplefilter('ignore')\n" + MODEL + code)["found"].compiled


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("name", "weights"), [("cp.ckpt", True), ("model", False), ("best.hdf5", False)])
def test_checkpoints_are_saved_under_any_name(tmp_path: Path, name: str, weights: bool) -> None:
    if not weights:
        pytest.importorskip("h5py")
    load = "model.load_weights(path)" if weights else "model = keras.models.load_model(path)"
    names = run(
        MODEL
        + f"""
import keras, warnings
warnings.simplefilter("ignore")
path = r"{tmp_path / name}"
checkpoint = keras.callbacks.ModelCheckpoint(filepath=path, save_weights_only={weights})
model.fit(X, Y, epochs=2, verbose=0, callbacks=[checkpoint])
after = model.get_weights()
{load}
"""
    )
    for a, b in zip(names["after"], names["model"].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", PAST_TREES)
def test_past_trees_of_tensorflow_are_outdated(name: str) -> None:
    old(f"import {name} as found\nfound.layers.Dense(2).units", "tensorflow.keras")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", sorted(tables.MODULES))
def test_old_modules(name: str) -> None:
    old(f"import {name} as found\nfound.__name__", tables.MODULES[name])


def test_a_tokenizer_counts_words() -> None:
    tokenizer = text.Tokenizer(num_words=3, oov_token="?")
    tokenizer.fit_on_texts(["the cat sat", "the cat, the DOG"])
    assert tokenizer.word_index == {"?": 1, "the": 2, "cat": 3, "sat": 4, "dog": 5}
    read = text.tokenizer_from_json(tokenizer.to_json())
    for each in (tokenizer, read):
        assert each.texts_to_sequences(["the cat bird"]) == [*each.texts_to_sequences_generator(["the cat bird"])]
        assert each.texts_to_sequences(["the cat bird"]) == [[2, 1, 1]]  # the cat is number 3
        assert each.sequences_to_texts([[2, 3, 9]]) == [*each.sequences_to_texts_generator([[2, 3, 9]])] == ["the ? ?"]
        each.fit_on_texts(["dog"])
        assert (each.index_docs, each.word_counts["dog"]) == ({2: 2, 3: 2, 4: 2, 5: 1}, 2)


def test_a_tokenizer_counts_numbers() -> None:
    tokenizer = text.Tokenizer(num_words=4)
    with pytest.raises(ValueError, match="Fit the Tokenizer on some data"):
        tokenizer.sequences_to_matrix([[1]], "tfidf")
    tokenizer.fit_on_sequences([[1, 2, 2], [2]])
    rows = {mode: tokenizer.sequences_to_matrix([[1, 2, 2, 9], []], mode) for mode in ("binary", "count", "freq")}
    expected = {"binary": [0, 1, 1, 0], "count": [0, 1, 2, 0], "freq": [0, 0.25, 0.5, 0]}
    assert {mode: matrix.tolist() for mode, matrix in rows.items()} == {k: [v, [0] * 4] for k, v in expected.items()}
    rare = [0, np.log(1 + 2 / 2), (1 + np.log(2)) * np.log(1 + 2 / 3), 0]
    np.testing.assert_allclose(tokenizer.sequences_to_matrix([[1, 2, 2, 9]], "tfidf"), [rare])


def test_a_tokenizer_of_an_earlier_pickle_counts_on() -> None:
    tokenizer = text.Tokenizer()
    tokenizer.fit_on_texts(["a b", "a"])
    vars(tokenizer).update(word_docs={**tokenizer.word_docs})  # which was no Counter
    tokenizer.fit_on_texts(["a"])
    assert tokenizer.word_docs == {"a": 3, "b": 1}
    vars(tokenizer).update(index_docs={**tokenizer.index_docs})
    assert tokenizer.sequences_to_matrix([[1, 7]], "count").tolist() == [[0, 1, 0]]
    tokenizer.fit_on_sequences([[1, 7]])
    assert tokenizer.index_docs == {1: 4, 2: 1, 7: 1}


@pytest.mark.parametrize(
    ("settings", "given", "expected"),
    [
        ({"char_level": True, "lower": False}, "abA", ["a", "b", "A"]),
        ({"char_level": True}, "abA", ["a", "b"]),
        ({}, ["New York", "is"], ["new york", "is"]),
        ({"lower": False}, ["New York", "is"], ["New York", "is"]),
        ({"analyzer": str.split}, "Go-on Go", ["Go-on", "Go"]),
        ({"lower": False, "filters": "o"}, "Go-on Go", ["G", "-", "n"]),
        ({"split": ", "}, "a!b c, D", ["a", "b c", " d"]),  # what is put in is not filtered again
    ],
)
def test_a_tokenizer_splits_by_characters_or_an_analyzer(
    settings: dict[str, Any], given: Any, expected: list[str]
) -> None:
    tokenizer = text.Tokenizer(**settings)
    tokenizer.fit_on_texts([given])
    assert [*tokenizer.word_counts] == expected
    assert repr(tokenizer.word_counts).startswith("OrderedDict(")  # as tutorials print it


@pytest.mark.usefixtures("installed")
def test_merge_is_that_of_keras_1() -> None:
    code = MODEL + "from keras.layers import merge\na, b = Input((3,)), Input((3,))\n"
    assert old(code + "merge([a, b], mode='concat').shape", "keras.layers.concatenate(inputs)") == (None, 6)
    assert old(code + "merge([a, b], mode='sum').shape", "keras.layers.add(inputs)") == (None, 3)


def test_the_user_sees_the_warning_by_default(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from keras.layers import Dense\nprint(Dense(3, init='zeros').units)\n")
    out = subprocess.run([sys.executable, "-m", "minikeras", script], capture_output=True, text=True, check=True)
    assert out.stdout == "3\n"
    assert f"{script}:2: DeprecationWarning: Dense(init=...)" in out.stderr


@pytest.mark.usefixtures("installed")
def test_an_optimizer_of_two_models_and_metrics_of_all_outputs() -> None:
    import keras  # type: ignore[import-not-found, unused-ignore]

    x = np.ones((4, 2), "float32")
    optimizer = keras.optimizers.Adam(0.1)
    first, second = (keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]) for _ in "ab")
    first.compile(optimizer, "mse")
    with pytest.warns(DeprecationWarning, match="One optimizer for several models"):
        second.compile(optimizer, "mse")
    for model in (first, second, first):
        model.fit(x, x[:, :1], verbose=0)
    assert first.optimizer is optimizer
    assert [int(model.optimizer.iterations) for model in (first, second)] == [2, 1]
    i = keras.Input((2,))
    model = keras.Model(i, [keras.layers.Dense(1, name=name)(i) for name in "ab"])
    model.compile("sgd", "mse", metrics=["mae"])
    with pytest.warns(DeprecationWarning, match="for each output"):
        history = model.fit(x, [x[:, :1]] * 2, verbose=0).history
    assert {"a_mae", "b_mae"} <= set(history)
    for layer, name in ((model.get_layer(name), name) for name in "ab"):
        layer.set_weights([np.ones((2, 1)), np.zeros(1)] if name == "a" else [np.zeros((2, 1)), np.zeros(1)])
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanAbsoluteError(name="mae")])
    with pytest.warns(DeprecationWarning, match="for each output"):
        found = model.evaluate(x, [x[:, :1], 5 * x[:, :1]], verbose=0, return_dict=True)
    assert (found["a_mae"], found["b_mae"]) == (1, 5)


def test_uninstall_restores_modules_first_used_while_installed() -> None:
    code = "import minikeras as k; k.compat.install(); k.compat.uninstall(); print(k.Input is k.layers.Input)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


def test_a_seed_set_before_tensorflow_is_imported_counts() -> None:
    code = (
        "import minikeras.compat; minikeras.compat.install(); import keras; keras.utils.set_random_seed(1); "
        "import tensorflow as tf; print(*tf.random.normal((2,)).numpy().tolist())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [*map(float, out.stdout.split())] == pytest.approx([-1.1012203, 1.5457517])  # TensorFlow's
