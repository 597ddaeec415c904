"""Scaling laws recovered from losses that are known to follow one."""

import math
import random

import pytest

from course_lib.evaluation.scaling_law import (
    LossSurface,
    fit_loss_surface,
    fit_power_law,
    isoflop_minimum,
)

# Hoffmann et al. 2022, section 3.3: the surface fitted to more than 400 runs.
CHINCHILLA = LossSurface(floor=1.69, a=406.4, alpha=0.34, b=410.7, beta=0.28)
RUNS = [(n, d) for n in (1e7, 5e7, 3e8, 2e9) for d in (1e8, 1e9, 1e10, 1e11)]


class TestLossSurface:
    def test_published_surface_gives_gopher_the_published_size(self) -> None:
        # Table 3 of the paper, third approach: 40 billion parameters for Gopher's 5.76e23.
        best, _ = CHINCHILLA.best_for(5.76e23)
        assert 30e9 < best < 45e9

    @pytest.mark.parametrize("operations", [1e15, 1e19, 1e23])
    def test_no_other_size_is_better(self, operations: float) -> None:
        best, least = CHINCHILLA.best_for(operations)
        others = [best * factor for factor in (0.25, 0.8, 0.99, 1.01, 1.25, 4)]
        assert all(CHINCHILLA.loss(n, operations / 6 / n) > least for n in others)

    def test_refuses_no_operations(self) -> None:
        with pytest.raises(ValueError, match="operations is 0; it must be above 0"):
            CHINCHILLA.best_for(0)


class TestFitLossSurface:
    def test_recovers_a_surface_from_its_losses(self) -> None:
        found = fit_loss_surface(
            [n for n, _ in RUNS], [d for _, d in RUNS], [CHINCHILLA.loss(*run) for run in RUNS]
        )
        assert found.floor == pytest.approx(CHINCHILLA.floor, rel=1e-3)
        assert found.alpha == pytest.approx(CHINCHILLA.alpha, rel=1e-3)
        assert found.beta == pytest.approx(CHINCHILLA.beta, rel=1e-3)
        assert found.a == pytest.approx(CHINCHILLA.a, rel=2e-2)
        assert found.b == pytest.approx(CHINCHILLA.b, rel=2e-2)

    def test_predicts_a_larger_run_from_noisy_ones(self) -> None:
        draws = random.Random(0)
        losses = [CHINCHILLA.loss(*run) * math.exp(draws.gauss(0, 0.003)) for run in RUNS]
        found = fit_loss_surface([n for n, _ in RUNS], [d for _, d in RUNS], losses)
        assert found.loss(1e10, 1e12) == pytest.approx(CHINCHILLA.loss(1e10, 1e12), rel=0.02)

    def test_one_broken_run_does_not_pull_the_surface(self) -> None:
        losses = [CHINCHILLA.loss(*run) for run in RUNS]
        losses[5] *= 1.3
        found = fit_loss_surface([n for n, _ in RUNS], [d for _, d in RUNS], losses)
        assert found.loss(3e8, 1e10) == pytest.approx(CHINCHILLA.loss(3e8, 1e10), rel=0.01)

    @pytest.mark.parametrize(
        ("sizes", "tokens", "losses", "message"),
        [
            ([1.0] * 4, [1.0] * 4, [1.0] * 4, "4 runs cannot decide five numbers"),
            ([1.0] * 5, [1.0] * 5, [1.0] * 4, "each run needs one of each"),
            ([1.0] * 5, [0.0] * 5, [1.0] * 5, "must be above 0"),
            ([1.0] * 5, [1.0] * 5, [math.nan] * 5, "must be above 0"),
        ],
    )
    def test_refuses(
        self, sizes: list[float], tokens: list[float], losses: list[float], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            fit_loss_surface(sizes, tokens, losses)


class TestIsoflopMinimum:
    def test_finds_the_lowest_point_of_the_published_surface(self) -> None:
        best, least = CHINCHILLA.best_for(1e19)
        sizes = [best * factor for factor in (0.5, 0.7, 1, 1.4, 2)]
        found, loss = isoflop_minimum(sizes, [CHINCHILLA.loss(n, 1e19 / 6 / n) for n in sizes])
        assert found == pytest.approx(best, rel=0.02)
        assert loss == pytest.approx(least, rel=1e-4)

    @pytest.mark.parametrize(
        ("sizes", "losses", "message"),
        [
            ([1.0, 2.0, 2.0], [1.0, 2.0, 3.0], "at least three sizes"),
            ([1.0, 2.0, 4.0], [3.0, 2.0, 1.5], None),
            ([1.0, 2.0, 4.0], [1.0, 2.0, 1.0], "no size in between is the best"),
            ([1.0, 2.0, 4.0], [1.0, 2.0], "3 sizes and 2 losses"),
            ([0.0, 2.0, 4.0], [2.0, 1.0, 2.0], "must be above 0"),
        ],
    )
    def test_refuses(self, sizes: list[float], losses: list[float], message: str | None) -> None:
        if message is None:
            assert isoflop_minimum(sizes, losses)[0] > 4  # beyond the sizes: told, not hidden
            return
        with pytest.raises(ValueError, match=message):
            isoflop_minimum(sizes, losses)


class TestFitPowerLaw:
    def test_goes_through_two_points(self) -> None:
        law = fit_power_law([2, 8], [3, 12])
        assert law(2) == pytest.approx(3)
        assert law(32) == pytest.approx(48)

    @pytest.mark.parametrize(
        ("x", "y", "message"),
        [
            ([1.0], [1.0], "two different points"),
            ([1.0, 1.0], [1.0, 2.0], "two different points"),
            ([1.0, 2.0], [1.0], "two different points"),
            ([1.0, 2.0], [1.0, -1.0], "must be above 0"),
        ],
    )
    def test_refuses(self, x: list[float], y: list[float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            fit_power_law(x, y)
