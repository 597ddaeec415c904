"""Exercise: do vectors of one word separate its meanings?"""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def sense_gap(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    """Return the mean similarity within meanings minus that between them, and the accuracy."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    similarity = unit @ unit.T
    same = senses[:, None] == senses[None, :]
    others = ~torch.eye(len(senses), dtype=torch.bool)
    gap = similarity[same & others].mean() - similarity[~same].mean()
    nearest = similarity.masked_fill(~others, -torch.inf).argmax(dim=1)
    accuracy = (senses[nearest] == senses).double().mean()
    return gap.item(), accuracy.item()


def _similarity(vectors: Tensor) -> Tensor:
    unit: Tensor = vectors / vectors.norm(dim=1, keepdim=True)
    return unit @ unit.T


def _measures(similarity: Tensor, senses: Tensor) -> tuple[float, float]:
    same = senses[:, None] == senses[None, :]
    others = ~torch.eye(len(senses), dtype=torch.bool)
    gap = similarity[same & others].mean() - similarity[~same].mean()
    nearest = similarity.masked_fill(~others, -torch.inf).argmax(dim=1)
    return gap.item(), (senses[nearest] == senses).double().mean().item()


def _counts_itself(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    similarity = _similarity(vectors)
    same = senses[:, None] == senses[None, :]
    gap = similarity[same].mean() - similarity[~same].mean()
    return gap.item(), sense_gap(vectors, senses)[1]


def _nearest_is_itself(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    nearest = _similarity(vectors).argmax(dim=1)
    gap, _ = sense_gap(vectors, senses)
    return gap, (senses[nearest] == senses).double().mean().item()


def _with_itself(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    return _counts_itself(vectors, senses)[0], _nearest_is_itself(vectors, senses)[1]


def _dot_products(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    return _measures(vectors @ vectors.T, senses)


def _turned(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    gap, accuracy = sense_gap(vectors, senses)
    return -gap, accuracy


def _all_pairs_as_control(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    similarity = _similarity(vectors)
    same = senses[:, None] == senses[None, :]
    others = ~torch.eye(len(senses), dtype=torch.bool)
    gap = similarity[same & others].mean() - similarity[others].mean()
    return gap.item(), sense_gap(vectors, senses)[1]


def _mean_of_senses(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    similarity, means = unit @ unit.T, []
    for sense in set(senses.tolist()):
        rows = senses == sense
        n = int(rows.sum())
        if n > 1:
            part = similarity[rows][:, rows]
            means.append((part.sum() - part.trace()) / (n * (n - 1)))
    between = similarity[senses[:, None] != senses[None, :]].mean()
    gap = torch.stack(means).mean() - between
    return gap.item(), sense_gap(vectors, senses)[1]


def _percent(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    gap, accuracy = sense_gap(vectors, senses)
    return gap, 100 * accuracy


def _farthest(vectors: Tensor, senses: Tensor) -> tuple[float, float]:
    gap, _ = sense_gap(vectors, senses)
    nearest = _similarity(vectors).argmin(dim=1)
    return gap, (senses[nearest] == senses).double().mean().item()


def _case(seed: int, sizes: tuple[int, ...], strength: float, label: str) -> Case:
    generator = torch.Generator().manual_seed(seed)
    senses = torch.cat([torch.full((n,), i) for i, n in enumerate(sizes)])
    senses = senses[torch.randperm(len(senses), generator=generator)]
    centers = torch.randn(len(sizes), 5, generator=generator)
    noise = torch.randn(len(senses), 5, generator=generator)
    vectors = 1.0 + strength * centers[senses] + noise
    vectors *= torch.empty(len(senses), 1).uniform_(0.3, 3.0, generator=generator)
    return Case({"vectors": vectors, "senses": senses}, label)


def _known() -> Case:
    vectors = torch.tensor([[1.0, 0.0], [4.0, 3.0], [0.0, 2.0]])
    return Case({"vectors": vectors, "senses": torch.tensor([0, 0, 1])}, "three vectors by hand")


def _public(seed: int) -> list[Case]:
    return [
        _known(),
        _case(10 * seed + 1, (4, 4), 1.5, "two meanings, four sentences each"),
        _case(10 * seed + 2, (3, 6), 0.5, "more sentences of one meaning"),
        _case(10 * seed + 3, (4, 4), 0.0, "vectors that know nothing of the meanings"),
    ]


def _hidden(seed: int) -> list[Case]:
    start = 10_000 + 10 * seed
    return [
        _case(start, (2, 5), 1.0, "two and five sentences"),
        _case(start + 1, (3, 4, 5), 1.0, "three meanings"),
        _case(start + 2, (6, 6), 0.3, "hardly different"),
        _case(start + 3, (8, 2), 0.8, "eight and two sentences"),
    ]


EXERCISE = Exercise(
    id="representing_text.sense_gap",
    title="Measure whether meanings part",
    statement="""
You have one vector of a word for each of N sentences, and for each sentence the number of the
word's meaning there. Return two measures of how well the vectors tell the meanings apart:

1. the **gap**: the mean cosine similarity of all pairs of different sentences with the same
   meaning, minus that of all pairs with different meanings;
2. the **accuracy**: the share of sentences whose most similar *other* sentence has the same
   meaning.

There are at least two meanings, and a pair of sentences with the same one. No vector is zero.
""",
    signature=Signature(
        summary="Return the mean similarity within meanings minus that between them, and the "
        "accuracy.",
        parameters=(
            Parameter("vectors", "float tensor [N D], the word's vector in each sentence"),
            Parameter("senses", "integer tensor [N], the number of the meaning"),
        ),
        returns="(gap, accuracy): two floats",
    ),
    level="stretch",
    points=5,
    minutes=15,
    example=_known(),
    reference=sense_gap,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Divide the rows by their lengths; then `unit @ unit.T` holds all cosines, [N N].",
        "`same = senses[:, None] == senses[None, :]` marks the pairs with one meaning, the "
        "diagonal included. `~torch.eye(N, dtype=torch.bool)` takes the diagonal out.",
        "`similarity[same & others].mean() - similarity[~same].mean()`. For the accuracy, put "
        "−inf on the diagonal and take `argmax(dim=1)`.",
    ),
    explanation="A sentence compared with itself has cosine 1 and says nothing, so the diagonal is "
    "left out of both measures; with few sentences that changes a lot. A gap alone can be small "
    "and the meanings still be told apart, which is why there is a second measure.",
    mutants=(
        Mutant(
            "counts_itself",
            _counts_itself,
            "Each sentence is compared with itself; those ones lift the similarity within.",
        ),
        Mutant(
            "nearest_is_itself",
            _nearest_is_itself,
            "The most similar sentence found is the sentence itself; look among the others.",
        ),
        Mutant(
            "with_itself",
            _with_itself,
            "Each sentence is compared with itself, in both measures; take the diagonal out.",
        ),
        Mutant(
            "dot_products",
            _dot_products,
            "These are dot products; the cosine needs vectors divided by their lengths.",
        ),
        Mutant("turned", _turned, "The gap is within minus between, not the reverse."),
        Mutant(
            "all_pairs_as_control",
            _all_pairs_as_control,
            "Subtract the mean over pairs with different meanings, not over all pairs.",
        ),
        Mutant(
            "mean_of_senses",
            _mean_of_senses,
            "The mean is taken per meaning first; every pair counts once, whatever its meaning.",
        ),
        Mutant("percent", _percent, "The accuracy is a share, from 0 to 1, not per cent."),
        Mutant("farthest", _farthest, "This looks at the least similar sentence: use `argmax`."),
    ),
)
