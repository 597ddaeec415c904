"""How good a model is, and what it has to beat."""

from course_lib.evaluation.baselines import (
    TrigramModel,
    lzma_bits_per_byte,
    unigram_entropy,
    unigram_score,
)
from course_lib.evaluation.language_model import LanguageModelScore, perplexity, strided_windows

__all__ = [
    "LanguageModelScore",
    "TrigramModel",
    "lzma_bits_per_byte",
    "perplexity",
    "strided_windows",
    "unigram_entropy",
    "unigram_score",
]
