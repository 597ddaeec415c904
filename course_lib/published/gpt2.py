"""Figures of Radford et al. 2019, the paper of GPT-2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.published.figure import Published


@dataclass(frozen=True)
class ModelRow:
    """One row of table 2 of the GPT-2 paper.

    Attributes:
        millions: parameters in millions, as printed (the counts are too low).
        n_layers: number of blocks.
        d_model: width.
    """

    millions: Published
    n_layers: Published
    d_model: Published


@dataclass(frozen=True)
class ZeroShot:
    """One column of table 3 of the GPT-2 paper: a test without any training on its task.

    Attributes:
        name: the test set.
        unit: what is reported.
        higher_is_better: whether a larger number is a better one.
        by_size: name of the size → reported number.
        best_before: state of the art at the time.
        citation: key of the source.
        where: table of the source.
    """

    name: str
    unit: str
    higher_is_better: bool
    by_size: Mapping[str, float]
    best_before: float
    citation: str = "radford2019language"
    where: str = "table 3"


def _gpt2(value: float, unit: str, where: str) -> Published:
    return Published(value, unit, "radford2019language", where)


def _row(millions: float, n_layers: int, d_model: int) -> ModelRow:
    return ModelRow(
        _gpt2(millions, "million parameters", "table 2"),
        _gpt2(n_layers, "layers", "table 2"),
        _gpt2(d_model, "features", "table 2"),
    )


GPT2_TABLE_2: Mapping[str, ModelRow] = {
    "gpt2": _row(117, 12, 768),
    "gpt2-medium": _row(345, 24, 1024),
    "gpt2-large": _row(762, 36, 1280),
    "gpt2-xl": _row(1542, 48, 1600),
}

GPT2_VOCABULARY = _gpt2(50_257, "tokens", "section 2.3")

GPT2_CONTEXT = _gpt2(1024, "tokens", "section 2.3")

GPT2_BATCH = _gpt2(512, "sequences", "section 2.3")

WEBTEXT_KARMA = _gpt2(3, "karma at least", "section 2.1")

WEBTEXT_LINKS = _gpt2(45, "million links", "section 2.1")

WEBTEXT_DOCUMENTS = _gpt2(8, "million documents", "section 2.1")

WEBTEXT_SIZE = _gpt2(40, "GB of text", "section 2.1")


def _zero_shot(
    name: str, unit: str, values: tuple[float, ...], best_before: float, *, higher: bool = False
) -> ZeroShot:
    return ZeroShot(name, unit, higher, dict(zip(GPT2_TABLE_2, values, strict=True)), best_before)


GPT2_ZERO_SHOT: tuple[ZeroShot, ...] = (
    _zero_shot("LAMBADA", "perplexity", (35.13, 15.60, 10.87, 8.63), 99.8),
    _zero_shot("LAMBADA", "% correct", (45.99, 55.48, 60.12, 63.24), 59.23, higher=True),
    _zero_shot("CBT-CN", "% correct", (87.65, 92.35, 93.45, 93.30), 85.7, higher=True),
    _zero_shot("CBT-NE", "% correct", (83.4, 87.1, 88.0, 89.05), 82.3, higher=True),
    _zero_shot("WikiText-2", "perplexity", (29.41, 22.76, 19.93, 18.34), 39.14),
    _zero_shot("PTB", "perplexity", (65.85, 47.33, 40.31, 35.76), 46.54),
    _zero_shot("enwik8", "bits per byte", (1.16, 1.01, 0.97, 0.93), 0.99),
    _zero_shot("text8", "bits per character", (1.17, 1.06, 1.02, 0.98), 1.08),
    _zero_shot("WikiText-103", "perplexity", (37.50, 26.37, 22.05, 17.48), 18.3),
    _zero_shot("1BW", "perplexity", (75.20, 55.72, 44.575, 42.16), 21.8),
)


@dataclass(frozen=True)
class SummaryRow:
    """One row of table 4 of the GPT-2 paper: summaries of CNN and Daily Mail articles.

    Attributes:
        rouge_1: F1 of ROUGE-1, in percent, as the two that follow.
        rouge_2: of ROUGE-2.
        rouge_l: of ROUGE-L.
        average: of the three, as printed.
        citation: key of the source.
        where: table of the source.
    """

    rouge_1: float
    rouge_2: float
    rouge_l: float
    average: float
    citation: str = "radford2019language"
    where: str = "table 4"


GPT2_SUMMARIES: Mapping[str, SummaryRow] = {
    "first three sentences": SummaryRow(40.38, 17.66, 36.62, 31.55),
    "GPT-2 with TL;DR:": SummaryRow(29.34, 8.27, 26.58, 21.40),
    "three random sentences": SummaryRow(28.78, 8.63, 25.52, 20.98),
    "GPT-2 without the hint": SummaryRow(21.58, 4.03, 19.47, 15.03),
}

GPT2_TO_FRENCH = _gpt2(5, "BLEU, English to French, WMT-14", "section 3.7")

GPT2_FROM_FRENCH = _gpt2(11.5, "BLEU, French to English, WMT-14", "section 3.7")

GPT2_FRENCH_TEXT = _gpt2(10, "MB of French in WebText", "section 3.7")

GPT2_QUESTIONS = _gpt2(4.1, "% of Natural Questions, exact match", "section 3.8")

GPT2_LAMBADA_UNFILTERED = _gpt2(52.66, "% correct without a stop-word filter", "section 3.3")

GPT2_LAMBADA_EXCLUDED = _gpt2(62.9, "% correct without examples that overlap", "section 4")


@dataclass(frozen=True)
class SharedRuns:
    """One column of table 6 of the GPT-2 paper: 8-grams of a test set that a training set has.

    Attributes:
        own_train: % of the test set's 8-grams that stand in its own training part.
        webtext: % that stand in WebText.
        citation: key of the source.
        where: table of the source.
    """

    own_train: float
    webtext: float
    citation: str = "radford2019language"
    where: str = "table 6"


GPT2_OVERLAP: Mapping[str, SharedRuns] = {
    "PTB": SharedRuns(2.67, 0.88),
    "WikiText-2": SharedRuns(0.66, 1.63),
    "enwik8": SharedRuns(7.50, 6.31),
    "text8": SharedRuns(2.34, 3.94),
    "WikiText-103": SharedRuns(9.09, 2.42),
    "1BW": SharedRuns(13.19, 3.75),
}
