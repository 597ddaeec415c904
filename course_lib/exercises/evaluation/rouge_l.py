"""Exercise: ROUGE-L, by the longest common subsequence."""

import random
from collections import Counter

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Words = list[str]


def rouge_l(hypothesis: _Words, reference: _Words) -> float:
    """Return the F1 score of the longest common subsequence."""
    return _f1(_common(hypothesis, reference), len(hypothesis), len(reference))


def _common(a: _Words, b: _Words) -> int:
    row = [0] * (len(b) + 1)
    for word in a:
        diagonal = 0
        for j, other in enumerate(b, start=1):
            above = row[j]
            row[j] = diagonal + 1 if word == other else max(above, row[j - 1])
            diagonal = above
    return row[-1]


def _f1(common: float, n: int, m: int) -> float:
    return 2 * common / (n + m) if common else 0.0


def _any_order(hypothesis: _Words, reference: _Words) -> float:
    shared = (Counter(hypothesis) & Counter(reference)).total()
    return _f1(shared, len(hypothesis), len(reference))


def _without_gaps(hypothesis: _Words, reference: _Words) -> float:
    best = 0
    for i in range(len(hypothesis)):
        for j in range(len(reference)):
            k = 0
            while hypothesis[i + k : i + k + 1] == reference[j + k : j + k + 1] != []:
                k += 1
            best = max(best, k)
    return _f1(best, len(hypothesis), len(reference))


def _greedy(hypothesis: _Words, reference: _Words) -> float:
    found, place = 0, 0
    for word in hypothesis:
        if word in reference[place:]:
            place = reference.index(word, place) + 1
            found += 1
    return _f1(found, len(hypothesis), len(reference))


def _same_row(hypothesis: _Words, reference: _Words) -> float:
    row = [0] * (len(reference) + 1)
    for word in hypothesis:
        for j, other in enumerate(reference, start=1):
            row[j] = row[j - 1] + 1 if word == other else max(row[j], row[j - 1])
    return _f1(row[-1], len(hypothesis), len(reference))


def _recall(hypothesis: _Words, reference: _Words) -> float:
    return _common(hypothesis, reference) / len(reference) if reference else 0.0


def _precision(hypothesis: _Words, reference: _Words) -> float:
    return _common(hypothesis, reference) / len(hypothesis) if hypothesis else 0.0


def _mean(hypothesis: _Words, reference: _Words) -> float:
    return (_recall(hypothesis, reference) + _precision(hypothesis, reference)) / 2


def _length(hypothesis: _Words, reference: _Words) -> float:
    return float(_common(hypothesis, reference))


def _of_the_longer(hypothesis: _Words, reference: _Words) -> float:
    longest = max(len(hypothesis), len(reference))
    return _common(hypothesis, reference) / longest if longest else 0.0


def _case(hypothesis: str, reference: str, label: str) -> Case:
    return Case({"hypothesis": hypothesis.split(), "reference": reference.split()}, label)


def _random_case(draw: random.Random, n: int, m: int) -> Case:
    texts = [" ".join(draw.choice("abcd") for _ in range(size)) for size in (n, m)]
    return _case(texts[0], texts[1], f"{n} and {m} words")


def _public(seed: int) -> list[Case]:
    return [
        _case("the gunman kill police", "police killed the gunman", "the paper's example"),
        _case("c a x b d", "a b c d", "the first match is not the best"),
        _case("a", "a b a", "one word against two"),
        _random_case(random.Random(seed), 9, 6),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case("", "a b", "nothing was written"),
        _case("a a a b", "b a b", "a word repeated"),
        _case("x y", "a b c", "nothing in common"),
        _case("d c b a", "a b c d", "in reverse"),
        *(_random_case(draw, n, m) for n, m in ((5, 12), (11, 10))),
    ]


EXERCISE = Exercise(
    id="evaluation.rouge_l",
    title="Words in the same order",
    statement="""
Write ROUGE-L for two texts that are already cut into words. The longest common subsequence is the
longest list of words that both texts contain in this order, with gaps allowed. With its length $L$,
precision is $L$ / words of the hypothesis, recall is $L$ / words of the reference, and the score is
their harmonic mean

$$F_1 = \\frac{2 P R}{P + R}$$

It is 0 where nothing is shared. Trying all subsequences takes too long for real summaries: fill a
table $L(i, j)$ of the first $i$ words of one text and the first $j$ of the other.
""",
    signature=Signature(
        summary="Return the F1 score of the longest common subsequence.",
        parameters=(
            Parameter("hypothesis", "list of str; may be empty"),
            Parameter("reference", "list of str; may be empty"),
        ),
        returns="float from 0 to 1",
    ),
    forbidden=("course_lib.evaluation", "rouge_score"),
    level="core",
    points=5,
    minutes=15,
    example=_case("the cat quietly sat", "the cat sat down", "example"),
    reference=rouge_l,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "If the last words of both texts are equal, they can be matched, and what is left are both "
        "texts without them. If not, one of the two last words is not used.",
        "L(i, j) = L(i − 1, j − 1) + 1 where word i equals word j, else the larger of L(i − 1, j) "
        "and L(i, j − 1); L is 0 where i or j is 0.",
        "Make `table = [[0] * (len(reference) + 1) for _ in range(len(hypothesis) + 1)]`, fill it "
        "row by row, and take its last entry. F1 is then 2 L / (n + m).",
    ),
    explanation="The table has (n + 1)(m + 1) entries, each from three neighbors, so the work "
    "grows with n · m and not with 2ⁿ. F1 simplifies to 2L / (n + m). ROUGE-L asks for order, "
    "which ROUGE-1 ignores, and forgives insertions, which ROUGE-2 does not.",
    mutants=(
        Mutant("any_order", _any_order, "Shared words are counted in any order: this is ROUGE-1."),
        Mutant(
            "without_gaps",
            _without_gaps,
            "This is the longest run without gaps; a subsequence may leave words out.",
        ),
        Mutant(
            "greedy",
            _greedy,
            "Each word is matched as early as possible, which can spoil better matches later.",
        ),
        Mutant(
            "same_row",
            _same_row,
            "L(i − 1, j − 1) is read after it was overwritten; one word is matched twice.",
        ),
        Mutant("recall", _recall, "This is the recall only."),
        Mutant("precision", _precision, "This is the precision only."),
        Mutant("mean", _mean, "This is the plain mean of precision and recall."),
        Mutant("length", _length, "This is L itself; divide it."),
        Mutant("of_the_longer", _of_the_longer, "L is divided by the longer text's words."),
    ),
)
