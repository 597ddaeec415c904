"""Exercise: the masks of a permuted language model."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def two_stream_masks(order: list[int]) -> list[Tensor]:
    """Return the masks of the content stream and of the query stream."""
    turn = torch.empty(len(order), dtype=torch.long)
    turn[torch.tensor(order)] = torch.arange(len(order))
    return [turn[None, :] <= turn[:, None], turn[None, :] < turn[:, None]]


def _order_as_turn(order: list[int]) -> list[Tensor]:
    turn = torch.tensor(order)
    return [turn[None, :] <= turn[:, None], turn[None, :] < turn[:, None]]


def _query_sees_itself(order: list[int]) -> list[Tensor]:
    content, _ = two_stream_masks(order)
    return [content, content.clone()]


def _content_blind_to_itself(order: list[int]) -> list[Tensor]:
    _, query = two_stream_masks(order)
    return [query, query.clone()]


def _swapped_streams(order: list[int]) -> list[Tensor]:
    content, query = two_stream_masks(order)
    return [query, content]


def _later_first(order: list[int]) -> list[Tensor]:
    content, query = two_stream_masks(order)
    return [content.T.clone(), query.T.clone()]


def _no_order(order: list[int]) -> list[Tensor]:
    causal = torch.ones(len(order), len(order), dtype=torch.bool).tril()
    return [causal, causal.tril(-1)]


def _rows_in_order(order: list[int]) -> list[Tensor]:
    content, query = two_stream_masks(order)
    rows = torch.tensor(order)
    return [content[rows], query[rows]]


def _text_order_too(order: list[int]) -> list[Tensor]:
    content, query = two_stream_masks(order)
    causal = torch.ones(len(order), len(order), dtype=torch.bool).tril()
    return [content & causal, query & causal]


def _numbers(order: list[int]) -> list[Tensor]:
    return [mask.float() for mask in two_stream_masks(order)]


def _case(order: list[int], label: str = "") -> Case:
    return Case({"order": order}, label or f"order {', '.join(map(str, order))}")


def _random_case(draw: random.Random, n_tokens: int, label: str = "") -> Case:
    order = list(range(n_tokens))
    while True:  # not its own inverse, so that order and turns cannot be confused
        draw.shuffle(order)
        if any(order[order[i]] != i for i in range(n_tokens)):
            return _case(order, label)


def _public(seed: int) -> list[Case]:
    return [
        _case([1, 2, 0]),
        _case([0, 1, 2]),
        _case([3, 0, 4, 1, 2]),
        _random_case(_draw(seed), 6),
    ]


def _draw(seed: int) -> random.Random:
    return random.Random(seed)


def _hidden(seed: int) -> list[Case]:
    draw = _draw(10_000 + seed)
    return [
        _case([0], "a single token"),
        _case([1, 0], "two tokens, the second first"),
        _case([3, 2, 1, 0], "from right to left"),
        *(_random_case(draw, draw.randint(5, 12), "a random order") for _ in range(4)),
    ]


EXERCISE = Exercise(
    id="masks.two_stream_masks",
    title="Two streams",
    statement="""
A permuted language model predicts the positions of a text in the order `order`: position `order[0]`
first, then `order[1]`, and so on. Write its two masks.

- **Content stream**: a position sees those that are predicted before it, and itself.
- **Query stream**: a position sees those that are predicted before it, and not itself.

Rows and columns are positions in the text. `True` means *may attend*. Note that `order` lists
positions by turn; in the chapter's functions it is the other way round.
""",
    signature=Signature(
        summary="Return the masks of the content stream and of the query stream.",
        parameters=(
            Parameter("order", "list of T int, the positions 0 to T − 1 in the order predicted"),
        ),
        returns="list of two bool tensors [T T]: content mask, query mask",
    ),
    forbidden=("course_lib.layers", "course_lib.models"),
    level="stretch",
    points=4,
    minutes=12,
    example=_case([1, 2, 0]),
    reference=two_stream_masks,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(check_dtype=True),
    hints=(
        "Ask of each pair of positions: which of the two has its turn first? For that you need the "
        "turn of each position.",
        "`order` gives the position for each turn; you need the turn of each position. With a "
        "list: `turn[order[k]] = k` for every k.",
        "With the turns as a tensor, `turn[None, :] < turn[:, None]` is true where the column's "
        "position comes before the row's. One of the masks also has the diagonal.",
    ),
    explanation="The inverse of the order turns “who comes first” into a comparison of numbers. "
    "Both masks are a causal mask with rows and columns shuffled alike; in the order 0, 1, 2, … "
    "the content mask is the causal mask itself. The query mask leaves out the diagonal, because "
    "there stands the token that must be predicted.",
    mutants=(
        Mutant(
            "order_as_turn",
            _order_as_turn,
            "`order` is used as if it told the turn of each position; it tells the position of "
            "each turn.",
        ),
        Mutant(
            "query_sees_itself",
            _query_sees_itself,
            "The query stream sees the token it must predict: its diagonal must be False.",
        ),
        Mutant(
            "content_blind_to_itself",
            _content_blind_to_itself,
            "The content stream must see itself: its diagonal is True.",
        ),
        Mutant(
            "swapped_streams", _swapped_streams, "The two masks are returned in the wrong order."
        ),
        Mutant(
            "later_first",
            _later_first,
            "Rows and columns are swapped: positions see those that are predicted after them.",
        ),
        Mutant("no_order", _no_order, "The order is not used: this is reading from left to right."),
        Mutant(
            "rows_in_order",
            _rows_in_order,
            "The rows stand in the order of prediction; they should stand in the order of the "
            "text.",
        ),
        Mutant(
            "text_order_too",
            _text_order_too,
            "Positions to the right are hidden in any case; what counts is only who comes first in "
            "the order.",
        ),
        Mutant(
            "numbers",
            _numbers,
            "The entries are the numbers 1 and 0; bool tensors are asked for: `dtype=torch.bool`, "
            "or a comparison.",
        ),
    ),
)
