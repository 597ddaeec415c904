"""Llama folders and GGUF files: what is read, and what is refused."""

import json
import struct

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from course_lib.models import TransformerConfig, load_llama
from course_lib.models.gguf_file import halves_from_pairs, read_gguf
from course_lib.models.llama import llama_config_from_hugging_face

VALUES = {
    "model_type": "llama",
    "vocab_size": 11,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
}
SHAPES = {
    "self_attn.q_proj": (64, 64),
    "self_attn.k_proj": (32, 64),
    "self_attn.v_proj": (32, 64),
    "self_attn.o_proj": (64, 64),
    "mlp.gate_proj": (96, 64),
    "mlp.up_proj": (96, 64),
    "mlp.down_proj": (64, 96),
    "input_layernorm": (64,),
    "post_attention_layernorm": (64,),
}
GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def _weights():
    generator = torch.Generator().manual_seed(0)
    shapes = {"model.embed_tokens": (11, 64), "model.norm": (64,)}
    shapes |= {f"model.layers.{i}.{name}": s for i in range(2) for name, s in SHAPES.items()}
    return {
        f"{name}.weight": torch.randn(shape, generator=generator) for name, shape in shapes.items()
    }


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(VALUES))
    save_file(_weights(), tmp_path / "model.safetensors")
    return tmp_path


def _pairs_from_halves(weight, n_heads):
    """The other way around, as llama.cpp's converter writes it."""
    halves = weight.reshape(n_heads, 2, -1, *weight.shape[1:])
    return halves.swapaxes(1, 2).reshape(weight.shape)


def _write_gguf(path, *, kind=gguf.GGMLQuantizationType.F32, leave_out=(), architecture="llama",
                settings=None):  # fmt: skip
    writer = gguf.GGUFWriter(path, architecture)
    numbers = {
        "context_length": 8, "embedding_length": 64, "block_count": 2, "feed_forward_length": 96,
        "attention.head_count": 4, "attention.head_count_kv": 2, "rope.dimension_count": 16,
    }  # fmt: skip
    for name, value in numbers.items():
        if name not in leave_out:
            writer.add_uint32(f"{architecture}.{name}", value)
    writer.add_float32(f"{architecture}.rope.freq_base", 1000.0)
    writer.add_float32(f"{architecture}.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_array("tokenizer.ggml.tokens", [f"token {i}" for i in range(2000)])
    for name, value in (settings or {}).items():
        writer.add_string(name, value)
    for name, tensor in _weights().items():
        stem = name.removesuffix(".weight")
        if stem.startswith("model.layers."):
            _, _, layer, part = stem.split(".", 3)
            theirs = f"blk.{layer}.{GGUF_NAMES[part]}.weight"
        else:
            part, theirs = "", f"{GGUF_NAMES[stem]}.weight"
        if theirs in leave_out:
            continue
        heads = {"self_attn.q_proj": 4, "self_attn.k_proj": 2}.get(part)
        values = (tensor if heads is None else _pairs_from_halves(tensor, heads)).numpy()
        if values.ndim == 1 or kind == gguf.GGMLQuantizationType.F32:
            writer.add_tensor(theirs, np.ascontiguousarray(values))
        else:
            writer.add_tensor(theirs, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture
def gguf_path(tmp_path):
    _write_gguf(tmp_path / "model.gguf")
    return tmp_path / "model.gguf"


def test_folder(folder):
    model = load_llama(folder)
    assert not model.training
    assert model.config == TransformerConfig(
        11, 8, 64, 4, 2, n_kv_heads=2, d_ff=96, positions="rotary", norm="rms",
        feed_forward="swiglu", bias=False, tied=True, rotary_base=1000.0, norm_eps=1e-5,
    )  # fmt: skip
    assert load_llama(folder, dropout=0.25).config.dropout == 0.25


def test_gguf_file_equals_the_folder(folder, gguf_path):
    ours, expected = load_llama(gguf_path), load_llama(folder)
    assert ours.config.rotary_base == expected.config.rotary_base
    for name, parameter in ours.state_dict().items():
        assert torch.equal(parameter, expected.state_dict()[name]), name


@pytest.mark.parametrize(("kind", "bits"), [("Q8_0", 8), ("Q4_0", 4), ("Q4_1", 4)])
def test_rounded_weights_are_unpacked(tmp_path, kind, bits):
    _write_gguf(tmp_path / "model.gguf", kind=gguf.GGMLQuantizationType[kind])
    read = read_gguf(tmp_path / "model.gguf")
    assert read.kinds["token_embd.weight"] == kind
    assert "tokenizer.ggml.tokens" not in read.settings
    exact = _weights()["model.embed_tokens.weight"]
    error = (read.weights["token_embd.weight"] - exact).abs().max()
    assert 0 < error < 1.1 * exact.abs().max() / 2 ** (bits - 1)


def test_rows_of_the_paper_to_rows_of_ours():
    weight = torch.randn(12, 5)
    assert torch.equal(halves_from_pairs(_pairs_from_halves(weight, 2), 2), weight)
    assert torch.equal(halves_from_pairs(weight[:, 0], 3).sort().values, weight[:, 0].sort().values)


def test_older_files_have_the_base_outside():
    old = {name: value for name, value in VALUES.items() if name != "rope_parameters"}
    assert llama_config_from_hugging_face(old | {"rope_theta": 77.0}).rotary_base == 77.0
    assert llama_config_from_hugging_face(old | {"rope_scaling": None}).rotary_base == 10000.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "gpt2"}, "model_type must be \"llama\", got 'gpt2'"),
        ({"hidden_act": "gelu"}, "hidden_act must be \"silu\", got 'gelu'"),
        ({"attention_bias": True}, "attention_bias and mlp_bias must be the same"),
        ({"head_dim": 32}, r"head_dim must be hidden_size / num_attention_heads = 16, got 32"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, "got scaling 'llama3'"),
        (
            {"rope_parameters": None, "rope_scaling": {"type": "linear", "factor": 2.0}},
            "got scaling 'linear'",
        ),
        ({"num_attention_heads": 5}, "n_heads=5 must divide d_model=64"),
        ({"num_key_value_heads": 3}, "n_kv_heads=3 must divide n_heads=4"),
        ({"num_hidden_layers": 3}, "no tensor 'layers.2.input_layernorm.weight'"),
        ({"intermediate_size": 100}, "which does not fit"),
        ({"tie_word_embeddings": False}, "no tensor 'lm_head.weight'"),
    ],
)
def test_configurations_it_refuses(folder, changes, words):
    (folder / "config.json").write_text(json.dumps(VALUES | changes))
    with pytest.raises(ValueError, match=words):
        load_llama(folder)


