"""Image ops beside Keras's on its NumPy backend."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from minikeras import ops
from minikeras.ops import image

pytestmark = pytest.mark.parity

rng = np.random.default_rng(2)
IMAGES = rng.uniform(size=(2, 7, 6, 3)).astype("float32")
FIRST = np.moveaxis(IMAGES, -1, 1).copy()
BYTES = rng.integers(0, 256, (2, 7, 6, 3), "uint8")
TURN = np.array([[0.8, -0.53, 1.0, 0.41, 0.9, -0.52, 0, 0], [1, 0, 2, 0, 1, -1, 0, 0]], "float32")
CORNERS = np.array([[[0, 0], [5, 0], [0, 6], [5, 6]], [[1, 0], [5, 1], [0, 5], [4, 6]]], "float32")
VOLUMES = rng.uniform(size=(2, 3, 5, 4, 2)).astype("float32")
PLACES = rng.uniform(-3, 9, (2, 5, 4)).astype("float32")
KEPT: dict[str, list[tuple[Any, ...]]] = {
    "resize": [
        *((x, (4, 9), how) for x in (IMAGES, IMAGES[0], BYTES) for how in ("nearest", "bilinear", "bicubic")),
        *((IMAGES, (5, 12), how, smooth) for how in ("lanczos3", "lanczos5") for smooth in (False, True)),
        (IMAGES, (4, 4), "bilinear", False, True),
        (IMAGES, (4, 9), "bilinear", True, False, True, "constant", 2.0),
        (FIRST, (8, 3), "bicubic", False, False, True, "constant", 0.5, "channels_first"),
        (FIRST, (3, 3), "nearest", False, True, False, "constant", 0.0, "channels_first"),
        (IMAGES, (7, 6)),
    ],
    "rgb_to_grayscale": [(IMAGES,), (BYTES,), (FIRST, "channels_first"), (IMAGES[..., :1],), (IMAGES[0],)],
    "rgb_to_hsv": [(IMAGES,), (FIRST, "channels_first"), (np.zeros((2, 2, 3), "float32"),)],
    "hsv_to_rgb": [(IMAGES,), (FIRST, "channels_first")],
    "crop_images": [
        (IMAGES, 1, 2, 0, 1),
        (IMAGES, 1, None, None, 2, 3, 2),
        (FIRST, None, 1, 2, None, 3, 3, "channels_first"),
    ],
    "pad_images": [
        (IMAGES, 1, 2, 0, 1),
        (IMAGES[0], 1, None, None, 2, 9, 9),
        (FIRST, None, 1, 2, None, 10, 8, "channels_first"),
    ],
    "gaussian_blur": [(IMAGES,), (IMAGES[0], (5, 3), (2.0, 0.7)), (FIRST, (3, 5), (1.0, 2.0), "channels_first")],
    "sobel_edges": [(IMAGES,), (FIRST, "channels_first")],
    "extract_patches": [(IMAGES, 2), (IMAGES, (3, 2), 1, 1, "same"), (FIRST, 2, 2, 1, "valid", "channels_first")],
    "extract_patches_3d": [(VOLUMES, 2), (VOLUMES, (1, 3, 2), 1, 1, "same"), (VOLUMES, 2, 1, 2), (VOLUMES[0], 2)],
    "affine_transform": [
        *((IMAGES, TURN, how, fill, 0.5) for how in ("nearest", "bilinear") for fill in image._FILLS),
        (FIRST, TURN, "bilinear", "reflect", 0, "channels_first"),
        (IMAGES[0], TURN[0]),
    ],
    "perspective_transform": [(IMAGES, CORNERS, CORNERS[::-1].copy()), (IMAGES[0], CORNERS[0], CORNERS[1], "nearest")],
    "map_coordinates": [(IMAGES[0, ..., 0], PLACES, order, fill, 0.5) for order in (0, 1) for fill in image._FILLS],
    "scale_and_translate": [
        (IMAGES, (2, 9, 4, 3), np.array([1.3, 0.7], "float32"), np.array([0.5, -1.0], "float32"), (1, 2), "linear"),
        (IMAGES, (2, 9, 4, 3), np.array([1.3, 0.7], "float32"), np.array([0.5, 1.0], "float32"), (1, 2), "cubic", 0),
    ],
}
UNCOMPARED = {"ssim": "Keras needs more than NumPy for it; tests/ops/test_image.py holds it"}


@pytest.mark.parametrize("name", KEPT)
def test_values(name: str) -> None:
    for case in KEPT[name]:
        given = [np.array(a) if isinstance(a, np.ndarray) else a for a in case]  # Keras changes a transform in place
        wanted = np.asarray(getattr(keras.ops.image, name)(*given))
        found = getattr(image, name)(*case)
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype.name.replace("float64", "float32")
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=2e-5, err_msg=str(case[1:]))


@pytest.mark.parametrize("name", image.__all__)
def test_signature_is_that_of_keras(name: str) -> None:
    def described(module: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(getattr(module, name)).parameters.values()]

    assert described(image) == described(keras.ops.image)


def test_every_op_is_compared() -> None:
    assert set(KEPT) | set(UNCOMPARED) == set(image.__all__)
    assert ops.image is image
