"""Exercise: the log-probability of a sentence under a bigram model."""

import math
import random
from itertools import pairwise

from course_lib.exercises.n_grams.texts import WORDS
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Table = dict[str, dict[str, float]]


def log_probability(words: list[str], first: dict[str, float], following: _Table) -> float:
    """Return the natural logarithm of the probability of a sentence."""
    total, previous = 0.0, None
    for word in words:
        row = first if previous is None else following.get(previous, {})
        probability = row.get(word, 0.0)
        if probability == 0:
            return -math.inf
        total += math.log(probability)
        previous = word
    return total


def _factors(words: list[str], first: dict[str, float], following: _Table) -> list[float]:
    pairs = pairwise(words)
    rest = [following.get(a, {}).get(b, 0.0) for a, b in pairs]
    return [first.get(words[0], 0.0), *rest] if words else []


def _logs(factors: list[float]) -> float:
    return sum(math.log(p) if p else -math.inf for p in factors)


def _probability(words: list[str], first: dict[str, float], following: _Table) -> float:
    return math.prod(_factors(words, first, following))


def _product_first(words: list[str], first: dict[str, float], following: _Table) -> float:
    product = math.prod(_factors(words, first, following))
    return math.log(product) if product else -math.inf


def _bits(words: list[str], first: dict[str, float], following: _Table) -> float:
    return log_probability(words, first, following) / math.log(2)


def _negative(words: list[str], first: dict[str, float], following: _Table) -> float:
    return -log_probability(words, first, following)


def _without_first(words: list[str], first: dict[str, float], following: _Table) -> float:
    return _logs(_factors(words, first, following)[1:])


def _independent(words: list[str], first: dict[str, float], following: _Table) -> float:
    del following
    return _logs([first.get(word, 0.0) for word in words])


def _mean(words: list[str], first: dict[str, float], following: _Table) -> float:
    return log_probability(words, first, following) / max(1, len(words))


def _skips_unseen(words: list[str], first: dict[str, float], following: _Table) -> float:
    return _logs([p for p in _factors(words, first, following) if p])


def _backwards(words: list[str], first: dict[str, float], following: _Table) -> float:
    pairs = zip(words[1:], words, strict=False)
    rest = [following.get(a, {}).get(b, 0.0) for a, b in pairs]
    return _logs([first.get(words[0], 0.0), *rest]) if words else 0.0


def _log_of_sum(words: list[str], first: dict[str, float], following: _Table) -> float:
    total = sum(_factors(words, first, following))
    return math.log(total) if total else -math.inf


def _raises(words: list[str], first: dict[str, float], following: _Table) -> float:
    pairs = pairwise(words)
    rest = [following[a][b] for a, b in pairs]
    return sum(math.log(p) for p in ([first[words[0]], *rest] if words else []))


_FIRST = {"the": 0.6, "a": 0.4}
_FOLLOWING = {
    "the": {"cat": 0.5, "mat": 0.25, "the": 0.25},
    "a": {"cat": 0.8, "mat": 0.2},
    "cat": {"sat": 0.9, "the": 0.1},
    "sat": {"the": 0.4, "a": 0.6},
}


def _case(words: str, label: str) -> Case:
    return Case({"words": words.split(), "first": _FIRST, "following": _FOLLOWING}, label)


def _row(draw: random.Random) -> dict[str, float]:
    weights = [draw.randint(1, 9) for _ in WORDS]
    return {word: w / sum(weights) for word, w in zip(WORDS, weights, strict=True)}


def _random_case(draw: random.Random, length: int) -> Case:
    table = {word: _row(draw) for word in WORDS}
    words = draw.choices(WORDS, k=length)
    inputs = {"words": words, "first": _row(draw), "following": table}
    return Case(inputs, f"{length} words, a random table")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case("the cat sat", "three words"),
        _case("a", "one word"),
        _case("the cat ran", "a pair with probability 0"),
        _case("cat sat", "a first word with probability 0"),
        _case("the mat sat", "a word that nothing follows"),
        _random_case(draw, 6),
        _random_case(draw, 800),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case("", "the empty sentence has probability 1"),
        _case("a cat sat the dog", "a word that is in no table"),
        _case("the the the cat the cat sat a mat", "nine words"),
        _random_case(draw, 12),
        _random_case(draw, 2000),
    ]


EXERCISE = Exercise(
    id="n_grams.log_probability",
    title="The probability of a sentence",
    statement="""
Use the chain rule with a context of one word. A bigram model is given as two tables of
probabilities: `first[w]` for a sentence that begins with $w$, and `following[v][w]` for $w$ right
after $v$. Return the natural logarithm of the sentence's probability,

$$\\log P(w_1, \\dots, w_n) = \\log P(w_1) + \\sum_{t=2}^{n} \\log P(w_t \\mid w_{t-1}).$$

A word that a table does not list has probability 0 there, and then the answer is `-math.inf`. The
empty sentence has probability 1. Sentences may have thousands of words.
""",
    signature=Signature(
        summary="Return the natural logarithm of the probability of a sentence.",
        parameters=(
            Parameter("words", "list of str, may be empty"),
            Parameter("first", "dict from word to probability"),
            Parameter("following", "dict from word to a dict from next word to probability"),
        ),
        returns="float, at most 0; -math.inf for an impossible sentence",
    ),
    forbidden=("course_lib.classical",),
    level="core",
    points=4,
    minutes=10,
    example=_case("the cat sat", "example"),
    reference=log_probability,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "How many factors does the product have for three words, and which table gives each one?",
        "Keep the previous word in a variable. For the first word look into `first`, for each "
        "other one into `following.get(previous, {})`.",
        "Add `math.log(probability)` word by word. `row.get(word, 0.0)` gives 0 for a word that is "
        "not listed; return `-math.inf` there, because `math.log(0)` raises an error.",
    ),
    explanation="Logarithms turn the product into a sum, and a sum of thousands of terms does not "
    "underflow as the product would: 0.1 multiplied two thousand times is 0.0 in floating point.",
    mutants=(
        Mutant("probability", _probability, "This is the probability; take its logarithm."),
        Mutant(
            "product_first",
            _product_first,
            "The product of many probabilities underflows to 0; add logarithms instead.",
        ),
        Mutant("bits", _bits, "This is the logarithm to base 2; the natural one is asked for."),
        Mutant("negative", _negative, "The sign is reversed: a log-probability is at most 0."),
        Mutant("without_first", _without_first, "The factor of the first word is left out."),
        Mutant(
            "independent",
            _independent,
            "`first` is used for every word; after the first, the row of the previous word counts.",
        ),
        Mutant("mean", _mean, "The sum is divided by the number of words; do not average."),
        Mutant(
            "skips_unseen",
            _skips_unseen,
            "Factors of 0 are skipped; one impossible step makes the sentence impossible.",
        ),
        Mutant(
            "backwards",
            _backwards,
            "The table is read the wrong way: `following[v][w]` is w after v.",
        ),
        Mutant("log_of_sum", _log_of_sum, "Probabilities are added; they multiply."),
        Mutant(
            "raises",
            _raises,
            "A word that a table does not list raises an error; its probability is 0.",
        ),
    ),
)
