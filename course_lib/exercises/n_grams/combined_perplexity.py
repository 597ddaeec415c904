"""Exercise: one perplexity for several texts."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def combined_perplexity(perplexities: list[float], lengths: list[int]) -> float:
    """Return the perplexity of all texts together."""
    nats = sum(n * math.log(value) for value, n in zip(perplexities, lengths, strict=True))
    return math.exp(nats / sum(lengths))


def _plain_mean(perplexities: list[float], lengths: list[int]) -> float:
    del lengths
    return sum(perplexities) / len(perplexities)


def _weighted_mean(perplexities: list[float], lengths: list[int]) -> float:
    pairs = zip(perplexities, lengths, strict=True)
    return sum(value * n for value, n in pairs) / sum(lengths)


def _unweighted(perplexities: list[float], lengths: list[int]) -> float:
    return combined_perplexity(perplexities, [1] * len(lengths))


def _mean_of_chances(perplexities: list[float], lengths: list[int]) -> float:
    pairs = zip(perplexities, lengths, strict=True)
    return sum(lengths) / sum(n / value for value, n in pairs)


def _product_first(perplexities: list[float], lengths: list[int]) -> float:
    product = math.prod(value**n for value, n in zip(perplexities, lengths, strict=True))
    if product == math.inf and math.inf not in perplexities:
        raise OverflowError("too large")
    root: float = product ** (1 / sum(lengths))
    return root


def _loss(perplexities: list[float], lengths: list[int]) -> float:
    return math.log(combined_perplexity(perplexities, lengths))


def _wrong_base(perplexities: list[float], lengths: list[int]) -> float:
    return float(2.0 ** _loss(perplexities, lengths))


def _per_text(perplexities: list[float], lengths: list[int]) -> float:
    total = _loss(perplexities, lengths) * sum(lengths) / len(lengths)
    return math.exp(total) if total < 700 else math.inf


def _without_impossible(perplexities: list[float], lengths: list[int]) -> float:
    pairs = [(v, n) for v, n in zip(perplexities, lengths, strict=True) if v < math.inf]
    if not pairs:
        return math.inf
    return combined_perplexity([v for v, _ in pairs], [n for _, n in pairs])


def _longest(perplexities: list[float], lengths: list[int]) -> float:
    return perplexities[lengths.index(max(lengths))]


def _weights_exchanged(perplexities: list[float], lengths: list[int]) -> float:
    return combined_perplexity(perplexities, lengths[::-1])


def _inverse(perplexities: list[float], lengths: list[int]) -> float:
    return 1 / combined_perplexity(perplexities, lengths)


def _case(perplexities: list[float], lengths: list[int], label: str) -> Case:
    return Case({"perplexities": perplexities, "lengths": lengths}, label)


def _random_case(draw: random.Random, n_texts: int) -> Case:
    values = [round(draw.uniform(2, 400), 1) for _ in range(n_texts)]
    return _case(values, [draw.randint(10, 20_000) for _ in range(n_texts)], f"{n_texts} texts")


def _public(seed: int) -> list[Case]:
    return [
        _case([100.0, 400.0], [50, 50], "two texts of equal length"),
        _case([10.0, 1000.0], [20, 10], "the harder text is shorter"),
        _case([120.0], [3000], "one text"),
        _case([90.0, math.inf], [5000, 2], "a text with an impossible word"),
        _case([1.0, 16.0, 4.0], [1, 2, 1], "short texts"),
        _random_case(random.Random(seed), 4),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([1.0, 1.0], [7, 9], "no surprise anywhere"),
        _case([math.inf, math.inf], [1, 2], "nothing possible"),
        _case([math.inf, 30.0], [3, 800], "one impossible text"),
        *(_random_case(draw, n_texts) for n_texts in (2, 3, 6)),
    ]


EXERCISE = Exercise(
    id="n_grams.combined_perplexity",
    title="One perplexity for several texts",
    statement="""
A model was tested on several texts. For each one you know its perplexity and how many words were
predicted in it. Return the perplexity of **all texts together**, as if they had been one test.

Go back to the definition: what does each text contribute to the mean of $-\\log P$ over all words?
A perplexity may be `math.inf`. Texts may have many thousands of words.
""",
    signature=Signature(
        summary="Return the perplexity of all texts together.",
        parameters=(
            Parameter("perplexities", "list of floats >= 1, one for each text"),
            Parameter("lengths", "list of ints >= 1, predicted words of each text"),
        ),
        returns="float, at least 1",
    ),
    forbidden=("course_lib.classical", "course_lib.evaluation"),
    level="core",
    points=4,
    minutes=10,
    example=_case([8.0, 64.0], [2, 1], "example"),
    reference=combined_perplexity,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Perplexities do not add up. Which quantity behind them does?",
        "The sum of −log P over a text is its length times the logarithm of its perplexity. Add "
        "these sums over all texts.",
        "Divide the total by the number of all words, and take `math.exp` of it: "
        "`math.exp(sum(n * math.log(ppl) for …) / sum(lengths))`.",
    ),
    explanation="n · log PPL is the number of nats that a text cost the model. Nats add up over "
    "texts, words add up over texts, and their ratio is the mean loss. The result is the geometric "
    "mean weighted by length; one impossible word anywhere makes it infinite.",
    mutants=(
        Mutant(
            "plain_mean",
            _plain_mean,
            "This is the plain mean of the perplexities. Their logarithms have to be averaged, "
            "each with the length of its text.",
        ),
        Mutant(
            "weighted_mean",
            _weighted_mean,
            "The lengths are right, but the perplexities themselves are averaged; average their "
            "logarithms.",
        ),
        Mutant(
            "unweighted",
            _unweighted,
            "Every text counts the same; a longer text has more words and must count for more.",
        ),
        Mutant(
            "mean_of_chances",
            _mean_of_chances,
            "The probabilities 1/PPL are averaged; average the logarithms.",
        ),
        Mutant(
            "product_first",
            _product_first,
            "The product over all words is too large for a float; add logarithms instead.",
        ),
        Mutant("loss", _loss, "This is the mean of −log P; the perplexity is its exponential."),
        Mutant("wrong_base", _wrong_base, "The logarithm is natural but the power is one of 2."),
        Mutant(
            "per_text",
            _per_text,
            "The total is divided by the number of texts; divide by the number of words.",
        ),
        Mutant(
            "without_impossible",
            _without_impossible,
            "Texts with infinite perplexity are left out; they make the whole test impossible.",
        ),
        Mutant("longest", _longest, "Only the longest text counts; all of them have to."),
        Mutant(
            "weights_exchanged",
            _weights_exchanged,
            "The lengths are paired with the wrong texts: zip both lists in the same order.",
        ),
        Mutant("inverse", _inverse, "The sign is reversed: perplexity is at least 1."),
    ),
)
