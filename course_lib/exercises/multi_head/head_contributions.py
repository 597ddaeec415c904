"""Exercise: the output of the layer as a sum over its heads."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def head_contributions(mixed: Tensor, w_out: Tensor) -> Tensor:
    """Return what each head adds to the output of the layer."""
    batch, n_heads, time, d_head = mixed.shape
    del batch, time
    rows = w_out.view(n_heads, d_head, -1)  # the rows of head h: [K D]
    return mixed @ rows


def _columns(mixed: Tensor, w_out: Tensor) -> Tensor:
    return head_contributions(mixed, w_out.T.contiguous())


def _interleaved(mixed: Tensor, w_out: Tensor) -> Tensor:
    n_heads = mixed.shape[1]
    return torch.stack([mixed[:, h] @ w_out[h::n_heads] for h in range(n_heads)], dim=1)


def _summed(mixed: Tensor, w_out: Tensor) -> Tensor:
    return head_contributions(mixed, w_out).sum(1)


def _equal_shares(mixed: Tensor, w_out: Tensor) -> Tensor:
    total = head_contributions(mixed, w_out).mean(1, keepdim=True)
    return total.expand(-1, mixed.shape[1], -1, -1)


def _first_rows(mixed: Tensor, w_out: Tensor) -> Tensor:
    return mixed @ w_out[: mixed.shape[-1]]


def _leave_one_out(mixed: Tensor, w_out: Tensor) -> Tensor:
    each = head_contributions(mixed, w_out)
    return each.sum(1, keepdim=True) - each


def _heads_last(mixed: Tensor, w_out: Tensor) -> Tensor:
    return head_contributions(mixed, w_out).transpose(1, 2)


def _reversed(mixed: Tensor, w_out: Tensor) -> Tensor:
    return head_contributions(mixed.flip(1), w_out).flip(1)


def _case(generator: torch.Generator, shape: tuple[int, int, int, int], label: str) -> Case:
    batch, n_heads, time, d_head = shape
    width = n_heads * d_head
    inputs = {
        "mixed": torch.randn(shape, generator=generator).round(decimals=1),
        "w_out": torch.randn(width, width, generator=generator).round(decimals=1),
    }
    assert inputs["mixed"].shape == (batch, n_heads, time, d_head)
    return Case(inputs, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (1, 2, 1, 2), "one position, two heads of two"),
        _case(generator, (1, 3, 4, 2), "four positions, three heads of two"),
        _case(generator, (2, 2, 3, 4), "two sequences"),
        _case(generator, (1, 1, 2, 3), "one head"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, (3, 4, 2, 3), "four heads of three"),
        _case(generator, (1, 5, 2, 1), "heads of one entry"),
        _case(generator, (2, 2, 5, 5), "two heads of five"),
    ]


def _example() -> Case:
    mixed = torch.tensor([[[[1.0]], [[2.0]]]])
    return Case({"mixed": mixed, "w_out": torch.tensor([[1.0, 10.0], [100.0, 1000.0]])}, "example")


EXERCISE = Exercise(
    id="multi_head.head_contributions",
    title="What each head adds",
    statement="""
"Join the heads, then multiply by `w_out`" is a sum in disguise. Return what **each head alone**
adds to the output: the terms whose sum over the heads is `joined @ w_out`, where `joined` `[B T D]`
holds the heads of `mixed` side by side, head 0 first.

A head that is silenced takes exactly its own term out of this sum.
""",
    signature=Signature(
        summary="Return what each head adds to the output of the layer.",
        parameters=(
            Parameter("mixed", "float tensor [B H T K]: each head's average of its values"),
            Parameter("w_out", "float tensor [D D] with D = H K; applied as joined @ w_out"),
        ),
        returns="float tensor [B H T D]; its sum over the heads is the layer's output",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=head_contributions,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "In `joined @ w_out`, entry j of a joined vector multiplies row j of `w_out`. Which "
        "entries of the joined vector are head h's?",
        "Head h owns entries h · K to (h + 1) · K − 1, and so it meets the *rows* h · K to "
        "(h + 1) · K − 1 of `w_out`: a [K D] matrix.",
        "A loop: `mixed[:, h] @ w_out[h * K : (h + 1) * K]`, stacked along axis 1. Without one: "
        "`mixed @ w_out.view(H, K, D)`.",
    ),
    explanation="A product of a row of blocks with a column of blocks is the sum of the blocks' "
    "products. So every head writes through its own [K D] rows of the output matrix, and the layer "
    "adds up. That is why heads can be studied, and silenced, one at a time.",
    mutants=(
        Mutant(
            "columns",
            _columns,
            "The columns of `w_out` are given to the heads; in `joined @ w_out` a head meets rows.",
        ),
        Mutant(
            "interleaved",
            _interleaved,
            "Each head gets every H-th row of `w_out`; it owns K rows in a row.",
        ),
        Mutant("summed", _summed, "The heads are summed; return their terms apart: [B H T D]."),
        Mutant(
            "equal_shares",
            _equal_shares,
            "The output is divided equally among the heads; each has its own term.",
        ),
        Mutant(
            "first_rows",
            _first_rows,
            "Every head uses the first K rows of `w_out`; head h uses its own.",
        ),
        Mutant(
            "leave_one_out",
            _leave_one_out,
            "This is the output *without* each head; what the head adds is asked for.",
        ),
        Mutant("heads_last", _heads_last, "The axes are [B T H D]; the heads come before time."),
        Mutant(
            "reversed", _reversed, "The heads meet the rows in reverse order; head 0 comes first."
        ),
    ),
)
