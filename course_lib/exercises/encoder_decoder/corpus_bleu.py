"""Exercise: BLEU of a corpus."""

import math
import random
from collections import Counter
from collections.abc import Callable

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Corpus = list[list[str]]
Count = Callable[[list[str], list[str], int], tuple[int, int]]


def corpus_bleu(hypotheses: list[list[str]], references: list[list[str]]) -> float:
    """Return the BLEU score, from 0 to 1."""
    logs = 0.0
    for n in range(1, 5):
        matches = total = 0
        for ours, right in zip(hypotheses, references, strict=True):
            mine = Counter(tuple(ours[i : i + n]) for i in range(len(ours) - n + 1))
            theirs = Counter(tuple(right[i : i + n]) for i in range(len(right) - n + 1))
            matches += (mine & theirs).total()
            total += mine.total()
        if matches == 0:
            return 0.0
        logs += math.log(matches / total)
    c, r = sum(map(len, hypotheses)), sum(map(len, references))
    penalty = 1.0 if c >= r else math.exp(1 - r / c)
    return penalty * math.exp(logs / 4)


def _ngrams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _clipped(ours: list[str], right: list[str], n: int) -> tuple[int, int]:
    mine, theirs = Counter(_ngrams(ours, n)), Counter(_ngrams(right, n))
    return (mine & theirs).total(), mine.total()


def _score(
    hypotheses: Corpus, references: Corpus, count: Count, orders: range = range(1, 5)
) -> float:
    precisions = []
    for n in orders:
        pairs = zip(hypotheses, references, strict=True)
        counts = [count(ours, right, n) for ours, right in pairs]
        matches, total = (sum(column) for column in zip(*counts, strict=True))
        precisions.append(matches / total if total else 0.0)
    if not all(precisions):
        return 0.0
    return math.exp(sum(map(math.log, precisions)) / len(precisions))


def _penalty(hypotheses: Corpus, references: Corpus) -> float:
    c, r = sum(map(len, hypotheses)), sum(map(len, references))
    if c == 0:
        return 0.0
    return 1.0 if c >= r else math.exp(1 - r / c)


def _no_brevity(hypotheses: Corpus, references: Corpus) -> float:
    return _score(hypotheses, references, _clipped)


def _no_clipping(hypotheses: Corpus, references: Corpus) -> float:
    def count(ours: list[str], right: list[str], n: int) -> tuple[int, int]:
        known = set(_ngrams(right, n))
        return sum(gram in known for gram in _ngrams(ours, n)), len(_ngrams(ours, n))

    return _penalty(hypotheses, references) * _score(hypotheses, references, count)


def _recall(hypotheses: Corpus, references: Corpus) -> float:
    def count(ours: list[str], right: list[str], n: int) -> tuple[int, int]:
        return _clipped(right, ours, n)

    return _penalty(hypotheses, references) * _score(hypotheses, references, count)


def _unigrams_only(hypotheses: Corpus, references: Corpus) -> float:
    found = _score(hypotheses, references, _clipped, range(1, 2))
    return _penalty(hypotheses, references) * found


def _only_the_longest(hypotheses: Corpus, references: Corpus) -> float:
    found = _score(hypotheses, references, _clipped, range(4, 5))
    return _penalty(hypotheses, references) * found


def _arithmetic_mean(hypotheses: Corpus, references: Corpus) -> float:
    scores = [_score(hypotheses, references, _clipped, range(n, n + 1)) for n in range(1, 5)]
    return _penalty(hypotheses, references) * sum(scores) / 4


def _mean_of_sentences(hypotheses: Corpus, references: Corpus) -> float:
    scores = [
        corpus_bleu([ours], [right]) for ours, right in zip(hypotheses, references, strict=True)
    ]
    return sum(scores) / len(scores)


def _long_penalized(hypotheses: Corpus, references: Corpus) -> float:
    c, r = sum(map(len, hypotheses)), sum(map(len, references))
    if c == 0:
        return 0.0
    return min(math.exp(1 - r / c), math.exp(1 - c / r)) * _score(hypotheses, references, _clipped)


def _plain_ratio(hypotheses: Corpus, references: Corpus) -> float:
    c, r = sum(map(len, hypotheses)), sum(map(len, references))
    return min(1.0, c / r) * _score(hypotheses, references, _clipped)


def _percent(hypotheses: Corpus, references: Corpus) -> float:
    return 100 * corpus_bleu(hypotheses, references)


def _product(hypotheses: Corpus, references: Corpus) -> float:
    return _penalty(hypotheses, references) * _score(hypotheses, references, _clipped) ** 4


def _case(hypotheses: list[str], references: list[str], label: str) -> Case:
    inputs = {
        "hypotheses": [text.split() for text in hypotheses],
        "references": [text.split() for text in references],
    }
    return Case(inputs, label)


_WORDS = "turn the light on off in the kitchen at night and set the time".split()  # noqa: SIM905


