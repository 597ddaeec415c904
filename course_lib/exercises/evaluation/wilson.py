"""Exercise: an interval for a measured share."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def wilson(n_right: int, n: int, z: float) -> tuple[float, float]:
    """Return the lower and the upper end of Wilson's interval."""
    share, extra = n_right / n, z * z / n
    reach = z * math.sqrt(share * (1 - share) / n + extra / (4 * n))
    low = (share + extra / 2 - reach) / (1 + extra)
    high = (share + extra / 2 + reach) / (1 + extra)
    return low, high


def _normal(n_right: int, n: int, z: float) -> tuple[float, float]:
    share = n_right / n
    reach = z * math.sqrt(share * (1 - share) / n)
    return share - reach, share + reach


def _cut_normal(n_right: int, n: int, z: float) -> tuple[float, float]:
    low, high = _normal(n_right, n, z)
    return max(0.0, low), min(1.0, high)


def _not_divided(n_right: int, n: int, z: float) -> tuple[float, float]:
    low, high = wilson(n_right, n, z)
    extra = z * z / n
    return low * (1 + extra), high * (1 + extra)


def _not_moved(n_right: int, n: int, z: float) -> tuple[float, float]:
    share = n_right / n
    low, high = wilson(n_right, n, z)
    return share - (high - low) / 2, share + (high - low) / 2


def _z_once(n_right: int, n: int, z: float) -> tuple[float, float]:
    share, extra = n_right / n, z * z / n
    reach = math.sqrt(share * (1 - share) / n + extra / (4 * n))
    middle = share + extra / 2
    return (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)


def _no_root(n_right: int, n: int, z: float) -> tuple[float, float]:
    share, extra = n_right / n, z * z / n
    reach = z * (share * (1 - share) / n + extra / (4 * n))
    middle = share + extra / 2
    return (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)


def _root_partly(n_right: int, n: int, z: float) -> tuple[float, float]:
    share, extra = n_right / n, z * z / n
    reach = z * math.sqrt(share * (1 - share) / n)
    middle = share + extra / 2
    return (middle - reach) / (1 + extra), (middle + reach) / (1 + extra)


def _percent(n_right: int, n: int, z: float) -> tuple[float, float]:
    low, high = wilson(n_right, n, z)
    return 100 * low, 100 * high


def _fixed_z(n_right: int, n: int, z: float) -> tuple[float, float]:
    del z
    return wilson(n_right, n, 1.96)


def _reach(n_right: int, n: int, z: float) -> tuple[float, float]:
    low, high = wilson(n_right, n, z)
    return (low + high) / 2, (high - low) / 2


def _case(n_right: int, n: int, z: float, label: str) -> Case:
    return Case({"n_right": n_right, "n": n, "z": z}, label)


def _random_case(draw: random.Random) -> Case:
    n = draw.randint(20, 300)
    n_right = draw.randint(1, n - 1)
    return _case(n_right, n, draw.choice([1.0, 1.645, 2.576]), f"{n_right} of {n}")


def _public(seed: int) -> list[Case]:
    return [
        _case(30, 60, 1.96, "half of them"),
        _case(1, 6, 1.96, "one of six"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(20, 20, 1.96, "all of them"),
        _case(1, 40, 1.96, "nearly none"),
        _case(1, 1, 2.576, "one question"),
        *(_random_case(draw) for _ in range(3)),
    ]


EXERCISE = Exercise(
    id="evaluation.wilson",
    title="How sure is 20 out of 20?",
    statement="""
A model answered `n_right` of `n` questions. Which true shares $q$ are within $z$ standard errors of
what was measured, $|p - q| \\le z \\sqrt{q(1-q)/n}$ with $p = n_\\text{right} / n$? The standard
error is that of the true share, not of the measured one. Solved for $q$, the ends are

$$\\frac{1}{1 + z^2/n} \\left( p + \\frac{z^2}{2n}
\\pm z\\sqrt{\\frac{p(1-p)}{n} + \\frac{z^2}{4n^2}} \\right)$$

Return both, the lower one first.
""",
    signature=Signature(
        summary="Return the lower and the upper end of Wilson's interval.",
        parameters=(
            Parameter("n_right", "int, 0 <= n_right <= n"),
            Parameter("n", "int >= 1"),
            Parameter("z", "float > 0, such as 1.96 for 95 %"),
        ),
        returns="tuple (float, float), shares from 0 to 1",
    ),
    forbidden=("course_lib.evaluation", "scipy"),
    level="core",
    points=3,
    minutes=8,
    example=_case(8, 10, 1.96, "example"),
    reference=wilson,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Compute p = n_right / n and z² / n first; both stand in the formula more than once.",
        "The root has two terms inside, both divided by n: p(1 − p)/n and z²/(4n²).",
        "`middle = p + extra / 2` and `reach = z * math.sqrt(p * (1 - p) / n + extra / (4 * n))` "
        "with `extra = z * z / n`; divide `middle - reach` and `middle + reach` by `1 + extra`.",
    ),
    explanation="Twenty right answers of twenty give 0.84 to 1: the plain formula "
    "p ± z√(p(1 − p)/n) would give 1 to 1, as if twenty questions settled the matter, and for "
    "shares near 0 or 1 it leaves the range. Wilson's moves the middle towards one half, the more "
    "the fewer questions.",
    mutants=(
        Mutant(
            "normal",
            _normal,
            "This is p ± z√(p(1 − p)/n), which has width 0 where all answers are right.",
        ),
        Mutant(
            "cut_normal",
            _cut_normal,
            "This is the plain interval, cut at 0 and 1; the measured share's error is used.",
        ),
        Mutant("not_divided", _not_divided, "The division by 1 + z²/n is missing."),
        Mutant("not_moved", _not_moved, "The width is right, but the middle must move: + z²/2n."),
        Mutant("z_once", _z_once, "The root must be multiplied by z."),
        Mutant("no_root", _no_root, "The square root is missing."),
        Mutant("root_partly", _root_partly, "The second term in the root, z²/4n², is missing."),
        Mutant("percent", _percent, "These are percent; return shares from 0 to 1."),
        Mutant("fixed_z", _fixed_z, "z is given; here it is 1.96 whatever was asked for."),
        Mutant("reach", _reach, "This is (middle, half of the width); return the two ends."),
    ),
)
