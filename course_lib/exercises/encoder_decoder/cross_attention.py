"""Exercise: one head of cross-attention over a padded source."""

import math

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

Answer = tuple[Tensor, Tensor]


def cross_attention(
    x: Tensor, memory: Tensor, w_query: Tensor, w_key: Tensor, w_value: Tensor, is_token: Tensor
) -> tuple[Tensor, Tensor]:
    """Return what the decoder's positions gather from the memory, and the weights."""
    query, key, value = x @ w_query, memory @ w_key, memory @ w_value
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(~is_token[:, None, :], -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def _attend(query: Tensor, key: Tensor, value: Tensor, is_token: Tensor | None) -> Answer:
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if is_token is not None:
        scores = scores.masked_fill(~is_token[:, None, :], -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def _sides_swapped(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    del is_token
    return _attend(memory @ wq, x @ wk, x @ wv, None)


def _self_attention(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    del memory, is_token
    return _attend(x @ wq, x @ wk, x @ wv, None)


def _no_padding_mask(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    del is_token
    return _attend(x @ wq, memory @ wk, memory @ wv, None)


def _mask_inverted(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    return _attend(x @ wq, memory @ wk, memory @ wv, ~is_token)


def _causal(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    query, key = x @ wq, memory @ wk
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    allowed = torch.ones_like(scores, dtype=torch.bool).tril() & is_token[:, None, :]
    weights = torch.softmax(scores.masked_fill(~allowed, -math.inf), dim=-1)
    return weights @ (memory @ wv), weights


def _value_from_key(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    del wv
    return _attend(x @ wq, memory @ wk, memory @ wk, is_token)


def _not_projected(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    del wq, wk, wv
    return _attend(x, memory, memory, is_token)


def _scale_of_model(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    query = x @ wq * math.sqrt(wq.shape[1] / wq.shape[0])
    return _attend(query, memory @ wk, memory @ wv, is_token)


def _no_scale(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    return _attend(x @ wq * math.sqrt(wq.shape[1]), memory @ wk, memory @ wv, is_token)


def _over_queries(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    query, key = x @ wq, memory @ wk
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    weights = torch.softmax(scores, dim=-2) * is_token[:, None, :]
    return weights @ (memory @ wv), weights


def _masked_late(
    x: Tensor, memory: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, is_token: Tensor
) -> Answer:
    _, weights = _attend(x @ wq, memory @ wk, memory @ wv, None)
    weights = weights * is_token[:, None, :]
    return weights @ (memory @ wv), weights


def _case(
    generator: torch.Generator, sizes: tuple[int, int, int, int, int], lengths: list[int]
) -> Case:
    batch, t, s, d, k = sizes

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).round(decimals=1)

    inputs = {
        "x": draw(batch, t, d),
        "memory": draw(batch, s, d),
        "w_query": draw(d, k),
        "w_key": draw(d, k),
        "w_value": draw(d, k),
        "is_token": torch.arange(s)[None, :] < torch.tensor(lengths)[:, None],
    }
    return Case(inputs, f"{batch} pairs, {t} target and {s} source positions, lengths {lengths}")


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[[1.0]]]),
        "memory": torch.tensor([[[0.0], [2.0], [9.0]]]),
        "w_query": torch.tensor([[1.0]]),
        "w_key": torch.tensor([[1.0]]),
        "w_value": torch.tensor([[10.0]]),
        "is_token": torch.tensor([[True, True, False]]),
    }
    return Case(inputs, "example")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (1, 2, 3, 4, 2), [3]),
        _case(generator, (1, 3, 3, 4, 4), [3]),
        _case(generator, (2, 3, 5, 4, 2), [5, 3]),
        _case(generator, (2, 5, 2, 3, 2), [2, 1]),
        with_gradients(_case(generator, (1, 2, 4, 3, 2), [3]), "x", "memory"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, (1, 1, 1, 2, 2), [1]),
        _case(generator, (3, 4, 6, 6, 3), [1, 6, 4]),
        _case(generator, (2, 6, 4, 4, 3), [4, 2]),
        _case(generator, (2, 4, 4, 5, 2), [4, 3]),
        with_gradients(_case(generator, (2, 3, 4, 3, 2), [4, 2]), "memory", "w_key", "w_value"),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.cross_attention",
    title="Cross-attention",
    statement="""
The decoder asks, the source answers. Write one head of cross-attention:

$$Q = XW_Q, \\quad K = MW_K, \\quad V = MW_V, \\qquad
\\operatorname{softmax}\\!\\left(\\frac{QK^\\top}{\\sqrt{d_k}} + P\\right) V$$

$X$ holds the decoder's vectors, $M$ the encoder's (the memory), and $d_k$ is the number of columns
of $W_Q$. $P$ is 0 at the tokens of the source and $-\\infty$ at its padding. Target and source may
have different lengths, and every source has at least one token. Return the output and the weights.
PyTorch must be able to differentiate both: some cases compare gradients.

`torch.softmax` may be used, ready-made attention may not.
""",
    signature=Signature(
        summary="Return what the decoder's positions gather from the memory, and the weights.",
        parameters=(
            Parameter("x", "float tensor [B T D], the decoder's vectors"),
            Parameter("memory", "float tensor [B S D], the encoder's vectors"),
            Parameter("w_query", "float tensor [D K]"),
            Parameter("w_key", "float tensor [D K]"),
            Parameter("w_value", "float tensor [D K]"),
            Parameter("is_token", "bool tensor [B S], False at the padding of the source"),
        ),
        returns="(output, weights): float tensors [B T K] and [B T S]",
    ),
    forbidden=("scaled_dot_product_attention", "course_lib.layers", "course_lib.models"),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=cross_attention,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "It is the attention you know, except that the queries are made of `x` and the keys and "
        "values of `memory`. What shape do the scores have?",
        "The scores are [B T S]. `is_token` is [B S]; `is_token[:, None, :]` fits them: it says "
        "the same to every target position.",
        "`scores.masked_fill(~is_token[:, None, :], -math.inf)`, then a softmax over the last "
        "axis, then `weights @ (memory @ w_value)`.",
    ),
    explanation="Two sequences meet in one product: T queries from the target, S keys from the "
    "source, so the weights are a T × S table, a row for each word being written. There is no "
    "causal mask, because the whole source is known from the start; only its padding is hidden.",
    mutants=(
        Mutant(
            "sides_swapped",
            _sides_swapped,
            "Queries come from the memory and keys and values from `x`; the decoder is to ask.",
        ),
        Mutant(
            "self_attention",
            _self_attention,
            "Keys and values are made of `x`: that is self-attention; the source is never read.",
        ),
        Mutant(
            "no_padding_mask",
            _no_padding_mask,
            "Padding gets weight; set the scores at `~is_token` to −inf before the softmax.",
        ),
        Mutant(
            "mask_inverted",
            _mask_inverted,
            "The mask is inverted: the tokens are hidden and the padding is seen.",
        ),
        Mutant(
            "causal",
            _causal,
            "A causal mask hides part of the source. All of it is known: hide its padding only.",
        ),
        Mutant(
            "value_from_key",
            _value_from_key,
            "The values are made with W_K; they have their own W_V.",
        ),
        Mutant(
            "not_projected",
            _not_projected,
            "The matrices are not used: multiply `x` by W_Q and the memory by W_K and W_V.",
        ),
        Mutant(
            "scale_of_model",
            _scale_of_model,
            "The scores are divided by √D, the width of the model; d_k is the number of columns of "
            "W_Q.",
        ),
        Mutant("no_scale", _no_scale, "The scores are not divided by √d_k."),
        Mutant(
            "over_queries",
            _over_queries,
            "The softmax runs over the target positions (dim −2); it must run over the source.",
        ),
        Mutant(
            "masked_late",
            _masked_late,
            "The mask comes after the softmax, so the weights of the tokens no longer add up to 1.",
        ),
        *graph_mistakes(cross_attention),
    ),
)