def _random_case(draw: random.Random, shorter: bool) -> Case:
    references, hypotheses = [], []
    for _ in range(4):
        right = [draw.choice(_WORDS) for _ in range(draw.randint(6, 11))]
        ours = list(right)
        ours[draw.randrange(len(ours))] = draw.choice(_WORDS)
        place = draw.randrange(3)
        ours = ours[:-1] if shorter else [*ours, "the", "the"][: len(ours) + place]
        references.append(" ".join(right))
        hypotheses.append(" ".join(ours))
    size = "shorter" if shorter else "longer"
    return _case(hypotheses, references, f"four sentences, {size} than their references")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    right = "set the time of the alarm"
    return [
        _case([right], [right], "a perfect translation"),
        _case(["stop it now please"], [right], "nothing in common"),
        _case(["the the the the alarm time of the"], [right], "a word too often"),
        _case(["set the time of", "turn on the light"], [right, "turn on the light"], "too short"),
        _random_case(draw, shorter=True),
        _random_case(draw, shorter=False),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(["turn on", "set the time of it"], ["turn on", "set the time of it"], "a short one"),
        _case(["", "turn on the light now"], ["stop", "turn on the light now"], "an empty one"),
        _case(
            ["the light in the light in the light in the light"],
            ["the light in the kitchen is on"],
            "phrases too often",
        ),
        *(_random_case(draw, shorter) for shorter in (True, False, True, False)),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.corpus_bleu",
    title="BLEU from scratch",
    statement="""
Score the translations of a whole test set, one reference for each:

$$\\text{BLEU} = \\min\\left(1, e^{1 - r/c}\\right) \\cdot
\\left(p_1 \\, p_2 \\, p_3 \\, p_4\\right)^{1/4}$$

$p_n$ is the share of the hypotheses' n-grams (runs of $n$ words) that also stand in their
references. An n-gram counts at most as often as its own reference has it. Matches and n-grams are
added up over **all** sentences before one is divided by the other. $c$ is the number of words of
all hypotheses, $r$ that of all references. If no n-gram of some length matches, BLEU is 0.

The texts are already cut into words. Return a number from 0 to 1.
""",
    signature=Signature(
        summary="Return the BLEU score, from 0 to 1.",
        parameters=(
            Parameter("hypotheses", "list of lists of words, may be empty lists"),
            Parameter("references", "list of as many lists of words"),
        ),
        returns="float",
    ),
    forbidden=("course_lib.evaluation", "sacrebleu"),
    level="stretch",
    points=5,
    minutes=15,
    example=_case(["turn the light on"], ["turn the light on now"], "example"),
    reference=corpus_bleu,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Four numbers p₁ … p₄, a geometric mean, and a penalty. Write a function that counts the "
        "n-grams of one list of words: a `Counter` of tuples.",
        "`Counter(ours) & Counter(right)` keeps the smaller count of each n-gram: those are the "
        "clipped matches, and `.total()` adds them up. The denominator counts all of ours.",
        "For each n: loop over the sentences, add matches and totals, then divide once. Return 0.0 "
        "when the matches are 0; else the score is "
        "`penalty * math.exp(sum of the four logarithms / 4)`.",
    ),
    explanation="Clipping keeps a translation from earning by repeating a common word. The "
    "geometric mean makes word order count: one bad pₙ pulls all down. Precision alone would "
    "reward leaving things out; the brevity penalty takes that back. Adding up before dividing "
    "lets short sentences that have no 4-gram at all take part.",
    mutants=(
        Mutant(
            "no_brevity", _no_brevity, "The brevity penalty is missing: too short loses nothing."
        ),
        Mutant(
            "no_clipping",
            _no_clipping,
            "Matches are not clipped: an n-gram counts more often than its reference has it.",
        ),
        Mutant(
            "recall",
            _recall,
            "The matches are divided by the n-grams of the references; divide by those of the "
            "hypotheses.",
        ),
        Mutant("unigrams_only", _unigrams_only, "Only single words are counted; n goes up to 4."),
        Mutant("only_the_longest", _only_the_longest, "Only runs of four words are counted."),
        Mutant(
            "arithmetic_mean",
            _arithmetic_mean,
            "The precisions are averaged; take their geometric mean: the fourth root of a product.",
        ),
        Mutant(
            "mean_of_sentences",
            _mean_of_sentences,
            "Each sentence gets a score of its own; add up the counts of all before dividing.",
        ),
        Mutant(
            "long_penalized",
            _long_penalized,
            "Long hypotheses are penalized too; the penalty is 1 when c is at least r.",
        ),
        Mutant("plain_ratio", _plain_ratio, "The penalty is c/r; it is e to the power 1 − r/c."),
        Mutant("percent", _percent, "The score is in percent; a number from 0 to 1 is asked for."),
        Mutant("product", _product, "The fourth root is missing: the precisions are multiplied."),
    ),
)
