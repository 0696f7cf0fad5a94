"""Image ops: numbers worked by hand, gradients, wrong uses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minikeras import KerasTensor
from minikeras.layers import RandomContrast, Resizing
from minikeras.ops import image
from tests._core.test_tape import check_gradient, check_second, sample

IMAGE = sample(0.1, 0.9, 1, 4, 5, 3)
TURN = np.array([0.8, -0.53, 1.07, 0.41, 0.9, -0.52, 0.01, -0.02])
PLACES = np.array([[0.3, 1.6], [1.2, 2.4]])
CORNERS = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
DIFFERENTIATED: dict[str, tuple[Any, ...]] = {
    "resize": (IMAGE, (3, 7), "bicubic", True),
    "rgb_to_grayscale": (IMAGE,),
    "rgb_to_hsv": (IMAGE,),
    "hsv_to_rgb": (IMAGE,),
    "crop_images": (IMAGE, 1, 1, 1, 1),
    "pad_images": (IMAGE, 1, 1, 1, 1),
    "gaussian_blur": (IMAGE,),
    "sobel_edges": (IMAGE,),
    "ssim": (IMAGE, IMAGE[:, ::-1].copy(), 1.0, 3),
    "extract_patches": (IMAGE, 2, 1),
    "extract_patches_3d": (sample(0.1, 0.9, 1, 2, 3, 2, 2), (1, 2, 2), 1),
    "affine_transform": (IMAGE, TURN, "bilinear", "reflect"),
    "perspective_transform": (IMAGE, CORNERS, CORNERS + sample(-0.5, 0.5, 4, 2)),
    "map_coordinates": (IMAGE[0, :, :, 0], PLACES, 1),
    "map_coordinates nearest": (IMAGE[0, :, :, 0], PLACES, 0),
    "scale_and_translate": (IMAGE, (1, 3, 6, 3), [1.2, 0.9], [0.1, -0.3], (1, 2), "linear"),
}


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_gradients(name: str) -> None:
    op = getattr(image, name.split()[0])
    check_gradient(op, DIFFERENTIATED[name])
    check_second(op, DIFFERENTIATED[name])


def test_every_op_is_differentiated() -> None:
    assert {name.split()[0] for name in DIFFERENTIATED} == set(image.__all__)


def test_numbers_by_hand() -> None:
    row = np.array([[[1.0], [3.0]]])
    assert image.resize(row, (1, 4)).numpy()[0, :, 0].tolist() == [1, 1.5, 2.5, 3]
    assert image.resize(row, (1, 4), "nearest").numpy()[0, :, 0].tolist() == [1, 1, 3, 3]
    assert image.resize(row.astype("uint8"), (1, 4)).numpy()[0, :, 0].tolist() == [1, 2, 2, 3]  # halves to even
    np.testing.assert_allclose(image.rgb_to_hsv(np.array([[[0.0, 1.0, 0.0]]]))[0, 0], [1 / 3, 1, 1])
    np.testing.assert_allclose(image.hsv_to_rgb(np.array([[[2 / 3, 1.0, 0.5]]]))[0, 0], [0, 0, 0.5], atol=1e-6)
    x = np.arange(6.0).reshape(2, 3, 1)
    assert image.crop_images(x, 1, 1, 0, 0).numpy()[..., 0].tolist() == [[4, 5]]
    assert image.pad_images(x, 1, 0, 0, 0).numpy()[0, :, 0].tolist() == [0, 0, 0]
    shifted = image.affine_transform(x, np.array([1, 0, 1, 0, 1, 0, 0, 0]))  # each pixel reads its right neighbour
    assert shifted.numpy()[..., 0].tolist() == [[1, 2, 0], [4, 5, 0]]
    np.testing.assert_allclose(image.ssim(IMAGE, IMAGE, filter_size=3), [1], rtol=1e-6)
    plain = np.ones((1, 16, 16, 1), "float32")  # whose variance is 0 but for rounding
    np.testing.assert_array_equal(image.ssim(plain, plain), [1])
    flat = [np.full((1, 4, 4, 1), value) for value in (0.5, 0.25)]  # their means differ, and nothing else
    luminance = (2 * 0.5 * 0.25 + 0.1**2) / (0.5**2 + 0.25**2 + 0.1**2)  # as 0.01 * max_val is 0.1
    np.testing.assert_allclose(image.ssim(flat[0], flat[1], 10.0, 3), [luminance], rtol=1e-5)
    volume = np.arange(8.0).reshape(2, 2, 2, 1)
    assert image.extract_patches(volume, (2, 1, 2)).numpy()[0, :, 0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]
    assert image.extract_patches_3d(volume, 2, padding="same").tolist() == [[[[*range(8)]]]]


WRONG: dict[str, Callable[[], Any]] = {
    "rank": lambda: image.resize(np.ones((2, 2)), (1, 1)),
    "interpolation": lambda: image.resize(IMAGE, (1, 1), "other"),  # type: ignore[call-overload]  # checked by name
    "fill": lambda: image.affine_transform(IMAGE, TURN, fill_mode="other"),  # type: ignore[call-overload]
    "both": lambda: image.resize(IMAGE, (1, 1), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
    "size": lambda: image.resize(IMAGE, (1, 1, 1)),
    "no height": lambda: image.resize(IMAGE, (0, 1)),
    "less than nothing": lambda: image.crop_images(IMAGE, 0, 0, target_height=-1, target_width=1),
    "channels": lambda: image.rgb_to_grayscale(np.ones((2, 2, 2))),
    "dtype": lambda: image.rgb_to_hsv(np.ones((2, 2, 3), "int32")),
    "edges": lambda: image.crop_images(IMAGE, 1, 1),
    "negative": lambda: image.pad_images(IMAGE, 1, 1, -1, 1),
    "order": lambda: image.map_coordinates(IMAGE[0, :, :, 0], PLACES, 3),
    "places": lambda: image.map_coordinates(IMAGE, PLACES, 1),
}


def test_the_scale_may_be_symbolic() -> None:
    x, two = KerasTensor((25, 25, 3)), KerasTensor((2,))
    assert image.scale_and_translate(x, (20, 25, 3), two, two, (0, 1), "linear").shape == (20, 25, 3)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid|Expected|axes|axis|Only one|must be|Exactly two|negative|same"):
        WRONG[name]()


def test_images_of_integers_are_seen_as_their_numbers() -> None:
    images = (np.arange(432) * 37 % 256).astype("uint8").reshape(1, 12, 12, 3)
    floats = images.astype("float32")
    for op in (image.gaussian_blur, image.sobel_edges):
        np.testing.assert_allclose(op(images), op(floats), rtol=1e-6)
    of_integers, of_floats = (image.ssim(x, x[:, ::-1].copy(), 255.0) for x in (images, floats))
    np.testing.assert_allclose(of_integers, of_floats, rtol=1e-6)


def test_contrast_of_integers_changes() -> None:
    images = np.arange(128).reshape(2, 8, 8, 1).astype("uint8")
    layer = RandomContrast(0.5, seed=1)
    changed = layer(images, training=True).numpy()
    shares = changed.std(axis=(1, 2)) / images.std(axis=(1, 2))
    assert ((shares > 1) & (shares < 1.5)).all()
    assert not np.allclose(shares[0], shares[1])


def test_a_resized_image_does_not_depend_on_its_neighbours() -> None:
    one, other = np.array([[0, 90, 100, 10]], "uint8"), np.array([[0, 0, 255, 255]], "uint8")
    alone = image.resize(one[None, ..., None], (1, 7), "bicubic")
    together = image.resize(np.stack([one, other])[..., None], (1, 7), "bicubic")
    np.testing.assert_array_equal(alone[0], together[0])
    assert alone.dtype == "uint8"
    assert int(np.max(alone)) > 100  # the curve goes beyond the largest pixel


def test_nearest_reads_half_way_places_away_from_zero() -> None:
    row = np.arange(1.0, 5.0, dtype="float32").reshape(1, 1, 4, 1)
    half = np.array([[1, 0, -0.5, 0, 1, 0, 0, 0]], "float32")
    moved = image.affine_transform(row, half, "nearest", "constant", 9.0)
    assert np.ravel(moved).tolist() == [9.0, 2.0, 3.0, 4.0]


def test_images_of_bools_and_integers_keep_their_dtype() -> None:
    turned = image.affine_transform(np.ones((1, 4, 4, 1), bool), np.array([1, 0, 0.5, 0, 1, 0.5, 0, 0]), "bilinear")
    assert (turned.dtype, bool(np.all(turned))) == ("bool", True)
    assert image.extract_patches(np.full((1, 2, 2, 1), 7, "uint8"), 2).tolist() == [[[[7, 7, 7, 7]]]]
    assert image.extract_patches(np.full((1, 2, 2, 1), 7, "uint8"), 2).dtype == "uint8"


def test_whole_numbers_are_rounded_away_from_zero() -> None:
    places = np.array([[0.5, 1.5, 2.5, 3.5, 4.5]])
    for sign in (1, -1):
        between = image.map_coordinates(sign * np.arange(6, dtype="int32"), places, 1)
        assert between.tolist() == [sign * n for n in (1, 2, 3, 4, 5)]


def test_a_size_that_is_no_whole_number_is_refused() -> None:
    size: Any = (4.5, 4)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        image.resize(IMAGE, size)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        Resizing(*size)(IMAGE)


def test_no_image_of_a_batch_is_read_for_another() -> None:
    images = np.ones((3, 4, 4, 1), "float32")
    images[1, 1, 1] = np.nan
    turned = np.asarray(image.affine_transform(images, np.tile([1, 0.1, 0, 0, 1, 0.2, 0, 0], (3, 1))))
    assert [np.isnan(one).sum() for one in turned] == [0, 4, 0]


def test_the_aspect_ratio_is_kept_by_padding_or_cropping() -> None:
    x = np.arange(8.0).reshape(2, 4, 1)
    for wide in (True, False):
        seen = x if wide else x.transpose(1, 0, 2)
        padded, cropped = (
            image.resize(seen, (2, 2), "nearest", pad_to_aspect_ratio=True, fill_value=9.0),  # 4 by 4 before
            image.resize(seen, (2, 2), crop_to_aspect_ratio=True),
        )
        y, z = (np.asarray(result)[..., 0] for result in (padded, cropped))
        assert (y if wide else y.T).tolist() == [[1, 3], [9, 9]]
        assert (z if wide else z.T).tolist() == [[1, 2], [5, 6]]


def test_a_gray_image_stays_as_it_is() -> None:
    x = np.arange(8.0).reshape(2, 4, 1)
    assert image.rgb_to_grayscale(x).numpy().tolist() == x.tolist()
