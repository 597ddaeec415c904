import pytest
import torch

from course_lib.layers import (
    KVCache,
    MultiHeadAttention,
    causal_mask,
    padding_mask,
    scaled_dot_product_attention,
)


def test_worked_example():
    # Scores (2/√1, 0) for keys 2 and 0: weights e² : 1.
    one = torch.tensor([[1.0]])
    output, weights = scaled_dot_product_attention(
        one, torch.tensor([[2.0], [0.0]]), torch.tensor([[1.0, 10.0], [3.0, 20.0]])
    )
    e2 = torch.e**2
    torch.testing.assert_close(weights, torch.tensor([[e2 / (e2 + 1), 1 / (e2 + 1)]]))
    torch.testing.assert_close(
        output, torch.tensor([[(e2 + 3) / (e2 + 1), (10 * e2 + 20) / (e2 + 1)]])
    )


def test_rows_that_see_nothing_are_zero_and_have_finite_gradients():
    x = torch.randn(2, 3, 4, requires_grad=True)
    mask = torch.tensor([[True, False, False], [False, False, False], [True, True, True]])
    output, weights = scaled_dot_product_attention(x, x, x, mask)
    assert torch.equal(output[:, 1], torch.zeros(2, 4))
    assert torch.equal(weights.sum(-1).round(decimals=5), torch.tensor([[1.0, 0.0, 1.0]] * 2))
    output.sum().backward()
    assert torch.isfinite(x.grad).all()


def test_mask_that_does_not_fit():
    x = torch.zeros(1, 3, 2)
    with pytest.raises(ValueError, match=r"mask of shape \(4, 4\) does not broadcast"):
        scaled_dot_product_attention(x, x, x, torch.ones(4, 4, dtype=torch.bool))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_fused_equals_clear(batch, causal, padded):
    torch.manual_seed(0)
    fused = MultiHeadAttention(12, 3)
    clear = MultiHeadAttention(12, 3, fused=False)
    clear.load_state_dict(fused.state_dict())
    x = torch.randn(batch, 5, 12)
    mask = None
    if padded:
        is_token = torch.ones(batch, 5, dtype=torch.bool)
        is_token[0, 3:] = False
        mask = padding_mask(is_token)
    torch.testing.assert_close(fused(x, mask, is_causal=causal), clear(x, mask, is_causal=causal))


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("pieces", [[1] * 6, [3, 3], [4, 1, 1], [6]])
def test_cache_equals_no_cache(fused, pieces):
    torch.manual_seed(0)
    attention = MultiHeadAttention(12, 3, fused=fused)
    x = torch.randn(2, 6, 12)
    cache = KVCache(1, 2, 3, 6, 4)
    parts = [attention(p, is_causal=True, cache=cache.layers[0]) for p in x.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), attention(x, is_causal=True))
    assert cache.length == 6


def test_dropout_only_in_training():
    torch.manual_seed(0)
    for fused in (True, False):
        attention = MultiHeadAttention(12, 3, dropout=0.5, fused=fused)
        x = torch.randn(1, 4, 12)
        assert not torch.equal(attention(x), attention(x))
        attention.eval()
        assert torch.equal(attention(x), attention(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 3, 0.0), "n_heads=3 must divide d_model=10"),
        ((0, 1, 0.0), "d_model must be at least 1"),
        ((4, 0, 0.0), "n_heads must be at least 1"),
        ((4, 2, 1.5), "dropout"),
    ],
)
def test_bad_sizes(arguments, message):
    d_model, n_heads, dropout = arguments
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(d_model, n_heads, dropout=dropout)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((1,), [[1]]),
        ((3,), [[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
        ((2, 4), [[1, 1, 1, 0], [1, 1, 1, 1]]),
        ((1, 3), [[1, 1, 1]]),
    ],
)
def test_causal_mask(sizes, expected):
    assert causal_mask(*sizes).int().tolist() == expected


@pytest.mark.parametrize("sizes", [(0,), (3, 2), (-1, 4)])
def test_bad_causal_mask(sizes):
    with pytest.raises(ValueError, match="must be at least"):
        causal_mask(*sizes)


def test_padding_mask():
    assert padding_mask(torch.tensor([[1, 0]])).tolist() == [[[[True, False]]]]
    with pytest.raises(ValueError, match="only 0"):
        padding_mask(torch.tensor([[1, 2]]))
