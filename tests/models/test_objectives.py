"""Five exercises made of the same text: what is asked, what is seen, and that nothing leaks."""

import pytest
import torch

from course_lib.models import Transformer, TransformerConfig
from course_lib.models.objectives import (
    IGNORED,
    masked_tokens,
    missing_span,
    next_tokens,
    permuted_tokens,
    suffix_tokens,
)

WORDS, MASK, START = 20, 20, 21
N = 8


@pytest.fixture
def windows():
    return torch.randint(WORDS, (3, N), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model():
    config = TransformerConfig(WORDS + 2, 2 * N, d_model=16, n_heads=2, n_layers=2)
    return Transformer(config, generator=torch.Generator().manual_seed(0)).eval()


def logits(model, example):
    with torch.no_grad():
        return model(example.inputs, mask=example.mask, positions=example.positions)


def test_masked_tokens_follow_the_paper(windows):
    many = torch.randint(WORDS, (400, 50), generator=torch.Generator().manual_seed(2))
    example = masked_tokens(
        many, mask_id=MASK, vocab_size=WORDS, generator=torch.Generator().manual_seed(3)
    )
    chosen = example.targets != IGNORED
    assert torch.equal(example.targets[chosen], many[chosen])
    assert torch.equal(example.inputs[~chosen], many[~chosen])
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.01)
    masked = (example.inputs == MASK) & chosen
    changed = chosen & ~masked & (example.inputs != many)
    n = chosen.sum().item()
    assert masked.sum().item() / n == pytest.approx(0.8, abs=0.02)
    # a random token is the old one in 1 of 20 cases
    assert changed.sum().item() / n == pytest.approx(0.1 * 19 / 20, abs=0.015)
    assert example.mask.all()


def test_at_least_one_token_is_masked(windows):
    for seed in range(20):
        example = masked_tokens(
            windows[:1, :2],
            mask_id=MASK,
            vocab_size=WORDS,
            probability=0.01,
            generator=torch.Generator().manual_seed(seed),
        )
        assert example.n_predictions() >= 1


def test_next_tokens(windows):
    example = next_tokens(windows)
    assert torch.equal(example.inputs, windows[:, :-1])
    assert torch.equal(example.targets, windows[:, 1:])
    assert example.n_predictions() == 3 * (N - 1)
    assert torch.equal(example.mask, torch.ones(N - 1, N - 1).tril().bool())


@pytest.mark.parametrize("prefix", [1, 4, N - 1])
def test_suffix_tokens(windows, prefix):
    example = suffix_tokens(windows, prefix_length=prefix)
    assert example.n_predictions() == 3 * (N - prefix)
    assert torch.equal(example.targets[:, prefix - 1 :], windows[:, prefix:])
    assert example.mask[:prefix, :prefix].all()
    assert not example.mask[:prefix, prefix:].any()


def test_missing_span(windows):
    example = missing_span(windows, start=2, length=3, mask_id=MASK, start_id=START)
    source = [*windows[0, :2].tolist(), MASK, *windows[0, 5:].tolist()]
    assert example.inputs[0].tolist() == [*source, START, *windows[0, 2:4].tolist()]
    assert example.targets[0].tolist() == [IGNORED] * len(source) + windows[0, 2:5].tolist()
    assert example.positions.tolist() == [*range(len(source)), N, N + 1, N + 2]
    later = missing_span(
        windows, start=2, length=3, mask_id=MASK, start_id=START, target_start=N + 4
    )
    assert later.positions.tolist() == [*range(len(source)), N + 4, N + 5, N + 6]


def test_permuted_tokens_who_sees_whom(windows):
    example = permuted_tokens(windows[:, :3], order=[2, 0, 1], mask_id=MASK)
    assert example.mask.int().tolist() == [
        [1, 1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],  # the query of position 0 sees the content of 1 and 2, and itself
        [0, 0, 0, 0, 1, 0],  # predicted first: from nothing but its place
        [0, 1, 0, 0, 0, 1],
    ]
    assert example.positions.tolist() == [0, 1, 2, 0, 1, 2]
    last = permuted_tokens(windows[:, :3], order=[2, 0, 1], mask_id=MASK, n_predicted=1)
    assert last.targets[0].tolist() == [IGNORED] * 3 + [windows[0, 0].item(), IGNORED, IGNORED]


def examples(windows):
    """Each style's example with, per predicted place, the text position that is asked for."""
    order = [3, 0, 6, 1, 7, 2, 5, 4]
    yield "next", next_tokens, {i: i + 1 for i in range(N - 1)}
    yield (
        "suffix",
        lambda w: suffix_tokens(w, prefix_length=3),
        {i: i + 1 for i in range(2, N - 1)},
    )
    yield (
        "span",
        lambda w: missing_span(w, start=2, length=3, mask_id=MASK, start_id=START),
        {6 + i: 2 + i for i in range(3)},
    )
    yield (
        "permuted",
        lambda w: permuted_tokens(w, order=order, mask_id=MASK),
        {N + i: i for i in range(N)},
    )


def test_no_prediction_depends_on_its_own_target(model, windows):
    """Change the text at one position: what predicts that position must not move."""
    for name, make, asked in examples(windows):
        example = make(windows)
        before = logits(model, example)
        for place, position in asked.items():
            assert example.targets[0, place] == windows[0, position], name
            other = windows.clone()
            other[:, position] = (other[:, position] + 1) % WORDS
            after = logits(model, make(other))
            assert torch.allclose(before[:, place], after[:, place], atol=1e-6), (name, place)


def test_a_permuted_prediction_depends_on_exactly_what_came_before_in_the_order(model, windows):
    order = [3, 0, 6, 1, 7, 2, 5, 4]
    before = logits(model, permuted_tokens(windows, order=order, mask_id=MASK))
    for position in range(N):
        other = windows.clone()
        other[:, position] = (other[:, position] + 1) % WORDS
        after = logits(model, permuted_tokens(other, order=order, mask_id=MASK))
        moved = (before - after).abs().amax(dim=(0, 2))[N:] > 1e-6
        assert moved.tolist() == [order[i] > order[position] for i in range(N)]


def test_bad_inputs(windows):
    for call, words in (
        (
            lambda: masked_tokens(windows, mask_id=MASK, vocab_size=WORDS, probability=0),
            "probability",
        ),
        (lambda: suffix_tokens(windows, prefix_length=0), "prefix_length must be 1 to 7"),
        (lambda: suffix_tokens(windows, prefix_length=N), "prefix_length must be 1 to 7"),
        (
            lambda: missing_span(windows, start=6, length=3, mask_id=MASK, start_id=START),
            "the span must lie in the window of 8 tokens",
        ),
        (
            lambda: missing_span(windows, start=1, length=0, mask_id=MASK, start_id=START),
            "length=0",
        ),
        (
            lambda: missing_span(
                windows, start=1, length=1, mask_id=MASK, start_id=START, target_start=3
            ),
            "target_start must be at least 8",
        ),
        (lambda: permuted_tokens(windows, order=[0] * N, mask_id=MASK), "order"),
        (
            lambda: permuted_tokens(windows, order=range(N), mask_id=MASK, n_predicted=9),
            "n_predicted must be between 1 and 8",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            call()
