"""Exercise: from logits to a ranking of the next tokens."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_PIECES = (
    " the", " a", " people", " Congress", " God", " peace", " year", " earth", ",", ".", " of",
    " in", " and", " his", "ing", " new", " 1864", "\n", " men", " house",
)  # fmt: skip


def most_probable(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    """Return the k most probable next tokens, each with its probability."""
    probabilities = torch.softmax(logits, dim=-1)
    values, places = probabilities.topk(k)
    return [(pieces[int(place)], float(value)) for value, place in zip(values, places, strict=True)]


def _no_softmax(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    values, places = logits.topk(k)
    return [(pieces[int(i)], float(v)) for v, i in zip(values, places, strict=True)]


def _softmax_of_the_best(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    values, places = logits.topk(k)
    return [(pieces[int(i)], float(v)) for v, i in zip(values.softmax(-1), places, strict=True)]


def _least_probable(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    values, places = logits.softmax(-1).sort()
    return [(pieces[int(i)], float(v)) for v, i in zip(values[:k], places[:k], strict=True)]


def _unsorted(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    probabilities = logits.softmax(-1)
    places = probabilities.topk(k).indices.sort().values
    return [(pieces[int(i)], float(probabilities[i])) for i in places]


def _first_of_the_list(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    return [(p, float(v)) for p, v in zip(pieces, logits.softmax(-1), strict=True)][:k]


def _worst_of_the_best(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    return most_probable(pieces, logits, k)[::-1]


def _no_exponential(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    values, places = (logits / logits.sum()).topk(k)
    return [(pieces[int(i)], float(v)) for v, i in zip(values, places, strict=True)]


def _no_division(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    values, places = logits.exp().topk(k)
    return [(pieces[int(i)], float(v)) for v, i in zip(values, places, strict=True)]


def _places(pieces: list[str], logits: Tensor, k: int) -> list[tuple[int, float]]:
    del pieces
    values, places = logits.softmax(-1).topk(k)
    return [(int(i), float(v)) for v, i in zip(values, places, strict=True)]


def _swapped(pieces: list[str], logits: Tensor, k: int) -> list[tuple[float, str]]:
    return [(v, p) for p, v in most_probable(pieces, logits, k)]


def _only_pieces(pieces: list[str], logits: Tensor, k: int) -> list[str]:
    return [p for p, _ in most_probable(pieces, logits, k)]


def _percent(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    return [(p, 100 * v) for p, v in most_probable(pieces, logits, k)]


def _only_one(pieces: list[str], logits: Tensor, k: int) -> list[tuple[str, float]]:
    del k
    return most_probable(pieces, logits, 1)


def _case(pieces: list[str], logits: list[float], k: int, label: str) -> Case:
    return Case({"pieces": pieces, "logits": torch.tensor(logits), "k": k}, label)


def _random_case(generator: torch.Generator, n_pieces: int, k: int, shift: float = 0.0) -> Case:
    """Logits a tenth apart at least, so that no two tokens tie."""
    order = torch.randperm(10 * n_pieces, generator=generator)[:n_pieces]
    logits = [round(float(place) / 10 + shift, 1) for place in order]
    chosen = torch.randperm(len(_PIECES), generator=generator)[:n_pieces]
    shown = f"{n_pieces} tokens" if n_pieces > 1 else "1 token"
    return _case([_PIECES[int(place)] for place in chosen], logits, k, f"{shown}, k={k}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _random_case(generator, 4, 2),
        _random_case(generator, 6, 3, shift=-2.0),
        _random_case(generator, 5, 5, shift=-4.0),
        _random_case(generator, 8, 1, shift=-3.0),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _random_case(generator, 1, 1),
        _random_case(generator, 20, 4, shift=-10.0),
        _random_case(generator, 12, 12, shift=-15.0),
        _random_case(generator, 3, 2, shift=-1.0),
    ]


EXERCISE = Exercise(
    id="first_steps.most_probable",
    title="The most probable next tokens",
    statement="""
A language model answers with one number for every token of its vocabulary, its *logit* $z_i$.
The softmax turns logits into probabilities:

$$p_i = \\frac{e^{z_i}}{\\sum_j e^{z_j}}$$

Return the `k` most probable tokens, the most probable first, each as a pair
`(piece, probability)`. The probabilities are those of the whole vocabulary: the `k` that you
return need not add up to 1. `torch.softmax` and `torch.topk` are allowed. No two logits are equal.
""",
    signature=Signature(
        summary="Return the k most probable next tokens, each with its probability.",
        parameters=(
            Parameter("pieces", "list of V strings, the text of each token"),
            Parameter("logits", "float tensor [V], one score for each token"),
            Parameter("k", "int from 1 to V, how many to return"),
        ),
        returns="list of k pairs (piece, probability), the most probable first",
    ),
    level="core",
    points=2,
    minutes=5,
    example=_case([" war", " peace", ","], [1.0, 3.0, 2.0], 2, "example"),
    reference=most_probable,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two steps: turn all logits into probabilities first, and only then look for the "
        "largest. The order matters, because the sum in the softmax runs over every token.",
        "`probabilities = torch.softmax(logits, dim=-1)`, then "
        "`values, places = probabilities.topk(k)`: the k largest, the largest first, and where "
        "they stand in the list.",
        "Each place is an index into `pieces`. Build the pairs with "
        "`[(pieces[int(i)], float(p)) for p, i in zip(values, places)]` and return that list.",
    ),
    explanation="The softmax needs all logits, because its sum runs over the whole vocabulary; so "
    "it comes first and the choice second. It never changes the order, since $e^z$ grows with $z$: "
    "the token with the largest logit is also the most probable one. That is why a program which "
    "wants the best token only, and no probability, can skip the softmax.",
    mutants=(
        Mutant(
            "no_softmax",
            _no_softmax,
            "These are the logits themselves. Turn them into probabilities with a softmax.",
        ),
        Mutant(
            "softmax_of_the_best",
            _softmax_of_the_best,
            "The softmax runs over the k chosen tokens only, so that they add up to 1. Take it "
            "over the whole vocabulary first, and choose afterwards.",
        ),
        Mutant(
            "least_probable",
            _least_probable,
            "These are the least probable tokens: sorting goes upward unless told otherwise.",
        ),
        Mutant(
            "unsorted",
            _unsorted,
            "The right tokens in the order of the vocabulary; put the most probable first.",
        ),
        Mutant(
            "first_of_the_list",
            _first_of_the_list,
            "These are the first k tokens of the vocabulary, not the k most probable ones.",
        ),
        Mutant(
            "worst_of_the_best",
            _worst_of_the_best,
            "The right tokens in the wrong order; the most probable one comes first.",
        ),
        Mutant(
            "no_exponential",
            _no_exponential,
            "The logits are divided by their sum without `exp`. The softmax takes $e^z$ first.",
        ),
        Mutant(
            "no_division",
            _no_division,
            "These are $e^z$, not yet divided by their sum over all tokens.",
        ),
        Mutant(
            "places",
            _places,
            "Each pair holds the token's place in the list; look up its text: `pieces[i]`.",
        ),
        Mutant("swapped", _swapped, "The pairs are the wrong way round: the piece comes first."),
        Mutant(
            "only_pieces",
            _only_pieces,
            "The probabilities are missing: return pairs (piece, probability).",
        ),
        Mutant("percent", _percent, "These are percentages; a probability lies between 0 and 1."),
        Mutant("only_one", _only_one, "One token is returned whatever `k` is."),
    ),
)
