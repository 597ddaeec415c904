"""The training loop: batches in, a trained model out, and nothing lost when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from course_lib.config import check_positive
from course_lib.training.checkpoint import gather, load_checkpoint, restore, save_checkpoint
from course_lib.training.distributed import Processes, join_processes
from course_lib.training.loss import next_token_loss
from course_lib.training.optimizer import make_optimizer
from course_lib.training.schedule import warmup_cosine

Batch = tuple[Tensor, Tensor]


class ResumableBatches(Protocol):
    """An endless source of (inputs, targets) that can be put back to an earlier place."""

    def __iter__(self) -> Iterator[Batch]:
        """Go on from the present place."""

    def state_dict(self) -> dict[str, Any]:
        """Return the present place as values that JSON can hold."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a place."""


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast to train.

    Attributes:
        n_steps: updates in all.
        micro_batches: parts a batch is cut into to save memory; the update is the same.
        peak_learning_rate: reached at the end of the warm-up.
        final_learning_rate: reached at the last step.
        warmup_steps: updates of the warm-up.
        weight_decay: λ of AdamW, on matrices only.
        betas: β₁ and β₂ of AdamW.
        gradient_clip: longest gradient, as a 2-norm over all parameters.
        precision: "float32", or "bfloat16" for matrix products only (autocast).
        evaluate_every: steps between held-out losses; 0 for never. The last step always has one.
        checkpoint_every: steps between saved states; 0 for the last step only.

    Raises:
        ValueError, TypeError: a setting is out of its range.
    """

    n_steps: int
    micro_batches: int = 1
    peak_learning_rate: float = 1e-3
    final_learning_rate: float = 0.0
    warmup_steps: int = 100
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    gradient_clip: float = 1.0
    precision: Literal["float32", "bfloat16"] = "float32"
    evaluate_every: int = 0
    checkpoint_every: int = 0

    def __post_init__(self) -> None:
        check_positive("n_steps", self.n_steps)
        check_positive("micro_batches", self.micro_batches)
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(
                f'precision must be "float32" or "bfloat16", got {self.precision!r}; float16 '
                f"needs loss scaling, which this loop does not do"
            )
        if self.gradient_clip <= 0:
            raise ValueError(f"gradient_clip must be above 0, got {self.gradient_clip}")
        if min(self.evaluate_every, self.checkpoint_every) < 0:
            raise ValueError("evaluate_every and checkpoint_every must not be negative")
        object.__setattr__(self, "betas", tuple(self.betas))
        self.learning_rate(0)  # checks the rates and steps against each other

    def learning_rate(self, step: int) -> float:
        """Return the rate of the update about to be made, counted from 0."""
        return warmup_cosine(
            step,
            peak=self.peak_learning_rate,
            warmup_steps=self.warmup_steps,
            total_steps=self.n_steps,
            floor=self.final_learning_rate,
        )


@dataclass(frozen=True)
class Progress:
    """What one update tells.

    Attributes:
        step: updates made, this one included.
        tokens: targets learned from so far, over all processes.
        loss: of this update's batch before the update, nats per token.
        learning_rate: used in this update.
        gradient_norm: before clipping.
        seconds: training time so far, of earlier sittings too.
        validation_loss: held-out loss after this update, where it was measured.
    """

    step: int
    tokens: int
    loss: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    validation_loss: float | None = None


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
        self.batches.load_state_dict(state.values["batches"])
        self.history = [Progress(**entry) for entry in state.values["history"]]

    def save(self) -> None:
        """Save the present state, if a folder was given and this is the main process."""
        if self.folder is None or not self.processes.is_main:
            return
        values = {
            "config": asdict(self.config),
            "batches": self.batches.state_dict(),
            "history": [asdict(entry) for entry in self.history],
        }
        save_checkpoint(self.folder, gather(self.model, self.optimizer, self.step, values))

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
