"""House prices in California."""

from typing import Literal

from .._base.checks import one_of
from .base import Split, read_table


def load_data(version: Literal["large", "small"] = "large", path: str = "california_housing.npz",
              test_split: float = 0.2, seed: int = 113) -> Split:  # fmt: skip
    """Return data on 20,640 districts of California in 1990, and the median value of a house in each.

    The columns: median income, median age of a house, rooms and bedrooms per household, people, people per household,
    latitude, longitude.

    Args:
        version: "large" for all districts, "small" for 600 of them.
        path, test_split, seed: See `boston_housing.load_data`.

    Returns:
        (x_train, y_train), (x_test, y_test): 8 columns, of shape (n, 8), and the value in dollars, of shape (n,).

    Raises:
        ValueError: if `test_split` is not at least 0 and below 1, or `version` is another.
        OSError: if the file is not there and cannot be downloaded.

    Source: Pace and Barry 1997, https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data(version="small")  # doctest: +SKIP
    """
    rows = {"large": None, "small": 600}[one_of("version", version, ("large", "small"))]
    file_hash = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
    return read_table(path, "california_housing.npz", file_hash, test_split, seed, rows)


__all__ = ["load_data"]
