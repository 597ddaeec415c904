"""Exercise: one gradient out of several micro-batches, clipped by its global norm."""

import math
import random
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def accumulate_and_clip(
    gradients: list[list[Tensor]], n_rows: list[int], max_norm: float
) -> list[Tensor]:
    """Join the gradients of micro-batches and clip the result by its global norm."""
    total = sum(n_rows)
    joined = [
        torch.stack([part * n / total for part, n in zip(parts, n_rows, strict=True)]).sum(0)
        for parts in zip(*gradients, strict=True)
    ]
    squares = sum(float((gradient**2).sum()) for gradient in joined)
    norm = math.sqrt(squares)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [gradient * factor for gradient in joined]


def _joined(gradients: list[list[Tensor]], weights: list[float]) -> list[Tensor]:
    columns = zip(*gradients, strict=True)
    return [
        torch.stack([part * w for part, w in zip(parts, weights, strict=True)]).sum(0)
        for parts in columns
    ]


def _shares(n_rows: list[int]) -> list[float]:
    return [n / sum(n_rows) for n in n_rows]


def _norm(gradients: list[Tensor]) -> float:
    return math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))


def _clipped(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = _norm(gradients)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [gradient * factor for gradient in gradients]


def _sums(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return _clipped(_joined(gradients, [1.0] * len(n_rows)), max_norm)


def _equal_shares(
    gradients: list[list[Tensor]], n_rows: list[int], max_norm: float
) -> list[Tensor]:
    return _clipped(_joined(gradients, [1 / len(n_rows)] * len(n_rows)), max_norm)


def _row_sums(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return _clipped(_joined(gradients, [float(n) for n in n_rows]), max_norm)


def _no_clipping(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    del max_norm
    return _joined(gradients, _shares(n_rows))


def _always(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    joined = _joined(gradients, _shares(n_rows))
    norm = _norm(joined)
    return [gradient * max_norm / norm if norm > 0 else gradient for gradient in joined]


def _each_tensor(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return [_clipped([gradient], max_norm)[0] for gradient in _joined(gradients, _shares(n_rows))]


def _each_part(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return _joined([_clipped(part, max_norm) for part in gradients], _shares(n_rows))


def _by_value(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return [g.clamp(-max_norm, max_norm) for g in _joined(gradients, _shares(n_rows))]


def _scaled(
    gradients: list[list[Tensor]],
    n_rows: list[int],
    max_norm: float,
    norm: Callable[[list[Tensor]], float],
) -> list[Tensor]:
    joined = _joined(gradients, _shares(n_rows))
    length = norm(joined)
    factor = min(1.0, max_norm / length) if length > 0 else 1.0
    return [gradient * factor for gradient in joined]


def _no_root(gradients: list[list[Tensor]], n_rows: list[int], max_norm: float) -> list[Tensor]:
    return _scaled(gradients, n_rows, max_norm, lambda joined: _norm(joined) ** 2)


def _to_length_one(
    gradients: list[list[Tensor]], n_rows: list[int], max_norm: float
) -> list[Tensor]:
    joined = _joined(gradients, _shares(n_rows))
    norm = _norm(joined)
    return [gradient / norm if norm > max_norm else gradient for gradient in joined]


def _sum_of_norms(
    gradients: list[list[Tensor]], n_rows: list[int], max_norm: float
) -> list[Tensor]:
    return _scaled(gradients, n_rows, max_norm, lambda joined: sum(_norm([g]) for g in joined))


def _largest_entry(
    gradients: list[list[Tensor]], n_rows: list[int], max_norm: float
) -> list[Tensor]:
    return _scaled(
        gradients, n_rows, max_norm, lambda joined: max(float(g.abs().max()) for g in joined)
    )


def _case(draw: random.Random, n_rows: list[int], size: float, max_norm: float) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    # Two tensors of unlike length, alike enough between parts for their mean to stay long.
    gradients = [
        [
            size * (1.0 + 0.5 * torch.randn(2, 3, generator=generator)),
            size * 0.3 * (1.0 + 0.5 * torch.randn(2, generator=generator)),
        ]
        for _ in n_rows
    ]
    inputs = {"gradients": gradients, "n_rows": n_rows, "max_norm": max_norm}
    return Case(inputs, f"{len(n_rows)} parts of {n_rows} rows, max_norm {max_norm:g}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        Case(
            {
                "gradients": [[torch.tensor([3.0]), torch.tensor([4.0])]],
                "n_rows": [2],
                "max_norm": 1.0,
            },
            "one part of norm 5",
        ),
        _case(draw, [2, 2], 0.05, 1.0),
        _case(draw, [1, 3], 0.1, 1.0),
        _case(draw, [4, 1, 3], 2.0, 1.0),
        _case(draw, [2, 6], 3.0, 1.5),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    zeros = [[torch.zeros(2), torch.zeros(1)], [torch.zeros(2), torch.zeros(1)]]
    return [
        Case({"gradients": zeros, "n_rows": [1, 2], "max_norm": 1.0}, "all zero"),
        _case(draw, [5, 1], 0.08, 1.0),
        _case(draw, [1, 2, 3], 1.0, 0.5),
        _case(draw, [3, 1], 4.0, 2.0),
        _in_64_bits(_case(draw, [1], 2.0, 1.0)),
    ]


def _in_64_bits(case: Case) -> Case:
    gradients = [[tensor.double() for tensor in part] for part in case.inputs["gradients"]]
    return Case({**case.inputs, "gradients": gradients}, f"{case.label}, float64")


EXERCISE = Exercise(
    id="pretraining.accumulate_and_clip",
    title="One gradient from several parts, clipped",
    statement="""
A batch did not fit into memory and was cut into micro-batches of different numbers of rows. For
each you have the gradient of its **mean** loss, as one tensor for each parameter. Join them into
the gradient of the mean loss over all rows of the batch. Then clip: if the norm of the whole
gradient, over all its tensors together, is above `max_norm`, scale all tensors by one factor so
that it becomes `max_norm`; otherwise leave them. Clip yourself, without
`torch.nn.utils.clip_grad_norm_`.
""",
    signature=Signature(
        summary="Join the gradients of micro-batches and clip the result by its global norm.",
        parameters=(
            Parameter("gradients", "list over micro-batches of lists of tensors, one a parameter"),
            Parameter("n_rows", "list of int >= 1, rows of each micro-batch"),
            Parameter("max_norm", "float > 0, the longest gradient allowed"),
        ),
        returns="list of float tensors, one for each parameter",
    ),
    forbidden=("clip_grad_norm", "course_lib.training", "transformers"),
    level="core",
    points=5,
    minutes=15,
    example=Case(
        {
            "gradients": [
                [torch.tensor([2.0]), torch.tensor([8.0])],
                [torch.tensor([6.0]), torch.tensor([0.0])],
            ],
            "n_rows": [1, 3],
            "max_norm": 2.5,
        },
        "example",
    ),
    reference=accumulate_and_clip,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First the mean. The sum of all losses is Σ rows × mean loss of the part; divide it by all "
        "rows. How much does a part with 3 of 4 rows count?",
        "Each part counts by its share `n / sum(n_rows)`. The global norm is the square root of "
        "the sum of all squares, over every entry of every tensor.",
        "`factor = min(1.0, max_norm / norm)`, applied to every tensor. Mind the norm of 0. In the "
        "example the mean is [5] and [2], with the norm √29.",
    ),
    explanation="A mean over rows is the sum of the parts' means weighted by their shares of the "
    "rows, and gradients add up the same way. One factor for all tensors keeps the direction of "
    "the step; clipping each tensor or each micro-batch alone would turn it. Clipping comes after "
    "joining, because only then is the gradient of the batch known.",
    mutants=(
        Mutant(
            "sums",
            _sums,
            "The parts are added up, so the gradient grows with their number; each counts by its "
            "share of the rows.",
        ),
        Mutant(
            "equal_shares",
            _equal_shares,
            "All parts count the same, but they have different numbers of rows.",
        ),
        Mutant(
            "row_sums",
            _row_sums,
            "Not divided by the number of all rows: this is the gradient of the summed loss.",
        ),
        Mutant("no_clipping", _no_clipping, "A long gradient is not clipped."),
        Mutant(
            "always",
            _always,
            "Short gradients are stretched to max_norm; clipping only shortens.",
        ),
        Mutant(
            "each_tensor",
            _each_tensor,
            "Each tensor is clipped alone; the norm goes over all of them together.",
        ),
        Mutant(
            "each_part",
            _each_part,
            "Each micro-batch is clipped before joining; clip the joined gradient.",
        ),
        Mutant(
            "by_value",
            _by_value,
            "Entries are clamped one by one, which turns the direction; scale by the norm.",
        ),
        Mutant(
            "largest_entry",
            _largest_entry,
            "The largest entry is brought to max_norm; the norm is the root of the sum of squares.",
        ),
        Mutant(
            "to_length_one",
            _to_length_one,
            "A long gradient is brought to the norm 1; it should become max_norm.",
        ),
        Mutant("no_root", _no_root, "The square root of the sum of squares is missing."),
        Mutant(
            "sum_of_norms",
            _sum_of_norms,
            "The norms of the tensors are added; squares add up, norms do not.",
        ),
    ),
)
