"""Turning a pretrained language model to a task with labels."""

from course_lib.finetuning.baselines import classical_labels, majority_label, overlap_features
from course_lib.finetuning.batching import (
    EncodedExample,
    TaskBatch,
    encode_examples,
    make_task_batch,
    shorten,
    task_batches,
)
from course_lib.finetuning.heads import FineTunedModel
from course_lib.finetuning.loop import (
    FineTuningConfig,
    FineTuningStep,
    fine_tune,
    predict,
    warmup_linear,
)
from course_lib.finetuning.objective import FineTuningLoss, fine_tuning_loss
from course_lib.finetuning.special_tokens import SpecialTokens, grow_vocabulary
from course_lib.finetuning.transfer import transfer
from course_lib.finetuning.transformations import (
    TaskKind,
    classification_rows,
    entailment_rows,
    multiple_choice_rows,
    rows_of,
    similarity_rows,
)
from course_lib.finetuning.zero_shot import context_gain

__all__ = [
    "EncodedExample",
    "FineTunedModel",
    "FineTuningConfig",
    "FineTuningLoss",
    "FineTuningStep",
    "SpecialTokens",
    "TaskBatch",
    "TaskKind",
    "classical_labels",
    "classification_rows",
    "context_gain",
    "encode_examples",
    "entailment_rows",
    "fine_tune",
    "fine_tuning_loss",
    "grow_vocabulary",
    "majority_label",
    "make_task_batch",
    "multiple_choice_rows",
    "overlap_features",
    "predict",
    "rows_of",
    "shorten",
    "similarity_rows",
    "task_batches",
    "transfer",
    "warmup_linear",
]
