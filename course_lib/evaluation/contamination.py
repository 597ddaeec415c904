"""Has the model seen the test? Runs of words that a text shares with the training text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int

from course_lib.config import check_positive

_WORD = re.compile(r"[a-z0-9]+")
_UNKNOWN = -1


def normalized_words(text: str) -> list[str]:
    """Return the words of a text, lower-case, letters a–z and digits only.

    Source: Radford et al. 2019, section 4, which compares words in this form.

    >>> normalized_words("Fellow-Citizens of the Senate:")
    ['fellow', 'citizens', 'of', 'the', 'senate']
    """
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Overlap:
    """What a text shares with the indexed ones.

    Attributes:
        n: words in a run.
        found: [n_words − n + 1], whether the run that begins at each word is in the index.
    """

    n: int
    found: Bool[np.ndarray, " runs"] = field(repr=False)

    @property
    def n_runs(self) -> int:
        """Runs of n words in the text."""
        return len(self.found)

    @property
    def share(self) -> float:
        """Share of the runs that are in the index; 0 for a text with fewer than n words."""
        return float(self.found.mean()) if len(self.found) else 0.0

    @property
    def longest(self) -> int:
        """Words in the longest piece of the text all of whose runs are in the index."""
        best = length = 0
        for hit in self.found.tolist():
            length = length + 1 if hit else 0
            best = max(best, length)
        return best + self.n - 1 if best else 0


@dataclass(frozen=True)
class NGramIndex:
    """All runs of n words of some texts, numbered without ever being spelled out.

    Words get numbers; a pair of words gets the rank of (number, number) among the different pairs;
    a run of four is a pair of pairs, one of eight a pair of fours. A run of another length is a
    pair of two overlapping ones. So a run is one integer, and there are no collisions. (GPT-2's
    authors used a Bloom filter, which is smaller still and says "seen" by mistake once in 10⁸.)
    No run goes across the border of two texts.

    >>> index = NGramIndex.fit(["a new birth of freedom"], n=3)
    >>> index.overlap("there was a new birth, of sorts").found.tolist()
    [False, False, True, True, False]
    """

    n: int
    words: Mapping[str, int] = field(repr=False)
    levels: tuple[tuple[int, Int[np.ndarray, "_"]], ...] = field(repr=False)
    """Per doubling: how many words apart the two halves begin, and the sorted pairs."""

    @classmethod
    def fit(cls, texts: Iterable[str], *, n: int = 8) -> NGramIndex:
        """Index texts. Four million words take seconds.

        Raises:
            TypeError: texts is one string.
            ValueError: n is below 1, or no text has n words.
        """
        check_positive("n", n)
        if isinstance(texts, str):
            raise TypeError("texts is a string; give a list of texts")
        words: dict[str, int] = {}
        pieces: list[Int[np.ndarray, " W"]] = []
        border = np.array([_UNKNOWN])
        for text in texts:
            found = normalized_words(text)
            numbers = (words.setdefault(word, len(words)) for word in found)
            pieces += [np.fromiter(numbers, np.int64, len(found)), border]
        ids = np.concatenate(pieces) if pieces else border
        levels: list[tuple[int, Int[np.ndarray, "_"]]] = []
        for apart in _steps(n):
            keys = _pairs(ids, apart)
            known, ranks = np.unique(keys[keys >= 0], return_inverse=True)
            levels.append((apart, known))
            ids = np.full(len(keys), _UNKNOWN)
            ids[keys >= 0] = ranks
        if not (ids >= 0).any():
            raise ValueError(f"no text has {n} words; give longer ones or a smaller n")
        return cls(n, words, tuple(levels))

    def overlap(self, text: str) -> Overlap:
        """Look up every run of n words of a text."""
        found = normalized_words(text)
        ids = np.array([self.words.get(word, _UNKNOWN) for word in found], dtype=np.int64)
        for apart, known in self.levels:
            ids = _numbered(_pairs(ids, apart), known)
        return Overlap(self.n, ids >= 0)


def _steps(n: int) -> list[int]:
    """How far apart the halves begin: 1, 2, 4, … and, for the last one, what is missing to n."""
    steps, length = [], 1
    while length < n:
        step = min(length, n - length)
        steps.append(step)
        length += step
    return steps


def _pairs(ids: Int[np.ndarray, " N"], apart: int) -> Int[np.ndarray, " M"]:
    """One number for each pair of ids that stand `apart`; −1 where one of the two is unknown."""
    left, right = ids[: max(len(ids) - apart, 0)], ids[apart:]
    both = (left >= 0) & (right >= 0)
    keys: Int[np.ndarray, " M"] = np.where(both, (left << 31) | right, _UNKNOWN)
    return keys


def _numbered(keys: Int[np.ndarray, " M"], known: Int[np.ndarray, " K"]) -> Int[np.ndarray, " M"]:
    """The rank of each key among the known ones, or −1."""
    if not len(known):
        return np.full(len(keys), _UNKNOWN)
    places = np.searchsorted(known, keys).clip(max=len(known) - 1)
    ranks: Int[np.ndarray, " M"] = np.where(known[places] == keys, places, _UNKNOWN)
    return ranks
