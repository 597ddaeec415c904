"""Exercise: the share of repeated n-grams."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def repeated_share(tokens: list[int], n: int) -> float:
    """Return the share of n-grams that occurred earlier in the same text."""
    grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    if not grams:
        return 0.0
    return 1 - len(set(grams)) / len(grams)


def _grams(tokens: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def _distinct(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    return len(set(grams)) / len(grams) if grams else 0.0


def _first_ones_too(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    return sum(grams.count(gram) > 1 for gram in grams) / len(grams) if grams else 0.0


def _last_gram_missing(tokens: list[int], n: int) -> float:
    return repeated_share(tokens[:-1], n)


def _single_tokens(tokens: list[int], n: int) -> float:
    return repeated_share(tokens, 1) if len(tokens) >= n else 0.0


def _not_overlapping(tokens: list[int], n: int) -> float:
    grams = [tuple(tokens[i : i + n]) for i in range(0, len(tokens) - n + 1, n)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def _any_order(tokens: list[int], n: int) -> float:
    grams = [tuple(sorted(gram)) for gram in _grams(tokens, n)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def _next_to_each_other(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    same = sum(a == b for a, b in zip(grams, grams[n:], strict=False))
    return same / len(grams) if grams else 0.0


def _short_text(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    return 1 - len(set(grams)) / len(grams)


def _per_token(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    return (len(grams) - len(set(grams))) / len(tokens) if tokens else 0.0


def _how_many(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    return float(len(grams) - len(set(grams)))


def _different_ones_only(tokens: list[int], n: int) -> float:
    grams = _grams(tokens, n)
    repeated = {gram for gram in grams if grams.count(gram) > 1}
    return len(repeated) / len(set(grams)) if grams else 0.0


def _as_digits(tokens: list[int], n: int) -> float:
    grams = ["".join(map(str, gram)) for gram in _grams(tokens, n)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def _case(tokens: list[int], n: int, label: str) -> Case:
    return Case({"tokens": tokens, "n": n}, label)


def _random_case(draw: random.Random, length: int, n: int) -> Case:
    """Random tokens with a passage that is repeated further on."""
    tokens = [draw.randint(0, 4) for _ in range(length)]
    tokens += [*tokens[2 : n + 4], draw.randint(0, 4), *tokens[1 : n + 2]]
    return _case(tokens, n, f"{len(tokens)} tokens, n = {n}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([1, 2, 3, 4, 5], 2, "nothing repeated"),
        _case([7, 7, 7, 7, 7], 2, "one token again and again"),
        _case([1, 2, 9, 1, 2, 8, 1, 2], 2, "one pair three times"),
        _case([1, 2, 3], 4, "shorter than n"),
        _case([1, 2, 3, 2, 1], 2, "the same tokens in another order"),
        _case([1, 12, 11, 2], 2, "ids with the same digits"),
        _random_case(draw, 11, 3),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([], 2, "an empty text"),
        _case([3, 3], 2, "exactly one pair"),
        _case([5], 1, "one token"),
        _case([21, 3, 2, 13, 7], 2, "other ids with the same digits"),
        _case([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], 4, "a loop of four"),
        *(_random_case(draw, length, n) for length, n in ((12, 2), (17, 3), (23, 4))),
    ]


EXERCISE = Exercise(
    id="decoding.repeated_share",
    title="The share of repeated n-grams",
    statement="""
Measure how much a text repeats itself. Of all its (overlapping) n-grams, count those that
**occurred earlier** in the text: each n-gram's first occurrence is not a repetition, every further
one is. Return their share. A text with fewer than $n$ tokens has no n-grams and a share of 0.
""",
    signature=Signature(
        summary="Return the share of n-grams that occurred earlier in the same text.",
        parameters=(
            Parameter("tokens", "list of int"),
            Parameter("n", "int >= 1"),
        ),
        returns="float from 0 to 1",
    ),
    level="core",
    points=3,
    minutes=8,
    example=_case([5, 6, 5, 6, 5], 2, "example"),
    reference=repeated_share,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "How many n-grams does a text of N tokens have? How many of them are first occurrences?",
        "There are N − n + 1. The first occurrences are the distinct ones: as many as a set holds.",
        "`grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]`, then "
        "`1 - len(set(grams)) / len(grams)`; return 0.0 where there are none.",
    ),
    explanation="Each distinct n-gram has one first occurrence, so everything beyond the number of "
    "distinct ones is a repetition. The other view of the same number is distinct-n: 1 minus it.",
    mutants=(
        Mutant(
            "distinct", _distinct, "This is distinct-n, the share of different n-grams: 1 − it."
        ),
        Mutant(
            "first_ones_too",
            _first_ones_too,
            "The first occurrence is counted as a repetition too; only the later ones are.",
        ),
        Mutant(
            "last_gram_missing",
            _last_gram_missing,
            "The last n-gram is left out: there are N − n + 1 of them.",
        ),
        Mutant("single_tokens", _single_tokens, "Single tokens are counted instead of n-grams."),
        Mutant(
            "not_overlapping",
            _not_overlapping,
            "The text is cut into pieces of n; n-grams overlap, one begins at every token.",
        ),
        Mutant(
            "any_order", _any_order, "The order inside an n-gram is ignored; (1, 2) is not (2, 1)."
        ),
        Mutant(
            "next_to_each_other",
            _next_to_each_other,
            "Only repetitions right after each other are counted; any earlier place counts.",
        ),
        Mutant(
            "short_text",
            _short_text,
            "A text shorter than n has no n-grams, and 0/0 fails; return 0.0.",
        ),
        Mutant(
            "as_digits",
            _as_digits,
            "The ids are joined to one text, in which (1, 12) and (11, 2) look alike; compare "
            "tuples.",
        ),
        Mutant("how_many", _how_many, "This is their number; divide it by that of all n-grams."),
        Mutant(
            "different_ones_only",
            _different_ones_only,
            "This is the share of different n-grams that occur more than once; count every "
            "repetition, and divide by all n-grams of the text.",
        ),
        Mutant(
            "per_token",
            _per_token,
            "The repetitions are divided by the number of tokens; divide by that of n-grams.",
        ),
    ),
)
