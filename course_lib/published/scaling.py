"""Figures of papers on how loss depends on size, text and compute, and of models built on them."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.published.figure import Published


def _hoffmann(value: float, unit: str) -> Published:
    return Published(value, unit, "hoffmann2022training", "equation 10")


KAPLAN_SIZE_EXPONENT = Published(
    0.73, "as the power of compute in the best size", "kaplan2020scaling", "section 1.2"
)

HOFFMANN_SURFACE: Mapping[str, Published] = {
    "floor": _hoffmann(1.69, "nats per token"),
    "a": _hoffmann(406.4, "nats per token, at one parameter"),
    "alpha": _hoffmann(0.34, "as the power of the parameters"),
    "b": _hoffmann(410.7, "nats per token, at one token"),
    "beta": _hoffmann(0.28, "as the power of the tokens"),
}
"""The surface of Chinchilla's authors, with the names of `course_lib.evaluation.LossSurface`."""

HOFFMANN_SIZE_EXPONENTS: tuple[Published, ...] = tuple(
    Published(value, "as the power of compute in the best size", "hoffmann2022training", "table 2")
    for value in (0.50, 0.49, 0.46)
)
"""By the envelope of the training curves, by equal compute, and by the surface."""

GOPHER_PARAMETERS = Published(280, "billion parameters", "hoffmann2022training", "table 1")
GOPHER_TOKENS = Published(300, "billion tokens", "hoffmann2022training", "table 1")
CHINCHILLA_PARAMETERS = Published(70, "billion parameters", "hoffmann2022training", "table 1")
CHINCHILLA_TOKENS = Published(1400, "billion tokens", "hoffmann2022training", "table 1")

GPT3_TOKENS = Published(300, "billion tokens", "brown2020language", "table 2.1")
GPT3_LAMBADA_ZERO_SHOT = Published(76.2, "% correct, zero-shot", "brown2020language", "table 3.2")
GPT3_LAMBADA_FEW_SHOT = Published(86.4, "% correct, few-shot", "brown2020language", "table 3.2")
GPT4_LESS_COMPUTE = Published(
    10_000, "times less compute, at least, in the runs it was predicted from", "openai2023gpt4",
    "section 3.1",
)  # fmt: skip

LLAMA_7B_TOKENS = Published(1000, "billion tokens", "touvron2023llama", "table 2")
SMOLLM2_135M_TOKENS = Published(2000, "billion tokens", "allal2025smollm2", "section 6")
