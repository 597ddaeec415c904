"""Language models and text representations from before the Transformer."""

from course_lib.classical.bag_of_words import (
    BagOfWords,
    BagSettings,
    Hit,
    SearchIndex,
    TfIdf,
    cosine,
    inverse_document_frequencies,
    split_words,
    weigh,
)
from course_lib.classical.count_table import ContextCounts, CountTable, Tokens, as_token_ids
from course_lib.classical.followers import followers, interpolated_probability
from course_lib.classical.n_gram import MAX_ORDER, NGramModel
from course_lib.classical.recurrent import (
    LSTMCell,
    RecurrentCell,
    RecurrentLayer,
    RNNCell,
    gradients_through_time,
    set_spectral_radius,
)
from course_lib.classical.recurrent_encoder_decoder import RecurrentEncoderDecoder
from course_lib.classical.recurrent_language_model import (
    RecurrentConfig,
    RecurrentLanguageModel,
    TruncatedStep,
    continue_tokens,
    detach_state,
    load_recurrent,
    mean_surprise,
    save_recurrent,
    truncated_backpropagation,
)
from course_lib.classical.smoothing import Additive, Interpolated, MaximumLikelihood, Smoothing
from course_lib.classical.vocabulary import Vocabulary
from course_lib.classical.word2vec import (
    SkipGramText,
    keep_probability,
    noise_distribution,
    pair_gradients,
    pair_loss,
    skip_gram_pairs,
    train_pair_by_pair,
)
from course_lib.classical.word2vec_fast import SkipGramSettings, SkipGramVectors, train_skip_gram

__all__ = [
    "MAX_ORDER",
    "Additive",
    "BagOfWords",
    "BagSettings",
    "ContextCounts",
    "CountTable",
    "Hit",
    "Interpolated",
    "LSTMCell",
    "MaximumLikelihood",
    "NGramModel",
    "RNNCell",
    "RecurrentCell",
    "RecurrentConfig",
    "RecurrentEncoderDecoder",
    "RecurrentLanguageModel",
    "RecurrentLayer",
    "SearchIndex",
    "SkipGramSettings",
    "SkipGramText",
    "SkipGramVectors",
    "Smoothing",
    "TfIdf",
    "Tokens",
    "TruncatedStep",
    "Vocabulary",
    "as_token_ids",
    "continue_tokens",
    "cosine",
    "detach_state",
    "followers",
    "gradients_through_time",
    "interpolated_probability",
    "inverse_document_frequencies",
    "keep_probability",
    "load_recurrent",
    "mean_surprise",
    "noise_distribution",
    "pair_gradients",
    "pair_loss",
    "save_recurrent",
    "set_spectral_radius",
    "skip_gram_pairs",
    "split_words",
    "train_pair_by_pair",
    "train_skip_gram",
    "truncated_backpropagation",
    "weigh",
]
