"""One decoding step for one sequence on a CPU: what the model's forward does, with less overhead.

Two things keep the module's forward from the pace that memory allows: products with a single
vector (see `matrices`), and module calls, which cost more than their arithmetic at small widths.
Here the matrices are laid out for single vectors and the layers are written out (`fast_layers`).
The results agree with the module's up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.generation.fast_layers import FastLayer, FastPostNormLayer, Turn, norm_part
from course_lib.generation.prepared import prepared_matrices
from course_lib.generation.quantization import (
    Int8Embedding,
    Int8GPT2,
    Int8Matrix,
    Int8Transformer,
)
from course_lib.layers import (
    FeedForward,
    GatedFeedForward,
    GroupedQueryAttention,
    KVCache,
    LayerNorm,
    LearnedPositions,
    MultiHeadAttention,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
    RotaryPositions,
    SinusoidalPositions,
)
from course_lib.models import GPT2, Decoder, Transformer

_MODELS = (GPT2, Int8GPT2, Transformer, Int8Transformer)
_PARTS = {
    *(nn.ModuleList, nn.Linear, nn.Embedding, nn.Dropout, nn.Identity, Int8Matrix, Int8Embedding),
    *(PreNormBlock, PostNormBlock, LayerNorm, RMSNorm, FeedForward, GatedFeedForward),
    *(MultiHeadAttention, GroupedQueryAttention),
    *(LearnedPositions, SinusoidalPositions, RotaryPositions),
}


class FastStep:
    """`model(token, cache=cache)` for one sequence and one token at a time.

    Args:
        model: on the CPU, float or int8, in evaluation mode; see `supports`.
        cache: its cache for batch size 1; earlier tokens may be in it.
        n_steps: how many tokens are expected; for many, the weights are copied into a faster
            order first (see `prepared`). Weights that change later are not noticed then.

    Raises:
        ValueError: `supports(model)` is False, or the cache is for more than one sequence.
    """

    def __init__(self, model: Decoder, cache: KVCache, *, n_steps: int = 1) -> None:
        if not self.supports(model):
            raise ValueError(
                "FastStep needs a GPT2 or a Transformer (without alibi) as the course defines "
                "them, on the CPU, in evaluation mode, without hooks"
            )
        if cache.layers[0].keys.shape[0] != 1:
            raise ValueError(f"FastStep needs batch size 1, got {cache.layers[0].keys.shape[0]}")
        self.cache = cache
        self.context_length = cache.layers[0].keys.shape[2]
        joined = prepared_matrices(model, n_steps)
        self.turn = _turn(model, cache)
        self.embed = _embedding(model)
        self.layers: list[FastLayer] = []
        for block, layer_cache in zip(model.blocks, cache.layers, strict=True):
            assert isinstance(block, PreNormBlock | PostNormBlock)
            kind = FastLayer if isinstance(block, PreNormBlock) else FastPostNormLayer
            self.layers.append(kind(block, layer_cache, joined, self.turn))
        self.final_norm = norm_part(model.final_norm)
        self.unembed = joined(_output(model))

    @staticmethod
    def supports(model: nn.Module) -> bool:
        """Tell whether the model is one that this step computes.

        It is not if a layer is another than the course's own (an adapter, say), or if hooks listen
        to it: they would not be called.
        """
        return (
            type(model) in _MODELS
            and not model.training
            and next(model.parameters()).device.type == "cpu"
            and getattr(model.config, "positions", "") != "alibi"
            and all(
                (module is model or type(module) in _PARTS)
                and not module._forward_hooks
                and not module._forward_pre_hooks
                for module in model.modules()
            )
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
        x = self.embed(token, position)
        if self.turn is not None:
            self.turn.move_to(position)
        for layer in self.layers:
            x = layer.step(x, position)
        return self.unembed(self.final_norm(x))


def _turn(model: Decoder, cache: KVCache) -> Turn | None:
    for module in model.modules():
        if isinstance(module, RotaryPositions):
            keys = cache.layers[0].keys
            return Turn(module, keys.shape[2], keys.dtype)
    return None


def _embedding(model: Decoder) -> Callable[[Tensor, int], Tensor]:
    if isinstance(model.positions, LearnedPositions):
        tokens, table = model.token_embedding, model.positions.table
        return lambda token, position: tokens(token) + table[position]
    assert isinstance(model, Transformer)
    embed = model.embed
    return lambda token, position: embed(token[None], position)[0]


def _output(model: Decoder) -> nn.Module:
    if isinstance(model, Int8GPT2 | Int8Transformer):
        return model.output_matrix
    output = getattr(model, "output", None)
    return model.token_embedding if output is None else output
