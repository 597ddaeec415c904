"""A Transformer block: attention, then feed-forward, each added to the residual stream."""

from __future__ import annotations

from typing import TypeVar

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.layers.attention import MultiHeadAttention
from course_lib.layers.feed_forward import Activation, FeedForward, GatedFeedForward
from course_lib.layers.grouped_query import GroupedQueryAttention
from course_lib.layers.kv_cache import LayerCache
from course_lib.layers.normalization import LayerNorm, RMSNorm

Attention = MultiHeadAttention | GroupedQueryAttention
Norm = LayerNorm | RMSNorm
PositionWise = FeedForward | GatedFeedForward
Block = TypeVar("Block", bound="_Block")


class _Block(nn.Module):
    """What the two blocks share: their parts. How these are joined is the subclass's `forward`."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        layer_norm_eps: float = 1e-5,
        fused: bool = True,
        is_causal: bool = True,
        activation: Activation = "gelu_tanh",
    ) -> None:
        super().__init__()
        self.attention_norm: Norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.attention: Attention = MultiHeadAttention(
            d_model, n_heads, dropout=dropout, fused=fused
        )
        self.feed_forward_norm: Norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.feed_forward: PositionWise = FeedForward(
            d_model, d_ff, dropout=dropout, activation=activation
        )
        self.is_causal = is_causal

    @classmethod
    def from_parts(
        cls: type[Block],
        *,
        attention_norm: Norm,
        attention: Attention,
        feed_forward_norm: Norm,
        feed_forward: PositionWise,
        is_causal: bool = True,
    ) -> Block:
        """Make a block of other parts: other attention, normalization or feed-forward layers.

        Args:
            attention_norm: normalizes for, or after, the attention.
            attention: a `GroupedQueryAttention` where a `score_bias` will be given.
            feed_forward_norm: the same for the feed-forward layer.
            feed_forward: the feed-forward layer.
            is_causal: see the class.
        """
        block = cls.__new__(cls)
        nn.Module.__init__(block)
        block.attention_norm = attention_norm
        block.attention = attention
        block.feed_forward_norm = feed_forward_norm
        block.feed_forward = feed_forward
        block.is_causal = is_causal
        return block

    def _attend(
        self,
        x: Tensor,
        mask: Tensor | None,
        cache: LayerCache | None,
        score_bias: Tensor | None,
        is_causal: bool | None,
        positions: Tensor | None,
    ) -> Tensor:
        is_causal = self.is_causal if is_causal is None else is_causal
        only_grouped = {"score_bias": score_bias, "positions": positions}
        given = {name: value for name, value in only_grouped.items() if value is not None}
        out: Tensor = self.attention(x, mask, is_causal=is_causal, cache=cache, **given)
        return out


class PreNormBlock(_Block):
    """The block of GPT-2: each part reads a normalized copy and adds to the stream itself.

    x ← x + attention(norm(x)); x ← x + feed_forward(norm(x))

    Source: Radford et al. 2019, section 2.3.

    Args:
        d_model: D.
        n_heads: H.
        d_ff: F.
        dropout: probability, in attention and on both parts' outputs.
        layer_norm_eps: see `LayerNorm`.
        fused: see `MultiHeadAttention`.
        is_causal: no position sees a later one (a decoder); False for an encoder.
        activation: see `FeedForward`.
    """

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        cache: LayerCache | None = None,
        score_bias: Float[Tensor, "H T S"] | None = None,
        is_causal: bool | None = None,
        positions: Int[Tensor, " T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Update the residual stream.

        Args:
            x: the residual stream.
            mask: True where attention is allowed; in addition to the causal one, if any.
            cache: see `MultiHeadAttention.forward`.
            score_bias: see `GroupedQueryAttention.forward`, the layer that takes it.
            is_causal: for this call; as the block was made where not given.
            positions: see `GroupedQueryAttention.forward`, the layer that takes them.
        """
        normed = self.attention_norm(x)
        x = x + self._attend(normed, mask, cache, score_bias, is_causal, positions)
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x


class PostNormBlock(_Block):
    """The block of 2017 and of GPT-1: the stream itself is normalized after each part.

    x ← norm(x + attention(x)); x ← norm(x + feed_forward(x))

    Source: Vaswani et al. 2017, section 3.1 (with activation "relu"); Radford et al. 2018,
    section 4.1 (with "gelu_tanh").

    Args:
        d_model: D.
        n_heads: H.
        d_ff: F.
        dropout: probability, in attention and on both parts' outputs.
        layer_norm_eps: see `LayerNorm`.
        fused: see `MultiHeadAttention`.
        is_causal: no position sees a later one (a decoder); False for an encoder.
        activation: see `FeedForward`.
    """

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        cache: LayerCache | None = None,
        score_bias: Float[Tensor, "H T S"] | None = None,
        is_causal: bool | None = None,
        positions: Int[Tensor, " T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Update the residual stream; arguments as in `PreNormBlock.forward`."""
        attended = self._attend(x, mask, cache, score_bias, is_causal, positions)
        x = self.attention_norm(x + attended)
        out: Tensor = self.feed_forward_norm(x + self.feed_forward(x))
        return out
