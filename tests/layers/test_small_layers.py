import math

import pytest
import torch

from course_lib.layers import (
    FeedForward,
    LayerNorm,
    LearnedPositions,
    PreNormBlock,
    gelu_tanh,
    layer_norm,
)


def test_layer_norm_worked_example():
    # Mean 2, variance 1 (divided by D).
    out = layer_norm(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.0]), torch.tensor([0.0, 5.0]))
    torch.testing.assert_close(out, torch.tensor([-1.0, 7.0]), atol=1e-4, rtol=0)


def test_gelu_known_values():
    exact = [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in (-3.0, -1.0, 0.0, 0.5, 2.0)]
    out = gelu_tanh(torch.tensor([-3.0, -1.0, 0.0, 0.5, 2.0]))
    torch.testing.assert_close(out, torch.tensor(exact), atol=5e-4, rtol=0)


def test_feed_forward_treats_positions_alone():
    torch.manual_seed(0)
    layer = FeedForward(4, 16)
    x = torch.randn(1, 3, 4)
    torch.testing.assert_close(layer(x)[:, 1:2], layer(x[:, 1:2]))
    clear = layer.narrow(gelu_tanh(layer.widen(x)))
    torch.testing.assert_close(layer(x), clear)


def test_positions_look_up_rows():
    positions = LearnedPositions(4, 2)
    assert torch.equal(positions(torch.tensor([3, 0])), positions.table[[3, 0]])


def test_block_with_zero_outputs_is_the_identity():
    block = PreNormBlock(8, 2, 16)
    for layer in (block.attention.output, block.feed_forward.narrow):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = torch.randn(2, 3, 8)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LayerNorm(0), "d_model must be at least 1"),
        (lambda: LayerNorm(3, eps=0.0), "eps must be above 0"),
        (lambda: FeedForward(0, 3), "d_model"),
        (lambda: FeedForward(3, 0), "d_ff"),
        (lambda: LearnedPositions(0, 3), "context_length"),
        (lambda: LearnedPositions(3, 0), "d_model"),
    ],
)
def test_bad_sizes(make, message):
    with pytest.raises(ValueError, match=message):
        make()
