"""Exercise: warm-up and inverse square root."""

import random

from course_lib.exercises.comparison import Close
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def learning_rate(step: int, d_model: int, warmup_steps: int) -> float:
    """Return the learning rate of a step, counted from 1."""
    return float(d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5))


def _maximum(step: int, d_model: int, warmup_steps: int) -> float:
    return float(d_model**-0.5 * max(step**-0.5, step * warmup_steps**-1.5))


def _no_warmup(step: int, d_model: int, warmup_steps: int) -> float:
    del warmup_steps
    return float(d_model**-0.5 * step**-0.5)


def _only_warmup(step: int, d_model: int, warmup_steps: int) -> float:
    return float(d_model**-0.5 * min(warmup_steps**-0.5, step * warmup_steps**-1.5))


def _warmup_root(step: int, d_model: int, warmup_steps: int) -> float:
    return float(d_model**-0.5 * min(step**-0.5, step * warmup_steps**-0.5))


def _inverse(step: int, d_model: int, warmup_steps: int) -> float:
    if step <= warmup_steps:
        return learning_rate(step, d_model, warmup_steps)
    return float(d_model**-0.5 * warmup_steps**0.5 / step)


def _no_width(step: int, d_model: int, warmup_steps: int) -> float:
    del d_model
    return learning_rate(step, 1, warmup_steps)


def _width_not_rooted(step: int, d_model: int, warmup_steps: int) -> float:
    return learning_rate(step, d_model**2, warmup_steps)


def _root_of_width(step: int, d_model: int, warmup_steps: int) -> float:
    return d_model * learning_rate(step, d_model, warmup_steps)


def _counted_from_zero(step: int, d_model: int, warmup_steps: int) -> float:
    return learning_rate(step + 1, d_model, warmup_steps)


def _restarted(step: int, d_model: int, warmup_steps: int) -> float:
    if step <= warmup_steps:
        return learning_rate(step, d_model, warmup_steps)
    return float(d_model**-0.5 * (warmup_steps * (step - warmup_steps)) ** -0.5)


def _case(step: int, d_model: int, warmup_steps: int) -> Case:
    inputs = {"step": step, "d_model": d_model, "warmup_steps": warmup_steps}
    return Case(inputs, f"step {step}, d_model {d_model}, {warmup_steps} warm-up steps")


def _random_case(draw: random.Random, late: bool) -> Case:
    warmup = draw.randint(50, 5000)
    step = draw.randint(warmup + 2, 20 * warmup) if late else draw.randint(2, warmup - 1)
    return _case(step, draw.choice([64, 256, 512, 1024]), warmup)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(1, 512, 4000),
        _case(4000, 512, 4000),
        _case(100_000, 512, 4000),
        _random_case(draw, late=False),
        _random_case(draw, late=True),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(1, 128, 1),
        _case(10, 128, 1),
        _case(401, 128, 400),
        *(_random_case(draw, late) for late in (False, True, False, True)),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.learning_rate",
    title="Warm up, then slow down",
    statement="""
The learning rate of 2017 rises in a straight line for $w$ steps and then falls as one over the
root of the step. Both halves fit into one line: at step $s = 1, 2, \\dots$ the rate is

$$d_\\text{model}^{-0.5} \\cdot \\min\\left(s^{-0.5},\\; s \\cdot w^{-1.5}\\right).$$

Write it in plain Python. Before you run the check, work out at which step the two terms are equal.
""",
    signature=Signature(
        summary="Return the learning rate of a step, counted from 1.",
        parameters=(
            Parameter("step", "int s >= 1"),
            Parameter("d_model", "int, the width of the model"),
            Parameter("warmup_steps", "int w >= 1"),
        ),
        returns="float",
    ),
    forbidden=("course_lib.training",),
    level="core",
    points=2,
    minutes=4,
    example=_case(4, 4, 16),
    reference=learning_rate,
    comparator=Close(rtol=1e-6, atol=1e-12),
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two candidates and the smaller one of them: which is smaller at the start, when s = 1?",
        "`step**-0.5` is one over the square root of the step; `step * warmup_steps**-1.5` is a "
        "straight line through 0.",
        "`return d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)`",
    ),
    explanation="The terms are equal at s = w, where both are w^−0.5, so the highest rate is "
    "1 / √(d_model · w). Before it the line is smaller and the rate rises by the same amount each "
    "step; after it four times as many steps halve the rate. No total number of steps appears.",
    mutants=(
        Mutant("maximum", _maximum, "The larger of the two terms is taken; take the smaller."),
        Mutant("no_warmup", _no_warmup, "There is no warm-up: the rate is highest at step 1."),
        Mutant("only_warmup", _only_warmup, "After the warm-up the rate stays; it must fall."),
        Mutant(
            "warmup_root", _warmup_root, "The warm-up steps have the exponent −0.5; it is −1.5."
        ),
        Mutant(
            "inverse",
            _inverse,
            "The rate falls as 1/s after the warm-up; it falls as 1/√s, slower.",
        ),
        Mutant("no_width", _no_width, "The factor d_model^−0.5 is missing."),
        Mutant(
            "width_not_rooted", _width_not_rooted, "The rate is divided by d_model; by its root."
        ),
        Mutant(
            "root_of_width", _root_of_width, "The rate is multiplied by √d_model; divide by it."
        ),
        Mutant(
            "counted_from_zero", _counted_from_zero, "1 is added to the step, which counts from 1."
        ),
        Mutant(
            "restarted",
            _restarted,
            "The steps are counted anew after the warm-up, so the rate jumps; keep counting.",
        ),
    ),
)
