"""Exercise: a softmax that does not overflow."""

import torch
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


def softmax(scores: Tensor, dim: int) -> Tensor:
    """Return the softmax of the scores along one dimension."""
    largest = scores.amax(dim=dim, keepdim=True)
    exponentials = torch.exp(scores - largest)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def _overflows(scores: Tensor, dim: int) -> Tensor:
    return scores.exp() / scores.exp().sum(dim=dim, keepdim=True)


def _last_axis(scores: Tensor, dim: int) -> Tensor:
    del dim
    return softmax(scores, -1)


def _first_axis(scores: Tensor, dim: int) -> Tensor:
    del dim
    return softmax(scores, 0)


def _over_everything(scores: Tensor, dim: int) -> Tensor:
    del dim
    return softmax(scores.flatten(), 0).reshape(scores.shape)


def _largest_of_all(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.max())
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def _no_exponential(scores: Tensor, dim: int) -> Tensor:
    return scores / scores.sum(dim=dim, keepdim=True)


def _no_keepdim(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.amax(dim=dim, keepdim=True))
    return exponentials / exponentials.sum(dim=dim)


def _logarithm(scores: Tensor, dim: int) -> Tensor:
    return softmax(scores, dim).log()


def _divided_by_all(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.amax(dim=dim, keepdim=True))
    return exponentials / exponentials.sum()


def _mean_subtracted(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.mean(dim=dim, keepdim=True))
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def _cut_to_a_limit(scores: Tensor, dim: int) -> Tensor:
    return softmax(scores.clamp(max=80.0), dim)


def _sum_cut_off(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.amax(dim=dim, keepdim=True))
    return exponentials / exponentials.sum(dim=dim, keepdim=True).detach()


def _case(scores: Tensor, dim: int, label: str) -> Case:
    return Case({"scores": scores, "dim": dim}, label)


def _random_case(generator: torch.Generator, shape: tuple[int, ...], dim: int) -> Case:
    scores = (torch.randn(shape, generator=generator) * 3).round(decimals=1)
    return _case(scores, dim, f"random scores of shape {list(shape)}, dim={dim}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    spread = torch.tensor([[0.0, 1.0], [-500.0, -501.0]])
    return [
        _case(torch.tensor([0.0, 1.0, 2.0]), 0, "one row"),
        _random_case(generator, (2, 3), 1),
        _random_case(generator, (2, 3), 0),
        _case(torch.tensor([1000.0, 1001.0, 999.0]), 0, "large scores"),
        _case(spread, 1, "two rows far apart"),
        _case(torch.tensor([[0.0, 200.0, -torch.inf]]), -1, "scores far apart, one of them -inf"),
        _random_case(generator, (2, 3, 2), 1),
        with_gradients(_random_case(generator, (2, 3), 1), "scores"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    far = torch.randn(3, 4, generator=generator) + torch.tensor([[0.0], [300.0], [-300.0]])
    return [
        _random_case(generator, (1,), 0),
        _random_case(generator, (4, 4), -2),
        _case(far, -1, "rows far apart"),
        _case(torch.tensor([-300.0, 0.0, 0.0, 400.0]), 0, "one score far above the rest"),
        _case(far.double().T, 0, "columns far apart, float64, a transposed tensor"),
        _random_case(generator, (3, 1), 1),
        _random_case(generator, (2, 3, 4, 5), 2),
        with_gradients(_case(far.clone(), -1, "rows far apart"), "scores"),
        with_gradients(_random_case(generator, (3, 2, 4), 1), "scores"),
    ]


EXERCISE = Exercise(
    id="attention.softmax",
    title="A softmax that does not overflow",
    statement="""
Softmax turns scores into weights that are positive and add up to 1:

$$\\operatorname{softmax}(x)_i = \\frac{e^{x_i}}{\\sum_j e^{x_j}}$$

In 32-bit numbers $e^{89}$ is already infinite. Write a softmax along the dimension `dim` that
gives right answers for scores of 1,000 too. A score may be $-\\infty$ (its weight is 0), but never
all of them along `dim`. A model learns through it, so PyTorch must be able to differentiate it:
some cases compare gradients.

Do it without `torch.softmax`, `torch.log_softmax` and `torch.logsumexp`.
""",
    signature=Signature(
        summary="Return the softmax of the scores along one dimension.",
        parameters=(
            Parameter("scores", "float tensor of any shape, 32 or 64 bits"),
            Parameter("dim", "int, the dimension along which the results add up to 1"),
        ),
        returns="float tensor of the same shape",
    ),
    forbidden=(
        "softmax",
        "log_softmax",
        "logsumexp",
        "scaled_dot_product_attention",
        "course_lib.layers",
    ),
    level="core",
    points=4,
    minutes=8,
    example=_case(torch.tensor([[0.0, 0.0], [0.0, 1.0]]), 1, "example"),
    reference=softmax,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Adding the same number to all scores of a row does not change its softmax: numerator "
        "and denominator are multiplied by the same factor. Which number makes `exp` safe?",
        "Subtract each row's largest score first, so that the largest exponent is 0. "
        "`scores.amax(dim=dim, keepdim=True)` finds it.",
        "`e = torch.exp(scores - largest)`, then divide by `e.sum(dim=dim, keepdim=True)`. "
        "`keepdim=True` keeps the axis, so that each row is divided by its own sum.",
    ),
    explanation="With the largest score subtracted, every exponential lies between 0 and 1 and at "
    "least one of them is 1, so the sum can be neither infinite nor zero. The largest must be "
    "taken along `dim`: one maximum for the whole tensor lets a row far below it vanish to 0/0.",
    mutants=(
        Mutant(
            "overflows",
            _overflows,
            "`exp` overflows: large scores give inf/inf = nan. Subtract the largest score first.",
        ),
        Mutant("last_axis", _last_axis, "The softmax always runs along the last axis; use `dim`."),
        Mutant(
            "first_axis", _first_axis, "The softmax always runs along the first axis; use `dim`."
        ),
        Mutant(
            "over_everything",
            _over_everything,
            "The sum runs over the whole tensor; it should run along `dim` only.",
        ),
        Mutant(
            "largest_of_all",
            _largest_of_all,
            "The largest score of the whole tensor is subtracted. A row far below it becomes "
            "0/0 = nan; subtract each row's own largest score.",
        ),
        Mutant("no_exponential", _no_exponential, "The scores are normalized without `exp`."),
        Mutant(
            "no_keepdim",
            _no_keepdim,
            "The sum has lost its axis, so it is spread along the wrong one; use `keepdim=True`.",
        ),
        Mutant(
            "divided_by_all",
            _divided_by_all,
            "The exponentials are divided by the sum over the whole tensor; each row along `dim` "
            "has its own sum.",
        ),
        Mutant(
            "mean_subtracted",
            _mean_subtracted,
            "The mean is subtracted, and a score far above it still overflows; subtract the "
            "largest score.",
        ),
        Mutant(
            "cut_to_a_limit",
            _cut_to_a_limit,
            "Large scores are cut to one limit, so 1,000 and 1,001 get the same weight; subtract "
            "the largest score instead.",
        ),
        *graph_mistakes(softmax),
        Mutant(
            "sum_cut_off",
            _sum_cut_off,
            "The sum is cut off from the graph (`.detach()`, `.item()` or `float`): the values are "
            "right, their gradients are not.",
        ),
        Mutant("logarithm", _logarithm, "This is the logarithm of the softmax (`log_softmax`)."),
    ),
)
