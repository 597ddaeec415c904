"""Exercise: the answer to a cloze question, from log-probabilities."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Rows = list[list[float]]


def choose_word(candidates: _Rows, rests: _Rows) -> int:
    """Return the number of the candidate that makes the whole sentence most probable."""
    sums = [math.fsum(own) + math.fsum(rest) for own, rest in zip(candidates, rests, strict=True)]
    return max(range(len(sums)), key=sums.__getitem__)


def _best(values: list[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _per_token(candidates: _Rows, rests: _Rows) -> int:
    both = [own + rest for own, rest in zip(candidates, rests, strict=True)]
    return _best([sum(row) / len(row) for row in both])


def _word_only(candidates: _Rows, rests: _Rows) -> int:
    del rests
    return _best([math.fsum(row) for row in candidates])


def _rest_only(candidates: _Rows, rests: _Rows) -> int:
    del candidates
    return _best([math.fsum(row) for row in rests])


def _first_token(candidates: _Rows, rests: _Rows) -> int:
    del rests
    return _best([row[0] for row in candidates])


def _word_per_token(candidates: _Rows, rests: _Rows) -> int:
    means = [sum(own) / len(own) for own in candidates]
    return _best([mean + sum(rest) for mean, rest in zip(means, rests, strict=True)])


def _smallest(candidates: _Rows, rests: _Rows) -> int:
    both = [sum(own) + sum(rest) for own, rest in zip(candidates, rests, strict=True)]
    return min(range(len(both)), key=both.__getitem__)


def _product(candidates: _Rows, rests: _Rows) -> int:
    both = [own + rest for own, rest in zip(candidates, rests, strict=True)]
    return _best([math.prod(math.exp(value) for value in row) for row in both])


def _sum_of_chances(candidates: _Rows, rests: _Rows) -> int:
    both = [own + rest for own, rest in zip(candidates, rests, strict=True)]
    return _best([sum(math.exp(value) for value in row) for row in both])


def _case(candidates: _Rows, rests: _Rows, label: str) -> Case:
    return Case({"candidates": candidates, "rests": rests}, label)


def _values(draw: random.Random, n: int, scale: float = 1.0) -> list[float]:
    return [round(-scale * draw.uniform(0.1, 4.0), 2) for _ in range(n)]


def _random_case(draw: random.Random, n: int) -> Case:
    """Candidates of 1 to 4 tokens before rests of 2 to 5, which need not be equally long."""
    candidates = [_values(draw, draw.randint(1, 4)) for _ in range(n)]
    rests = [_values(draw, draw.randint(2, 5)) for _ in range(n)]
    return _case(candidates, rests, f"{n} candidates")


_FIVE = (
    [[-1.2], [-1.9, -1.4], [-0.7], [-2.7, -0.9, -2.7], [-1.0, -2.6]],
    [[-1.3, -1.2, -3.1], [-3.4, -0.5], [-1.4, -3.9], [-1.1], [-2.0]],
)  # every known mistake answers differently here or in the two cases before


def _public(seed: int) -> list[Case]:
    return [
        _case([[-1.0], [-0.5, -1.0]], [[-3.0], [-0.2]], "the rest decides"),
        _case([[-8.0], [-7.0]], [[-9.0] * 90, [-9.0] * 90], "a long rest"),
        _case(*_FIVE, "five candidates"),
        _random_case(random.Random(seed), 5),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    long = [[-9.0] * 60, [-9.0] * 59 + [-8.5], [-9.5] + [-9.0] * 59]
    return [
        _case([[-1.0]], [[]], "one candidate, at the end of the sentence"),
        _case([[-1.2, -0.1], [-1.25]], [[], []], "no rest"),
        _case([[-8.0], [-7.0], [-9.0]], [long[0] * 2, long[1] * 2, long[2] * 2], "a long rest"),
        *(_random_case(draw, n) for n in (3, 6, 10)),
    ]


EXERCISE = Exercise(
    id="evaluation.choose_word",
    title="Which word fits the gap?",
    statement="""
A cloze question has several candidates. A model has read the passage and then, for each candidate,
the candidate's tokens and the rest of the sentence. `candidates[i]` holds $\\ln p$ of each token of
candidate $i$, and `rests[i]` that of each token of the rest after it, each given all tokens before.
A candidate can have several tokens, the rest may be cut differently after another word, and at the
end of a sentence there is no rest.

Return the number of the candidate with which the passage as a whole is most probable, as GPT-2's
authors chose it. Rests may be long: probabilities themselves would be too small for a float.
""",
    signature=Signature(
        summary="Return the number of the candidate that makes the whole sentence most probable.",
        parameters=(
            Parameter("candidates", "list of lists of floats <= 0, at least one in each"),
            Parameter("rests", "list of equally many lists of floats <= 0; they may be empty"),
        ),
        returns="int, from 0",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=3,
    minutes=6,
    example=_case([[-1.0], [-0.7]], [[-0.5], [-2.0]], "example"),
    reference=choose_word,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "By the chain rule, what is the probability of all these tokens together?",
        "It is the product of the single ones, so the logarithms are added: those of the word and "
        "those of the rest. No length is divided by.",
        "`sums = [sum(own) + sum(rest) for own, rest in zip(candidates, rests)]`, and the place of "
        "the largest.",
    ),
    explanation="The candidates are different events, and exactly one of them happened, so their "
    "probabilities can be compared as they are, whatever number of tokens each is cut into. A mean "
    "per token would favor long words whose last pieces are easy. The rest belongs to it: many "
    "words fit what came before, and few fit what comes after as well.",
    mutants=(
        Mutant(
            "per_token",
            _per_token,
            "This is the mean per token, which favors words of many easy pieces; add them up.",
        ),
        Mutant("word_only", _word_only, "The rest of the sentence is left out."),
        Mutant("rest_only", _rest_only, "The word itself is left out."),
        Mutant("first_token", _first_token, "Only the first token of each candidate is compared."),
        Mutant(
            "word_per_token",
            _word_per_token,
            "The word is divided by its number of tokens; its whole log-probability counts.",
        ),
        Mutant("smallest", _smallest, "This is the least probable one; ln p is negative."),
        Mutant(
            "product",
            _product,
            "Products of many probabilities become 0, and then all are equal; add logarithms.",
        ),
        Mutant(
            "sum_of_chances",
            _sum_of_chances,
            "The probabilities are added; the logarithms must be.",
        ),
    ),
)
