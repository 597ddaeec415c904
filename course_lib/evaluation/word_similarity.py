"""How well similarities of word vectors follow people's ratings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from course_lib.data.vectors import WordVectors


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Spearman's ρ: the correlation of ranks, 1 where both lists have the same order.

    Equal numbers share the mean of their ranks.

    >>> round(rank_correlation([1.0, 2.0, 3.0], [10.0, 20.0, 15.0]), 3)
    0.5

    Raises:
        ValueError: the lists differ in length, or have fewer than two entries.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"a has {len(a)} numbers and b {len(b)}; give two lists of equal length")
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def score_similarities(
    vectors: WordVectors, pairs: Sequence[tuple[str, str, float]]
) -> tuple[float, int]:
    """Return Spearman's ρ between cosines and ratings, and how many pairs have vectors."""
    known = [(a, b, rating) for a, b, rating in pairs if a in vectors and b in vectors]
    cosines = [vectors.similarity(a, b) for a, b, _ in known]
    return rank_correlation(cosines, [rating for _, _, rating in known]), len(known)


def _ranks(numbers: Sequence[float]) -> Float[np.ndarray, " n"]:
    _, places, counts = np.unique(np.asarray(numbers), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Float[np.ndarray, " n"] = (last - (counts - 1) / 2)[places]
    return ranks
