"""Layers that resize, crop and change images beside Keras's, bit for bit the same random choices."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import minikeras

pytestmark = pytest.mark.parity

IMAGES = (255 * np.random.default_rng(0).uniform(size=(3, 6, 7, 2))).astype("float32")
CASES: dict[str, Callable[[Any], Any]] = {
    "flip": lambda k: k.layers.RandomFlip(seed=1),
    "flip_horizontal": lambda k: k.layers.RandomFlip("horizontal", seed=1, name="mine"),
    "rotation": lambda k: k.layers.RandomRotation(0.1, seed=2),
    "rotation_constant": lambda k: k.layers.RandomRotation((-0.2, 0.3), "constant", "nearest", 2, 3.0),
    "zoom": lambda k: k.layers.RandomZoom(0.2, seed=2),
    "zoom_both": lambda k: k.layers.RandomZoom((0.1, 0.2), 0.3, "nearest", seed=2),
    "translation": lambda k: k.layers.RandomTranslation(0.2, (-0.1, 0.3), "wrap", seed=2),
    "contrast": lambda k: k.layers.RandomContrast(0.3, seed=2),
    "contrast_range": lambda k: k.layers.RandomContrast((0.1, 0.4), (0, 100), seed=2),
    "brightness": lambda k: k.layers.RandomBrightness(0.3, seed=2),
    "crop": lambda k: k.layers.RandomCrop(3, 4, seed=3),
    "crop_larger": lambda k: k.layers.RandomCrop(8, 4, seed=3),
    "center": lambda k: k.layers.CenterCrop(3, 4),
    "center_larger": lambda k: k.layers.CenterCrop(8, 4),
    "resizing": lambda k: k.layers.Resizing(3, 9, "bicubic"),
    "resizing_crop": lambda k: k.layers.Resizing(5, 5, crop_to_aspect_ratio=True),
}


@pytest.mark.parametrize("name", CASES)
def test_everything_is_keras_s(name: str) -> None:
    found = []
    for k in (minikeras, keras):
        k.utils.clear_session(free_memory=False)
        layer = CASES[name](k)
        options = [{}, {"training": True}, {"training": False}] if "Random" in type(layer).__name__ else [{}]
        values = [np.asarray(layer(x, **kw)) for kw in options for x in (IMAGES, IMAGES[0])]
        found.append((values, layer.get_config(), layer.compute_output_shape(IMAGES.shape)))
    ours, theirs = found
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-3)  # of 255
    assert ours[1:] == theirs[1:]
    assert type(CASES[name](minikeras)).from_config(theirs[1]).get_config() == theirs[1]


WRONG: dict[str, Callable[[Any], Any]] = {
    "rotation": lambda k: k.layers.RandomRotation(2.0),
    "rotation_three": lambda k: k.layers.RandomRotation((0.1, 0.2, 0.3)),
    "contrast": lambda k: k.layers.RandomContrast(-0.1),
    "zoom": lambda k: k.layers.RandomZoom("much"),
    "fill": lambda k: k.layers.RandomZoom(0.1, fill_mode="other"),
    "interpolation": lambda k: k.layers.RandomTranslation(0.1, 0.1, interpolation="cubic"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings_are_refused_as_in_keras(name: str) -> None:
    for k in (minikeras, keras):
        with pytest.raises((ValueError, NotImplementedError)):
            WRONG[name](k)
