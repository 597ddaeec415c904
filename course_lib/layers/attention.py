"""Attention: the clear version, and the multi-head layer that uses the fused one."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive, check_probability
from course_lib.layers.kv_cache import LayerCache
from course_lib.layers.masks import causal_mask


def scaled_dot_product_attention(
    query: Float[Tensor, "*batch T K"],
    key: Float[Tensor, "*batch S K"],
    value: Float[Tensor, "*batch S E"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch T E"], Float[Tensor, "*batch T S"]]:
    """Average the values, each weighted by how well its key matches the query.

    softmax(Q Kᵀ / √K) V, with the scores of forbidden pairs set to −∞ before the softmax.
    A query that may attend to nothing gets weights and output 0, not NaN.

    Source: Vaswani et al. 2017, section 3.2.1, equation 1.

    Args:
        query: what each of the T positions looks for.
        key: what each of the S positions offers to be found by.
        value: what each of the S positions hands over.
        mask: True where a query may attend; broadcasts to (*batch, T, S).

    Returns:
        The output, and the attention weights, whose rows sum to 1.

    Raises:
        ValueError: the mask does not broadcast to the scores.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        try:
            allowed = mask.expand(scores.shape)
        except RuntimeError as error:
            raise ValueError(
                f"mask of shape {tuple(mask.shape)} does not broadcast to the scores' shape "
                f"{tuple(scores.shape)}"
            ) from error
        scores = scores.masked_fill(~allowed, -math.inf)
        weights = scores.softmax(dim=-1).masked_fill(~allowed, 0.0)
    else:
        weights = scores.softmax(dim=-1)
    return weights @ value, weights


class MultiHeadAttention(nn.Module):
    """Self-attention in `n_heads` subspaces of width K = d_model / n_heads at once.

    One matrix makes queries, keys and values together (D → 3D); the heads' outputs are joined
    and mixed by a second matrix (D → D).

    Source: Vaswani et al. 2017, section 3.2.2.

    Args:
        d_model: D, width of input and output.
        n_heads: H; must divide D.
        dropout: probability, on the attention weights and on the output.
        bias: whether the two projections have biases.
        fused: compute with PyTorch's fused kernel (fast) or with
            `scaled_dot_product_attention` above (clear). The results agree.

    Raises:
        ValueError: H does not divide D, or dropout is not a probability.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        fused: bool = True,
    ) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("n_heads", n_heads)
        check_probability("dropout", dropout)
        if d_model % n_heads:
            raise ValueError(f"n_heads={n_heads} must divide d_model={d_model}")
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.dropout = dropout
        self.fused = fused
        self.query_key_value = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)
        self.output_dropout = nn.Dropout(dropout)

    def split_heads(
        self, x: Float[Tensor, "B T D"]
    ) -> tuple[Float[Tensor, "B H T K"], Float[Tensor, "B H T K"], Float[Tensor, "B H T K"]]:
        """Project the input to queries, keys and values and cut each into heads."""
        batch, time, _ = x.shape
        projected = self.query_key_value(x).view(batch, time, 3, self.n_heads, self.d_head)
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        is_causal: bool = False,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Let each position gather from the positions it may see.

        Args:
            x: B sequences of T positions.
            mask: True where attention is allowed; broadcasts to (B, H, T, S).
            is_causal: in addition, no position sees a later one.
            cache: keys and values of earlier positions; this call's are appended to it, and
                S is then the cache's length after that.
        """
        query, key, value = self.split_heads(x)
        if cache is not None:
            key, value = cache.append(key, value)
        n_queries, n_keys = query.shape[-2], key.shape[-2]
        if is_causal and (mask is not None or n_queries not in (1, n_keys)):
            causal = causal_mask(n_queries, n_keys, device=x.device)
            mask = causal if mask is None else mask & causal
            is_causal = False
        is_causal = is_causal and n_queries > 1  # the last position may see all
        mixed = self._mix(query, key, value, mask, is_causal)
        joined = mixed.transpose(1, 2).flatten(2)
        out: Tensor = self.output_dropout(self.output(joined))
        return out

    def _mix(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        if self.fused:
            return F.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, dropout_p=dropout, is_causal=is_causal
            )
        if is_causal:
            mask = causal_mask(query.shape[-2], key.shape[-2], device=query.device)
        mixed, weights = scaled_dot_product_attention(query, key, value, mask)
        return F.dropout(weights, dropout) @ value if dropout else mixed
