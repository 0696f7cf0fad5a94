"""News articles, and their topics."""

from .base import Split, as_lists, fetch, prepare_texts, read_index, split
from .unpickle import read_lists

_TOPICS = ("cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton "
           "carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock "
           "retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi "
           "hog lead")  # fmt: skip


def load_data(path: str = "reuters.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None,
              test_split: float = 0.2, seed: int = 113, start_char: int | None = 1, oov_char: int | None = 2,
              index_from: int | None = 3) -> Split:  # fmt: skip
    """Return 11,228 articles of Reuters, lists of word numbers as in `imdb`, and the topic of each, one of 46.

    Args:
        path, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from: See `imdb.load_data`.
        test_split: Fraction of the texts to test on.

    Returns:
        (x_train, y_train), (x_test, y_test): arrays of lists, and topics of shape (n,), which `get_label_names` names;
        an OSError if the file is not there and cannot be downloaded.

    Source: Reuters-21578, https://archive.ics.uci.edu/dataset/137

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    """
    arrays = read_lists(fetch(path, "reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"))
    texts = [(arrays["x"], arrays["y"])]
    (part,) = prepare_texts(texts, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from)
    train, test = split(*part, test_split)
    return as_lists(*train), as_lists(*test)


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return words and their numbers, to which `load_data` adds `index_from`, see `imdb.get_word_index`."""
    return read_index(path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")


def get_label_names() -> tuple[str, ...]:
    """Return the names of the 46 topics, in the order of their numbers.

    Example:
        >>> get_label_names()[3]
        'earn'
    """
    return tuple(_TOPICS.split())


__all__ = ["get_label_names", "get_word_index", "load_data"]
