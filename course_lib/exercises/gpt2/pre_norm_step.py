"""Exercise: the feed-forward half of a pre-norm block."""

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


def pre_norm_step(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    """Return the residual stream after the feed-forward half of a block."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    normalized = (x - mean) / torch.sqrt(variance + 1e-5)
    wide = normalized @ widen
    inner = math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3)
    return x + (0.5 * wide * (1 + torch.tanh(inner))) @ narrow


def _norm(x: Tensor) -> Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-5)


def _gelu(x: Tensor) -> Tensor:
    return torch.nn.functional.gelu(x, approximate="tanh")


def _post_norm(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return _norm(x + _gelu(x @ widen) @ narrow)


def _no_residual(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return _gelu(_norm(x) @ widen) @ narrow


def _adds_normalized(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return _norm(x) + _gelu(_norm(x) @ widen) @ narrow


def _no_norm(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + _gelu(x @ widen) @ narrow


def _normalized_branch(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + _norm(_gelu(x @ widen) @ narrow)


def _relu(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + torch.relu(_norm(x) @ widen) @ narrow


def _exact_gelu(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + torch.nn.functional.gelu(_norm(x) @ widen) @ narrow


def _gelu_last(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + _gelu(_norm(x) @ widen @ narrow)


def _no_gelu(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + _norm(x) @ widen @ narrow


def _divided_by_one_less(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    deviation = torch.sqrt(x.var(dim=-1, keepdim=True) + 1e-5)
    return x + _gelu((x - x.mean(dim=-1, keepdim=True)) / deviation @ widen) @ narrow


def _norm_over_positions(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    normalized = torch.nn.functional.layer_norm(x, x.shape[-2:], eps=1e-5)
    return x + _gelu(normalized @ widen) @ narrow


def _stream_cut_off(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x.detach() + _gelu(_norm(x) @ widen) @ narrow


def _case(generator: torch.Generator, batch: int, time: int, d_model: int, d_ff: int) -> Case:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    inputs = {
        "x": normal(batch, time, d_model) * 3 + 1,
        "widen": normal(d_model, d_ff) * 1.5,
        "narrow": normal(d_ff, d_model) * 2,
    }
    return Case(inputs, f"x of shape [{batch} {time} {d_model}], F = {d_ff}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((1, 1, 3, 6), (1, 2, 4, 8), (2, 3, 4, 16), (1, 4, 6, 24))
    cases = [_case(generator, *size) for size in sizes]
    return [*cases, with_gradients(_case(generator, 1, 2, 3, 4), *_INPUTS)]


_INPUTS = ("x", "widen", "narrow")


def _in_64_bits(case: Case) -> Case:
    double = {name: case.inputs[name].double() for name in _INPUTS}
    return Case(double, f"{case.label}, float64")


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    sizes = ((1, 2, 5, 7), (3, 2, 4, 16), (2, 5, 8, 32))
    return [
        *(_case(generator, *size) for size in sizes),
        _case(generator, 1, 1, 2, 3),
        _in_64_bits(_case(generator, 3, 2, 4, 6)),
        with_gradients(_case(generator, 3, 2, 4, 8), *_INPUTS),
    ]


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[[0.0, 10.0]]]),
        "widen": torch.tensor([[-1.0], [1.0]]),
        "narrow": torch.tensor([[1.0, 0.0]]),
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="gpt2.pre_norm_step",
    title="Half a block, pre-norm",
    statement="""
Write the feed-forward half of a GPT-2 block, without biases and with a gain of 1:

$$x \\leftarrow x + \\operatorname{gelu}\\bigl(\\operatorname{norm}(x)\\,W_1\\bigr)\\,W_2$$

where $W_1$ (`widen`) takes the $D$ features to $F$ and $W_2$ (`narrow`) takes them back. The norm
is layer normalization with $\\varepsilon = 10^{-5}$, and the GELU is the form with tanh that GPT-2
uses. PyTorch's functions for both are allowed. What matters is the order: what is normalized, and
what is added to what. Some cases compare gradients, since a model learns through this step.
""",
    signature=Signature(
        summary="Return the residual stream after the feed-forward half of a block.",
        parameters=(
            Parameter("x", "float tensor [B T D], the residual stream; 32 or 64 bits"),
            Parameter("widen", "float tensor [D F], of the same type"),
            Parameter("narrow", "float tensor [F D], of the same type"),
        ),
        returns="float tensor [B T D]",
    ),
    level="core",
    points=4,
    minutes=8,
    example=_example(),
    reference=pre_norm_step,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "The stream itself is never normalized. The branch reads a normalized copy, and what it "
        "finds is added to the stream as it was.",
        "`F.layer_norm(x, x.shape[-1:], eps=1e-5)` normalizes without gain and bias; "
        "`F.gelu(z, approximate='tanh')` is GPT-2's GELU (`F` is `torch.nn.functional`).",
        "The matrices are used as `z @ widen` and `z @ narrow`; the GELU stands between them. "
        "Return `x + ...`, not the branch alone.",
    ),
    explanation="Pre-norm means that the normalization stands inside the branch. The stream runs "
    "from the first block to the last as a plain sum, which is the path the gradient takes back. "
    "In GPT-1 the sum itself was normalized, after every addition.",
    mutants=(
        Mutant(
            "post_norm",
            _post_norm,
            "The sum is normalized after the addition: that is GPT-1's post-norm.",
        ),
        Mutant("no_residual", _no_residual, "The input x is not added to the branch's result."),
        Mutant(
            "adds_normalized",
            _adds_normalized,
            "The normalized copy is added back; the stream must be added as it was.",
        ),
        Mutant("no_norm", _no_norm, "The branch reads x without normalizing it."),
        Mutant(
            "normalized_branch",
            _normalized_branch,
            "The result of the branch is normalized; its input should be.",
        ),
        Mutant(
            "divided_by_one_less",
            _divided_by_one_less,
            "The variance of the norm is divided by D − 1, which is what `var` and `std` do unless "
            "told `correction=0`; divide by D.",
        ),
        *graph_mistakes(pre_norm_step),
        Mutant(
            "stream_cut_off",
            _stream_cut_off,
            "The stream is cut off from the graph where it is added, so the gradient of x goes "
            "through the branch alone. Add x itself.",
        ),
        Mutant(
            "norm_over_positions",
            _norm_over_positions,
            "The norm runs over positions and features together; each position has its own mean "
            "and variance, over the last axis.",
        ),
        Mutant("relu", _relu, "The nonlinearity is ReLU; GPT-2 has GELU."),
        Mutant(
            "exact_gelu",
            _exact_gelu,
            "This is the exact GELU with the normal distribution. GPT-2 uses the formula with "
            "tanh, and the difference shows in the fourth digit.",
        ),
        Mutant("gelu_last", _gelu_last, "The GELU stands after both matrices, not between them."),
        Mutant("no_gelu", _no_gelu, "The GELU is missing: two matrices in a row are only one."),
    ),
)
