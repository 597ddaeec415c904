"""Exercise: the loss of skip-gram with negative sampling, for a batch of pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def negative_sampling_loss(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    """Return the mean loss of a batch of pairs, in nats."""
    positive = (centers * contexts).sum(-1)  # [B]
    negative = torch.einsum("bd,bkd->bk", centers, noise)  # [B K]
    losses = -F.logsigmoid(positive) - F.logsigmoid(-negative).sum(-1)
    return losses.mean()


def _scores(centers: Tensor, contexts: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    return (centers * contexts).sum(-1), torch.einsum("bd,bkd->bk", centers, noise)


def _no_minus_in_noise(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, negative = _scores(centers, contexts, noise)
    return (-F.logsigmoid(positive) - F.logsigmoid(negative).sum(-1)).mean()


def _mean_over_noise(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, negative = _scores(centers, contexts, noise)
    return (-F.logsigmoid(positive) - F.logsigmoid(-negative).mean(-1)).mean()


def _sum_over_batch(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    return negative_sampling_loss(centers, contexts, noise) * len(centers)


def _no_noise(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, _ = _scores(centers, contexts, noise)
    return -F.logsigmoid(positive).mean()


def _likelihood(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    return -negative_sampling_loss(centers, contexts, noise)


def _no_logarithm(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, negative = _scores(centers, contexts, noise)
    return (-torch.sigmoid(positive) - torch.sigmoid(-negative).sum(-1)).mean()


def _context_meets_noise(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, _ = _scores(centers, contexts, noise)
    negative = torch.einsum("bd,bkd->bk", contexts, noise)
    return (-F.logsigmoid(positive) - F.logsigmoid(-negative).sum(-1)).mean()


def _overflows(centers: Tensor, contexts: Tensor, noise: Tensor) -> Tensor:
    positive, negative = _scores(centers, contexts, noise)
    good, bad = 1 / (1 + torch.exp(-positive)), 1 / (1 + torch.exp(negative))
    return (-torch.log(good) - torch.log(bad).sum(-1)).mean()


def _case(sizes: tuple[int, int, int], seed: int, label: str, scale: float = 1.0) -> Case:
    generator = torch.Generator().manual_seed(seed)
    n_pairs, n_noise, d_vector = sizes

    def draw(*shape: int) -> Tensor:
        return scale * torch.randn(shape, generator=generator)

    inputs = {
        "centers": draw(n_pairs, d_vector),
        "contexts": draw(n_pairs, d_vector),
        "noise": draw(n_pairs, n_noise, d_vector),
    }
    return Case(inputs, label)


def _zeros() -> Case:
    inputs = {"centers": torch.zeros(2, 3), "contexts": torch.zeros(2, 3)}
    return Case({**inputs, "noise": torch.zeros(2, 5, 3)}, "vectors of zeros")


def _public(seed: int) -> list[Case]:
    return [
        _zeros(),
        _case((1, 1, 2), 10 * seed + 1, "one pair, one noise word"),
        _case((3, 5, 4), 10 * seed + 2, "three pairs, five noise words"),
        _case((2, 4, 8), 10 * seed + 3, "scores in the hundreds", scale=8.0),
        with_gradients(_case((3, 2, 4), 10 * seed + 4, "three pairs"), "centers", "contexts"),
    ]


def _hidden(seed: int) -> list[Case]:
    start = 10_000 + 10 * seed
    return [
        _case((1, 7, 3), start, "one pair, seven noise words"),
        _case((8, 3, 16), start + 1, "eight pairs"),
        _case((3, 4, 8), start + 2, "large scores", scale=9.0),
        with_gradients(_case((4, 3, 5), start + 3, "four pairs"), "centers", "contexts", "noise"),
    ]


EXERCISE = Exercise(
    id="representing_text.negative_sampling_loss",
    title="The loss of word2vec",
    statement="""
Each of B pairs comes with the input vector $v$ of its center word, the output vector $u$ of its
context word, and the output vectors $u_1 \\dots u_K$ of K noise words. Return the mean over the
pairs of

$$L = -\\ln \\sigma(u \\cdot v) - \\sum_{k=1}^{K} \\ln \\sigma(-u_k \\cdot v), \\qquad
\\sigma(x) = \\frac{1}{1 + e^{-x}}$$

Scores may be in the hundreds, and the loss must stay finite then. PyTorch's functions are allowed,
and PyTorch must be able to differentiate through the result.
""",
    signature=Signature(
        summary="Return the mean loss of a batch of pairs, in nats.",
        parameters=(
            Parameter("centers", "float tensor [B D], input vectors of the center words"),
            Parameter("contexts", "float tensor [B D], output vectors of the context words"),
            Parameter("noise", "float tensor [B K D], output vectors of K noise words per pair"),
        ),
        returns="float tensor without axes, the mean loss",
    ),
    level="core",
    points=4,
    minutes=12,
    example=_case((1, 2, 2), 5, "example"),
    reference=negative_sampling_loss,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First the scores: one for each pair, shape [B], and one for each noise word, shape [B K].",
        "`(centers * contexts).sum(-1)` gives the first; "
        "`(noise * centers[:, None, :]).sum(-1)` the second.",
        "Use `torch.nn.functional.logsigmoid`, which stays finite. Add up over the noise words, "
        "then take the mean over the pairs.",
    ),
    explanation="The first term pulls the two vectors of a real pair together, the others push the "
    "center away from words drawn at random. With vectors of zeros every σ is one half, and the "
    "loss is (1 + K) ln 2: worth knowing when you look at the first number of a run.",
    mutants=(
        Mutant(
            "no_minus_in_noise",
            _no_minus_in_noise,
            "The minus inside σ is missing for noise words: they are pulled closer as well.",
        ),
        Mutant(
            "mean_over_noise",
            _mean_over_noise,
            "The noise words are averaged; the formula adds them up.",
        ),
        Mutant(
            "sum_over_batch",
            _sum_over_batch,
            "The pairs are added up; the mean over them is asked for.",
        ),
        Mutant("no_noise", _no_noise, "The noise words do not enter the loss."),
        Mutant("likelihood", _likelihood, "The sign is turned: this is the log-likelihood."),
        Mutant("no_logarithm", _no_logarithm, "The logarithm of σ is missing."),
        Mutant(
            "context_meets_noise",
            _context_meets_noise,
            "The noise words are compared with the context; they belong to the center.",
        ),
        Mutant(
            "overflows",
            _overflows,
            "For large scores σ rounds to 0 and its logarithm is infinite. Use `logsigmoid`.",
        ),
        *graph_mistakes(negative_sampling_loss),
    ),
)
