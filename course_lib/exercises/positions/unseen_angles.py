"""Exercise: which rotary pairs meet new angles past the trained length."""

import math
import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def unseen_angles(d_head: int, base: float, trained_length: int) -> list[int]:
    """Return the pairs that have not gone around once within the trained length."""
    pairs = range(d_head // 2)
    speeds = [base ** (-2 * i / d_head) for i in pairs]
    return [i for i in pairs if (trained_length - 1) * speeds[i] < 2 * math.pi]


def _gone_around(d_head: int, base: float, trained_length: int) -> list[int]:
    unseen = unseen_angles(d_head, base, trained_length)
    return [i for i in range(d_head // 2) if i not in unseen]


def _radians_as_turns(d_head: int, base: float, trained_length: int) -> list[int]:
    pairs = range(d_head // 2)
    return [i for i in pairs if (trained_length - 1) * base ** (-2 * i / d_head) < 1]


def _half_turn(d_head: int, base: float, trained_length: int) -> list[int]:
    pairs = range(d_head // 2)
    return [i for i in pairs if (trained_length - 1) * base ** (-2 * i / d_head) < math.pi]


def _half_exponent(d_head: int, base: float, trained_length: int) -> list[int]:
    return unseen_angles(d_head, base**0.5, trained_length)


def _counts(d_head: int, base: float, trained_length: int) -> int:
    return len(unseen_angles(d_head, base, trained_length))


def _from_one(d_head: int, base: float, trained_length: int) -> list[int]:
    return [i + 1 for i in unseen_angles(d_head, base, trained_length)]


def _entries(d_head: int, base: float, trained_length: int) -> list[int]:
    return [j for i in unseen_angles(d_head, base, trained_length) for j in (2 * i, 2 * i + 1)]


def _all_entries_are_pairs(d_head: int, base: float, trained_length: int) -> list[int]:
    return unseen_angles(2 * d_head, base, trained_length)


def _length_as_distance(d_head: int, base: float, trained_length: int) -> list[int]:
    return unseen_angles(d_head, base, trained_length + 1)


def _growing_speeds(d_head: int, base: float, trained_length: int) -> list[int]:
    return unseen_angles(d_head, 1 / base, trained_length)


def _case(d_head: int, base: float, trained_length: int) -> Case:
    return Case(
        {"d_head": d_head, "base": base, "trained_length": trained_length},
        f"width {d_head}, base {base:g}, {trained_length} tokens",
    )


def _random_case(draw: random.Random) -> Case:
    base = draw.choice([100.0, 1000.0, 10000.0, 500000.0])
    return _case(2 * draw.randint(4, 40), base, draw.randint(8, 3000))


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(8, 10000.0, 64),
        _case(4, 10000.0, 7),
        _case(4, 10000.0, 8),
        _case(64, 10000.0, 2048),
        _case(2, 10000.0, 1),
        *(_random_case(draw) for _ in range(2)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(2, 100.0, 7),
        _case(2, 100.0, 8),
        _case(16, 2.0, 100),
        _case(128, 500000.0, 8192),
        *(_random_case(draw) for _ in range(5)),
    ]


EXERCISE = Exercise(
    id="positions.unseen_angles",
    title="Clocks that have not gone around",
    statement="""
A rotary head of width $K$ = `d_head` has the pairs $i = 0, \\dots, K/2 - 1$; pair $i$ turns by
$\\omega_i = \\text{base}^{-2i/K}$ radians per position. A model that was trained on texts of
`trained_length` tokens has met the distances $0, 1, \\dots, \\text{trained\\_length} - 1$ between a
query and a key.

Return the pairs that do **not** complete a full turn of $2\\pi$ within the largest of these
distances. In a longer text these are the pairs that meet angles they have never met in training.
""",
    signature=Signature(
        summary="Return the pairs that have not gone around once within the trained length.",
        parameters=(
            Parameter("d_head", "even int K"),
            Parameter("base", "float > 1"),
            Parameter("trained_length", "int >= 1, tokens in a training text"),
        ),
        returns="list of ints, the pairs i in growing order; empty if there are none",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case(4, 10000.0, 100),
    reference=unseen_angles,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "The angle of pair i at distance d is d · ω_i. Which is the largest distance, and how "
        "large is the angle there?",
        "There are `d_head // 2` pairs, and the largest distance is `trained_length - 1`: two "
        "neighbors are 1 apart.",
        "Keep i where `(trained_length - 1) * base ** (-2 * i / d_head) < 2 * math.pi`.",
    ),
    explanation="The fast pairs have shown every angle many times and hold no surprise. The slow "
    "ones have swept only an arc; past the trained length they enter the rest of the circle. This "
    "is why a larger base alone does not extend a trained model, and why methods that do extend it "
    "slow the slow pairs down.",
    mutants=(
        Mutant(
            "gone_around",
            _gone_around,
            "These are the pairs that have gone around; the others are asked for.",
        ),
        Mutant(
            "radians_as_turns",
            _radians_as_turns,
            "The angle is compared with 1; a full turn is 2π radians.",
        ),
        Mutant("half_turn", _half_turn, "The angle is compared with π, half a turn; take 2π."),
        Mutant(
            "half_exponent",
            _half_exponent,
            "The speeds are base^(−i / K); they are base^(−2i / K).",
        ),
        Mutant("counts", _counts, "Return the list of the pairs, not how many there are."),
        Mutant("from_one", _from_one, "The pairs are counted from 1; the first one is pair 0."),
        Mutant(
            "entries",
            _entries,
            "These are entries of the vector; pair i is asked for once, by its number i.",
        ),
        Mutant(
            "all_entries_are_pairs",
            _all_entries_are_pairs,
            "There are d_head pairs here; two entries make a pair, so there are d_head / 2, and "
            "the exponent is −2i / K.",
        ),
        Mutant(
            "length_as_distance",
            _length_as_distance,
            "The largest distance in a text of L tokens is L − 1: the first token is 0 away from "
            "itself.",
        ),
        Mutant(
            "growing_speeds",
            _growing_speeds,
            "The speeds grow with i; the exponent is negative, so they fall.",
        ),
    ),
)
