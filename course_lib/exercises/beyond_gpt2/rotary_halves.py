"""Exercise: from rotary pairs side by side to rotary halves."""

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def rotary_halves(weight: Tensor, n_heads: int) -> Tensor:
    """Return the rows in the order of rotary halves."""
    n_rows, d_model = weight.shape
    pairs = weight.view(n_heads, n_rows // n_heads // 2, 2, d_model)
    return pairs.transpose(1, 2).reshape(n_rows, d_model)


def _unchanged(weight: Tensor, n_heads: int) -> Tensor:
    del n_heads
    return weight.clone()


def _one_head(weight: Tensor, n_heads: int) -> Tensor:
    del n_heads
    return rotary_halves(weight, 1)


def _back(weight: Tensor, n_heads: int) -> Tensor:
    n_rows, d_model = weight.shape
    halves = weight.view(n_heads, 2, n_rows // n_heads // 2, d_model)
    return halves.transpose(1, 2).reshape(n_rows, d_model)


def _columns(weight: Tensor, n_heads: int) -> Tensor:
    del n_heads
    even, odd = weight[:, ::2], weight[:, 1::2]
    return torch.cat([even, odd], dim=1)


def _odd_first(weight: Tensor, n_heads: int) -> Tensor:
    heads = weight.view(n_heads, -1, weight.shape[1])
    return torch.cat([heads[:, 1::2], heads[:, ::2]], dim=1).reshape(weight.shape)


def _halves_exchanged(weight: Tensor, n_heads: int) -> Tensor:
    heads = weight.view(n_heads, 2, -1, weight.shape[1])
    return heads.flip(1).reshape(weight.shape)


def _heads_inside(weight: Tensor, n_heads: int) -> Tensor:
    n_rows, d_model = weight.shape
    return weight.view(n_rows // n_heads, n_heads, d_model).transpose(0, 1).reshape(n_rows, d_model)


def _three_axes(weight: Tensor, n_heads: int) -> Tensor:
    return rotary_halves(weight, n_heads).view(n_heads, -1, weight.shape[1])


def _case(seed: int, n_heads: int, d_head: int, d_model: int) -> Case:
    draw = torch.Generator().manual_seed(seed)
    weight = torch.randn(n_heads * d_head, d_model, generator=draw).round(decimals=2)
    return Case({"weight": weight, "n_heads": n_heads}, f"{n_heads} heads, each {d_head} wide")


def _public(seed: int) -> list[Case]:
    return [_case(5 * seed, 2, 6, 12), _case(5 * seed + 1, 3, 8, 8), _case(5 * seed + 2, 4, 6, 5)]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 5 * seed
    return [_case(first, 4, 6, 10), _case(first + 1, 1, 8, 8), _case(first + 2, 3, 10, 12)]


EXERCISE = Exercise(
    id="beyond_gpt2.rotary_halves",
    title="Two files, two orders of the same head",
    statement="""
Rotary positions turn pairs of features. Which two make a pair is a matter of layout. In one kind
of file the features of a head stand **pair by pair**: 0 with 1, 2 with 3, and so on. Another kind
has **halves**: with heads of width d, feature i goes with feature i + d/2.

`weight` is a query or key matrix [H·d D], one row for each feature, head after head, each head
pair by pair. Return it in the order of halves: in each head the first features of all pairs, then
the second ones. Nothing moves from head to head.
""",
    signature=Signature(
        summary="Return the rows in the order of rotary halves.",
        parameters=(
            Parameter("weight", "float tensor [H·d D], d even"),
            Parameter("n_heads", "int >= 1, H"),
        ),
        returns="float tensor [H·d D], the same rows in another order",
    ),
    forbidden=("course_lib.models", "transformers"),
    level="stretch",
    points=4,
    minutes=12,
    example=Case(
        {
            "weight": torch.tensor([[0.0], [1.0], [2.0], [3.0], [10.0], [11.0], [12.0], [13.0]]),
            "n_heads": 2,
        },
        "example",
    ),
    reference=rotary_halves,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "For one head of width 4 the rows 0 1 2 3 become 0 2 1 3. Do that in each head.",
        "View the rows as [H, d/2, 2, D]: head, pair, first or second. Which two axes must change "
        "places?",
        "`weight.view(n_heads, -1, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)`",
    ),
    explanation="llama.cpp's GGUF files keep the features pair by pair, Hugging Face's have "
    "halves; "
    "`course_lib` reads both. With the wrong order every shape fits, and position 0, where "
    "nothing is turned, comes out right: the text falls apart only after the first tokens. "
    "Values and the output matrix are not turned by positions and stay as they are.",
    mutants=(
        Mutant("unchanged", _unchanged, "The rows are still in their old order."),
        Mutant(
            "one_head",
            _one_head,
            "All rows are taken as one head, so rows move from head to head; reorder within each.",
        ),
        Mutant("back", _back, "This is the way back, from halves to pairs."),
        Mutant("columns", _columns, "The columns are reordered; a feature of a head is a row."),
        Mutant(
            "odd_first", _odd_first, "The second features stand first; begin with the first ones."
        ),
        Mutant(
            "halves_exchanged",
            _halves_exchanged,
            "The halves of each head are exchanged; its pairs must be taken apart.",
        ),
        Mutant("heads_inside", _heads_inside, "The rows are dealt out to the heads in turn."),
        Mutant("three_axes", _three_axes, "The result has an axis of heads; return [H·d D]."),
    ),
)
