"""Who may see whom, mask by mask; then what the masks do inside attention."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.layers import (
    CrossAttention,
    GroupedQueryAttention,
    MultiHeadAttention,
    causal_mask,
    cross_mask,
    full_mask,
    padding_mask,
    permutation_mask,
    prefix_mask,
)

TABLE = {
    "causal": (causal_mask(4), ["x...", "xx..", "xxx.", "xxxx"]),
    "causal, two last queries": (causal_mask(2, 4), ["xxx.", "xxxx"]),
    "causal, one position": (causal_mask(1), ["x"]),
    "full": (full_mask(3), ["xxx", "xxx", "xxx"]),
    "prefix of 0": (prefix_mask(3, 0), ["x..", "xx.", "xxx"]),
    "prefix of 1": (prefix_mask(3, 1), ["x..", "xx.", "xxx"]),
    "prefix of 2": (prefix_mask(4, 2), ["xx..", "xx..", "xxx.", "xxxx"]),
    "prefix of all": (prefix_mask(3, 3), ["xxx", "xxx", "xxx"]),
    "permutation 3 1 0 2, query": (
        permutation_mask([3, 1, 0, 2]),
        [".xxx", "..x.", "....", ".xx."],
    ),
    "permutation 3 1 0 2, content": (
        permutation_mask([3, 1, 0, 2], stream="content"),
        ["xxxx", ".xx.", "..x.", ".xxx"],
    ),
    "permutation 0 1 2, content": (
        permutation_mask([0, 1, 2], stream="content"),
        ["x..", "xx.", "xxx"],
    ),
    "padding at the end": (padding_mask(torch.tensor([[1, 1, 0]]))[0, 0], ["xx."]),
    "padding at the start": (padding_mask(torch.tensor([[False, True]]))[0, 0], [".x"]),
    "causal with padding": (
        (causal_mask(3) & padding_mask(torch.tensor([[0, 1, 1]])))[0, 0],
        ["...", ".x.", ".xx"],
    ),
    "cross": (cross_mask(torch.tensor([[1, 1, 0]]), 2)[0, 0], ["xx.", "xx."]),
}


@pytest.mark.parametrize("name", TABLE)
def test_who_may_see_whom(name):
    mask, rows = TABLE[name]
    assert mask.dtype == torch.bool
    assert ["".join("x" if seen else "." for seen in row) for row in mask.tolist()] == rows


def test_batches_and_shapes():
    is_token = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert padding_mask(is_token).shape == (2, 1, 1, 3)
    assert cross_mask(is_token, 5).shape == (2, 1, 5, 3)
    assert torch.equal(cross_mask(is_token, 1), padding_mask(is_token))


@given(st.permutations(range(6)))
def test_a_permutation_orders_all_pairs(order):
    query, content = permutation_mask(order), permutation_mask(order, stream="content")
    assert torch.equal(content, query | torch.eye(6, dtype=torch.bool))
    assert torch.equal(query, ~content.T)  # of two positions, exactly one sees the other
    # Seeing is transitive: what a visible position has seen, one sees too.
    assert not ((content.int() @ content.int() > 0) & ~content).any()


def _leaks(layer, mask, x):
    """[T, S]: whether position s of the input moves position t of the output."""
    base = layer(x, mask)
    moved = []
    for s in range(x.shape[1]):
        other = x.clone()
        other[:, s] += 1.0
        moved.append(((layer(other, mask) - base).abs().amax(-1) > 1e-6)[0])
    return torch.stack(moved, dim=1)


@pytest.mark.parametrize(
    "mask",
    [causal_mask(5), full_mask(5), prefix_mask(5, 3), permutation_mask([3, 1, 4, 0, 2])],
    ids=["causal", "full", "prefix", "permutation"],
)
@pytest.mark.parametrize("kind", ["multi-head", "clear", "grouped"])
def test_attention_obeys(mask, kind):
    layer = {
        "multi-head": lambda: MultiHeadAttention(8, 2),
        "clear": lambda: MultiHeadAttention(8, 2, fused=False),
        "grouped": lambda: GroupedQueryAttention(8, 2, 1),
    }[kind]()
    leaks = _leaks(layer, mask, torch.randn(1, 5, 8))
    # A query that sees itself moves by its own change; one that does not still changes as query.
    off_diagonal = ~torch.eye(5, dtype=torch.bool)
    assert torch.equal(leaks & off_diagonal, mask & off_diagonal)


def test_cross_attention_does_not_read_padding():
    layer, x, memory = CrossAttention(8, 2), torch.randn(1, 3, 8), torch.randn(1, 4, 8)
    mask = cross_mask(torch.tensor([[1, 1, 1, 0]]), 3)
    changed = memory.clone()
    changed[:, 3] = 9.0
    assert torch.equal(layer(x, memory, mask), layer(x, changed, mask))
    assert layer.weights(x, memory, mask)[..., 3].abs().max() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: causal_mask(3, 2), "n_keys must be at least n_queries"),
        (lambda: causal_mask(0), "n_queries must be at least 1"),
        (lambda: full_mask(0), "n_positions must be at least 1"),
        (lambda: prefix_mask(3, 4), "prefix_length must be between 0 and n_positions=3, got 4"),
        (lambda: prefix_mask(3, -1), "prefix_length must be between"),
        (lambda: permutation_mask([1, 2, 3]), "order must hold each of 0 … 2 once"),
        (lambda: permutation_mask([0, 0]), "order must hold each"),
        (lambda: permutation_mask([]), "the length of order must be at least 1"),
        (lambda: padding_mask(torch.tensor([[2, 1]])), "only 0 .padding. and 1"),
        (lambda: cross_mask(torch.tensor([[1]]), 0), "n_queries must be at least 1"),
    ],
)
def test_bad_inputs(make, message):
    with pytest.raises(ValueError, match=message):
        make()
