"""The former `keras.preprocessing.text`: texts become lists of word numbers."""

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import md5
from typing import Any, Literal

import numpy as np

from ..._base.typing import Array, Config
from .patches import outdated

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_TABLES = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def text_to_word_sequence(text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Args:
        text: The text.
        filters: Characters to replace by `split`.
        lower: Whether to convert to lower case.
        split: The separator of words.

    Example:
        >>> text_to_word_sequence("Good, good day!")
        ['good', 'good', 'day']
    """
    text = (text.lower() if lower else text).translate(dict.fromkeys(map(ord, filters), split))
    return [word for word in text.split(split) if word]


def hashing_trick(text: str, n: int, hash_function: Callable[[str], int] | str | None = None, filters: str = FILTERS,
                  lower: bool = True, split: str = " ") -> list[int]:  # fmt: skip
    """Return the hash of each word of a text, a number from 1 to n - 1.

    Args:
        text: The text.
        n: The number of hashes, 0 included, which no word gets.
        hash_function: Word -> integer, or "md5". The default is Python's `hash`, which differs from run to run.
        filters, lower, split: As for `text_to_word_sequence`.

    Example:
        >>> hashing_trick("a b a", 100, "md5")
        [92, 95, 92]
    """
    functions: dict[Any, Any] = {None: hash, "md5": lambda word: int(md5(word.encode()).hexdigest(), 16)}
    function: Any = functions.get(hash_function, hash_function)
    return [function(word) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def one_hot(text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """Return a number from 1 to n - 1 for each word of a text: `hashing_trick` with Python's `hash`.

    Example:
        >>> len(one_hot("Well done!", 50))
        2
    """
    return hashing_trick(text, n, hash, filters, lower, split)


class Tokenizer:
    """Numbers words by frequency: the most frequent word gets number 1.

    Args:
        num_words: Only numbers below this one appear in sequences and matrices; None keeps all words.
        filters, lower, split: As for `text_to_word_sequence`.
        char_level: Whether every character is a word.
        oov_token: A word for unknown words; it gets number 1.
        analyzer: Text -> words, in place of `text_to_word_sequence`.

    Example:
        >>> tokenizer = Tokenizer(num_words=3)
        >>> tokenizer.fit_on_texts(["the cat sat", "the cat", "the dog"])
        >>> tokenizer.word_index
        {'the': 1, 'cat': 2, 'sat': 3, 'dog': 4}
        >>> tokenizer.texts_to_sequences(["the sat cat"])
        [[1, 2]]
        >>> tokenizer.texts_to_matrix(["the cat"])
        array([[0., 1., 1.]])
    """

    def __init__(self, num_words: int | None = None, filters: str = FILTERS, lower: bool = True, split: str = " ",
                 char_level: bool = False, oov_token: str | None = None,
                 analyzer: Callable[[str], Iterable[str]] | None = None, **kwargs: Any) -> None:  # fmt: skip
        if "nb_words" in kwargs:
            outdated("Tokenizer(nb_words=...)", "num_words=")
            num_words = kwargs.pop("nb_words")
        self.document_count: int = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer got unexpected keyword arguments: {', '.join(kwargs)}.")
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: Counter[str] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: Counter[int] = Counter()

    def _words(self, text: str | list[str]) -> Iterable[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts (strings or lists of words), and number all words seen so far."""
        for text in texts:
            for word, count in Counter(self._words(text)).items():
                self.word_counts[word] = self.word_counts.get(word, 0) + count
                self.word_docs[word] = self.word_docs.get(word, 0) + 1  # in old pickles it is no Counter
            self.document_count += 1
        first = [] if self.oov_token is None else [self.oov_token]
        ranked = [*first, *sorted(self.word_counts, key=lambda word: -self.word_counts[word])]
        self.word_index = {word: i for i, word in enumerate(ranked, 1)}
        self.index_word = {i: word for word, i in self.word_index.items()}
        self.index_docs = Counter({self.word_index[word]: count for word, count in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count the sequences, and in how many of them each number occurs; the mode "tfidf" needs these counts."""
        self.document_count += len(sequences)
        for i in (i for sequence in sequences for i in {*sequence}):
            self.index_docs[i] = self.index_docs.get(i, 0) + 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the word numbers of each text; unknown and rare words become the `oov_token` or are left out."""
        return [*self.texts_to_sequences_generator(texts)]

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield the items of `texts_to_sequences` one by one."""
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        for text in texts:
            numbers = [self.word_index.get(word) for word in self._words(text)]
            numbers = [i if i is not None and i < (self.num_words or i + 1) else unknown for i in numbers]
            yield [i for i in numbers if i is not None]

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Return the text of each sequence: its known words, joined by blanks."""
        return [*self.sequences_to_texts_generator(sequences)]

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """Yield the items of `sequences_to_texts` one by one."""
        for sequence in sequences:
            words = [self.index_word.get(i) if i < (self.num_words or i + 1) else None for i in sequence]
            yield " ".join(word for word in (word or self.oov_token for word in words) if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any],
                        mode: Literal["binary", "count", "tfidf", "freq"] = "binary") -> Array:  # fmt: skip
        """Return a matrix (texts, num_words); see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]],
                            mode: Literal["binary", "count", "tfidf", "freq"] = "binary") -> Array:  # fmt: skip
        """Return a matrix (sequences, num_words), with a column for each word.

        Args:
            sequences: Lists of word numbers.
            mode: What a cell holds: whether the word occurs ("binary"), how often ("count"), its share of the sequence
                ("freq"), or its logarithmic count weighted by rarity ("tfidf").

        Raises:
            ValueError: for another mode, or if the width is unknown: no `num_words`, and no text fitted.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Specify a dimension (`num_words` argument), or fit on some text data first.")
        if mode not in ("binary", "count", "tfidf", "freq"):
            raise ValueError(f"Expected a mode 'binary', 'count', 'tfidf' or 'freq'. Received: {mode!r}.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using the mode 'tfidf'.")
        width = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), width))
        for row, sequence in zip(matrix, sequences, strict=True):
            for i, count in Counter(i for i in sequence if i < width).items():
                weight = (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(i, 0)))
                row[i] = {"binary": 1, "count": count, "freq": count / len(sequence), "tfidf": weight}[mode]
        return matrix

    def get_config(self) -> Config:
        """Return the settings and the counts, the latter as JSON texts."""
        settings = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        return {**{name: getattr(self, name) for name in settings},
                **{name: json.dumps(getattr(self, name)) for name in _TABLES}}  # fmt: skip

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer as a JSON text for `tokenizer_from_json`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer that `to_json` wrote.

    Example:
        >>> tokenizer = Tokenizer(oov_token="?")
        >>> tokenizer.fit_on_texts(["a b"])
        >>> tokenizer_from_json(tokenizer.to_json()).word_index
        {'?': 1, 'a': 2, 'b': 3}
    """
    config = json.loads(json_string)["config"]
    tables = {name: json.loads(config.pop(name)) for name in _TABLES}
    vars(tokenizer := Tokenizer(**config)).update(tables, word_docs=Counter(tables["word_docs"]))
    tokenizer.index_docs = Counter({int(i): count for i, count in tables["index_docs"].items()})
    tokenizer.index_word = {int(i): word for i, word in tables["index_word"].items()}
    return tokenizer


__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]
