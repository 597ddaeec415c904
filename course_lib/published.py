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
GPT1_HEADS = Published(12, "heads", "radford2018improving", "section 4.1")
GPT1_INNER = Published(3072, "inner features", "radford2018improving", "section 4.1")
GPT1_BOOKS = Published(7000, "books and more", "radford2018improving", "section 4.1")
GPT1_EPOCHS = Published(100, "epochs", "radford2018improving", "section 4.1")
GPT1_RATE = Published(2.5e-4, "peak learning rate", "radford2018improving", "section 4.1")
GPT1_WARMUP = Published(2000, "warm-up updates", "radford2018improving", "section 4.1")
GPT1_DROPOUT = Published(0.1, "dropout", "radford2018improving", "section 4.1")
GPT1_DECAY = Published(0.01, "weight decay", "radford2018improving", "section 4.1")
GPT1_PERPLEXITY = Published(18.4, "per token, BooksCorpus", "radford2018improving", "section 4.1")
GPT1_IMPROVED = Published(9, "of 12 data sets improved", "radford2018improving", "abstract")


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


def _heads(bleu: float) -> Published:
    return Published(bleu, "BLEU", "vaswani2017attention", "table 3, rows base and (A)")


HEADS_BLEU: Mapping[int, Published] = {
    1: _heads(24.9),
    4: _heads(25.5),
    8: _heads(25.8),
    16: _heads(25.8),
    32: _heads(25.4),
}
"""Number of heads → score on the development set, at equal width and equal work."""


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


def _parameters(value: float, unit: str, citation: str, where: str) -> Published:
    return Published(value, f"{unit} parameters", citation, where)


PARAMETERS: Mapping[str, Published] = {
    "BERT-Large": _parameters(340, "million", "devlin2019bert", "section 3"),
    "GPT-2 small": GPT2_TABLE_2["gpt2"].millions,
    "GPT-2 XL": GPT2_TABLE_2["gpt2-xl"].millions,
    "RoBERTa-Large": _parameters(355, "million", "liu2019roberta", "section 5"),
    "T5-11B": _parameters(11, "billion", "raffel2020exploring", "section 3.7"),
    "ELECTRA-Large": _parameters(335, "million", "clark2020electra", "table 2"),
    "GPT-3 175B": _parameters(175.0, "billion", "brown2020language", "table 2.1"),
}
"""Sizes as the papers print them, by the name of the model in `course_lib.models`."""

MEDQA_CORRECT = Published(
    67.6, "% of the questions of a US medical licensing exam", "singhal2023large", "abstract"
)
BLOOMBERG_PARAMETERS = Published(50, "billion parameters", "wu2023bloomberggpt", "abstract")
BLOOMBERG_TOKENS = Published(363, "billion tokens", "wu2023bloomberggpt", "abstract")
SERVICE_AGENTS = Published(5179, "agents", "brynjolfsson2023generative", "abstract")
SERVICE_GAIN = Published(
    14, "% more issues resolved per hour", "brynjolfsson2023generative", "abstract"
)
CODEX_SOLVED = Published(28.8, "% of the problems", "chen2021evaluating", "abstract")
CODEX_GPT3_SOLVED = Published(0, "% of the problems", "chen2021evaluating", "abstract")
INSTRUCT_PREFERRED = Published(1.3, "billion parameters", "ouyang2022training", "abstract")

BRANTS_TOKENS = Published(2, "trillion tokens", "brants2007large", "abstract")

SEQ2SEQ_STATE = Published(
    8000, "real numbers to represent a sentence", "sutskever2014sequence", "section 3.4"
)
SEQ2SEQ_BLEU = Published(25.9, "BLEU, source as written", "sutskever2014sequence", "section 3.3")
SEQ2SEQ_BLEU_REVERSED = Published(
    30.6, "BLEU, source reversed", "sutskever2014sequence", "section 3.3"
)
GPT1_LSTM_UNITS = Published(2048, "units in one LSTM layer", "radford2018improving", "section 5")
GPT1_LSTM_DROP = Published(5.6, "points of the average score", "radford2018improving", "section 5")
GPT1_TABLE_5: Mapping[str, Published] = {
    name: Published(value, "average score", "radford2018improving", "table 5")
    for name, value in (
        ("full model", 74.7),
        ("without auxiliary LM", 75.0),
        ("without pretraining", 59.9),
        ("LSTM", 69.1),
    )
}
"""What GPT-1 loses without one of its parts: the average score over eight sets of labels."""


def _transformer(value: float, unit: str, where: str) -> Published:
    return Published(value, unit, "vaswani2017attention", where)


TRANSFORMER_BASE_PARAMETERS = _transformer(65, "million parameters", "table 3, row base")
TRANSFORMER_BIG_PARAMETERS = _transformer(213, "million parameters", "table 3, row big")
TRANSFORMER_BASE_BLEU = _transformer(27.3, "BLEU, English to German", "table 2")
TRANSFORMER_BIG_BLEU = _transformer(28.4, "BLEU, English to German", "table 2")
TRANSFORMER_BASE_STEPS = _transformer(100_000, "steps", "section 5.2")
TRANSFORMER_BASE_HOURS = _transformer(12, "hours on 8 P100 GPUs", "section 5.2")
TRANSFORMER_PAIRS = _transformer(4.5, "million sentence pairs", "section 5.1")
TRANSFORMER_BATCH = _transformer(25_000, "source tokens in a batch", "section 5.1")
TRANSFORMER_WARMUP = _transformer(4000, "warm-up steps", "section 5.3")
TRANSFORMER_SMOOTHING = _transformer(0.1, "label smoothing", "section 5.4")
TRANSFORMER_BEAM = _transformer(4, "hypotheses", "section 6.1")
TRANSFORMER_LENGTH_PENALTY = _transformer(0.6, "length penalty", "section 6.1")
TRANSFORMER_AVERAGED = _transformer(5, "last checkpoints averaged", "section 6.1")

VASWANI_SINUSOIDS = Published(
    4.92, "perplexity per word piece", "vaswani2017attention", "table 3, base"
)
VASWANI_LEARNED_POSITIONS = Published(
    4.92, "perplexity per word piece", "vaswani2017attention", "table 3, row E"
)

WORD2VEC_NOISE_POWER = Published(
    0.75, "as the power of a noise word's count", "mikolov2013distributed", "section 2.2"
)
WORD2VEC_QUESTIONS = Published(19_544, "analogy questions", "mikolov2013efficient", "section 4.1")
GLOVE_300_ANALOGIES = Published(
    71.7, "% of analogies, 300 entries", "pennington2014glove", "table 2"
)
GLOVE_TOKENS = Published(6, "billion tokens", "pennington2014glove", "section 4.2")
GLOVE_VOCABULARY = Published(400_000, "words", "pennington2014glove", "section 4.2")


def _t5(score: float) -> Published:
    return Published(score, "GLUE average", "raffel2020exploring", "table 2, denoising objective")


T5_SHAPES: Mapping[str, Published] = {
    "encoder-decoder": _t5(83.28),
    "encoder-decoder, shared weights": _t5(82.81),
    "encoder-decoder, half the layers": _t5(80.88),
    "prefix language model": _t5(81.82),
    "language model": _t5(74.70),
}
"""Who sees whom, compared at equal training: scores after fine-tuning on tasks of understanding."""
