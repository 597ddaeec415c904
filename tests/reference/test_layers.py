"""Layers equal to PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.layers import (
    FeedForward,
    LayerNorm,
    MultiHeadAttention,
    PreNormBlock,
    causal_mask,
    gelu_tanh,
    layer_norm,
    scaled_dot_product_attention,
)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("shape", [(7,), (1, 7), (3, 5, 7)])
def test_layer_norm(shape):
    x, gain, bias = 3 * torch.randn(shape) + 2, torch.randn(7), torch.randn(7)
    expected = F.layer_norm(x, (7,), gain, bias, 1e-5)
    torch.testing.assert_close(layer_norm(x, gain, bias), expected)
    layer, theirs = LayerNorm(7), nn.LayerNorm(7)
    layer.load_state_dict({"gain": gain, "bias": bias})
    theirs.load_state_dict({"weight": gain, "bias": bias})
    torch.testing.assert_close(layer(x), theirs(x))


def test_gelu_tanh():
    x = torch.linspace(-8, 8, 1001)
    torch.testing.assert_close(gelu_tanh(x), F.gelu(x, approximate="tanh"))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("times", [(1, 1), (4, 4), (2, 5)])
@pytest.mark.parametrize("masked", [False, True])
def test_scaled_dot_product_attention(batch, times, masked):
    queries, keys = times
    query = torch.randn(batch, 2, queries, 8)
    key, value = torch.randn(2, batch, 2, keys, 8)
    mask = causal_mask(queries, keys) if masked else None
    output, weights = scaled_dot_product_attention(query, key, value, mask)
    torch.testing.assert_close(
        output, F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    )
    torch.testing.assert_close(weights.sum(-1), torch.ones(batch, 2, queries))


def _torch_attention(ours: MultiHeadAttention, d_model: int, n_heads: int) -> nn.Module:
    theirs = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.query_key_value.weight,
            "in_proj_bias": ours.query_key_value.bias,
            "out_proj.weight": ours.output.weight,
            "out_proj.bias": ours.output.bias,
        }
    )
    return theirs


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(fused, batch, causal):
    ours = MultiHeadAttention(24, 4, fused=fused)
    theirs = _torch_attention(ours, 24, 4)
    x = torch.randn(batch, 6, 24)
    forbidden = ~causal_mask(6) if causal else None
    expected, _ = theirs(x, x, x, attn_mask=forbidden, need_weights=False)
    torch.testing.assert_close(ours(x, is_causal=causal), expected)


def test_multi_head_attention_with_padding():
    ours = MultiHeadAttention(24, 4)
    x = torch.randn(2, 6, 24)
    is_token = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    expected, _ = _torch_attention(ours, 24, 4)(
        x, x, x, key_padding_mask=~is_token, need_weights=False
    )
    torch.testing.assert_close(ours(x, is_token[:, None, None, :]), expected)


def test_pre_norm_block():
    ours = PreNormBlock(24, 4, 96)
    theirs = nn.TransformerEncoderLayer(
        24, 4, 96, dropout=0.0, batch_first=True, norm_first=True,
        activation=lambda x: F.gelu(x, approximate="tanh"),
    )  # fmt: skip
    theirs.self_attn = _torch_attention(ours.attention, 24, 4)
    for mine, other in (
        (ours.attention_norm, theirs.norm1),
        (ours.feed_forward_norm, theirs.norm2),
    ):
        nn.init.normal_(mine.gain)
        nn.init.normal_(mine.bias)
        other.load_state_dict({"weight": mine.gain, "bias": mine.bias})
    feed_forward: FeedForward = ours.feed_forward
    theirs.linear1.load_state_dict(feed_forward.widen.state_dict())
    theirs.linear2.load_state_dict(feed_forward.narrow.state_dict())
    x = torch.randn(3, 6, 24)
    torch.testing.assert_close(ours(x), theirs(x, src_mask=~causal_mask(6)))
