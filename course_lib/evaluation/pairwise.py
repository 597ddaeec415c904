"""Ratings from comparisons: which of two answers is better, asked many times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from course_lib.config import check_positive
from course_lib.evaluation.uncertainty import bootstrap_interval

PER_FACTOR_OF_TEN = 400.0
"""Points on the Elo scale between two that win against each other ten times to one."""
START = 1000.0
_MAX_STEPS = 100


@dataclass(frozen=True)
class Vote:
    """One blind comparison.

    >>> Vote("greedy", "human", "human").score
    0.0

    Attributes:
        left: who wrote the text that was shown on the left, or first.
        right: who wrote the other one.
        winner: one of the two, or None where the rater saw no difference.
    """

    left: str
    right: str
    winner: str | None

    def __post_init__(self) -> None:
        if self.left == self.right:
            raise ValueError(f"left and right are both {self.left!r}; compare two different ones")
        if self.winner not in (self.left, self.right, None):
            raise ValueError(
                f"winner is {self.winner!r}; it must be {self.left!r}, {self.right!r} or None"
            )

    @property
    def score(self) -> float:
        """Points of the left side: 1, 0, or 0.5 for a tie."""
        if self.winner is None:
            return 0.5
        return 1.0 if self.winner == self.left else 0.0


def win_probability(rating: float, other: float) -> float:
    """Return the expected score of a player: 1 / (1 + 10^((other − rating) / 400)).

    Source: Elo 1978; with ratings as logarithms it is the model of Bradley and Terry 1952.

    >>> round(win_probability(1400, 1000), 4), win_probability(1000, 1000)
    (0.9091, 0.5)
    """
    return 1 / (1 + 10 ** ((other - rating) / PER_FACTOR_OF_TEN))


def elo_ratings(
    votes: Sequence[Vote], *, k: float = 32.0, start: float = START
) -> dict[str, float]:
    """Play the votes one after another; both ratings move by k times the surprise.

    R ← R + k (score − expected score), and the other one's by as much down. The result depends on
    the order of the votes and favors the last ones: it was made for players who change.

    Args:
        votes: in the order in which they are played.
        k: how far one vote can move a rating, in points.
        start: everybody's first rating.

    Returns:
        Name → rating, in order of appearance; their mean is `start`.

    Raises:
        ValueError: k is not positive.
    """
    if not k > 0:
        raise ValueError(f"k is {k}; it must be positive, such as 32")
    ratings = dict.fromkeys(_names(votes), start)
    for vote in votes:
        expected = win_probability(ratings[vote.left], ratings[vote.right])
        moved = k * (vote.score - expected)
        ratings[vote.left] += moved
        ratings[vote.right] -= moved
    return ratings


@dataclass(frozen=True)
class PairwiseFit:
    """Strengths that make the votes most probable.

    Attributes:
        ratings: name → rating on the Elo scale; their mean is 1000.
        left_advantage: points that the left side gains by standing there; 0 if not fitted.
    """

    ratings: Mapping[str, float]
    left_advantage: float


def bradley_terry(
    votes: Sequence[Vote], *, with_position: bool = False, prior: float = 0.01
) -> PairwiseFit:
    """Fit the Bradley–Terry model: P(left wins) = σ(θ_left − θ_right + β).

    σ(x) = 1 / (1 + e⁻ˣ). Maximizes Σ s log P + (1 − s) log(1 − P) − ½ · prior · (Σ θ² + β²) over
    the strengths θ, and β if asked for, by Newton's method; s is the score of the left side. All
    votes count alike, in any order. Without a prior the strength of one who always won would be
    infinite.

    Source: Bradley and Terry 1952; a logistic regression on the differences.

    Args:
        votes: in any order.
        with_position: fit β, the advantage of standing on the left; else it is 0.
        prior: weight of the pull towards equal strengths; small beside the number of votes.

    Raises:
        ValueError: No votes, or a prior that is not positive.
    """
    if not votes:
        raise ValueError("votes is empty; there is nothing to fit")
    if not prior > 0:
        raise ValueError(f"prior is {prior}; it must be positive, or a winner of all is infinite")
    names = _names(votes)
    design = _design(votes, names, with_position=with_position)
    scores = np.array([vote.score for vote in votes])
    strengths = np.zeros(design.shape[1])
    for _ in range(_MAX_STEPS):
        chance = 1 / (1 + np.exp(-design @ strengths))
        slope = design.T @ (scores - chance) - prior * strengths
        curvature = (design.T * (chance * (1 - chance))) @ design + prior * np.eye(len(slope))
        step = np.linalg.solve(curvature, slope)
        strengths = strengths + np.clip(step, -2.0, 2.0)  # far from the top a full step overshoots
        if np.abs(step).max() < 1e-10:
            break
    points = strengths * PER_FACTOR_OF_TEN / math.log(10)
    own = points[: len(names)]
    ratings = dict(zip(names, (own - own.mean() + START).tolist(), strict=True))
    return PairwiseFit(ratings, float(points[len(names)]) if with_position else 0.0)


def rating_intervals(
    votes: Sequence[Vote], *, n_samples: int = 200, level: float = 0.95, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return a bootstrap interval for each Bradley–Terry rating: votes drawn with replacement.

    Raises:
        ValueError: No votes, or a level that is not between 0 and 1.
    """
    check_positive("n_samples", n_samples)
    names = _names(votes)

    def fit(drawn: list[Vote]) -> Float[np.ndarray, " names"]:
        ratings = bradley_terry(drawn).ratings
        return np.array([ratings.get(name, START) for name in names])

    low, high = bootstrap_interval(votes, fit, n_samples=n_samples, level=level, seed=seed)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}


def _names(votes: Sequence[Vote]) -> list[str]:
    return list(dict.fromkeys(name for vote in votes for name in (vote.left, vote.right)))


def _design(
    votes: Sequence[Vote], names: Sequence[str], *, with_position: bool
) -> Float[np.ndarray, "votes features"]:
    """One row a vote: +1 for who stands left, −1 for who stands right, 1 for the place itself."""
    place = {name: i for i, name in enumerate(names)}
    design = np.zeros((len(votes), len(names) + with_position))
    for row, vote in zip(design, votes, strict=True):
        row[place[vote.left]] = 1.0
        row[place[vote.right]] = -1.0
    if with_position:
        design[:, -1] = 1.0
    return design
