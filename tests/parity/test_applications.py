"""Networks for images beside Keras's: the same layers, weights in the same order, and outputs from the same weights."""

import inspect
import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

import minikeras
from minikeras.applications import efficientnet, resnet, vgg16

CASES: dict[str, dict[str, Any]] = {
    "MobileNetV2": {"alpha": 0.35, "classes": 7, "input_shape": (32, 37, 3), "classifier_activation": None},
    "EfficientNetB0": {"include_top": False, "input_shape": (32, 33, 3), "pooling": "max"},
    "ResNet50": {"classes": 5, "input_shape": (32, 32, 3)},
    "VGG16": {"include_top": False, "input_shape": (32, 32, 3), "pooling": "avg"},
}


@pytest.mark.parametrize("name", CASES)
def test_networks(name: str) -> None:
    theirs, ours = (getattr(lib.applications, name)(weights=None, **CASES[name]) for lib in (keras, minikeras))
    expected, found = (json.loads(model.to_json())["config"] for model in (theirs, ours))
    assert found == expected
    assert [(w.path, tuple(w.shape)) for w in ours.weights] == [(w.path, tuple(w.shape)) for w in theirs.weights]
    rng = np.random.default_rng(0)
    ours.set_weights([w + 0.02 * rng.normal(size=w.shape).astype(w.dtype) if w.ndim else w for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    x = rng.random((2, *CASES[name]["input_shape"])).astype("float32")
    expected, found = np.asarray(theirs(x, training=False)), ours(x, training=False).numpy()
    np.testing.assert_allclose(found, expected, 2e-4, 1e-5 * np.abs(expected).max())


def test_weights_in_the_layout_of_the_files_of_imagenet(tmp_path: Path) -> None:
    options: dict[str, Any] = {"include_top": False, "input_shape": (32, 32, 3), "weights": None}
    theirs = keras.applications.EfficientNetB0(**options)
    theirs.layers[2].set_weights([np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.3, 0.4]), np.array(3)])
    with h5py.File(tmp_path / "net.h5", "w") as file:
        save_weights_to_hdf5_group(file, theirs)
    ours = minikeras.applications.EfficientNetB0(**{**options, "weights": str(tmp_path / "net.h5")})
    np.testing.assert_equal(ours.get_weights(), theirs.get_weights())
    x = np.random.default_rng(0).random((1, 32, 32, 3)).astype("float32")
    theirs.load_weights(tmp_path / "net.h5")  # which brings the statistics into use
    found = minikeras.Model(ours.inputs, ours.layers[2].output)(x).numpy()
    expected = np.asarray(keras.Model(theirs.inputs, theirs.layers[2].output)(x))
    np.testing.assert_allclose(found, expected, 1e-5)
    np.testing.assert_allclose(found, (x / 255 - [0.5, 0.4, 0.3]) / np.sqrt([0.2, 0.3, 0.4]), 1e-5)


OPEN: dict[str, dict[str, Any]] = {
    "MobileNetV2": {"include_top": False, "alpha": 1.4},
    "EfficientNetB0": {"input_shape": (64, 64, 3)},
    "ResNet50": {"include_top": False, "pooling": "max"},
}


@pytest.mark.parametrize("name", OPEN)
def test_networks_of_other_sizes_have_the_same_layers(name: str) -> None:
    theirs, ours = (getattr(lib.applications, name)(weights=None, **OPEN[name]) for lib in (keras, minikeras))
    assert ours.name == theirs.name
    assert json.loads(ours.to_json())["config"] == json.loads(theirs.to_json())["config"]


def test_hashes_of_weights() -> None:
    source = inspect.getsource(keras.applications.vgg16.VGG16)
    assert all(digest in source for digest in vgg16._HASHES)
    modules = keras.applications.resnet.ResNet50.__globals__, keras.applications.efficientnet.EfficientNetB0.__globals__
    assert (modules[0]["WEIGHTS_HASHES"]["resnet50"], modules[1]["WEIGHTS_HASHES"]["b0"]) == (
        resnet._HASHES,
        efficientnet._HASHES,
    )


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images(mode: str, data_format: str) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((3, 3, 3)).astype("float32") * 255
    for x in (image, rng.random((2, 3, 3, 3)) * 255, rng.integers(0, 256, (2, 3, 3, 3))):
        theirs, ours = (
            lib.applications.imagenet_utils.preprocess_input(x.copy(), data_format, mode) for lib in (keras, minikeras)
        )
        np.testing.assert_allclose(ours, theirs, 1e-6, 1e-5)
        assert ours.dtype == theirs.dtype
        theirs, ours = (
            lib.applications.imagenet_utils.preprocess_input(lib.ops.convert_to_tensor(x, "float32"), data_format, mode)
            for lib in (keras, minikeras)
        )
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), 1e-5, 1e-4)
    graphs = []
    for lib in (keras, minikeras):
        lib.utils.clear_session(free_memory=False)
        image = lib.Input((4, 4, 3))
        graphs.append(lib.Model(image, lib.applications.imagenet_utils.preprocess_input(image, mode=mode)))
    assert [op.name for op in graphs[1].operations] == [op.name for op in graphs[0].operations]
