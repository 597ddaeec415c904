"""Exercise: cutting vectors into heads."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Return the vectors cut into heads, the heads before the positions."""
    batch, time, width = x.shape
    return x.view(batch, time, n_heads, width // n_heads).transpose(1, 2)


def _viewed_directly(x: Tensor, n_heads: int) -> Tensor:
    batch, time, width = x.shape
    return x.reshape(batch, n_heads, time, width // n_heads)


def _interleaved(x: Tensor, n_heads: int) -> Tensor:
    batch, time, width = x.shape
    return x.view(batch, time, width // n_heads, n_heads).permute(0, 3, 1, 2)


def _positions_first(x: Tensor, n_heads: int) -> Tensor:
    return split_heads(x, n_heads).transpose(1, 2)


def _entries_before_positions(x: Tensor, n_heads: int) -> Tensor:
    return split_heads(x, n_heads).transpose(2, 3)


def _heads_before_batch(x: Tensor, n_heads: int) -> Tensor:
    return split_heads(x, n_heads).transpose(0, 1)


def _number_as_width(x: Tensor, n_heads: int) -> Tensor:
    return split_heads(x, x.shape[-1] // n_heads)


def _joined_with_batch(x: Tensor, n_heads: int) -> Tensor:
    return split_heads(x, n_heads).flatten(0, 1)


def _every_head_all(x: Tensor, n_heads: int) -> Tensor:
    return x[:, None].expand(-1, n_heads, -1, -1)


def _case(shape: tuple[int, int, int], n_heads: int, label: str) -> Case:
    batch, time, width = shape
    # Entry 231 belongs to sequence 2, position 3, feature 1: easy to follow by eye.
    place = torch.arange(batch)[:, None, None] * 100.0 + torch.arange(time)[:, None] * 10.0
    return Case({"x": place + torch.arange(width), "n_heads": n_heads}, label)


def _random_case(generator: torch.Generator, n_heads: int) -> Case:
    sizes = torch.randint(2, 5, (3,), generator=generator).tolist()
    x = torch.randn(sizes[0], sizes[1] + 2, n_heads * (sizes[2] + 3), generator=generator)
    return Case({"x": x, "n_heads": n_heads}, f"random, {n_heads} heads")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case((1, 2, 6), 2, "one sequence, two positions, two heads of three"),
        _case((1, 4, 4), 2, "four positions, two heads of two"),
        _case((2, 3, 8), 4, "two sequences, four heads"),
        _case((1, 3, 4), 1, "one head"),
        _random_case(generator, 3),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case((3, 1, 6), 3, "one position"),
        _case((2, 5, 4), 4, "heads of one entry"),
        *(_random_case(generator, n_heads) for n_heads in (2, 3, 5)),
    ]


EXERCISE = Exercise(
    id="multi_head.split_heads",
    title="Cut into heads",
    statement="""
A linear layer has made one long query of $D$ entries for each position. Cut it into $H$ heads of
$K = D / H$ entries: head 0 gets the first $K$ entries of each position, head 1 the next $K$, and so
on. The heads come before the positions, so that each head is a `[T K]` matrix of its own.

In the cases written by hand the number says where it stood: 231 is sequence 2, position 3, entry 1.
""",
    signature=Signature(
        summary="Return the vectors cut into heads, the heads before the positions.",
        parameters=(
            Parameter("x", "float tensor [B T D]"),
            Parameter("n_heads", "int H, divides D"),
        ),
        returns="float tensor [B H T K] with K = D / H",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=3,
    minutes=6,
    example=_case((1, 2, 4), 2, "example"),
    reference=split_heads,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two steps: first cut the last axis into two (head, entry), then move the heads to where "
        "they belong. A cut alone never moves a number to another position.",
        "`x.view(B, T, n_heads, K)` cuts; the heads are now axis 2.",
        "`.transpose(1, 2)` swaps axes 1 and 2: [B T H K] becomes [B H T K].",
    ),
    explanation="`view` only reads the same row of numbers with other axes. The last axis is "
    "stored as head 0, head 1, …, so `view(B, T, H, K)` is right, and `transpose` then swaps "
    "axes for real. `view(B, H, T, K)` has the right shape too, but it deals out the numbers "
    "of position 0 among several positions, and nothing complains.",
    mutants=(
        Mutant(
            "viewed_directly",
            _viewed_directly,
            "The shape is right, but entries of one position land at another: `view(B, H, T, K)` "
            "does not move axes. Cut to [B T H K] first, then transpose.",
        ),
        Mutant(
            "interleaved",
            _interleaved,
            "Each head gets every H-th entry; it should get K entries in a row: cut to "
            "`(n_heads, K)`, not to `(K, n_heads)`.",
        ),
        Mutant(
            "positions_first",
            _positions_first,
            "The heads are cut but still behind the positions: [B T H K]; transpose axes 1 and 2.",
        ),
        Mutant(
            "entries_before_positions",
            _entries_before_positions,
            "The last two axes are swapped: [B H K T]; positions come before entries.",
        ),
        Mutant(
            "heads_before_batch",
            _heads_before_batch,
            "The heads come before the sequences: [H B T K]; the batch is first.",
        ),
        Mutant(
            "number_as_width",
            _number_as_width,
            "`n_heads` is used as the width of a head; it is the number of heads.",
        ),
        Mutant(
            "joined_with_batch",
            _joined_with_batch,
            "Batch and heads are joined into one axis; keep them apart: [B H T K].",
        ),
        Mutant(
            "every_head_all",
            _every_head_all,
            "Every head gets all D entries; each gets its own K of them.",
        ),
    ),
)
