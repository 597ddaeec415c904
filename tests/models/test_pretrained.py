import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_lib.config import GPT2Config
from course_lib.models import GPT2, load_gpt2, save_gpt2

TINY = GPT2Config(vocab_size=13, context_length=8, d_model=12, n_heads=3, n_layers=2, d_ff=20)


@pytest.fixture
def folder(tmp_path):
    save_gpt2(GPT2(TINY, generator=torch.Generator().manual_seed(0)), tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(folder):
    model = load_gpt2(folder)
    assert model.config == TINY
    assert not model.training
    original = GPT2(TINY, generator=torch.Generator().manual_seed(0))
    for (name, a), (_, b) in zip(
        model.named_parameters(), original.named_parameters(), strict=True
    ):
        assert torch.equal(a, b), name


def test_half_precision_on_disk(tmp_path):
    model = GPT2(TINY)
    save_gpt2(model, tmp_path, dtype=torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    again = load_gpt2(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    torch.testing.assert_close(
        again.token_embedding.weight, model.token_embedding.weight, atol=1e-4, rtol=1e-3
    )


def test_loaded_model_can_be_trained(folder):
    model = load_gpt2(folder, dropout=0.3).train()
    assert model.config.dropout == 0.3
    model(torch.zeros(1, 3, dtype=torch.int64)).sum().backward()
    assert model.token_embedding.weight.grad is not None


def _edit_config(folder, **changes):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | changes))


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
        (lambda f: _edit_config(f, model_type="llama"), ValueError, 'must be "gpt2", got .llama'),
        (lambda f: _edit_config(f, activation_function="relu"), ValueError, "got 'relu'"),
        (
            lambda f: _edit_config(f, scale_attn_by_inverse_layer_idx=True),
            ValueError,
            "scale_attn_by_inverse_layer_idx is not supported",
        ),
        (lambda f: _edit_config(f, n_embd=24), ValueError, "which does not fit"),
        (lambda f: _edit_config(f, n_layer=3), ValueError, "no tensor 'h.2.ln_1.weight'"),
        (
            lambda f: _edit_weights(f, lambda w: w.pop("transformer.h.1.mlp.c_fc.bias")),
            ValueError,
            "no tensor 'h.1.mlp.c_fc.bias'",
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
        load_gpt2(folder)


def test_hub_name_offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match="Go online, or give a local folder"):
        load_gpt2("openai-community/no-such-gpt2")


def test_no_folder_and_no_name():
    with pytest.raises(FileNotFoundError, match="no/such/folder"):
        load_gpt2("no/such/folder")
