"""What fine-tuning makes small: the task's loss, and beside it the old one."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_lib.data.pair_batches import IGNORED
from course_lib.finetuning.batching import TaskBatch
from course_lib.finetuning.heads import FineTunedModel


@dataclass(frozen=True)
class FineTuningLoss:
    """The three losses of one batch, as losses to be made small.

    The paper writes log-likelihoods to be made large, L₃ = L₂ + λ L₁; these are their negatives.

    Attributes:
        total: L₃, what is differentiated.
        task: L₂, surprise at the right answers, nats per example.
        language: L₁, surprise at the next tokens, nats per token; None where λ is 0.
    """

    total: Float[Tensor, ""]
    task: Float[Tensor, ""]
    language: Float[Tensor, ""] | None


def fine_tuning_loss(
    model: FineTunedModel, batch: TaskBatch, *, lm_weight: float = 0.5
) -> FineTuningLoss:
    """Compute L₃ = L₂ + λ L₁ of a batch with one pass through the Transformer.

    L₂ is the cross-entropy of the answers, over classes or over choices. L₁ is the next-token loss
    over all rows of the batch, special tokens included and padding not. With λ = 0 the output
    matrix is not used at all, which saves about half of the time of a small model.

    Source: Radford et al. 2018, equations 4 and 5; λ = 0.5 in section 4.1.

    Raises:
        ValueError: `lm_weight` is negative.
    """
    if lm_weight < 0:
        raise ValueError(f"lm_weight must not be negative, got {lm_weight}")
    hidden = model.hidden_states(batch.tokens)
    task = F.cross_entropy(model.answer(hidden, batch.extract), batch.labels)
    if lm_weight == 0:
        return FineTuningLoss(task, task, None)
    asked = batch.targets != IGNORED
    language = F.cross_entropy(model.body.unembed(hidden[asked]), batch.targets[asked])
    return FineTuningLoss(task + lm_weight * language, task, language)
