"""Figures that papers report, each with its unit and its source; the pages print them from here.

A citation is a key of `book/references.bib`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        value: as printed in the source, in units of `unit`.
        unit: what is counted.
        citation: key of the source.
        where: section or table of the source.

    >>> WEBTEXT_DOCUMENTS.value, WEBTEXT_DOCUMENTS.unit
    (8, 'million documents')
    """

    value: float
    unit: str
    citation: str
    where: str

    def __str__(self) -> str:
        return f"{self.value:,} {self.unit}"


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

GPT1_LAYERS = Published(12, "layers", "radford2018improving", "section 4.1")
GPT1_WIDTH = Published(768, "features", "radford2018improving", "section 4.1")
GPT1_CONTEXT = Published(512, "tokens", "radford2018improving", "section 4.1")
GPT1_BATCH = Published(64, "sequences", "radford2018improving", "section 4.1")
GPT1_MERGES = Published(40_000, "merges", "radford2018improving", "section 4.1")
GPT1_VOCABULARY = Published(40_478, "tokens", "openai2018finetune", "encoder file")


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
class Degeneration:
    """One row of table 1 of Holtzman et al. 2020: texts of GPT-2 Large by one decoding rule.

    Attributes:
        perplexity: of the texts, under the same model.
        repetition: texts that end in a phrase said over and over.
        citation: key of the source.
        where: table of the source.
    """

    perplexity: float
    repetition: Published
    citation: str = "holtzman2020curious"
    where: str = "table 1"


def _degeneration(perplexity: float, repetition: float) -> Degeneration:
    return Degeneration(
        perplexity, Published(repetition, "% of texts", "holtzman2020curious", "table 1")
    )


DEGENERATION: Mapping[str, Degeneration] = {
    "human": _degeneration(12.38, 0.28),
    "greedy": _degeneration(1.50, 73.66),
    "beam, width 16": _degeneration(1.48, 28.94),
    "top-k 40": _degeneration(6.88, 0.78),
    "nucleus 0.95": _degeneration(13.13, 0.36),
    "pure sampling": _degeneration(22.73, 0.22),
}
