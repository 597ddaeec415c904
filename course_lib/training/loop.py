"""The training loop: batches in, a trained model out, and nothing lost when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from course_lib.training.checkpoint import gather, load_checkpoint, restore, save_checkpoint
from course_lib.training.distributed import Processes, join_processes
from course_lib.training.loss import next_token_loss
from course_lib.training.optimizer import make_optimizer
from course_lib.training.settings import Progress, TrainingConfig

Batch = tuple[Tensor, Tensor]


@runtime_checkable
class ResumableBatches(Protocol):
    """An endless source of (inputs, targets) that can be put back to an earlier place."""

    def __iter__(self) -> Iterator[Batch]:
        """Go on from the present place."""

    def state_dict(self) -> dict[str, Any]:
        """Return the present place as tensors and plain values."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a place."""


def gradient_step(
    model: nn.Module, batch: Batch, *, micro_batches: int, precision: str, device: torch.device
) -> Tensor:
    """Add the gradient of a batch's mean loss to the parameters and return that loss.

    Cutting the batch into micro-batches changes the memory it takes, not the result: each part
    counts by its share of the rows. Source: any loss that is a mean over rows adds up this way.

    Raises:
        ValueError: the batch cannot be cut into equal parts.
    """
    inputs, targets = batch
    if inputs.shape[0] % micro_batches:
        raise ValueError(
            f"a batch of {inputs.shape[0]} rows cannot be cut into {micro_batches} equal "
            f"micro-batches"
        )
    total = torch.zeros((), device=device)
    parts = list(zip(inputs.chunk(micro_batches), targets.chunk(micro_batches), strict=True))
    for index, (part, part_targets) in enumerate(parts):
        quiet: AbstractContextManager[Any] = nullcontext()
        if isinstance(model, DistributedDataParallel) and index < len(parts) - 1:
            quiet = model.no_sync()
        with quiet:
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = next_token_loss(model(part.to(device)), part_targets.to(device))
            (loss / micro_batches).backward()  # type: ignore[no-untyped-call]
        total += loss.detach() / micro_batches
    return total


class Training:
    """One model's training, which can be saved, stopped and taken up again.

    Args:
        model: trained in place.
        batches: an endless source; every process draws the same batches and takes its rows.
        config: how long and how fast.
        validation: measures the held-out loss of the model, in nats per token.
        folder: where states are saved and taken up from; nothing is saved where not given.
        processes: those that train together; found by `join_processes` where not given.
    """

    def __init__(
        self,
        model: nn.Module,
        batches: ResumableBatches,
        config: TrainingConfig,
        *,
        validation: Callable[[nn.Module], float] | None = None,
        folder: str | Path | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.processes = processes or join_processes("cpu")
        self.model = model.to(self.processes.device)
        self.batches = batches
        self.config = config
        self.validation = validation
        self.folder = None if folder is None else Path(folder)
        self.optimizer = make_optimizer(
            self.model,
            learning_rate=config.peak_learning_rate,
            betas=config.betas,
            weight_decay=config.weight_decay,
        )
        self.history: list[Progress] = []
        if self.folder is not None:
            self._resume(self.folder)
        self.wrapped = self.processes.wrap(self.model)

    @property
    def step(self) -> int:
        """Updates made."""
        return self.history[-1].step if self.history else 0

    def _resume(self, folder: Path) -> None:
        state = load_checkpoint(folder)
        if state is None:
            return
        wanted = asdict(self.config) | {"betas": list(self.config.betas)}
        if state.values["config"] != wanted:
            changed = [key for key, value in state.values["config"].items() if wanted[key] != value]
            raise ValueError(
                f"{folder} holds a run with other settings ({', '.join(changed)}); choose another "
                f"folder, or remove it to start again"
            )
        restore(state, self.model, self.optimizer)
        place = {
            name.removeprefix("batches."): tensor
            for name, tensor in state.tensors.items()
            if name.startswith("batches.")
        }
        self.batches.load_state_dict(state.values["batches"] | place)
        self.history = [Progress(**entry) for entry in state.values["history"]]

    def save(self) -> None:
        """Save the present state, if a folder was given and this is the main process."""
        if self.folder is None or not self.processes.is_main:
            return
        place = self.batches.state_dict()
        tensors = {f"batches.{key}": v for key, v in place.items() if isinstance(v, Tensor)}
        values = {
            "config": asdict(self.config),
            "batches": {key: v for key, v in place.items() if not isinstance(v, Tensor)},
            "history": [asdict(entry) for entry in self.history],
        }
        state = gather(self.model, self.optimizer, self.step, values)
        save_checkpoint(self.folder, replace(state, tensors={**state.tensors, **tensors}))

    def steps(self) -> Iterator[Progress]:
        """Train to the end, handing out what each update tells.

        Raises:
            FloatingPointError: the loss is no longer a finite number.
        """
        config = self.config
        source = iter(self.batches)
        while self.step < config.n_steps:
            started = time.perf_counter()
            entry = self._update(next(source))
            last = entry.step == config.n_steps
            due = config.evaluate_every and entry.step % config.evaluate_every == 0
            held_out = None
            spent = time.perf_counter() - started
            if self.validation is not None and (due or last):
                self.model.eval()
                held_out = self.validation(self.model)
            before = self.history[-1].seconds if self.history else 0.0
            changes = {"seconds": before + spent, "validation_loss": held_out}
            self.history.append(Progress(**(asdict(entry) | changes)))
            if last or (config.checkpoint_every and entry.step % config.checkpoint_every == 0):
                self.save()
                self.processes.wait()
            yield self.history[-1]

    def _update(self, batch: Batch) -> Progress:
        config = self.config
        rate = config.learning_rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.wrapped.train()
        mine = (self.processes.rows(batch[0]), self.processes.rows(batch[1]))
        self.optimizer.zero_grad(set_to_none=True)
        loss = gradient_step(
            self.wrapped,
            mine,
            micro_batches=config.micro_batches,
            precision=config.precision,
            device=self.processes.device,
        )
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.gradient_clip)
        value = float(self.processes.mean(loss))
        if not (torch.isfinite(norm) and value == value):
            raise FloatingPointError(
                f"step {self.step + 1}: the loss is {value} and the gradient's norm {float(norm)}; "
                f"lower the learning rate (now {rate:.2g}) or look for bad input"
            )
        self.optimizer.step()
        tokens = (self.history[-1].tokens if self.history else 0) + batch[1].numel()
        return Progress(self.step + 1, tokens, value, rate, float(norm), 0.0)


def train(
    model: nn.Module,
    batches: ResumableBatches,
    config: TrainingConfig,
    *,
    validation: Callable[[nn.Module], float] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    folder: str | Path | None = None,
) -> list[Progress]:
    """Train a model to the end of its schedule and return what every update told.

    Arguments as in `Training`; `on_progress` is called after every update.

    Raises:
        FloatingPointError: the loss is no longer a finite number.
        ValueError: `folder` holds a run with other settings.
    """
    training = Training(model, batches, config, validation=validation, folder=folder)
    for progress in training.steps():
        if on_progress is not None:
            on_progress(progress)
    return training.history
