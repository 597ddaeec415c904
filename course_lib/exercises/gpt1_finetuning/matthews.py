"""Exercise: the Matthews correlation of said and true labels."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def matthews(said: list[int], true: list[int]) -> float:
    """Return the Matthews correlation of two lists of labels 0 and 1."""
    pairs = list(zip(said, true, strict=True))
    tp, fp = pairs.count((1, 1)), pairs.count((1, 0))
    fn, tn = pairs.count((0, 1)), pairs.count((0, 0))
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(product) if product else 0.0


def _table(said: list[int], true: list[int]) -> tuple[int, int, int, int]:
    pairs = list(zip(said, true, strict=True))
    return (pairs.count((1, 1)), pairs.count((1, 0)), pairs.count((0, 1)), pairs.count((0, 0)))


def _accuracy(said: list[int], true: list[int]) -> float:
    return sum(a == b for a, b in zip(said, true, strict=True)) / len(true)


def _f1(said: list[int], true: list[int]) -> float:
    tp, fp, fn, _ = _table(said, true)
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def _divides_by_zero(said: list[int], true: list[int]) -> float:
    tp, fp, fn, tn = _table(said, true)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(product)


def _no_root(said: list[int], true: list[int]) -> float:
    tp, fp, fn, tn = _table(said, true)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / product if product else 0.0


def _added(said: list[int], true: list[int]) -> float:
    tp, fp, fn, tn = _table(said, true)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn + fp * fn) / math.sqrt(product) if product else 0.0


def _absolute(said: list[int], true: list[int]) -> float:
    return abs(matthews(said, true))


def _rescaled(said: list[int], true: list[int]) -> float:
    return (matthews(said, true) + 1) / 2


def _informedness(said: list[int], true: list[int]) -> float:
    tp, fp, fn, tn = _table(said, true)
    return (tp / (tp + fn) if tp + fn else 0.0) + (tn / (tn + fp) if tn + fp else 0.0) - 1


def _sums(said: list[int], true: list[int]) -> float:
    tp, fp, fn, tn = _table(said, true)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp + tn - fp - fn) / math.sqrt(product) if product else 0.0


def _random_case(draw: random.Random, n: int, label: str) -> Case:
    true = [int(draw.random() < 0.3) for _ in range(n)]
    said = [value if draw.random() < 0.7 else int(draw.random() < 0.6) for value in true]
    return Case({"said": [1, 0, 1, *said], "true": [1, 0, 0, *true]}, label)


def _public(seed: int) -> list[Case]:
    return [
        Case({"said": [1, 1, 1, 0, 0, 0], "true": [1, 1, 0, 1, 0, 0]}, "six labels"),
        Case({"said": [0, 0, 0, 0], "true": [1, 0, 0, 0]}, "always 0"),
        Case({"said": [0, 1, 0, 0, 1], "true": [1, 0, 1, 1, 1]}, "mostly wrong"),
        _random_case(random.Random(seed), 20, "random labels"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        Case({"said": [1, 0], "true": [1, 1]}, "nothing is truly 0"),
        Case({"said": [1, 0, 1], "true": [0, 1, 0]}, "all wrong"),
        _random_case(draw, 200, "many labels"),
        _random_case(draw, 9, "few labels"),
    ]


EXERCISE = Exercise(
    id="gpt1_finetuning.matthews",
    title="A score that the majority does not win",
    statement="""
Where 95 of 100 labels are 0, always saying 0 has an accuracy of 95 %. The Matthews correlation,
which GPT-1's paper reports for sentences that are grammatical or not, gives 0 for that. It is the
correlation of the said and the true label:

$$\\frac{TP \\cdot TN - FP \\cdot FN}{\\sqrt{(TP+FP)(TP+FN)(TN+FP)(TN+FN)}}$$

$TP$ counts the labels that were said to be 1 and are 1, $FP$ said 1 and are 0, $FN$ said 0 and
are 1, $TN$ said 0 and are 0. Where one of the four sums is 0, the result is 0.
""",
    signature=Signature(
        summary="Return the Matthews correlation of two lists of labels 0 and 1.",
        parameters=(
            Parameter("said", "list of 0 and 1, what the model said"),
            Parameter("true", "list of 0 and 1, equally long, at least one"),
        ),
        returns="float from −1 to 1",
    ),
    forbidden=("course_lib.evaluation", "sklearn"),
    level="core",
    points=3,
    minutes=6,
    example=Case({"said": [1, 1, 0, 0], "true": [1, 0, 0, 0]}, "example"),
    reference=matthews,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Count the four outcomes first; each is a count of pairs (said, true).",
        "`list(zip(said, true)).count((1, 0))` counts the false positives.",
        "Multiply the four sums. If the product is 0, return 0.0; else divide by its `math.sqrt`.",
    ),
    explanation="Saying always the same makes one of the sums 0: such an answer carries no "
    "information, so the correlation is set to 0. Accuracy cannot tell it from a good one where "
    "the labels are uneven, and F1 does not count what was rightly said to be 0.",
    mutants=(
        Mutant(
            "accuracy", _accuracy, "This is the accuracy, the part of the labels that are right."
        ),
        Mutant("f1", _f1, "This is the F1 score, which does not count the true negatives."),
        Mutant(
            "divides_by_zero",
            _divides_by_zero,
            "Where one of the four sums is 0, the division fails; the result is 0 then.",
        ),
        Mutant("no_root", _no_root, "The square root of the product is missing."),
        Mutant("added", _added, "FP · FN is added; wrong answers must be subtracted."),
        Mutant(
            "absolute",
            _absolute,
            "The sign is lost: a model that is worse than chance has a negative correlation.",
        ),
        Mutant("rescaled", _rescaled, "The result is moved to 0 … 1; it runs from −1 to 1."),
        Mutant(
            "informedness",
            _informedness,
            "This is recall of both labels minus 1; it ignores how often each was said.",
        ),
        Mutant("sums", _sums, "The counts are added and subtracted; the formula multiplies them."),
    ),
)
