"""How sure a measured figure is: intervals for shares and means, and how far two raters agree."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from course_lib.config import check_positive

Item = TypeVar("Item")
Z_95 = 1.959963984540054
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""


def wilson_interval(n_right: int, n: int, *, z: float = Z_95) -> tuple[float, float]:
    """Return the interval in which a share lies that was measured as n_right of n.

    It holds all shares q for which n_right / n is no more than z standard errors √(q(1 − q)/n)
    away from q:

        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n),   p = n_right / n.

    Never below 0 or above 1, and not of width 0 when all answers are right.

    Source: Wilson 1927.

    >>> [round(end, 3) for end in wilson_interval(8, 10)]
    [0.49, 0.943]

    Raises:
        ValueError: n is below 1, n_right is not between 0 and n, or z is not positive.
    """
    check_positive("n", n)
    if not 0 <= n_right <= n:
        raise ValueError(f"n_right is {n_right}; it must be between 0 and n, which is {n}")
    if not z > 0:
        raise ValueError(f"z is {z}; it must be positive, such as 1.96 for 95 %")
    share, extra = n_right / n, z * z / n
    middle = share + extra / 2
    reach = z * math.sqrt(share * (1 - share) / n + extra / (4 * n))
    low, high = (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)
    return low if n_right else 0.0, high if n_right < n else 1.0


def bootstrap_interval(
    items: Sequence[Item],
    statistic: Callable[[list[Item]], Any],
    *,
    n_samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Any, Any]:
    """Return the middle part of a statistic over samples drawn from the items, with replacement.

    What would other test sets of this kind have given? Samples of the same size out of the one we
    have stand in for them. The ends are the (1 − level)/2 quantiles; for an array-valued
    statistic, those of each entry.

    Source: Efron 1979 (the percentile interval).

    Args:
        items: what was drawn independently: questions, documents, votes.
        statistic: takes a list of items and returns a number or an array.
        n_samples: how many samples.
        level: the share of the samples inside.
        seed: of the draws.

    Raises:
        ValueError: No items, or a level that is not between 0 and 1.
    """
    check_positive("n_samples", n_samples)
    if not items:
        raise ValueError("items is empty; there is nothing to draw from")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1, such as 0.95")
    draw = np.random.default_rng(seed)
    values = []
    for _ in range(n_samples):
        places = draw.integers(len(items), size=len(items)).tolist()
        values.append(statistic([items[place] for place in places]))
    low, high = np.quantile(np.asarray(values), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return how far two raters agree beyond what chance would bring about.

    κ = (p_o − p_e) / (1 − p_e), with p_o the share of items on which they agree, and
    p_e = Σ_c p₁(c) p₂(c) the share to expect if each gave the answers c as often as they do, but at
    random. 1 is full agreement and 0 what chance gives.

    Source: Cohen 1960.

    >>> cohen_kappa(["A", "A", "B", "B"], ["A", "B", "B", "B"])
    0.5

    Raises:
        ValueError: The lists differ in length or are empty, or both raters gave one and the same
            answer everywhere, so that chance agrees as well.
    """
    if len(first) != len(second) or not first:
        raise ValueError(
            f"first has {len(first)} answers and second {len(second)}; give two equally long "
            "lists, at least one answer each"
        )
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    counts, others = Counter(first), Counter(second)
    expected = sum(counts[answer] * others[answer] for answer in counts) / n**2
    if expected == 1:
        raise ValueError("both raters gave the same answer everywhere; kappa is 0 / 0 there")
    return (observed - expected) / (1 - expected)
