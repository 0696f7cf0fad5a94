"""Small colour pictures of ten kinds of things."""

from .base import Split, fetch_folder, read_batches


def load_data() -> Split:
    """Return 50,000 colour images to train on and 10,000 to test on.

    The classes are 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship and 9 truck.

    Returns:
        (x_train, y_train), (x_test, y_test): images of shape (n, 32, 32, 3) with levels from 0 to 255, or
        (n, 3, 32, 32) if `config.image_data_format()` is "channels_first", and classes of shape (n, 1), all uint8; an
        OSError if the archive is not there and cannot be downloaded.

    Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    file_hash = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    folder = fetch_folder("cifar-10-python", file_hash, "cifar-10-batches-py")
    x_train, y_train = read_batches(folder, [f"data_batch_{i}" for i in range(1, 6)], "labels")
    x_test, y_test = read_batches(folder, ["test_batch"], "labels")
    return (x_train, y_train.astype("uint8")), (x_test, y_test.astype("uint8"))


__all__ = ["load_data"]
