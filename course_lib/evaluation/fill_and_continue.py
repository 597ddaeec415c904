"""Two probes for one stack trained in five styles: fill in a missing token; go on with a text."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.layers import full_mask
from course_lib.models import Transformer
from course_lib.models.objectives import (
    IGNORED,
    Example,
    missing_span,
    next_tokens,
    permuted_tokens,
    suffix_tokens,
)

STYLES = ("masked", "next", "suffix", "span", "permuted")
"""How the stack was trained; each is named after what it predicts."""


def _log_probabilities(model: Transformer, example: Example) -> Float[Tensor, "B N V"]:
    logits = model(example.inputs, mask=example.mask, positions=example.positions)
    scores: Tensor = logits.float().log_softmax(dim=-1)
    return scores


def _check(style: str, windows: Tensor, position: int) -> None:
    if style not in STYLES:
        raise ValueError(f"style must be one of {', '.join(STYLES)}, got {style!r}")
    if not 1 <= position < windows.shape[1]:
        raise ValueError(
            f"position must be between 1 and {windows.shape[1] - 1}, so that something stands "
            f"before it; got {position}"
        )


def _hidden(windows: Tensor, position: int, mask_id: int) -> Example:
    """One mask at the position, everything else to be seen by all."""
    inputs = windows.clone()
    inputs[:, position] = mask_id
    n = windows.shape[1]
    asked = torch.full_like(windows, IGNORED)
    asked[:, position] = windows[:, position]
    line = torch.arange(n, device=windows.device)
    return Example(inputs, asked, full_mask(n, device=windows.device), line)


@torch.inference_mode()
def fill_in(
    model: Transformer,
    style: str,
    windows: Int[Tensor, "B T"],
    position: int,
    *,
    mask_id: int,
    start_id: int,
) -> Float[Tensor, "B V"]:
    """Return the log-probabilities of the token missing at `position`, in one pass.

    "masked", "span" and "permuted" read both sides; "next" and "suffix" only what stands before.

    Args:
        model: trained in the style.
        style: how it was trained.
        windows: texts; what stands at `position` is not read.
        position: of the missing token, at least 1.
        mask_id: the token that stands for what is hidden.
        start_id: the token that begins a target.

    Raises:
        ValueError: the style is unknown, or nothing stands before the position.
    """
    _check(style, windows, position)
    if style == "masked":
        return _log_probabilities(model, _hidden(windows, position, mask_id))[:, position]
    if style == "span":
        example = missing_span(
            windows, start=position, length=1, mask_id=mask_id, start_id=start_id
        )
        return _log_probabilities(model, example)[:, -1]
    if style == "permuted":
        n = windows.shape[1]
        order = [i - (i > position) for i in range(n)]
        order[position] = n - 1
        hidden = windows.clone()
        hidden[:, position] = mask_id
        example = permuted_tokens(hidden, order=order, mask_id=mask_id, n_predicted=1)
        return _log_probabilities(model, example)[:, n + position]
    seen = windows[:, : position + 1]
    example = next_tokens(seen) if style == "next" else suffix_tokens(seen, prefix_length=position)
    return _log_probabilities(model, example)[:, -1]


@torch.inference_mode()
def fill_in_by_rescoring(
    model: Transformer, windows: Int[Tensor, "B T"], position: int, *, n_candidates: int = 64
) -> Int[Tensor, " B"]:
    """Return a "next" model's best token for a gap, with what follows taken into account.

    p(x | left, right) ∝ p(x | left) · p(right | left, x): each of the likeliest candidates is put
    into the gap and the whole text is scored. It costs `n_candidates` passes instead of one.

    Args:
        model: trained to predict the next token.
        windows: texts; what stands at `position` is not read.
        position: of the missing token, at least 1.
        n_candidates: how many are tried.

    Raises:
        ValueError: nothing stands before the position, or there are too few or many candidates.
    """
    _check("next", windows, position)
    if not 1 <= n_candidates <= model.config.vocab_size:
        raise ValueError(
            f"n_candidates must be 1 to {model.config.vocab_size} (vocab_size), got {n_candidates}"
        )
    left = _log_probabilities(model, next_tokens(windows[:, : position + 1]))[:, -1]
    prior, candidates = left.topk(n_candidates, dim=-1)
    best = torch.empty(len(windows), dtype=torch.long, device=windows.device)
    for row, (window, choices) in enumerate(zip(windows, candidates, strict=True)):
        tried = window.repeat(n_candidates, 1)
        tried[:, position] = choices
        example = next_tokens(tried)
        scores = _log_probabilities(model, example)[:, position:]
        right = scores.gather(-1, example.targets[:, position:, None]).sum(dim=(1, 2))
        best[row] = choices[(prior[row] + right).argmax()]
    return best


def _written(
    windows: Tensor,
    style: str,
    prefix_length: int,
    mask_id: int,
    start_id: int,
    target_start: int | None = None,
) -> Example:
    """The example in which everything after the prefix is predicted, from left to right."""
    n = windows.shape[1]
    if style == "next":
        return next_tokens(windows)
    if style == "suffix":
        return suffix_tokens(windows, prefix_length=prefix_length)
    if style == "span":
        return missing_span(
            windows,
            start=prefix_length,
            length=n - prefix_length,
            mask_id=mask_id,
            start_id=start_id,
            target_start=target_start,
        )
    return permuted_tokens(windows, order=range(n), mask_id=mask_id, n_predicted=n - prefix_length)


@torch.inference_mode()
def continuation_nats(
    model: Transformer,
    style: str,
    windows: Int[Tensor, "B T"],
    prefix_length: int,
    *,
    mask_id: int,
    start_id: int,
) -> Float[Tensor, "B C"]:
    """Return −log p of each of the C = T − prefix_length tokens after the prefix, one by one.

    p(continuation | prefix) by the chain rule. All styles but "masked" need one pass; "masked" has
    never been asked to go on with a text: it gets a text that ends with one mask, C times.

    Args:
        model: trained in the style.
        style: how it was trained.
        windows: texts.
        prefix_length: number of tokens that are given, at least 1.
        mask_id: the token that stands for what is hidden.
        start_id: the token that begins a target.

    Raises:
        ValueError: the style is unknown, or nothing is given, or nothing is left.
    """
    _check(style, windows, prefix_length)
    n = windows.shape[1]
    continuation = windows[:, prefix_length:]
    if style == "masked":
        nats = [
            -_log_probabilities(model, _hidden(windows[:, : end + 1], end, mask_id))[:, end]
            .gather(-1, windows[:, end : end + 1])
            .squeeze(-1)
            for end in range(prefix_length, n)
        ]
        return torch.stack(nats, dim=1)
    example = _written(windows, style, prefix_length, mask_id, start_id)
    scores = _log_probabilities(model, example)[:, prefix_length - n :]
    return -scores.gather(-1, continuation[..., None]).squeeze(-1)


@torch.inference_mode()
def go_on(
    model: Transformer,
    style: str,
    prompt: Int[Tensor, " P"],
    n_tokens: int,
    *,
    mask_id: int,
    start_id: int,
    target_start: int | None = None,
    generator: torch.Generator | None = None,
) -> Int[Tensor, " n_tokens"]:
    """Write `n_tokens` after the prompt, each drawn from the model's distribution.

    Special tokens (ids from `mask_id` or `start_id` on, whichever is lower) are never drawn.

    Args:
        model: trained in the style.
        style: how it was trained.
        prompt: at least one token.
        n_tokens: how many are written.
        mask_id: the token that stands for what is hidden.
        start_id: the token that begins a target.
        target_start: for "span", the length of the windows that the model was trained on.
        generator: draws; the global one where not given.
    """
    text = prompt[None]
    for _ in range(n_tokens):
        window = torch.cat([text, text.new_full((1, 1), mask_id)], dim=1)
        _check(style, window, len(prompt))
        if style == "masked":
            example = _hidden(window, text.shape[1], mask_id)
        else:
            example = _written(window, style, len(prompt), mask_id, start_id, target_start)
        row = _log_probabilities(model, example)[0, -1].exp()
        row[min(mask_id, start_id) :] = 0.0
        drawn = torch.multinomial(row, 1, generator=generator)
        text = torch.cat([text, drawn[None]], dim=1)
    return text[0, len(prompt) :]
