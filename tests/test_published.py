"""Published figures have a source in the bibliography and fit the configurations."""

from pathlib import Path

import pytest

from course_lib import published
from course_lib.config import GPT2_SIZES, GPT2Config
from course_lib.evaluation import LossSurface

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


def test_surface_of_chinchilla_is_known_under_the_names_of_the_package():
    surface = LossSurface(**{name: f.value for name, f in published.HOFFMANN_SURFACE.items()})
    assert all(f"{{{f.citation}," in BIBLIOGRAPHY for f in published.HOFFMANN_SURFACE.values())
    gopher = surface.loss(
        published.GOPHER_PARAMETERS.value * 1e9, published.GOPHER_TOKENS.value * 1e9
    )
    chinchilla = surface.loss(
        published.CHINCHILLA_PARAMETERS.value * 1e9, published.CHINCHILLA_TOKENS.value * 1e9
    )
    assert chinchilla < gopher  # at about equal compute: the paper's whole point


def test_as_text():
    assert str(published.GPT2_VOCABULARY) == "50,257 tokens"


def test_summaries_of_gpt2_average_as_printed():
    rows = published.GPT2_SUMMARIES
    for row in rows.values():
        assert f"{{{row.citation}," in BIBLIOGRAPHY
        mean = (row.rouge_1 + row.rouge_2 + row.rouge_l) / 3
        assert mean == pytest.approx(row.average, abs=0.006)
    drop = rows["GPT-2 with TL;DR:"].average - rows["GPT-2 without the hint"].average
    assert drop == pytest.approx(6.4, abs=0.05)  # as section 3.6 says
