"""Model configurations: frozen, validated when they are made, plain to print and to store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast

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


@dataclass(frozen=True)
class GPT2Config:
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
    def d_head(self) -> int:
        """K, the width of one head: d_model / n_heads."""
        return self.d_model // self.n_heads

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "GPT2Config":
        """Build a configuration from plain values.

        Raises:
            ValueError: a name is unknown, or a value is not valid.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
        return cls(**values)


GPT2_SIZES: Mapping[str, GPT2Config] = {
    "gpt2": GPT2Config(),
    "gpt2-medium": GPT2Config(d_model=1024, n_heads=16, n_layers=24),
    "gpt2-large": GPT2Config(d_model=1280, n_heads=20, n_layers=36),
    "gpt2-xl": GPT2Config(d_model=1600, n_heads=25, n_layers=48),
}
"""The four published sizes (Radford et al. 2019, table 2)."""


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
