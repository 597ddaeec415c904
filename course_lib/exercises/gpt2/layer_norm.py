"""Exercise: layer normalization."""

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


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Return x with each vector normalized, scaled and shifted."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * gain + bias


def _normalize(x: Tensor, eps: float) -> Tensor:
    return layer_norm(x, torch.ones(x.shape[-1]), torch.zeros(x.shape[-1]), eps)


def _divided_by_one_less(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    return centered / torch.sqrt(x.var(dim=-1, keepdim=True) + eps) * gain + bias


def _eps_outside(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    return centered / (x.std(dim=-1, keepdim=True, correction=0) + eps) * gain + bias


def _std_plus_eps(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    return centered / (x.std(dim=-1, keepdim=True) + eps) * gain + bias


def _no_eps(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    del eps
    return layer_norm(x, gain, bias, 0.0)


def _no_root(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    return centered / (x.var(dim=-1, keepdim=True, correction=0) + eps) * gain + bias


def _mean_kept(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    return x / torch.sqrt((x**2).mean(dim=-1, keepdim=True) + eps) * gain + bias


def _whole_tensor(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + eps) * gain + bias


def _over_time(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    mean = x.mean(dim=-2, keepdim=True)
    variance = x.var(dim=-2, keepdim=True, correction=0)
    return (x - mean) / torch.sqrt(variance + eps) * gain + bias


def _no_gain(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    del gain
    return _normalize(x, eps) + bias


def _no_bias(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    del bias
    return _normalize(x, eps) * gain


def _bias_before_gain(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    return (_normalize(x, eps) + bias) * gain


def _eps_as_floor(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = x.var(dim=-1, keepdim=True, correction=0).clamp(min=eps)
    return centered / torch.sqrt(variance) * gain + bias


def _statistics_cut_off(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    centered = x - x.mean(dim=-1, keepdim=True).detach()
    variance = x.var(dim=-1, keepdim=True, correction=0).detach()
    return centered / torch.sqrt(variance + eps) * gain + bias


def _case(generator: torch.Generator, shape: tuple[int, ...], eps: float, label: str) -> Case:
    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator).round(decimals=1)

    gain = 1.5 + normal(shape[-1]) / 4
    inputs = {"x": normal(*shape) * 2 + 1, "gain": gain, "bias": normal(shape[-1]) + 0.5}
    return Case({**inputs, "eps": eps}, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    flat = _case(generator, (1, 2, 3), 1e-5, "a vector whose entries are all alike")
    return [
        _case(generator, (1, 2, 4), 1e-5, "two positions, eps of GPT-2"),
        _case(generator, (1, 2, 4), 0.5, "two positions, a large eps"),
        Case({**flat.inputs, "x": torch.full((1, 2, 3), 2.0)}, flat.label),
        _case(generator, (2, 3, 5), 0.1, "two sequences of three positions"),
        with_gradients(_case(generator, (1, 2, 3), 0.1, "two positions"), *_INPUTS),
    ]


_INPUTS = ("x", "gain", "bias")


def _in_64_bits(case: Case) -> Case:
    """The same in float64, as a tensor whose memory lies in another order."""
    double = {name: case.inputs[name].double() for name in _INPUTS}
    double["x"] = double["x"].transpose(1, 2).contiguous().transpose(1, 2)
    return Case({**case.inputs, **double}, f"{case.label}, float64")


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    flat = _case(generator, (2, 1, 4), 0.2, "vectors whose entries are all alike")
    return [
        _case(generator, (3, 4, 2), 0.3, "random"),
        _case(generator, (2, 5, 8), 1e-5, "random"),
        _case(generator, (1, 3, 6), 1.0, "random"),
        _case(generator, (1, 1, 7), 0.1, "one position"),
        _case(generator, (1, 2, 1), 0.5, "vectors of one entry"),
        _in_64_bits(_case(generator, (3, 2, 5), 1e-5, "random")),
        with_gradients(_case(generator, (3, 2, 4), 0.5, "random"), *_INPUTS),
        with_gradients(Case({**flat.inputs, "x": torch.ones(2, 1, 4)}, flat.label), *_INPUTS),
    ]


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[[1.0, 3.0]]]),
        "gain": torch.tensor([1.0, 2.0]),
        "bias": torch.tensor([0.0, 0.5]),
        "eps": 3.0,
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="gpt2.layer_norm",
    title="Layer normalization",
    statement="""
Write the normalization that stands before each half of a GPT-2 block. For each vector $x$ of $D$
entries,

$$\\mu = \\frac{1}{D}\\sum_i x_i, \\qquad \\sigma^2 = \\frac{1}{D}\\sum_i (x_i - \\mu)^2, \\qquad
y_i = g_i \\, \\frac{x_i - \\mu}{\\sqrt{\\sigma^2 + \\varepsilon}} + b_i$$

where $g$ is the gain and $b$ the bias. In the example the mean is 2, the variance 1 and
$\\varepsilon = 3$, so the vector is divided by 2. Every model learns through its norms, so PyTorch
must be able to differentiate the result: some cases compare gradients.

PyTorch's own normalizations (`layer_norm` and its relatives) and those of the course may not be
called.
""",
    signature=Signature(
        summary="Return x with each vector normalized, scaled and shifted.",
        parameters=(
            Parameter("x", "float tensor [B T D], 32 or 64 bits"),
            Parameter("gain", "float tensor [D], of the same type"),
            Parameter("bias", "float tensor [D], of the same type"),
            Parameter("eps", "float > 0, the ε of the formula"),
        ),
        returns="float tensor [B T D]",
    ),
    forbidden=("layer_norm", "course_lib.layers", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_example(),
    reference=layer_norm,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Each position is treated alone: mean and variance run over the last axis only.",
        "`x.mean(dim=-1, keepdim=True)` keeps the axis, so that it broadcasts against `x`. "
        "The variance is the mean of the squared differences, divided by D and not by D − 1.",
        "ε goes under the root: `torch.sqrt(variance + eps)`. Then multiply by the gain, then add "
        "the bias.",
    ),
    explanation="`keepdim=True` leaves the mean in shape [B T 1], which broadcasts over the "
    "features. The variance is divided by D because it describes this vector and estimates "
    "nothing. With ε under the root, a constant vector becomes 0/√ε = 0, and the gradient stays "
    "finite there.",
    mutants=(
        Mutant(
            "divided_by_one_less",
            _divided_by_one_less,
            "The variance is divided by D − 1, which is what `var` does unless told "
            "`correction=0`; divide by D.",
        ),
        Mutant(
            "eps_outside",
            _eps_outside,
            "ε is added to the standard deviation; it belongs to the variance, under the root.",
        ),
        Mutant(
            "std_plus_eps",
            _std_plus_eps,
            "Two slips: `std` divides by D − 1 unless told `correction=0`, and ε belongs to the "
            "variance, under the root.",
        ),
        Mutant("no_eps", _no_eps, "ε is not used, so a vector of equal entries gives 0/0 = nan."),
        Mutant("no_root", _no_root, "The vector is divided by the variance, not by its root."),
        Mutant(
            "mean_kept",
            _mean_kept,
            "The mean is not subtracted. That is RMSNorm, which came later.",
        ),
        Mutant(
            "whole_tensor",
            _whole_tensor,
            "One mean and one variance serve the whole tensor; each position has its own.",
        ),
        Mutant(
            "over_time",
            _over_time,
            "The statistics run over the positions; they should run over the features.",
        ),
        Mutant(
            "eps_as_floor",
            _eps_as_floor,
            "ε is used as the smallest variance allowed; it is added to the variance.",
        ),
        *graph_mistakes(layer_norm),
        Mutant(
            "statistics_cut_off",
            _statistics_cut_off,
            "Mean and variance are cut off from the graph (`.detach()`, `.item()`): the values are "
            "right, but the gradient of x leaves out that both depend on x.",
        ),
        Mutant("no_gain", _no_gain, "The gain is not applied."),
        Mutant("no_bias", _no_bias, "The bias is not added."),
        Mutant(
            "bias_before_gain",
            _bias_before_gain,
            "The bias is added before the gain, so that the gain scales it too.",
        ),
    ),
)
