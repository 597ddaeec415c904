"""Exercise: one step towards the Bradley–Terry strengths."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Wins = list[list[int]]


def bradley_terry_step(wins: _Wins, strengths: list[float]) -> list[float]:
    """Return the strengths after one step; their mean is 1."""
    return _scaled(_raw(wins, strengths))


def _raw(wins: _Wins, strengths: list[float]) -> list[float]:
    n = len(strengths)
    return [
        sum(wins[i])
        / sum((wins[i][j] + wins[j][i]) / (strengths[i] + strengths[j]) for j in range(n) if j != i)
        for i in range(n)
    ]


def _scaled(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value / mean for value in values]


def _not_scaled(wins: _Wins, strengths: list[float]) -> list[float]:
    return _raw(wins, strengths)


def _sum_one(wins: _Wins, strengths: list[float]) -> list[float]:
    values = _raw(wins, strengths)
    return [value / sum(values) for value in values]


def _losses(wins: _Wins, strengths: list[float]) -> list[float]:
    turned = [list(column) for column in zip(*wins, strict=True)]
    return bradley_terry_step(turned, strengths)


def _win_share(wins: _Wins, strengths: list[float]) -> list[float]:
    n = len(strengths)
    played = [sum(wins[i]) + sum(wins[j][i] for j in range(n)) for i in range(n)]
    return _scaled([sum(wins[i]) / played[i] for i in range(n)])


def _wins_below(wins: _Wins, strengths: list[float]) -> list[float]:
    n = len(strengths)
    below = [
        sum(wins[i][j] / (strengths[i] + strengths[j]) for j in range(n) if j != i)
        for i in range(n)
    ]
    return _scaled([sum(wins[i]) / value if value else 0.0 for i, value in enumerate(below)])


def _opponent_only(wins: _Wins, strengths: list[float]) -> list[float]:
    n = len(strengths)
    below = [
        sum((wins[i][j] + wins[j][i]) / strengths[j] for j in range(n) if j != i) for i in range(n)
    ]
    return _scaled([sum(wins[i]) / below[i] for i in range(n)])


def _in_turn(wins: _Wins, strengths: list[float]) -> list[float]:
    now = list(strengths)
    for i in range(len(now)):
        now[i] = _raw(wins, now)[i]
    return _scaled(now)


def _times_old(wins: _Wins, strengths: list[float]) -> list[float]:
    new = _raw(wins, strengths)
    return _scaled([a * b for a, b in zip(new, strengths, strict=True)])


def _unchanged(wins: _Wins, strengths: list[float]) -> list[float]:
    del wins
    return _scaled(strengths)


def _case(wins: _Wins, strengths: list[float], label: str) -> Case:
    return Case({"wins": wins, "strengths": strengths}, label)


def _random_case(draw: random.Random, n: int) -> Case:
    wins = [[0 if i == j else draw.randint(1, 9) for j in range(n)] for i in range(n)]
    strengths = [round(draw.uniform(0.3, 3.0), 2) for _ in range(n)]
    return _case(wins, strengths, f"{n} systems")


def _public(seed: int) -> list[Case]:
    return [
        _case([[0, 3], [1, 0]], [1.0, 1.0], "two systems, 3 to 1"),
        _case([[0, 2, 5], [4, 0, 1], [0, 6, 0]], [1.0, 0.5, 2.0], "three systems"),
        _random_case(random.Random(seed), 3),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([[0, 3], [1, 0]], [1.5, 0.5], "where the step has arrived"),
        _case([[0, 4, 2], [0, 0, 3], [1, 1, 0]], [2.0, 1.0, 0.4], "one never beat another"),
        *(_random_case(draw, n) for n in (2, 4, 5)),
    ]


EXERCISE = Exercise(
    id="evaluation.bradley_terry_step",
    title="Strengths from votes",
    statement="""
In the Bradley–Terry model system $i$ wins against $j$ with probability $s_i / (s_i + s_j)$. The
strengths that make all votes most probable are found by repeating one simple step (Zermelo 1929):

$$s_i \\leftarrow \\frac{W_i}{\\sum_{j \\ne i} \\dfrac{n_{ij}}{s_i + s_j}}$$

$W_i$ is the number of votes that $i$ won, $n_{ij}$ the number of votes between $i$ and $j$, whoever
won. All strengths on the right are the **old** ones. Only ratios of strengths mean anything, so
scale the new ones to a mean of 1.

`wins[i][j]` says how often $i$ won against $j$. Return the strengths after one step.
""",
    signature=Signature(
        summary="Return the strengths after one step; their mean is 1.",
        parameters=(
            Parameter("wins", "list of N lists of N ints >= 0, 0 where i equals j"),
            Parameter("strengths", "list of N floats > 0"),
        ),
        returns="list of N floats with mean 1",
    ),
    forbidden=("course_lib.evaluation", "sklearn"),
    level="stretch",
    points=4,
    minutes=12,
    example=_case([[0, 2], [1, 0]], [1.0, 1.0], "example"),
    reference=bradley_terry_step,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "W_i is the sum of row i. Votes between i and j are in two places of the table.",
        "n_ij = wins[i][j] + wins[j][i]. The denominator adds n_ij / (s_i + s_j) over all others.",
        "Put the results into a new list, so that all of them come from the old strengths, then "
        "divide each by their mean.",
    ),
    explanation="At the maximum the wins that the model expects of each system are those it had: "
    "W_i = Σ n_ij s_i / (s_i + s_j). Divide by s_i and the step appears. All votes count alike, in "
    "any order, which Elo's update after each vote cannot say.",
    mutants=(
        Mutant("not_scaled", _not_scaled, "Scale the new strengths to a mean of 1."),
        Mutant("sum_one", _sum_one, "Their sum is 1 here; their mean should be."),
        Mutant("losses", _losses, "Losses are counted as wins: wins[i][j] is a win of i."),
        Mutant(
            "win_share",
            _win_share,
            "This is the share of votes won; it ignores how strong the others were.",
        ),
        Mutant(
            "wins_below",
            _wins_below,
            "Below the line belong all votes between i and j, lost ones too.",
        ),
        Mutant("opponent_only", _opponent_only, "Divide n_ij by s_i + s_j, not by s_j alone."),
        Mutant(
            "in_turn",
            _in_turn,
            "New strengths are used for the later ones; use the old ones for all.",
        ),
        Mutant("times_old", _times_old, "The old strength is multiplied in; it replaces it here."),
        Mutant("unchanged", _unchanged, "These are the old strengths, only scaled."),
    ),
)
