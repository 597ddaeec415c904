"""Exercise: a softmax that does not overflow."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def softmax(scores: Tensor, dim: int) -> Tensor:
    """Return the softmax of the scores along one dimension."""
    largest = scores.amax(dim=dim, keepdim=True)
    exponentials = torch.exp(scores - largest)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def _overflows(scores: Tensor, dim: int) -> Tensor:
    return scores.exp() / scores.exp().sum(dim=dim, keepdim=True)


def _last_axis(scores: Tensor, dim: int) -> Tensor:
    del dim
    return torch.softmax(scores, dim=-1)


def _first_axis(scores: Tensor, dim: int) -> Tensor:
    del dim
    return torch.softmax(scores, dim=0)


def _over_everything(scores: Tensor, dim: int) -> Tensor:
    del dim
    return torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)


def _largest_of_all(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.max())
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def _no_exponential(scores: Tensor, dim: int) -> Tensor:
    return scores / scores.sum(dim=dim, keepdim=True)


def _no_keepdim(scores: Tensor, dim: int) -> Tensor:
    exponentials = torch.exp(scores - scores.amax(dim=dim, keepdim=True))
    return exponentials / exponentials.sum(dim=dim)


def _logarithm(scores: Tensor, dim: int) -> Tensor:
    return torch.log_softmax(scores, dim=dim)


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
        _random_case(generator, (2, 3, 2), 1),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    far = torch.randn(3, 4, generator=generator) + torch.tensor([[0.0], [300.0], [-300.0]])
    return [
        _random_case(generator, (1,), 0),
        _random_case(generator, (4, 4), -2),
        _case(far, -1, "rows far apart"),
        _case(far.double().T.contiguous(), 0, "columns far apart, float64"),
        _random_case(generator, (2, 3, 4, 5), 2),
    ]


EXERCISE = Exercise(
    id="attention.softmax",
    title="A softmax that does not overflow",
    statement="""
Softmax turns scores into weights that are positive and add up to 1:

$$\\operatorname{softmax}(x)_i = \\frac{e^{x_i}}{\\sum_j e^{x_j}}$$

In 32-bit numbers $e^{89}$ is already infinite. Write a softmax along the dimension `dim` that
gives right answers for scores of 1,000 too. Do it without `torch.softmax`.
""",
    signature=Signature(
        summary="Return the softmax of the scores along one dimension.",
        parameters=(
            Parameter("scores", "float tensor of any shape"),
            Parameter("dim", "int, the dimension along which the results add up to 1"),
        ),
        returns="float tensor of the same shape",
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
        Mutant("logarithm", _logarithm, "This is the logarithm of the softmax (`log_softmax`)."),
    ),
)
