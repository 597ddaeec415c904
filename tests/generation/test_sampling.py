import math

import pytest
import torch

from course_lib.generation import (
    SamplingConfig,
    apply_temperature,
    choose,
    draw,
    filter_logits,
    min_p_filter,
    repetition_penalty,
    top_k_filter,
    top_p_filter,
)
from course_lib.generation.fast_sampling import choose_one, shortlist

# Probabilities 0.5, 0.1, 0.3, 0.1.
LOGITS = torch.tensor([0.5, 0.1, 0.3, 0.1]).log()


def _distribution(logits):
    return [round(p, 5) for p in logits.softmax(-1).tolist()]


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [0.5, 0.1, 0.3, 0.1]),
        (0.5, [0.69444, 0.02778, 0.25, 0.02778]),  # squares 25 : 1 : 9 : 1
        (1e6, [0.25, 0.25, 0.25, 0.25]),
        (1e-3, [1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_temperature(temperature, expected):
    assert _distribution(apply_temperature(LOGITS, temperature)) == expected


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (1, [1.0, 0.0, 0.0, 0.0]),
        (2, [0.625, 0.0, 0.375, 0.0]),
        (3, [0.5, 0.1, 0.3, 0.1]),  # the third and fourth are tied
        (4, [0.5, 0.1, 0.3, 0.1]),
        (9, [0.5, 0.1, 0.3, 0.1]),
    ],
)
def test_top_k(k, expected):
    assert _distribution(top_k_filter(LOGITS, k)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.01, [1.0, 0.0, 0.0, 0.0]),
        (0.49, [1.0, 0.0, 0.0, 0.0]),
        (0.51, [0.625, 0.0, 0.375, 0.0]),  # the token that crosses p stays
        (0.79, [0.625, 0.0, 0.375, 0.0]),
        (0.81, [0.55556, 0.11111, 0.33333, 0.0]),  # of the tied two, the lower id
        (0.95, [0.5, 0.1, 0.3, 0.1]),
        (1.0, [0.5, 0.1, 0.3, 0.1]),
    ],
)
def test_top_p(p, expected):
    assert _distribution(top_p_filter(LOGITS, p)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, [0.5, 0.1, 0.3, 0.1]),
        (0.19, [0.5, 0.1, 0.3, 0.1]),
        (0.21, [0.625, 0.0, 0.375, 0.0]),
        (0.61, [1.0, 0.0, 0.0, 0.0]),
        (1.0, [1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_min_p(p, expected):
    assert _distribution(min_p_filter(LOGITS, p)) == expected


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        ([[0]], [[1.0, -2.0, 3.0]]),
        ([[1, 1]], [[2.0, -4.0, 3.0]]),  # once, however often it occurred
        ([[2, 0]], [[1.0, -2.0, 1.5]]),
    ],
)
def test_repetition_penalty(previous, expected):
    logits = torch.tensor([[2.0, -2.0, 3.0]])
    assert repetition_penalty(logits, torch.tensor(previous), 2.0).tolist() == expected
    assert logits.tolist() == [[2.0, -2.0, 3.0]]


def test_filters_treat_rows_apart():
    both = torch.stack([LOGITS, LOGITS.flip(0)])
    for function, value in (
        (top_k_filter, 2), (top_p_filter, 0.6), (min_p_filter, 0.3), (apply_temperature, 0.7),
    ):  # fmt: skip
        one_by_one = torch.stack([function(row, value) for row in both])
        assert torch.equal(function(both, value), one_by_one)


def test_order_of_the_filters():
    sampling = SamplingConfig(
        temperature=0.5, top_k=3, top_p=0.9, min_p=0.05, repetition_penalty=1.5
    )
    logits, previous = torch.randn(2, 9), torch.tensor([[1, 2], [3, 3]])
    expected = min_p_filter(
        top_p_filter(
            top_k_filter(apply_temperature(repetition_penalty(logits, previous, 1.5), 0.5), 3), 0.9
        ),
        0.05,
    )
    assert torch.equal(filter_logits(logits, previous, sampling), expected)


def test_nothing_on_changes_nothing():
    logits = torch.randn(2, 9)
    assert filter_logits(logits, torch.tensor([[1], [2]]), SamplingConfig()) is logits


def test_top_p_is_decided_after_temperature():
    # At temperature 0.5 the first token alone has 0.694.
    sampling = SamplingConfig(temperature=0.5, top_p=0.6)
    out = filter_logits(LOGITS, torch.tensor([0]), sampling)
    assert _distribution(out) == [1.0, 0.0, 0.0, 0.0]


