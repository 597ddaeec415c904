"""How the loss falls with the size of a model and the text it reads, fitted to trained models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]

OPERATIONS_PER_PARAMETER = 6
"""Per token of training: a multiplication and an addition forward, and twice that backward."""
_HUBER = 1e-3
"""Misses in ln L beyond which a run counts by its distance, not by the square of it."""


@dataclass(frozen=True)
class LossSurface:
    """L(N, D) = floor + a / N^alpha + b / D^beta, the loss of N parameters after D tokens.

    Source: Hoffmann et al. 2022, equation 2.

    Attributes:
        floor: what no size and no amount of text would go below, in the unit of the losses.
        a: of the term for the size.
        alpha: how fast it falls.
        b: of the term for the text.
        beta: how fast it falls.
    """

    floor: float
    a: float
    alpha: float
    b: float
    beta: float

    def loss(self, n_parameters: float, n_tokens: float) -> float:
        """Return L(N, D)."""
        return float(self.floor + self.a / n_parameters**self.alpha + self.b / n_tokens**self.beta)

    def best_for(self, operations: float) -> tuple[float, float]:
        """Return the N that gives the least loss for C = 6 N D operations, and that loss.

        Where the derivative of L(N, C / 6N) is 0: N^(α+β) = αa/βb · (C/6)^β.

        >>> surface = LossSurface(floor=1.0, a=10.0, alpha=0.5, b=10.0, beta=0.5)
        >>> [round(value, 6) for value in surface.best_for(6e8)]
        [10000.0, 1.2]

        Raises:
            ValueError: operations is not above 0.
        """
        if not operations > 0:
            raise ValueError(f"operations is {operations}; it must be above 0")
        product = operations / OPERATIONS_PER_PARAMETER
        ratio = self.alpha * self.a / (self.beta * self.b) * product**self.beta
        best = ratio ** (1 / (self.alpha + self.beta))
        return best, self.loss(best, product / best)


def fit_loss_surface(
    n_parameters: Sequence[float], n_tokens: Sequence[float], losses: Sequence[float]
) -> LossSurface:
    """Fit the five numbers of a surface to trained models.

    Least Huber loss between the logarithms of the losses and of the surface, the best of several
    starts. Source: Hoffmann et al. 2022, section 3.3.

    Args:
        n_parameters: N of each run.
        n_tokens: D of each run.
        losses: of each run, all in the same unit.

    Raises:
        ValueError: fewer than five runs, lists of different lengths, or a number not above 0.
    """
    if len({len(n_parameters), len(n_tokens), len(losses)}) > 1:
        raise ValueError(
            f"{len(n_parameters)} sizes, {len(n_tokens)} numbers of tokens and {len(losses)} "
            f"losses; each run needs one of each"
        )
    if len(losses) < 5:
        raise ValueError(f"{len(losses)} runs cannot decide five numbers")
    if not all(value > 0 for value in (*n_parameters, *n_tokens, *losses)):
        raise ValueError("sizes, tokens and losses must be above 0")
    log_n, log_d, log_l = (np.log(np.asarray(x, float)) for x in (n_parameters, n_tokens, losses))
    center_n, center_d = log_n.mean(), log_d.mean()

    def parts(x: Floats) -> Floats:
        # The terms' sizes are those at the middle of the data: so they do not hang on exponents.
        floor, size, text, alpha, beta = np.exp(x)
        of_size = size * np.exp(-alpha * (log_n - center_n))
        of_text = text * np.exp(-beta * (log_d - center_d))
        return np.stack([np.full_like(log_l, floor), of_size, of_text])

    def misses(x: Floats) -> Floats:
        missed: Floats = np.log(parts(x).sum(0)) - log_l
        return missed

    def slopes(x: Floats) -> Floats:
        each = parts(x) / parts(x).sum(0)
        alpha, beta = np.exp(x[3:])
        turned = (-alpha * (log_n - center_n) * each[1], -beta * (log_d - center_d) * each[2])
        return np.stack([*each, *turned], axis=1)

    middle = math.exp(log_l.mean())
    starts = [
        np.log([middle * share, middle * (1 - share) / 2, middle * (1 - share) / 2, power, power])
        for share in (0.1, 0.4, 0.7)
        for power in (0.2, 0.5)
    ]
    fits = [
        least_squares(misses, start, slopes, loss="huber", f_scale=_HUBER, max_nfev=300)
        for start in starts
    ]
    floor, size, text, alpha, beta = np.exp(min(fits, key=lambda fit: fit.cost).x).tolist()
    return LossSurface(
        floor,
        size * math.exp(alpha * center_n),
        alpha,
        text * math.exp(beta * center_d),
        beta,
    )


def isoflop_minimum(n_parameters: Sequence[float], losses: Sequence[float]) -> tuple[float, float]:
    """Fit a parabola to loss over ln N at one budget; return N and L of its lowest point.

    Source: Hoffmann et al. 2022, section 3.2.

    >>> n, loss = isoflop_minimum([1e3, 1e4, 1e5], [2.0, 1.0, 2.0])
    >>> round(n), round(loss, 6)
    (10000, 1.0)

    Raises:
        ValueError: fewer than three sizes, lists of different lengths, a number not above 0, or a
            parabola without a lowest point.
    """
    if len(n_parameters) != len(losses):
        raise ValueError(f"{len(n_parameters)} sizes and {len(losses)} losses")
    if len(set(n_parameters)) < 3:
        raise ValueError("a parabola needs at least three sizes")
    if not all(value > 0 for value in (*n_parameters, *losses)):
        raise ValueError("sizes and losses must be above 0")
    x = np.log(np.asarray(n_parameters, float))
    curve, slope, level = np.polyfit(x - x.mean(), np.asarray(losses, float), 2)
    if curve <= 0:
        raise ValueError("the losses do not go down and up again: no size in between is the best")
    lowest = -slope / (2 * curve)
    return float(np.exp(x.mean() + lowest)), float(level - slope**2 / (4 * curve))


@dataclass(frozen=True)
class PowerLaw:
    """y = scale · x^exponent."""

    scale: float
    exponent: float

    def __call__(self, x: float) -> float:
        """Return y at x."""
        return float(self.scale * x**self.exponent)


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw:
    """Draw the straight line through ln y over ln x with the least squares.

    >>> round(fit_power_law([1, 10, 100], [3, 0.3, 0.03]).exponent, 9)
    -1.0

    Raises:
        ValueError: fewer than two points, lists of different lengths, or a number not above 0.
    """
    if len(x) != len(y) or len(set(x)) < 2:
        raise ValueError(f"{len(x)} and {len(y)} numbers; a line needs two different points")
    if not all(value > 0 for value in (*x, *y)):
        raise ValueError("x and y must be above 0")
    exponent, start = np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)
    return PowerLaw(float(np.exp(start)), float(exponent))
