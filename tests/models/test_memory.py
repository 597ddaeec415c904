"""Bytes: equal to what PyTorch holds, and clear about what cannot be."""

import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.models import (
    GPT2,
    activation_bytes,
    kv_cache_bytes,
    training_bytes,
    weight_bytes,
)

CONFIG = GPT2Config(
    vocab_size=23, context_length=64, d_model=64, n_heads=4, n_layers=3, dropout=0.0
)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int8"])
def test_weights(dtype):
    tensor = torch.zeros(7, 11).to(getattr(torch, dtype))
    assert weight_bytes(77, dtype) == tensor.numel() * tensor.element_size()


def test_two_four_bit_numbers_share_a_byte():
    assert weight_bytes(10, "int4") == 5


def test_training_in_float32():
    model = GPT2(CONFIG)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.arange(5)[None]).sum().backward()
    optimizer.step()
    expected = training_bytes(model.n_parameters())
    held = {
        "weights": sum(p.nbytes for p in model.parameters()),
        "gradients": sum(p.grad.nbytes for p in model.parameters()),
        "Adam's two means": sum(
            state[key].nbytes
            for state in optimizer.state.values()
            for key in ("exp_avg", "exp_avg_sq")
        ),
    }
    assert held == expected


def test_both_precisions_take_sixteen_bytes():
    assert sum(training_bytes(9).values()) == sum(training_bytes(9, "mixed").values()) == 144


@pytest.mark.parametrize("batch", [1, 3])
def test_cache(batch):
    cache = GPT2(CONFIG).make_cache(batch)
    held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    expected = kv_cache_bytes(3, 4, 16, 64, batch_size=batch, dtype="float32")
    assert held == expected


def test_activations_are_near_the_rule():
    """What autograd stores in float32 is within a factor 1.5 of twice the rule for 16 bits."""
    model = GPT2(CONFIG)
    seen = {}

    def keep(tensor):
        if not isinstance(tensor, torch.nn.Parameter):
            seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        hidden = model.hidden_states(torch.zeros(2, 64, dtype=torch.long))
    assert hidden.requires_grad
    rule = 2 * activation_bytes(64, 4, 3, 64, batch_size=2)
    assert rule / 1.5 < sum(seen.values()) < rule * 1.5


def test_stored_attention_weights_grow_with_the_square():
    def extra(n_tokens):
        sizes = (64, 4, 3, n_tokens)
        return activation_bytes(*sizes, fused_attention=False) - activation_bytes(*sizes)

    assert extra(200) == 4 * extra(100)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: weight_bytes(0), ValueError, "n_parameters must be at least 1, got 0"),
        (lambda: weight_bytes(1, "bf16"), ValueError, r"dtype must be one of .*, got 'bf16'"),
        (lambda: training_bytes(-1), ValueError, "n_parameters must be at least 1"),
        (lambda: kv_cache_bytes(1, 0, 1, 1), ValueError, "n_kv_heads must be at least 1"),
        (lambda: kv_cache_bytes(1, 1, 1, 1, batch_size=0), ValueError, "batch_size must be"),
        (lambda: activation_bytes(1, 1, 1, 0), ValueError, "n_tokens must be at least 1"),
    ],
)
def test_bad_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()
