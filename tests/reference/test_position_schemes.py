"""Position schemes and the layers of Llama equal to transformers' and to the papers' formulas."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaMLP,
    LlamaRMSNorm,
    LlamaRotaryEmbedding,
    apply_rotary_pos_emb,
)

from course_lib.layers import (
    GatedFeedForward,
    GroupedQueryAttention,
    RMSNorm,
    RotaryPositions,
    alibi_bias,
    alibi_slopes,
    causal_mask,
    rms_norm,
    sinusoidal_positions,
)
from course_lib.models import Transformer, TransformerConfig


def _llama(**changes) -> LlamaConfig:
    sizes = {
        "vocab_size": 31,
        "hidden_size": 24,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": True,
        "attn_implementation": "sdpa",
    }
    return LlamaConfig(**(sizes | changes))


def test_sinusoids_are_the_formula_in_float64():
    table = sinusoidal_positions(300, 10, dtype=torch.float64)
    for position in (0, 1, 7, 299):
        for i in range(5):
            angle = position / 10000 ** (2 * i / 10)
            assert math.isclose(table[position, 2 * i], math.sin(angle), abs_tol=1e-12)
            assert math.isclose(table[position, 2 * i + 1], math.cos(angle), abs_tol=1e-12)
    assert torch.equal(sinusoidal_positions(300, 10), table.float())


@pytest.mark.parametrize("n_heads", [1, 2, 3, 8, 12, 16, 20])
def test_alibi_is_blooms(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, 5), n_heads, torch.float32)  # slope · key position
    torch.testing.assert_close(alibi_slopes(n_heads), theirs[:, 0, 1])
    scores, mask = torch.randn(n_heads, 5, 5), causal_mask(5)
    ours = (scores + alibi_bias(n_heads, 5)).masked_fill(~mask, -torch.inf).softmax(-1)
    expected = (scores + theirs).masked_fill(~mask, -torch.inf).softmax(-1)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("base", [10000.0, 500000.0])
def test_rotary_is_llamas(base):
    config = _llama(rope_parameters={"rope_type": "default", "rope_theta": base})
    query, key = torch.randn(2, 3, 6, 9, 4)
    cosine, sine = LlamaRotaryEmbedding(config)(query, torch.arange(9)[None])
    expected = apply_rotary_pos_emb(query, key, cosine, sine)
    rotary = RotaryPositions(4, base=base)
    for x, theirs in zip((query, key), expected, strict=True):
        torch.testing.assert_close(rotary.rotate(x, torch.arange(9)), theirs)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
def test_grouped_query_is_llamas(batch, n_kv_heads):
    config = _llama(num_key_value_heads=n_kv_heads)
    theirs = LlamaAttention(config, layer_idx=0)
    ours = GroupedQueryAttention(24, 6, n_kv_heads, bias=False, rotary=RotaryPositions(4))
    for mine, other in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
        getattr(ours, mine).load_state_dict(getattr(theirs, f"{other}_proj").state_dict())
    x = torch.randn(batch, 7, 24)
    places = LlamaRotaryEmbedding(config)(x, torch.arange(7)[None])
    bias = torch.zeros(batch, 1, 7, 7).masked_fill(~causal_mask(7), -torch.inf)
    expected, _ = theirs(x, position_embeddings=places, attention_mask=bias)
    torch.testing.assert_close(ours(x, is_causal=True), expected)
    torch.testing.assert_close(ours(x, causal_mask(7)), expected)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
@pytest.mark.parametrize("causal", [False, True])
def test_grouped_query_is_torchs(n_kv_heads, causal):
    layer, x = GroupedQueryAttention(24, 6, n_kv_heads), torch.randn(2, 7, 24)
    query, key, value = layer.split_heads(x)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=causal, enable_gqa=True)
    expected = layer.output(expected.transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer(x, is_causal=causal), expected)
    weights = layer.weights(x, is_causal=causal)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 6, 7))
    mixed = weights @ value.repeat_interleave(6 // n_kv_heads, dim=1)
    torch.testing.assert_close(layer.output(mixed.transpose(1, 2).flatten(2)), expected)


@pytest.mark.parametrize("shape", [(7,), (1, 7), (3, 5, 7)])
def test_rms_norm(shape):
    x, gain = 3 * torch.randn(shape) + 2, torch.randn(7)
    for eps in (1e-6, 0.5):
        theirs = nn.RMSNorm(7, eps=eps)
        theirs.load_state_dict({"weight": gain})
        ours = RMSNorm(7, eps=eps)
        ours.load_state_dict({"gain": gain})
        torch.testing.assert_close(rms_norm(x, gain, eps), theirs(x))
        torch.testing.assert_close(ours(x), theirs(x))
        llama = LlamaRMSNorm(7, eps=eps)
        llama.load_state_dict({"weight": gain})
        torch.testing.assert_close(ours(x), llama(x))


def test_gated_feed_forward_is_llamas():
    theirs, ours = LlamaMLP(_llama()), GatedFeedForward(24, 64)
    for mine, other in (("gate", "gate"), ("widen", "up"), ("narrow", "down")):
        getattr(ours, mine).load_state_dict(getattr(theirs, f"{other}_proj").state_dict())
    x = torch.randn(2, 5, 24)
    torch.testing.assert_close(ours(x), theirs(x))


def test_the_whole_stack_is_llama():
    theirs = LlamaForCausalLM(_llama()).eval()
    config = TransformerConfig(
        31, 64, 24, 6, 2, n_kv_heads=2, d_ff=64,
        positions="rotary", norm="rms", feed_forward="swiglu", bias=False,
    )  # fmt: skip
    ours = Transformer(config)
    names = {
        "token_embedding": "embed_tokens", "final_norm": "norm", "blocks": "layers",
        "attention_norm": "input_layernorm", "feed_forward_norm": "post_attention_layernorm",
        "attention": "self_attn", "feed_forward": "mlp", "query": "q_proj", "key": "k_proj",
        "value": "v_proj", "output": "o_proj", "gate": "gate_proj", "widen": "up_proj",
        "narrow": "down_proj", "gain": "weight",
    }  # fmt: skip
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(0.0, 0.3)
    weights = theirs.state_dict()
    ours.load_state_dict(
        {
            key: weights["model." + ".".join(names.get(part, part) for part in key.split("."))]
            for key in ours.state_dict()
        }
    )
    tokens = torch.randint(31, (3, 20))
    torch.testing.assert_close(ours(tokens), theirs(tokens).logits, atol=1e-4, rtol=1e-4)
