"""Exercise: moving by k positions is a rotation of the sinusoidal vectors."""

import random

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def shift_matrix(shift: int, d_model: int, base: float) -> Tensor:
    """Return the matrix that turns the vector of any position t into that of t + shift."""
    matrix = torch.zeros(d_model, d_model, dtype=torch.float64)
    for i in range(0, d_model, 2):
        angle = torch.tensor(shift * base ** (-i / d_model), dtype=torch.float64)
        cosine, sine = angle.cos(), angle.sin()
        matrix[i, i], matrix[i, i + 1] = cosine, sine
        matrix[i + 1, i], matrix[i + 1, i + 1] = -sine, cosine
    return matrix


def _backward(shift: int, d_model: int, base: float) -> Tensor:
    return shift_matrix(-shift, d_model, base)


def _one_step(shift: int, d_model: int, base: float) -> Tensor:
    del shift
    return shift_matrix(1, d_model, base)


def _one_speed(shift: int, d_model: int, base: float) -> Tensor:
    del base
    return torch.kron(torch.eye(d_model // 2, dtype=torch.float64), shift_matrix(shift, 2, 2.0))


def _no_minus(shift: int, d_model: int, base: float) -> Tensor:
    right = shift_matrix(shift, d_model, base)
    return torch.where(
        torch.eye(d_model, dtype=torch.bool), right, right.abs() * right.sign().abs()
    )


def _both_minus(shift: int, d_model: int, base: float) -> Tensor:
    right = shift_matrix(shift, d_model, base)
    diagonal = torch.eye(d_model, dtype=torch.bool)
    return torch.where(diagonal, right, -right.triu() + right.tril())


def _halves(shift: int, d_model: int, base: float) -> Tensor:
    order = torch.arange(d_model).view(-1, 2).T.flatten()
    return shift_matrix(shift, d_model, base)[order][:, order]


def _half_speed(shift: int, d_model: int, base: float) -> Tensor:
    return shift_matrix(shift, d_model, base**0.5)


def _only_cosines(shift: int, d_model: int, base: float) -> Tensor:
    return shift_matrix(shift, d_model, base).diag().diag()


def _powers_of_the_entries(shift: int, d_model: int, base: float) -> Tensor:
    return shift_matrix(1, d_model, base) ** shift


def _case(shift: int, d_model: int, base: float) -> Case:
    return Case(
        {"shift": shift, "d_model": d_model, "base": base},
        f"shift {shift}, width {d_model}, base {base:g}",
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(1, 2, 10000.0),
        _case(0, 4, 10000.0),
        _case(3, 4, 100.0),
        _case(-2, 6, 10000.0),
        _case(draw.randint(2, 40), 2 * draw.randint(2, 5), 1000.0),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(0, 2, 10.0),
        _case(1, 8, 10000.0),
        *(
            _case(draw.randint(-50, 50), 2 * draw.randint(2, 8), float(draw.randint(10, 9000)))
            for _ in range(4)
        ),
    ]


EXERCISE = Exercise(
    id="positions.shift_matrix",
    title="A step is a rotation",
    statement="""
The sinusoidal vector of position $t$ holds, for each pair $i$, the sine (entry $2i$) and the
cosine (entry $2i + 1$) of $t\\,\\omega_i$, with $\\omega_i = \\text{base}^{-2i/D}$. Find the matrix
$M$, the same for all $t$, that moves every position by `shift`:

$$P_{t + \\text{shift}} = M\\,P_t$$

Here $P_t$ is a column of $D$ = `d_model` entries. A negative shift moves back.
""",
    signature=Signature(
        summary="Return the matrix that turns the vector of any position t into that of t + shift.",
        parameters=(
            Parameter("shift", "int, how many positions to move; may be negative or 0"),
            Parameter("d_model", "even int D, the length of a vector"),
            Parameter("base", "float > 1"),
        ),
        returns="float tensor [D D]",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="stretch",
    points=5,
    minutes=15,
    example=_case(1, 2, 10000.0),
    reference=shift_matrix,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Every pair moves alone: M is zero but for a 2 × 2 block for each pair on its diagonal. "
        "What must the block do to (sin a, cos a) to give (sin(a + b), cos(a + b))?",
        "sin(a + b) = sin a cos b + cos a sin b and cos(a + b) = cos a cos b − sin a sin b. The "
        "first gives the first row of the block, the second its second row.",
        "With b = shift · ω_i the block is [[cos b, sin b], [−sin b, cos b]]; it stands at rows "
        "and columns 2i and 2i + 1.",
    ),
    explanation="The angle addition formulas are linear in sin a and cos a, so a shift is a "
    "matrix, and the matrix is a rotation of each pair by shift · ω_i. It does not depend on t: "
    "“three places back” is the same map everywhere, and a layer of attention can learn it.",
    mutants=(
        Mutant(
            "backward",
            _backward,
            "The matrix moves the wrong way: the minus sign belongs to the sine below the "
            "diagonal, since the sine stands first in each pair.",
        ),
        Mutant("one_step", _one_step, "The matrix always moves by 1; the angle is shift · ω_i."),
        Mutant(
            "one_speed", _one_speed, "All pairs turn at the speed of pair 0; pair i turns at ω_i."
        ),
        Mutant(
            "no_minus",
            _no_minus,
            "The sines off the diagonal must have opposite signs, or the matrix does not rotate.",
        ),
        Mutant(
            "both_minus",
            _both_minus,
            "Both sines have a minus sign; only the one below the diagonal does.",
        ),
        Mutant(
            "halves",
            _halves,
            "The pairs are entries i and i + D/2; here a pair is two neighbors, 2i and 2i + 1.",
        ),
        Mutant("half_speed", _half_speed, "The speeds are base^(−i / D); they are base^(−2i / D)."),
        Mutant(
            "only_cosines",
            _only_cosines,
            "The sines off the diagonal are missing: a pair's two entries mix.",
        ),
        Mutant(
            "powers_of_the_entries",
            _powers_of_the_entries,
            "Each entry is raised to a power. Moving by several steps multiplies the angle.",
        ),
    ),
)
