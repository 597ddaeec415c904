"""The parts a Transformer is made of."""

from course_lib.layers.attention import MultiHeadAttention, scaled_dot_product_attention
from course_lib.layers.block import PreNormBlock
from course_lib.layers.feed_forward import FeedForward, gelu_tanh
from course_lib.layers.kv_cache import KVCache, LayerCache
from course_lib.layers.masks import causal_mask, padding_mask
from course_lib.layers.normalization import LayerNorm, layer_norm
from course_lib.layers.positions import LearnedPositions

__all__ = [
    "FeedForward",
    "KVCache",
    "LayerCache",
    "LayerNorm",
    "LearnedPositions",
    "MultiHeadAttention",
    "PreNormBlock",
    "causal_mask",
    "gelu_tanh",
    "layer_norm",
    "padding_mask",
    "scaled_dot_product_attention",
]
