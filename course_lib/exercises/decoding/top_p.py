"""Exercise: the nucleus of a distribution."""

import random

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def top_p(probabilities: Tensor, p: float) -> Tensor:
    """Return the distribution restricted to its nucleus and renormalized."""
    ordered, ids = probabilities.sort(descending=True, stable=True)
    reached_before = ordered.cumsum(dim=0) - ordered
    kept = torch.where(reached_before < p, ordered, 0.0)
    return torch.zeros_like(probabilities).scatter(0, ids, kept / kept.sum())


def _restricted(probabilities: Tensor, keep: Tensor) -> Tensor:
    """Keep, among the tokens sorted by probability, those marked."""
    ordered, ids = probabilities.sort(descending=True, stable=True)
    kept = torch.where(keep, ordered, 0.0)
    return torch.zeros_like(probabilities).scatter(0, ids, kept / kept.sum())


def _cumulative(probabilities: Tensor) -> Tensor:
    return probabilities.sort(descending=True, stable=True).values.cumsum(dim=0)


def _crossing_token_dropped(probabilities: Tensor, p: float) -> Tensor:
    return _restricted(probabilities, _cumulative(probabilities) <= p)


def _crossing_token_dropped_but_one(probabilities: Tensor, p: float) -> Tensor:
    keep = _cumulative(probabilities) <= p
    keep[0] = True
    return _restricted(probabilities, keep)


def _one_too_many(probabilities: Tensor, p: float) -> Tensor:
    ordered = probabilities.sort(descending=True, stable=True).values
    return _restricted(probabilities, ordered.cumsum(dim=0) - ordered <= p)


def _not_renormalized(probabilities: Tensor, p: float) -> Tensor:
    return torch.where(top_p(probabilities, p) > 0, probabilities, 0.0)


def _left_sorted(probabilities: Tensor, p: float) -> Tensor:
    return top_p(probabilities, p).sort(descending=True).values


def _not_sorted(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities.cumsum(dim=0) - probabilities < p, probabilities, 0.0)
    return kept / kept.sum()


def _from_the_tail(probabilities: Tensor, p: float) -> Tensor:
    ordered, ids = probabilities.sort(stable=True)
    kept = torch.where(ordered.cumsum(dim=0) - ordered < p, ordered, 0.0)
    return torch.zeros_like(probabilities).scatter(0, ids, kept / kept.sum())


def _ties_kept(probabilities: Tensor, p: float) -> Tensor:
    nucleus = top_p(probabilities, p) > 0
    kept = torch.where(probabilities >= probabilities[nucleus].min(), probabilities, 0.0)
    return kept / kept.sum()


def _relative_to_the_best(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities >= (1 - p) * probabilities.max(), probabilities, 0.0)
    return kept / kept.sum()


def _threshold(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities >= p, probabilities, 0.0)
    return kept / kept.sum()


def _softmax_again(probabilities: Tensor, p: float) -> Tensor:
    nucleus = top_p(probabilities, p) > 0
    return torch.where(nucleus, probabilities, -torch.inf).softmax(dim=0)


def _case(probabilities: list[float], p: float, label: str) -> Case:
    return Case({"probabilities": torch.tensor(probabilities), "p": p}, label)


def _random_case(draw: random.Random, size: int) -> Case:
    """Probabilities are multiples of 1/256 and p lies halfway between two of them: no rounding."""
    cuts = sorted(draw.sample(range(1, 256), size - 1))
    parts = [right - left for left, right in zip([0, *cuts], [*cuts, 256], strict=True)]
    p = (draw.randint(100, 240) + 0.5) / 256
    return _case([part / 256 for part in parts], p, f"{size} tokens, p = {p:.3f}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([0.5, 0.25, 0.125, 0.125], 0.6, "the second token crosses p"),
        _case([0.125, 0.5, 0.125, 0.25], 0.75, "p is reached exactly"),
        _case([0.0625, 0.875, 0.0625], 0.5, "the first token alone is more than p"),
        _case([0.25, 0.25, 0.25, 0.25], 0.4, "all equally probable"),
        _case([0.25, 0.5, 0.25], 1.0, "p = 1"),
        _random_case(draw, 6),
        _random_case(draw, 9),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([0.125, 0.375, 0.25, 0.25], 0.625, "p is reached exactly, with a tie"),
        _case([1.0], 0.25, "one token"),
        _case([0.0625] * 16, 0.2, "sixteen equally probable tokens"),
        _case([0.25, 0.75], 0.01, "a very small p"),
        *(_random_case(draw, size) for size in (5, 8, 12)),
        _in_64_bits(_random_case(draw, 7)),
    ]


