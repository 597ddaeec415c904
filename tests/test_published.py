"""Published figures have a source in the bibliography and fit the configurations."""

from pathlib import Path

import pytest

from course_lib import published
from course_lib.config import GPT2_SIZES, GPT2Config

BIBLIOGRAPHY = (Path(__file__).parents[1] / "book/references.bib").read_text(encoding="utf-8")
FIGURES = {n: v for n, v in vars(published).items() if isinstance(v, published.Published)}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_names_its_source(name: str):
    figure = FIGURES[name]
    assert f"{{{figure.citation}," in BIBLIOGRAPHY
    assert figure.unit
    assert figure.where


def test_sizes_of_gpt2_are_those_of_the_paper():
    assert list(published.GPT2_TABLE_2) == list(GPT2_SIZES)
    for name, row in published.GPT2_TABLE_2.items():
        config = GPT2_SIZES[name]
        assert (row.n_layers.value, row.d_model.value) == (config.n_layers, config.d_model)
    assert published.GPT2_VOCABULARY.value == GPT2Config().vocab_size
    assert published.GPT2_CONTEXT.value == GPT2Config().context_length


def test_zero_shot_columns_are_complete():
    assert len(published.GPT2_ZERO_SHOT) == 10
    for column in published.GPT2_ZERO_SHOT:
        assert list(column.by_size) == list(GPT2_SIZES)
        assert f"{{{column.citation}," in BIBLIOGRAPHY
        assert column.higher_is_better == column.unit.startswith("%")


def test_ablations_of_gpt1():
    rows = published.GPT1_TABLE_5
    assert all(f"{{{row.citation}," in BIBLIOGRAPHY for row in rows.values())
    drop = rows["full model"].value - rows["LSTM"].value
    assert drop == pytest.approx(published.GPT1_LSTM_DROP.value)  # as section 5 says


def test_as_text():
    assert str(published.GPT2_VOCABULARY) == "50,257 tokens"
