"""Everything that turns text into trained weights."""

from course_lib.training.checkpoint import load_checkpoint, save_checkpoint
from course_lib.training.distributed import Processes, join_processes
from course_lib.training.loop import Progress, Training, TrainingConfig, gradient_step, train
from course_lib.training.loss import next_token_loss
from course_lib.training.optimizer import AdamW, decay_groups, make_optimizer
from course_lib.training.schedule import warmup_cosine

__all__ = [
    "AdamW",
    "Processes",
    "Progress",
    "Training",
    "TrainingConfig",
    "decay_groups",
    "gradient_step",
    "join_processes",
    "load_checkpoint",
    "make_optimizer",
    "next_token_loss",
    "save_checkpoint",
    "train",
    "warmup_cosine",
]
