"""Exercise: the (center, context) pairs of skip-gram."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Pairs = list[tuple[str, str]]


def skip_gram_pairs(sentences: list[list[str]], window: int) -> list[tuple[str, str]]:
    """Return all (center, context) pairs of words at most `window` places apart."""
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(len(words))
        for j in range(max(0, i - window), min(len(words), i + window + 1))
        if i != j
    ]


def _across(sentences: list[list[str]], window: int) -> Pairs:
    return skip_gram_pairs([[w for words in sentences for w in words]], window)


def _with_itself(sentences: list[list[str]], window: int) -> Pairs:
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(len(words))
        for j in range(max(0, i - window), min(len(words), i + window + 1))
    ]


def _one_too_few(sentences: list[list[str]], window: int) -> Pairs:
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(len(words))
        for j in range(max(0, i - window), min(len(words), i + window))
        if i != j
    ]


def _only_after(sentences: list[list[str]], window: int) -> Pairs:
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(len(words))
        for j in range(i + 1, min(len(words), i + window + 1))
    ]


def _turned(sentences: list[list[str]], window: int) -> Pairs:
    return [(b, a) for a, b in skip_gram_pairs(sentences, window)]


def _no_equal_words(sentences: list[list[str]], window: int) -> Pairs:
    return [(a, b) for a, b in skip_gram_pairs(sentences, window) if a != b]


def _negative_slice(sentences: list[list[str]], window: int) -> Pairs:
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(len(words))
        for j in range(i - window, min(len(words), i + window + 1))
        if i != j and -len(words) <= j
    ]


def _whole_windows_only(sentences: list[list[str]], window: int) -> Pairs:
    return [
        (words[i], words[j])
        for words in sentences
        for i in range(window, len(words) - window)
        for j in range(i - window, i + window + 1)
        if i != j
    ]


def _case(texts: list[str], window: int, label: str) -> Case:
    return Case({"sentences": [text.split() for text in texts], "window": window}, label)


def _random_case(draw: random.Random, window: int) -> Case:
    texts = [" ".join(draw.choice("abcde") for _ in range(draw.randint(0, 7))) for _ in range(3)]
    return _case(texts, window, f"random letters, window {window}")


def _public(seed: int) -> list[Case]:
    return [
        _case(["the cat sat down"], 2, "four words, window 2"),
        _case(["to be", "or not"], 3, "two short sentences, wide window"),
        _case(["very very good"], 1, "a word beside itself"),
        _case(["alone"], 2, "a single word"),
        _random_case(random.Random(seed), 2),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [*(_random_case(draw, window) for window in (1, 2, 3, 8)), _case([], 2, "no sentences")]


EXERCISE = Exercise(
    id="representing_text.skip_gram_pairs",
    title="What skip-gram learns from",
    statement="""
Skip-gram learns from pairs of words that stand near each other. Return all pairs (center, context):
for each sentence, from left to right, each word is the center once, and its contexts are the words
at most `window` places before or after it **in the same sentence**, again from left to right. A
word is not a context of its own position, but may be one of another position that holds the same
word.
""",
    signature=Signature(
        summary="Return all (center, context) pairs of words at most `window` places apart.",
        parameters=(
            Parameter("sentences", "list of sentences, each a list of words (str)"),
            Parameter("window", "int >= 1"),
        ),
        returns="list of tuples (center, context) of words, in the order described",
    ),
    level="core",
    points=3,
    minutes=8,
    example=_case(["the cat sat"], 1, "example"),
    reference=skip_gram_pairs,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Three loops: sentences, positions of the center, positions of the context.",
        "The context positions run from `i - window` to `i + window`, but not below 0 and not "
        "past the end: negative positions in Python count from the end of the list.",
        "`range(max(0, i - window), min(len(words), i + window + 1))`, leaving out `j == i`. "
        "Compare positions, not words.",
    ),
    explanation="Every word is used as a center, and near the ends the window is cut short rather "
    "than the word skipped. A pair appears in both directions, since each of the two words is the "
    "center once.",
    mutants=(
        Mutant(
            "across",
            _across,
            "Pairs cross from one sentence into the next; a window ends where its sentence ends.",
        ),
        Mutant("with_itself", _with_itself, "A position is paired with itself; leave that out."),
        Mutant(
            "one_too_few",
            _one_too_few,
            "The last context is missing: `range` stops before its end, so add 1.",
        ),
        Mutant(
            "only_after", _only_after, "Only words after the center; those before it count too."
        ),
        Mutant("turned", _turned, "The pairs are turned around: the center comes first."),
        Mutant(
            "no_equal_words",
            _no_equal_words,
            "Words are compared in place of positions: the same word at another position is a "
            "context.",
        ),
        Mutant(
            "negative_slice",
            _negative_slice,
            "Positions below 0 are used. In Python they count from the end of the list, so the "
            "first word is paired with the last.",
        ),
        Mutant(
            "whole_windows_only",
            _whole_windows_only,
            "Words near the ends are skipped. Their window is only cut short.",
        ),
    ),
)
