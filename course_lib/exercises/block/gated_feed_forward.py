"""Exercise: SwiGLU, the feed-forward layer of Llama."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def gated_feed_forward(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    """Return the gated feed-forward layer's output."""
    opened = x @ gate
    return (opened * torch.sigmoid(opened) * (x @ widen)) @ narrow


def _no_gate(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    del gate
    return F.silu(x @ widen) @ narrow


def _exchanged(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return gated_feed_forward(x, widen, gate, narrow)


def _sigmoid_gate(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return (torch.sigmoid(x @ gate) * (x @ widen)) @ narrow


def _gelu_gate(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return (F.gelu(x @ gate) * (x @ widen)) @ narrow


def _relu_gate(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return (F.relu(x @ gate) * (x @ widen)) @ narrow


def _both_bent(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return (F.silu(x @ gate) * F.silu(x @ widen)) @ narrow


def _bent_product(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return F.silu((x @ gate) * (x @ widen)) @ narrow


def _added(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return (F.silu(x @ gate) + x @ widen) @ narrow


def _residual(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return x + gated_feed_forward(x, gate, widen, narrow)


def _bilinear(x: Tensor, gate: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return ((x @ gate) * (x @ widen)) @ narrow


_INPUTS = ("x", "gate", "widen", "narrow")


def _case(generator: torch.Generator, sizes: tuple[int, int, int, int], label: str = "") -> Case:
    batch, time, width, wide = sizes

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    inputs = {
        "x": normal(batch, time, width),
        "gate": normal(width, wide),
        "widen": normal(width, wide),
        "narrow": normal(wide, width),
    }
    return Case(inputs, label or f"x of shape [{batch} {time} {width}], F = {wide}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (1, 1, 2, 3)),
        _case(generator, (1, 2, 3, 8)),
        _case(generator, (2, 3, 4, 6)),
        with_gradients(_case(generator, (1, 2, 3, 4)), *_INPUTS),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    wide = _case(generator, (2, 2, 4, 7))
    double = Case({name: value.double() for name, value in wide.inputs.items()}, "float64")
    return [
        _case(generator, (2, 4, 6, 16)),
        _case(generator, (1, 1, 1, 2), "one feature"),
        double,
        with_gradients(_case(generator, (2, 3, 4, 5)), *_INPUTS),
    ]


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[[1.0, 2.0]]]),
        "gate": torch.tensor([[0.0], [1.0]]),
        "widen": torch.tensor([[3.0], [0.0]]),
        "narrow": torch.tensor([[1.0, -1.0]]),
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="block.gated_feed_forward",
    title="A feed-forward layer with a gate",
    statement="""
Write the feed-forward layer of Llama, SwiGLU. One widened copy of $x$, bent by
$\\operatorname{silu}(z) = z\\,\\sigma(z)$ with $\\sigma(z) = 1/(1 + e^{-z})$, decides how much of a
second one passes:

$$f(x) = \\bigl(\\operatorname{silu}(x W_g) \\odot x W_1\\bigr)\\, W_2$$

$W_g$ is `gate`, $W_1$ is `widen` and $W_2$ is `narrow`; $\\odot$ multiplies entry by entry. There
are no biases, and the residual is added outside. A model learns through it, so PyTorch must be able
to differentiate the result: some cases compare gradients.
""",
    signature=Signature(
        summary="Return the gated feed-forward layer's output.",
        parameters=(
            Parameter("x", "float tensor [B T D], 32 or 64 bits"),
            Parameter("gate", "float tensor [D F]"),
            Parameter("widen", "float tensor [D F]"),
            Parameter("narrow", "float tensor [F D]"),
        ),
        returns="float tensor [B T D]",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=3,
    minutes=6,
    example=_example(),
    reference=gated_feed_forward,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Three matrix products. Two of them read $x$; their results have the shape [B T F].",
        "Only the gate is bent. The product of the two is taken before `narrow`.",
        "`silu` is `torch.nn.functional.silu`, or `z * torch.sigmoid(z)`.",
    ),
    explanation="Both widened copies read the same x; the gate's entries, bent, multiply those of "
    "the other. Where the gate's entry is far below 0 nothing passes, where it is large the other "
    "entry passes scaled by it. The product of two functions of x is something that a layer with "
    "one widened copy cannot compute in one step.",
    mutants=(
        Mutant("no_gate", _no_gate, "The gate is not used."),
        Mutant(
            "exchanged", _exchanged, "`gate` and `widen` are exchanged: silu belongs to the gate."
        ),
        Mutant(
            "sigmoid_gate",
            _sigmoid_gate,
            "The gate is bent by a plain sigmoid (that is GLU); silu(z) is z times the sigmoid.",
        ),
        Mutant("gelu_gate", _gelu_gate, "The gate is bent by a GELU (that is GEGLU); use silu."),
        Mutant("relu_gate", _relu_gate, "The gate is bent by a ReLU (that is ReGLU); use silu."),
        Mutant("both_bent", _both_bent, "Both copies are bent; only the gate is."),
        Mutant("bent_product", _bent_product, "The product is bent; bend the gate, then multiply."),
        Mutant("added", _added, "The two copies are added; multiply them entry by entry."),
        Mutant("residual", _residual, "x is added to the result; the block does that outside."),
        Mutant("bilinear", _bilinear, "Nothing is bent; the gate passes through silu."),
        *graph_mistakes(gated_feed_forward),
    ),
)
