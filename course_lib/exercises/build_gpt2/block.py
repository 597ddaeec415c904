"""Rung 4: one pre-norm block with all its biases, from a dictionary of its tensors."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.build_gpt2.reference import attend, block, normalize, project_heads
from course_lib.exercises.build_gpt2.small_models import (
    NAMES,
    Sizes,
    Weights,
    block_weights,
    drawing,
)
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


@dataclass(frozen=True)
class _Slips:
    """What may be different about a block."""

    norm: str = "pre"
    add_copy: bool = False
    side_by_side: bool = False
    residual: bool = True
    gelu: str = "tanh"
    output: bool = True
    same_norm: bool = False


def _variant(x: Tensor, weights: Weights, n_heads: int, *, slips: _Slips) -> Tensor:
    def linear(vectors: Tensor, name: str) -> Tensor:
        return F.linear(vectors, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(vectors: Tensor, name: str, place: str) -> Tensor:
        if slips.norm != place:
            return vectors
        chosen = "attention_norm" if slips.same_norm else name
        return normalize(vectors, weights[f"{chosen}.gain"], weights[f"{chosen}.bias"])

    start = x
    copy = norm(x, "attention_norm", "pre")
    matrix = weights["attention.query_key_value.weight"]
    heads = project_heads(copy, matrix, weights["attention.query_key_value.bias"], n_heads)
    gathered = attend(*heads)
    written = linear(gathered, "attention.output") if slips.output else gathered
    x = written + (copy if slips.add_copy else x if slips.residual else 0)
    x = norm(x, "attention_norm", "post")
    copy = norm(start if slips.side_by_side else x, "feed_forward_norm", "pre")
    wide = linear(copy, "feed_forward.widen")
    bent = torch.relu(wide) if slips.gelu == "relu" else F.gelu(wide, approximate=slips.gelu)
    x = linear(bent, "feed_forward.narrow") + (copy if slips.add_copy else x)
    return norm(x, "feed_forward_norm", "post")


def _with(**slips: str | bool) -> partial[Tensor]:
    return partial(_variant, slips=_Slips(**slips))  # type: ignore[arg-type]


def _no_biases(x: Tensor, weights: Weights, n_heads: int) -> Tensor:
    linear = ("query_key_value.bias", "output.bias", "widen.bias", "narrow.bias")
    silenced = {
        name: torch.zeros_like(tensor) if name.endswith(linear) else tensor
        for name, tensor in weights.items()
    }
    return block(x, silenced, n_heads)


def _one_head(x: Tensor, weights: Weights, n_heads: int) -> Tensor:
    del n_heads
    return block(x, weights, 1)


def _case(seed: int, shape: tuple[int, int, int], n_heads: int, d_ff: int) -> Case:
    draw, _ = drawing(seed)
    weights = block_weights(draw, Sizes(d_model=shape[-1], d_ff=d_ff))
    label = f"sequences: {shape[0]}, tokens: {shape[1]}, heads: {n_heads}"
    return Case({"x": draw(*shape), "weights": weights, "n_heads": n_heads}, label)


def _example() -> Case:
    sizes = Sizes(d_model=2, d_ff=1)
    weights = {name: torch.zeros_like(t) for name, t in block_weights(torch.zeros, sizes).items()}
    weights["attention_norm.gain"] += 1
    weights["feed_forward_norm.gain"] += 1
    weights["attention.query_key_value.weight"][4:] = torch.eye(2)
    weights["attention.output.weight"] += torch.eye(2)
    weights["feed_forward.narrow.bias"] += torch.tensor([0.0, 100.0])
    x = torch.tensor([[[1.0, 3.0], [9.0, 5.0]]])
    return Case({"x": x, "weights": weights, "n_heads": 1}, "example")


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (1, 3, 4), 2, 6),
        _case(first + 1, (2, 2, 6), 3, 5),
        _case(first + 2, (1, 4, 6), 2, 8),
        with_gradients(_case(first + 3, (1, 3, 4), 2, 4), "x", "weights"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (3, 2, 8), 2, 5),
        _case(first + 1, (2, 4, 6), 2, 6),
        _case(first + 2, (1, 5, 6), 3, 3),
        with_gradients(_case(first + 3, (2, 3, 4), 2, 5), "x", "weights"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.block",
    title="Rung 4 · the block",
    statement=f"""
