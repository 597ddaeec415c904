"""Exercise: the order of operations in GPT-1's block."""

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


def post_norm_block(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    """Return the stream after one block of GPT-1."""

    def norm(z: Tensor) -> Tensor:
        return F.layer_norm(z, z.shape[-1:], eps=1e-5)

    x = norm(x + mix @ x @ output)
    return norm(x + F.gelu(x @ widen, approximate="tanh") @ narrow)


def _norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-5)


def _attend(x: Tensor, mix: Tensor, output: Tensor) -> Tensor:
    return mix @ x @ output


def _feed(x: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return F.gelu(x @ widen, approximate="tanh") @ narrow


def _pre_norm(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = x + _attend(_norm(x), mix, output)
    return x + _feed(_norm(x), widen, narrow)


def _pre_norm_and_last(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    return _norm(_pre_norm(x, mix, output, widen, narrow))


def _normalized_branches(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    x = x + _norm(_attend(x, mix, output))
    return x + _norm(_feed(x, widen, narrow))


def _stream_not_normalized(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    x = x + _attend(x, mix, output)
    return _norm(x + _feed(_norm(x), widen, narrow))


def _one_norm(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = x + _attend(x, mix, output)
    return _norm(x + _feed(x, widen, narrow))


def _no_last_norm(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = _norm(x + _attend(x, mix, output))
    return x + _feed(x, widen, narrow)


def _no_residual(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return _norm(_feed(_norm(_attend(x, mix, output)), widen, narrow))


def _adds_the_input(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    return _norm(x + _feed(_norm(x + _attend(x, mix, output)), widen, narrow))


def _side_by_side(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    return _norm(x + _attend(x, mix, output) + _feed(x, widen, narrow))


def _feeds_first(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = _norm(x + _feed(x, widen, narrow))
    return _norm(x + _attend(x, mix, output))


def _relu(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = _norm(x + _attend(x, mix, output))
    return _norm(x + F.relu(x @ widen) @ narrow)


def _exact_gelu(x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor) -> Tensor:
    x = _norm(x + _attend(x, mix, output))
    return _norm(x + F.gelu(x @ widen) @ narrow)


def _mixes_backward(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    return post_norm_block(x, mix.transpose(-2, -1), output, widen, narrow)


def _norm_over_positions(
    x: Tensor, mix: Tensor, output: Tensor, widen: Tensor, narrow: Tensor
) -> Tensor:
    def norm(z: Tensor) -> Tensor:
        return F.layer_norm(z, z.shape[-2:], eps=1e-5)

    x = norm(x + _attend(x, mix, output))
    return norm(x + _feed(x, widen, narrow))


_INPUTS = ("x", "mix", "output", "widen", "narrow")


def _case(generator: torch.Generator, batch: int, time: int, d_model: int, d_ff: int) -> Case:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    scores = normal(time, time).masked_fill(torch.ones(time, time).triu(1).bool(), -torch.inf)
    inputs = {
        "x": normal(batch, time, d_model) * 2 + 1,
        "mix": scores.softmax(-1),
        "output": normal(d_model, d_model) * 1.5,
        "widen": normal(d_model, d_ff),
        "narrow": normal(d_ff, d_model) * 1.5,
    }
    return Case(inputs, f"x of shape [{batch} {time} {d_model}], F = {d_ff}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    cases = [_case(generator, *size) for size in ((1, 2, 4, 8), (2, 3, 6, 12))]
    return [*cases, with_gradients(_case(generator, 1, 3, 4, 6), *_INPUTS)]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    cases = [_case(generator, *size) for size in ((1, 4, 5, 7), (3, 2, 8, 32), (1, 1, 4, 5))]
    return [*cases, with_gradients(_case(generator, 2, 3, 5, 8), *_INPUTS)]


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[[1.0, 3.0], [5.0, 1.0]]]),
        "mix": torch.tensor([[1.0, 0.0], [0.5, 0.5]]),
        "output": torch.tensor([[0.0, 0.0], [0.0, 4.0]]),
        "widen": torch.zeros(2, 1),
        "narrow": torch.zeros(1, 2),
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="gpt1.post_norm_block",
    title="GPT-1's block, in order",
    statement="""
Write one block of GPT-1: attention, then the feed-forward layer. Each adds its result to its
input, and the **sum** is normalized:

$$x \\leftarrow \\operatorname{norm}\\bigl(x + \\operatorname{attend}(x)\\bigr), \\qquad
x \\leftarrow \\operatorname{norm}\\bigl(x + \\operatorname{feed}(x)\\bigr)$$

To keep the eye on the order, the parts are small. There is one head whose attention weights are
given: $\\operatorname{attend}(x) = M x\\, W_o$ with `mix` $M$ and `output` $W_o$, and
$\\operatorname{feed}(x) = \\operatorname{gelu}(x W_1)\\, W_2$ with `widen` $W_1$, `narrow` $W_2$
and the GELU with tanh. The norm is layer normalization with $\\varepsilon = 10^{-5}$, without gain
and bias. PyTorch's functions for both are allowed. Some cases compare gradients.

In the example both feed-forward matrices are 0, so only its norm is left of the second half.
""",
    signature=Signature(
        summary="Return the stream after one block of GPT-1.",
        parameters=(
            Parameter("x", "float tensor [B T D], the stream"),
            Parameter("mix", "float tensor [T T], row t holds the weights of position t"),
            Parameter("output", "float tensor [D D]"),
            Parameter("widen", "float tensor [D F]"),
            Parameter("narrow", "float tensor [F D]"),
        ),
        returns="float tensor [B T D]",
    ),
    forbidden=("scaled_dot_product_attention", "course_lib.layers", "course_lib.models"),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=post_norm_block,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "There are two additions and two norms. Each norm takes a sum, and what it gives is the "
        "stream from there on.",
        "`F.layer_norm(z, z.shape[-1:], eps=1e-5)` normalizes each position; "
        "`F.gelu(z, approximate='tanh')` is GPT's GELU (`F` is `torch.nn.functional`).",
        "Attention is `mix @ x @ output`. After `x = norm(x + mix @ x @ output)` the old x is "
        "gone: the second half reads and adds the new one.",
    ),
    explanation="In GPT-1 the stream itself is normalized 24 times on its way up, and what leaves "
    "the last block needs no further norm. GPT-2 moved the norms into the branches. The parts and "
    "their parameters are the same, so nothing but the logits tells which of the two was built.",
    mutants=(
        Mutant(
            "pre_norm",
            _pre_norm,
            "The branches read normalized copies and the sums are left as they are: that is "
            "GPT-2's pre-norm.",
        ),
        Mutant(
            "pre_norm_and_last",
            _pre_norm_and_last,
            "This is GPT-2's pre-norm with its final norm; here each sum is normalized.",
        ),
        Mutant(
            "normalized_branches",
            _normalized_branches,
            "What a branch found is normalized before it is added; normalize the sum.",
        ),
        Mutant(
            "stream_not_normalized",
            _stream_not_normalized,
            "The second half reads a normalized copy but adds to the sum from before the norm.",
        ),
        Mutant("one_norm", _one_norm, "The norm after attention is missing."),
        Mutant("no_last_norm", _no_last_norm, "The norm after the feed-forward half is missing."),
        Mutant("no_residual", _no_residual, "The parts replace the stream; they must add to it."),
        Mutant(
            "adds_the_input",
            _adds_the_input,
            "The second half adds to the block's input; it must add to what the first half made.",
        ),
        Mutant(
            "side_by_side",
            _side_by_side,
            "Both parts read the block's input; the feed-forward layer comes after attention.",
        ),
        Mutant("feeds_first", _feeds_first, "The halves are exchanged; attention comes first."),
        Mutant("relu", _relu, "The nonlinearity is ReLU; GPT-1 brought GELU."),
        Mutant("exact_gelu", _exact_gelu, "This is the exact GELU; GPT-1 has the form with tanh."),
        Mutant(
            "mixes_backward",
            _mixes_backward,
            "The attention weights are transposed: row t of `mix` belongs to position t.",
        ),
        Mutant(
            "norm_over_positions",
            _norm_over_positions,
            "The norm runs over positions and features together; each position has its own.",
        ),
        *graph_mistakes(post_norm_block),
    ),
)
