import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from course_lib.generation import SamplingConfig, generate, quantization, quantize_int8
from course_lib.generation.quantization import Int8Matrix, quantize_rows


def test_worked_example():
    q, scale = quantize_rows(torch.tensor([[1.0, -2.0, 0.1], [0.0, 0.0, 0.0]]))
    assert q.tolist() == [[64, -127, 6], [0, 0, 0]]
    assert scale[0].item() == pytest.approx(2 / 127)


@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_error_is_at_most_half_a_step(seed, size):
    weight = size * torch.randn(5, 7, generator=torch.Generator().manual_seed(seed))
    q, scale = quantize_rows(weight)
    error = (q * scale[:, None] - weight).abs()
    assert (error <= 0.501 * scale[:, None]).all()


@pytest.mark.parametrize("shape", [(1, 64), (3, 64), (2, 3, 64), (64,)])
@pytest.mark.parametrize("outlier", [1.0, 100.0])
@pytest.mark.parametrize("has_bias", [False, True])
def test_matrix_rounds_only_the_weights(shape, outlier, has_bias):
    torch.manual_seed(0)
    weight, x = torch.randn(48, 64), torch.randn(shape)
    x[..., 5] *= outlier
    bias = torch.randn(48) if has_bias else None
    matrix = Int8Matrix(weight, bias)
    exact = F.linear(x, matrix.dequantized(), bias)
    from_activations = (matrix(x) - exact).norm()
    from_weights = (exact - F.linear(x, weight, bias)).norm()
    assert from_activations < 0.1 * from_weights


def test_without_the_kernel(monkeypatch, model):
    fast = quantize_int8(model)
    monkeypatch.setattr(quantization, "has_fbgemm", lambda: False)
    slow = quantize_int8(model)
    tokens = torch.randint(29, (2, 7))
    torch.testing.assert_close(fast(tokens), slow(tokens), atol=0.05, rtol=0.01)
    assert len(generate(slow, [1], max_new_tokens=20)[0]) == 20


def test_zero_input():
    matrix = Int8Matrix(torch.randn(4, 8), torch.arange(4.0))
    assert matrix(torch.zeros(1, 8)).tolist() == [[0, 1, 2, 3]]


def test_model_is_close_and_the_original_unchanged(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    small = quantize_int8(model)
    tokens = torch.randint(29, (2, 16), generator=torch.Generator().manual_seed(0))
    logits, rounded = model(tokens).detach(), small(tokens)
    assert (logits - rounded).pow(2).mean() < 0.01 * logits.var()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert small.n_parameters() == model.n_parameters()


def test_generation_with_and_without_cache(model):
    small = quantize_int8(model)
    greedy = SamplingConfig(greedy=True)
    for prompts in ([1, 2], [[1, 2], [3]]):
        cached = generate(small, prompts, max_new_tokens=30, sampling=greedy)
        plain = generate(small, prompts, max_new_tokens=30, sampling=greedy, use_cache=False)
        assert cached == plain


def test_bad_inputs(model):
    with pytest.raises(ValueError, match="quantized already"):
        quantize_int8(quantize_int8(model))
    with pytest.raises(ValueError, match=r"on the CPU, got meta; call model.cpu\(\)"):
        quantize_int8(model.to("meta"))