def test_size_missing(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(ValueError, match=r"config\.json: vocab_size is missing"):
        load_llama(folder)


def test_tensor_missing(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"no tensor 'layers\.1\.mlp\.up_proj\.weight'"):
        load_llama(folder)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"architecture": "gpt2"}, "general.architecture must be \"llama\", got 'gpt2'"),
        ({"leave_out": ["block_count"]}, r"the setting llama\.block_count is missing"),
        ({"leave_out": ["token_embd.weight"]}, "no tensor 'token_embd.weight'"),
        ({"leave_out": ["blk.1.ffn_up.weight"]}, r"no tensor 'layers\.1\.mlp\.up_proj\.weight'"),
        ({"settings": {"llama.rope.scaling.type": "yarn"}}, "scaled rotary positions"),
    ],
)
def test_gguf_files_it_refuses(tmp_path, written, words):
    _write_gguf(tmp_path / "model.gguf", **written)
    with pytest.raises(ValueError, match=words):
        load_llama(tmp_path / "model.gguf")


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.001, 0.2, 0.5, 0.9, 0.999])
def test_gguf_cut_short(gguf_path, share):
    data = gguf_path.read_bytes()
    gguf_path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match="not a GGUF file" if share == 0 else "cut short|not a"):
        load_llama(gguf_path)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"PK\x03\x04" + bytes(100), r"must begin with \"GGUF\", got b'PK"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "GGUF version 9; known are 2 and 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2), "damaged or cut short"),
    ],
)
def test_not_a_gguf_file(tmp_path, start, words):
    (tmp_path / "model.gguf").write_bytes(start)
    with pytest.raises(ValueError, match=words):
        load_llama(tmp_path / "model.gguf")


@pytest.mark.parametrize("name", ["nowhere.gguf", "no/such/folder"])
def test_nothing_there(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=name):
        load_llama(tmp_path / name)
