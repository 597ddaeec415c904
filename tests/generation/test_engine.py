import pytest
import torch

from course_lib.generation import SamplingConfig, generate, stream, window_start

GREEDY = SamplingConfig(greedy=True)
PROMPTS = [[1, 2, 3, 4, 5], [7], [9, 8, 7], [3, 3, 3, 3]]


def _slowly(model, prompt, n):
    """Greedy decoding as one would write it on a blackboard, without overflow."""
    ids = list(prompt)
    for _ in range(n):
        ids.append(model(torch.tensor([ids]))[0, -1].argmax().item())
    return ids[len(prompt) :]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_equals_the_plain_loop(model, prompt):
    expected = _slowly(model, prompt, 11)
    assert generate(model, prompt, max_new_tokens=11, sampling=GREEDY) == [expected]
    assert len(set(expected)) > 2  # the test model does not just repeat one token


@pytest.mark.parametrize("use_cache", [True, False])
def test_batch_equals_one_by_one(model, use_cache):
    together = generate(model, PROMPTS, max_new_tokens=11, sampling=GREEDY, use_cache=use_cache)
    assert together == [_slowly(model, prompt, 11) for prompt in PROMPTS]


@pytest.mark.parametrize("prompts", [PROMPTS, PROMPTS[:1]])
@pytest.mark.parametrize(
    "settings",
    [
        {"greedy": True},
        {},
        {"temperature": 0.7, "top_k": 5},
        {"top_p": 0.8, "repetition_penalty": 1.2},
        {"min_p": 0.1},
    ],
)
@pytest.mark.parametrize("n", [1, 30])  # 30 goes past the context of 16
def test_cache_changes_no_token(model, prompts, settings, n):
    cached, plain = (
        generate(
            model,
            prompts,
            max_new_tokens=n,
            sampling=SamplingConfig(**settings),
            generator=torch.Generator().manual_seed(4),
            use_cache=use_cache,
        )
        for use_cache in (True, False)
    )
    assert cached == plain
    assert [len(ids) for ids in cached] == [n] * len(prompts)


def test_seeded(model):
    def run(seed):
        generator = torch.Generator().manual_seed(seed)
        return generate(model, PROMPTS, max_new_tokens=9, generator=generator)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_first_token_follows_the_models_distribution(model):
    generator = torch.Generator().manual_seed(0)
    drawn = generate(model, [[1, 2]] * 4000, max_new_tokens=1, generator=generator)
    shares = torch.tensor(drawn).flatten().bincount(minlength=29) / 4000
    expected = model(torch.tensor([[1, 2]]))[0, -1].softmax(-1)
    torch.testing.assert_close(shares, expected.detach(), atol=0.03, rtol=0)


@pytest.mark.parametrize("place", [0, 1, 5])
def test_stop_token_ends_and_is_not_returned(model, place):
    ids = _slowly(model, [1, 2], 8)
    stop = ids[place]
    expected = ids[: ids.index(stop)]
    assert generate(
        model, [1, 2], max_new_tokens=8, sampling=GREEDY, stop_tokens=[stop]
    ) == [expected]  # fmt: skip
    assert list(
        stream(model, [1, 2], max_new_tokens=8, sampling=GREEDY, stop_tokens={stop})
    ) == expected  # fmt: skip


def test_stopped_rows_leave_the_others_alone(model):
    alone = [_slowly(model, prompt, 8) for prompt in PROMPTS]
    stop = alone[0][2]
    expected = [ids[: ids.index(stop)] if stop in ids else ids for ids in alone]
    got = generate(model, PROMPTS, max_new_tokens=8, sampling=GREEDY, stop_tokens=(stop,))
    assert got == expected
    assert len({len(ids) for ids in got}) > 1


def test_stream_equals_generate_and_is_lazy(model):
    steps = stream(model, [1, 2], max_new_tokens=10**6, generator=torch.Generator().manual_seed(0))
    first = [next(steps) for _ in range(6)]
    generator = torch.Generator().manual_seed(0)
    assert generate(model, [1, 2], max_new_tokens=6, generator=generator) == [first]


@pytest.mark.parametrize(
    ("n", "context", "start"),
    [(1, 1, 0), (2, 1, 1), (5, 1, 4), (16, 16, 0), (17, 16, 8), (24, 16, 8), (25, 16, 16),
     (100, 16, 88), (6, 5, 2), (8, 5, 4)],
)  # fmt: skip
def test_window_start(n, context, start):
    assert window_start(n, context) == start
    assert 1 <= n - start <= context


@pytest.mark.parametrize("prompt_length", [15, 16, 17, 40])
def test_past_the_context_the_newer_half_is_seen(model, prompt_length):
    prompt = [i % 29 for i in range(prompt_length)]
    got = generate(model, prompt, max_new_tokens=20, sampling=GREEDY)[0]
    ids = list(prompt)
    for _ in range(20):
        seen = ids[window_start(len(ids), 16) :]
        ids.append(model(torch.tensor([seen]))[0, -1].argmax().item())
    assert got == ids[prompt_length:]


def test_context_of_one(make_model):
    model = make_model(context_length=1)
    got = generate(model, [3], max_new_tokens=5, sampling=GREEDY)[0]
    assert got == [
        model(torch.tensor([[token]]))[0, -1].argmax().item() for token in [3, *got[:-1]]
    ]


def test_dropout_is_off_while_generating_and_on_again_after(make_model):
    model = make_model(dropout=0.5).train()
    expected = generate(model, [1, 2], max_new_tokens=9, sampling=GREEDY)
    assert model.training
    assert expected == [_slowly(model.eval(), [1, 2], 9)]
    model.train()
    steps = stream(model, [1, 2], max_new_tokens=9)
    next(steps)
    steps.close()
    assert model.training


def test_padding_does_not_count_as_previous_token(model):
    sampling = SamplingConfig(greedy=True, repetition_penalty=5.0)
    together = generate(model, [[0], [5, 6, 7]], max_new_tokens=8, sampling=sampling)
    alone = [generate(model, p, max_new_tokens=8, sampling=sampling)[0] for p in ([0], [5, 6, 7])]
    assert together == alone


def test_results_can_be_used_in_training_afterwards(model):
    generate(model, [1], max_new_tokens=3)
    model(torch.tensor([[1, 2]])).sum().backward()
    assert model.token_embedding.weight.grad is not None
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("prompt", "n", "error", "message"),
    [
        ([], 3, ValueError, "at least one prompt"),
        ([[]], 3, ValueError, "prompt 0 is empty; give at least one token"),
        ([[1], []], 3, ValueError, "prompt 1 is empty"),
        ([1, 29], 3, ValueError, r"token 29; ids must be in \[0, 29\)"),
        ([[1], [-1]], 3, ValueError, "prompt 1 holds token -1"),
        ([1], 0, ValueError, "max_new_tokens must be at least 1, got 0"),
        ([1], -2, ValueError, "max_new_tokens must be at least 1"),
        ([1], 1.5, TypeError, "max_new_tokens"),
    ],
)
def test_bad_arguments(model, prompt, n, error, message):
    with pytest.raises(error, match=message):
        generate(model, prompt, max_new_tokens=n)


def test_stream_complains_at_once(model):
    with pytest.raises(ValueError, match="the prompt is empty"):
        stream(model, [], max_new_tokens=3)
