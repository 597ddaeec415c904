"""What the models that write token by token share: they are counted, and keys are cached."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from course_lib.layers import KVCache


class DecoderSizes(Protocol):
    """The sizes that a cache depends on."""

    @property
    def context_length(self) -> int: ...  # noqa: D102
    @property
    def n_layers(self) -> int: ...  # noqa: D102
    @property
    def n_kv_heads(self) -> int: ...  # noqa: D102
    @property
    def d_head(self) -> int: ...  # noqa: D102


class CachedModel(nn.Module):
    """A model whose `config` tells the sizes of its decoder."""

    config: DecoderSizes

    def make_cache(self, batch_size: int, context_length: int | None = None) -> KVCache:
        """Make an empty cache that fits the decoder's self-attention, its dtype and device.

        Args:
            batch_size: B.
            context_length: room for so many tokens; the model's context where not given.
        """
        weight = next(self.parameters())
        return KVCache(
            self.config.n_layers,
            batch_size,
            self.config.n_kv_heads,
            context_length or self.config.context_length,
            self.config.d_head,
            dtype=weight.dtype,
            device=weight.device,
        )

    def n_parameters(self) -> int:
        """Count the parameters; those that are used in several places count once."""
        return sum(parameter.numel() for parameter in self.parameters())
