"""Exercise: additive smoothing."""

import random

from course_lib.exercises.n_grams.texts import WORDS
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def add_alpha(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    """Return the smoothed probability of every word of the vocabulary."""
    total = sum(counts.values()) + alpha * len(vocabulary)
    return [(counts.get(word, 0) + alpha) / total for word in vocabulary]


def _ratio(
    counts: dict[str, int], vocabulary: list[str], alpha: float, total: float
) -> list[float]:
    return [(counts.get(word, 0) + alpha) / total for word in vocabulary]


def _not_in_total(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return _ratio(counts, vocabulary, alpha, sum(counts.values()) or 1)


def _once_in_total(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return _ratio(counts, vocabulary, alpha, sum(counts.values()) + alpha)


def _seen_kinds_only(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return _ratio(counts, vocabulary, alpha, (sum(counts.values()) + alpha * len(counts)) or 1)


def _no_alpha_in_total(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return _ratio(counts, vocabulary, alpha, sum(counts.values()) + len(vocabulary))


def _one_too_many(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return _ratio(counts, vocabulary, alpha, sum(counts.values()) + alpha * (len(vocabulary) + 1))


def _always_one(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    del alpha
    return add_alpha(counts, vocabulary, 1.0)


def _unseen_only(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    raised = [counts.get(word, 0) or alpha for word in vocabulary]
    return [value / sum(raised) for value in raised]


def _seen_only(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    total = sum(counts.values()) + alpha * len(vocabulary)
    return [(counts[w] + alpha) / total if w in counts else 0.0 for w in vocabulary]


def _raised_counts(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    return [counts.get(word, 0) + alpha for word in vocabulary]


def _unsmoothed(counts: dict[str, int], vocabulary: list[str], alpha: float) -> list[float]:
    del alpha
    total = sum(counts.values())
    return [counts.get(word, 0) / total if total else 1 / len(vocabulary) for word in vocabulary]


def _case(counts: dict[str, int], n_words: int, alpha: float, label: str) -> Case:
    return Case({"counts": counts, "vocabulary": list(WORDS[:n_words]), "alpha": alpha}, label)


def _random_case(draw: random.Random, n_words: int) -> Case:
    counts = {word: draw.randint(1, 20) for word in WORDS[: n_words - 2]}
    alpha = draw.choice([0.05, 0.3, 2.5])
    return _case(counts, n_words, alpha, f"{n_words} words, alpha {alpha}")


def _public(seed: int) -> list[Case]:
    return [
        _case({"we": 3, "the": 1}, 4, 1.0, "alpha 1: Laplace's rule"),
        _case({"we": 3, "the": 1}, 4, 0.5, "alpha 0.5"),
        _case({}, 5, 0.1, "a context that was never seen"),
        _random_case(random.Random(seed), 5),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case({"we": 2, "the": 2, "people": 2}, 3, 4.0, "nothing unseen"),
        _case({"we": 7}, 1, 0.5, "a vocabulary of one word"),
        *(_random_case(draw, n_words) for n_words in (3, 4, 5)),
    ]


EXERCISE = Exercise(
    id="n_grams.add_alpha",
    title="A little for every word",
    statement="""
Smooth the counts after one context. `counts` says how often each word followed the context; words
that never did are absent. Return, in the order of `vocabulary`, the additive estimate

$$P(x \\mid c) = \\frac{n(c, x) + \\alpha}{n(c) + \\alpha V}$$

where $V$ is the number of words in the vocabulary, seen after this context or not. All counted
words are in the vocabulary. Without any counts every word has the same probability.
""",
    signature=Signature(
        summary="Return the smoothed probability of every word of the vocabulary.",
        parameters=(
            Parameter("counts", "dict from word to int >= 1; may be empty"),
            Parameter("vocabulary", "list of different str"),
            Parameter("alpha", "float > 0"),
        ),
        returns="list of floats, one for each word of the vocabulary; they sum to 1",
    ),
    forbidden=("course_lib.classical",),
    level="core",
    points=3,
    minutes=6,
    example=_case({"the": 2, "we": 1}, 3, 1.0, "example"),
    reference=add_alpha,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Every word of the vocabulary gets alpha more. By how much does the sum grow?",
        "By alpha for each word of the vocabulary: `alpha * len(vocabulary)`.",
        "`counts.get(word, 0) + alpha` is the new count; divide it by "
        "`sum(counts.values()) + alpha * len(vocabulary)`.",
    ),
    explanation="The denominator is the sum of the numerators over the whole vocabulary; that is "
    "what makes the probabilities add up to 1. For a context never seen, it leaves 1/V for each.",
    mutants=(
        Mutant(
            "not_in_total",
            _not_in_total,
            "The total has not grown: the probabilities add up to more than 1.",
        ),
        Mutant(
            "once_in_total",
            _once_in_total,
            "Alpha is added once to the total; every word of the vocabulary adds it.",
        ),
        Mutant(
            "seen_kinds_only",
            _seen_kinds_only,
            "V counts only the words seen after this context; take the whole vocabulary.",
        ),
        Mutant(
            "no_alpha_in_total",
            _no_alpha_in_total,
            "The total grows by V; it must grow by alpha times V.",
        ),
        Mutant("one_too_many", _one_too_many, "Off by one: V is the length of the vocabulary."),
        Mutant("always_one", _always_one, "Alpha is taken to be 1, whatever is given."),
        Mutant("unseen_only", _unseen_only, "Only unseen words get alpha; every word gets it."),
        Mutant("seen_only", _seen_only, "Unseen words still have probability 0."),
        Mutant("raised_counts", _raised_counts, "These are counts; divide them by their sum."),
        Mutant("unsmoothed", _unsmoothed, "Alpha is not used: these are shares of the counts."),
    ),
)
