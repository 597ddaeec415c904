"""Examples as tensors: rows padded on the right, and where to read the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from course_lib.config import check_positive
from course_lib.data import Labeled, pad_rows
from course_lib.data.pair_batches import IGNORED
from course_lib.finetuning.special_tokens import SpecialTokens
from course_lib.finetuning.transformations import TaskKind, rows_of

PADDING = 0
"""Any token will do: with a causal mask nothing before the padding can see it."""


@dataclass(frozen=True)
class EncodedExample:
    """The rows of one example as token ids, and its label."""

    rows: tuple[tuple[int, ...], ...]
    label: int

    @property
    def longest(self) -> int:
        """The number of tokens of the longest row."""
        return max(map(len, self.rows))


@dataclass(frozen=True)
class TaskBatch:
    """B examples of R rows each.

    Attributes:
        tokens: [B R T], filled up on the right.
        extract: [B R], the position of the extract token, the last real one of each row.
        targets: [B R T], the token that comes next; `IGNORED` after the extract token and in the
            padding, where nothing is to be predicted.
        labels: [B].
    """

    tokens: Int[Tensor, "B R T"]
    extract: Int[Tensor, "B R"]
    targets: Int[Tensor, "B R T"]
    labels: Int[Tensor, " B"]


def encode_examples(
    examples: Iterable[Labeled],
    kind: TaskKind,
    encode: Callable[[str], Sequence[int]],
    special: SpecialTokens,
    *,
    longest: int,
) -> list[EncodedExample]:
    """Turn labeled texts into rows of tokens.

    A row that is too long loses tokens at the end of its longest text, one after the other.

    Args:
        examples: texts and labels.
        kind: which transformation.
        encode: text → token ids.
        special: the three new tokens.
        longest: the most tokens of a row, special ones included.

    Raises:
        ValueError: `longest` leaves no room, or the texts do not fit the kind.
    """
    if longest < 5:
        raise ValueError(f"longest must leave room for two texts, at least 5, got {longest}")
    found = []
    for example in examples:
        texts = [list(encode(text)) for text in example.texts]
        if kind == "multiple_choice":  # each choice shares its row with the context only
            parts = [shorten([texts[0], choice], longest - 3) for choice in texts[1:]]
            context = min((part[0] for part in parts), key=len, default=[])
            texts = [context, *(part[1] for part in parts)]
        else:
            texts = shorten(texts, longest - 1 - len(texts))
        rows = rows_of(kind, texts, special)
        found.append(EncodedExample(tuple(map(tuple, rows)), example.label))
    return found


def shorten(texts: Sequence[Sequence[int]], room: int) -> list[list[int]]:
    """Cut tokens off the end of the longest text until all fit together.

    >>> shorten([[1, 2, 3, 4], [5, 6]], 4)
    [[1, 2], [5, 6]]
    """
    check_positive("room", room)
    shortened = [list(text) for text in texts]
    while sum(map(len, shortened)) > room:
        max(shortened, key=len).pop()
    return shortened


def make_task_batch(examples: Sequence[EncodedExample]) -> TaskBatch:
    """Stack examples with equally many rows.

    Raises:
        ValueError: there is no example, or their numbers of rows differ.
    """
    counts = {len(example.rows) for example in examples}
    if len(counts) != 1:
        raise ValueError(
            f"examples must all have the same number of rows, got {sorted(counts)}; for choices, "
            "give every example equally many"
        )
    rows = [list(row) for example in examples for row in example.rows]
    shape = (len(examples), counts.pop(), -1)
    length = max(map(len, rows))
    shifted = pad_rows([row[1:] for row in rows], padding=IGNORED, length=length)
    return TaskBatch(
        tokens=pad_rows(rows, padding=PADDING).view(shape),
        extract=torch.tensor([len(row) - 1 for row in rows]).view(shape[:2]),
        targets=shifted.view(shape),
        labels=torch.tensor([example.label for example in examples]),
    )


def task_batches(
    examples: Sequence[EncodedExample],
    batch_size: int,
    *,
    generator: torch.Generator | None = None,
    group: int = 8,
) -> Iterator[TaskBatch]:
    """Go through the examples once in batches of like length, which saves padding.

    Args:
        examples: what to learn from.
        batch_size: examples in a batch; the last one may have fewer.
        generator: draws the order; where not given, the examples keep theirs.
        group: examples are sorted by length within so many batches at a time.

    Raises:
        ValueError: there is no example.
    """
    check_positive("batch_size", batch_size)
    if not examples:
        raise ValueError("examples is empty; give at least one")
    if generator is None:
        cuts = _cut(range(len(examples)), batch_size)
    else:
        order = torch.randperm(len(examples), generator=generator).tolist()
        cuts = []
        for part in _cut(order, group * batch_size):
            cuts += _cut(sorted(part, key=lambda i: examples[i].longest), batch_size)
        cuts = [cuts[i] for i in torch.randperm(len(cuts), generator=generator).tolist()]
    for cut in cuts:
        yield make_task_batch([examples[i] for i in cut])


def _cut(order: Sequence[int], size: int) -> list[Sequence[int]]:
    return [order[begin : begin + size] for begin in range(0, len(order), size)]
