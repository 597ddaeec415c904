"""Exercise: the table of sinusoidal positions."""

import random

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def sinusoidal_table(n_positions: int, d_model: int, base: float) -> Tensor:
    """Return the sinusoidal vectors of the positions 0, 1, 2, …"""
    speeds = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = torch.arange(n_positions)[:, None] * speeds
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _angles(n_positions: int, d_model: int, base: float) -> Tensor:
    speeds = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.arange(n_positions)[:, None] * speeds


def _interleaved(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], dim=-1).flatten(1)


def _halves(n_positions: int, d_model: int, base: float) -> Tensor:
    angles = _angles(n_positions, d_model, base)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _cosine_first(n_positions: int, d_model: int, base: float) -> Tensor:
    angles = _angles(n_positions, d_model, base)
    return _interleaved(angles.cos(), angles.sin())


def _from_one(n_positions: int, d_model: int, base: float) -> Tensor:
    return sinusoidal_table(n_positions + 1, d_model, base)[1:]


def _half_exponent(n_positions: int, d_model: int, base: float) -> Tensor:
    return sinusoidal_table(n_positions, d_model, base**0.5)


def _every_entry_its_own_speed(n_positions: int, d_model: int, base: float) -> Tensor:
    speeds = base ** (-torch.arange(d_model, dtype=torch.float64) / d_model)
    angles = torch.arange(n_positions)[:, None] * speeds
    return _interleaved(angles[:, ::2].sin(), angles[:, 1::2].cos())


def _doubled_exponent(n_positions: int, d_model: int, base: float) -> Tensor:
    return sinusoidal_table(n_positions, d_model, base**2)


def _faster_and_faster(n_positions: int, d_model: int, base: float) -> Tensor:
    return sinusoidal_table(n_positions, d_model, 1 / base)


def _fixed_base(n_positions: int, d_model: int, base: float) -> Tensor:
    del base
    return sinusoidal_table(n_positions, d_model, 10000.0)


def _transposed(n_positions: int, d_model: int, base: float) -> Tensor:
    return sinusoidal_table(n_positions, d_model, base).T


def _full_turns(n_positions: int, d_model: int, base: float) -> Tensor:
    angles = 2 * torch.pi * _angles(n_positions, d_model, base)
    return _interleaved(angles.sin(), angles.cos())


def _case(n_positions: int, d_model: int, base: float) -> Case:
    return Case(
        {"n_positions": n_positions, "d_model": d_model, "base": base},
        f"{n_positions} positions, width {d_model}, base {base:g}",
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(1, 2, 10000.0),
        _case(4, 6, 10000.0),
        _case(7, 4, 100.0),
        _case(draw.randint(5, 30), 2 * draw.randint(2, 10), 10000.0),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(3, 2, 50.0),
        _case(1, 8, 10000.0),
        *(
            _case(draw.randint(2, 60), 2 * draw.randint(2, 16), float(draw.randint(10, 9000)))
            for _ in range(4)
        ),
    ]


EXERCISE = Exercise(
    id="positions.sinusoidal_table",
    title="A table of sines and cosines",
    statement="""
Write the position vectors of 2017 as one table, one row for each position $t = 0, 1, 2, \\dots$:

$$P_{t, 2i} = \\sin(t\\,\\omega_i) \\qquad P_{t, 2i+1} = \\cos(t\\,\\omega_i) \\qquad
\\omega_i = \\text{base}^{-2i/D}$$

$D$ is `d_model`, an even number, and $i = 0, \\dots, D/2 - 1$ counts the pairs: entries 0 and 1
belong to pair 0, entries 2 and 3 to pair 1, and so on.
""",
    signature=Signature(
        summary="Return the sinusoidal vectors of the positions 0, 1, 2, …",
        parameters=(
            Parameter("n_positions", "int T >= 1, the number of positions"),
            Parameter("d_model", "even int D, the length of a vector"),
            Parameter("base", "float > 1, often 10000.0"),
        ),
        returns="float tensor [T D]",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case(2, 4, 10000.0),
    reference=sinusoidal_table,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First the D/2 speeds ω, then a table [T D/2] of angles t · ω, last the sines and cosines.",
        "`torch.arange(0, d_model, 2)` holds the numbers 2i. Positions as a column, "
        "`torch.arange(n_positions)[:, None]`, times the row of speeds gives all angles.",
        "To bring sines and cosines into alternating columns, make an empty table and fill "
        "`table[:, 0::2]` and `table[:, 1::2]`, or stack the two along a new last axis and "
        "flatten.",
    ),
    explanation="All angles are one outer product of positions and speeds. Each pair of columns is "
    "one clock: its sine and its cosine. Row 0 is 0, 1, 0, 1, …, since all clocks start at 0.",
    mutants=(
        Mutant(
            "halves",
            _halves,
            "All sines stand first and then all cosines; here they alternate: column 2i is a "
            "sine and column 2i + 1 the cosine of the same angle.",
        ),
        Mutant(
            "cosine_first",
            _cosine_first,
            "Sine and cosine are swapped: the even columns are the sines.",
        ),
        Mutant("from_one", _from_one, "The first row is position 1; positions count from 0."),
        Mutant(
            "half_exponent",
            _half_exponent,
            "The exponent is −i / D; it is −2i / D, so that the slowest speed comes near 1/base.",
        ),
        Mutant(
            "doubled_exponent",
            _doubled_exponent,
            "The exponent is too large by a factor 2. Where the arange already steps by 2, it "
            "holds 2i and needs no further factor.",
        ),
        Mutant(
            "every_entry_its_own_speed",
            _every_entry_its_own_speed,
            "Sine and cosine of a pair have different speeds; columns 2i and 2i + 1 share ω_i.",
        ),
        Mutant(
            "faster_and_faster",
            _faster_and_faster,
            "The speeds grow from pair to pair; the exponent is negative, so they fall.",
        ),
        Mutant("fixed_base", _fixed_base, "The base is always 10000; use the argument `base`."),
        Mutant(
            "transposed",
            _transposed,
            "The table lies on its side: one row for each position, one column for each entry.",
        ),
        Mutant(
            "full_turns",
            _full_turns,
            "The angles are multiplied by 2π; ω_i is already in radians per position.",
        ),
    ),
)
