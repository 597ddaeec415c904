"""Exercise: attention weights over padded sequences."""

import torch
from torch import Tensor

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def padded_weights(scores: Tensor, lengths: Tensor) -> Tensor:
    """Return attention weights that give padding no weight."""
    position = torch.arange(scores.shape[-1])
    real = position[None, None, :] < lengths[:, None, None]
    weights = torch.softmax(scores.masked_fill(~real, float("-inf")), dim=-1)
    return torch.where(real, weights, 0.0)


def _real(scores: Tensor, lengths: Tensor) -> Tensor:
    return torch.arange(scores.shape[-1])[None, None, :] < lengths[:, None, None]


def _empty_is_nan(scores: Tensor, lengths: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~_real(scores, lengths), float("-inf")), dim=-1)


def _empty_is_uniform(scores: Tensor, lengths: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~_real(scores, lengths), -1e9), dim=-1)


def _one_too_many(scores: Tensor, lengths: Tensor) -> Tensor:
    return padded_weights(scores, lengths + 1)


def _one_too_few(scores: Tensor, lengths: Tensor) -> Tensor:
    return padded_weights(scores, lengths - 1)


def _zeroed_after(scores: Tensor, lengths: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1) * _real(scores, lengths)


def _score_zero(scores: Tensor, lengths: Tensor) -> Tensor:
    weights = torch.softmax(scores * _real(scores, lengths), dim=-1)
    return weights * (lengths[:, None, None] > 0)


def _longest_for_all(scores: Tensor, lengths: Tensor) -> Tensor:
    return padded_weights(scores, torch.full_like(lengths, int(lengths.max())))


def _left_padding(scores: Tensor, lengths: Tensor) -> Tensor:
    return padded_weights(scores.flip(-1), lengths).flip(-1)


def _queries_hidden(scores: Tensor, lengths: Tensor) -> Tensor:
    rows = torch.arange(scores.shape[-2])[None, :, None] < lengths[:, None, None]
    return torch.softmax(scores, dim=-1) * rows


def _gradient_is_nan(scores: Tensor, lengths: Tensor) -> Tensor:
    real = _real(scores, lengths)
    weights = torch.softmax(scores + torch.where(real, 0.0, -torch.inf), dim=-1)
    return torch.where(real, weights, 0.0)


def _case(generator: torch.Generator, n_queries: int, n_keys: int, lengths: list[int]) -> Case:
    scores = torch.randn(len(lengths), n_queries, n_keys, generator=generator) * 2
    inputs = {"scores": scores.round(decimals=1), "lengths": torch.tensor(lengths)}
    return Case(inputs, f"sequences of lengths {lengths}, {n_keys} places each")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, 1, 4, [2]),
        _case(generator, 2, 3, [3, 1]),
        _case(generator, 1, 3, [0, 2]),
        _case(generator, 3, 3, [3]),
        _case(generator, 4, 6, [2, 5, 6]),
        with_gradients(_case(generator, 2, 3, [2, 0, 3]), "scores"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    lengths = torch.randint(1, 8, (4,), generator=generator).tolist()
    return [
        _case(generator, 1, 1, [1]),
        _case(generator, 3, 8, [*lengths, 8]),
        _case(generator, 2, 5, [0, 0]),
        _case(generator, 2, 5, [4, 0, 2]),
        _in_64_bits(_case(generator, 3, 4, [1, 4, 0])),
        with_gradients(_case(generator, 2, 6, [0, *lengths[:2]]), "scores"),
        with_gradients(_case(generator, 3, 4, [4, 3]), "scores"),
    ]


def _in_64_bits(case: Case) -> Case:
    """The same in float64, as a tensor whose memory lies in another order."""
    scores = case.inputs["scores"].double().transpose(1, 2).contiguous().transpose(1, 2)
    return Case({**case.inputs, "scores": scores}, f"{case.label}, float64")


def _example() -> Case:
    inputs = {"scores": torch.tensor([[[0.0, 0.0, 5.0]]]), "lengths": torch.tensor([2])}
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="attention.padded_weights",
    title="Weights that ignore padding",
    statement="""
Sequences of different lengths share one tensor; the shorter ones are filled up at the end with
padding. Given the scores of a batch and the true length of each sequence, return attention
weights in which **padding gets exactly 0** and the weights of the real keys add up to 1.

A sequence may be empty (length 0): its weights are all 0, not `nan`. One `nan` would spread
through the whole network, on the way forward or back: PyTorch must be able to differentiate the
result, and gradients must not be `nan` either. `torch.softmax` may be used.
""",
    signature=Signature(
        summary="Return attention weights that give padding no weight.",
        parameters=(
            Parameter("scores", "float tensor [B T S]: sequences, queries, keys; 32 or 64 bits"),
            Parameter("lengths", "int tensor [B], 0 to S; keys at positions >= length are padding"),
        ),
        returns="float tensor [B T S]",
    ),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=padded_weights,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First make a bool tensor that says which keys are real: position < length.",
        "Give it the shape [B 1 S] so that it broadcasts: "
        "`torch.arange(S)[None, None, :] < lengths[:, None, None]`.",
        "Fill padding with −inf, take the softmax over the keys, and look at what an empty "
        "sequence gives: 0/0. `torch.where(real, weights, 0.0)` mends it.",
    ),
    explanation="−∞ before the softmax removes the padding and lets the rest add up to 1. A row of "
    "nothing but −∞ has the sum 0, and 0/0 is nan, so padding is set to 0 once more. `where` "
    "chooses, while multiplying by the mask would keep the nan: 0 · nan is nan.",
    mutants=(
        Mutant(
            "empty_is_nan",
            _empty_is_nan,
            "An empty sequence gives nan: a softmax over nothing but −inf is 0/0.",
        ),
        Mutant(
            "empty_is_uniform",
            _empty_is_uniform,
            "With a large negative number in place of −inf, an empty sequence spreads its weight "
            "over the padding.",
        ),
        Mutant("one_too_many", _one_too_many, "Off by one: the first padding key gets weight."),
        Mutant("one_too_few", _one_too_few, "Off by one: the last real key gets no weight."),
        Mutant(
            "zeroed_after",
            _zeroed_after,
            "Padding is zeroed after the softmax, so the real weights add up to less than 1.",
        ),
        Mutant(
            "score_zero",
            _score_zero,
            "Padding gets the score 0, but e⁰ = 1 is still a weight; use −inf.",
        ),
        Mutant(
            "longest_for_all",
            _longest_for_all,
            "Every sequence is treated as if it were as long as the longest one.",
        ),
        *graph_mistakes(padded_weights),
        Mutant(
            "gradient_is_nan",
            _gradient_is_nan,
            "The weights are right, but an empty sequence gets gradients of nan: −inf is added to "
            "the scores, and the nan of its softmax flows back. Replace the scores: `masked_fill`.",
        ),
        Mutant("left_padding", _left_padding, "Padding is at the end; the beginning is hidden."),
        Mutant(
            "queries_hidden",
            _queries_hidden,
            "The queries are masked (rows); the keys should be (the last axis).",
        ),
    ),
)
