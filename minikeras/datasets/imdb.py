"""Film reviews, positive or negative."""

from .base import Split, as_lists, fetch, prepare_texts, read_index
from .unpickle import read_lists


def load_data(path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None,
              seed: int = 113, start_char: int | None = 1, oov_char: int | None = 2,
              index_from: int | None = 3) -> Split:  # fmt: skip
    """Return 25,000 film reviews to train on and 25,000 to test on, and whether each is positive.

    A review is a list of word numbers; frequent words have small numbers. 0 is not used, so that it can be padding.

    Args:
        path: Name of the file in the cache folder.
        num_words: Words with this number or a larger one are replaced by `oov_char`; None for the largest alone.
        skip_top: Words with a smaller number than this are replaced.
        maxlen: Reviews of this many words or more are left out.
        seed: Seed of the order of the reviews.
        start_char: The first number of each review; None adds none.
        oov_char: The replacement of words; None drops them.
        index_from: Added to the number of each word, so that smaller numbers are free.

    Returns:
        (x_train, y_train), (x_test, y_test): arrays of lists, and labels of shape (n,), 1 if the review is positive.

    Raises:
        ValueError: if no review is shorter than `maxlen`.
        OSError: if the file is not there and cannot be downloaded.

    Source: Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
        >>> x_train[0][:5], y_train[0]  # doctest: +SKIP
        ([1, 14, 22, 16, 43], 1)
    """
    arrays = read_lists(fetch(path, "imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"))
    parts = ((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    train, test = prepare_texts(parts, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from)
    if not train[0] or not test[0]:
        raise ValueError(f"No review is shorter than maxlen={maxlen}. Increase it.")
    return as_lists(*train), as_lists(*test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return words and their numbers, to which `load_data` adds `index_from`.

    The file is `path` in the cache folder; an OSError if it is not there and cannot be downloaded.

    Example:
        >>> words = {number + 3: word for word, number in get_word_index().items()}  # doctest: +SKIP
        >>> words[4]  # doctest: +SKIP
        'the'
    """
    return read_index(path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")


__all__ = ["get_word_index", "load_data"]
