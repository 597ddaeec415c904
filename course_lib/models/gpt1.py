"""GPT-1: a `Transformer` with the choices of Radford et al. 2018, and its weights in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from course_lib.assets import checkpoint_path
from course_lib.config import TransformerConfig
from course_lib.models.hugging_face import (
    ForeignName,
    check_tied,
    our_weights,
    read_model,
    write_model,
)
from course_lib.models.transformer import Transformer
from course_lib.tokenizers import BytePairTokenizer

GPT1_CONFIG = TransformerConfig(
    vocab_size=40_478,
    context_length=512,
    d_model=768,
    n_heads=12,
    n_layers=12,
    positions="learned",
    norm="layer",
    norm_place="post",
    feed_forward="gelu",
    bias=True,
    tied=True,
    dropout=0.1,
)
"""GPT-1 as it was pretrained: 116,534,784 parameters.

Counted are the token embedding once (the output matrix is the same and has no bias), the
positions, and the weights, biases, gains of 12 blocks. Not counted: the three tokens and the small
head that fine-tuning adds. Source: Radford et al. 2018, section 4.1; 40,478 entries in OpenAI's
encoder file.
"""

_CONFIG_NAMES = {
    "vocab_size": "vocab_size",
    "context_length": "n_positions",
    "d_model": "n_embd",
    "n_heads": "n_head",
    "n_layers": "n_layer",
}
_MODEL_NAMES = {
    "token_embedding.weight": "tokens_embed.weight",
    "positions.table": "positions_embed.weight",
}
_LAYER_NAMES = {
    "attention.output": "attn.c_proj",
    "attention_norm": "ln_1",
    "feed_forward.widen": "mlp.c_fc",
    "feed_forward.narrow": "mlp.c_proj",
    "feed_forward_norm": "ln_2",
}
_EPS = 1e-5  # of `LayerNorm`


def _foreign_names(config: TransformerConfig) -> Iterator[ForeignName]:
    for ours, theirs in _MODEL_NAMES.items():
        yield ForeignName(ours, theirs)
    for layer in range(config.n_layers):
        mine, other = f"blocks.{layer}", f"h.{layer}"
        for part, name in enumerate(("query", "key", "value")):
            ours, theirs = f"{mine}.attention.{name}", f"{other}.attn.c_attn"
            yield ForeignName(f"{ours}.weight", f"{theirs}.weight", True, part, 3)
            yield ForeignName(f"{ours}.bias", f"{theirs}.bias", False, part, 3)
        for ours, theirs in _LAYER_NAMES.items():
            norm = ours.endswith("norm")
            weight = "gain" if norm else "weight"
            yield ForeignName(f"{mine}.{ours}.{weight}", f"{other}.{theirs}.weight", not norm)
            yield ForeignName(f"{mine}.{ours}.bias", f"{other}.{theirs}.bias")


def gpt1_config_from_hugging_face(values: Mapping[str, Any]) -> TransformerConfig:
    """Translate the `config.json` of a Hugging Face OpenAI GPT.

    Raises:
        ValueError: a size is missing, or it describes another architecture, or a variant of GPT-1
            that `course_lib` does not have.
    """
    wanted = {"model_type": "openai-gpt", "afn": "gelu", "layer_norm_epsilon": _EPS}
    for name, value in wanted.items():
        # Only the type has no default there.
        got = values.get(name, None if name == "model_type" else value)
        if got != value:
            raise ValueError(f"config.json: {name} must be {value!r}, got {got!r}")
    if missing := [name for name in _CONFIG_NAMES.values() if name not in values]:
        raise ValueError(f"config.json: {missing[0]} is missing")
    sizes = {ours: values[theirs] for ours, theirs in _CONFIG_NAMES.items()}
    return replace(
        GPT1_CONFIG, **sizes, n_kv_heads=0, d_ff=0, dropout=values.get("resid_pdrop", 0.1)
    )


def gpt1_config_to_hugging_face(config: TransformerConfig) -> dict[str, Any]:
    """Write a configuration as the `config.json` that `transformers` reads.

    Raises:
        ValueError: a choice is not GPT-1's.
    """
    sizes = ("vocab_size", "context_length", "d_model", "n_heads", "n_layers", "dropout")
    ours = config.to_dict()
    expected = replace(GPT1_CONFIG, **{name: ours[name] for name in sizes}, n_kv_heads=0, d_ff=0)
    for name, value in expected.to_dict().items():
        if ours[name] != value:
            raise ValueError(f"{name} is {ours[name]!r}; in a GPT-1 of these sizes it is {value!r}")
    theirs: dict[str, Any] = {
        "model_type": "openai-gpt",
        "architectures": ["OpenAIGPTLMHeadModel"],
        "afn": "gelu",
        "layer_norm_epsilon": _EPS,
        "tie_word_embeddings": True,
    }
    theirs |= {name: ours[mine] for mine, name in _CONFIG_NAMES.items()}
    return theirs | dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), config.dropout)


def load_gpt1(name_or_path: str | Path, *, dropout: float | None = None) -> Transformer:
    """Load a GPT-1 from a local folder or by its name on the Hugging Face Hub.

    Args:
        name_or_path: a folder with `config.json` and `model.safetensors`, or a name such as
            "openai-community/openai-gpt".
        dropout: overrides the configuration's.

    Returns:
        The model in float32 and in evaluation mode.

    Raises:
        FileNotFoundError: no such folder, and no such name can be fetched.
        ValueError: the files describe something that is not a GPT-1, or are damaged.
    """
    values, weights = read_model(name_or_path)
    config = gpt1_config_from_hugging_face(values)
    if dropout is not None:
        config = replace(config, dropout=dropout)
    stripped = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    check_tied(stripped, "tokens_embed.weight")
    with torch.device("meta"):
        model = Transformer(config)
    ours = our_weights(stripped, _foreign_names(config), model.state_dict())
    model.load_state_dict(ours, assign=True)
    return model.eval()


def save_gpt1(
    model: Transformer, folder: str | Path, *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a folder that `load_gpt1` and `transformers` read.

    Args:
        model: what to save.
        folder: made if missing; `config.json` and `model.safetensors` in it are replaced.
        dtype: of the stored weights.

    Raises:
        ValueError: the model is not a GPT-1.
    """
    config = gpt1_config_to_hugging_face(model.config)
    write_model(folder, config, model.state_dict(), _foreign_names(model.config), dtype)


def load_course_gpt1() -> tuple[Transformer, BytePairTokenizer]:
    """Load the small GPT-1 that this course pretrained, and its tokenizer, the course GPT's.

    Raises:
        AssetError: the checkpoint does not ship with this version of the package.
    """
    model = load_gpt1(checkpoint_path("gpt1-small"))
    return model, BytePairTokenizer.load(checkpoint_path("course-gpt"))
