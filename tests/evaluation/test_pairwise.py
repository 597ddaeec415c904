import math

import numpy as np
import pytest

from course_lib.evaluation import (
    Vote,
    bradley_terry,
    elo_ratings,
    rating_intervals,
    win_probability,
)


def made_votes(strengths, n, *, left=0.0, seed=0):
    """Votes drawn from the model itself; strengths in points."""
    draw = np.random.default_rng(seed)
    names = list(strengths)
    votes = []
    for _ in range(n):
        a, b = draw.choice(len(names), 2, replace=False)
        chance = win_probability(strengths[names[a]] + left, strengths[names[b]])
        winner = names[a] if draw.random() < chance else names[b]
        votes.append(Vote(names[a], names[b], winner))
    return votes


TRUE = {"a": 1200.0, "b": 1000.0, "c": 800.0}


def test_two_players_have_the_odds_as_difference():
    votes = [Vote("a", "b", "a")] * 10 + [Vote("b", "a", "b")]
    fit = bradley_terry(votes, prior=1e-9)
    assert fit.ratings["a"] - fit.ratings["b"] == pytest.approx(400)


def test_strengths_and_place_are_found_again():
    votes = made_votes(TRUE, 6000, left=70.0)
    fit = bradley_terry(votes, with_position=True)
    assert fit.left_advantage == pytest.approx(70, abs=20)
    for name, rating in TRUE.items():
        assert fit.ratings[name] == pytest.approx(rating, abs=25)


def test_order_matters_to_elo_only():
    votes = made_votes(TRUE, 60)
    assert elo_ratings(votes)["a"] != pytest.approx(elo_ratings(votes[::-1])["a"], abs=1)
    assert bradley_terry(votes).ratings["a"] == pytest.approx(
        bradley_terry(votes[::-1]).ratings["a"]
    )


def test_one_elo_step_by_hand():
    """Elo's own rule: equal ratings, k = 32, the winner gains 16."""
    assert elo_ratings([Vote("a", "b", "b")]) == {"a": 984.0, "b": 1016.0}
    assert elo_ratings([Vote("a", "b", None)]) == {"a": 1000.0, "b": 1000.0}


def test_ratings_keep_their_mean():
    votes = made_votes(TRUE, 50)
    assert sum(elo_ratings(votes).values()) == pytest.approx(3000)
    assert sum(bradley_terry(votes).ratings.values()) == pytest.approx(3000)


def test_who_always_wins_has_a_finite_rating():
    fit = bradley_terry([Vote("a", "b", "a")] * 5)
    assert math.isfinite(fit.ratings["a"])
    assert fit.ratings["a"] > 1300


def test_intervals_narrow_with_votes():
    few, many = (rating_intervals(made_votes(TRUE, n), n_samples=60) for n in (40, 1000))
    for name, rating in TRUE.items():
        assert many[name][0] < rating < many[name][1]
        assert many[name][1] - many[name][0] < few[name][1] - few[name][0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vote("a", "a", "a"), "left and right are both 'a'"),
        (lambda: Vote("a", "b", "c"), "winner is 'c'; it must be 'a', 'b' or None"),
        (lambda: elo_ratings([], k=0.0), "k is 0.0; it must be positive"),
        (lambda: bradley_terry([]), "votes is empty"),
        (lambda: bradley_terry([Vote("a", "b", None)], prior=0.0), "prior is 0.0"),
        (lambda: rating_intervals([]), "items is empty"),
        (lambda: rating_intervals([], n_samples=0), "n_samples must be at least 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
