"""Batches of source and target sequences, padded as little as possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from course_lib.config import check_positive

IGNORED = -100
"""Target of a place that does not count; `ignore_index` of the losses."""


@dataclass(frozen=True)
class PairBatch:
    """B sources and what the decoder reads and has to say about them.

    Attributes:
        source: [B S], filled up on the right with the padding token.
        inputs: [B T], the start token and the target: what the decoder reads.
        targets: [B T], the target and the end token: what it has to say; `IGNORED` at the rest.
    """

    source: Int[Tensor, "B S"]
    inputs: Int[Tensor, "B T"]
    targets: Int[Tensor, "B T"]


def pad_rows(
    rows: Sequence[Sequence[int]], *, padding: int, length: int | None = None
) -> Int[Tensor, "B S"]:
    """Stack rows of different lengths, filled up on the right.

    Raises:
        ValueError: there is no row, or one is longer than `length`.

    >>> pad_rows([[5, 6], [7]], padding=0).tolist()
    [[5, 6], [7, 0]]
    """
    if not rows:
        raise ValueError("rows is empty; give at least one")
    longest = max(map(len, rows))
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"a row has {longest} tokens, more than length={length}")
    padded = [[*row, *[padding] * (length - len(row))] for row in rows]
    return torch.tensor(padded, dtype=torch.int64)


def make_pair_batch(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]], *, start: int, end: int, padding: int
) -> PairBatch:
    """Put (source, target) pairs into one batch, for training with the true target given.

    >>> batch = make_pair_batch([([5], [6, 7])], start=1, end=2, padding=0)
    >>> batch.inputs.tolist(), batch.targets.tolist()
    ([[1, 6, 7]], [[6, 7, 2]])
    """
    return PairBatch(
        source=pad_rows([source for source, _ in pairs], padding=padding),
        inputs=pad_rows([[start, *target] for _, target in pairs], padding=padding),
        targets=pad_rows([[*target, end] for _, target in pairs], padding=IGNORED),
    )


class PairBatches:
    """Endless batches of pairs of like length, in a new order in every epoch.

    Pairs are shuffled, sorted by length within large groups, and cut where a batch would hold more
    than `max_tokens` tokens on either side, padding included.

    Source: batches of "approximate sequence length", Vaswani et al. 2017, section 5.1.

    Args:
        pairs: (source, target) as token ids.
        max_tokens: the most tokens of the sources of a batch, and of its targets.
        start: token that begins what the decoder reads.
        end: token that ends what it has to say.
        padding: token that fills up short rows.
        generator: draws the order.
        group: batches are sorted within so many pairs at a time.

    Raises:
        ValueError: there is no pair, or one alone exceeds `max_tokens`.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
        *,
        max_tokens: int,
        start: int,
        end: int,
        padding: int,
        generator: torch.Generator,
        group: int = 20_000,
    ) -> None:
        check_positive("max_tokens", max_tokens)
        check_positive("group", group)
        if not pairs:
            raise ValueError("pairs is empty; give at least one")
        longest = max(max(len(source), len(target) + 1) for source, target in pairs)
        if longest > max_tokens:
            raise ValueError(f"max_tokens={max_tokens} is less than the longest side, {longest}")
        self.pairs = pairs
        self.max_tokens = max_tokens
        self.start, self.end, self.padding = start, end, padding
        self.generator = generator
        self.group = group

    def epoch(self) -> Iterator[PairBatch]:
        """Go through all pairs once."""
        order = torch.randperm(len(self.pairs), generator=self.generator).tolist()
        batches: list[list[int]] = []
        for begin in range(0, len(order), self.group):
            group = order[begin : begin + self.group]
            group.sort(key=lambda i: (len(self.pairs[i][1]), len(self.pairs[i][0])))
            batches += self._cut(group)
        for place in torch.randperm(len(batches), generator=self.generator).tolist():
            rows = [self.pairs[i] for i in batches[place]]
            yield make_pair_batch(rows, start=self.start, end=self.end, padding=self.padding)

    def __iter__(self) -> Iterator[PairBatch]:
        """Go through all pairs again and again."""
        while True:
            yield from self.epoch()

    def _cut(self, group: Sequence[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        widest = 0
        for index in group:
            source, target = self.pairs[index]
            width = max(widest, len(source), len(target) + 1)
            if batch and width * (len(batch) + 1) > self.max_tokens:
                yield batch
                batch, width = [], max(len(source), len(target) + 1)
            batch.append(index)
            widest = width
        if batch:
            yield batch
