"""Figures of other papers that the book speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.published.figure import Published
from course_lib.published.gpt2 import GPT2_TABLE_2


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

WORD2VEC_NOISE_POWER = Published(
    0.75, "as the power of a noise word's count", "mikolov2013distributed", "section 2.2"
)

WORD2VEC_QUESTIONS = Published(19_544, "analogy questions", "mikolov2013efficient", "section 4.1")

GLOVE_300_ANALOGIES = Published(
    71.7, "% of analogies, 300 entries", "pennington2014glove", "table 2"
)

GLOVE_TOKENS = Published(6, "billion tokens", "pennington2014glove", "section 4.2")

GLOVE_VOCABULARY = Published(400_000, "words", "pennington2014glove", "section 4.2")