def test_greedy_takes_the_lowest_id_of_equals():
    logits = torch.tensor([[1.0, 5.0, 5.0]])
    assert choose(logits, torch.tensor([[0]]), SamplingConfig(greedy=True)).tolist() == [1]
    punished = SamplingConfig(greedy=True, repetition_penalty=2.0)
    assert choose(logits, torch.tensor([[1]]), punished).tolist() == [2]


def test_draw_follows_the_probabilities():
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.2, 0.0])
    generator = torch.Generator().manual_seed(0)
    drawn = draw(probabilities.expand(20_000, 5), generator)
    shares = drawn.bincount(minlength=5) / 20_000
    torch.testing.assert_close(shares, probabilities, atol=0.012, rtol=0)
    assert shares[[1, 4]].tolist() == [0, 0]


@pytest.mark.parametrize("u", [0.0, 1 - 2**-24])
def test_draw_at_the_ends_never_takes_what_is_ruled_out(u, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.full(shape, u))
    for seed in range(20):
        p = torch.randn(1000, generator=torch.Generator().manual_seed(seed)).softmax(-1)
        p[[0, 1, -1, -2]] = 0
        assert p[draw(p)] > 0


SETTINGS = [
    {"top_k": 1},
    {"top_k": 5},
    {"top_k": 5, "top_p": 0.7},
    {"top_k": 20, "top_p": 0.9, "min_p": 0.2, "temperature": 0.8},
    {"top_p": 0.3},
    {"top_p": 0.9, "temperature": 0.5},
    {"min_p": 0.3},
    {"min_p": 0.0, "top_p": 0.5},
    {"top_p": 0.5, "min_p": 0.5},
    {"top_p": 1.0},
    {"temperature": 0.7},
    {"repetition_penalty": 1.3, "top_k": 7},
    {"greedy": True, "repetition_penalty": 1.3},
]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("spread", [0.01, 3.0])
def test_fast_choice_equals_clear(settings, spread):
    sampling = SamplingConfig(**settings)
    previous = torch.tensor([[3, 4, 3]])
    for seed in range(20):
        logits = spread * torch.randn(1, 2000, generator=torch.Generator().manual_seed(seed))
        if seed % 2:
            logits = (logits * 4).round() / 4  # ties
        pair = [torch.Generator().manual_seed(seed) for _ in range(2)]
        clear = choose(logits, previous, sampling, pair[0])
        assert choose_one(logits, previous, sampling, pair[1]).tolist() == clear.tolist()


@pytest.mark.parametrize("settings", SETTINGS[:10])
def test_shortlist_has_the_exact_distribution(settings):
    sampling = SamplingConfig(**(settings | {"temperature": 1.0}))
    logits = 3 * torch.randn(2000, generator=torch.Generator().manual_seed(5))
    listed = shortlist(logits, sampling)
    if settings.get("top_p") == 1.0:
        assert listed is None
        return
    values, ids = listed
    full = filter_logits(logits, torch.tensor([], dtype=torch.int64), sampling).softmax(-1)
    spread = torch.zeros(2000).scatter(0, ids, values.softmax(-1))
    torch.testing.assert_close(spread, full, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"temperature": 0.0}, ValueError, "temperature must be above 0.*greedy=True"),
        ({"temperature": -1.0}, ValueError, "temperature"),
        ({"temperature": math.nan}, ValueError, "temperature"),
        ({"temperature": math.inf}, ValueError, "temperature"),
        ({"top_k": 0}, ValueError, "top_k must be at least 1, got 0; None switches it off"),
        ({"top_k": True}, TypeError, "top_k"),
        ({"top_p": 0.0}, ValueError, r"top_p .* \(0, 1\], got 0.0"),
        ({"top_p": 1.1}, ValueError, "top_p"),
        ({"top_p": math.nan}, ValueError, "top_p"),
        ({"min_p": -0.1}, ValueError, r"min_p .* \[0, 1\], got -0.1"),
        ({"min_p": 1.1}, ValueError, "min_p"),
        ({"repetition_penalty": 0.0}, ValueError, "repetition_penalty must be above 0"),
    ],
)
def test_bad_settings(settings, error, message):
    with pytest.raises(error, match=message):
        SamplingConfig(**settings)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: apply_temperature(x, 0.0),
        lambda x: top_k_filter(x, 0),
        lambda x: top_p_filter(x, 0.0),
        lambda x: min_p_filter(x, 2.0),
        lambda x: repetition_penalty(x, torch.tensor([0]), -1.0),
    ],
)
def test_filters_check_too(call):
    with pytest.raises(ValueError, match="got"):
        call(LOGITS)
