"""Exercise: scaled dot-product attention with a mask."""

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


def scaled_dot_product(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the attention output and the attention weights."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> Answer:
    return scaled_dot_product(q * math.sqrt(q.shape[-1]) / scale, k, v, mask)


def _no_scale(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    return _attend(q, k, v, mask, 1.0)


def _scale_by_dimension(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    return _attend(q, k, v, mask, q.shape[-1])


def _scale_by_length(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    return _attend(q, k, v, mask, math.sqrt(k.shape[-2]))


def _wrong_axis(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-2)
    return weights @ v, weights


def _mask_ignored(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    del mask
    return scaled_dot_product(q, k, v)


def _mask_inverted(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    return scaled_dot_product(q, k, v, None if mask is None else ~mask)


def _mask_after(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    _, weights = scaled_dot_product(q, k, v)
    if mask is not None:
        weights = weights * mask
    return weights @ v, weights


def _mask_with_zero(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores * mask
    weights = torch.softmax(scores, dim=-1)
    return weights @ v, weights


def _reshaped_key(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    reshaped = k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2]).transpose(-2, -1)
    return scaled_dot_product(q, reshaped, v, mask)


def _swapped_answers(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    output, weights = scaled_dot_product(q, k, v, mask)
    return weights, output


def _mask_added(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    weights = torch.softmax(scores, dim=-1)
    return weights @ v, weights


def _weights_cut_off(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Answer:
    _, weights = scaled_dot_product(q, k, v, mask)
    return weights.detach() @ v, weights.detach()


def _output_only(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    return scaled_dot_product(q, k, v, mask)[0]


def _case(
    generator: torch.Generator, query: list[int], n_keys: int, mask: Tensor | None, label: str
) -> Case:
    def normal(*shape: int) -> Tensor:
        return (torch.randn(*shape, generator=generator) * 2).round(decimals=1)

    *batch, _, d_head = query
    inputs = {
        "query": normal(*query),
        "key": normal(*batch, n_keys, d_head),
        "value": normal(*batch, n_keys, d_head),
    }
    return Case(inputs if mask is None else {**inputs, "mask": mask}, label)


def _causal(n_tokens: int) -> Tensor:
    return torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    first_only = torch.tensor([[True, False, False]])
    return [
        _case(generator, [1, 1, 2, 2], 2, None, "two tokens, no mask"),
        _case(generator, [1, 1, 3, 4], 3, _causal(3), "three tokens, causal mask"),
        _case(generator, [1, 1, 1, 2], 3, first_only, "one query, only the first key allowed"),
        _case(generator, [2, 2, 3, 4], 5, None, "two sequences, two heads, five keys"),
        _case(generator, [2, 1, 4, 3], 4, _causal(4), "two sequences, causal mask"),
        with_gradients(_case(generator, [1, 1, 2, 2], 2, _causal(2), "two tokens"), *_INPUTS),
    ]


_INPUTS = ("query", "key", "value")


def _in_64_bits(case: Case) -> Case:
    """The same in float64, the heads lying behind the positions in memory, as a model has them."""
    lying = {
        name: case.inputs[name].double().transpose(1, 2).contiguous().transpose(1, 2)
        for name in _INPUTS
    }
    return Case({**case.inputs, **lying}, f"{case.label}, float64")


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    some = torch.rand(3, 1, 4, 6, generator=generator) < 0.6
    some[..., 0] = True
    return [
        _case(generator, [1, 1, 1, 1], 1, None, "one token"),
        _case(generator, [3, 2, 5, 8], 5, _causal(5), "causal mask"),
        _case(generator, [3, 2, 4, 6], 6, some, "a mask for each sequence"),
        _case(generator, [1, 3, 4, 16], 9, None, "more keys than queries"),
        _in_64_bits(_case(generator, [3, 2, 4, 3], 4, _causal(4), "causal mask")),
        with_gradients(
            _case(generator, [3, 2, 4, 6], 6, some, "a mask for each sequence"), *_INPUTS
        ),
        with_gradients(_case(generator, [2, 1, 3, 4], 5, None, "no mask"), *_INPUTS),
    ]


def _example() -> Case:
    tokens = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    inputs = {"query": tokens, "key": tokens, "value": tokens * 10, "mask": _causal(2)}
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="attention.scaled_dot_product",
    title="Scaled dot-product attention",
    statement="""
Now with tensors: many queries, many heads, many sequences at once.

$$\\operatorname{Attention}(Q, K, V) = \\operatorname{softmax}\\left(\\frac{Q K^\\top}{\\sqrt{d_k}}
+ M\\right) V$$

$Q$, $K$ and $V$ hold queries, keys and values as rows, $d_k$ is the length of one query, and $M$
is 0 where the mask is `True` and $-\\infty$ where it is `False`. Without a mask every query sees
every key; with one, every query sees at least one. Return the output **and** the weights. PyTorch
must be able to differentiate both: some cases compare gradients.

`torch.softmax` may be used, ready-made attention may not, neither PyTorch's nor the course's.
""",
    signature=Signature(
        summary="Return the attention output and the attention weights.",
        parameters=(
            Parameter(
                "query", "float tensor [B H T K]: batch, heads, queries, entries; 32 or 64 bits"
            ),
            Parameter("key", "float tensor [B H S K]"),
            Parameter("value", "float tensor [B H S K]"),
            Parameter(
                "mask", "bool tensor that broadcasts to [B H T S], True = may attend", "None"
            ),
        ),
        returns="(output, weights): float tensors [B H T K] and [B H T S]",
    ),
    forbidden=("scaled_dot_product_attention", "course_lib.layers", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_example(),
    reference=scaled_dot_product,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "The order is: scores, scale, mask, softmax, mix. The mask comes before the softmax.",
        "`query @ key.transpose(-2, -1)` gives scores of shape [B H T S]. Divide by the square "
        "root of `query.shape[-1]`.",
        "Hide with `scores.masked_fill(~mask, float('-inf'))`: e^−∞ is 0, so hidden keys get "
        "no weight and the rest still adds up to 1. The softmax runs over the keys, `dim=-1`.",
    ),
    explanation="The matrix product compares all queries with all keys. A sum of d_k products of "
    "unit variance has variance d_k, so the root brings it back to 1 and keeps the softmax from "
    "saturating. −∞ before the softmax removes a key altogether; setting weights to zero after "
    "it would leave rows that add up to less than 1.",
    mutants=(
        Mutant("no_scale", _no_scale, "The scores are not divided by √d_k."),
        Mutant(
            "scale_by_dimension",
            _scale_by_dimension,
            "The scores are divided by d_k; divide by its square root.",
        ),
        Mutant(
            "scale_by_length",
            _scale_by_length,
            "The scores are divided by the root of the number of keys; d_k is the last axis.",
        ),
        Mutant(
            "wrong_axis",
            _wrong_axis,
            "The softmax runs over the queries; it should run over the keys, the last axis.",
        ),
        Mutant("mask_ignored", _mask_ignored, "The mask is not used."),
        Mutant(
            "mask_inverted",
            _mask_inverted,
            "The mask is used the wrong way round: True means that the key may be seen.",
        ),
        Mutant(
            "mask_after",
            _mask_after,
            "The mask is applied after the softmax, so the weights no longer add up to 1.",
        ),
        Mutant(
            "mask_with_zero",
            _mask_with_zero,
            "Hidden scores are set to 0, but e⁰ = 1 is still a weight; set them to −inf.",
        ),
        Mutant(
            "mask_added",
            _mask_added,
            "The mask is added as the numbers 1 and 0, which hides nothing; set hidden scores to "
            "−inf.",
        ),
        *graph_mistakes(scaled_dot_product),
        Mutant(
            "weights_cut_off",
            _weights_cut_off,
            "The weights are cut off from the graph: only the values could learn, queries and keys "
            "could not.",
        ),
        Mutant(
            "output_only",
            _output_only,
            "Only the output is returned; return the weights too: `return output, weights`.",
        ),
        Mutant(
            "reshaped_key",
            _reshaped_key,
            "The key's axes are changed by `reshape` or `view`, which mixes up its entries; use "
            "`transpose(-2, -1)`.",
        ),
        Mutant(
            "swapped_answers",
            _swapped_answers,
            "The two answers are in the wrong order: first the output, then the weights.",
        ),
    ),
)
