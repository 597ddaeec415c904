import dataclasses

import pytest

from course_lib.config import GPT2_SIZES, GPT2Config, scale


def test_defaults_are_the_smallest_gpt2():
    config = GPT2Config()
    assert (config.d_head, config.d_ff) == (64, 3072)
    assert GPT2_SIZES["gpt2"] == config


def test_round_trip_through_plain_values():
    config = GPT2Config(vocab_size=11, d_model=12, n_heads=3, d_ff=7, dropout=0.0)
    assert GPT2Config.from_dict(config.to_dict()) == config


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GPT2Config().d_model = 3


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"vocab_size": 0}, ValueError, "vocab_size must be at least 1, got 0"),
        ({"n_layers": -1}, ValueError, "n_layers must be at least 1, got -1"),
        ({"d_model": 1.5}, TypeError, "d_model"),
        ({"n_heads": True}, TypeError, "n_heads"),
        ({"d_ff": -4}, ValueError, "d_ff must be at least 1"),
        ({"d_model": 10, "n_heads": 3}, ValueError, "n_heads must divide d_model.*leaves 1"),
        ({"dropout": 1.0}, ValueError, r"dropout .* \[0, 1\), got 1.0"),
        ({"dropout": float("nan")}, ValueError, "dropout"),
        ({"layer_norm_eps": 0.0}, ValueError, "layer_norm_eps must be above 0"),
        ({"layer_norm_eps": float("nan")}, ValueError, "layer_norm_eps must be above 0"),
        ({"n_embd": 3}, ValueError, "unknown setting 'n_embd'; known: context_length"),
    ],
)
def test_bad_values(values, error, message):
    with pytest.raises(error, match=message):
        GPT2Config.from_dict(values)


def test_scale(monkeypatch):
    monkeypatch.setenv("COURSE_SCALE", "gpu")
    assert scale() == "gpu"
    monkeypatch.setenv("COURSE_SCALE", "cpu")
    assert scale() == "cpu"
    monkeypatch.setenv("COURSE_SCALE", "huge")
    with pytest.raises(ValueError, match="'huge'"):
        scale()
    monkeypatch.delenv("COURSE_SCALE")
    assert scale() in ("cpu", "gpu")
