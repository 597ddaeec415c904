"""Exercise: rotary positions."""

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


def rotate(x: Tensor, positions: Tensor, base: float) -> Tensor:
    """Turn each vector by the angles of its position."""
    width = x.shape[-1]
    speeds = base ** (-torch.arange(0, width, 2, device=x.device) / width)
    angles = positions[:, None] * speeds
    cosine, sine = angles.cos(), angles.sin()
    first, second = x[..., : width // 2], x[..., width // 2 :]
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def _backward(x: Tensor, positions: Tensor, base: float) -> Tensor:
    return rotate(x, -positions, base)


def _neighbors(x: Tensor, positions: Tensor, base: float) -> Tensor:
    order = torch.arange(x.shape[-1]).view(-1, 2).T.flatten()
    return rotate(x[..., order], positions, base)[..., order.argsort()]


def _from_zero(x: Tensor, positions: Tensor, base: float) -> Tensor:
    return rotate(x, torch.arange(len(positions)), base)


def _no_minus(x: Tensor, positions: Tensor, base: float) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    right = rotate(x, positions, base)
    with_sine = rotate(torch.cat([torch.zeros_like(first), second], -1), positions, base)
    return right - 2 * torch.cat([with_sine.chunk(2, -1)[0], torch.zeros_like(second)], dim=-1)


def _half_speed(x: Tensor, positions: Tensor, base: float) -> Tensor:
    return rotate(x, positions, base**0.5)


def _added(x: Tensor, positions: Tensor, base: float) -> Tensor:
    ones = torch.cat([torch.zeros_like(x), torch.ones_like(x)], -1)
    return x + rotate(ones[..., : x.shape[-1]], positions, base) + _sinusoids(x, positions, base)


def _sinusoids(x: Tensor, positions: Tensor, base: float) -> Tensor:
    one = torch.zeros_like(x)
    one[..., : x.shape[-1] // 2] = 1.0
    return rotate(one, positions, base)


def _one_speed(x: Tensor, positions: Tensor, base: float) -> Tensor:
    del base
    angles = positions[:, None].to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def _changed_too_early(x: Tensor, positions: Tensor, base: float) -> Tensor:
    width = x.shape[-1]
    angles = positions[:, None] * base ** (-torch.arange(0, width, 2) / width)
    first, second = x.chunk(2, dim=-1)
    first = first * angles.cos() - second * angles.sin()
    return torch.cat([first, first * angles.sin() + second * angles.cos()], dim=-1)


def _fixed_base(x: Tensor, positions: Tensor, base: float) -> Tensor:
    del base
    return rotate(x, positions, 10000.0)


def _only_the_first_half(x: Tensor, positions: Tensor, base: float) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    turned = rotate(x, positions, base).chunk(2, dim=-1)[0]
    del first
    return torch.cat([turned, second], dim=-1)


def _case(x: Tensor, positions: Tensor, base: float, label: str) -> Case:
    return Case({"x": x, "positions": positions, "base": base}, label)


def _random_case(
    generator: torch.Generator, shape: tuple[int, ...], *, base: float = 10000.0, start: int = 0
) -> Case:
    x = torch.randn(shape, generator=generator)
    positions = torch.arange(start, start + shape[-2])
    label = f"x of shape {list(shape)} at positions from {start}, base {base:g}"
    return _case(x, positions, base, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    one = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    last = _random_case(generator, (2, 3, 4), base=100.0)
    return [
        _case(one, torch.tensor([0, 1]), 10000.0, "one pair, (1, 0) twice"),
        _random_case(generator, (3, 4)),
        _random_case(generator, (2, 2, 5, 8), start=7),
        with_gradients(last, "x"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    x = torch.randn(1, 2, 4, 6, generator=generator)
    return [
        _random_case(generator, (1, 2), start=3),
        _random_case(generator, (4, 6), base=500.0),
        _random_case(generator, (2, 3, 6, 8), start=100),
        _case(x, torch.tensor([9, 2, 2, 40]), 10000.0, "positions out of order"),
        with_gradients(_random_case(generator, (1, 1, 3, 4), start=2), "x"),
    ]


EXERCISE = Exercise(
    id="positions.rotate",
    title="Rotary positions",
    statement="""
Turn queries or keys by their positions, in the layout of Llama: with $K$ entries in a vector, pair
$i$ is made of entry $a = x_i$ and entry $b = x_{i + K/2}$, for $i = 0, \\dots, K/2 - 1$. At
position $t$ it becomes

$$a\\cos(t\\,\\omega_i) - b\\sin(t\\,\\omega_i) \\qquad\\text{and}\\qquad
a\\sin(t\\,\\omega_i) + b\\cos(t\\,\\omega_i), \\qquad \\omega_i = \\text{base}^{-2i/K},$$

in the same two places. `positions` says where each of the $T$ vectors stands; they need not begin
at 0. There may be any number of axes before the last two, such as batch and heads. A model learns
through this function, so PyTorch must be able to differentiate it: some cases compare gradients.
""",
    signature=Signature(
        summary="Turn each vector by the angles of its position.",
        parameters=(
            Parameter("x", "float tensor [.. T K], K even: queries or keys"),
            Parameter("positions", "int tensor [T]"),
            Parameter("base", "float > 1"),
        ),
        returns="float tensor [.. T K]",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_case(torch.tensor([[1.0, 0.0]]), torch.tensor([1]), 10000.0, "example"),
    reference=rotate,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "The angles form a table [T K/2], as for the sinusoids: `positions[:, None] * speeds`.",
        "Cut `x` into its two halves along the last axis: `first, second = x.chunk(2, dim=-1)`. "
        "Both have the shape [.. T K/2], and the table of angles broadcasts to it.",
        "Compute both new halves from the old ones, then join them with `torch.cat(..., dim=-1)`: "
        "`first * cos − second * sin` and `first * sin + second * cos`.",
    ),
    explanation="Each pair is a point in a plane that is turned by an angle proportional to the "
    "position. Lengths stay as they are, and the dot product of a query at t and a key at s "
    "depends on t − s alone, because turning both by the same angle changes nothing between them.",
    mutants=(
        Mutant(
            "backward",
            _backward,
            "The vectors are turned the wrong way: the minus sign belongs to the first half.",
        ),
        Mutant(
            "neighbors",
            _neighbors,
            "Neighbors 2i and 2i + 1 are turned together, the layout of the paper. Here a pair is "
            "entries i and i + K/2.",
        ),
        Mutant(
            "from_zero",
            _from_zero,
            "Positions are counted from 0; use the argument `positions`, as a cache needs it.",
        ),
        Mutant(
            "no_minus",
            _no_minus,
            "Both sines have a plus sign; the first half is a · cos − b · sin.",
        ),
        Mutant("half_speed", _half_speed, "The speeds are base^(−i / K); they are base^(−2i / K)."),
        Mutant(
            "added",
            _added,
            "A position vector is added to x; rotary positions turn x and add nothing.",
        ),
        Mutant("one_speed", _one_speed, "All pairs turn at speed 1; pair i turns at ω_i."),
        Mutant(
            "changed_too_early",
            _changed_too_early,
            "The second half is computed from the first half after it was turned. Both need the "
            "old values.",
        ),
        Mutant("fixed_base", _fixed_base, "The base is always 10000; use the argument `base`."),
        Mutant(
            "only_the_first_half",
            _only_the_first_half,
            "The second half is left as it was; it becomes a · sin + b · cos.",
        ),
        *graph_mistakes(rotate),
    ),
)
