"""Batches for next-token prediction: inputs and, one place further on, targets."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Int64
from torch import Tensor

Tokens = npt.NDArray[np.integer[Any]] | Tensor
Batch = tuple[Int64[Tensor, "B T"], Int64[Tensor, "B T"]]


class RandomBatches:
    """Endless batches of windows that start anywhere, each start equally likely.

    ``targets[b, t] = inputs[b, t + 1]``: the token after it. ``tokens`` is one-dimensional, a
    tensor or an array (such as a memory map, of which only the windows are read). What
    ``generator`` draws decides the batches; ``state_dict`` holds its state, so that training
    resumes with the very batch that would have come next.

    Raises ValueError where ``tokens`` has fewer than ``context_length + 1`` tokens.

    >>> batches = RandomBatches(torch.arange(100), 2, 5, generator=torch.Generator().manual_seed(0))
    >>> inputs, targets = next(iter(batches))
    >>> inputs.shape, bool((targets == inputs + 1).all())
    (torch.Size([2, 5]), True)
    """

    def __init__(
        self,
        tokens: Tokens,
        batch_size: int,
        context_length: int,
        *,
        generator: torch.Generator,
    ) -> None:
        _check(tokens, batch_size, context_length)
        if len(tokens) < context_length + 1:
            raise ValueError(
                f"tokens has {len(tokens)} tokens; a window of context_length {context_length} and "
                f"its target need {context_length + 1}: use a longer text or a shorter context"
            )
        self.tokens = tokens
        self.batch_size = batch_size
        self.context_length = context_length
        self.generator = generator

    def __iter__(self) -> Iterator[Batch]:
        """Draw batch after batch, without end."""
        while True:
            yield self.draw()

    def draw(self) -> Batch:
        """The next batch."""
        n_starts = len(self.tokens) - self.context_length
        starts = torch.randint(
            n_starts, (self.batch_size,), generator=self.generator, device=self.generator.device
        )
        return _windows(self.tokens, starts.cpu(), self.context_length)

    def state_dict(self) -> dict[str, Tensor]:
        """The generator's state: all that decides the batches still to come."""
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where ``state_dict`` was taken."""
        self.generator.set_state(state["generator"])


class ShuffledBatches:
    """Endless batches in which every token is learned from once before any is seen again.

    Each pass cuts the tokens into windows at a new random offset and takes the windows in random
    order; what is left over at the end of a pass, less than a batch, is not read. Arguments,
    targets as in ``RandomBatches``. Raises ValueError where the tokens do not fill one batch at
    every offset.

    >>> batches = ShuffledBatches(torch.arange(25), 2, 5, generator=torch.Generator())
    >>> len(batches)
    2
    """

    def __init__(
        self,
        tokens: Tokens,
        batch_size: int,
        context_length: int,
        *,
        generator: torch.Generator,
    ) -> None:
        _check(tokens, batch_size, context_length)
        needed = batch_size * context_length + context_length
        if len(tokens) <= needed:
            raise ValueError(
                f"tokens has {len(tokens)} tokens; a pass of batches of {batch_size} windows of "
                f"context_length {context_length} at a random offset needs more than {needed}: "
                "use a longer text, a smaller batch or a shorter context"
            )
        self.tokens = tokens
        self.batch_size = batch_size
        self.context_length = context_length
        self.generator = generator
        self._pass_start = generator.get_state()
        self._position = 0

    def __len__(self) -> int:
        """Number of batches in a pass."""
        return (len(self.tokens) - self.context_length) // self.context_length // self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        """Give batch after batch, pass after pass, without end."""
        while True:
            self.generator.set_state(self._pass_start)
            offset = int(torch.randint(self.context_length, (), generator=self.generator))
            n_windows = (len(self.tokens) - 1 - offset) // self.context_length
            order = torch.randperm(n_windows, generator=self.generator)
            while self._position < len(self):
                first = self._position * self.batch_size
                chosen = order[first : first + self.batch_size]
                self._position += 1
                yield _windows(
                    self.tokens, offset + chosen * self.context_length, self.context_length
                )
            self._pass_start, self._position = self.generator.get_state(), 0

    def state_dict(self) -> dict[str, Tensor]:
        """The generator's state at the start of this pass, and the batches given out since."""
        return {"generator": self._pass_start, "batch": torch.tensor(self._position)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where ``state_dict`` was taken."""
        self._pass_start, self._position = state["generator"], int(state["batch"])


class SequentialBatches:
    """Batches that read on: row ``b`` of the next batch continues row ``b`` of this one.

    The tokens from ``offset`` on are cut into ``batch_size`` rows of equal length, and the rows
    into windows; each token is an input at most once a pass. What is left over at the end of a row,
    less than a window, is not read. Iterating again begins a new pass; after ``load_state_dict``
    the next pass begins where ``state_dict`` was taken.

    Raises ValueError where there are fewer than ``batch_size * context_length + 1`` tokens.

    >>> for inputs, targets in SequentialBatches(torch.arange(9), 2, 2):
    ...     print(inputs.tolist(), targets.tolist())
    [[0, 1], [4, 5]] [[1, 2], [5, 6]]
    [[2, 3], [6, 7]] [[3, 4], [7, 8]]
    """

    def __init__(
        self, tokens: Tokens, batch_size: int, context_length: int, *, offset: int = 0
    ) -> None:
        _check(tokens, batch_size, context_length)
        if not 0 <= offset < max(len(tokens), 1):
            raise ValueError(
                f"offset is {offset}; it must be at least 0 and less than the {len(tokens)} tokens"
            )
        needed = batch_size * context_length + 1
        if len(tokens) - offset < needed:
            raise ValueError(
                f"tokens has {len(tokens) - offset} tokens from offset {offset} on; batch_size "
                f"{batch_size} rows of context_length {context_length} and a last target need "
                f"{needed}: use a longer text, a smaller batch or a shorter context"
            )
        self.tokens = tokens
        self.batch_size = batch_size
        self.context_length = context_length
        self.offset = offset
        self._row_length = (len(tokens) - offset - 1) // batch_size
        self._position = 0
        self._begin_at = 0

    def __len__(self) -> int:
        """Number of batches in a whole pass."""
        return self._row_length // self.context_length

    def __iter__(self) -> Iterator[Batch]:
        """Read one pass, or the rest of one after ``load_state_dict``."""
        first, self._begin_at = self._begin_at, 0
        rows = self.offset + self._row_length * torch.arange(self.batch_size)
        for index in range(first, len(self)):
            self._position = index + 1
            yield _windows(self.tokens, rows + index * self.context_length, self.context_length)
        self._position = 0

    def state_dict(self) -> dict[str, int]:
        """How many batches of the current pass have been given out."""
        return {"batch": self._position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Let the next pass begin where ``state_dict`` was taken."""
        batch = int(state["batch"])
        if not 0 <= batch <= len(self):
            raise ValueError(
                f"state is at batch {batch}, but a pass over these tokens has {len(self)}; load it "
                "with the tokens, batch_size and context_length it was made with"
            )
        self._begin_at = self._position = batch


def _windows(tokens: Tokens, starts: Int64[Tensor, " B"], context_length: int) -> Batch:
    places = starts[:, None] + torch.arange(context_length + 1)
    if isinstance(tokens, Tensor):
        window = tokens[places.to(tokens.device)].long()
    else:
        window = torch.from_numpy(tokens[places.numpy()].astype(np.int64))
    return window[:, :-1].contiguous(), window[:, 1:].contiguous()


def _check(tokens: Tokens, batch_size: int, context_length: int) -> None:
    if tokens.ndim != 1:
        raise ValueError(
            f"tokens has shape {tuple(tokens.shape)}; it must be one row of token ids: flatten it"
        )
    integral = (
        not (tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool)
        if isinstance(tokens, Tensor)
        else np.issubdtype(tokens.dtype, np.integer)
    )
    if not integral:
        raise TypeError(f"tokens has dtype {tokens.dtype}; token ids are integers: encode the text")
    for name, value in (("batch_size", batch_size), ("context_length", context_length)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1")
