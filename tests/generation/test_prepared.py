"""Matrices laid out once are used again, but never after the weights have changed."""

import gc
import weakref

import pytest
import torch

from course_lib.generation import SamplingConfig, generate, matrices, prepared, quantize_int8
from course_lib.generation.prepared import prepared_matrices

GREEDY = SamplingConfig(greedy=True)


def _add_in_place(model):
    with torch.no_grad():
        model.blocks[0].feed_forward.narrow.weight.mul_(-2)


def _add_to_the_data(model):
    model.blocks[0].feed_forward.narrow.weight.data[0] += 0.5  # PyTorch does not count this


def _swap_rows_of_the_data(model):
    weight = model.blocks[1].attention.output.weight.data
    weight.copy_(weight.flip(0))


def _put_another(model):
    model.blocks[0].attention_norm.gain = torch.nn.Parameter(torch.full((24,), 3.0))


def _train(model, **options):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, **options)
    model(torch.tensor([[1, 2, 3]]))[..., 5].sum().backward()
    optimizer.step()


def _load(model):
    model.load_state_dict({name: 0.5 * t for name, t in model.state_dict().items()})


@pytest.mark.parametrize(
    "change",
    [
        _add_in_place,
        _add_to_the_data,
        _swap_rows_of_the_data,
        _put_another,
        _train,
        lambda model: _train(model, fused=True),
        lambda model: _train(model, foreach=True),
        _load,
    ],
)
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_changed_weights_are_noticed(model, make_transformer, kind, change, monkeypatch):
    monkeypatch.setattr(matrices, "_WORTH_SHARING", 1)
    model = model if kind == "gpt2" else make_transformer("llama")
    first = generate(model, [1, 2], max_new_tokens=40, sampling=GREEDY)
    change(model)
    got = generate(model, [1, 2], max_new_tokens=40, sampling=GREEDY)
    assert got == generate(model, [1, 2], max_new_tokens=40, sampling=GREEDY, use_cache=False)
    assert got != first


def test_kept_while_the_weights_stay(model):
    first = prepared_matrices(model, 100)
    matrix = first(model.blocks[0].feed_forward.widen)
    again = prepared_matrices(model, 100)
    assert again is first
    assert again(model.blocks[0].feed_forward.widen) is matrix
    with torch.no_grad():
        model.final_norm.gain.mul_(1)
    assert prepared_matrices(model, 100) is not first


def test_the_more_steps_the_better_the_layout(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    first = prepared_matrices(model, matrices.WORTH_PACKING - 1)
    second = prepared_matrices(model, 40)
    assert (first.half, second.half) == (False, matrices.has_fbgemm())
    assert prepared_matrices(model, 40) is second


def test_nothing_is_kept_for_a_few_steps(model):
    prepared_matrices(model, matrices.WORTH_COPYING - 1)
    assert model not in prepared._KEPT


def test_nothing_outlives_the_model(make_transformer):
    model = quantize_int8(make_transformer("llama"))
    generate(model, [1], max_new_tokens=40)
    assert model in prepared._KEPT
    before, watch = len(prepared._KEPT), weakref.ref(model)
    del model
    gc.collect()
    assert watch() is None
    assert len(prepared._KEPT) < before


def test_weights_made_in_inference_mode_cannot_be_watched(make_transformer):
    with torch.inference_mode():
        model = make_transformer("llama")
        generate(model, [1], max_new_tokens=40)
        assert model not in prepared._KEPT
