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
from course_lib.evaluation.classification import Confusion, accuracy, confusion, macro_f1
from course_lib.evaluation.cloze import (
    ClozeQuestion,
    last_word_questions,
    missing_word_questions,
    split_sentences,
    words_of_kind,
)
from course_lib.evaluation.cloze_answers import (
    Accuracy,
    WordScore,
    choice,
    frequency_choice,
    frequency_word,
    last_word_score,
    recency_choice,
    recency_word,
)
from course_lib.evaluation.contamination import NGramIndex, Overlap, normalized_words
from course_lib.evaluation.language_model import LanguageModelScore, perplexity, strided_windows
from course_lib.evaluation.pairwise import (
    PairwiseFit,
    Vote,
    bradley_terry,
    elo_ratings,
    rating_intervals,
    win_probability,
)
from course_lib.evaluation.prompting import (
    PromptQuestion,
    Wording,
    answer_log_probabilities,
    chosen,
    questions_from_pairs,
    smollm2_text_model,
)
from course_lib.evaluation.rouge import (
    RougeScore,
    longest_common_subsequence,
    rouge_l,
    rouge_n,
    tokenize_rouge,
)
from course_lib.evaluation.scaling_law import (
    LossSurface,
    PowerLaw,
    fit_loss_surface,
    fit_power_law,
    isoflop_minimum,
)
from course_lib.evaluation.text_model import (
    TextModel,
    course_text_model,
    transformers_text_model,
)
from course_lib.evaluation.uncertainty import bootstrap_interval, cohen_kappa, wilson_interval
from course_lib.evaluation.word_similarity import rank_correlation, score_similarities

__all__ = [
    "Accuracy",
    "AnalogyScore",
    "BLEUScore",
    "ClozeQuestion",
    "Confusion",
    "LanguageModelScore",
    "LossSurface",
    "NGramIndex",
    "Overlap",
    "PairwiseFit",
    "PowerLaw",
    "PromptQuestion",
    "RougeScore",
    "TextModel",
    "TrigramModel",
    "Vote",
    "WordScore",
    "Wording",
    "accuracy",
    "answer_log_probabilities",
    "bootstrap_interval",
    "bradley_terry",
    "brevity_penalty",
    "choice",
    "chosen",
    "clipped_matches",
    "cohen_kappa",
    "confusion",
    "corpus_bleu",
    "count_ngrams",
    "course_text_model",
    "elo_ratings",
    "fit_loss_surface",
    "fit_power_law",
    "frequency_choice",
    "frequency_word",
    "isoflop_minimum",
    "last_word_questions",
    "last_word_score",
    "longest_common_subsequence",
    "lzma_bits_per_byte",
    "macro_f1",
    "missing_word_questions",
    "normalized_words",
    "perplexity",
    "questions_from_pairs",
    "rank_correlation",
    "rating_intervals",
    "recency_choice",
    "recency_word",
    "rouge_l",
    "rouge_n",
    "score_analogies",
    "score_similarities",
    "smollm2_text_model",
    "split_sentences",
    "strided_windows",
    "tokenize_13a",
    "tokenize_rouge",
    "transformers_text_model",
    "unigram_entropy",
    "unigram_score",
    "wilson_interval",
    "win_probability",
    "words_of_kind",
]
