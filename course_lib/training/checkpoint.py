"""Training states on disk: complete or not there at all, and without pickle."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


@dataclass(frozen=True)
class TrainingState:
    """All that decides how training goes on.

    Attributes:
        step: updates made.
        tensors: weights, optimizer moments and random states, by name.
        values: everything else, as JSON can hold it.
    """

    step: int
    tensors: Mapping[str, Tensor]
    values: Mapping[str, Any]


def gather(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, values: Mapping[str, Any]
) -> TrainingState:
    """Collect the state of a model, its optimizer and the random generators."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in model.state_dict().items()}
    for index, entry in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in entry.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    return TrainingState(step, tensors, values)


def restore(state: TrainingState, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put a state back into a model and an optimizer of the same make.

    Raises:
        ValueError: the state is of another model.
    """
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in state.tensors.items()
        if name.startswith("model.")
    }
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the checkpoint is of another model: {error}") from error
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in state.tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor
    saved = optimizer.state_dict()
    optimizer.load_state_dict({"state": moments, "param_groups": saved["param_groups"]})
    torch.set_rng_state(state.tensors["random.cpu"].cpu())
    if torch.cuda.is_available() and "random.cuda" in state.tensors:
        torch.cuda.set_rng_state(state.tensors["random.cuda"].cpu())


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def save_checkpoint(folder: str | Path, state: TrainingState) -> Path:
    """Save a state under `folder/step-…`; earlier ones are removed once it is complete.

    It is written beside its place and moved there as a whole, so a crash, a full disk or a
    `kill -9` leaves the previous checkpoint untouched.

    Raises:
        OSError: it cannot be written; what is there stays as it was.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step-{state.step:08d}"
    partial = folder / f"partial-{state.step:08d}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        tensors = {name: tensor.detach().contiguous() for name, tensor in state.tensors.items()}
        save_file(tensors, partial / "state.safetensors")
        with (partial / "state.safetensors").open("rb") as file:
            os.fsync(file.fileno())
        values = {"step": state.step, **state.values}
        _write_synced(partial / "state.json", json.dumps(values).encode())
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OSError(
            f"the checkpoint of step {state.step} could not be written to {folder} ({error}); "
            f"make room there and resume from the last complete one"
        ) from error
    for other in list(folder.glob("step-*")) + list(folder.glob("partial-*")):
        if other.name < target.name or other.name.startswith("partial-"):
            shutil.rmtree(other, ignore_errors=True)
    return target


def load_checkpoint(folder: str | Path) -> TrainingState | None:
    """Load the newest complete state under `folder`, or None where there is none.

    Raises:
        ValueError: the newest state is damaged.
    """
    complete = sorted(path for path in Path(folder).glob("step-*") if path.is_dir())
    if not complete:
        return None
    newest = complete[-1]
    try:
        values = json.loads((newest / "state.json").read_text(encoding="utf-8"))
        tensors = load_file(newest / "state.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(
            f"the checkpoint {newest} is damaged ({error}); remove that folder to go on from an "
            f"earlier one or from the start"
        ) from error
    return TrainingState(int(values.pop("step")), tensors, values)
