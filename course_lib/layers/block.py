"""A Transformer block: attention, then feed-forward, each added to the residual stream."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_lib.layers.attention import MultiHeadAttention
from course_lib.layers.feed_forward import FeedForward
from course_lib.layers.kv_cache import LayerCache
from course_lib.layers.normalization import LayerNorm


class PreNormBlock(nn.Module):
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
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        layer_norm_eps: float = 1e-5,
        fused: bool = True,
    ) -> None:
        super().__init__()
        self.attention_norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout, fused=fused)
        self.feed_forward_norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.feed_forward = FeedForward(d_model, d_ff, dropout=dropout)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Update the residual stream; no position sees a later one.

        Args:
            x: the residual stream.
            mask: in addition to the causal one, True where attention is allowed.
            cache: see `MultiHeadAttention.forward`.
        """
        x = x + self.attention(self.attention_norm(x), mask, is_causal=True, cache=cache)
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x
