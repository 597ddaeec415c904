"""Everything that turns text into trained weights."""

from course_lib.training.checkpoint import load_checkpoint, save_checkpoint
from course_lib.training.distributed import Processes, join_processes
from course_lib.training.loop import Training, gradient_step, train
from course_lib.training.loss import next_token_loss, smoothed_loss
from course_lib.training.memory import keep_freed_memory
from course_lib.training.optimizer import AdamW, decay_groups, make_optimizer
from course_lib.training.recipe import Recipe, Run, prepare, read_recipe
from course_lib.training.schedule import inverse_square_root, warmup_cosine
from course_lib.training.settings import Progress, TrainingConfig

__all__ = [
    "AdamW",
    "Processes",
    "Progress",
    "Recipe",
    "Run",
    "Training",
    "TrainingConfig",
    "decay_groups",
    "gradient_step",
    "inverse_square_root",
    "join_processes",
    "keep_freed_memory",
    "load_checkpoint",
    "make_optimizer",
    "next_token_loss",
    "prepare",
    "read_recipe",
    "save_checkpoint",
    "smoothed_loss",
    "train",
    "warmup_cosine",
]
