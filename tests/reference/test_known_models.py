"""Our count of parameters equals that of Hugging Face's models, piece by piece."""

import pytest

from course_lib.models import KNOWN_MODELS, hugging_face_skeleton, parameter_pieces

PIECES = (  # part of a foreign name → our piece, the first that fits
    ("pooler", "pretraining head"),
    ("cls.", "pretraining head"),
    ("lm_head.", "pretraining head"),
    ("discriminator_predictions", "pretraining head"),
    ("relative_attention_bias", "positions, segments"),
    ("position_embeddings", "positions, segments"),
    ("positions_embed", "positions, segments"),
    ("token_type_embeddings", "positions, segments"),
    ("wpe", "positions, segments"),
    ("word_embeddings", "token embedding"),
    ("tokens_embed", "token embedding"),
    ("shared", "token embedding"),
    ("wte", "token embedding"),
    ("LayerNorm", "normalization"),
    ("layer_norm", "normalization"),
    (".ln_", "normalization"),
    ("attn", "attention"),
    ("Attention", "attention"),
    ("attention", "attention"),
    ("mlp", "feed-forward"),
    ("DenseReluDense", "feed-forward"),
    ("intermediate", "feed-forward"),
    ("output.dense", "feed-forward"),
)


@pytest.mark.parametrize("name", KNOWN_MODELS)
def test_pieces(name):
    skeleton = hugging_face_skeleton(KNOWN_MODELS[name])
    counted = dict.fromkeys(parameter_pieces(KNOWN_MODELS[name]), 0)
    for foreign, parameter in skeleton.named_parameters():
        assert parameter.is_meta
        counted[next(ours for part, ours in PIECES if part in foreign)] += parameter.numel()
    assert counted == parameter_pieces(KNOWN_MODELS[name])
