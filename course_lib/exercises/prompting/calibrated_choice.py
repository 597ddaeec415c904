"""Exercise: take away what the wording prefers before it has seen the question."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Answer = tuple[int, list[float]]


def calibrated_choice(scores: list[float], content_free: list[float]) -> tuple[int, list[float]]:
    """Return the label that gains most over the empty question, and each label's share."""
    gains = [score - empty for score, empty in zip(scores, content_free, strict=True)]
    largest = max(gains)
    weights = [math.exp(gain - largest) for gain in gains]
    total = sum(weights)
    return gains.index(largest), [weight / total for weight in weights]


def _softmax(values: list[float]) -> Answer:
    largest = max(values)
    weights = [math.exp(value - largest) for value in values]
    return values.index(largest), [weight / sum(weights) for weight in weights]


def _uncalibrated(scores: list[float], content_free: list[float]) -> Answer:
    del content_free
    return _softmax(scores)


def _added(scores: list[float], content_free: list[float]) -> Answer:
    return _softmax([a + b for a, b in zip(scores, content_free, strict=True)])


def _turned(scores: list[float], content_free: list[float]) -> Answer:
    return _softmax([b - a for a, b in zip(scores, content_free, strict=True)])


def _ratio_of_logs(scores: list[float], content_free: list[float]) -> Answer:
    return _softmax([-a / b for a, b in zip(scores, content_free, strict=True)])


def _difference_of_chances(scores: list[float], content_free: list[float]) -> Answer:
    return _softmax([math.exp(a) - math.exp(b) for a, b in zip(scores, content_free, strict=True)])


def _not_normalized(scores: list[float], content_free: list[float]) -> Answer:
    gains = [a - b for a, b in zip(scores, content_free, strict=True)]
    return gains.index(max(gains)), [math.exp(min(gain, 300.0)) for gain in gains]


def _gains(scores: list[float], content_free: list[float]) -> Answer:
    gains = [a - b for a, b in zip(scores, content_free, strict=True)]
    return gains.index(max(gains)), gains


def _overflows(scores: list[float], content_free: list[float]) -> Answer:
    ratios = [
        math.exp(a) / max(math.exp(b), 1e-300) for a, b in zip(scores, content_free, strict=True)
    ]
    if not sum(ratios):
        return 0, [math.nan] * len(ratios)
    return ratios.index(max(ratios)), [ratio / sum(ratios) for ratio in ratios]


def _case(scores: list[float], content_free: list[float], label: str) -> Case:
    return Case({"scores": scores, "content_free": content_free}, label)


def _random_case(draw: random.Random, n: int) -> Case:
    scores, empty = ([round(-draw.uniform(0.1, 6.0), 2) for _ in range(n)] for _ in range(2))
    return _case(scores, empty, f"{n} labels")


def _public(seed: int) -> list[Case]:
    return [
        _case([-2.0, -1.0], [-3.0, -0.5], "the wording prefers the second label"),
        _case([-900.0, -903.0], [-902.0, -908.0], "labels of many tokens"),
        _random_case(random.Random(seed), 5),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([-880.0, -905.0], [-881.0, -910.0], "labels of many tokens"),
        _case([-0.7], [-3.0], "a single label"),
        *(_random_case(draw, n) for n in (2, 3, 8)),
    ]


EXERCISE = Exercise(
    id="prompting.calibrated_choice",
    title="Calibrate by an empty question",
    statement="""
`scores[i]` is $\\ln p(\\text{label}_i \\mid \\text{prompt})$. Ask the same prompt with a text that
says nothing, such as *N/A*, and `content_free[i]` is what the wording and its examples prefer
before they see any question. Divide this preference out:

$$q_i = \\frac{p(\\text{label}_i \\mid \\text{prompt}) / p(\\text{label}_i \\mid \\text{empty})}
{\\sum_j p(\\text{label}_j \\mid \\text{prompt}) / p(\\text{label}_j \\mid \\text{empty})}$$

Return the number of the label with the largest $q_i$ (the first, where several are equal) and all
$q_i$. Labels may have many tokens, so a probability itself can be too small for a float.
""",
    signature=Signature(
        summary="Return the label that gains most over the empty question, and each label's share.",
        parameters=(
            Parameter("scores", "list of floats <= 0, one a label"),
            Parameter("content_free", "list of equally many floats <= 0"),
        ),
        returns="(label, shares): an int from 0, and a list of floats that adds up to 1",
    ),
    forbidden=("course_lib.evaluation", "softmax"),
    level="core",
    points=4,
    minutes=8,
    example=_case([-2.0, -1.0], [-2.0, -0.5], "example"),
    reference=calibrated_choice,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "The logarithm of a quotient is a difference. Work with that, and go back to probabilities "
        "only at the end.",
        "`gains = [s - c for s, c in zip(scores, content_free)]`; the shares are the softmax of "
        "the gains.",
        "Subtract the largest gain before `math.exp`; it cancels in the quotient, and no "
        "exponential can overflow.",
    ),
    explanation="The gain of a label is the logarithm of p(label | prompt) / p(label | empty): how "
    "much the question itself has raised it. A label that the wording prefers anyway has a large "
    "content-free score, which is taken off. The shares are the softmax of the gains.",
    mutants=(
        Mutant("uncalibrated", _uncalibrated, "The content-free scores are not used."),
        Mutant("added", _added, "The logarithms are added; a quotient asks for their difference."),
        Mutant("turned", _turned, "The difference has the wrong sign."),
        Mutant(
            "ratio_of_logs",
            _ratio_of_logs,
            "The logarithms are divided; dividing probabilities means subtracting logarithms.",
        ),
        Mutant(
            "difference_of_chances",
            _difference_of_chances,
            "The probabilities are subtracted; they are to be divided.",
        ),
        Mutant("not_normalized", _not_normalized, "The shares do not add up to 1."),
        Mutant("gains", _gains, "These are differences of logarithms; shares are asked for."),
        Mutant(
            "overflows",
            _overflows,
            "The probability of a long label is 0 in floating point; subtract logarithms first.",
        ),
    ),
)
