"""What holds for every architecture that is saved and read in Hugging Face's layout."""

from dataclasses import dataclass, replace

import pytest
import torch
from safetensors.torch import load_file

from course_lib.config import GPT2Config
from course_lib.models import (
    GPT1_CONFIG,
    GPT2,
    Transformer,
    load_gpt1,
    load_gpt2,
    load_llama,
    save_gpt1,
    save_gpt2,
)


@dataclass(frozen=True)
class Kind:
    """An architecture: a tiny model of it, and how it is saved and read."""

    config: object
    make: type
    save: object
    load: object


SIZES = {"vocab_size": 13, "context_length": 8, "d_model": 12, "n_heads": 3, "n_layers": 2}
KINDS = {
    "gpt1": Kind(
        replace(GPT1_CONFIG, **SIZES, n_kv_heads=0, d_ff=0), Transformer, save_gpt1, load_gpt1
    ),
    "gpt2": Kind(GPT2Config(**SIZES, d_ff=20), GPT2, save_gpt2, load_gpt2),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def model(kind):
    return kind.make(kind.config, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def folder(kind, model, tmp_path):
    kind.save(model, tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(kind, model, folder):
    again = kind.load(folder)
    assert again.config == kind.config
    assert not again.training
    assert set(again.state_dict()) == set(model.state_dict())
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name


def test_half_precision_on_disk(kind, model, tmp_path):
    kind.save(model, tmp_path, dtype=torch.float16)
    assert {t.dtype for t in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    again = kind.load(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    torch.testing.assert_close(
        again.token_embedding.weight, model.token_embedding.weight, atol=1e-4, rtol=1e-3
    )


def test_loaded_model_can_be_trained(kind, folder):
    model = kind.load(folder, dropout=0.3).train()
    assert model.config.dropout == 0.3
    model(torch.zeros(1, 3, dtype=torch.int64)).sum().backward()
    assert model.token_embedding.weight.grad is not None


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file(kind, folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no {name}"):
        kind.load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_file_cut_in_the_middle(kind, folder, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=name):
        kind.load(folder)


def test_sizes_that_the_weights_do_not_have(kind, folder, damage):
    damage(folder, config={"n_embd": 24})
    with pytest.raises(ValueError, match="which does not fit"):
        kind.load(folder)


def test_missing_tensor(kind, folder, damage):
    damage(folder, weights={"transformer.h.1.mlp.c_fc.bias": None})
    with pytest.raises(ValueError, match=r"no tensor 'h\.1\.mlp\.c_fc\.bias'"):
        kind.load(folder)


def test_missing_block(kind, folder, damage):
    damage(folder, config={"n_layer": 3})
    with pytest.raises(ValueError, match=r"no tensor 'h\.2\."):
        kind.load(folder)


def test_tensor_of_another_shape(kind, folder, damage):
    damage(folder, weights={"transformer.h.0.attn.c_attn.weight": (12, 35)})
    with pytest.raises(ValueError, match=r"shape \(12, 35\), which does not fit"):
        kind.load(folder)


def test_output_matrix_of_its_own(kind, folder, damage):
    damage(folder, weights={"lm_head.weight": (13, 12)})
    with pytest.raises(ValueError, match="untied"):
        kind.load(folder)


@pytest.mark.parametrize("load", [load_gpt1, load_gpt2, load_llama])
def test_hub_name_offline(load, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match="Go online, or give a local folder"):
        load("openai-community/no-such-model")


@pytest.mark.parametrize("load", [load_gpt1, load_gpt2, load_llama])
def test_no_folder_and_no_name(load):
    with pytest.raises(FileNotFoundError, match="no/such/folder"):
        load("no/such/folder")
