"""How good a model is, and what it has to beat."""

from course_lib.evaluation.analogies import AnalogyScore, score_analogies
from course_lib.evaluation.baselines import (
    TrigramModel,
    lzma_bits_per_byte,
    unigram_entropy,
    unigram_score,
)
from course_lib.evaluation.bleu import (
    BLEUScore,
    brevity_penalty,
    clipped_matches,
    corpus_bleu,
    count_ngrams,
    tokenize_13a,
)
from course_lib.evaluation.language_model import LanguageModelScore, perplexity, strided_windows
from course_lib.evaluation.word_similarity import rank_correlation, score_similarities

__all__ = [
    "AnalogyScore",
    "BLEUScore",
    "LanguageModelScore",
    "TrigramModel",
    "brevity_penalty",
    "clipped_matches",
    "corpus_bleu",
    "count_ngrams",
    "lzma_bits_per_byte",
    "perplexity",
    "rank_correlation",
    "score_analogies",
    "score_similarities",
    "strided_windows",
    "tokenize_13a",
    "unigram_entropy",
    "unigram_score",
]
