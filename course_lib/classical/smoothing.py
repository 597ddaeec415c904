"""How an n-gram model gives a share to what it has not seen: three ways, one formula.

    P̂(x | c) = (n(c, x) + ε · q(x)) / (n(c) + ε)

c is the context, n(c, x) how often x followed it, and n(c) how often anything did. Maximum
likelihood has ε = 0. Additive smoothing has q = 1/m for each of the m tokens of the vocabulary.
Interpolated smoothing takes for q the same estimate with one token less of context.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MaximumLikelihood:
    """P̂(x | c) = n(c, x) / n(c): counts and nothing else.

    After a context that never occurred nothing was counted, and every token has probability 0.
    """


@dataclass(frozen=True)
class Additive:
    """P̂(x | c) = (n(c, x) + α) / (n(c) + α m): every count is α larger than it was.

    The formula of this module with ε = α m and q = 1/m; α = 1 is Laplace's rule.

    Raises:
        ValueError: `alpha` is not a positive number.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < math.inf:
            raise ValueError(
                f"alpha is {self.alpha}; it must be positive, or use MaximumLikelihood()"
            )


@dataclass(frozen=True)
class Interpolated:
    """Each order is smoothed with the next lower one, and the lowest with the uniform 1/m.

    P̂(x) = (n(x) + ε₁/m) / (n + ε₁)
    P̂(x′ | x) = (n(x, x′) + ε₂ P̂(x′)) / (n(x) + ε₂)
    P̂(x″ | x, x′) = (n(x, x′, x″) + ε₃ P̂(x″ | x′)) / (n(x, x′) + ε₃)

    and so on for longer contexts. εₖ is how many imagined observations of the lower order an order
    starts with: for a context seen often they weigh little, and for one never seen they are all
    there is, so that P̂ is exactly that of the shorter context.

    Source: MacKay and Peto (1995), *A hierarchical Dirichlet language model*; the three-level form
    as in Zhang et al., *Dive into Deep Learning*, "Language models".

    Raises:
        ValueError: No ε, or one that is not a positive number.
    """

    epsilons: tuple[float, ...]
    """ε₁, ε₂, …, one for each order."""

    def __post_init__(self) -> None:
        if not self.epsilons or not all(0 < epsilon < math.inf for epsilon in self.epsilons):
            raise ValueError(
                f"epsilons are {self.epsilons}; give one positive number for each order"
            )


Smoothing = MaximumLikelihood | Additive | Interpolated
