"""Exercise: how much an accuracy owes to the order of the examples."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Rows = list[list[int]]
Answer = tuple[float, float, float]


def order_spread(said: list[list[int]], right: list[int]) -> tuple[float, float, float]:
    """Return mean accuracy over the orders, its standard deviation, and the share that flips."""
    shares = [sum(a == b for a, b in zip(row, right, strict=True)) / len(right) for row in said]
    mean = sum(shares) / len(shares)
    spread = math.sqrt(sum((share - mean) ** 2 for share in shares) / (len(shares) - 1))
    flips = sum(len(set(answers)) > 1 for answers in zip(*said, strict=True))
    return mean, spread, flips / len(right)


def _parts(said: _Rows, right: list[int]) -> tuple[list[float], float]:
    shares = [sum(a == b for a, b in zip(row, right, strict=True)) / len(right) for row in said]
    return shares, sum(shares) / len(shares)


def _population(said: _Rows, right: list[int]) -> Answer:
    shares, mean = _parts(said, right)
    spread = math.sqrt(sum((share - mean) ** 2 for share in shares) / len(shares))
    return mean, spread, order_spread(said, right)[2]


def _standard_error(said: _Rows, right: list[int]) -> Answer:
    mean, spread, flips = order_spread(said, right)
    return mean, spread / math.sqrt(len(said)), flips


def _variance(said: _Rows, right: list[int]) -> Answer:
    mean, spread, flips = order_spread(said, right)
    return mean, spread**2, flips


def _range(said: _Rows, right: list[int]) -> Answer:
    shares, mean = _parts(said, right)
    return mean, max(shares) - min(shares), order_spread(said, right)[2]


def _best_order(said: _Rows, right: list[int]) -> Answer:
    shares, _ = _parts(said, right)
    return max(shares), *order_spread(said, right)[1:]


def _majority(said: _Rows, right: list[int]) -> Answer:
    votes = [
        sorted(set(column), key=lambda a: (-column.count(a), a))[0]
        for column in zip(*said, strict=True)
    ]
    hits = sum(a == b for a, b in zip(votes, right, strict=True)) / len(right)
    return hits, *order_spread(said, right)[1:]


def _ever_wrong(said: _Rows, right: list[int]) -> Answer:
    columns = zip(zip(*said, strict=True), right, strict=True)
    wrong = sum(any(answer != label for answer in column) for column, label in columns)
    return *order_spread(said, right)[:2], wrong / len(right)


def _counted(said: _Rows, right: list[int]) -> Answer:
    mean, spread, flips = order_spread(said, right)
    return mean, spread, flips * len(right)


def _neighbors(said: _Rows, right: list[int]) -> Answer:
    flips = sum(a != b for a, b in zip(said[0], said[1], strict=True))
    return *order_spread(said, right)[:2], flips / len(right)


def _case(said: _Rows, right: list[int], label: str) -> Case:
    return Case({"said": said, "right": right}, label)


def _random_case(draw: random.Random, n_orders: int, n: int, n_labels: int = 2) -> Case:
    right = [draw.randrange(n_labels) for _ in range(n)]
    said = [
        [label if draw.random() < 0.6 else draw.randrange(n_labels) for label in right]
        for _ in range(n_orders)
    ]
    return _case(said, right, f"{n_orders} orders, {n} questions")


def _public(seed: int) -> list[Case]:
    return [
        _case([[0, 1, 1, 0], [0, 1, 0, 0], [1, 1, 0, 0]], [0, 1, 0, 1], "three orders"),
        _case([[1, 1], [1, 1]], [1, 0], "two orders that agree"),
        _random_case(random.Random(seed), 5, 12),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([[1, 0], [0, 1]], [0, 0], "two orders, the same accuracy, other answers"),
        _case([[2, 0, 1], [2, 1, 0], [2, 0, 2]], [0, 0, 0], "wrong in always the same way"),
        _random_case(draw, 8, 20, 3),
        _random_case(draw, 4, 9),
    ]


EXERCISE = Exercise(
    id="prompting.order_spread",
    title="What an accuracy owes to the order",
    statement="""
The same questions were asked with the same examples in several orders. `said[o][i]` is the answer
to question $i$ under order $o$, and `right[i]` the right answer. Return three numbers:

1. the mean over the orders of the accuracy, which is a share from 0 to 1: what to expect of an
   order drawn at random;
2. the standard deviation of the accuracy over the orders. They are a sample of all orders, so
   divide by their number **minus one** before the root;
3. the share of questions whose answer **is not the same** under all orders, right or wrong.
""",
    signature=Signature(
        summary="Return mean accuracy over the orders, its standard deviation, and the share that "
        "flips.",
        parameters=(
            Parameter("said", "list of at least two lists of ints, one list an order"),
            Parameter("right", "list of ints, as long as each list of said"),
        ),
        returns="(mean, spread, flips): three floats",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=4,
    minutes=8,
    example=_case([[0, 1], [1, 1]], [0, 1], "example"),
    reference=order_spread,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First one accuracy for each order; the first two numbers are the mean and the standard "
        "deviation of these.",
        "With accuracies $a_o$ of $m$ orders and their mean $\\bar a$, the spread is "
        "$\\sqrt{\\sum_o (a_o - \\bar a)^2 / (m - 1)}$.",
        "`zip(*said)` goes through the questions: each item holds the answers to one question "
        "under all orders. It flips if `len(set(answers)) > 1`.",
    ),
    explanation="Two orders may have the same accuracy and answer different questions rightly, "
    "which is why the share that flips can be large where the spread is small. Whoever reports "
    "only the best order has chosen it by the right answers; new questions will give less.",
    mutants=(
        Mutant(
            "population",
            _population,
            "The squares are divided by the number of orders; divide by one less.",
        ),
        Mutant(
            "standard_error",
            _standard_error,
            "This is the standard error of the mean; the spread of single orders is asked for.",
        ),
        Mutant("variance", _variance, "This is the variance; take its root."),
        Mutant("range", _range, "This is the largest accuracy minus the smallest."),
        Mutant(
            "best_order",
            _best_order,
            "This is the accuracy of the best order; the mean over all of them is asked for.",
        ),
        Mutant(
            "majority",
            _majority,
            "This lets the orders vote; the mean of their own accuracies is asked for.",
        ),
        Mutant(
            "ever_wrong",
            _ever_wrong,
            "This counts questions that are wrong at least once; a question that always gets the "
            "same wrong answer does not flip.",
        ),
        Mutant("counted", _counted, "The third number is a count; a share is asked for."),
        Mutant("neighbors", _neighbors, "Only the first two orders are compared."),
    ),
)
