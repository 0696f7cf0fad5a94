"""Networks for images: their shapes, where their weights come from, what they refuse, images in and classes out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Input, Variable, applications, ops
from minikeras.applications import imagenet_utils, network

NETWORKS: dict[str, Callable[..., Any]] = {
    name: getattr(applications, name) for name in ("EfficientNetB0", "MobileNetV2", "ResNet50", "VGG16")
}


@pytest.mark.parametrize(("alpha", "channels"), [(0.35, 1280), (1.3, 1664)])
def test_width_of_a_mobile_network(alpha: float, channels: int) -> None:
    model = applications.MobileNetV2((32, 32, 3), alpha, include_top=False, weights=None)
    assert (model.output_shape, model.name) == ((None, 1, 1, channels), f"mobilenetv2_{alpha:.2f}_32")


def test_features_of_any_size_and_scores_of_one() -> None:
    features = applications.MobileNetV2(include_top=False, weights=None, alpha=0.35)
    assert (features.input_shape, features.output_shape) == ((None, None, None, 3), (None, None, None, 1280))
    assert features.predict(np.ones((1, 64, 32, 3)), verbose=0).shape == (1, 2, 1, 1280)
    scores = applications.MobileNetV2(weights=None, alpha=0.35, classes=3, input_shape=(96, 96, 1))
    assert (scores.output_shape, scores.count_params()) == ((None, 3), 413_763)


def test_a_network_grows_on_a_tensor_and_its_features_train() -> None:
    image = keras.Input((32, 32, 3))
    turned = keras.layers.RandomFlip()(image)
    core = applications.MobileNetV2(include_top=False, weights=None, alpha=0.35, input_tensor=turned, pooling="avg")
    assert core.inputs[0] is image
    core.trainable = False
    model = keras.Sequential([core, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = core.get_weights()
    model.fit(np.ones((4, 32, 32, 3)), np.ones(4), verbose=0)
    np.testing.assert_equal(core.get_weights(), before)


def test_weights_of_a_file(tmp_path: Path) -> None:
    options: dict[str, Any] = {"include_top": False, "input_shape": (32, 32, 3), "alpha": 0.35}
    model = applications.MobileNetV2(weights=None, **options)
    model.save_weights(tmp_path / "net.weights.h5")
    again = applications.MobileNetV2(weights=tmp_path / "net.weights.h5", **options)
    np.testing.assert_equal(again.get_weights(), model.get_weights())


class Asked(Exception):
    """Carries what was to be downloaded."""


def ask(*args: Any, **options: Any) -> None:
    raise Asked(*args, options["cache_subdir"], options["file_hash"])


SERVER = "https://storage.googleapis.com/"
FILES = [
    ("EfficientNetB0", {}, "keras-applications/efficientnetb0.h5", "902e53a9f72be733fc0bcb005b3ebbac"),
    ("EfficientNetB0", {"include_top": False}, "keras-applications/efficientnetb0_notop.h5",
     "50bc09e76180e00e4465e1a485ddc09d"),
    ("ResNet50", {"include_top": False}, "tensorflow/keras-applications/resnet/"
     "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "4d473c1dd8becc155b73f8504c6f6626"),
    ("VGG16", {"include_top": False}, "tensorflow/keras-applications/vgg16/"
     "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"),
    ("MobileNetV2", {"input_shape": (96, 96, 3), "alpha": 0.35}, "tensorflow/keras-applications/mobilenet_v2/"
     "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96.h5", None),
    ("MobileNetV2", {"include_top": False, "input_shape": (160, 160, 3)}, "tensorflow/keras-applications/mobilenet_v2/"
     "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_160_no_top.h5", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "address", "digest"), FILES)
def test_weights_of_imagenet_come_from_keras(
    name: str, options: Any, address: str, digest: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "get_file", ask)
    with pytest.raises(Asked) as asked:
        NETWORKS[name](**options)
    assert asked.value.args == (address.rpartition("/")[2], SERVER + address, "models", digest)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no_file": ({"weights": "/no/such.weights.h5"}, "path of a file that exists"),
    "classes": ({"classes": 10}, "for 1000 classes"),
    "activation": ({"classifier_activation": "relu"}, "must be None or 'softmax'"),
    "small": ({"weights": None, "include_top": False, "input_shape": (31, 64, 3)}, "at least 32 x 32"),
    "open": ({"weights": None, "input_shape": (None, None, 3)}, "all sizes must be known"),
    "rank": ({"weights": None, "input_shape": (32, 32)}, "three sizes"),
    "another_size": ({"input_shape": (64, 64, 3)}, "images of 224"),
    "grey": ({"include_top": False, "input_shape": (64, 64, 1)}, "in 3 channels"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2"])
def test_what_does_not_fit_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NETWORKS[name](**options)


def test_images_of_many_channels_are_doubtful() -> None:
    with pytest.warns(UserWarning, match="1 or 3 channels"):
        applications.MobileNetV2((32, 32, 5), 0.35, include_top=False, weights=None)
    with pytest.raises(ValueError, match="alpha"):
        applications.MobileNetV2(alpha=0.4)


def test_images_as_networks_want_them() -> None:
    x = np.array([[[0.0, 127.5, 255.0]]], "float32")
    assert applications.mobilenet_v2.preprocess_input(x).tolist() == [[[-1, 0, 1]]]
    assert x.tolist() == [[[-1, 0, 1]]], "an array of floats is written over, as in Keras"
    caffe = applications.vgg16.preprocess_input(np.array([[[10, 20, 30]]]))
    np.testing.assert_allclose(caffe, [[[30 - 103.939, 20 - 116.779, 10 - 123.68]]], 1e-6)
    for dtype in ("uint8", "int64"):
        tensor = applications.vgg16.preprocess_input(ops.convert_to_tensor([[[10, 20, 30]]], dtype))
        np.testing.assert_allclose(tensor, caffe, 1e-6, err_msg=f"a tensor of {dtype}")
        variable = applications.vgg16.preprocess_input(Variable([[[10, 20, 30]]], dtype=dtype))
        np.testing.assert_allclose(variable, caffe, 1e-6, err_msg=f"a variable of {dtype}")
        symbol = applications.vgg16.preprocess_input(Input((4, 4, 3), dtype=dtype))
        assert symbol.dtype == "float32"
    torch = imagenet_utils.preprocess_input(np.full((3, 1, 1), 255), "channels_first", "torch")
    np.testing.assert_allclose(torch[0], (1 - 0.485) / 0.229, 1e-6)
    for wrong in ({"mode": "other"}, {"data_format": "other"}):
        with pytest.raises(ValueError, match="other"):
            imagenet_utils.preprocess_input(x, **wrong)  # type: ignore[arg-type]


def test_classes_of_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tmp_path / "names.json"
    names.write_text(json.dumps({str(i): [f"n{i}", f"class {i}"] for i in range(1000)}))
    monkeypatch.setattr(imagenet_utils, "get_file", lambda *args, **options: str(names))
    imagenet_utils._names.cache_clear()
    scores = np.zeros((2, 1000))
    scores[0, [3, 7]], scores[1, 999] = [0.25, 0.75], 1
    best = applications.resnet.decode_predictions(scores, top=2)
    assert best[0] == [("n7", "class 7", 0.75), ("n3", "class 3", 0.25)]
    assert best[1][0] == ("n999", "class 999", 1.0)
    imagenet_utils._names.cache_clear()
    with pytest.raises(ValueError, match="1000"):
        imagenet_utils.decode_predictions(np.zeros((1, 10)))


def test_the_names_of_classes_do_not_depend_on_the_locale(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"0": ["n0", "caf\u00e9"]}', "utf8")
    code = (
        "import numpy as np\n"
        "from minikeras.applications import imagenet_utils\n"
        "imagenet_utils.get_file = lambda *args, **options: 'names.json'\n"
        "print(ascii(imagenet_utils.decode_predictions(np.eye(1000)[:1], top=1)))\n"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "'caf\\xe9'" in done.stdout, done.stderr


def test_the_other_networks_say_that_they_are_not_here() -> None:
    from minikeras.applications import DenseNet121  # type: ignore[attr-defined]
    from minikeras.applications.resnet import ResNet101  # type: ignore[attr-defined]

    assert applications.resnet50.ResNet50 is applications.ResNet50  # type: ignore[attr-defined]
    for absent in (DenseNet121, ResNet101, applications.vgg19.preprocess_input):  # type: ignore[attr-defined]
        with pytest.raises(NotImplementedError, match=r"does not have keras\.applications"):
            absent()
