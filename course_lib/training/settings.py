"""How long and how fast to train, and what each update tells."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.config import check_positive
from course_lib.training.schedule import warmup_cosine


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
    precision: str = "float32"
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
