"""From a model's logits to text: sampling, the decoding loop, beam search."""

from course_lib.generation.beam_search import Hypothesis, NextScores, beam_search, search
from course_lib.generation.contrastive import contrastive_search
from course_lib.generation.engine import evaluating, generate, stream, window_start
from course_lib.generation.quantization import Int8GPT2, quantize_int8, quantize_rows
from course_lib.generation.sampling import (
    SamplingConfig,
    apply_temperature,
    choose,
    draw,
    filter_logits,
    min_p_filter,
    repetition_penalty,
    top_k_filter,
    top_p_filter,
)
from course_lib.generation.speculative import (
    SpeculativeResult,
    accept_or_resample,
    expected_tokens,
    residual,
    speculative_generate,
)
from course_lib.generation.translation import translate_greedily, translate_with_beam

__all__ = [
    "Hypothesis",
    "Int8GPT2",
    "NextScores",
    "SamplingConfig",
    "SpeculativeResult",
    "accept_or_resample",
    "apply_temperature",
    "beam_search",
    "choose",
    "contrastive_search",
    "draw",
    "evaluating",
    "expected_tokens",
    "filter_logits",
    "generate",
    "min_p_filter",
    "quantize_int8",
    "quantize_rows",
    "repetition_penalty",
    "residual",
    "search",
    "speculative_generate",
    "stream",
    "top_k_filter",
    "top_p_filter",
    "translate_greedily",
    "translate_with_beam",
    "window_start",
]
