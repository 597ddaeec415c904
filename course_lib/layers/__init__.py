"""The parts a Transformer is made of."""

from course_lib.layers.alibi import alibi_bias, alibi_slopes
from course_lib.layers.attention import MultiHeadAttention, scaled_dot_product_attention
from course_lib.layers.block import PostNormBlock, PreNormBlock
from course_lib.layers.cross_attention import CrossAttention
from course_lib.layers.decoder_block import DecoderBlock
from course_lib.layers.feed_forward import FeedForward, GatedFeedForward, gelu_tanh
from course_lib.layers.grouped_query import GroupedQueryAttention
from course_lib.layers.kv_cache import KVCache, LayerCache
from course_lib.layers.masks import (
    causal_mask,
    cross_mask,
    decoder_padding,
    full_mask,
    padding_mask,
    permutation_mask,
    prefix_mask,
)
from course_lib.layers.normalization import LayerNorm, RMSNorm, layer_norm, rms_norm
from course_lib.layers.positions import (
    LearnedPositions,
    SinusoidalPositions,
    pair_frequencies,
    sinusoidal_positions,
)
from course_lib.layers.rotary import RotaryPositions, pairs_to_halves

__all__ = [
    "CrossAttention",
    "DecoderBlock",
    "FeedForward",
    "GatedFeedForward",
    "GroupedQueryAttention",
    "KVCache",
    "LayerCache",
    "LayerNorm",
    "LearnedPositions",
    "MultiHeadAttention",
    "PostNormBlock",
    "PreNormBlock",
    "RMSNorm",
    "RotaryPositions",
    "SinusoidalPositions",
    "alibi_bias",
    "alibi_slopes",
    "causal_mask",
    "cross_mask",
    "decoder_padding",
    "full_mask",
    "gelu_tanh",
    "layer_norm",
    "padding_mask",
    "pair_frequencies",
    "pairs_to_halves",
    "permutation_mask",
    "prefix_mask",
    "rms_norm",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
]
