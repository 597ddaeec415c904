"""GPT-2's weights in and out in the Hugging Face format, and the course's own GPT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.assets import checkpoint_path
from course_lib.config import GPT2Config
from course_lib.models.gpt2 import GPT2
from course_lib.models.hugging_face import (
    ForeignName,
    check_tied,
    our_weights,
    read_model,
    write_model,
)
from course_lib.tokenizers import BytePairTokenizer

_CONFIG_NAMES = {
    "vocab_size": "vocab_size",
    "context_length": "n_positions",
    "d_model": "n_embd",
    "n_heads": "n_head",
    "n_layers": "n_layer",
    "d_ff": "n_inner",
    "layer_norm_eps": "layer_norm_epsilon",
}
_LAYER_NAMES = {
    "attention_norm.gain": "ln_1.weight",
    "attention_norm.bias": "ln_1.bias",
    "attention.query_key_value.weight": "attn.c_attn.weight",
    "attention.query_key_value.bias": "attn.c_attn.bias",
    "attention.output.weight": "attn.c_proj.weight",
    "attention.output.bias": "attn.c_proj.bias",
    "feed_forward_norm.gain": "ln_2.weight",
    "feed_forward_norm.bias": "ln_2.bias",
    "feed_forward.widen.weight": "mlp.c_fc.weight",
    "feed_forward.widen.bias": "mlp.c_fc.bias",
    "feed_forward.narrow.weight": "mlp.c_proj.weight",
    "feed_forward.narrow.bias": "mlp.c_proj.bias",
}
_MODEL_NAMES = {
    "token_embedding.weight": "wte.weight",
    "positions.table": "wpe.weight",
    "final_norm.gain": "ln_f.weight",
    "final_norm.bias": "ln_f.bias",
}


def _foreign_names(config: GPT2Config) -> Iterator[ForeignName]:
    for ours, theirs in _MODEL_NAMES.items():
        yield ForeignName(ours, theirs)
    for layer in range(config.n_layers):
        for ours, theirs in _LAYER_NAMES.items():
            is_matrix = theirs.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight"))
            yield ForeignName(f"blocks.{layer}.{ours}", f"h.{layer}.{theirs}", is_matrix)


def gpt2_config_from_hugging_face(values: Mapping[str, Any]) -> GPT2Config:
    """Translate the `config.json` of a Hugging Face GPT-2.

    Raises:
        ValueError: it describes another architecture, or a variant of GPT-2 that
            `course_lib` does not have.
    """
    if values.get("model_type") != "gpt2":
        raise ValueError(
            f'config.json: model_type must be "gpt2", got {values.get("model_type")!r}'
        )
    activation = values.get("activation_function", "gelu_new")
    if activation not in ("gelu_new", "gelu_pytorch_tanh"):
        raise ValueError(f'config.json: activation_function must be "gelu_new", got {activation!r}')
    for name in ("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"):
        if values.get(name, False):
            raise ValueError(f"config.json: {name} is not supported")
    ours = {name: values[theirs] for name, theirs in _CONFIG_NAMES.items() if values.get(theirs)}
    return GPT2Config(**ours, dropout=values.get("resid_pdrop", 0.1))


def gpt2_config_to_hugging_face(config: GPT2Config) -> dict[str, Any]:
    """Write a configuration as the `config.json` that `transformers` reads."""
    theirs: dict[str, Any] = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "activation_function": "gelu_new",
        "tie_word_embeddings": True,
        "bos_token_id": config.vocab_size - 1,
        "eos_token_id": config.vocab_size - 1,
    }
    theirs |= {name: getattr(config, ours) for ours, name in _CONFIG_NAMES.items()}
    theirs |= dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), config.dropout)
    return theirs


def gpt2_from_hugging_face(config: GPT2Config, weights: Mapping[str, Tensor]) -> GPT2:
    """Build our GPT-2 from the tensors of a Hugging Face one.

    Args:
        config: sizes, as from `gpt2_config_from_hugging_face`.
        weights: its state dict, with or without the prefix `transformer.`.

    Raises:
        ValueError: a tensor is missing or has the wrong shape.
    """
    stripped = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    check_tied(stripped, "wte.weight")
    with torch.device("meta"):
        model = GPT2(config)
    ours = our_weights(stripped, _foreign_names(config), model.state_dict())
    model.load_state_dict(ours, assign=True)
    return model.eval()


def load_gpt2(name_or_path: str | Path, *, dropout: float | None = None) -> GPT2:
    """Load a GPT-2 from a local folder or by its name on the Hugging Face Hub.

    Args:
        name_or_path: a folder with `config.json` and `model.safetensors`, or a name such as
            "openai-community/gpt2".
        dropout: overrides the configuration's.

    Returns:
        The model in float32 and in evaluation mode.

    Raises:
        FileNotFoundError: no such folder, and no such name can be fetched.
        ValueError: the files describe something that is not a GPT-2.
    """
    values, weights = read_model(name_or_path)
    if dropout is not None:
        values["resid_pdrop"] = dropout
    return gpt2_from_hugging_face(gpt2_config_from_hugging_face(values), weights)


def save_gpt2(model: GPT2, folder: str | Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write a folder that `load_gpt2` and `transformers` read.

    Args:
        model: what to save.
        folder: made if missing; `config.json` and `model.safetensors` in it are replaced.
        dtype: of the stored weights.
    """
    config = gpt2_config_to_hugging_face(model.config)
    write_model(folder, config, model.state_dict(), _foreign_names(model.config), dtype)


def load_course_gpt() -> tuple[GPT2, BytePairTokenizer]:
    """Load the GPT that this course trained, and its tokenizer; both come with the package."""
    folder = checkpoint_path("course-gpt")
    return load_gpt2(folder), BytePairTokenizer.load(folder)
