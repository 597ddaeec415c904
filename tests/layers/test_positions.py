"""What the position schemes promise, and what they refuse."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.layers import (
    CrossAttention,
    FeedForward,
    GatedFeedForward,
    GroupedQueryAttention,
    LayerCache,
    MultiHeadAttention,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
    RotaryPositions,
    SinusoidalPositions,
    alibi_bias,
    alibi_slopes,
    pairs_to_halves,
    rms_norm,
    sinusoidal_positions,
)


def test_sinusoids_by_hand():
    table = sinusoidal_positions(3, 4, base=100.0)
    row = [math.sin(2), math.cos(2), math.sin(0.2), math.cos(0.2)]
    torch.testing.assert_close(table[2], torch.tensor(row))
    assert torch.equal(SinusoidalPositions(4, base=100.0)(torch.tensor([[2, 0]]))[0, 0], table[2])


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 500))
def test_a_sinusoids_product_depends_on_the_distance(t, s, shift):
    layer = SinusoidalPositions(16)
    here, there = layer.encode(torch.tensor([[t, s], [t + shift, s + shift]]))
    torch.testing.assert_close(here[0] @ here[1], there[0] @ there[1], atol=1e-9, rtol=0)


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000))
def test_rotary_scores_depend_on_the_distance(t, s, shift):
    rotary = RotaryPositions(8)
    query, key = torch.randn(2, 1, 8, dtype=torch.float64, generator=torch.manual_seed(0))

    def score(t, s):
        turned = rotary.rotate(query, torch.tensor([t])), rotary.rotate(key, torch.tensor([s]))
        return (turned[0] * turned[1]).sum()

    torch.testing.assert_close(score(t, s), score(t + shift, s + shift), atol=1e-9, rtol=0)


def test_rotation_keeps_lengths_and_the_place_0():
    rotary, x = RotaryPositions(6), torch.randn(2, 3, 5, 6)
    turned = rotary(x, torch.arange(5))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(turned[..., 0, :], x[..., 0, :])


def test_the_papers_pairs_give_the_same_scores():
    query, key = torch.randn(2, 5, 8, dtype=torch.float64)
    positions = torch.tensor([0, 3, 4, 10, 11])
    angles = positions[:, None] * 10000.0 ** (-torch.arange(0, 8, 2, dtype=torch.float64) / 8)
    turn = torch.polar(torch.ones_like(angles), angles)

    def in_pairs(x):
        complex_x = torch.view_as_complex(x.view(5, 4, 2))
        return torch.view_as_real(complex_x * turn).flatten(1)

    rotary, order = RotaryPositions(8), pairs_to_halves(8)
    torch.testing.assert_close(rotary.rotate(query[:, order], positions), in_pairs(query)[:, order])
    in_halves = (
        rotary.rotate(query[:, order], positions) @ rotary.rotate(key[:, order], positions).T
    )
    torch.testing.assert_close(in_halves, in_pairs(query) @ in_pairs(key).T)


def test_alibi_slopes_and_bias():
    torch.testing.assert_close(alibi_slopes(4), torch.tensor([1 / 4, 1 / 16, 1 / 64, 1 / 256]))
    bias = alibi_bias(4, 3)
    assert bias[0].tolist() == [[0, -0.25, -0.5], [-0.25, 0, -0.25], [-0.5, -0.25, 0]]
    assert torch.equal(alibi_bias(4, 1, 3), bias[:, 2:])


def test_rms_norm_by_hand():
    out = rms_norm(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 2.0]), eps=0.5)
    torch.testing.assert_close(out, torch.tensor([3.0, 8.0]) / math.sqrt(13.0))


def test_gated_feed_forward_is_its_formula():
    layer, x = GatedFeedForward(4, 6), torch.randn(2, 3, 4)
    gate = layer.gate(x)
    torch.testing.assert_close(layer(x), layer.narrow(gate * gate.sigmoid() * layer.widen(x)))
    assert layer.gate.bias is None


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("alibi", [False, True])
def test_grouped_query_token_by_token_equals_at_once(n_kv_heads, rotary, alibi):
    layer = GroupedQueryAttention(16, 4, n_kv_heads, rotary=RotaryPositions(4) if rotary else None)
    x = torch.randn(2, 5, 16)
    at_once = layer(x, is_causal=True, score_bias=alibi_bias(4, 5) if alibi else None)
    empty = torch.zeros(2, 2, n_kv_heads, 5, 4)
    cache, parts = LayerCache(*empty), []
    for start, end in ((0, 2), (2, 3), (3, 5)):
        bias = alibi_bias(4, end - start, end) if alibi else None
        parts.append(layer(x[:, start:end], is_causal=True, cache=cache, score_bias=bias))
    torch.testing.assert_close(torch.cat(parts, dim=1), at_once)


def test_a_position_that_sees_nothing_gets_zero():
    layer = GroupedQueryAttention(8, 2, 1, bias=False)
    mask = torch.tensor([[True, False], [False, False]])
    x = torch.randn(1, 2, 8)
    assert torch.equal(layer(x, mask)[0, 1], torch.zeros(8))
    assert torch.equal(layer.weights(x, mask)[0, :, 1], torch.zeros(2, 2))


@pytest.mark.parametrize("kind", [PreNormBlock, PostNormBlock])
def test_blocks_look_back_only_unless_told(kind):
    block, x = kind(8, 2, 16), torch.randn(1, 4, 8)
    changed = x.clone()
    changed[:, 3] = torch.randn(8)
    torch.testing.assert_close(block(x)[:, :3], block(changed)[:, :3])
    encoder = kind(8, 2, 16, is_causal=False)
    assert (encoder(x) - encoder(changed)).abs()[:, 0].max() > 1e-4
    encoder.load_state_dict(block.state_dict())
    torch.testing.assert_close(block(x, is_causal=False), encoder(x))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sinusoidal_positions(0, 4), ValueError, "n_positions must be at least 1"),
        (lambda: sinusoidal_positions(3, 5), ValueError, "d_model must be even"),
        (lambda: SinusoidalPositions(4, base=1.0), ValueError, "base must be above 1"),
        (lambda: RotaryPositions(3), ValueError, "d_head must be even"),
        (lambda: RotaryPositions(4, base=0.5), ValueError, "base must be above 1"),
        (
            lambda: RotaryPositions(4).rotate(torch.zeros(1, 6), torch.arange(1)),
            ValueError,
            "x must have d_head=4 entries, got 6",
        ),
        (lambda: pairs_to_halves(3), ValueError, "even"),
        (lambda: alibi_slopes(0), ValueError, "n_heads must be at least 1"),
        (lambda: alibi_bias(2, 3, 2), ValueError, "n_keys must be at least n_queries"),
        (lambda: RMSNorm(4, eps=0.0), ValueError, "eps must be above 0"),
        (lambda: RMSNorm(0), ValueError, "d_model"),
        (lambda: FeedForward(4, 8, activation="tanh"), Exception, "activation|tanh"),
        (lambda: GatedFeedForward(4, 0), ValueError, "d_ff"),
        (lambda: GatedFeedForward(4, 8, dropout=1.0), ValueError, "dropout"),
        (lambda: GroupedQueryAttention(8, 3, 1), ValueError, "n_heads=3 must divide d_model=8"),
        (lambda: GroupedQueryAttention(8, 4, 3), ValueError, "n_kv_heads=3 must divide n_heads=4"),
        (
            lambda: GroupedQueryAttention(8, 2, 1, rotary=RotaryPositions(2)),
            ValueError,
            "rotary is made for d_head=2",
        ),
        (lambda: CrossAttention(8, 3), ValueError, "n_heads=3 must divide d_model=8"),
        (lambda: MultiHeadAttention(8, 3), ValueError, "must divide"),
    ],
)
def test_bad_inputs(make, error, message):
    with pytest.raises(error, match=message):
        make()
