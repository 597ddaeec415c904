import inspect
import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_lib.evaluation import LanguageModelScore, perplexity, strided_windows

VOCAB = 11


class Averager(nn.Module):
    """A causal toy: logits are a projection of the mean embedding of all tokens so far."""

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.embedding = nn.Parameter(torch.randn(VOCAB, 6, generator=generator))
        self.out = nn.Parameter(torch.randn(6, VOCAB, generator=generator))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens):
        x = self.dropout(self.embedding[tokens]).cumsum(1)
        return x / torch.arange(1, tokens.shape[1] + 1)[:, None] @ self.out


def tokens(n: int) -> torch.Tensor:
    return torch.randint(0, VOCAB, (n,), generator=torch.Generator().manual_seed(n))


def brute_force(model, ids, context_length, stride) -> float:
    """Token by token: find the first window that predicts it, cut its context there."""
    total = 0.0
    for index in range(1, len(ids)):
        start = 0
        while index > start + context_length:
            start += stride
        logits = model(ids[None, start:index])[0, -1]
        total -= float(F.log_softmax(logits, -1)[ids[index]])
    return total


@given(st.integers(2, 200), st.integers(1, 40), st.data())
def test_every_token_but_the_first_is_a_target_once(n_tokens, context_length, data):
    stride = data.draw(st.integers(1, context_length))
    scored = []
    for window in strided_windows(n_tokens, context_length, stride):
        assert 1 <= window.n_scored <= window.length <= context_length
        last = window.start + window.length
        scored += range(last - window.n_scored + 1, last + 1)
        if window.start:
            assert window.length - window.n_scored >= context_length - stride
    assert scored == list(range(1, n_tokens))


@pytest.mark.parametrize("n_tokens", [2, 3, 8, 9, 10, 33])
@pytest.mark.parametrize(("context_length", "stride"), [(8, 4), (8, 8), (8, 1), (8, 3), (1, 1)])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_equals_a_loop_over_tokens(n_tokens, context_length, stride, batch_size):
    model, ids = Averager(), tokens(n_tokens)
    score = perplexity(
        model, ids, context_length=context_length, stride=stride, batch_size=batch_size
    )
    with torch.no_grad():
        expected = brute_force(model, ids, context_length, stride)
    assert score.n_tokens == n_tokens - 1
    assert score.total_nats == pytest.approx(expected, rel=1e-5)


def test_uniform_model_is_as_unsure_as_a_choice_among_all():
    score = perplexity(
        lambda t: torch.zeros(*t.shape, 7), [0, 1, 2, 3, 4], context_length=3, n_bytes=8
    )
    assert score.perplexity == pytest.approx(7)
    assert score.bits_per_token == pytest.approx(math.log2(7))
    assert score.bits_per_byte == pytest.approx(4 * math.log2(7) / 8)


def test_figures_of_a_score():
    score = LanguageModelScore(10, 20.0, 40)
    assert score.nats_per_token == 2.0
    assert score.perplexity == pytest.approx(math.exp(2))
    assert score.bits_per_byte == pytest.approx(20 / math.log(2) / 40)
    assert set(score.to_dict()) >= {"perplexity", "bits_per_byte", "nats_per_token"}
    assert LanguageModelScore(1, 1e6).perplexity == math.inf


def test_model_is_in_evaluation_mode_and_put_back():
    model = Averager(dropout=0.5)
    model.train()
    model.dropout.eval()
    first = perplexity(model, tokens(20), context_length=8)
    assert model.training
    assert not model.dropout.training
    model.dropout.train()
    assert perplexity(model, tokens(20), context_length=8) == first


def test_half_precision_logits_are_scored_in_single():
    ids = tokens(20)
    single = perplexity(Averager(), ids, context_length=8)
    half = perplexity(lambda t: Averager()(t).half(), ids, context_length=8)
    assert half.nats_per_token == pytest.approx(single.nats_per_token, rel=1e-2)


def uniform(t):
    return torch.zeros(*t.shape, 5)


@pytest.mark.parametrize(
    ("model", "ids", "options", "error", "message"),
    [
        (uniform, [1], {"context_length": 4}, ValueError, "at least 2 ids"),
        (uniform, [[1, 2]], {"context_length": 4}, ValueError, "one row"),
        (uniform, [1, -2], {"context_length": 4}, ValueError, "id -2"),
        (uniform, [1, 9], {"context_length": 4}, ValueError, "id 9"),
        (uniform, torch.tensor([0.5, 1.5]), {"context_length": 4}, TypeError, "integer ids"),
        (uniform, "text", {"context_length": 4}, TypeError, "encode it first"),
        (uniform, [1, 2], {}, ValueError, "context_length is not given"),
        (uniform, [1, 2], {"context_length": 0}, ValueError, "context_length is 0"),
        (uniform, [1, 2], {"context_length": 4, "stride": 5}, ValueError, "stride is 5"),
        (uniform, [1, 2], {"context_length": 4, "stride": 0}, ValueError, "stride is 0"),
        (uniform, [1, 2], {"context_length": 4, "batch_size": 0}, ValueError, "batch_size is 0"),
        (uniform, [1, 2], {"context_length": 4, "n_bytes": 0}, ValueError, "n_bytes is 0"),
        (lambda t: (uniform(t),), [1, 2], {"context_length": 4}, TypeError, ".logits"),
        (lambda t: uniform(t)[:, 0], [1, 2], {"context_length": 4}, ValueError, "[B, T, V]"),
    ],
)
def test_bad_inputs(model, ids, options, error, message):
    unchecked = inspect.unwrap(perplexity)  # without the shape checks that only the tests run
    with pytest.raises(error, match=re.escape(message)):
        unchecked(model, ids, **options)


def test_scores_refuse_impossible_numbers():
    for arguments, message in [
        ((0, 1.0), "n_tokens is 0"),
        ((1, -1.0), "total_nats is -1.0"),
        ((1, math.nan), "total_nats is nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            LanguageModelScore(*arguments)
    with pytest.raises(ValueError, match="pass n_bytes"):
        _ = LanguageModelScore(1, 1.0).bits_per_byte


def test_a_window_longer_than_the_model_is_refused():
    class Config:
        context_length = 8

    model = Averager()
    model.config = Config()
    assert perplexity(model, tokens(9)).n_tokens == 8
    with pytest.raises(ValueError, match="reads at most 8"):
        perplexity(model, tokens(9), context_length=9)
