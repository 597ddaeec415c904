"""Rung 2: the joined projection, cut into queries, keys and values of all heads."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.build_gpt2.reference import project_heads
from course_lib.exercises.build_gpt2.small_models import drawing
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)

Three = tuple[Tensor, Tensor, Tensor]


def _three(stacked: Tensor) -> Three:
    query, key, value = stacked.unbind(0)
    return query, key, value


def _heads_before_parts(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    batch, time, width = x.shape
    cut = F.linear(x, weight, bias).view(batch, time, n_heads, 3, width // n_heads)
    return _three(cut.permute(3, 0, 2, 1, 4))


def _interleaved(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    batch, time, width = x.shape
    cut = F.linear(x, weight, bias).view(batch, time, 3, width // n_heads, n_heads)
    return _three(cut.permute(2, 0, 4, 1, 3))


def _viewed_directly(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    batch, time, width = x.shape
    parts = F.linear(x, weight, bias).chunk(3, dim=-1)
    query, key, value = (p.reshape(batch, n_heads, time, width // n_heads) for p in parts)
    return query, key, value


def _positions_first(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    query, key, value = project_heads(x, weight, bias, n_heads)
    return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)


def _no_bias(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    return project_heads(x, weight, torch.zeros_like(bias), n_heads)


def _keys_first(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    query, key, value = project_heads(x, weight, bias, n_heads)
    return key, query, value


def _values_first(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    query, key, value = project_heads(x, weight, bias, n_heads)
    return value, query, key


def _reshaped_weight(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    return project_heads(x, weight.reshape(weight.shape[1], -1).T, bias, n_heads)


def _one_head(x: Tensor, weight: Tensor, bias: Tensor, n_heads: int) -> Three:
    del n_heads
    return project_heads(x, weight, bias, 1)


def _case(seed: int, shape: tuple[int, int, int], n_heads: int) -> Case:
    draw, _ = drawing(seed)
    width = shape[-1]
    inputs = {"x": draw(*shape), "weight": draw(3 * width, width), "bias": draw(3 * width)}
    label = f"sequences: {shape[0]}, tokens: {shape[1]}, heads: {n_heads} of {width // n_heads}"
    return Case({**inputs, "n_heads": n_heads}, label)


def _example() -> Case:
    weight = torch.zeros(12, 4)
    weight[[0, 1, 2, 3], [0, 1, 2, 3]] = 1.0
    weight[[4, 5, 6, 7], [0, 1, 2, 3]] = 10.0
    bias = torch.tensor([0.0] * 8 + [5.0, 6.0, 7.0, 8.0])
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    return Case({"x": x, "weight": weight, "bias": bias, "n_heads": 2}, "example")


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (1, 3, 4), 2),
        _case(first + 1, (2, 2, 6), 3),
        _case(first + 2, (1, 4, 6), 2),
        with_gradients(_case(first + 3, (1, 2, 4), 2), "x", "weight"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (3, 2, 8), 2),
        _case(first + 1, (2, 5, 6), 2),
        _case(first + 2, (1, 3, 9), 3),
        with_gradients(_case(first + 3, (2, 2, 6), 3), "x", "bias"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.project_heads",
    title="Rung 2 · one projection, three parts, many heads",
    statement="""
One linear layer of the checkpoint makes queries, keys and values of all heads at once. Its weight
is stored as `nn.Linear` stores it, [outputs inputs], so it computes $xW^\\top + b$. Of the $3D$
outputs the first $D$ are the queries, the next $D$ the keys, the last $D$ the values; within each
part, head 0 has the first $K = D/H$, head 1 the next $K$, and so on.

Return three tensors in which the heads stand before the positions. Some cases compare gradients.

In the example the queries repeat the input, the keys are ten times it, and the values are the bias
alone.
""",
    signature=Signature(
        summary="Return queries, keys and values of all heads.",
        parameters=(
            Parameter("x", "float tensor [B T D], a normalized copy of the stream"),
            Parameter("weight", "float tensor [3D D]: outputs, inputs"),
            Parameter("bias", "float tensor [3D]"),
            Parameter("n_heads", "int H, divides D"),
        ),
        returns="(query, key, value): three float tensors [B H T K]",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=project_heads,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two cuts of the last axis, in this order: 3D into three parts, and each part into heads. "
        "Then the heads move in front of the positions.",
        "`projected = x @ weight.T + bias` is [B T 3D], and `projected.chunk(3, dim=-1)` are the "
        "three parts, each [B T D].",
        "A part becomes [B T H K] by `.view(B, T, n_heads, D // n_heads)`, and [B H T K] by "
        "`.transpose(1, 2)`.",
    ),
    explanation="The order of the two cuts is a convention of the file: GPT-NeoX, for one, stores "
    "the three parts within each head. Both layouts have the same shape, so a model that is read "
    "the wrong way round runs and writes nonsense.",
    mutants=(
        Mutant(
            "heads_before_parts",
            _heads_before_parts,
            "The 3D outputs are cut into heads first and then into three. Cut into queries, keys "
            "and values first, then each into heads.",
        ),
        Mutant(
            "interleaved",
            _interleaved,
            "Each head gets every H-th entry; it should get K entries in a row.",
        ),
        Mutant(
            "viewed_directly",
            _viewed_directly,
            "`view` or `reshape` to [B H T K] does not move axes: cut to [B T H K], then "
            "transpose.",
        ),
        Mutant(
            "positions_first",
            _positions_first,
            "The tensors are [B T H K]; the heads should stand before the positions.",
        ),
        Mutant("no_bias", _no_bias, "The bias is not added."),
        Mutant("keys_first", _keys_first, "Queries and keys are exchanged."),
        Mutant("values_first", _values_first, "The three are moved round by one."),
        Mutant(
            "reshaped_weight",
            _reshaped_weight,
            "The weight is brought to [D 3D] by `reshape` or `view`, which mixes its numbers; "
            "transpose it.",
        ),
        Mutant("one_head", _one_head, "There is one head of width D; cut into `n_heads`."),
        *graph_mistakes(project_heads),
    ),
)
