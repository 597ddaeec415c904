"""GGUF, the file format of llama.cpp: settings and weights in one file, most of them in 4 bits.

A weight of kind Q4_1 is one of 16 steps: in each block of 32 weights, w = scale · q + smallest,
q = 0 … 15, so that 32 weights take 20 bytes, 5 bits each. Source: the format's specification,
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.layers import pairs_to_halves

_VERSIONS = (2, 3)
_LONGEST_LIST = 1000
_CONFIG_NAMES = {
    "max_position_embeddings": "context_length",
    "hidden_size": "embedding_length",
    "num_attention_heads": "attention.head_count",
    "num_hidden_layers": "block_count",
    "intermediate_size": "feed_forward_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
}
_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_MODEL_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}


class GGUFFile(NamedTuple):
    """What a GGUF file holds.

    Attributes:
        settings: its metadata, by name.
        weights: its tensors in float32, by the names that the file gives them.
        kinds: how each is stored, such as "Q4_1" or "F32".
    """

    settings: dict[str, Any]
    weights: dict[str, Tensor]
    kinds: dict[str, str]


def read_gguf(path: str | Path) -> GGUFFile:
    """Read a GGUF file and unpack its weights to float32.

    Long lists, which are those of the tokenizer, are left out of the settings.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no GGUF file, of an unknown version, damaged, or cut short.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file here")
    _check_header(path)
    from gguf import GGUFReader
    from gguf.quants import dequantize

    try:
        reader = GGUFReader(path)
        settings = {
            name: field.contents()
            for name, field in reader.fields.items()
            if len(field.data) <= _LONGEST_LIST
        }
        weights = {
            tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
            for tensor in reader.tensors
        }
        kinds = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    except NotImplementedError as error:
        raise ValueError(f"{path} packs weights in a way not known here: {error}") from error
    except (ValueError, KeyError, IndexError, OverflowError, struct.error) as error:
        raise ValueError(f"{path} is damaged or cut short ({error}); get it again") from error
    return GGUFFile(settings, weights, kinds)


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(24)
    if start[:4] != b"GGUF":
        raise ValueError(f'{path} is not a GGUF file: it must begin with "GGUF", got {start[:4]!r}')
    if len(start) < 24:
        raise ValueError(f"{path} is damaged or cut short ({len(start)} bytes); get it again")
    version = struct.unpack("<I", start[4:8])[0]
    if version not in _VERSIONS:
        raise ValueError(f"{path} has GGUF version {version}; known are 2 and 3, little-endian")


def read_gguf_llama(path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a GGUF file of the Llama architecture as Hugging Face would store it.

    Returns:
        What its `config.json` would hold, and its weights by their names there.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds another architecture, or a variant of rotary positions
            that `course_lib` does not have.
    """
    settings, weights, _ = read_gguf(path)
    if (architecture := settings.get("general.architecture")) != "llama":
        raise ValueError(f'{path}: general.architecture must be "llama", got {architecture!r}')
    values = _config(path, settings, weights)
    heads = {"attn_q": values["num_attention_heads"], "attn_k": values["num_key_value_heads"]}
    theirs: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        stem, _, ending = name.rpartition(".")
        if not stem.startswith("blk."):
            if stem in _MODEL_NAMES:  # others are tables that can be computed
                theirs[f"{_MODEL_NAMES[stem]}.{ending}"] = tensor
            continue
        _, layer, part = stem.split(".", 2)
        if part not in _LAYER_NAMES:
            raise ValueError(f"{path} holds a tensor {name!r}, which no Llama has")
        if part in heads:
            tensor = halves_from_pairs(tensor, heads[part])
        theirs[f"model.layers.{layer}.{_LAYER_NAMES[part]}.{ending}"] = tensor
    return values, theirs


def _config(
    path: str | Path, settings: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> dict[str, Any]:
    """Write the settings as the `config.json` that `transformers` reads."""
    for name in _CONFIG_NAMES.values():
        if f"llama.{name}" not in settings:
            raise ValueError(f"{path}: the setting llama.{name} is missing")
    if "token_embd.weight" not in weights:
        raise ValueError(f"{path}: the weights have no tensor 'token_embd.weight'")
    scaling = settings.get("llama.rope.scaling.type", "none")
    if scaling != "none" or "rope_freqs.weight" in weights:
        raise ValueError(f"{path}: scaled rotary positions are not supported")
    values = {theirs: settings[f"llama.{name}"] for theirs, name in _CONFIG_NAMES.items()}
    n_heads, width = values["num_attention_heads"], values["hidden_size"]
    return values | {
        "model_type": "llama",
        "vocab_size": weights["token_embd.weight"].shape[0],
        "num_key_value_heads": settings.get("llama.attention.head_count_kv", n_heads),
        "head_dim": settings.get("llama.rope.dimension_count", width // n_heads),
        "rope_theta": settings.get("llama.rope.freq_base", 10000.0),
        "tie_word_embeddings": "output.weight" not in weights,
        "attention_bias": "blk.0.attn_q.bias" in weights,
        "mlp_bias": "blk.0.ffn_up.bias" in weights,
    }


def halves_from_pairs(weight: Float[Tensor, "N *M"], n_heads: int) -> Float[Tensor, "N *M"]:
    """Put the rows of a query or key matrix in the order of `RotaryPositions`.

    A GGUF file has them in the order of the rotary paper, in which the two entries of a pair stand
    next to each other: the first of every pair comes first here, head by head.

    >>> halves_from_pairs(torch.arange(8.0), 2).tolist()
    [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]
    """
    heads = weight.view(n_heads, weight.shape[0] // n_heads, *weight.shape[1:])
    return heads[:, pairs_to_halves(heads.shape[1])].reshape(weight.shape)
