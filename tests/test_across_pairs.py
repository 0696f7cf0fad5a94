"""Seeds give these numbers, and files saved on the oldest NumPy open, on every Python and NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.across_pairs import check, numbers, save

NUMBERS: dict[str, Any] = {
    "Python's stream": [0.32383, 0.15085, 0.65093],
    "NumPy's stream": [0.07631, 0.77992, 0.43841],
    "order of rows": [3, 6, 2, 5, 0, 1, 4, 7],
    "unseeded": [0.69034, 0.39429, 0.50772],
    "normal": [0.34558, 0.82162, 0.33044],
    "uniform": [0.26161, 0.29849, 0.81423],
    "truncated_normal": [0.34558, 0.82162, 0.33044],
    "randint": [473, 511, 755, 950, 34, 144],
    "gamma": [0.26211, 0.17921, 0.16744],
    "beta": [0.34995, 0.06602, 0.00031],
    "binomial": [15, 20, 12, 20, 13, 14],
    "categorical": [[2, 2, 0, 2, 1, 1]],
    "shuffle": [5, 0, 1, 4, 2, 6, 3, 7],
    "dropout": [0, 0, 2, 0, 2, 2, 0, 2],
    "glorot_uniform": [0.66823, 0.67466, 0.03358],
    "he_normal": [-0.91167, -1.50559, -0.28235],
    "orthogonal": [-0.56771, -0.17582, 0.80424],
    "augmentation": [11.27532, 14.80697, 18.33861],
    "first weights": [-0.69163, 0.51562, 0.34635],
    "losses of fit": [0.73486, 0.6299, 0.13724],
    "predictions": [-0.14969, 0.05741, -0.02253],
}


def test_seeds_give_these_numbers() -> None:
    found = numbers()
    assert found.keys() == NUMBERS.keys()
    for name, expected in NUMBERS.items():
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=2e-5, err_msg=name)


def test_what_the_oldest_numpy_saved_is_read() -> None:
    check(Path(__file__).parent / "data" / "pairs")


def test_pickles_and_files_of_here_are_read_and_other_numbers_are_noticed(tmp_path: Path) -> None:
    save(tmp_path)
    check(tmp_path)
    with np.load(tmp_path / "given.npz") as file:
        given: dict[str, Any] = dict(file)
    np.savez(tmp_path / "given.npz", **{**given, "of_words": given["of_words"] + 1e-3})
    with pytest.raises(AssertionError, match="of_words"):
        check(tmp_path)