def _in_64_bits(case: Case) -> Case:
    inputs = {**case.inputs, "probabilities": case.inputs["probabilities"].double()}
    return Case(inputs, f"{case.label}, float64")


EXERCISE = Exercise(
    id="decoding.top_p",
    title="The nucleus, with the token that crosses",
    statement="""
The nucleus is the **smallest** set of most probable tokens whose total probability is **at least**
$p$. Going from the most probable token down, the token with which the total reaches $p$ is the
last one kept. So at least one token always stays. Among equally probable tokens the lower id
comes first.

Given one distribution, return it restricted to its nucleus: 0 outside, renormalized inside, in
the order of the vocabulary. `sort` and `cumsum` of PyTorch may be used, ready-made filters of the
course or of `transformers` may not.
""",
    signature=Signature(
        summary="Return the distribution restricted to its nucleus and renormalized.",
        parameters=(
            Parameter("probabilities", "float tensor [V], 32 or 64 bits, adds up to 1"),
            Parameter("p", "float in (0, 1]"),
        ),
        returns="float tensor [V], adds up to 1",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_case([0.25, 0.5, 0.125, 0.125], 0.7, "example"),
    reference=top_p,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Sort, add up, decide, and put back. A token stays if the total of those **before** it has "
        "not reached p yet.",
        "`ordered, ids = probabilities.sort(descending=True, stable=True)`; the total before each "
        "token is `ordered.cumsum(dim=0) - ordered`.",
        "Set `ordered` to 0 where that total is `>= p`, divide by the sum, and put the values back "
        "with `torch.zeros_like(probabilities).scatter(0, ids, values)`.",
    ),
    explanation="The test looks at the total before the token, not after it. That keeps the token "
    "that crosses p, and it keeps the first token always, because the total before it is 0 and p "
    "is above 0. `scatter` undoes the sort.",
    mutants=(
        Mutant(
            "crossing_token_dropped",
            _crossing_token_dropped,
            "The token that crosses p is dropped; if it is the first, nothing stays and 0/0 = nan.",
        ),
        Mutant(
            "crossing_token_dropped_but_one",
            _crossing_token_dropped_but_one,
            "The token that crosses p is dropped, so that the total stays below p. It belongs to "
            "the nucleus.",
        ),
        Mutant(
            "one_too_many",
            _one_too_many,
            "Where the total reaches p exactly, one more token is kept; compare with `<`.",
        ),
        Mutant(
            "not_renormalized",
            _not_renormalized,
            "What is left is not divided by its sum: the probabilities no longer add up to 1.",
        ),
        Mutant(
            "left_sorted",
            _left_sorted,
            "The result is left in sorted order; position i must belong to token i again.",
        ),
        Mutant(
            "not_sorted",
            _not_sorted,
            "Probabilities are added up in the order of the vocabulary; sort them first.",
        ),
        Mutant(
            "from_the_tail",
            _from_the_tail,
            "The least probable tokens are taken first; sort in descending order.",
        ),
        Mutant(
            "threshold",
            _threshold,
            "Each probability is compared with p by itself; p is for their sum, from the most "
            "probable down.",
        ),
        Mutant(
            "softmax_again",
            _softmax_again,
            "A softmax is taken of the probabilities that are left; divide them by their sum. A "
            "softmax is for logits.",
        ),
        Mutant(
            "ties_kept",
            _ties_kept,
            "All tokens tied with the last one are kept. The nucleus is the smallest set; of "
            "equal tokens the lower ids come first.",
        ),
        Mutant(
            "relative_to_the_best",
            _relative_to_the_best,
            "Tokens are compared with the most probable one, as min-p does; the nucleus adds up "
            "probabilities.",
        ),
    ),
)
