import pytest
import torch

from course_lib.generation import matrices, quantize_int8
from course_lib.generation.fast_step import FastStep


@pytest.mark.parametrize("quantized", [False, True])
@torch.inference_mode()
def test_equals_the_module(model, quantized):
    model = quantize_int8(model) if quantized else model
    caches = [model.make_cache(1) for _ in range(2)]
    step = FastStep(model, caches[0])
    for token in torch.randint(29, (16, 1), generator=torch.Generator().manual_seed(0)):
        expected = model(token[None], cache=caches[1])[:, -1]
        torch.testing.assert_close(step(token), expected, atol=1e-4, rtol=1e-4)
    assert [cache.length for cache in caches] == [16, 16]
    for ours, theirs in zip(caches[0].layers, caches[1].layers, strict=True):
        torch.testing.assert_close(ours.keys, theirs.keys, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours.values, theirs.values, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="room for 16 tokens"):
        step(torch.tensor([0]))


@pytest.mark.parametrize("kind", [matrices.RowSplitMatrix, matrices.HalfMatrix])
@torch.inference_mode()
def test_weights_laid_out_anew_for_many_steps_give_the_same(model, kind, monkeypatch):
    if kind is matrices.HalfMatrix:
        if not matrices.has_fbgemm():
            pytest.skip("the kernel for 16-bit weights is for x86")
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    monkeypatch.setattr(matrices, "_WORTH_SHARING", 1)
    cache = model.make_cache(1)
    step = FastStep(model, cache, n_steps=1000)
    assert all(type(layer.output) is kind for layer in step.layers)
    assert type(step.unembed) is kind
    other = model.make_cache(1)
    for token in torch.randint(29, (16, 1), generator=torch.Generator().manual_seed(0)):
        expected = model(token[None], cache=other)[:, -1]
        torch.testing.assert_close(step(token), expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_goes_on_after_a_prompt_read_by_the_module(model):
    cache = model.make_cache(1)
    model(torch.tensor([[1, 2, 3]]), cache=cache)
    got = FastStep(model, cache)(torch.tensor([4]))
    expected = model(torch.tensor([[1, 2, 3, 4]]))[:, -1]
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_what_it_does_not_support(model):
    with pytest.raises(ValueError, match="batch size 1, got 2"):
        FastStep(model, model.make_cache(2))
    with pytest.raises(ValueError, match="evaluation mode"):
        FastStep(model.train(), model.make_cache(1))
