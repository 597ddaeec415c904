"""Language models and text representations from before the Transformer."""

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

__all__ = [
    "MAX_ORDER",
    "Additive",
    "ContextCounts",
    "CountTable",
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
    "Smoothing",
    "Tokens",
    "TruncatedStep",
    "Vocabulary",
    "as_token_ids",
    "continue_tokens",
    "detach_state",
    "followers",
    "gradients_through_time",
    "interpolated_probability",
    "load_recurrent",
    "mean_surprise",
    "save_recurrent",
    "set_spectral_radius",
    "truncated_backpropagation",
]
