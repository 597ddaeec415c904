import pytest
import torch

from course_lib.layers import KVCache


def test_append_and_overflow():
    cache = KVCache(2, 1, 3, 4, 5)
    piece = torch.randn(1, 3, 3, 5)
    keys, values = cache.layers[0].append(piece, 2 * piece)
    assert torch.equal(keys, piece)
    assert torch.equal(values, 2 * piece)
    with pytest.raises(ValueError, match="room for 4 tokens; 3 are stored and 3 more do not fit"):
        cache.layers[0].append(piece, piece)
    cache.layers[0].append(piece[:, :, :1], piece[:, :, :1])  # the last place
    assert cache.length == 4


def test_size_is_as_the_formula_says():
    cache = KVCache(2, 3, 4, 5, 6, dtype=torch.float16)
    assert cache.n_bytes == 2 * 2 * 3 * 4 * 5 * 6 * 2


def test_truncate():
    cache = KVCache(1, 1, 1, 4, 1)
    cache.layers[0].append(torch.ones(1, 1, 3, 1), torch.ones(1, 1, 3, 1))
    cache.truncate(1)
    assert cache.length == 1
    with pytest.raises(ValueError, match="between 0 and 1, got 2"):
        cache.truncate(2)


def test_select_repeats_and_drops_sequences():
    cache = KVCache(1, 2, 1, 4, 1)
    cache.layers[0].append(torch.tensor([[[[1.0]]], [[[2.0]]]]), torch.zeros(2, 1, 1, 1))
    cache.select(torch.tensor([1, 1, 0]))
    keys, _ = cache.layers[0].append(torch.zeros(3, 1, 1, 1), torch.zeros(3, 1, 1, 1))
    assert keys[:, 0, :, 0].tolist() == [[2, 0], [2, 0], [1, 0]]


@pytest.mark.parametrize("index", range(5))
def test_bad_sizes(index):
    sizes = [1, 1, 1, 1, 1]
    sizes[index] = 0
    with pytest.raises(ValueError, match="must be at least 1, got 0"):
        KVCache(*sizes)
