"""The layers of a block for one position of one sequence, written out over plain tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.generation.matrices import Matrix
from course_lib.layers import (
    FeedForward,
    GatedFeedForward,
    GroupedQueryAttention,
    LayerCache,
    LayerNorm,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
    RotaryPositions,
)

Part = Callable[[Tensor], Tensor]
Joined = Callable[..., Matrix]
"""Makes one matrix of the layers it is given, whose outputs then stand one after the other."""


def norm_part(norm: nn.Module) -> Part:
    """Return `norm.forward` for a vector [1 D], without the cost of calling a module."""
    if isinstance(norm, nn.Identity):
        return lambda x: x
    assert isinstance(norm, LayerNorm | RMSNorm)
    gain, shape, eps = norm.gain, norm.gain.shape, norm.eps
    if isinstance(norm, LayerNorm):
        bias = norm.bias
        return lambda x: F.layer_norm(x, shape, gain, bias, eps)
    if gain.dtype != torch.float32:
        return lambda x: F.rms_norm(x, shape, gain, eps)
    nothing = torch.zeros_like(gain)
    width = len(gain)

    def rms(x: Tensor) -> Tensor:
        row = x[0]
        scale = (float(row.dot(row)) / width + eps) ** -0.5
        return torch.addcmul(nothing, x, gain, value=scale)  # two kernels in place of seven

    return rms


def feed_forward_part(layer: nn.Module, joined: Joined) -> Part:
    """Return `layer.forward` for a vector [1 D]."""
    assert isinstance(layer, FeedForward | GatedFeedForward)
    narrow = joined(layer.narrow)
    if isinstance(layer, GatedFeedForward):
        gate_and_widen = joined(layer.gate, layer.widen)

        def gated(x: Tensor) -> Tensor:
            gate, wide = gate_and_widen(x).view(2, 1, -1).unbind()
            return narrow(F.silu(gate).mul_(wide))

        return gated
    widen, bend = joined(layer.widen), layer.bend
    return lambda x: narrow(bend(widen(x)))


class Turn:
    """`RotaryPositions.rotate` for all heads at one position, from tables of cosines and sines.

    Args:
        rotary: the layer.
        n_positions: S, how many positions there may be.
        dtype: of queries and keys.
    """

    def __init__(self, rotary: RotaryPositions, n_positions: int, dtype: torch.dtype) -> None:
        positions = torch.arange(n_positions)
        half = rotary.d_head // 2
        one = torch.ones(1, 1, half, dtype=torch.float64).expand(1, n_positions, half)
        first = rotary.rotate(torch.cat([one, 0 * one], dim=-1), positions)[0]  # cos, then sin
        cosine, sine = first.to(dtype).chunk(2, dim=-1)
        self._cosine = torch.cat([cosine, cosine], dim=-1)
        self._sine = torch.cat([-sine, sine], dim=-1)
        self._other = torch.arange(2 * half).roll(half)  # each feature's partner in the turn
        self.move_to(0)

    def move_to(self, position: int) -> None:
        """Turn by this position's angles from now on."""
        self.cosine, self.sine = self._cosine[position], self._sine[position]

    def __call__(self, heads: Tensor) -> Tensor:
        """Turn each of the rows [H K]."""
        other = heads.index_select(1, self._other)
        return torch.addcmul(heads * self.cosine, other, self.sine)


class FastLayer:
    """One block and its part of the cache.

    Args:
        block: a pre-norm block.
        cache: for one sequence.
        joined: makes the matrices.
        turn: turns queries and keys, if any.
    """

    def __init__(
        self,
        block: PreNormBlock | PostNormBlock,
        cache: LayerCache,
        joined: Joined,
        turn: Turn | None,
    ) -> None:
        attention = block.attention
        if isinstance(attention, GroupedQueryAttention):
            n_kv_heads = attention.n_kv_heads
            self.query_key_value = joined(attention.query, attention.key, attention.value)
        else:
            n_kv_heads = attention.n_heads
            self.query_key_value = joined(attention.query_key_value)
        self.output = joined(attention.output)
        self.attention_norm = norm_part(block.attention_norm)
        self.feed_forward_norm = norm_part(block.feed_forward_norm)
        self.feed_forward = feed_forward_part(block.feed_forward, joined)
        self.turn = turn
        self.parts = [attention.n_heads, n_kv_heads, n_kv_heads]
        self.turned = [attention.n_heads, n_kv_heads]
        self.turned_and_not = [attention.n_heads + n_kv_heads, n_kv_heads]
        # The heads that share keys and values stand where else several positions would.
        self.groups = (1, n_kv_heads, attention.n_heads // n_kv_heads, attention.d_head)
        self.rows = (attention.n_heads + 2 * n_kv_heads, attention.d_head)
        self.cache = cache
        self.keys, self.values = cache.keys, cache.values
        self.my_keys, self.my_values = cache.keys[0], cache.values[0]

    def attend(self, x: Tensor, position: int) -> Tensor:
        """Add this position's key and value to the cache and gather from all up to it."""
        rows = self.query_key_value(x).view(self.rows)
        if self.turn is None:
            query, key, value = rows.split_with_sizes(self.parts)
        else:
            to_turn, value = rows.split_with_sizes(self.turned_and_not)
            query, key = self.turn(to_turn).split_with_sizes(self.turned)
        self.my_keys.select(1, position).copy_(key)
        self.my_values.select(1, position).copy_(value)
        end = position + 1
        self.cache.length = end
        mixed = F.scaled_dot_product_attention(
            query.view(self.groups), self.keys.narrow(2, 0, end), self.values.narrow(2, 0, end)
        )
        return self.output(mixed.reshape(x.shape))

    def step(self, x: Tensor, position: int) -> Tensor:
        """Update the residual stream at `position`; see `PreNormBlock.forward`."""
        x = x + self.attend(self.attention_norm(x), position)
        return x + self.feed_forward(self.feed_forward_norm(x))


class FastPostNormLayer(FastLayer):
    """The same for a post-norm block."""

    def step(self, x: Tensor, position: int) -> Tensor:
        """Update the residual stream at `position`; see `PostNormBlock.forward`."""
        x = self.attention_norm(x + self.attend(x, position))
        return self.feed_forward_norm(x + self.feed_forward(x))
