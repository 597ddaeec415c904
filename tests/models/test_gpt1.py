"""GPT-1: its size, its folders, the course's small one; more in test_saved_models."""

from dataclasses import replace

import pytest
import torch

from course_lib.assets import AssetError
from course_lib.config import TransformerConfig
from course_lib.models import GPT1_CONFIG, Transformer, gpt1, load_gpt1, save_gpt1

TINY = replace(
    GPT1_CONFIG,
    vocab_size=13,
    context_length=8,
    d_model=12,
    n_heads=3,
    n_kv_heads=0,
    n_layers=2,
    d_ff=0,
)


@pytest.fixture
def folder(tmp_path):
    save_gpt1(Transformer(TINY, generator=torch.Generator().manual_seed(0)), tmp_path / "model")
    return tmp_path / "model"


def test_full_size_is_the_papers():
    with torch.device("meta"):
        model = Transformer(GPT1_CONFIG)
    assert model.n_parameters() == 116_534_784
    assert isinstance(model.final_norm, torch.nn.Identity)
    assert model.output is None


def test_length_limits(folder):
    model = load_gpt1(folder)
    assert model(torch.zeros(1, 8, dtype=torch.int64)).shape == (1, 8, 13)
    with pytest.raises(ValueError, match="got 9"):
        model(torch.zeros(1, 9, dtype=torch.int64))
    with pytest.raises(ValueError, match="at least 1 token"):
        model(torch.zeros(1, 0, dtype=torch.int64))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "gpt2"}, "'openai-gpt', got 'gpt2'"),
        ({"model_type": None}, "'openai-gpt', got None"),
        ({"afn": "relu"}, "afn must be 'gelu', got 'relu'"),
        ({"layer_norm_epsilon": 1e-3}, "got 0.001"),
        ({"n_embd": None}, "n_embd is missing"),
        ({"n_head": 5}, "n_heads=5 must divide d_model=12"),
    ],
)
def test_settings_of_another_model(folder, damage, changes, message):
    damage(folder, config=changes)
    with pytest.raises(ValueError, match=message):
        load_gpt1(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"norm_place": "pre"}, "norm_place is 'pre'; in a GPT-1 of these sizes it is 'post'"),
        ({"positions": "rotary"}, "positions is 'rotary'"),
        ({"n_kv_heads": 1}, "n_kv_heads is 1; in a GPT-1 of these sizes it is 3"),
        ({"d_ff": 20}, "d_ff is 20; in a GPT-1 of these sizes it is 48"),
        ({"tied": False}, "tied is False"),
    ],
)
def test_other_models_are_not_saved_as_gpt1(tmp_path, change, message):
    model = Transformer(TransformerConfig.from_dict(TINY.to_dict() | change))
    with pytest.raises(ValueError, match=message):
        save_gpt1(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_missing_checkpoint(monkeypatch):
    def missing(name):
        raise AssetError(f"No checkpoint named {name!r} ships with course_lib.")

    monkeypatch.setattr(gpt1, "checkpoint_path", missing)
    with pytest.raises(AssetError, match="No checkpoint named 'gpt1-small'"):
        gpt1.load_course_gpt1()


@torch.no_grad()
def test_the_course_gpt1_has_learned_something():
    model, tokenizer = gpt1.load_course_gpt1()
    assert model.config == replace(
        TINY, vocab_size=8192, context_length=128, d_model=192, n_heads=6, n_kv_heads=6,
        n_layers=4, d_ff=768,
    )  # fmt: skip
    assert tokenizer.vocab_size == model.config.vocab_size
    logits = model(torch.tensor([tokenizer.encode("The Congress of the United")]))
    assert tokenizer.decode([int(logits[0, -1].argmax())]) == " States"
