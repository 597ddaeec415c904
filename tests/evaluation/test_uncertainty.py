import numpy as np
import pytest

from course_lib.evaluation import bootstrap_interval, cohen_kappa, wilson_interval


def test_wilson_never_leaves_the_unit_interval():
    for n in (1, 3, 50):
        for n_right in range(n + 1):
            low, high = wilson_interval(n_right, n)
            assert 0 <= low <= n_right / n <= high <= 1
            assert low < high


def test_wilson_covers_the_truth_about_95_times_in_100():
    draw = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.97):
        hits = 0
        for n_right in draw.binomial(60, share, size=2000):
            low, high = wilson_interval(int(n_right), 60)
            hits += low <= share <= high
        assert 0.92 < hits / 2000 < 0.985


def test_bootstrap_of_a_mean_is_about_its_standard_error():
    items = np.random.default_rng(1).normal(size=400).tolist()
    low, high = bootstrap_interval(items, lambda drawn: float(np.mean(drawn)), n_samples=2000)
    error = np.std(items) / 20
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert (low + high) / 2 == pytest.approx(np.mean(items), abs=0.1 * error)


def test_bootstrap_of_an_array_and_with_one_item():
    low, high = bootstrap_interval([3.0], lambda drawn: np.array([drawn[0], 1.0]), n_samples=5)
    assert low.tolist() == high.tolist() == [3.0, 1.0]


def test_kappa_of_chance_and_of_full_agreement():
    assert cohen_kappa(["A", "B", "A", "B"], ["A", "A", "B", "B"]) == 0.0
    assert cohen_kappa([1, 2, 3], [1, 2, 3]) == 1.0
    assert cohen_kappa(["A", "B"], ["B", "A"]) == -1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson_interval(3, 2), "n_right is 3; it must be between 0 and n, which is 2"),
        (lambda: wilson_interval(0, 0), "n must be at least 1"),
        (lambda: wilson_interval(1, 2, z=0.0), "z is 0.0; it must be positive"),
        (lambda: bootstrap_interval([], len), "items is empty"),
        (lambda: bootstrap_interval([1], len, level=1.0), "level is 1.0"),
        (lambda: bootstrap_interval([1], len, n_samples=0), "n_samples must be at least 1"),
        (lambda: cohen_kappa([1], [1, 2]), "first has 1 answers and second 2"),
        (lambda: cohen_kappa([], []), "at least one answer"),
        (lambda: cohen_kappa(["A"], ["A"]), "the same answer everywhere"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
