"""One decoding step for one sequence on a CPU: what the model's forward does, with less overhead.

At batch 1 every weight is read once per token and used once, so the memory's bandwidth sets the
pace. Two things keep the module's forward from reaching it: PyTorch multiplies a matrix by a
single vector on one core only, and each module call costs more than its arithmetic at small
widths. Here each core multiplies its own share of every matrix's rows, and the layers are written
out. The results agree with the module's up to rounding.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.generation.quantization import Int8GPT2, Int8Matrix
from course_lib.layers import KVCache, LayerCache, LayerNorm, PreNormBlock
from course_lib.models import GPT2

_WORTH_SHARING = 2**14  # entries; below, waking another thread costs more than it saves


class RowSplitMatrix:
    """x ↦ x Wᵀ + b for a single x, with W's rows shared out among the threads.

    No weight is copied: the shares are views, multiplied as one batch.

    Args:
        weight: W.
        bias: b.
        n_parts: number of shares; where not given, the number of threads, or 1 for a small W.
    """

    def __init__(
        self,
        weight: Float[Tensor, "N M"],
        bias: Float[Tensor, " N"] | None = None,
        *,
        n_parts: int | None = None,
    ) -> None:
        rows, columns = weight.shape
        if n_parts is None:
            n_parts = torch.get_num_threads() if weight.numel() >= _WORTH_SHARING else 1
        parts = max(1, min(n_parts, rows))
        even = rows - rows % parts
        self.n_parts = parts
        self.weight = weight[:even].view(parts, even // parts, columns).transpose(1, 2)
        self.bias = None if bias is None else bias[:even].view(parts, 1, even // parts)
        self.rest = weight[even:] if even < rows else None  # less than one row per thread
        self.rest_bias = None if bias is None else bias[even:]

    def __call__(self, x: Float[Tensor, "1 M"]) -> Float[Tensor, "1 N"]:
        """Multiply."""
        repeated = x.expand(self.n_parts, *x.shape)
        if self.bias is None:
            out = torch.bmm(repeated, self.weight)
        else:
            out = torch.baddbmm(self.bias, repeated, self.weight)
        out = out.view(1, -1)
        if self.rest is not None:
            out = torch.cat([out, F.linear(x, self.rest, self.rest_bias)], dim=-1)
        return out


def _matrix(layer: nn.Module) -> RowSplitMatrix | Int8Matrix:
    if isinstance(layer, Int8Matrix):
        return layer
    assert isinstance(layer, nn.Linear)
    return RowSplitMatrix(layer.weight, layer.bias)


class _Layer:
    """One block and its part of the cache, as plain attributes."""

    def __init__(self, block: PreNormBlock, cache: LayerCache) -> None:
        self.attention_norm = _norm(block.attention_norm)
        self.feed_forward_norm = _norm(block.feed_forward_norm)
        self.query_key_value = _matrix(block.attention.query_key_value)
        self.output = _matrix(block.attention.output)
        self.widen = _matrix(block.feed_forward.widen)
        self.narrow = _matrix(block.feed_forward.narrow)
        self.heads = (3, 1, block.attention.n_heads, 1, block.attention.d_head)
        self.cache = cache
        self.keys = cache.keys
        self.values = cache.values

    def step(self, x: Tensor, position: int) -> Tensor:
        """Update the residual stream at `position`; see `PreNormBlock.forward`."""
        query, key, value = self.query_key_value(F.layer_norm(x, *self.attention_norm)).view(
            self.heads
        )
        self.keys.select(2, position).copy_(key.squeeze(2))
        self.values.select(2, position).copy_(value.squeeze(2))
        end = position + 1
        self.cache.length = end
        mixed = F.scaled_dot_product_attention(
            query, self.keys[:, :, :end], self.values[:, :, :end]
        )
        x = x + self.output(mixed.reshape(x.shape))
        wide = self.widen(F.layer_norm(x, *self.feed_forward_norm))
        return x + self.narrow(F.gelu(wide, approximate="tanh"))


def _norm(norm: LayerNorm) -> tuple[tuple[int], Tensor, Tensor, float]:
    return (norm.gain.shape[0],), norm.gain, norm.bias, norm.eps


class FastStep:
    """`model(token, cache=cache)` for one sequence and one token at a time.

    Args:
        model: a GPT-2 on the CPU, float or int8, in evaluation mode.
        cache: its cache for batch size 1; earlier tokens may be in it.

    Raises:
        ValueError: `supports(model)` is False, or the cache is for more than one sequence.
    """

    def __init__(self, model: GPT2, cache: KVCache) -> None:
        if not self.supports(model):
            raise ValueError("FastStep needs a GPT2 on the CPU, in evaluation mode")
        if cache.layers[0].keys.shape[0] != 1:
            raise ValueError(f"FastStep needs batch size 1, got {cache.layers[0].keys.shape[0]}")
        self.cache = cache
        self.embed = model.token_embedding
        self.position_table = model.positions.table
        self.context_length = cache.layers[0].keys.shape[2]
        self.layers: list[_Layer] = []
        for block, layer_cache in zip(model.blocks, cache.layers, strict=True):
            assert isinstance(block, PreNormBlock)
            self.layers.append(_Layer(block, layer_cache))
        self.final_norm = _norm(model.final_norm)
        self.unembed: RowSplitMatrix | Int8Matrix = (
            model.output_matrix
            if isinstance(model, Int8GPT2)
            else RowSplitMatrix(model.token_embedding.weight)
        )

    @staticmethod
    def supports(model: nn.Module) -> bool:
        """Tell whether the model is one that this step computes."""
        return (
            type(model) in (GPT2, Int8GPT2)
            and not model.training
            and next(model.parameters()).device.type == "cpu"
        )

    @torch.inference_mode()
    def __call__(self, token: Int[Tensor, " 1"]) -> Float[Tensor, "1 V"]:
        """Read one token and score the next; the token is added to the cache.

        Raises:
            ValueError: the cache is full.
        """
        position = self.cache.length
        if position >= self.context_length:
            raise ValueError(f"the cache is full: it has room for {self.context_length} tokens")
        x = self.embed(token) + self.position_table[position]
        for layer in self.layers:
            x = layer.step(x, position)
        return self.unembed(F.layer_norm(x, *self.final_norm))
