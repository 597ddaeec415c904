"""Multi-head attention whose heads share keys and values: from one each to one for all."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive, check_probability
from course_lib.layers.kv_cache import LayerCache
from course_lib.layers.masks import causal_mask
from course_lib.layers.rotary import RotaryPositions


def attention_weights(
    query: Float[Tensor, "*batch T K"],
    key: Float[Tensor, "*batch S K"],
    bias: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch T S"]:
    """Return softmax(Q Kᵀ / √K + bias), with 0 throughout a row whose bias is −∞ throughout."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if bias is None:
        return scores.softmax(dim=-1)
    weights = (scores + bias).softmax(dim=-1)
    return weights.masked_fill(torch.isneginf(bias), 0.0)


class GroupedQueryAttention(nn.Module):
    """Self-attention with H query heads and fewer key and value heads, shared in groups.

    Query head h reads the keys and values of head ⌊h · n_kv_heads / H⌋. With n_kv_heads = H it
    is multi-head attention, with 1 multi-query attention. A cache needs n_kv_heads / H of the
    memory.

    Source: Ainslie et al. 2023, section 2.2; Shazeer 2019, section 3 (multi-query).

    Args:
        d_model: D.
        n_heads: H, number of query heads; must divide D.
        n_kv_heads: number of key and value heads; must divide H.
        dropout: probability, on the attention weights and on the output.
        bias: whether the four projections have biases.
        rotary: turns queries and keys by their position; None leaves them.

    Raises:
        ValueError: a size is below 1 or does not divide, `dropout` is not a probability, or
            `rotary` is of another width than the heads.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        rotary: RotaryPositions | None = None,
    ) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("n_heads", n_heads)
        check_positive("n_kv_heads", n_kv_heads)
        check_probability("dropout", dropout)
        if d_model % n_heads:
            raise ValueError(f"n_heads={n_heads} must divide d_model={d_model}")
        if n_heads % n_kv_heads:
            raise ValueError(f"n_kv_heads={n_kv_heads} must divide n_heads={n_heads}")
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.d_head = d_model // n_heads
        if rotary is not None and rotary.d_head != self.d_head:
            raise ValueError(
                f"rotary is made for d_head={rotary.d_head}, but d_model / n_heads is {self.d_head}"
            )
        self.dropout = dropout
        self.rotary = rotary
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.value = nn.Linear(d_model, n_kv_heads * self.d_head, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)
        self.output_dropout = nn.Dropout(dropout)

    def split_heads(
        self, x: Float[Tensor, "B T D"], positions: Int[Tensor, " T"] | None = None
    ) -> tuple[Float[Tensor, "B H T K"], Float[Tensor, "B G T K"], Float[Tensor, "B G T K"]]:
        """Project to queries (H heads), keys and values (G = n_kv_heads heads), turned if rotary.

        Args:
            x: the input.
            positions: where the T tokens stand; 0, 1, … where not given.
        """
        heads = (x.shape[0], x.shape[1], -1, self.d_head)
        query = self.query(x).view(heads).transpose(1, 2)
        key = self.key(x).view(heads).transpose(1, 2)
        value = self.value(x).view(heads).transpose(1, 2)
        if self.rotary is not None:
            if positions is None:
                positions = torch.arange(x.shape[1], device=x.device)
            query = self.rotary.rotate(query, positions)
            key = self.rotary.rotate(key, positions)
        return query, key, value

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        is_causal: bool = False,
        cache: LayerCache | None = None,
        score_bias: Float[Tensor, "H T S"] | None = None,
        positions: Int[Tensor, " T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Let each position gather from the positions it may see.

        Args:
            x: B sequences of T positions.
            mask: True where attention is allowed; broadcasts to (B, H, T, S).
            is_causal: in addition, no position sees a later one.
            cache: keys and values of earlier positions; this call's are appended to it, and
                S is then the cache's length after that.
            score_bias: added to the scores before the softmax, as by `alibi_bias`.
            positions: where the T tokens stand, for rotary; where not given, one after the other
                behind what is cached.
        """
        if positions is None and cache is not None and self.rotary is not None:
            positions = torch.arange(cache.length, cache.length + x.shape[1], device=x.device)
        query, key, value = self.split_heads(x, positions)
        if cache is not None:
            key, value = cache.append(key, value)
        n_queries, n_keys = query.shape[-2], key.shape[-2]
        plain = mask is None and score_bias is None and n_queries in (1, n_keys)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if plain else self._bias(query, n_keys, mask, is_causal, score_bias),
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=plain and is_causal and n_queries > 1,
            enable_gqa=self.n_kv_heads != self.n_heads,
        )
        out: Tensor = self.output_dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        return out

    def weights(
        self,
        x: Float[Tensor, "B T D"],
        mask: Bool[Tensor, "..."] | None = None,
        *,
        is_causal: bool = False,
        score_bias: Float[Tensor, "H T S"] | None = None,
    ) -> Float[Tensor, "B H T S"]:
        """Return the weights with which `forward` mixes the values; computed the clear way."""
        query, key, _ = self.split_heads(x)
        key = key.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
        return attention_weights(
            query, key, self._bias(query, key.shape[-2], mask, is_causal, score_bias)
        )

    @staticmethod
    def _bias(
        query: Tensor,
        n_keys: int,
        mask: Tensor | None,
        is_causal: bool,
        score_bias: Tensor | None,
    ) -> Tensor | None:
        """Join mask and bias to what is added to the scores: −∞ where attention is forbidden."""
        if is_causal:
            causal = causal_mask(query.shape[-2], n_keys, device=query.device)
            mask = causal if mask is None else mask & causal
        if mask is None:
            return None if score_bias is None else score_bias.to(query.dtype)
        if score_bias is None:
            score_bias = torch.zeros((), dtype=query.dtype, device=query.device)
        return score_bias.to(query.dtype).masked_fill(~mask, -torch.inf)
