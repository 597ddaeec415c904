"""Exercise: the learning rate of a step, warm-up and cosine."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def rate_at(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    """Return the learning rate of the update about to be made."""
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def _starts_at_zero(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return peak * step / warmup_steps
    return rate_at(step, peak, floor, warmup_steps, total_steps)


def _no_warmup(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    if step < warmup_steps:
        return peak
    return rate_at(step, peak, floor, warmup_steps, total_steps)


def _no_floor(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    del floor
    return rate_at(step, peak, 0.0, warmup_steps, total_steps)


def _floor_added(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    return floor + rate_at(step, peak, 0.0, warmup_steps, total_steps)


def _progress_of_all(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    return rate_at(step, peak, floor, 0, total_steps)


def _cut_off(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    return max(floor, rate_at(step, peak, 0.0, warmup_steps, total_steps))


def _line(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    return peak + (floor - peak) * (step - warmup_steps) / (total_steps - warmup_steps)


def _quarter_wave(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + (peak - floor) * math.cos(math.pi / 2 * progress)


def _whole_wave(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + (peak - floor) * 0.5 * (1 + math.cos(2 * math.pi * progress))


def _peak_one_late(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    return rate_at(step, peak, floor, warmup_steps, total_steps)


def _rises_from_the_floor(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return floor + (peak - floor) * (step + 1) / warmup_steps
    return rate_at(step, peak, floor, warmup_steps, total_steps)


def _ends_one_early(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    return rate_at(step, peak, floor, warmup_steps, total_steps - 1)


def _share_of_all(
    step: int, peak: float, floor: float, warmup_steps: int, total_steps: int
) -> float:
    if step < warmup_steps:
        return rate_at(step, peak, floor, warmup_steps, total_steps)
    progress = (step - warmup_steps) / total_steps
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def _case(step: int, peak: float, floor: float, warmup_steps: int, total_steps: int) -> Case:
    inputs = {
        "step": step,
        "peak": peak,
        "floor": floor,
        "warmup_steps": warmup_steps,
        "total_steps": total_steps,
    }
    return Case(inputs, f"step {step} of {total_steps}, {warmup_steps} of warm-up")


def _random_cases(draw: random.Random) -> list[Case]:
    peak = draw.uniform(2.0, 8.0)
    floor = peak * draw.uniform(0.1, 0.3)
    warmup, total = draw.randint(5, 30), draw.randint(90, 200)
    early = draw.randrange(1, warmup - 1)
    middle = warmup + round((total - warmup) * draw.uniform(0.25, 0.4))
    late = warmup + round((total - warmup) * draw.uniform(0.9, 0.97))
    return [_case(step, peak, floor, warmup, total) for step in (early, middle, late)]


def _public(seed: int) -> list[Case]:
    return [
        _case(0, 1.0, 0.1, 4, 12),
        _case(3, 1.0, 0.1, 4, 12),
        _case(4, 1.0, 0.1, 4, 12),
        _case(6, 1.0, 0.1, 4, 12),
        _case(12, 1.0, 0.1, 4, 12),
        *_random_cases(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    edges = [_case(5, 2.0, 0.5, 0, 20), _case(0, 2.0, 0.5, 0, 20), _case(0, 3.0, 0.0, 1, 2)]
    return [*edges, *_random_cases(draw), *_random_cases(draw)]


EXERCISE = Exercise(
    id="pretraining.rate_at",
    title="Warm-up, then a cosine",
    statement="""
Return the learning rate of update number `step`, counted from 0. In the warm-up it rises in a
straight line: 1/W of the peak at step 0, the peak itself at step W − 1, with W = `warmup_steps`.
From step W on it falls along half a cosine, from the peak at step W to `floor` at step
`total_steps`.

Rates in the cases are larger than real ones, so that they can be read. Write the formula
yourself, without the schedules of the course or of `transformers`.
""",
    signature=Signature(
        summary="Return the learning rate of the update about to be made.",
        parameters=(
            Parameter("step", "int, the update about to be made, from 0 to total_steps"),
            Parameter("peak", "float, the highest rate"),
            Parameter("floor", "float, the rate at the end"),
            Parameter("warmup_steps", "int W >= 0, number of rising steps"),
            Parameter("total_steps", "int > W"),
        ),
        returns="float",
    ),
    forbidden=("course_lib.training", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_case(2, 1.0, 0.0, 2, 6),
    reference=rate_at,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "There are two cases. Begin with `if step < warmup_steps:` and the straight line.",
        "After the warm-up, measure the progress p from 0 to 1: how many of the falling steps are "
        "over, divided by how many there are.",
        "cos(π · p) runs from 1 to −1, so `0.5 * (1 + math.cos(math.pi * p))` runs from 1 to 0. "
        "Stretch it to run from peak to floor: `floor + (peak - floor) * …`.",
    ),
    explanation="Counting step + 1 in the warm-up gives the first update a rate above zero, so no "
    "batch is wasted. The half cosine leaves the peak slowly, falls fastest halfway, where it is "
    "the mean of peak and floor, and arrives slowly.",
    mutants=(
        Mutant(
            "starts_at_zero",
            _starts_at_zero,
            "The warm-up begins at 0, so the first update changes nothing; count step + 1.",
        ),
        Mutant("no_warmup", _no_warmup, "The rate is at its peak from the first step: no warm-up."),
        Mutant("no_floor", _no_floor, "The cosine ends at 0; it should end at the floor."),
        Mutant(
            "floor_added",
            _floor_added,
            "The floor is added on top, so the fall begins above the peak; scale the cosine by "
            "peak − floor.",
        ),
        Mutant(
            "progress_of_all",
            _progress_of_all,
            "Progress is measured from step 0; measure it from the end of the warm-up.",
        ),
        Mutant(
            "cut_off",
            _cut_off,
            "The cosine falls to 0 and is cut off at the floor; it should arrive there smoothly.",
        ),
        Mutant(
            "peak_one_late",
            _peak_one_late,
            "The warm-up is one step too long: W steps rise to the peak, so divide by W.",
        ),
        Mutant(
            "rises_from_the_floor",
            _rises_from_the_floor,
            "The warm-up rises from the floor; it rises from 0, with 1/W of the peak at step 0.",
        ),
        Mutant(
            "ends_one_early",
            _ends_one_early,
            "The fall is one step too short: the floor is reached at `total_steps`, not before it.",
        ),
        Mutant(
            "share_of_all",
            _share_of_all,
            "The falling steps are divided by all steps; divide by the number of falling ones.",
        ),
        Mutant("line", _line, "After the warm-up the rate falls in a straight line."),
        Mutant(
            "quarter_wave",
            _quarter_wave,
            "This is a quarter of a cosine; half a wave also arrives slowly at the end.",
        ),
        Mutant(
            "whole_wave",
            _whole_wave,
            "This is a whole wave: it returns to the peak at the end. Use π times the progress.",
        ),
    ),
)
