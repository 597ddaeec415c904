import pytest
import torch
from torch.nn import functional as F

from course_lib.generation import quantize_int8
from course_lib.generation.fast_step import FastStep, RowSplitMatrix


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("parts", [None, 1, 2, 3, 8])
@pytest.mark.parametrize("has_bias", [False, True])
def test_row_split_matrix_equals_linear(rows, parts, has_bias):
    weight, x = torch.randn(rows, 10), torch.randn(1, 10)
    bias = torch.randn(rows) if has_bias else None
    got = RowSplitMatrix(weight, bias, n_parts=parts)(x)
    torch.testing.assert_close(got, F.linear(x, weight, bias))


def test_shares_are_as_many_as_threads_for_large_matrices_only():
    assert RowSplitMatrix(torch.zeros(128, 128)).n_parts == torch.get_num_threads()
    assert RowSplitMatrix(torch.zeros(8, 8)).n_parts == 1


def test_row_split_matrix_copies_nothing():
    weight = torch.randn(9, 10)
    assert RowSplitMatrix(weight, n_parts=2).weight.data_ptr() == weight.data_ptr()


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
