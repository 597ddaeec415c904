"""The decoder's block of 2017: self-attention, cross-attention, feed-forward."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_lib.layers.attention import MultiHeadAttention
from course_lib.layers.cross_attention import CrossAttention
from course_lib.layers.feed_forward import FeedForward
from course_lib.layers.kv_cache import LayerCache
from course_lib.layers.normalization import LayerNorm


class DecoderBlock(nn.Module):
    """Look back at what is written, then at the source, then think: each added and normalized.

    x ← norm(x + self_attention(x)); x ← norm(x + cross_attention(x, memory));
    x ← norm(x + feed_forward(x))

    Source: Vaswani et al. 2017, section 3.1 and figure 1, right.

    Args:
        d_model: D.
        n_heads: H, in both attentions.
        d_ff: F; the feed-forward layer bends with ReLU.
        dropout: probability, in both attentions and on the output of each part.
        layer_norm_eps: see `LayerNorm`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        layer_norm_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.attention_norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.cross_attention = CrossAttention(d_model, n_heads, dropout=dropout)
        self.cross_attention_norm = LayerNorm(d_model, eps=layer_norm_eps)
        self.feed_forward = FeedForward(d_model, d_ff, dropout=dropout, activation="relu")
        self.feed_forward_norm = LayerNorm(d_model, eps=layer_norm_eps)

    def read_back(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Do the first of the three steps: what cross-attention is asked with."""
        attended = self.attention(x, mask, is_causal=True, cache=cache)
        out: Tensor = self.attention_norm(x + attended)
        return out

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        memory_mask: Bool[Tensor, "..."] | None = None,
        mask: Bool[Tensor, "..."] | None = None,
        *,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Update the decoder's stream; no position sees a later one.

        Args:
            x: T positions of the target.
            memory: what the encoder made of the S positions of the source.
            memory_mask: True where a target position may look at a source position.
            mask: in addition to the causal one, for the self-attention.
            cache: see `MultiHeadAttention.forward`.
        """
        x = self.read_back(x, mask, cache=cache)
        x = self.cross_attention_norm(x + self.cross_attention(x, memory, memory_mask))
        out: Tensor = self.feed_forward_norm(x + self.feed_forward(x))
        return out
