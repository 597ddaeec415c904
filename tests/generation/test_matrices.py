import pytest
import torch
from torch.nn import functional as F

from course_lib.generation import matrices
from course_lib.generation.matrices import (
    HalfMatrix,
    RowSplitMatrix,
    fastest_matrix,
    has_fbgemm,
    is_half_at_heart,
)


@pytest.fixture
def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("by_columns", [False, True])
@pytest.mark.parametrize("shape", [(6, 5), (7, 5), (1, 5), (5, 1), (257, 96)])
@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("with_bias", [False, True])
def test_shares_multiply_like_linear(by_columns, shape, parts, with_bias, drawn):
    weight, x = torch.randn(shape, generator=drawn), torch.randn(1, shape[1], generator=drawn)
    bias = torch.randn(shape[0], generator=drawn) if with_bias else None
    got = RowSplitMatrix(weight, bias, n_parts=parts, by_columns=by_columns)(x)
    torch.testing.assert_close(got, F.linear(x, weight, bias), rtol=1e-5, atol=1e-5)


def test_only_the_copy_by_columns_takes_memory():
    weight = torch.randn(8, 4)
    assert RowSplitMatrix(weight, n_parts=2).weight.data_ptr() == weight.data_ptr()
    copied = RowSplitMatrix(weight, n_parts=2, by_columns=True).weight
    assert copied.data_ptr() != weight.data_ptr()


def test_small_matrices_are_not_shared():
    assert RowSplitMatrix(torch.zeros(128, 128)).n_parts == torch.get_num_threads()
    assert RowSplitMatrix(torch.zeros(8, 8)).n_parts == 1


def test_half_at_heart_means_exactly_representable():
    assert is_half_at_heart(torch.tensor([[0.5, 1024.0], [2.0**-24, -65504.0]]))
    assert not is_half_at_heart(torch.tensor([[0.1, 0.5]]))
    assert not is_half_at_heart(torch.tensor([[0.5, 0.5], [1e6, 0.5]]))
    assert not is_half_at_heart(torch.tensor([[float("nan")]]))
    assert not is_half_at_heart(torch.zeros(2, 2, dtype=torch.float64))


@pytest.mark.skipif(not has_fbgemm(), reason="the kernel for 16-bit weights is for x86")
def test_16_bit_weights_give_the_products_of_the_same_weights_in_32_bits(drawn):
    weight = torch.randn(65, 40, generator=drawn).half().float()
    bias, x = torch.randn(65, generator=drawn), torch.randn(1, 40, generator=drawn)
    got = HalfMatrix(weight, bias)(x)
    torch.testing.assert_close(got, F.linear(x, weight, bias), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(HalfMatrix(weight, None)(x), x @ weight.T, rtol=1e-5, atol=1e-5)


def test_packing_leaves_the_engine_as_it_was():
    before = torch.backends.quantized.engine
    with pytest.raises(ZeroDivisionError):
        matrices.with_fbgemm(lambda: 1 / 0)
    assert torch.backends.quantized.engine == before


def test_nothing_is_copied_for_a_few_products(drawn):
    weight = torch.randn(256, 128, generator=drawn).half().float()
    few = fastest_matrix(weight, None, n_products=2, half=True)
    assert isinstance(few, RowSplitMatrix)
    assert few.weight.data_ptr() == weight.data_ptr()
    many = fastest_matrix(weight, None, n_products=100, half=False)
    assert isinstance(many, RowSplitMatrix)
    assert many.weight.data_ptr() != weight.data_ptr()
    long_rows = fastest_matrix(weight.T.contiguous(), None, n_products=100, half=False)
    assert long_rows.weight.is_contiguous() is False
