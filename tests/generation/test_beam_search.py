import itertools

import pytest
import torch

from course_lib.generation import SamplingConfig, beam_search, generate


def _exhaustive(model, prompt, n, stop, length_penalty):
    """Score every continuation: of length n, or shorter and ended by the stop token."""
    every = list(itertools.product(range(model.config.vocab_size), repeat=n))
    logits = model(torch.tensor([[*prompt, *ids] for ids in every]))
    steps = logits[:, len(prompt) - 1 : -1].double().log_softmax(-1)
    totals = steps.gather(-1, torch.tensor(every)[..., None]).squeeze(-1).cumsum(-1).tolist()
    found = {}
    for ids, sums in zip(every, totals, strict=True):
        length = ids.index(stop) + 1 if stop in ids else n
        found[ids[:length]] = sums[length - 1] / length**length_penalty
    return sorted(((score, ids) for ids, score in found.items()), reverse=True)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("stop", [None, 2])
@torch.no_grad()
def test_wide_beam_is_exhaustive(make_model, seed, length_penalty, stop):
    model = make_model(seed, vocab_size=4, context_length=8)
    expected = _exhaustive(model, [1, 3], 4, stop, length_penalty)
    got = beam_search(
        model,
        [1, 3],
        beam_width=4**3,
        max_new_tokens=4,
        length_penalty=length_penalty,
        stop_tokens=() if stop is None else (stop,),
    )
    assert [h.tokens for h in got[:10]] == [ids for _, ids in expected[:10]]
    for hypothesis, (score, _) in zip(got[:10], expected, strict=False):
        assert hypothesis.score == pytest.approx(score, abs=1e-4)
        assert hypothesis.finished == (stop is not None and hypothesis.tokens[-1] == stop)


@pytest.mark.parametrize("prompt", [[1], [5, 6, 7]])
def test_width_one_is_greedy(model, prompt):
    greedy = generate(model, prompt, max_new_tokens=9, sampling=SamplingConfig(greedy=True))[0]
    (only,) = beam_search(model, prompt, beam_width=1, max_new_tokens=9)
    assert list(only.tokens) == greedy


def test_width_one_with_stop_token(model):
    greedy = generate(model, [1], max_new_tokens=9, sampling=SamplingConfig(greedy=True))[0]
    stop = greedy[4]
    (only,) = beam_search(model, [1], beam_width=1, max_new_tokens=9, stop_tokens=[stop])
    assert list(only.tokens) == greedy[: greedy.index(stop) + 1]
    assert only.finished


def test_log_probability_is_that_of_the_model(model):
    for hypothesis in beam_search(model, [1, 2], beam_width=5, max_new_tokens=6):
        ids = [1, 2, *hypothesis.tokens]
        logits = model(torch.tensor([ids[:-1]]))[0, 1:].log_softmax(-1)
        total = logits.gather(-1, torch.tensor(hypothesis.tokens)[:, None]).sum().item()
        assert hypothesis.log_probability == pytest.approx(total, abs=1e-4)


def test_finds_what_greedy_misses(make_model):
    better = 0
    for seed in range(8):
        model = make_model(seed)
        scores = [
            beam_search(model, [1], beam_width=width, max_new_tokens=6)[0].score for width in (1, 8)
        ]
        better += scores[1] > scores[0] + 1e-3
    assert better > 0


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"beam_width": 0}, ValueError, "beam_width must be at least 1"),
        ({"max_new_tokens": 0}, ValueError, "max_new_tokens must be at least 1"),
        ({"max_new_tokens": 16}, ValueError, r"prompt \(1 tokens\).*context_length \(16\)"),
        ({"length_penalty": -1.0}, ValueError, "length_penalty must be at least 0"),
        ({"prompt_ids": []}, ValueError, "the prompt is empty"),
        ({"prompt_ids": [99]}, ValueError, "token 99"),
    ],
)
def test_bad_arguments(model, settings, error, message):
    arguments = {"prompt_ids": [1], "beam_width": 2, "max_new_tokens": 3} | settings
    prompt = arguments.pop("prompt_ids")
    with pytest.raises(error, match=message):
        beam_search(model, prompt, **arguments)
