"""How well a model predicts a text: nats per token, perplexity, bits per byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class LanguageModelScore:
    """The information a model needed for a text, and its averages.

    total_nats = −Σᵢ ln p(tokenᵢ | tokens before it)

    >>> score = LanguageModelScore(n_tokens=4, total_nats=4 * math.log(8), n_bytes=6)
    >>> round(score.perplexity, 6), round(score.bits_per_token, 6), round(score.bits_per_byte, 6)
    (8.0, 3.0, 2.0)

    Raises:
        ValueError: A count below 1, or information below 0.
    """

    n_tokens: int
    """Tokens scored; the first token of a text has nothing before it and is not scored."""
    total_nats: float
    n_bytes: int | None = None
    """UTF-8 bytes of the scored tokens, where known."""

    def __post_init__(self) -> None:
        if self.n_tokens < 1:
            raise ValueError(f"n_tokens is {self.n_tokens}; at least one token must be scored")
        if self.n_bytes is not None and self.n_bytes < 1:
            raise ValueError(
                f"n_bytes is {self.n_bytes}; give the number of UTF-8 bytes of the scored text, "
                "or leave it out"
            )
        if math.isnan(self.total_nats) or self.total_nats < 0:
            raise ValueError(f"total_nats is {self.total_nats}; information is at least 0")

    @property
    def nats_per_token(self) -> float:
        """Mean cross-entropy: total_nats / n_tokens."""
        return self.total_nats / self.n_tokens

    @property
    def perplexity(self) -> float:
        """exp(nats per token): as unsure as a choice among this many equally likely tokens."""
        try:
            return math.exp(self.nats_per_token)
        except OverflowError:
            return math.inf

    @property
    def bits_per_token(self) -> float:
        """Nats per token / ln 2."""
        return self.nats_per_token / math.log(2)

    @property
    def bits_per_byte(self) -> float:
        """total_nats / (ln 2 · n_bytes): comparable between vocabularies.

        Raises:
            ValueError: The score was made without `n_bytes`.
        """
        if self.n_bytes is None:
            raise ValueError("bits_per_byte needs n_bytes; pass n_bytes=len(text.encode('utf-8'))")
        return self.total_nats / math.log(2) / self.n_bytes

    def to_dict(self) -> dict[str, float]:
        """All figures that are known, by name."""
        figures = {
            "n_tokens": float(self.n_tokens),
            "total_nats": self.total_nats,
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
            "bits_per_token": self.bits_per_token,
        }
        if self.n_bytes is not None:
            figures |= {"n_bytes": float(self.n_bytes), "bits_per_byte": self.bits_per_byte}
        return figures


@dataclass(frozen=True)
class Window:
    """One pass: the model reads tokens[start : start + length]; its last `n_scored` are scored."""

    start: int
    length: int
    n_scored: int


def strided_windows(n_tokens: int, context_length: int, stride: int) -> list[Window]:
    """Windows in which each token but the first is a target exactly once.

    Window k reads `context_length` tokens from k · stride and predicts the token after each. The
    first one scores all its predictions, every later one its last `stride`: those have at least
    context_length − stride + 1 tokens before them.

    >>> strided_windows(7, context_length=4, stride=2)
    [Window(start=0, length=4, n_scored=4), Window(start=2, length=4, n_scored=2)]
    """
    windows, scored, start = [], 0, 0  # tokens 1 … scored have been scored
    while scored < n_tokens - 1:
        length = min(context_length, n_tokens - 1 - start)
        windows.append(Window(start, length, start + length - scored))
        scored, start = start + length, start + stride
    return windows


def perplexity(
    model: Callable[[Int[Tensor, "B T"]], Float[Tensor, "B T V"]],
    tokens: Sequence[int] | Int[Tensor, " N"],
    *,
    n_bytes: int | None = None,
    context_length: int | None = None,
    stride: int | None = None,
    batch_size: int = 8,
) -> LanguageModelScore:
    """Score a text with overlapping windows, each token once.

    The first token has no context and is not scored: put the end-of-text token before a text to
    have all of the text scored. The model is set to evaluation mode and put back.

    Args:
        model: Anything that maps token ids [B T] to logits [B T V].
        tokens: [N] ids of the whole text, N ≥ 2.
        n_bytes: UTF-8 bytes of tokens 1 … N−1, for bits per byte.
        context_length: Tokens the model reads at once; by default `model.config.context_length`.
        stride: From one window to the next. `context_length` is fastest; small strides give every
            token more context and a lower perplexity. By default half of `context_length`.
        batch_size: Windows in one pass.

    Source: the strided evaluation of "Perplexity of fixed-length models", Hugging Face
    Transformers documentation; there a window of n tokens reads n − 1 and predicts n − 1.

    Raises:
        TypeError: The model returns no tensor of logits, or tokens are no integers.
        ValueError: Too few tokens, an impossible window, or logits of another shape.
    """
    ids = _token_tensor(tokens)
    length = _context_length(model, context_length)
    step = max(1, length // 2) if stride is None else stride
    if not 1 <= step <= length:
        raise ValueError(
            f"stride is {step}; it must be between 1 and context_length ({length}), "
            "else tokens between two windows would not be scored"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
    windows = strided_windows(len(ids), length, step)
    total = torch.zeros((), dtype=torch.float64)
    with _evaluation_mode(model), torch.no_grad():
        for batch in _batches(windows, batch_size):
            total += _window_nats(model, ids, batch).cpu()
    return LanguageModelScore(len(ids) - 1, max(0.0, total.item()), n_bytes)


def _window_nats(
    model: Callable[[Int[Tensor, "B T"]], Float[Tensor, "B T V"]],
    ids: Int[Tensor, " N"],
    batch: Sequence[Window],
) -> Float[Tensor, ""]:
    """Sum of −ln p over the scored targets of windows of one shape."""
    width, n_scored = batch[0].length, batch[0].n_scored
    device = _device(model)
    inputs = torch.stack([ids[each.start : each.start + width] for each in batch]).to(device)
    targets = torch.stack([ids[each.start + 1 : each.start + width + 1] for each in batch])
    logits = model(inputs)
    if not isinstance(logits, Tensor):
        raise TypeError(
            f"model returned {type(logits).__name__}, not a tensor of logits; for a Hugging Face "
            "model pass `lambda tokens: model(tokens).logits`"
        )
    if logits.ndim != 3 or logits.shape[:2] != inputs.shape:
        raise ValueError(
            f"model returned logits of shape {tuple(logits.shape)} for tokens of shape "
            f"{tuple(inputs.shape)}; it must be [B, T, V]"
        )
    targets = targets[:, -n_scored:].to(logits.device)
    if int(targets.max()) >= logits.shape[-1]:
        raise ValueError(
            f"tokens hold the id {int(targets.max())}, but the model has {logits.shape[-1]} "
            "tokens; encode the text with the tokenizer of this model"
        )
    scored = logits[:, -n_scored:].float().flatten(0, 1)
    return F.cross_entropy(scored, targets.flatten(), reduction="none").double().sum()


def _batches(windows: Sequence[Window], batch_size: int) -> Iterator[list[Window]]:
    """Neighbors of one shape together, at most `batch_size` of them."""
    batch: list[Window] = []
    for window in windows:
        shape = (window.length, window.n_scored)
        if batch and (len(batch) == batch_size or shape != (batch[0].length, batch[0].n_scored)):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _token_tensor(tokens: object) -> Int[Tensor, " N"]:
    """The ids as an int64 tensor on the CPU, checked."""
    if isinstance(tokens, str):
        raise TypeError("tokens is a string; encode it first: tokenizer.encode(text)")
    ids = torch.as_tensor(tokens)
    if ids.numel() and (ids.is_floating_point() or ids.dtype == torch.bool):
        raise TypeError(f"tokens are {ids.dtype}; they must be integer ids")
    if ids.ndim != 1 or len(ids) < 2:
        raise ValueError(
            f"tokens has shape {tuple(ids.shape)}; give one row of at least 2 ids, because the "
            "first token is not scored"
        )
    if int(ids.min()) < 0:
        raise ValueError(f"tokens hold the id {int(ids.min())}; ids are at least 0")
    return ids.to(device="cpu", dtype=torch.int64)


def _context_length(model: object, given: int | None) -> int:
    """The window of the caller, or else of the model."""
    own = getattr(getattr(model, "config", None), "context_length", None)
    length = own if given is None else given
    if not isinstance(length, int):
        raise ValueError(
            "context_length is not given and the model has no config.context_length; "
            "say how many tokens the model can read at once"
        )
    if length < 1:
        raise ValueError(f"context_length is {length}; it must be at least 1")
    if isinstance(own, int) and length > own:
        raise ValueError(f"context_length is {length}, but the model reads at most {own} tokens")
    return length


def _device(model: object) -> torch.device:
    """Where the weights are; the CPU for models that are plain functions."""
    if isinstance(model, nn.Module):
        for parameter in model.parameters():
            return parameter.device
    return torch.device("cpu")


@contextmanager
def _evaluation_mode(model: object) -> Iterator[None]:
    """Dropout off inside, and as before afterwards."""
    modes = [
        (module, module.training)
        for module in (model.modules() if isinstance(model, nn.Module) else ())
    ]
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        for module, was_training in modes:
            module.training = was_training
