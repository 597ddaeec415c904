import pytest
import torch

from course_lib.config import GPT2Config, TransformerConfig
from course_lib.evaluation.head_roles import offset_targets, role_score
from course_lib.evaluation.induction import (
    attention_maps,
    best_heads,
    heads_silenced,
    occurrence_targets,
    other_heads_of_same_layers,
    repeated_tokens,
    successor_targets,
)
from course_lib.models import GPT2, Transformer


def llama():
    torch.manual_seed(0)
    return Transformer(
        TransformerConfig(20, 32, 16, 4, 3, n_kv_heads=2, positions="rotary", norm="rms")
    ).eval()


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("length", [1, 5, 20])
def test_the_second_copy_is_the_first(length):
    tokens = repeated_tokens(torch.arange(20), length, generator=draw(), start=99)
    assert tokens[0] == 99
    assert torch.equal(tokens[1 : length + 1], tokens[length + 1 :])
    assert len(set(tokens.tolist())) == length + 1


def test_in_a_repeated_sequence_the_target_is_always_as_far_away():
    tokens = repeated_tokens(torch.arange(9), 9, generator=draw())
    targets = successor_targets(tokens)
    expected = offset_targets(18, -8)
    expected[:9] = False
    assert torch.equal(targets, expected)


def test_the_token_after_every_earlier_occurrence_counts_itself_included():
    targets = successor_targets(torch.tensor([4, 4, 7, 4]))
    assert targets.nonzero().tolist() == [[1, 1], [3, 1], [3, 2]]


@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 2, 9])
def test_places_around_an_earlier_occurrence_by_definition(offset):
    tokens = torch.tensor([4, 4, 7, 4, 5, 7, 4])
    n = len(tokens)
    expected = [
        [s <= t and 0 <= s - offset < t and bool(tokens[s - offset] == tokens[t]) for s in range(n)]
        for t in range(n)
    ]
    assert occurrence_targets(tokens, offset).tolist() == expected


def test_a_head_made_to_copy_scores_one():
    tokens = repeated_tokens(torch.arange(9), 6, generator=draw())
    targets = successor_targets(tokens)
    weights = torch.eye(12)
    weights[6:] = targets[6:].float()
    assert role_score(weights[None], targets).tolist() == [1.0]


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_attention_maps_are_those_the_model_used(kind):
    """Mixing the values by them gives what the attention hands to its output matrix."""
    network = llama() if kind == "llama" else GPT2(GPT2Config(20, 32, 16, 4, 3, dropout=0.0)).eval()
    tokens = torch.randint(0, 20, (11,), generator=draw())
    maps = attention_maps(network, tokens)
    assert maps.shape == (3, 4, 11, 11)
    assert torch.allclose(maps.sum(-1), torch.ones(3, 4, 11), atol=1e-5)
    assert not maps.triu(1).any()
    seen = {}
    attention = network.blocks[1].attention
    hooks = [
        attention.register_forward_pre_hook(lambda _, given: seen.update(x=given[0])),
        attention.output.register_forward_pre_hook(lambda _, given: seen.update(mixed=given[0])),
    ]
    with torch.no_grad():
        network(tokens[None])
        value = attention.split_heads(seen["x"])[2]
    value = value.repeat_interleave(4 // value.shape[1], dim=1)
    assert torch.allclose(
        (maps[1] @ value[0]).transpose(0, 1).flatten(1), seen["mixed"][0], atol=1e-5
    )
    for hook in hooks:
        hook.remove()


def test_best_heads_and_their_controls():
    scores = torch.tensor([[0.1, 0.9, 0.2], [0.8, 0.0, 0.7]])
    assert best_heads(scores, 2) == [(0, 1), (1, 0)]
    for seed in range(5):
        controls = other_heads_of_same_layers([(0, 1), (1, 0)], 3, seed=seed)
        assert [layer for layer, _ in controls] == [0, 1]
        assert not {(0, 1), (1, 0)} & set(controls)


def test_silenced_heads_come_back():
    network, tokens = llama(), torch.randint(0, 20, (1, 9), generator=draw())
    with torch.no_grad():
        before = network(tokens)
        with heads_silenced(network, [(0, 1), (2, 3), (0, 0)]):
            assert not torch.allclose(network(tokens), before)
        with heads_silenced(network, []):
            assert torch.equal(network(tokens), before)
        assert torch.equal(network(tokens), before)


BAD = {
    "length 0": (lambda: repeated_tokens(torch.arange(3), 0, generator=draw()), "length"),
    "too long": (lambda: repeated_tokens(torch.arange(3), 4, generator=draw()), "hold 3 tokens"),
    "no heads": (lambda: best_heads(torch.zeros(2, 2), 0), "n must"),
    "too many heads": (lambda: best_heads(torch.zeros(2, 2), 5), "there are 4 heads"),
    "no control": (
        lambda: other_heads_of_same_layers([(0, 0), (0, 1)], 3, seed=0),
        "layer 0 has 1 other heads, 2 are needed",
    ),
}


@pytest.mark.parametrize("case", list(BAD))
def test_mistakes_are_named(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()
