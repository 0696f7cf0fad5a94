"""House prices in Boston."""

from .base import Split, read_table


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """Return data on 506 quarters of Boston in the 1970s, and the median price of a house in each.

    One of the columns, "B", was made on the assumption that people pay to live apart by race: use another data set,
    such as `california_housing`, unless that is your subject.

    Args:
        path: Name of the file in the cache folder.
        test_split: Fraction of the quarters to test on.
        seed: Seed of their order.

    Returns:
        (x_train, y_train), (x_test, y_test): 13 columns, of shape (n, 13), and the price in thousands of dollars, of
        shape (n,), all float64.

    Raises:
        ValueError: if `test_split` is not at least 0 and below 1.
        OSError: if the file is not there and cannot be downloaded.

    Source: Harrison and Rubinfeld 1978, http://lib.stat.cmu.edu/datasets/boston

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    file_hash = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    return read_table(path, "boston_housing.npz", file_hash, test_split, seed)


__all__ = ["load_data"]
