"""Exercise: causal attention weights with ALiBi."""

import math

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def alibi_weights(scores: Tensor) -> Tensor:
    """Return the causal attention weights with ALiBi's penalty on distance."""
    n_heads, n_queries, n_keys = scores.shape
    slopes = 2.0 ** (-8.0 * torch.arange(1, n_heads + 1) / n_heads)
    query = torch.arange(n_keys - n_queries, n_keys)[:, None]
    distance = query - torch.arange(n_keys)
    biased = scores - slopes[:, None, None] * distance
    return biased.masked_fill(distance < 0, -math.inf).softmax(dim=-1)


def _weigh(scores: Tensor, slopes: Tensor, *, last: bool = True, sign: float = -1.0) -> Tensor:
    _, n_queries, n_keys = scores.shape
    first = n_keys - n_queries if last else 0
    distance = torch.arange(first, first + n_queries)[:, None] - torch.arange(n_keys)
    biased = scores + sign * slopes[:, None, None] * distance
    return biased.masked_fill(distance < 0, -math.inf).softmax(dim=-1)


def _slopes(n_heads: int) -> Tensor:
    return 2.0 ** (-8.0 * torch.arange(1, n_heads + 1) / n_heads)


def _farther_is_better(scores: Tensor) -> Tensor:
    return _weigh(scores, _slopes(len(scores)), sign=1.0)


def _no_mask(scores: Tensor) -> Tensor:
    _, n_queries, n_keys = scores.shape
    distance = torch.arange(n_keys - n_queries, n_keys)[:, None] - torch.arange(n_keys)
    return (scores - _slopes(len(scores))[:, None, None] * distance.abs()).softmax(dim=-1)


def _no_bias(scores: Tensor) -> Tensor:
    return _weigh(scores, torch.zeros(len(scores)))


def _heads_from_zero(scores: Tensor) -> Tensor:
    return _weigh(scores, 2.0 ** (-8.0 * torch.arange(len(scores)) / len(scores)))


def _one_slope(scores: Tensor) -> Tensor:
    return _weigh(scores, _slopes(len(scores))[:1].expand(len(scores)))


def _reversed_heads(scores: Tensor) -> Tensor:
    return _weigh(scores, _slopes(len(scores)).flip(0))


def _halves(scores: Tensor) -> Tensor:
    return _weigh(scores, 2.0 ** -torch.arange(1.0, len(scores) + 1))


def _queries_at_the_start(scores: Tensor) -> Tensor:
    return _weigh(scores, _slopes(len(scores)), last=False)


def _after_the_softmax(scores: Tensor) -> Tensor:
    _, n_queries, n_keys = scores.shape
    distance = torch.arange(n_keys - n_queries, n_keys)[:, None] - torch.arange(n_keys)
    weights = _weigh(scores, torch.zeros(len(scores)))
    return (weights - _slopes(len(scores))[:, None, None] * distance).masked_fill(distance < 0, 0.0)


def _scaled_again(scores: Tensor) -> Tensor:
    return alibi_weights(scores / math.sqrt(scores.shape[-1]))


def _case(scores: Tensor, label: str) -> Case:
    return Case({"scores": scores}, label)


def _random_case(generator: torch.Generator, *shape: int) -> Case:
    scores = 2 * torch.randn(shape, generator=generator)
    return _case(scores, "{} heads, {} queries, {} keys".format(*shape))


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(torch.zeros(2, 3, 3), "equal scores, 2 heads"),
        _random_case(generator, 4, 5, 5),
        _random_case(generator, 8, 1, 6),
        _random_case(generator, 2, 3, 7),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    shapes = ((1, 4, 4), (16, 3, 3), (4, 1, 1), (8, 2, 30), (2, 12, 12))
    return [_random_case(generator, *shape) for shape in shapes]


EXERCISE = Exercise(
    id="positions.alibi_weights",
    title="Attention with linear biases",
    statement="""
Turn scores into causal attention weights, with ALiBi's penalty. The scores are already divided by
$\\sqrt{K}$. For head $h = 1, \\dots, H$ ($H$ a power of two), a query at position $t$ and a key at
position $s \\le t$, add to the score

$$-m_h\\,(t - s), \\qquad m_h = 2^{-8h/H},$$

forbid every key after the query, and apply the softmax. There may be more keys than queries, as
with a cache: the queries are the **last** $T$ of the $S$ positions.
""",
    signature=Signature(
        summary="Return the causal attention weights with ALiBi's penalty on distance.",
        parameters=(Parameter("scores", "float tensor [H T S], S >= T, H a power of two"),),
        returns="float tensor [H T S]; every row adds up to 1",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_case(torch.zeros(2, 2, 2), "example"),
    reference=alibi_weights,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Make three things that broadcast to [H T S]: slopes [H 1 1], distances t − s [T S], and "
        "a mask, which is where the distance is negative.",
        "With S keys, query number r stands at position `S - T + r`: "
        "`torch.arange(S - T, S)[:, None] - torch.arange(S)` holds all distances.",
        "`2.0 ** (-8.0 * torch.arange(1, H + 1) / H)` are the slopes. Subtract slope times "
        "distance, `masked_fill` with −∞ where the distance is below 0, then softmax.",
    ),
    explanation="A penalty on the score is a factor on the weight: e^(−m · distance). With equal "
    "scores each head therefore reads the past with an exponential decay, the first head the last "
    "few tokens, the last head hundreds. Nothing depends on t itself, so any length will do.",
    mutants=(
        Mutant(
            "farther_is_better",
            _farther_is_better,
            "The bias has the wrong sign: distant keys must lose, not gain.",
        ),
        Mutant("no_mask", _no_mask, "Keys after the query get weight; ALiBi still needs a mask."),
        Mutant("no_bias", _no_bias, "This is plain causal attention; the bias has no effect."),
        Mutant(
            "heads_from_zero",
            _heads_from_zero,
            "The first head has slope 1; heads are counted from 1 in the formula: 2^(−8/H).",
        ),
        Mutant("one_slope", _one_slope, "All heads have the slope of the first one."),
        Mutant(
            "reversed_heads",
            _reversed_heads,
            "The slopes are in reverse order; the first head has the steepest.",
        ),
        Mutant(
            "halves",
            _halves,
            "The slopes are 1/2, 1/4, 1/8, … for every H. That is right for 8 heads only: the "
            "exponent is −8h / H.",
        ),
        Mutant(
            "queries_at_the_start",
            _queries_at_the_start,
            "The queries are taken for the first positions; they are the last T of the S.",
        ),
        Mutant(
            "after_the_softmax",
            _after_the_softmax,
            "The bias is added to the weights; add it to the scores, before the softmax.",
        ),
        Mutant(
            "scaled_again",
            _scaled_again,
            "The scores are divided once more; they come already divided by √K.",
        ),
    ),
)
