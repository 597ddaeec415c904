"""A list of words with a number for each, and one number for every word that is not on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class Vocabulary:
    """The words of a text as ids; id 0 stands for every other word.

    The ids grow from the most frequent word to the rarest, equally frequent ones in the order of
    the alphabet.

    >>> vocabulary = Vocabulary.of("to be or not to be".split(), min_count=2)
    >>> vocabulary.words, vocabulary.encode(["to", "question"]).tolist()
    (('<unk>', 'be', 'to'), [2, 0])

    Raises:
        ValueError: A word is listed twice.
    """

    words: tuple[str, ...]
    """All entries, in the order of their ids; the first is the name of the unknown word."""

    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {word: index for index, word in enumerate(self.words)}
        if not self.words or len(ids) != len(self.words):
            twice = [word for word, times in Counter(self.words).items() if times > 1]
            raise ValueError(f"words must be different, and at least one; given twice: {twice[:3]}")
        object.__setattr__(self, "ids", ids)

    @classmethod
    def of(cls, text: Iterable[str], *, min_count: int = 1, unknown: str = "<unk>") -> Vocabulary:
        """The words that occur at least `min_count` times.

        Raises:
            TypeError: `text` is one string; split it into words first.
            ValueError: `min_count` is below 1.
        """
        if isinstance(text, str):
            raise TypeError("text is one string; split it into words first: text.split()")
        if min_count < 1:
            raise ValueError(f"min_count is {min_count}; it must be at least 1")
        counts = Counter(text)
        del counts[unknown]
        kept = [word for word, times in counts.items() if times >= min_count]
        return cls((unknown, *sorted(kept, key=lambda word: (-counts[word], word))))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: Sequence[str]) -> Int[np.ndarray, " N"]:
        """The id of each word, 0 for one that is not on the list.

        Raises:
            TypeError: `words` is one string.
        """
        if isinstance(words, str):
            raise TypeError("words is one string; split it into words first: text.split()")
        find = self.ids.get
        return np.fromiter((find(word, 0) for word in words), dtype=np.int64, count=len(words))

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The word of each id."""
        return [self.words[index] for index in ids]
