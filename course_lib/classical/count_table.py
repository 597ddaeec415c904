"""Counting with sorted arrays: what n-gram models keep, and token ids checked on the way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from torch import Tensor

Tokens = Sequence[int] | Int[Tensor, " N"] | Int[np.ndarray, " N"]
"""One row of token ids, however it is held."""


def as_token_ids(
    tokens: object, argument: str, *, at_least: int = 0, vocab_size: int | None = None
) -> Int[np.ndarray, " N"]:
    """The tokens as an int64 array, checked.

    Raises:
        TypeError: Text, or numbers that are no integers.
        ValueError: Not one row, fewer than `at_least` ids, or one outside the vocabulary.
    """
    if isinstance(tokens, str | bytes):
        raise TypeError(f"{argument} is text; encode it first: tokenizer.encode(text)")
    array = tokens.cpu().numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{argument} are {array.dtype}; they must be integer ids")
    if array.ndim != 1 or len(array) < at_least:
        raise ValueError(
            f"{argument} has shape {array.shape}; give one row of at least {at_least} ids"
        )
    if not array.size:
        return array.astype(np.int64)
    low, high = int(array.min()), int(array.max())
    if low < 0 or (vocab_size is not None and high >= vocab_size):
        raise ValueError(
            f"{argument} hold ids from {low} to {high}; they must lie between 0 and "
            f"{'…' if vocab_size is None else vocab_size - 1}"
        )
    return array.astype(np.int64)


@dataclass(frozen=True)
class CountTable:
    """Sorted keys and a number for each: a dictionary that answers for whole arrays at once.

    >>> table = CountTable.count(np.array([7, 3, 7]))
    >>> table[np.array([3, 7, 5])].tolist(), table.places(np.array([3, 7, 5])).tolist()
    ([1, 2, 0], [0, 1, -1])
    """

    keys: Int[np.ndarray, " n"]
    values: Int[np.ndarray, " n"]

    @classmethod
    def count(cls, keys: Int[np.ndarray, " m"]) -> CountTable:
        """How often each different key occurs."""
        found, counts = np.unique(keys, return_counts=True)
        return cls(found, counts.astype(np.int64))

    def places(self, keys: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
        """Where each key stands in the table, −1 for one that is absent."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def __getitem__(self, keys: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
        """The number of each key, 0 for one that is absent."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=np.int64)
        places = self.places(keys)
        return np.where(places >= 0, self.values[places], 0)


@dataclass(frozen=True)
class ContextCounts:
    """Counts of one order, with the contexts numbered by their place in the level below."""

    grams: CountTable  # number of the context · V + token → count
    totals: Int[np.ndarray, " contexts"]  # how often each context is followed by anything

    @classmethod
    def count(
        cls, contexts: Int[np.ndarray, " n"], tokens: Int[np.ndarray, " n"], size: int, known: int
    ) -> tuple[ContextCounts, Int[np.ndarray, " n"]]:
        """The level, and the number of the n-gram at each place: the contexts of the next one."""
        keys, numbers, counts = np.unique(
            contexts * size + tokens, return_inverse=True, return_counts=True
        )
        totals = np.bincount(contexts, minlength=known)
        return cls(CountTable(keys, counts), totals), numbers.astype(np.int64)

    def total(self, contexts: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """n(c) of each context, 0 for an unknown one (−1)."""
        return np.where(contexts >= 0, self.totals[contexts], 0)

    def after(self, context: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """The tokens that followed a context, in the order of their ids, and how often each did."""
        start, stop = np.searchsorted(self.grams.keys, [context * size, (context + 1) * size])
        return self.grams.keys[start:stop] % size, self.grams.values[start:stop]
