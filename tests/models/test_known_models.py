"""Known models: counts that the papers print, and settings that cannot be."""

from dataclasses import replace

import pytest
import torch

from course_lib.config import GPT2_SIZES
from course_lib.models import GPT2, KNOWN_MODELS, gpt_model, parameter_pieces
from course_lib.published import PARAMETERS

GPT2_SMALL = KNOWN_MODELS["GPT-2 small"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_count_is_near_the_published_one(name):
    printed = PARAMETERS[name]
    factor = {"million parameters": 1e6, "billion parameters": 1e9}[printed.unit]
    assert KNOWN_MODELS[name].n_parameters == pytest.approx(printed.value * factor, rel=0.065)


@pytest.mark.parametrize("name", ["GPT-3 175B", "RoBERTa-Large", "ELECTRA-Large"])
def test_these_papers_count_as_we_do(name):
    printed = PARAMETERS[name]
    factor = {"million parameters": 1e6, "billion parameters": 1e9}[printed.unit]
    assert KNOWN_MODELS[name].n_parameters == pytest.approx(printed.value * factor, rel=0.003)


def test_gpt1_is_not_of_110_million():
    assert 116e6 < KNOWN_MODELS["GPT-1"].n_parameters < 117e6
    assert set(KNOWN_MODELS) - set(PARAMETERS) == {"GPT-1"}  # its paper prints no number


def test_our_own_gpt2_agrees():
    for name, config in (("GPT-2 small", GPT2_SIZES["gpt2"]), ("GPT-2 XL", GPT2_SIZES["gpt2-xl"])):
        with torch.device("meta"):
            assert GPT2(config).n_parameters() == KNOWN_MODELS[name].n_parameters


def test_pieces_by_hand():
    """One block of width 2, two heads, feed-forward 8; three tokens, four positions."""
    tiny = replace(
        gpt_model("tiny", 2019, d_model=2, n_heads=2, n_layers=1, context_length=4), vocab_size=3
    )
    assert parameter_pieces(tiny) == {
        "token embedding": 6,
        "positions, segments": 8,
        "attention": 4 * 4 + 4 * 2,
        "feed-forward": 2 * 2 * 8 + 8 + 2,
        "normalization": 3 * 4,
    }


def test_families():
    by_family = {}
    for model in KNOWN_MODELS.values():
        by_family.setdefault(model.family, set()).add(model.name)
    assert by_family["encoder-only"] == {"BERT-Large", "RoBERTa-Large", "ELECTRA-Large"}
    assert by_family["encoder-decoder"] == {"T5-11B"}
    assert [model.n_stacks for model in KNOWN_MODELS.values()].count(2) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n_layers": 0}, ValueError, "n_layers must be at least 1, got 0"),
        ({"d_ff": 1.5}, TypeError, "d_ff"),
        ({"n_segments": -1}, ValueError, "n_segments must be at least 0, got -1"),
        ({"family": "decoder"}, ValueError, "family must be one of"),
        ({"head": "none"}, ValueError, "head must be one of"),
        ({"n_heads": 7, "d_head": 0}, ValueError, "n_heads must divide d_model, got 7 and 768"),
    ],
)
def test_bad_inputs(change, error, message):
    with pytest.raises(error, match=message):
        replace(GPT2_SMALL, **change)
