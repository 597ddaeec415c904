"""Exercise: from logits to a ranking of the next tokens."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_PIECES = (
    " the", " a", " people", " Congress", " God", " peace", " year", " earth", ",", ".", " of",
    " in", " and", " his", "ing", " new", " 1864", "\n", " men", " house",
)  # fmt: skip


def most_probable(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    """Return the k most probable next tokens at a temperature, each with its probability."""
    probabilities = torch.softmax(logits / temperature, dim=-1)
    values, places = probabilities.topk(k)
    return [(pieces[int(place)], float(value)) for value, place in zip(values, places, strict=True)]


def _pairs(pieces: list[str], scores: Tensor, places: Tensor) -> list[tuple[str, float]]:
    return [(pieces[int(place)], float(scores[place])) for place in places]


def _no_softmax(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return _pairs(pieces, logits / temperature, logits.topk(k).indices)


def _no_temperature(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    del temperature
    return most_probable(pieces, logits, k, 1.0)


def _multiplied(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return most_probable(pieces, logits * temperature, k, 1.0)


def _temperature_too_late(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return _pairs(pieces, logits.softmax(-1) / temperature, logits.topk(k).indices)


def _softmax_of_the_best(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    values, places = (logits / temperature).topk(k)
    return [(pieces[int(i)], float(v)) for v, i in zip(values.softmax(-1), places, strict=True)]


def _least_probable(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    scores = (logits / temperature).softmax(-1)
    return _pairs(pieces, scores, scores.sort().indices[:k])


def _unsorted(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    places = logits.topk(k).indices.sort().values
    return _pairs(pieces, (logits / temperature).softmax(-1), places)


def _first_of_the_list(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return _pairs(pieces, (logits / temperature).softmax(-1), torch.arange(k))


def _no_exponential(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    del temperature  # it cancels
    scores = logits / logits.sum()
    return _pairs(pieces, scores, scores.topk(k).indices)


def _no_division(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return _pairs(pieces, (logits / temperature).exp(), logits.topk(k).indices)


def _places(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[int, float]]:
    del pieces
    values, places = (logits / temperature).softmax(-1).topk(k)
    return [(int(i), float(v)) for v, i in zip(values, places, strict=True)]


def _percent(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    return [(p, 100 * v) for p, v in most_probable(pieces, logits, k, temperature)]


def _pieces_only(pieces: list[str], logits: Tensor, k: int, temperature: float) -> list[str]:
    return [p for p, _ in most_probable(pieces, logits, k, temperature)]


def _swapped(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[float, str]]:
    return [(v, p) for p, v in most_probable(pieces, logits, k, temperature)]


def _only_one(
    pieces: list[str], logits: Tensor, k: int, temperature: float
) -> list[tuple[str, float]]:
    del k
    return most_probable(pieces, logits, 1, temperature)


def _case(pieces: list[str], logits: list[float], k: int, temperature: float) -> Case:
    inputs = {
        "pieces": pieces,
        "logits": torch.tensor(logits),
        "k": k,
        "temperature": temperature,
    }
    return Case(inputs, f"{len(pieces)} tokens, k={k}, temperature {temperature}")


def _random_case(
    generator: torch.Generator, n_pieces: int, k: int, temperature: float, shift: float = 0.0
) -> Case:
    """Logits a tenth apart at least, so that no two tokens tie."""
    order = torch.randperm(10 * n_pieces, generator=generator)[:n_pieces]
    logits = [round(float(place) / 10 + shift, 1) for place in order]
    chosen = torch.randperm(len(_PIECES), generator=generator)[:n_pieces]
    return _case([_PIECES[int(place)] for place in chosen], logits, k, temperature)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _random_case(generator, 4, 2, 1.0),
        _random_case(generator, 6, 3, 2.0, shift=-2.0),
        _random_case(generator, 5, 5, 0.5, shift=-4.0),
        _random_case(generator, 8, 1, 1.5, shift=-3.0),
    ]


def _in_64_bits(case: Case) -> Case:
    inputs = {**case.inputs, "logits": case.inputs["logits"].double()}
    return Case(inputs, f"{case.label}, float64")


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _random_case(generator, 1, 1, 0.7),
        _random_case(generator, 20, 4, 4.0, shift=-10.0),
        _random_case(generator, 12, 12, 3.0, shift=-15.0),
        _random_case(generator, 5, 2, 0.8, shift=-1.0),
        _in_64_bits(_random_case(generator, 7, 3, 0.02, shift=-35.0)),
    ]


EXERCISE = Exercise(
    id="first_steps.most_probable",
    title="The most probable next tokens",
    statement="""
