"""Model folders in the Hugging Face format: what is the same for every architecture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor


class ForeignName(NamedTuple):
    """Where one of our tensors is found in a Hugging Face file.

    Attributes:
        ours: its name here.
        theirs: its name there.
        transposed: stored there as [in, out], where `nn.Linear` has [out, in].
        part: which of `n_parts` equal slices of their tensor, along the output, it is.
        n_parts: 3 where queries, keys and values are stored as one.
    """

    ours: str
    theirs: str
    transposed: bool = False
    part: int = 0
    n_parts: int = 1


def local_folder(name_or_path: str | Path) -> Path:
    """Return a folder as it is, or fetch a model of the Hub by its name.

    Raises:
        FileNotFoundError: no such folder, and no such name can be fetched.
    """
    folder = Path(name_or_path)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        patterns = ["config.json", "model*.safetensors"]
        return Path(snapshot_download(str(name_or_path), allow_patterns=patterns))
    except HFValidationError as error:
        raise FileNotFoundError(f"{name_or_path} is no folder and no Hub name") from error
    except Exception as error:
        raise FileNotFoundError(
            f"{name_or_path} is not a folder here, and the Hugging Face Hub could not be read "
            f"({type(error).__name__}). Go online, or give a local folder that holds config.json "
            f"and model.safetensors."
        ) from error


def read_model(name_or_path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read the configuration and the weights of a local folder or of a model of the Hub.

    Raises:
        FileNotFoundError: the folder or one of its files is missing.
        ValueError: a file is damaged.
    """
    folder = local_folder(name_or_path)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} holds no config.json")
    try:
        values: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'} is not valid JSON: {error}") from error
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no model.safetensors (pickles are never loaded)")
    weights: dict[str, Tensor] = {}
    for file in files:
        try:
            weights |= load_file(file)
        except SafetensorError as error:
            raise ValueError(f"{file} is damaged ({error}); get it again") from error
    return values, weights


def check_tied(weights: Mapping[str, Tensor], embedding: str) -> None:
    """Raise ValueError if the weights hold an output matrix other than the embedding."""
    output = weights.get("lm_head.weight")
    if output is not None and not torch.equal(output, weights.get(embedding, output)):
        raise ValueError(
            f"lm_head.weight differs from {embedding}: untied outputs are not supported"
        )


def our_weights(
    weights: Mapping[str, Tensor],
    names: Iterable[ForeignName],
    expected: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Rename, cut and turn the tensors of a Hugging Face model to those of ours, in float32.

    Args:
        weights: theirs.
        names: where each of ours is.
        expected: tensors of the shapes that the model needs, by our names.

    Raises:
        ValueError: a tensor is missing or has the wrong shape.
    """
    ours: dict[str, Tensor] = {}
    for name in names:
        if name.theirs not in weights:
            raise ValueError(f"the weights have no tensor {name.theirs!r}")
        whole = weights[name.theirs]
        tensor = whole.tensor_split(name.n_parts, dim=-1)[name.part]
        tensor = tensor.t() if name.transposed else tensor
        if tensor.shape != expected[name.ours].shape:
            raise ValueError(
                f"tensor {name.theirs!r} has shape {tuple(whole.shape)}, which does not fit "
                f"the configuration: {name.ours} needs {tuple(expected[name.ours].shape)}"
            )
        ours[name.ours] = tensor.float().contiguous()
    return ours


def write_model(
    folder: str | Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    names: Iterable[ForeignName],
    dtype: torch.dtype,
) -> None:
    """Write `config.json` and `model.safetensors`; the slices of one tensor must follow in order.

    Args:
        folder: made if missing; the two files in it are replaced.
        config: theirs.
        state: our tensors.
        names: where each goes.
        dtype: of the stored weights.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[Tensor]] = {}
    for name in names:
        tensor = state[name.ours].t() if name.transposed else state[name.ours]
        parts.setdefault(f"transformer.{name.theirs}", []).append(tensor.to(dtype))
    weights = {name: torch.cat(tensors, dim=-1).contiguous() for name, tensors in parts.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
