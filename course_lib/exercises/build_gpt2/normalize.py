"""Rung 1: layer normalization whose statistics survive 16 bits."""

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import normalize
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


def _variant(
    x: Tensor,
    gain: Tensor,
    bias: Tensor,
    *,
    eps: float = 1e-5,
    outside: float = 0.0,
    less: int = 0,
    axis: int = -1,
) -> Tensor:
    wide = x.float()
    centered = wide - wide.mean(dim=axis, keepdim=True)
    count = wide.shape[axis] - less
    deviation = torch.sqrt((centered**2).sum(dim=axis, keepdim=True) / count + eps) + outside
    return (centered / deviation * gain.float() + bias.float()).to(x.dtype)


def _in_16_bits(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = (centered**2).mean(dim=-1, keepdim=True)
    return centered / torch.sqrt(variance + 1e-5) * gain + bias


def _stays_wide(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return normalize(x.float(), gain.float(), bias.float())


def _no_mean(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    wide = x.float()
    scale = torch.sqrt((wide**2).mean(dim=-1, keepdim=True) + 1e-5)
    return (wide / scale * gain.float() + bias.float()).to(x.dtype)


def _no_bias(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return normalize(x, gain, torch.zeros_like(bias))


def _eps_outside(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return _variant(x, gain, bias, eps=0.0, outside=1e-5)


def _one_less(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return _variant(x, gain, bias, less=1)


def _over_positions(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return _variant(x, gain, bias, axis=-2)


def _bias_before_gain(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    return normalize(x, gain, (bias.float() * gain.float()).to(bias.dtype))


def _case(seed: int, shape: tuple[int, ...], scale: float, label: str, *, half: bool) -> Case:
    draw, _ = drawing(seed)
    dtype = torch.float16 if half else torch.float32
    x, gain, bias = draw(*shape) * scale, draw(shape[-1]), draw(shape[-1])
    return Case({"x": x.to(dtype), "gain": gain.to(dtype), "bias": bias.to(dtype)}, label)


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    small = _case(first + 1, (1, 2, 5), 0.01, "a stream near zero", half=False)
    return [
        _case(first, (2, 3, 4), 1.0, "two sequences", half=False),
        small,
        _case(first + 2, (1, 3, 8), 400.0, "a large stream in 16 bits", half=True),
        with_gradients(_case(first + 3, (1, 2, 4), 1.0, "a stream", half=False), "x", "gain"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (4, 6), 1.0, "no batch axis", half=False),
        _case(first + 1, (3, 1, 6), 1.0, "one position", half=False),
        _case(first + 2, (2, 2, 3), 0.01, "a stream near zero", half=False),
        _case(first + 3, (2, 2, 16), 700.0, "a large stream in 16 bits", half=True),
        with_gradients(_case(first + 4, (2, 2, 3), 2.0, "a stream", half=False), "x", "bias"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.normalize",
    title="Rung 1 · a norm that survives 16 bits",
    statement="""
Write layer normalization as GPT-2 has it, $\\varepsilon = 10^{-5}$ inside the root, for a stream
that may come in 16 bits. The largest number of that type is 65,504, so the square of 256 is already
infinite, and the variance with it. Compute in 32 bits whatever comes in, and give the result in the
type of `x`.

$$y_i = g_i \\, \\frac{x_i - \\mu}{\\sqrt{\\sigma^2 + \\varepsilon}} + b_i, \\qquad
\\mu = \\frac1D\\sum_i x_i, \\quad \\sigma^2 = \\frac1D \\sum_i (x_i-\\mu)^2$$

`x` may have any number of axes before the last. PyTorch's own normalizations and those of the
course may not be called; some cases compare gradients.
""",
    signature=Signature(
        summary="Return each vector with mean 0 and variance 1, then scaled and shifted.",
        parameters=(
            Parameter("x", "float tensor [... D], in 32 or 16 bits"),
            Parameter("gain", "float tensor [D], of the same type"),
            Parameter("bias", "float tensor [D], of the same type"),
        ),
        returns="float tensor [... D], of the type of x",
    ),
    forbidden=("layer_norm", "course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=Case(
        {
            "x": torch.tensor([[0.0, 1000.0]], dtype=torch.float16),
            "gain": torch.tensor([1.0, 2.0], dtype=torch.float16),
            "bias": torch.tensor([0.0, 0.5], dtype=torch.float16),
        },
        "example",
    ),
    reference=normalize,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "The first line makes a 32-bit copy, the last one returns to the type of `x`. Everything "
        "between is layer normalization as you know it, over the last axis.",
        "`wide = x.float()` is the copy; `keepdim=True` in the two means lets them be subtracted "
        "and divided from [... D]. The mean of the squares divides by D by itself.",
        "`centered = wide - wide.mean(dim=-1, keepdim=True)`, then the variance of `centered`, "
        "then `centered / torch.sqrt(variance + 1e-5) * gain.float() + bias.float()`, and "
        "`.to(x.dtype)` at the very end.",
    ),
    explanation="Real implementations, PyTorch's kernel among them, do the same: numbers are "
    "stored in 16 bits and statistics are taken in 32. The failure is silent. An infinite variance "
    "divides every feature to 0, so what is left is the bias, at every position alike.",
    mutants=(
        Mutant(
            "in_16_bits",
            _in_16_bits,
            "The squares are taken in 16 bits, where they become infinite; make a 32-bit copy "
            "with `.float()` first.",
        ),
        Mutant(
            "stays_wide",
            _stays_wide,
            "The result is in 32 bits; return it in the type in which `x` came.",
        ),
        Mutant("no_mean", _no_mean, "The mean is not subtracted: that is RMS normalization."),
        Mutant("no_bias", _no_bias, "The bias is not added."),
        Mutant(
            "eps_outside",
            _eps_outside,
            "ε is added to the root; it belongs to the variance, inside the root.",
        ),
        Mutant("one_less", _one_less, "The variance is divided by D − 1; divide by D."),
        Mutant(
            "over_positions",
            _over_positions,
            "The statistics run over the positions; they run over the last axis, the features.",
        ),
        Mutant(
            "bias_before_gain",
            _bias_before_gain,
            "The bias is added before the gain is applied; gain first, then bias.",
        ),
        *graph_mistakes(normalize),
    ),
)
