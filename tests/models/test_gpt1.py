import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

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


def test_round_trip(folder):
    model = load_gpt1(folder)
    assert model.config == TINY
    assert not model.training
    original = Transformer(TINY, generator=torch.Generator().manual_seed(0)).state_dict()
    assert set(original) == set(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, original[name]), name


def test_half_precision_on_disk(tmp_path):
    model = Transformer(TINY)
    save_gpt1(model, tmp_path, dtype=torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    again = load_gpt1(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    torch.testing.assert_close(
        again.token_embedding.weight, model.token_embedding.weight, atol=1e-4, rtol=1e-3
    )


def test_loaded_model_can_be_trained(folder):
    model = load_gpt1(folder, dropout=0.3).train()
    assert model.config.dropout == 0.3
    model(torch.zeros(1, 3, dtype=torch.int64)).sum().backward()
    assert model.token_embedding.weight.grad is not None


def test_length_limits(folder):
    model = load_gpt1(folder)
    assert model(torch.zeros(1, 8, dtype=torch.int64)).shape == (1, 8, 13)
    with pytest.raises(ValueError, match="got 9"):
        model(torch.zeros(1, 9, dtype=torch.int64))
    with pytest.raises(ValueError, match="at least 1 token"):
        model(torch.zeros(1, 0, dtype=torch.int64))


def _edit_config(folder, **changes):
    values = json.loads((folder / "config.json").read_text()) | changes
    kept = {name: value for name, value in values.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))


def _edit_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


def _cut(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda f: (f / "config.json").unlink(), FileNotFoundError, "holds no config.json"),
        (lambda f: (f / "model.safetensors").unlink(), FileNotFoundError, "no model.safetensors"),
        (lambda f: (f / "config.json").write_text("{"), ValueError, "config.json"),
        (_cut, ValueError, "model.safetensors"),
        (lambda f: _edit_config(f, model_type="gpt2"), ValueError, "'openai-gpt', got 'gpt2'"),
        (lambda f: _edit_config(f, model_type=None), ValueError, "'openai-gpt', got None"),
        (lambda f: _edit_config(f, afn="relu"), ValueError, "afn must be 'gelu', got 'relu'"),
        (lambda f: _edit_config(f, layer_norm_epsilon=1e-3), ValueError, "got 0.001"),
        (lambda f: _edit_config(f, n_embd=None), ValueError, "n_embd is missing"),
        (lambda f: _edit_config(f, n_head=5), ValueError, "n_heads=5 must divide d_model=12"),
        (lambda f: _edit_config(f, n_embd=24), ValueError, "which does not fit"),
        (lambda f: _edit_config(f, n_layer=3), ValueError, "no tensor 'h.2.attn.c_attn.weight'"),
        (
            lambda f: _edit_weights(f, lambda w: w.pop("transformer.h.1.mlp.c_fc.bias")),
            ValueError,
            "no tensor 'h.1.mlp.c_fc.bias'",
        ),
        (
            lambda f: _edit_weights(
                f, lambda w: w.update({"transformer.h.0.attn.c_attn.weight": torch.ones(12, 35)})
            ),
            ValueError,
            r"shape \(12, 35\), which does not fit",
        ),
        (
            lambda f: _edit_weights(f, lambda w: w.update({"lm_head.weight": torch.ones(13, 12)})),
            ValueError,
            "untied",
        ),
    ],
)
def test_damaged_folder(folder, damage, error, message):
    damage(folder)
    with pytest.raises(error, match=message):
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


def test_hub_name_offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match="Go online, or give a local folder"):
        load_gpt1("openai-community/no-such-gpt1")


def test_no_folder_and_no_name():
    with pytest.raises(FileNotFoundError, match="no/such/folder"):
        load_gpt1("no/such/folder")


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
