"""Keys and values of the tokens already read, kept so that they are computed only once."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.config import check_positive


class LayerCache:
    """Keys and values of one attention layer, in memory laid out once.

    Args:
        keys: room for B sequences of up to S tokens.
        values: the same for the values.
    """

    def __init__(self, keys: Float[Tensor, "B H S K"], values: Float[Tensor, "B H S K"]) -> None:
        self.keys = keys
        self.values = values
        self.length = 0

    def append(
        self, key: Float[Tensor, "B H T K"], value: Float[Tensor, "B H T K"]
    ) -> tuple[Float[Tensor, "B H S K"], Float[Tensor, "B H S K"]]:
        """Store T more positions and return all that is stored; no gradient flows through it.

        Raises:
            ValueError: the cache is full.
        """
        end = self.length + key.shape[-2]
        if end > self.keys.shape[-2]:
            raise ValueError(
                f"the cache has room for {self.keys.shape[-2]} tokens; {self.length} are stored "
                f"and {key.shape[-2]} more do not fit"
            )
        self.keys[:, :, self.length : end] = key.detach()
        self.values[:, :, self.length : end] = value.detach()
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


class KVCache:
    """The caches of all layers of a model.

    Memory: 2 · n_layers · B · n_heads · context_length · d_head numbers.

    Args:
        n_layers: number of attention layers.
        batch_size: B.
        n_heads: H.
        context_length: S, the most tokens a sequence can have.
        d_head: K.
        dtype: of keys and values.
        device: where they are kept.

    Raises:
        ValueError: a size is below 1.

    >>> KVCache(12, 1, 12, 1024, 64).n_bytes / 2**20
    72.0
    """

    def __init__(
        self,
        n_layers: int,
        batch_size: int,
        n_heads: int,
        context_length: int,
        d_head: int,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
    ) -> None:
        for name, size in (
            ("n_layers", n_layers),
            ("batch_size", batch_size),
            ("n_heads", n_heads),
            ("context_length", context_length),
            ("d_head", d_head),
        ):
            check_positive(name, size)
        shape = (n_layers, 2, batch_size, n_heads, context_length, d_head)
        self._memory = torch.zeros(shape, dtype=dtype, device=device)
        self.layers = [LayerCache(layer[0], layer[1]) for layer in self._memory]

    @property
    def length(self) -> int:
        """How many positions are stored."""
        return self.layers[0].length

    @property
    def n_bytes(self) -> int:
        """Size in memory, in bytes."""
        return self._memory.nbytes

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the sequences named in `rows`, in that order; a row may be named more than once."""
        self._memory = self._memory.index_select(2, rows)
        for layer, memory in zip(self.layers, self._memory, strict=True):
            layer.keys, layer.values = memory[0], memory[1]

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on.

        Raises:
            ValueError: fewer are stored.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"length must be between 0 and {self.length}, got {length}")
        for layer in self.layers:
            layer.length = length