Wire one block:

$$x \\leftarrow x + \\operatorname{{attention}}(\\operatorname{{norm}}_1(x)), \\qquad
x \\leftarrow x + \\operatorname{{feedforward}}(\\operatorname{{norm}}_2(x))$$

Its twelve tensors come in a dictionary. Each weight is [outputs inputs], as in rung 2.

{NAMES}

Attention is rungs 2 and 3 and the output layer; the feed-forward layer widens, bends with the
**tanh** form of GELU (`torch.nn.functional.gelu(z, approximate="tanh")`), and narrows. Call your
own functions of the rungs below. A model learns through its blocks: some cases compare gradients.

In the example attention copies what it gathers, and the feed-forward layer writes its last bias.
""",
    signature=Signature(
        summary="Return the stream after one block.",
        parameters=(
            Parameter("x", "float tensor [B T D], the residual stream"),
            Parameter("weights", "dict of the block's 12 float tensors, as in the table"),
            Parameter("n_heads", "int H, divides D"),
        ),
        returns="float tensor [B T D]",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=6,
    minutes=15,
    example=_example(),
    reference=block,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two halves of the same form: make a normalized copy, work on the copy, add the result to "
        "the stream. The second half reads the stream that the first has already written to.",
        'A helper saves typing: `def linear(z, name): return F.linear(z, weights[name + ".weight"]'
        ', weights[name + ".bias"])`, with `F` for `torch.nn.functional`.',
        '`query, key, value = project_heads(copy, weights["attention.query_key_value.weight"], '
        'weights["attention.query_key_value.bias"], n_heads)`, then '
        '`x = x + linear(attend(query, key, value), "attention.output")`; the second half ends in '
        '`linear(F.gelu(linear(copy, "feed_forward.widen"), approximate="tanh"), '
        '"feed_forward.narrow")`.',
    ),
    explanation="Four functions do everything that a block does. Its second half never mixes "
    "positions, and its first half never bends anything but the weights of attention. The "
    "mistakes that hurt here leave all shapes as they were, so only numbers can show them.",
    mutants=(
        Mutant("post_norm", _with(norm="post"), "The sums are normalized: that is GPT-1's block."),
        Mutant("no_norm", _with(norm="no"), "The norms are left out."),
        Mutant(
            "adds_copy",
            _with(add_copy=True),
            "The normalized copy is added back; the stream is added as it was.",
        ),
        Mutant(
            "side_by_side",
            _with(side_by_side=True),
            "The feed-forward half reads the stream as it came in; it reads what the attention "
            "half has written to.",
        ),
        Mutant(
            "no_residual",
            _with(residual=False),
            "What attention writes replaces the stream; add it.",
        ),
        Mutant(
            "no_output",
            _with(output=False),
            "What the heads gathered is added as it is; it goes through `attention.output` first.",
        ),
        Mutant(
            "same_norm",
            _with(same_norm=True),
            "Both halves use the gain and bias of `attention_norm`.",
        ),
        Mutant(
            "exact_gelu", _with(gelu="none"), "This is the exact GELU; GPT-2 has the tanh form."
        ),
        Mutant("relu", _with(gelu="relu"), "The nonlinearity is ReLU; GPT-2 has GELU."),
        Mutant("no_biases", _no_biases, "The biases of the four linear layers are not added."),
        Mutant("one_head", _one_head, "All features attend as one head; hand `n_heads` on."),
        *graph_mistakes(block),
    ),
)