A language model answers with one number for every token of its vocabulary, its *logit* $z_i$.
At temperature $\\tau$ they become probabilities by

$$p_i = \\frac{e^{z_i/\\tau}}{\\sum_j e^{z_j/\\tau}}$$

Return the `k` most probable tokens, the most probable first, each as a pair
`(piece, probability)`. The probabilities are those of the whole vocabulary: the `k` that you
return need not add up to 1. `torch.softmax` and `torch.topk` are allowed. No two logits are equal.
""",
    signature=Signature(
        summary="Return the k most probable next tokens at a temperature, with probabilities.",
        parameters=(
            Parameter("pieces", "list of V strings, the text of each token"),
            Parameter("logits", "float tensor [V], one score for each token; 32 or 64 bits"),
            Parameter("k", "int from 1 to V, how many to return"),
            Parameter("temperature", "float above 0, divides the logits"),
        ),
        returns="list of k pairs (piece, probability), the most probable first",
    ),
    level="core",
    points=2,
    minutes=5,
    example=_case([" war", " peace", ","], [1.0, 3.0, 2.0], 2, 2.0),
    reference=most_probable,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Three steps: divide the logits by the temperature, turn all of them into probabilities, "
        "and only then look for the largest. The order matters, because the sum in the formula "
        "runs over every token.",
        "`probabilities = torch.softmax(logits / temperature, dim=-1)`, then "
        "`values, places = probabilities.topk(k)`: the k largest, the largest first, and where "
        "they stand in the list.",
        "Each place is an index into `pieces`. Build the pairs with "
        "`[(pieces[int(i)], float(p)) for p, i in zip(values, places)]` and return that list.",
    ),
    explanation="The softmax needs all logits, because its sum runs over the whole vocabulary; so "
    "it comes first and the choice second. Neither it nor a temperature changes the order, since "
    "$e^{z/\\tau}$ grows with $z$: the token with the largest logit is the most probable one at "
    "every temperature. A program that wants only the best token can skip both.",
    mutants=(
        Mutant(
            "no_softmax",
            _no_softmax,
            "These are the logits themselves. Turn them into probabilities with a softmax.",
        ),
        Mutant(
            "no_temperature",
            _no_temperature,
            "The temperature is not used: divide the logits by it before the softmax.",
        ),
        Mutant(
            "multiplied",
            _multiplied,
            "The logits are multiplied by the temperature; they are to be divided by it.",
        ),
        Mutant(
            "temperature_too_late",
            _temperature_too_late,
            "The probabilities are divided by the temperature; divide the logits, before the "
            "softmax.",
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
            "no_exponential",
            _no_exponential,
            "The logits are divided by their sum without `exp`: the softmax comes first.",
        ),
        Mutant(
            "no_division",
            _no_division,
            "These are $e^{z/\\tau}$, not yet divided by their sum over all tokens.",
        ),
        Mutant(
            "places",
            _places,
            "Each pair holds the token's place in the list; look up its text: `pieces[i]`.",
        ),
        Mutant("percent", _percent, "These are percentages; probabilities are from 0 to 1."),
        Mutant(
            "pieces_only",
            _pieces_only,
            "Only the pieces are returned; each belongs in a pair with its probability.",
        ),
        Mutant("swapped", _swapped, "The pairs are the wrong way round: the piece comes first."),
        Mutant("only_one", _only_one, "One token is returned whatever `k` is."),
    ),
)
