"""Five ways to make an exercise of a text: what is read, what is predicted, who sees whom.

Each takes windows of text and returns an `Example` for one and the same `Transformer`; only the
mask, the positions and what is asked differ. Targets that are not asked for are −100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from course_lib.layers import causal_mask, full_mask, permutation_mask, prefix_mask

IGNORED = -100
"""The target of a position whose prediction does not count."""


@dataclass(frozen=True)
class Example:
    """A batch for a `Transformer`: `model(inputs, mask=mask, positions=positions)` meets `targets`.

    Attributes:
        inputs: token ids that are read.
        targets: token ids to be predicted, −100 where nothing is asked.
        mask: True where a position may see another.
        positions: where each input stands in the text.
    """

    inputs: Int[Tensor, "B N"]
    targets: Int[Tensor, "B N"]
    mask: Bool[Tensor, "N N"]
    positions: Int[Tensor, " N"]

    def n_predictions(self) -> int:
        """Count the targets that are asked for."""
        return int((self.targets != IGNORED).sum())


def _line(n: int, like: Tensor) -> Tensor:
    return torch.arange(n, device=like.device)


def masked_tokens(
    windows: Int[Tensor, "B T"],
    *,
    mask_id: int,
    vocab_size: int,
    probability: float = 0.15,
    generator: torch.Generator | None = None,
) -> Example:
    """Hide some tokens and predict them from both sides, as BERT learns (autoencoding).

    Each token is chosen with `probability`; a chosen one becomes the mask (80 %), a random token
    (10 %) or stays (10 %), and is the target. At least one token of a batch is chosen.

    Source: Devlin et al. 2019, section 3.1, task 1.

    Args:
        windows: B stretches of T tokens.
        mask_id: the token that stands for what is hidden.
        vocab_size: random tokens are drawn from 0 … vocab_size − 1.
        probability: of being chosen, in (0, 1].
        generator: draws; the global one where not given.

    Raises:
        ValueError: `probability` is not in (0, 1].
    """
    if not 0 < probability <= 1:
        raise ValueError(f"probability must be in (0, 1], got {probability}")
    device = windows.device
    draws = torch.rand(windows.shape, generator=generator, device=device)
    chosen = draws < probability
    if not chosen.any():
        chosen.view(-1)[draws.argmin()] = True
    fate = torch.rand(windows.shape, generator=generator, device=device)
    others = torch.randint(vocab_size, windows.shape, generator=generator, device=device)
    inputs = windows.masked_fill(chosen & (fate < 0.8), mask_id)
    inputs = torch.where(chosen & (fate >= 0.9), others, inputs)
    n = windows.shape[1]
    targets = windows.masked_fill(~chosen, IGNORED)
    return Example(inputs, targets, full_mask(n, device=device), _line(n, windows))


def next_tokens(windows: Int[Tensor, "B T"]) -> Example:
    """Predict each token from those before it, as GPT learns (autoregressive).

    Source: Radford et al. 2018, section 3.1.

    Args:
        windows: B stretches of T tokens; the last one is a target only.
    """
    inputs, targets = windows[:, :-1], windows[:, 1:]
    n = inputs.shape[1]
    return Example(inputs, targets, causal_mask(n, device=windows.device), _line(n, windows))


def suffix_tokens(windows: Int[Tensor, "B T"], *, prefix_length: int) -> Example:
    """Read a prefix in both directions and predict what follows, token by token (prefix LM).

    Source: Dong et al. 2019 (UniLM), section 2.3; Raffel et al. 2020, section 3.2.1.

    Args:
        windows: B stretches of T tokens; the last one is a target only.
        prefix_length: number of tokens that are read and not predicted, 1 … T − 1.

    Raises:
        ValueError: `prefix_length` leaves nothing to read or nothing to predict.
    """
    if not 1 <= prefix_length < windows.shape[1]:
        raise ValueError(
            f"prefix_length must be 1 to {windows.shape[1] - 1}: something must be read and "
            f"something predicted; got {prefix_length}"
        )
    inputs, targets = windows[:, :-1], windows[:, 1:].clone()
    targets[:, : prefix_length - 1] = IGNORED
    n = inputs.shape[1]
    mask = prefix_mask(n, prefix_length, device=windows.device)
    return Example(inputs, targets, mask, _line(n, windows))


def missing_span(
    windows: Int[Tensor, "B T"],
    *,
    start: int,
    length: int,
    mask_id: int,
    start_id: int,
    target_start: int | None = None,
) -> Example:
    """Cut a span out of the source, leave one mask in its place, and write it as the target.

    Source and target are one row for one stack: the source sees itself in both directions, the
    target sees the source and what is written. A real encoder–decoder has two stacks with weights
    of their own; who sees whom is the same.

    Source: Raffel et al. 2020, sections 3.1.4 and 3.2.1; Lewis et al. 2020 (text infilling).

    Args:
        windows: B stretches of T tokens.
        start: where the span begins, 0 … T − length.
        length: number of tokens cut out, at least 1.
        mask_id: stands for the span in the source.
        start_id: the first token that the decoder reads.
        target_start: the position of the target's first token, at least T; T where not given.

    Raises:
        ValueError: the span does not lie in the window, or `target_start` lies in the source.
    """
    batch, n = windows.shape
    if not (length >= 1 and 0 <= start <= n - length):
        raise ValueError(
            f"the span must lie in the window of {n} tokens, got start={start} and length={length}"
        )
    target_start = n if target_start is None else target_start
    if target_start < n:
        raise ValueError(
            f"target_start must be at least {n} (the source's end), got {target_start}"
        )
    column = windows.new_ones(batch, 1)
    span = windows[:, start : start + length]
    source = torch.cat([windows[:, :start], column * mask_id, windows[:, start + length :]], dim=1)
    n_source = source.shape[1]
    inputs = torch.cat([source, column * start_id, span[:, :-1]], dim=1)
    targets = torch.cat([torch.full_like(source, IGNORED), span], dim=1)
    mask = prefix_mask(inputs.shape[1], n_source, device=windows.device)
    positions = torch.cat([_line(n_source, windows), target_start + _line(length, windows)])
    return Example(inputs, targets, mask, positions)


def permuted_tokens(
    windows: Int[Tensor, "B T"],
    *,
    order: Sequence[int],
    mask_id: int,
    n_predicted: int | None = None,
) -> Example:
    """Predict the tokens in a random order, each from those predicted before it, as XLNet learns.

    The two streams are one row of 2T for one stack: first the tokens (content), then T masks
    (query) at the same positions. A query sees itself, which tells it only where it stands, and
    the content of positions predicted earlier.

    Source: Yang et al. 2019, sections 2.2 and 2.3.

    Args:
        windows: B stretches of T tokens.
        order: `order[i]` tells when position i is predicted; a permutation of 0 … T − 1.
        mask_id: what the queries hold.
        n_predicted: only that many of the last in the order count; all where not given.

    Raises:
        ValueError: `order` is not a permutation, or `n_predicted` is not between 1 and T.
    """
    n = windows.shape[1]
    n_predicted = n if n_predicted is None else n_predicted
    if not 1 <= n_predicted <= n:
        raise ValueError(f"n_predicted must be between 1 and {n}, got {n_predicted}")
    device = windows.device
    content = permutation_mask(order, stream="content", device=device)
    query = permutation_mask(order, stream="query", device=device)
    itself = torch.eye(n, dtype=torch.bool, device=device)
    mask = torch.cat(
        [
            torch.cat([content, torch.zeros_like(itself)], dim=1),
            torch.cat([query, itself], dim=1),
        ]
    )
    inputs = torch.cat([windows, torch.full_like(windows, mask_id)], dim=1)
    early = torch.tensor(order, device=device) < n - n_predicted
    asked = windows.masked_fill(early, IGNORED)
    targets = torch.cat([torch.full_like(windows, IGNORED), asked], dim=1)
    return Example(inputs, targets, mask, _line(n, windows).repeat(2))
