"""Head roles on attention patterns that are made by hand, so that every score is known."""

import pytest
import torch
from torch import nn

from course_lib.evaluation.head_roles import (
    even_weights,
    link_targets,
    offset_targets,
    position_targets,
    role_hits,
    role_score,
    same_token_targets,
    silenced,
)
from course_lib.layers import MultiHeadAttention


def pattern(columns: list[int]) -> torch.Tensor:
    """All the weight of row t on column columns[t]."""
    return torch.nn.functional.one_hot(torch.tensor(columns), len(columns)).float()


PREVIOUS = pattern([0, 0, 1, 2, 3])  # the first token has no other place to look
FIRST = pattern([0, 0, 0, 0, 0])
ITSELF = pattern([0, 1, 2, 3, 4])
HEADS = torch.stack([PREVIOUS, FIRST, ITSELF])


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (offset_targets(5, -1), [1.0, 0.25, 0.0]),
        (offset_targets(5, 0), [0.2, 0.2, 1.0]),
        (offset_targets(5, 1), [0.0, 0.0, 0.0]),
        (offset_targets(5, -4), [0.0, 1.0, 0.0]),
        (position_targets(5, [0]), [0.25, 1.0, 0.0]),
        (position_targets(5, [0, 3]), [2 / 3, 1.0, 0.0]),
        (same_token_targets(torch.tensor([9, 9, 4, 4, 9])), [0.4, 0.4, 0.0]),
        (link_targets(5, {2: [1], 4: [0, 3]}), [1.0, 0.5, 0.0]),
    ],
)
def test_scores_of_made_patterns(targets, expected):
    torch.testing.assert_close(role_score(HEADS, targets), torch.tensor(expected))
    torch.testing.assert_close(role_hits(HEADS, targets), torch.tensor(expected))


def test_hits_count_the_largest_weight_and_scores_add_all_of_it():
    weights = torch.tensor([[[0.4, 0.3, 0.3], [0.1, 0.2, 0.7], [0.5, 0.2, 0.3]]])
    targets = link_targets(3, {0: [1, 2], 1: [2]})
    torch.testing.assert_close(role_score(weights, targets), torch.tensor([0.65]))
    torch.testing.assert_close(role_hits(weights, targets), torch.tensor([0.5]))


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_even_head_is_the_chance_level(is_causal):
    even = even_weights(6, is_causal=is_causal)
    torch.testing.assert_close(even.sum(-1), torch.ones(6))
    score = role_score(even, offset_targets(6, -1)).item()
    assert score == pytest.approx(sum(1 / (t + 1 if is_causal else 6) for t in range(1, 6)) / 5)
    assert torch.equal(even > 0, torch.ones(6, 6).tril() > 0) is is_causal


def test_heads_keep_their_axes():
    weights = HEADS.expand(4, 2, 3, 5, 5)
    assert role_score(weights, offset_targets(5, -1)).shape == (4, 2, 3)
    assert role_hits(weights, offset_targets(5, -1)).shape == (4, 2, 3)


def test_one_position():
    assert offset_targets(1, 0).all()
    assert role_score(even_weights(1), offset_targets(1, 0)).item() == 1.0
    assert not position_targets(1, [0]).any()


@pytest.mark.parametrize("fused", [False, True])
def test_silenced_equals_columns_of_zeros_and_leaves_no_trace(fused):
    torch.manual_seed(0)
    layer = MultiHeadAttention(12, 3, fused=fused)
    x = torch.randn(2, 5, 12)
    whole = layer(x)
    with silenced(layer.output, [0, 2], 4):
        got = layer(x)
    torch.testing.assert_close(layer(x), whole, rtol=0, atol=0)
    columns = layer.output.weight.data.clone()
    layer.output.weight.data[:, :4] = 0.0
    layer.output.weight.data[:, 8:] = 0.0
    torch.testing.assert_close(got, layer(x))
    layer.output.weight.data = columns
    with silenced(layer.output, [0, 1, 2], 4):
        torch.testing.assert_close(layer(x), layer.output.bias.expand(2, 5, 12))


def test_the_hook_is_removed_after_an_error():
    layer = nn.Linear(4, 4)
    with pytest.raises(RuntimeError, match="stop"), silenced(layer, [0], 2):
        raise RuntimeError("stop")
    assert not layer._forward_pre_hooks


NOTHING = torch.zeros(5, 5, dtype=torch.bool)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: offset_targets(0, -1), "n_positions"),
        (lambda: position_targets(3, [3]), "positions holds 3; it must be between 0 and 2"),
        (lambda: position_targets(3, [-1]), "positions holds -1"),
        (lambda: link_targets(3, {3: [0]}), "links holds 3"),
        (lambda: link_targets(3, {0: [5]}), "links holds 5"),
        (lambda: even_weights(0), "n_positions"),
        (lambda: role_score(HEADS, NOTHING), "no query has a target"),
        (lambda: role_hits(HEADS, NOTHING), "no query has a target"),
        (lambda: role_score(HEADS, NOTHING[:4, :4]), r"shape \(4, 4\).*\(5, 5\)"),
        (lambda: silenced(nn.Linear(4, 4), [2], 2).__enter__(), "heads holds 2"),
        (lambda: silenced(nn.Linear(5, 4), [0], 2).__enter__(), "in_features=5"),
        (lambda: silenced(nn.ReLU(), [0], 2).__enter__(), "ReLU"),
        (lambda: silenced(nn.Linear(4, 4), [0], 0).__enter__(), "d_head"),
    ],
)
def test_bad_inputs(call, words):
    with pytest.raises(ValueError, match=words):
        call()
