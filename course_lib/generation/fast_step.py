"""One decoding step for one sequence on a CPU: what the model's forward does, with less overhead.

Two things keep the module's forward from the pace that memory allows: products with a single
vector (see `matrices`), and module calls, which cost more than their arithmetic at small widths.
Here the matrices are laid out for single vectors and the layers are written out. The results agree
with the module's up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.generation.matrices import (
    WORTH_PACKING,
    Matrix,
    fastest_matrix,
    has_fbgemm,
    is_half_at_heart,
)
from course_lib.generation.quantization import Int8GPT2, Int8Matrix
from course_lib.layers import (
    FeedForward,
    KVCache,
    LayerCache,
    LayerNorm,
    MultiHeadAttention,
    PreNormBlock,
)
from course_lib.models import GPT2


class _Layer:
    """One block and its part of the cache, as plain attributes."""

    def __init__(
        self, block: PreNormBlock, cache: LayerCache, matrix: Callable[[nn.Module], Matrix]
    ) -> None:
        attention, feed_forward = block.attention, block.feed_forward
        assert isinstance(attention, MultiHeadAttention)  # GPT-2's parts, not another's
        assert isinstance(feed_forward, FeedForward)
        assert isinstance(block.attention_norm, LayerNorm)
        assert isinstance(block.feed_forward_norm, LayerNorm)
        self.attention_norm = _norm(block.attention_norm)
        self.feed_forward_norm = _norm(block.feed_forward_norm)
        self.query_key_value = matrix(attention.query_key_value)
        self.output = matrix(attention.output)
        self.widen = matrix(feed_forward.widen)
        self.narrow = matrix(feed_forward.narrow)
        self.heads = (3, 1, attention.n_heads, 1, attention.d_head)
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
        n_steps: how many tokens are expected; for many, the weights are copied into a faster
            order first, which takes as much memory again as most of them have. Weights that
            change later are not noticed then.

    Raises:
        ValueError: `supports(model)` is False, or the cache is for more than one sequence.
    """

    def __init__(self, model: GPT2, cache: KVCache, *, n_steps: int = 1) -> None:
        if not self.supports(model):
            raise ValueError("FastStep needs a GPT2 on the CPU, in evaluation mode")
        if cache.layers[0].keys.shape[0] != 1:
            raise ValueError(f"FastStep needs batch size 1, got {cache.layers[0].keys.shape[0]}")
        self.cache = cache
        self.embed = model.token_embedding
        self.position_table = model.positions.table
        self.context_length = cache.layers[0].keys.shape[2]
        half = (
            n_steps >= WORTH_PACKING
            and has_fbgemm()
            and all(is_half_at_heart(p) for p in model.parameters() if p.dim() == 2)
        )

        def matrix(layer: nn.Module) -> Matrix:
            if isinstance(layer, Int8Matrix):
                return layer
            assert isinstance(layer, nn.Linear)
            return fastest_matrix(layer.weight, layer.bias, n_products=n_steps, half=half)

        self.layers: list[_Layer] = []
        for block, layer_cache in zip(model.blocks, cache.layers, strict=True):
            assert isinstance(block, PreNormBlock)
            self.layers.append(_Layer(block, layer_cache, matrix))
        self.final_norm = _norm(model.final_norm)
        self.unembed: Matrix = (
            model.output_matrix
            if isinstance(model, Int8GPT2)
            else fastest_matrix(model.token_embedding.weight, None, n_products=n_steps, half=half)
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
