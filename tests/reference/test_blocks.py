"""Post-norm and pre-norm blocks and cross-attention equal to PyTorch's."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.layers import (
    CrossAttention,
    PostNormBlock,
    PreNormBlock,
    causal_mask,
    cross_mask,
    padding_mask,
)

ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}


def _twins(kind, activation, **options):
    theirs = nn.TransformerEncoderLayer(
        24, 4, 96, dropout=0.0, batch_first=True, norm_first=kind is PreNormBlock,
        activation=ACTIVATIONS[activation],
    )  # fmt: skip
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = kind(24, 4, 96, activation=activation, **options)
    names = {
        "attention.query_key_value.weight": "self_attn.in_proj_weight",
        "attention.query_key_value.bias": "self_attn.in_proj_bias",
        "attention.output.weight": "self_attn.out_proj.weight",
        "attention.output.bias": "self_attn.out_proj.bias",
        "attention_norm.gain": "norm1.weight",
        "attention_norm.bias": "norm1.bias",
        "feed_forward_norm.gain": "norm2.weight",
        "feed_forward_norm.bias": "norm2.bias",
        "feed_forward.widen.weight": "linear1.weight",
        "feed_forward.widen.bias": "linear1.bias",
        "feed_forward.narrow.weight": "linear2.weight",
        "feed_forward.narrow.bias": "linear2.bias",
    }
    weights = theirs.state_dict()
    ours.load_state_dict({mine: weights[name] for mine, name in names.items()})
    return ours, theirs


@pytest.mark.parametrize("kind", [PreNormBlock, PostNormBlock])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_decoder_and_encoder(kind, activation, batch):
    x = torch.randn(batch, 6, 24)
    ours, theirs = _twins(kind, activation)
    torch.testing.assert_close(ours(x), theirs(x, src_mask=~causal_mask(6)))
    ours, theirs = _twins(kind, activation, is_causal=False, fused=False)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours(x[:, :1]), theirs(x[:, :1]))


@pytest.mark.parametrize("kind", [PreNormBlock, PostNormBlock])
def test_encoder_with_padding(kind):
    ours, theirs = _twins(kind, "relu", is_causal=False)
    x = torch.randn(2, 6, 24)
    is_token = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    expected = theirs(x, src_key_padding_mask=~is_token)
    torch.testing.assert_close(ours(x, padding_mask(is_token))[is_token], expected[is_token])


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("lengths", [(1, 1), (5, 3), (2, 7)])
def test_cross_attention(batch, lengths):
    n_queries, n_keys = lengths
    theirs = nn.MultiheadAttention(24, 4, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    ours = CrossAttention(24, 4)
    for part, weight, bias in zip(
        (ours.query, ours.key, ours.value),
        theirs.in_proj_weight.chunk(3),
        theirs.in_proj_bias.chunk(3),
        strict=True,
    ):
        part.load_state_dict({"weight": weight, "bias": bias})
    ours.output.load_state_dict(theirs.out_proj.state_dict())
    x, memory = torch.randn(batch, n_queries, 24), torch.randn(batch, n_keys, 24)
    is_token = torch.ones(batch, n_keys, dtype=torch.bool)
    is_token[0, 1:] = False
    expected, weights = theirs(
        x, memory, memory, key_padding_mask=~is_token, average_attn_weights=False
    )
    mask = cross_mask(is_token, n_queries)
    torch.testing.assert_close(ours(x, memory, mask), expected)
    torch.testing.assert_close(ours.weights(x, memory, mask), weights)
    expected, _ = theirs(x, memory, memory)
    torch.testing.assert_close(ours(x, memory), expected)
