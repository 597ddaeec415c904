"""Every kind of `Transformer` in the engine: with and without cache, alone and in a batch."""

import pytest
import torch
from torch import nn

from course_lib.generation import (
    SamplingConfig,
    beam_search,
    generate,
    matrices,
    quantize_int8,
    stream,
)
from course_lib.generation.fast_step import FastStep
from course_lib.layers import GroupedQueryAttention
from course_lib.models import Transformer

VARIANTS = ("llama", "llama, untied, 1 key head", "GPT-1", "sinusoids, ReLU, own keys", "alibi")
GREEDY = SamplingConfig(greedy=True)
PROMPTS = [[1, 2, 3, 4, 5], [7], [9, 8, 7]]


def _slowly(model, prompt, n):
    """Greedy decoding as one would write it on a blackboard."""
    ids = list(prompt)
    for _ in range(n):
        ids.append(model(torch.tensor([ids]))[0, -1].argmax().item())
    return ids[len(prompt) :]


@pytest.fixture(params=[*VARIANTS, "llama in int8", "llama, untied, 1 key head in int8"])
def either(request, make_transformer):
    model = make_transformer(request.param.removesuffix(" in int8"))
    return quantize_int8(model) if request.param.endswith("int8") else model


def test_greedy_equals_the_plain_loop(transformer):
    expected = [_slowly(transformer, prompt, 11) for prompt in PROMPTS]
    assert len({token for row in expected for token in row}) > 1  # not always the same
    alone = [generate(transformer, p, max_new_tokens=11, sampling=GREEDY)[0] for p in PROMPTS]
    assert alone == expected
    assert list(stream(transformer, [7], max_new_tokens=11, sampling=GREEDY)) == expected[1]


@pytest.mark.parametrize("use_cache", [True, False])
def test_batch_equals_one_by_one(transformer, use_cache):
    together = generate(
        transformer, PROMPTS, max_new_tokens=11, sampling=GREEDY, use_cache=use_cache
    )
    assert together == [_slowly(transformer, prompt, 11) for prompt in PROMPTS]


@pytest.mark.parametrize("prompts", [PROMPTS, PROMPTS[:1]], ids=["batch", "one"])
def test_cache_changes_no_token_even_past_the_context(either, prompts):
    cached, plain = (
        generate(
            either, prompts, max_new_tokens=36, sampling=SamplingConfig(temperature=0.7, top_k=5),
            use_cache=use_cache, generator=torch.Generator().manual_seed(4),
        )
        for use_cache in (True, False)
    )  # fmt: skip
    assert cached == plain


@pytest.mark.parametrize(("n_steps", "half"), [(1, False), (1000, False), (1000, True)])
@torch.inference_mode()
def test_the_fast_step_equals_the_module(either, n_steps, half, monkeypatch):
    monkeypatch.setattr(matrices, "_WORTH_SHARING", 1)
    if half:
        for parameter in either.parameters():
            parameter.copy_(parameter.half().float())
    if either.config.positions == "alibi":
        assert not FastStep.supports(either)
        return
    caches = [either.make_cache(1) for _ in range(2)]
    tokens = torch.randint(29, (16,), generator=torch.Generator().manual_seed(0))
    for cache in caches:
        either(tokens[None, :5], cache=cache)
    step = FastStep(either, caches[0], n_steps=n_steps)
    for token in tokens[5:]:
        expected = either(token[None, None], cache=caches[1])[:, -1]
        torch.testing.assert_close(step(token[None]), expected, atol=2e-4, rtol=1e-3)
    for ours, theirs in zip(caches[0].layers, caches[1].layers, strict=True):
        torch.testing.assert_close(ours.keys, theirs.keys, atol=2e-4, rtol=1e-3)
        torch.testing.assert_close(ours.values, theirs.values, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@torch.inference_mode()
def test_other_dtypes(make_transformer, dtype):
    model = make_transformer("llama").to(dtype)
    caches = [model.make_cache(1) for _ in range(2)]
    step, tolerance = FastStep(model, caches[0]), 0.05 if dtype is torch.bfloat16 else 1e-9
    for token in torch.randint(29, (8, 1)):
        expected = model(token[None], cache=caches[1])[:, -1]
        error = (step(token) - expected).double().norm() / expected.double().norm()
        assert error < tolerance


def test_beam_of_one_is_greedy(transformer):
    (best,) = beam_search(transformer, [1, 2], beam_width=1, max_new_tokens=8)
    assert list(best.tokens) == _slowly(transformer, [1, 2], 8)
    assert len(beam_search(transformer, [1, 2], beam_width=3, max_new_tokens=8)) == 3


def test_rounded_to_8_bits_it_is_close_and_the_original_unchanged(transformer):
    before = {name: tensor.clone() for name, tensor in transformer.state_dict().items()}
    small = quantize_int8(transformer)
    assert isinstance(small, Transformer)
    tokens = torch.randint(29, (2, 16), generator=torch.Generator().manual_seed(0))
    logits, rounded = transformer(tokens).detach(), small(tokens)
    assert (logits - rounded).pow(2).mean() < 0.01 * logits.var()
    for name, tensor in transformer.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert small.n_parameters() == transformer.n_parameters()
    assert not any(isinstance(module, nn.Linear | nn.Embedding) for module in small.modules())
    with pytest.raises(ValueError, match="quantized already"):
        quantize_int8(small)


class _Adapter(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.scale * self.linear(x)


class _Other(Transformer):
    pass


def _with_hook(model):
    model.blocks[1].register_forward_hook(lambda *_: None)


def _with_adapter(model):
    attention = model.blocks[0].attention
    attention.value = _Adapter(attention.value)


def _with_another_class(model):
    model.__class__ = _Other


def _with_other_attention(model):
    model.blocks[0].attention = type("Mine", (GroupedQueryAttention,), {})(24, 4, 2)


@pytest.mark.parametrize(
    "change", [_with_hook, _with_adapter, _with_another_class, _with_other_attention]
)
def test_what_is_changed_is_left_to_the_module(make_transformer, change):
    model = make_transformer("llama")
    assert FastStep.supports(model)
    change(model)
    assert not FastStep.supports(model)
    with pytest.raises(ValueError, match="as the course defines them"):
        FastStep(model, model.make_cache(1))
    got = generate(model, [1, 2], max_new_tokens=5, sampling=GREEDY)
    assert got == [_slowly(model, [1, 2], 5)]
