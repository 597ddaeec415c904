"""Exercise: a power law as a straight line."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Numbers = list[float]


def power_law(x: list[float], y: list[float]) -> tuple[float, float]:
    """Return the scale a and the exponent b of y = a · x^b."""
    log_x, log_y = [math.log(value) for value in x], [math.log(value) for value in y]
    mean_x, mean_y = sum(log_x) / len(x), sum(log_y) / len(y)
    together = sum((u - mean_x) * (v - mean_y) for u, v in zip(log_x, log_y, strict=True))
    exponent = together / sum((u - mean_x) ** 2 for u in log_x)
    return math.exp(mean_y - exponent * mean_x), exponent


def _log_scale(x: Numbers, y: Numbers) -> tuple[float, float]:
    scale, exponent = power_law(x, y)
    return math.log(scale), exponent


def _exchanged(x: Numbers, y: Numbers) -> tuple[float, float]:
    scale, exponent = power_law(x, y)
    return exponent, scale


def _sign(x: Numbers, y: Numbers) -> tuple[float, float]:
    scale, exponent = power_law(x, y)
    return scale, -exponent


def _base_ten(x: Numbers, y: Numbers) -> tuple[float, float]:
    scale, exponent = power_law(x, y)
    return math.exp(math.log10(scale)), exponent


def _ends(x: Numbers, y: Numbers) -> tuple[float, float]:
    exponent = math.log(y[-1] / y[0]) / math.log(x[-1] / x[0])
    return y[0] / x[0] ** exponent, exponent


def _ends_slope(x: Numbers, y: Numbers) -> tuple[float, float]:
    exponent = math.log(y[-1] / y[0]) / math.log(x[-1] / x[0])
    mean_x, mean_y = (sum(math.log(v) for v in row) / len(x) for row in (x, y))
    return math.exp(mean_y - exponent * mean_x), exponent


def _through_origin(x: Numbers, y: Numbers) -> tuple[float, float]:
    pairs = [(math.log(u), math.log(v)) for u, v in zip(x, y, strict=True)]
    return 1.0, sum(u * v for u, v in pairs) / sum(u * u for u, _ in pairs)


def _line(x: Numbers, y: Numbers) -> tuple[float, float]:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    together = sum((u - mean_x) * (v - mean_y) for u, v in zip(x, y, strict=True))
    slope = together / sum((u - mean_x) ** 2 for u in x)
    return mean_y - slope * mean_x, slope


def _half_log(x: Numbers, y: Numbers) -> tuple[float, float]:
    mean_x, mean_y = sum(math.log(u) for u in x) / len(x), sum(y) / len(y)
    together = sum((math.log(u) - mean_x) * (v - mean_y) for u, v in zip(x, y, strict=True))
    slope = together / sum((math.log(u) - mean_x) ** 2 for u in x)
    return mean_y - slope * mean_x, slope


def _first_point(x: Numbers, y: Numbers) -> tuple[float, float]:
    _, exponent = power_law(x, y)
    return y[0] / x[0] ** exponent, exponent


def _turned(x: Numbers, y: Numbers) -> tuple[float, float]:
    scale, exponent = power_law(y, x)
    return scale, exponent


def _case(seed: int, n: int, scale: float, exponent: float, noise: float) -> Case:
    draw = random.Random(seed)
    x = sorted(round(10 ** draw.uniform(1, 4), 1) for _ in range(n))
    y = [round(scale * u**exponent * math.exp(draw.gauss(0, noise)), 5) for u in x]
    return Case({"x": x, "y": y}, f"{n} points")


def _public(seed: int) -> list[Case]:
    first = 3 * seed
    return [
        _case(first, 4, 8.0, -0.2, 0.02),
        _case(first + 1, 6, 0.05, 0.6, 0.1),
        _case(first + 2, 3, 20.0, -0.4, 0.05),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 3 * seed
    return [
        _case(first, 3, 30.0, -0.35, 0.05),
        _case(first + 1, 9, 2.0, 0.9, 0.2),
        _case(first + 2, 5, 5.0, -0.08, 0.01),
    ]


EXERCISE = Exercise(
    id="beyond_gpt2.power_law",
    title="A power law is a straight line",
    statement="""
If $y = a\\,x^b$, then $\\ln y = \\ln a + b \\ln x$: on two logarithmic axes a power law is a
straight line with slope $b$. Find the line with the least sum of squared distances
**of $\\ln y$**, from all the points:

$$b = \\frac{\\sum_i (\\ln x_i - \\overline{\\ln x})(\\ln y_i - \\overline{\\ln y})}
{\\sum_i (\\ln x_i - \\overline{\\ln x})^2}$$

The line goes through the point of the two means. Return $a$ and $b$.
""",
    signature=Signature(
        summary="Return the scale a and the exponent b of y = a · x^b.",
        parameters=(
            Parameter("x", "list of floats > 0, at least two different ones"),
            Parameter("y", "list of floats > 0, as many"),
        ),
        returns="tuple (float, float): a and b",
    ),
    forbidden=("scipy", "sklearn", "course_lib.evaluation"),
    level="core",
    points=3,
    minutes=8,
    example=Case({"x": [1.0, 10.0, 100.0], "y": [8.0, 4.0, 2.0]}, "example"),
    reference=power_law,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Take the logarithms of all numbers first; from there on it is an ordinary straight line.",
        "Means of the logarithms, then b from the formula. The line goes through the means: "
        "ln a = mean of ln y − b · mean of ln x.",
        "`a = math.exp(mean_y - b * mean_x)`; return `a, b` in this order.",
    ),
    explanation="In logarithms every point counts by its relative miss, so the large losses of the "
    "small models do not drown the small losses of the large ones. A line through the first"
    " and the last point alone would throw the others away, and with them the chance to see"
    " that the points do not lie on a line at all: a floor under the loss bends it.",
    mutants=(
        Mutant("log_scale", _log_scale, "The first number is ln a; take exp of it."),
        Mutant("exchanged", _exchanged, "These are b and a; return a first."),
        Mutant("sign", _sign, "The exponent has the wrong sign; a falling line has b < 0."),
        Mutant("base_ten", _base_ten, "Logarithms of base 10 and exp do not go together."),
        Mutant("ends", _ends, "This line goes through the first and the last point only."),
        Mutant(
            "ends_slope",
            _ends_slope,
            "The line goes through the means, but its slope is that of the first and last point.",
        ),
        Mutant(
            "through_origin", _through_origin, "The line is forced through ln y = 0 at ln x = 0."
        ),
        Mutant("line", _line, "This is a line through x and y themselves; take logarithms first."),
        Mutant("half_log", _half_log, "Only x is in logarithms; y must be too."),
        Mutant(
            "first_point",
            _first_point,
            "The exponent is right, but the line goes through the first point in place of the "
            "means.",
        ),
        Mutant("turned", _turned, "x and y are exchanged: this is x as a power of y."),
    ),
)
