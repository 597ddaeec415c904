"""Speculative decoding draws from the target's distribution, and writes its greedy text."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from course_lib.generation import (
    SamplingConfig,
    accept_or_resample,
    expected_tokens,
    generate,
    residual,
    speculative_generate,
)
from course_lib.generation.drafts import FunctionLogits
from course_lib.generation.speculative import distribution, speculate

GREEDY = SamplingConfig(greedy=True)
SIGNIFICANCE = 1e-4  # a right program fails a test of chi-square once in 10,000 seeds

weights = st.lists(st.integers(0, 9), min_size=6, max_size=6).filter(any)


def _shares(counts):
    return torch.tensor(counts, dtype=torch.float64) / sum(counts)


@settings(max_examples=50)
@given(weights, weights)
def test_what_is_accepted_and_what_is_drawn_anew_add_up_to_the_target(p, q):
    p, q = _shares(p), _shares(q)
    kept = torch.minimum(p, q)  # q · min(1, p/q), also where q = 0
    rejected = 1 - kept.sum()
    torch.testing.assert_close(kept + rejected * residual(p, q), p, atol=1e-12, rtol=0)
    assert residual(p, q).sum() == pytest.approx(1)
    assert (residual(p, q)[p < q] == 0).all() or rejected < 1e-12


@settings(max_examples=30)
@given(weights, weights, st.integers(0, 1000))
def test_a_token_is_kept_as_often_as_the_ratio_says(p, q, seed):
    p, q = _shares(p), _shares(q)
    token = int(q.argmax())
    u = torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    got = accept_or_resample(token, p, q, torch.Generator().manual_seed(seed))
    assert (got == token) == bool(u < p[token] / q[token])
    assert p[got] > 0


class _Table:
    """A language model in a table: the next token depends on the last one and on the length."""

    def __init__(self, seed, zeros=False):
        rng = torch.Generator().manual_seed(seed)
        self.table = 2 * torch.randn(6, 3, 3, generator=rng, dtype=torch.float64)
        if zeros:
            self.table[torch.rand(self.table.shape, generator=rng) < 0.4] = -torch.inf
            self.table[..., seed % 3] = 0.0  # one token always stays

    def logits(self, text, n_last):
        ends = range(len(text) - n_last + 1, len(text) + 1)
        return torch.stack([self.table[end, text[end - 1]] for end in ends])

    def forget(self, n_tokens):
        pass


class _Uncertain(_Table):
    """Has no guess after token 0 at the second place."""

    def logits(self, text, n_last):
        return None if len(text) == 2 and text[-1] == 0 else super().logits(text, n_last)


N_DRAWS, N_NEW = 400, 3
DRAFTS = {
    "another": _Table(1),
    "with zeros": _Table(3, zeros=True),
    "the target itself": _Table(0),
    "no guess now and then": _Uncertain(2),
}
SAMPLINGS = {
    "plain": SamplingConfig(),
    "top-k": SamplingConfig(temperature=0.7, top_k=3),
    "nucleus and penalty": SamplingConfig(top_p=0.85, repetition_penalty=1.4),
    "min-p": SamplingConfig(min_p=0.2, temperature=1.5),
}


def _check_shares(texts, chances):
    """Compare how often each text came with its probability."""
    expected = {text: N_DRAWS * chance for text, chance in chances.items() if chance > 0}
    assert set(texts) <= set(expected)
    rare = [text for text, n in expected.items() if n < 5]  # put together, as the test asks
    counts = [texts.count(text) for text in expected if text not in rare]
    shares = [n for text, n in expected.items() if text not in rare]
    if sum(expected[text] for text in rare) >= 5:
        counts.append(sum(texts.count(text) for text in rare))
        shares.append(sum(expected[text] for text in rare))
    total = sum(counts) / sum(shares)
    assert chisquare(counts, [n * total for n in shares]).pvalue > SIGNIFICANCE


def _chances(next_logits, sampling, prompt=(2,), vocab_size=3):
    """Return the exact probability of every continuation of `N_NEW` tokens."""
    chances = {}
    for new in itertools.product(range(vocab_size), repeat=N_NEW):
        chance, text = 1.0, list(prompt)
        for token in new:
            chance *= float(distribution(next_logits(text), text, sampling)[token])
            text.append(token)
        chances[new] = chance
    assert sum(chances.values()) == pytest.approx(1)
    return chances


@pytest.mark.parametrize(
    ("draft", "sampling", "n_draft"),
    [
        ("another", "plain", 1),
        ("another", "top-k", 4),
        ("with zeros", "plain", 2),
        ("with zeros", "nucleus and penalty", 4),
        ("the target itself", "min-p", 2),
        ("no guess now and then", "plain", 3),
    ],
)
def test_texts_come_as_often_as_the_target_says(draft, sampling, n_draft):
    target, sampling = _Table(0), SAMPLINGS[sampling]
    rng = torch.Generator().manual_seed(5)
    results = [
        speculate(
            target, DRAFTS[draft], [2], max_new_tokens=N_NEW, n_draft=n_draft, sampling=sampling,
            generator=rng,
        )
        for _ in range(N_DRAWS)
    ]  # fmt: skip
    texts = [result.tokens for result in results]
    _check_shares(texts, _chances(lambda text: target.logits(text, 1)[0], sampling))
    n_rejected = sum(r.accepted < r.drafted for r in results)
    assert n_rejected == 0 if draft == "the target itself" else n_rejected > 20


def test_texts_of_models_come_as_often_as_the_target_says(make_model):
    sizes = {"vocab_size": 3, "d_model": 8, "n_heads": 2, "n_layers": 1}
    target, draft = make_model(0, **sizes), make_model(1, **sizes)
    with torch.no_grad():
        for parameter in [*target.parameters(), *draft.parameters()]:
            parameter.mul_(0.3)  # less sure, so that they agree now and then
    rng = torch.Generator().manual_seed(2)
    results = [
        speculative_generate(target, draft, [2], max_new_tokens=N_NEW, n_draft=2, generator=rng)
        for _ in range(N_DRAWS)
    ]
    with torch.no_grad():
        chances = _chances(lambda text: target(torch.tensor([text]))[0, -1], SamplingConfig())
    _check_shares([result.tokens for result in results], chances)
    assert 0.1 < sum(sum(r.accepted) for r in results) / sum(sum(r.drafted) for r in results) < 0.9


def test_the_drafts_own_texts_would_be_noticed():
    """The chi-square test is worth something: without checking, it fails."""
    target, rng = _Table(0), torch.Generator().manual_seed(5)
    texts = [
        speculate(
            _Table(1), _Table(1), [2], max_new_tokens=N_NEW, n_draft=1, sampling=SamplingConfig(),
            generator=rng,
        ).tokens
        for _ in range(N_DRAWS)
    ]  # fmt: skip
    with pytest.raises(AssertionError):
        _check_shares(texts, _chances(lambda text: target.logits(text, 1)[0], SamplingConfig()))


def _one_hot(choose):
    """Make a draft that puts all on the token that `choose` picks."""

    def draft(text):
        token = choose(text)
        return None if token is None else torch.eye(29)[token]

    return draft


@pytest.fixture(params=["GPT-2", "llama", "GPT-1"])
def target(request, make_model, make_transformer):
    return make_model(3) if request.param == "GPT-2" else make_transformer(request.param)


@pytest.mark.parametrize("n_draft", [1, 4])
@pytest.mark.parametrize("prompt", [[7], [1, 2, 3, 4, 5]], ids=len)
def test_greedy_is_the_targets_text(target, make_model, prompt, n_draft):
    (expected,) = generate(target, prompt, max_new_tokens=11, sampling=GREEDY)
    whole = [*prompt, *expected]
    wrong = _one_hot(lambda text: (whole[len(text)] + 1) % 29)
    every_other = _one_hot(lambda text: (whole[len(text)] + len(text) % 2) % 29)
    silent = _one_hot(lambda text: None)
    drafts = {"itself": target, "another": make_model(8), "wrong": wrong, "half": every_other}
    for name, draft in {**drafts, "silent": silent}.items():
        result = speculative_generate(
            target, draft, prompt, max_new_tokens=11, n_draft=n_draft, sampling=GREEDY
        )
        assert list(result.tokens) == expected, name
        assert sum(result.accepted) + result.rounds == 11
        assert len(result.drafted) == result.rounds
        assert max(result.drafted) <= n_draft
        if name == "itself":
            assert result.accepted == result.drafted
            assert result.rounds == -(-11 // (n_draft + 1))
            assert result.acceptance == 1
        if name in ("wrong", "silent"):
            assert result.rounds == 11
            assert result.acceptance == 0
        if name == "half":
            assert 0 < result.acceptance < 1


@pytest.mark.parametrize("draft", ["itself", "another"])
def test_seeded_and_dropout_off(make_model, draft):
    target = make_model(dropout=0.5).train()
    other = target if draft == "itself" else make_model(1, dropout=0.5).train()

    def run(seed):
        rng = torch.Generator().manual_seed(seed)
        return speculative_generate(target, other, [1, 2], max_new_tokens=9, generator=rng)

    assert run(1) == run(1)
    assert run(1).tokens != run(2).tokens
    assert target.training
    assert other.training
    assert run(1).acceptance == 1 or draft == "another"


def test_expected_tokens_for_independent_guesses():
    """A draft that is right with probability 0.7 at each place by itself, as the formula takes."""
    rng = torch.Generator().manual_seed(0)
    p, q = _shares([7, 3]), _shares([10, 0])  # accepted with probability 0.7

    class Fixed:
        def __init__(self, share):
            self.share = share

        def logits(self, text, n_last):
            return self.share.log().expand(n_last, 2)

        def forget(self, n_tokens):
            pass

    result = speculate(
        Fixed(p), Fixed(q), [0], max_new_tokens=1500, n_draft=3, sampling=SamplingConfig(),
        generator=rng,
    )  # fmt: skip
    assert result.acceptance == pytest.approx(0.7, abs=0.06)
    assert 1500 / result.rounds == pytest.approx(expected_tokens(0.7, 3), abs=0.2)
    assert expected_tokens(1.0, 3) == 4
    assert expected_tokens(0.0, 3) == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_draft": 0}, ValueError, "n_draft must be at least 1, got 0"),
        ({"n_draft": 1.5}, TypeError, "n_draft"),
        ({"max_new_tokens": 0}, ValueError, "max_new_tokens must be at least 1"),
        ({"prompt": []}, ValueError, "the prompt is empty"),
        ({"prompt": [29]}, ValueError, r"token 29; ids must be in \[0, 29\)"),
        ({"max_new_tokens": 15}, ValueError, r"context_length of the target \(16\)"),
        ({"draft": {"vocab_size": 30}}, ValueError, "share a vocabulary; they have 29 and 30"),
        ({"draft": {"context_length": 4}}, ValueError, r"context_length of the draft \(4\)"),
        ({"draft": lambda text: torch.ones(30)}, ValueError, r"29 tokens, or None; got shape \(30"),
        ({"draft": lambda text: torch.zeros(29)}, ValueError, "sum 0, min 0"),
        ({"draft": lambda text: -torch.ones(29)}, ValueError, "probabilities of the target's 29"),
        ({"draft": lambda text: torch.full((29,), torch.nan)}, ValueError, "sum nan"),
    ],
)
def test_bad_arguments(make_model, changes, error, message):
    arguments = {"draft": {}, "prompt": [1, 2], "max_new_tokens": 6, "n_draft": 2} | changes
    draft = arguments.pop("draft")
    draft = make_model(1, **draft) if isinstance(draft, dict) else draft
    with pytest.raises(error, match=message):
        speculative_generate(make_model(), draft, arguments.pop("prompt"), **arguments)


def test_a_function_scores_the_next_token_only():
    with pytest.raises(ValueError, match="next token only"):
        FunctionLogits(lambda text: torch.ones(3), 3).logits([0], 2)
