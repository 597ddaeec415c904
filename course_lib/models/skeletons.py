"""Hugging Face's own version of a known model, without memory: shapes, and no numbers in them."""

from __future__ import annotations

from typing import Any

import torch

from course_lib.models.known_models import KnownModel


def hugging_face_skeleton(model: KnownModel) -> Any:
    """Build the `transformers` model of these sizes on the meta device.

    Tensors on that device have shapes and no storage, so that GPT-3 takes no more room than a
    small model does. GPT-3, which was never released, is built as a GPT-2.

    Args:
        model: one of `KNOWN_MODELS`, or of the shape of one.

    Returns:
        The model with the head it was pretrained with.
    """
    import transformers

    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        with torch.device("meta"):
            return _build(transformers, model)
    finally:
        transformers.logging.set_verbosity(level)


def _build(library: Any, model: KnownModel) -> Any:
    if model.family == "decoder-only":
        sizes = {
            "vocab_size": model.vocab_size,
            "n_positions": model.n_positions,
            "n_embd": model.d_model,
            "n_layer": model.n_layers,
            "n_head": model.n_heads,
        }
        if model.normalizes_output:
            return library.GPT2LMHeadModel(library.GPT2Config(**sizes, n_inner=model.d_ff))
        return library.OpenAIGPTLMHeadModel(library.OpenAIGPTConfig(**sizes))
    if model.family == "encoder-decoder":
        return library.T5ForConditionalGeneration(
            library.T5Config(
                vocab_size=model.vocab_size,
                d_model=model.d_model,
                d_kv=model.d_head,
                d_ff=model.d_ff,
                num_layers=model.n_layers,
                num_heads=model.n_heads,
                relative_attention_num_buckets=model.n_relative_positions,
            )
        )
    sizes = {
        "vocab_size": model.vocab_size,
        "max_position_embeddings": model.n_positions,
        "type_vocab_size": model.n_segments,
        "hidden_size": model.d_model,
        "num_hidden_layers": model.n_layers,
        "num_attention_heads": model.n_heads,
        "intermediate_size": model.d_ff,
    }
    if model.head == "replaced token":
        config = library.ElectraConfig(**sizes, embedding_size=model.d_model)
        return library.ElectraForPreTraining(config)
    if model.predicts_sentence:
        return library.BertForPreTraining(library.BertConfig(**sizes))
    return library.RobertaForMaskedLM(library.RobertaConfig(**sizes))
