"""Model configurations: frozen, validated when they are made, plain to print and to store."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, cast, get_args

Scale = Literal["cpu", "gpu"]


def check_positive(name: str, value: object) -> None:
    """Raise unless `value` is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def check_probability(name: str, value: float) -> None:
    """Raise unless 0 ≤ `value` < 1."""
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} is a probability and must be in [0, 1), got {value}")


Configuration = TypeVar("Configuration", bound="PlainConfig")


class PlainConfig:
    """What all configurations share: to plain values and back. For frozen dataclasses."""

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values, ready for JSON."""
        return asdict(cast(Any, self))

    @classmethod
    def from_dict(cls: type[Configuration], values: Mapping[str, Any]) -> Configuration:
        """Build a configuration from plain values.

        Raises:
            ValueError: a name is unknown, or a value is not valid.
        """
        known = {field.name for field in fields(cast(Any, cls))}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
        return cls(**values)


@dataclass(frozen=True)
class GPT2Config(PlainConfig):
    """Sizes of a GPT-2 model; the defaults are those of the smallest published one.

    Source: Radford et al. 2019, section 2.3 and table 2.

    Attributes:
        vocab_size: V, number of token ids, special tokens included.
        context_length: longest input, in tokens.
        d_model: D, width of the residual stream.
        n_heads: H; must divide `d_model`.
        n_layers: number of blocks.
        d_ff: F, width of the feed-forward layer; 0 means 4 · d_model.
        dropout: probability, used after embeddings, attention weights and each sub-block.
        layer_norm_eps: added to the variance, inside the square root.

    Raises:
        ValueError, TypeError: a size is not a positive integer, `n_heads` does not divide
            `d_model`, or `dropout` is not a probability.

    >>> GPT2Config().d_head
    64
    """

    vocab_size: int = 50257
    context_length: int = 1024
    d_model: int = 768
    n_heads: int = 12
    n_layers: int = 12
    d_ff: int = 0
    dropout: float = 0.1
    layer_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        for name in ("vocab_size", "context_length", "d_model", "n_heads", "n_layers", "d_ff"):
            check_positive(name, getattr(self, name))
        if self.d_model % self.n_heads:
            raise ValueError(
                f"n_heads must divide d_model, got d_model={self.d_model} and "
                f"n_heads={self.n_heads}: {self.d_model} / {self.n_heads} leaves "
                f"{self.d_model % self.n_heads}"
            )
        check_probability("dropout", self.dropout)
        if not self.layer_norm_eps > 0:
            raise ValueError(f"layer_norm_eps must be above 0, got {self.layer_norm_eps}")

    @property
    def n_kv_heads(self) -> int:
        """Number of key and value heads: H, for every head has its own."""
        return self.n_heads

    @property
    def d_head(self) -> int:
        """K, the width of one head: d_model / n_heads."""
        return self.d_model // self.n_heads


GPT2_SIZES: Mapping[str, GPT2Config] = {
    "gpt2": GPT2Config(),
    "gpt2-medium": GPT2Config(d_model=1024, n_heads=16, n_layers=24),
    "gpt2-large": GPT2Config(d_model=1280, n_heads=20, n_layers=36),
    "gpt2-xl": GPT2Config(d_model=1600, n_heads=25, n_layers=48),
}
"""The four published sizes (Radford et al. 2019, table 2)."""


PositionScheme = Literal["learned", "sinusoidal", "rotary", "alibi", "none"]
NormKind = Literal["layer", "rms"]
NormPlace = Literal["pre", "post"]
FeedForwardKind = Literal["gelu", "relu", "swiglu"]
_CHOICES = {
    "positions": get_args(PositionScheme),
    "norm": get_args(NormKind),
    "norm_place": get_args(NormPlace),
    "feed_forward": get_args(FeedForwardKind),
}


@dataclass(frozen=True)
class TransformerConfig(PlainConfig):
    """Sizes and choices of a `Transformer`; the defaults are GPT-2's.

    Attributes:
        vocab_size: V.
        context_length: number of learned positions. The other schemes go on past it; for them it
            tells only how long the training texts are.
        d_model: D.
        n_heads: H; must divide D.
        n_layers: number of blocks.
        n_kv_heads: number of key and value heads; 0 means H.
        d_ff: F; 0 means 4 · D, or for "swiglu" 8/3 · D rounded up to a multiple of 8, which has
            as many weights.
        positions: "learned" or "sinusoidal" vectors added to the embeddings; "rotary" queries and
            keys; "alibi" biases on the scores; or "none".
        norm: "layer" or "rms".
        norm_place: "pre" (GPT-2) with one more norm after the last block, or "post" (2017, GPT-1)
            without it.
        feed_forward: "gelu" (in the tanh form), "relu" or "swiglu".
        bias: whether the matrices have biases.
        tied: whether the output matrix is the embedding.
        dropout: probability, on the embeddings, the attention weights and each part's output.
        rotary_base: of "rotary" positions; see `course_lib.layers.RotaryPositions`.
        norm_eps: added inside the norms' square root; None means the layer's own choice, 10⁻⁵ for
            "layer" and 10⁻⁶ for "rms".

    Raises:
        ValueError, TypeError: a size is not a positive integer or does not divide, a choice is
            unknown, `dropout` is not a probability, `rotary_base` is not above 1, or `norm_eps`
            not above 0.
    """

    vocab_size: int
    context_length: int
    d_model: int
    n_heads: int
    n_layers: int
    n_kv_heads: int = 0
    d_ff: int = 0
    positions: PositionScheme = "learned"
    norm: NormKind = "layer"
    norm_place: NormPlace = "pre"
    feed_forward: FeedForwardKind = "gelu"
    bias: bool = True
    tied: bool = True
    dropout: float = 0.0
    rotary_base: float = 10000.0
    norm_eps: float | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}"
                )
        if self.n_kv_heads == 0:
            object.__setattr__(self, "n_kv_heads", self.n_heads)
        if self.d_ff == 0 and self.feed_forward == "swiglu":
            object.__setattr__(self, "d_ff", 8 * math.ceil(self.d_model / 3))
        elif self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        for name in (
            "vocab_size",
            "context_length",
            "d_model",
            "n_heads",
            "n_layers",
            "n_kv_heads",
            "d_ff",
        ):
            check_positive(name, getattr(self, name))
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads={self.n_heads} must divide d_model={self.d_model}")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(f"n_kv_heads={self.n_kv_heads} must divide n_heads={self.n_heads}")
        if self.positions == "rotary" and self.d_head % 2:
            raise ValueError(f"rotary positions need an even d_head, got {self.d_head}")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise ValueError(f"sinusoidal positions need an even d_model, got {self.d_model}")
        check_probability("dropout", self.dropout)
        if not self.rotary_base > 1:
            raise ValueError(f"rotary_base must be above 1, got {self.rotary_base}")
        if self.norm_eps is not None and not self.norm_eps > 0:
            raise ValueError(f"norm_eps must be above 0, got {self.norm_eps}")

    @property
    def d_head(self) -> int:
        """K, the width of one head: d_model / n_heads."""
        return self.d_model // self.n_heads


def scale() -> Scale:
    """Tell how large the notebooks' experiments should be: "cpu", or "gpu" where CUDA is found.

    The environment variable COURSE_SCALE overrides what is found.

    Raises:
        ValueError: COURSE_SCALE is neither "cpu" nor "gpu".
    """
    wanted = os.environ.get("COURSE_SCALE", "")
    if wanted in ("cpu", "gpu"):
        return cast(Scale, wanted)
    if wanted:
        raise ValueError(f'COURSE_SCALE must be "cpu" or "gpu", got {wanted!r}')
    import torch

    return "gpu" if torch.cuda.is_available() else "cpu"
