"""Whole models, and published weights for them."""

from course_lib.config import TransformerConfig
from course_lib.models.chat import chat_prompt
from course_lib.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from course_lib.models.gpt1 import GPT1_CONFIG, load_course_gpt1, load_gpt1, save_gpt1
from course_lib.models.gpt2 import GPT2
from course_lib.models.known_models import KNOWN_MODELS, KnownModel, gpt_model, parameter_pieces
from course_lib.models.llama import load_llama
from course_lib.models.memory import (
    BYTES_PER_NUMBER,
    activation_bytes,
    bytes_per_number,
    kv_cache_bytes,
    training_bytes,
    weight_bytes,
)
from course_lib.models.minilm import load_minilm, word_in_context
from course_lib.models.pretrained import load_course_gpt, load_gpt2, save_gpt2
from course_lib.models.skeletons import hugging_face_skeleton
from course_lib.models.smollm2 import load_course_smollm2, load_smollm2, prepare_smollm2
from course_lib.models.transformer import Transformer
from course_lib.models.translator import Translator, load_translator, load_zh_en, save_translator

Decoder = GPT2 | Transformer
"""A model that continues text; `course_lib.generation` takes either."""

__all__ = [
    "BYTES_PER_NUMBER",
    "GPT1_CONFIG",
    "GPT2",
    "KNOWN_MODELS",
    "Decoder",
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "KnownModel",
    "Transformer",
    "TransformerConfig",
    "Translator",
    "activation_bytes",
    "bytes_per_number",
    "chat_prompt",
    "gpt_model",
    "hugging_face_skeleton",
    "kv_cache_bytes",
    "load_course_gpt",
    "load_course_gpt1",
    "load_course_smollm2",
    "load_gpt1",
    "load_gpt2",
    "load_llama",
    "load_minilm",
    "load_smollm2",
    "load_translator",
    "load_zh_en",
    "parameter_pieces",
    "prepare_smollm2",
    "save_gpt1",
    "save_gpt2",
    "save_translator",
    "training_bytes",
    "weight_bytes",
    "word_in_context",
]
