"""Fine-tuning: a few passes over few examples, then predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.config import PlainConfig, check_positive
from course_lib.finetuning.batching import EncodedExample, task_batches
from course_lib.finetuning.heads import FineTunedModel
from course_lib.finetuning.objective import fine_tuning_loss
from course_lib.training import make_optimizer


@dataclass(frozen=True)
class FineTuningConfig(PlainConfig):
    """How to fine-tune; three passes, a rate that falls in a line and λ are the paper's.

    Source: Radford et al. 2018, section 4.1. There a batch has 32 examples, the peak rate is
    6.25e-5, for a model with thirty times as many parameters as the course's small one, and the
    warm-up takes 0.2 % of the updates.

    Attributes:
        epochs: passes over the examples.
        batch_size: examples in an update.
        peak_learning_rate: reached after the warm-up; then it falls in a line to 0.
        warmup_share: part of the updates in which the rate rises.
        lm_weight: λ, how much the next-token loss counts beside the task's.
        weight_decay: of AdamW, on matrices only.
        gradient_clip: longest gradient, as a 2-norm over all parameters.

    Raises:
        ValueError, TypeError: a setting is out of its range.
    """

    epochs: int = 3
    batch_size: int = 16
    peak_learning_rate: float = 1e-3
    warmup_share: float = 0.1
    lm_weight: float = 0.5
    weight_decay: float = 0.01
    gradient_clip: float = 1.0

    def __post_init__(self) -> None:
        check_positive("epochs", self.epochs)
        check_positive("batch_size", self.batch_size)
        if not self.peak_learning_rate > 0:
            raise ValueError(f"peak_learning_rate must be above 0, got {self.peak_learning_rate}")
        if not 0 <= self.warmup_share < 1:
            raise ValueError(f"warmup_share must be in [0, 1), got {self.warmup_share}")
        if self.lm_weight < 0 or self.weight_decay < 0:
            raise ValueError("lm_weight and weight_decay must not be negative")
        if not self.gradient_clip > 0:
            raise ValueError(f"gradient_clip must be above 0, got {self.gradient_clip}")


@dataclass(frozen=True)
class FineTuningStep:
    """What one update tells: both losses of its batch before the update, and its rate."""

    step: int
    task_loss: float
    language_loss: float | None
    learning_rate: float


def warmup_linear(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Rise in a straight line to the peak, then fall in one to zero.

    Source: Radford et al. 2018, section 4.1 (fine-tuning).

    >>> [round(warmup_linear(s, peak=1, warmup_steps=2, total_steps=6), 2) for s in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if not 0 <= step < total_steps:
        raise ValueError(f"step must be from 0 to {total_steps - 1}, got {step}")
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(f"warmup_steps must be from 0 to {total_steps - 1}, got {warmup_steps}")
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    return peak * (total_steps - step) / (total_steps - warmup_steps)


def fine_tune(
    model: FineTunedModel,
    examples: Sequence[EncodedExample],
    config: FineTuningConfig,
    *,
    generator: torch.Generator,
    on_step: Callable[[FineTuningStep], None] | None = None,
) -> list[FineTuningStep]:
    """Train all weights that require a gradient, and return what every update told.

    Args:
        model: trained in place, left in evaluation mode.
        examples: what to learn from.
        config: how.
        generator: draws the order of the examples. (Dropout draws from the global generator.)
        on_step: called after every update.

    Raises:
        FloatingPointError: the loss is no longer a finite number.
        ValueError: there is no example.
    """
    per_epoch = math.ceil(len(examples) / config.batch_size)
    total = per_epoch * config.epochs
    warmup = min(round(config.warmup_share * total), total - 1)
    optimizer = make_optimizer(
        model,
        learning_rate=config.peak_learning_rate,
        betas=(0.9, 0.999),
        weight_decay=config.weight_decay,
    )
    history: list[FineTuningStep] = []
    model.train()
    for _ in range(config.epochs):
        for batch in task_batches(examples, config.batch_size, generator=generator):
            step = len(history)
            rate = warmup_linear(
                step, peak=config.peak_learning_rate, warmup_steps=warmup, total_steps=total
            )
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            loss = fine_tuning_loss(model, batch, lm_weight=config.lm_weight)
            loss.total.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
            if not torch.isfinite(norm):
                raise FloatingPointError(
                    f"step {step + 1}: the gradient's norm is {float(norm)}; lower the rate "
                    f"(now {rate:.2g})"
                )
            optimizer.step()
            language = None if loss.language is None else loss.language.item()
            history.append(FineTuningStep(step + 1, loss.task.item(), language, rate))
            if on_step is not None:
                on_step(history[-1])
    model.eval()
    return history


@torch.no_grad()
def predict(
    model: FineTunedModel, examples: Sequence[EncodedExample], *, batch_size: int = 64
) -> Float[Tensor, "N C"]:
    """Return the logits of all examples, in their order; without dropout.

    Raises:
        ValueError: there is no example.
    """
    was_training = model.training
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: examples[i].longest)
    batches = task_batches([examples[i] for i in order], batch_size)
    logits = torch.cat([model(batch.tokens, batch.extract) for batch in batches])
    model.train(was_training)
    return logits[torch.tensor(order).argsort()]
