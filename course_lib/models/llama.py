"""Llama: a `Transformer` with RMSNorm, rotary positions, SwiGLU and grouped queries; its weights.

The parts are from four papers: Zhang and Sennrich 2019, Su et al. 2021, Shazeer 2020 and Ainslie
et al. 2023; put together by Touvron et al. 2023. SmolLM2 is built so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.config import TransformerConfig
from course_lib.models.gguf_file import read_gguf_llama
from course_lib.models.hugging_face import ForeignName, our_weights, read_model
from course_lib.models.transformer import Transformer

_CONFIG_NAMES = {
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "d_model": "hidden_size",
    "n_heads": "num_attention_heads",
    "n_layers": "num_hidden_layers",
    "d_ff": "intermediate_size",
}
_LAYER_NAMES = {
    "attention.query": "self_attn.q_proj",
    "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj",
    "attention.output": "self_attn.o_proj",
    "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.widen": "mlp.up_proj",
    "feed_forward.narrow": "mlp.down_proj",
}
_NORM_NAMES = {
    "attention_norm": "input_layernorm",
    "feed_forward_norm": "post_attention_layernorm",
}


def _foreign_names(config: TransformerConfig) -> Iterator[ForeignName]:
    yield ForeignName("token_embedding.weight", "embed_tokens.weight")
    yield ForeignName("final_norm.gain", "norm.weight")
    if not config.tied:
        yield ForeignName("output.weight", "lm_head.weight")
    for layer in range(config.n_layers):
        mine, other = f"blocks.{layer}", f"layers.{layer}"
        for ours, theirs in _NORM_NAMES.items():
            yield ForeignName(f"{mine}.{ours}.gain", f"{other}.{theirs}.weight")
        for ours, theirs in _LAYER_NAMES.items():
            yield ForeignName(f"{mine}.{ours}.weight", f"{other}.{theirs}.weight")
            if config.bias:
                yield ForeignName(f"{mine}.{ours}.bias", f"{other}.{theirs}.bias")


def llama_config_from_hugging_face(values: Mapping[str, Any]) -> TransformerConfig:
    """Translate the `config.json` of a Hugging Face Llama.

    Raises:
        ValueError: a size is missing, or it describes another architecture, or a variant of Llama
            that `course_lib` does not have.
    """
    if values.get("model_type") != "llama":
        raise ValueError(
            f'config.json: model_type must be "llama", got {values.get("model_type")!r}'
        )
    if missing := [name for name in _CONFIG_NAMES.values() if name not in values]:
        raise ValueError(f"config.json: {missing[0]} is missing")
    if (activation := values.get("hidden_act", "silu")) != "silu":
        raise ValueError(f'config.json: hidden_act must be "silu", got {activation!r}')
    bias = bool(values.get("attention_bias", False))
    if bias != bool(values.get("mlp_bias", False)):
        raise ValueError("config.json: attention_bias and mlp_bias must be the same")
    config = TransformerConfig(
        **{ours: values[theirs] for ours, theirs in _CONFIG_NAMES.items()},
        n_kv_heads=values.get("num_key_value_heads") or 0,
        positions="rotary",
        norm="rms",
        feed_forward="swiglu",
        bias=bias,
        tied=bool(values.get("tie_word_embeddings", False)),
        dropout=values.get("attention_dropout") or 0.0,
        rotary_base=_rotary_base(values),
        norm_eps=values.get("rms_norm_eps", 1e-6),
    )
    if (width := values.get("head_dim") or config.d_head) != config.d_head:
        raise ValueError(
            f"config.json: head_dim must be hidden_size / num_attention_heads = {config.d_head}, "
            f"got {width}"
        )
    return config


def _rotary_base(values: Mapping[str, Any]) -> float:
    """Find the base: one table of settings in newer files, two entries in older ones."""
    settings = values.get("rope_parameters") or values.get("rope_scaling") or {}
    kind = settings.get("rope_type", settings.get("type", "default"))
    if kind != "default":
        raise ValueError(f'config.json: rotary positions must be "default", got scaling {kind!r}')
    return float(settings.get("rope_theta") or values.get("rope_theta") or 10000.0)


def llama_from_hugging_face(
    config: TransformerConfig, weights: Mapping[str, Tensor]
) -> Transformer:
    """Build our model from the tensors of a Hugging Face Llama.

    Args:
        config: sizes, as from `llama_config_from_hugging_face`.
        weights: its state dict, with or without the prefix `model.`.

    Raises:
        ValueError: a tensor is missing or has the wrong shape.
    """
    stripped = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    with torch.device("meta"):
        model = Transformer(config)
    ours = our_weights(stripped, _foreign_names(config), model.state_dict())
    model.load_state_dict(ours, assign=True)
    return model.eval()


def load_llama(name_or_path: str | Path, *, dropout: float | None = None) -> Transformer:
    """Load a model of the Llama architecture: SmolLM2, TinyLlama, Llama 1 and 2 and their kin.

    Args:
        name_or_path: a folder with `config.json` and `model.safetensors`, a `.gguf` file, or a
            name on the Hugging Face Hub such as "HuggingFaceTB/SmolLM2-135M".
        dropout: overrides the configuration's.

    Returns:
        The model in float32 and in evaluation mode.

    Raises:
        FileNotFoundError: no such folder or file, and no such name can be fetched.
        ValueError: the files describe something that is not such a model, or are damaged.
    """
    if Path(name_or_path).suffix == ".gguf":
        values, weights = read_gguf_llama(Path(name_or_path))
    else:
        values, weights = read_model(name_or_path)
    config = llama_config_from_hugging_face(values)
    if dropout is not None:
        config = replace(config, dropout=dropout)
    return llama_from_hugging_face(config, weights)
