"""The two probes agree with the models they probe, and never read what they ask for."""

import pytest
import torch

from course_lib.evaluation.fill_and_continue import (
    STYLES,
    continuation_nats,
    fill_in,
    fill_in_by_rescoring,
    go_on,
)
from course_lib.models import Transformer, TransformerConfig

WORDS, MASK, START = 12, 12, 13
N, GAP = 8, 4
IDS = {"mask_id": MASK, "start_id": START}


@pytest.fixture(scope="module")
def model():
    config = TransformerConfig(WORDS + 2, 2 * N, d_model=16, n_heads=2, n_layers=2)
    model = Transformer(config, generator=torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)  # so that what is seen makes a difference
    return model


@pytest.fixture(scope="module")
def windows():
    return torch.randint(WORDS, (5, N), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("style", STYLES)
def test_fill_in_reads_both_sides_or_one_and_never_the_answer(model, windows, style):
    before = fill_in(model, style, windows, GAP, **IDS)
    assert torch.allclose(before.exp().sum(dim=1), torch.ones(5), atol=1e-5)
    moved = []
    for position in range(N):
        other = windows.clone()
        other[:, position] = (other[:, position] + 1) % WORDS
        after = fill_in(model, style, other, GAP, **IDS)
        moved.append((after - before).abs().max().item() > 1e-6)
    both = style in ("masked", "span", "permuted")
    assert moved == [True] * GAP + [False] + [both] * (N - GAP - 1)


@pytest.mark.parametrize("style", STYLES)
def test_continuations_follow_the_chain_rule(model, windows, style):
    """The sum over all continuations of their probability is 1, whatever the style."""
    prefix = windows[:1, :GAP]
    pairs = torch.cartesian_prod(torch.arange(WORDS + 2), torch.arange(WORDS + 2))
    texts = torch.cat([prefix.expand(len(pairs), -1), pairs], dim=1)
    nats = continuation_nats(model, style, texts, GAP, **IDS)
    assert nats.shape == (len(pairs), 2)
    assert (-nats.sum(dim=1)).exp().sum().item() == pytest.approx(1.0, abs=1e-4)


def test_next_token_probe_is_the_causal_model(model, windows):
    with torch.no_grad():
        scores = model(windows[:, :-1]).log_softmax(dim=-1)
    expected = -scores.gather(-1, windows[:, 1:, None]).squeeze(-1)[:, GAP - 1 :]
    assert torch.allclose(continuation_nats(model, "next", windows, GAP, **IDS), expected)
    assert torch.allclose(fill_in(model, "next", windows, GAP, **IDS), scores[:, GAP - 1])


def test_rescoring_finds_what_the_whole_text_makes_likeliest(model, windows):
    found = fill_in_by_rescoring(model, windows, GAP, n_candidates=WORDS + 2)
    for row, window in enumerate(windows):
        tried = window.repeat(WORDS + 2, 1)
        tried[:, GAP] = torch.arange(WORDS + 2)
        with torch.no_grad():
            scores = model(tried[:, :-1]).log_softmax(dim=-1)
        total = scores.gather(-1, tried[:, 1:, None]).sum(dim=(1, 2))
        assert found[row] == total.argmax()
    alone = fill_in_by_rescoring(model, windows, GAP, n_candidates=1)
    assert torch.equal(alone, fill_in(model, "next", windows, GAP, **IDS).argmax(dim=1))


@pytest.mark.parametrize("style", STYLES)
def test_go_on_draws_words_only_and_repeats_itself_with_the_same_seed(model, windows, style):
    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        options = {**IDS, "target_start": N, "generator": generator}
        return go_on(model, style, windows[0, :GAP], 4, **options)

    first = draw(3)
    assert first.shape == (4,)
    assert int(first.max()) < WORDS
    assert torch.equal(first, draw(3))
    assert any(not torch.equal(first, draw(seed)) for seed in range(4, 8))


def test_bad_inputs(model, windows):
    for call, words in (
        (lambda: fill_in(model, "bert", windows, GAP, **IDS), "style must be one of masked"),
        (lambda: fill_in(model, "next", windows, 0, **IDS), "something stands"),
        (lambda: fill_in(model, "next", windows, N, **IDS), "between 1 and 7"),
        (lambda: continuation_nats(model, "next", windows, N, **IDS), "between 1 and 7"),
        (lambda: fill_in_by_rescoring(model, windows, GAP, n_candidates=99), "n_candidates"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()
