import pytest
import torch

from course_lib.generation import SamplingConfig, contrastive_search, generate


def _slowly(model, prompt, n, k, penalty):
    """The formula, read from scratch at each step, candidate by candidate, pair by pair."""
    text = list(prompt)
    for _ in range(n):
        p = model(torch.tensor([text]))[0, -1].softmax(-1)
        scores = {}
        for v in p.argsort(descending=True)[:k].tolist():
            *earlier, h = model.hidden_states(torch.tensor([[*text, v]]))[0]
            likeness = max(float(h @ g / (h.norm() * g.norm())) for g in earlier)
            scores[v] = (1 - penalty) * float(p[v]) - penalty * likeness
        text.append(max(scores, key=scores.get))
    return text[len(prompt) :]


@pytest.mark.parametrize("kind", ["GPT-2", "llama", "GPT-1"])
@pytest.mark.parametrize(("k", "penalty"), [(4, 0.6), (7, 0.2), (2, 1.0)])
@torch.no_grad()
def test_equals_the_slow_computation(make_model, make_transformer, kind, k, penalty):
    model = make_model() if kind == "GPT-2" else make_transformer(kind)
    for prompt in ([7], [1, 2, 3, 4, 5]):
        got = contrastive_search(model, prompt, max_new_tokens=5, n_candidates=k, penalty=penalty)
        assert got == _slowly(model, prompt, 5, k, penalty)


@torch.no_grad()
def test_more_candidates_than_tokens(model):
    got = contrastive_search(model, [7], max_new_tokens=2, n_candidates=50, penalty=0.5)
    assert got == _slowly(model, [7], 2, 50, 0.5)


@pytest.mark.parametrize("settings", [{"penalty": 0.0}, {"n_candidates": 1}])
def test_without_penalty_or_choice_it_is_greedy(model, settings):
    for prompt in ([7], [1, 2, 3]):
        greedy = generate(model, prompt, max_new_tokens=13, sampling=SamplingConfig(greedy=True))
        assert [contrastive_search(model, prompt, max_new_tokens=13, **settings)] == greedy


def test_the_penalty_changes_the_text_and_dropout_stays_off(make_model):
    model = make_model(dropout=0.5).train()
    texts = [
        contrastive_search(model, [7], max_new_tokens=9, n_candidates=8, penalty=penalty)
        for penalty in (0.0, 1.0, 1.0)
    ]
    assert texts[0] != texts[1] == texts[2]
    assert model.training


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"prompt": []}, ValueError, "the prompt is empty"),
        ({"prompt": [29]}, ValueError, "token 29"),
        ({"max_new_tokens": 0}, ValueError, "max_new_tokens must be at least 1"),
        ({"max_new_tokens": 16}, ValueError, r"prompt \(1 tokens\).*context_length \(16\)"),
        ({"n_candidates": 0}, ValueError, "n_candidates must be at least 1"),
        ({"n_candidates": 2.0}, TypeError, "n_candidates"),
        ({"penalty": -0.1}, ValueError, r"must be in \[0, 1\], got -0.1"),
        ({"penalty": 1.5}, ValueError, "penalty is a weight"),
    ],
)
def test_bad_arguments(model, changes, error, message):
    arguments = {"prompt": [1], "max_new_tokens": 3} | changes
    with pytest.raises(error, match=message):
        contrastive_search(model, arguments.pop("prompt"), **arguments)
