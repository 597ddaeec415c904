"""Whole models, and published weights for them."""

from course_lib.models.gpt2 import GPT2
from course_lib.models.pretrained import load_course_gpt, load_gpt2, save_gpt2
from course_lib.models.smollm2 import load_smollm2, prepare_smollm2

__all__ = ["GPT2", "load_course_gpt", "load_gpt2", "load_smollm2", "prepare_smollm2", "save_gpt2"]
