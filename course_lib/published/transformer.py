"""Figures of Vaswani et al. 2017, and of the encoder–decoders around it."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.published.figure import Published


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

SEQ2SEQ_STATE = Published(
    8000, "real numbers to represent a sentence", "sutskever2014sequence", "section 3.4"
)

SEQ2SEQ_BLEU = Published(25.9, "BLEU, source as written", "sutskever2014sequence", "section 3.3")

SEQ2SEQ_BLEU_REVERSED = Published(
    30.6, "BLEU, source reversed", "sutskever2014sequence", "section 3.3"
)


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
