"""Texts as counted words: bag of words, TF-IDF, and search by cosine similarity.

First the clear version, on dictionaries; then `BagOfWords`, `TfIdf` and `SearchIndex`, which give
the same numbers for thousands of documents.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from course_lib.classical.sparse_rows import SparseRows

WORD = r"\b\w\w+\b"
"""Two or more letters, digits or underscores: scikit-learn's idea of a word."""


# ------------------------------------------------------------------ the clear version


def split_words(text: str, *, lowercase: bool = True, pattern: str = WORD) -> list[str]:
    """Return the words of a text in order.

    >>> split_words("The cat's pyjamas cost 12 dollars")
    ['the', 'cat', 'pyjamas', 'cost', '12', 'dollars']
    """
    return re.findall(pattern, text.lower() if lowercase else text)


def inverse_document_frequencies(bags: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Return how telling each word is: idf(w) = ln((1 + N) / (1 + n(w))) + 1.

    N is the number of documents and n(w) how many of them hold the word w. The ones added are
    scikit-learn's "smooth" form; a word of every document has 1, the least there is.

    Source: Spärck Jones 1972, for the idea; scikit-learn's user guide, for this form.

    >>> idf = inverse_document_frequencies([{"the": 2, "cat": 1}, {"the": 1, "dog": 1}])
    >>> round(idf["the"], 3), round(idf["cat"], 3)
    (1.0, 1.405)
    """
    documents_with = Counter(word for bag in bags for word in bag)
    n_documents = len(bags)
    return {
        word: math.log((1 + n_documents) / (1 + n)) + 1
        for word, n in sorted(documents_with.items())
    }


def weigh(bag: Mapping[str, int], idf: Mapping[str, float]) -> dict[str, float]:
    """Return the TF-IDF vector of a bag, of length 1: count times idf, divided by the length.

    Words without an idf, which no document of the collection has, are left out.
    """
    weights = {word: count * idf[word] for word, count in bag.items() if word in idf}
    length = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}


def cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Return the cosine of the angle between two bags: a · b / (|a| |b|), 0 where one is empty.

    >>> round(cosine({"cat": 3.0, "dog": 4.0}, {"cat": 1.0}), 3)
    0.6
    """
    dot = sum(weight * b[word] for word, weight in a.items() if word in b)
    lengths = math.sqrt(sum(w**2 for w in a.values()) * sum(w**2 for w in b.values()))
    return dot / lengths if lengths else 0.0


# ------------------------------------------------------------------ thousands of documents


@dataclass(frozen=True)
class BagSettings:
    """How a text becomes a vector; the defaults are those of scikit-learn's TfidfVectorizer.

    Attributes:
        lowercase: write all words small.
        pattern: regular expression of a word.
        stop_words: words to leave out.
        min_documents: leave out words that fewer documents have.
        max_share: leave out words that a larger share of the documents has.
        sublinear: replace a count n by 1 + ln n.
        use_idf: multiply by the inverse document frequency.
        smooth: add one to both counts in the idf, as if one more document held every word.
        norm: divide a vector by its length ("l2"), by the sum of its entries ("l1"), or not.

    Raises:
        ValueError: a setting is out of its range, or the pattern is no regular expression.
    """

    lowercase: bool = True
    pattern: str = WORD
    stop_words: Collection[str] = frozenset()
    min_documents: int = 1
    max_share: float = 1.0
    sublinear: bool = False
    use_idf: bool = True
    smooth: bool = True
    norm: str = "l2"

    def __post_init__(self) -> None:
        if isinstance(self.stop_words, str):
            raise ValueError(f"stop_words must be a set of words, got the text {self.stop_words!r}")
        if self.min_documents < 1:
            raise ValueError(f"min_documents must be at least 1, got {self.min_documents}")
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share must be above 0 and at most 1, got {self.max_share}")
        if self.norm not in ("l2", "l1", "none"):
            raise ValueError(f"norm must be 'l2', 'l1' or 'none', got {self.norm!r}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern {self.pattern!r} is not valid: {error}") from None
        object.__setattr__(self, "stop_words", frozenset(self.stop_words))


class BagOfWords:
    """The words of a collection, each with a column of its own, in alphabetical order.

    Args:
        texts: the collection.
        settings: which words count.

    Attributes:
        words: the word of each column.
        columns: the column of each word.

    Raises:
        TypeError: `texts` is one text instead of a list.
        ValueError: no word is left.
    """

    def __init__(self, texts: Sequence[str], settings: BagSettings | None = None) -> None:
        self.settings = settings or BagSettings()
        self._pattern = re.compile(self.settings.pattern)
        documents_with: Counter[str] = Counter()
        for text in _list_of_texts(texts):
            documents_with.update(set(self._split(text)))
        most = self.settings.max_share * len(texts)
        self.words = sorted(
            word
            for word, n in documents_with.items()
            if self.settings.min_documents <= n <= most and word not in self.settings.stop_words
        )
        if not self.words:
            raise ValueError(
                f"no word is left of {len(documents_with)} in {len(texts)} texts; lower "
                "min_documents, raise max_share, or look at pattern and stop_words"
            )
        self.columns = {word: column for column, word in enumerate(self.words)}

    def _split(self, text: str) -> list[str]:
        return self._pattern.findall(text.lower() if self.settings.lowercase else text)

    def counts(self, texts: Sequence[str]) -> SparseRows:
        """Return one row of counts per text; words that are not in the collection are left out."""
        bags = [Counter(self._split(text)) for text in _list_of_texts(texts)]
        columns = self.columns
        return SparseRows.from_dicts(
            [{columns[w]: n for w, n in bag.items() if w in columns} for bag in bags],
            len(self.words),
        )


class TfIdf:
    """TF-IDF vectors of a collection, equal to those of scikit-learn's TfidfVectorizer.

    tfidf(w, d) = tf(w, d) · idf(w), divided by the length of the row. Here tf is the count of word
    w in document d, or 1 + ln of it (`sublinear`), and idf(w) = ln((1 + N) / (1 + n(w))) + 1.

    Args:
        texts: the N documents.
        settings: how to count and weigh.

    Attributes:
        bag: the words and their columns.
        idf: [V], all ones without `use_idf`.
        vectors: [N V], sparse, the documents.
    """

    def __init__(self, texts: Sequence[str], settings: BagSettings | None = None) -> None:
        self.bag = BagOfWords(texts, settings)
        self.settings = self.bag.settings
        counts = self.bag.counts(texts)
        self.idf = self._inverse_document_frequencies(counts)
        self.vectors = self._weigh(counts)

    def _inverse_document_frequencies(self, counts: SparseRows) -> Float[np.ndarray, " V"]:
        if not self.settings.use_idf:
            return np.ones(counts.n_columns)
        documents_with = np.bincount(counts.columns, minlength=counts.n_columns)
        more = 1 if self.settings.smooth else 0
        idf: Float[np.ndarray, " V"] = (
            np.log((counts.n_rows + more) / (documents_with + more)) + 1.0
        )
        return idf

    def _weigh(self, counts: SparseRows) -> SparseRows:
        values = counts.values
        if self.settings.sublinear:
            values = 1.0 + np.log(values)
        return counts.with_values(values * self.idf[counts.columns]).normalized(self.settings.norm)

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the vectors of other texts, weighed by this collection's idf: [len(texts) V]."""
        return self._weigh(self.bag.counts(texts))


@dataclass(frozen=True)
class Hit:
    """One result of a search.

    Attributes:
        document: its position in the collection.
        score: cosine similarity with the query.
        words: the words shared with the query, the one that adds most to the score first.
    """

    document: int
    score: float
    words: tuple[str, ...]


class SearchIndex:
    """Search of a collection by cosine similarity, through an inverted index.

    The index keeps, for each word, the documents that hold it. A query touches only the documents
    of its own words, however large the collection.

    Args:
        tf_idf: the collection; its `settings.norm` may be any, scores are cosines all the same.
    """

    def __init__(self, tf_idf: TfIdf) -> None:
        self.tf_idf = tf_idf
        unit = tf_idf.vectors.normalized("l2")
        self.n_documents = unit.n_rows
        self._by_word = unit.transposed()

    def scores(self, query: str) -> Float[np.ndarray, " N"]:
        """Return the cosine similarity of every document with the query: [N]."""
        vector = self.tf_idf.transform([query]).normalized("l2")
        result = np.zeros(self.n_documents)
        for column, weight in zip(vector.columns, vector.values, strict=True):
            documents, weights = self._by_word.row(int(column))
            result[documents] += weight * weights
        return result

    def search(self, query: str, n: int = 5) -> list[Hit]:
        """Return the `n` most similar documents, best first; of equals, the first in order.

        Documents without any word of the query are no results, so there may be fewer than `n`.

        Raises:
            ValueError: `n` is below 1.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        scores = self.scores(query)
        best = np.argsort(-scores, kind="stable")[:n]
        return [
            Hit(int(document), float(scores[document]), self._shared(query, int(document)))
            for document in best
            if scores[document] > 0
        ]

    def _shared(self, query: str, document: int) -> tuple[str, ...]:
        asked = self.tf_idf.transform([query])
        columns, weights = self.tf_idf.vectors.row(document)
        held: Mapping[int, float] = dict(zip(columns.tolist(), weights.tolist(), strict=True))
        parts: list[tuple[float, int]] = [
            (-weight * held[column], column)
            for column, weight in zip(asked.columns.tolist(), asked.values.tolist(), strict=True)
            if column in held
        ]
        return tuple(self.tf_idf.bag.words[column] for _, column in sorted(parts))


def _list_of_texts(texts: Sequence[str]) -> Sequence[str]:
    if isinstance(texts, str):
        raise TypeError("texts is one text; give a list of texts, such as [text]")
    return texts
