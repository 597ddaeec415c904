"""A model to evaluate, by the name of a checkpoint, a folder, or a name on the Hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from course_lib.assets import AssetError, checkpoint_path
from course_lib.evaluation.text_model import (
    END_OF_TEXT,
    TextModel,
    course_text_model,
    transformers_text_model,
)
from course_lib.models import GPT2, Transformer, load_course_gpt, load_gpt2, load_smollm2
from course_lib.models.gpt1 import load_course_gpt1
from course_lib.tokenizers import BytePairTokenizer

_SHIPPED: Mapping[str, Callable[[], tuple[GPT2 | Transformer, BytePairTokenizer]]] = {
    "course-gpt": load_course_gpt,
    "gpt1-small": load_course_gpt1,
}
_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]


def load_text_model(name_or_path: str | Path) -> TextModel:
    """Load a language model that predicts the next token, with its tokenizer.

    Args:
        name_or_path: "course-gpt", "gpt1-small" or "smollm2"; a folder of `python -m course_lib
            train` or of `transformers`; or a name on the Hugging Face Hub. Weights must be
            safetensors; no code of a model is run.

    Raises:
        AssetError: the model's asset was not fetched.
        FileNotFoundError: there is no such model here and none can be fetched.
        ValueError: it is there, but is no language model of this kind, or is damaged.
    """
    name = str(name_or_path)
    if name == "smollm2":
        return transformers_text_model(*load_smollm2(), "SmolLM2")
    if name in _SHIPPED:
        return course_text_model(*_SHIPPED[name](), name)
    _refuse_other_checkpoints(name)
    folder = Path(name_or_path)
    if folder.is_dir():
        return _read_folder(folder, folder.name or name)
    if folder.exists():
        raise ValueError(f"{name} is a file; give the folder that holds config.json")
    return _read_folder(_from_hub(name), name)


def _refuse_other_checkpoints(name: str) -> None:
    try:
        checkpoint_path(name)
    except AssetError:
        return
    known = ", ".join([*_SHIPPED, "smollm2"])
    raise ValueError(
        f"the checkpoint {name!r} is no Transformer that predicts the next token; those of the "
        f"course are: {known}"
    )


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_FILES))
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise FileNotFoundError(
            f"{name} is no checkpoint of the course, no folder here, and no model on the Hub"
        ) from error
    except Exception as error:
        raise FileNotFoundError(
            f"{name} is no checkpoint of the course and no folder here, and the Hugging Face Hub "
            f"could not be read ({type(error).__name__}); go online, or give a local folder"
        ) from error


def _read_folder(folder: Path, name: str) -> TextModel:
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} holds no config.json")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'} is not valid JSON: {error}") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise ValueError(f"{folder / 'config.json'} does not say its model_type")
    if not list(folder.glob("*.safetensors")):
        raise FileNotFoundError(f"{folder} holds no safetensors (pickles are never loaded)")
    ours = (folder / "vocab.json").is_file() and not (folder / "tokenizer.json").is_file()
    if config["model_type"] == "gpt2" and ours:
        tokenizer = BytePairTokenizer.load(folder)
        if END_OF_TEXT in tokenizer.special_tokens:
            return course_text_model(load_gpt2(folder), tokenizer, name)
    return _read_with_transformers(folder, config, name)


def _read_with_transformers(folder: Path, config: dict[str, Any], name: str) -> TextModel:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    from transformers.utils import logging

    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    kinds = config.get("architectures") or [config["model_type"]]
    if not known.intersection(kinds) or config.get("is_encoder_decoder", False):
        raise ValueError(
            f"{name} is a {kinds[0]}, which does not predict the next token of a text; evaluate "
            "reads language models such as GPT2LMHeadModel and LlamaForCausalLM"
        )
    level, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever transformers says of damaged or missing files
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{name} cannot be read by transformers: {reason}") from error
    finally:
        logging.set_verbosity(level)
        if had_bars:
            logging.enable_progress_bar()
    return transformers_text_model(model.eval(), tokenizer, name)
