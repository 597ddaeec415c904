"""Generation at batch 1: course_lib against Hugging Face `generate`, in one run.

    python benchmarks/generation.py [--tokens 100] [--threads 2] [--bf16] [--only smollm2]

Prints one row per case: tokens per second of both and their ratio; for the 124M shape and SmolLM2
also the share of the bound that memory sets: (bytes of weights per token) / (measured read rate).
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable

import torch
import transformers

from course_lib.config import GPT2Config
from course_lib.data import course_corpus
from course_lib.evaluation import perplexity
from course_lib.generation import SamplingConfig, generate, quantize_int8
from course_lib.models import (
    GPT2,
    Decoder,
    load_course_gpt,
    load_course_smollm2,
    load_smollm2,
    save_gpt2,
)

COURSE = GPT2Config(vocab_size=4096, context_length=256, d_model=384, n_heads=6, n_layers=6)
SMALL = GPT2Config(context_length=256)
GREEDY = SamplingConfig(greedy=True)
SAMPLED = SamplingConfig(temperature=0.8, top_k=50)
PROMPT = list(range(1, 9))


def alternate(*runs: Callable[[], object], rounds: int = 3) -> list[float]:
    """Time each in turn, several rounds after a warm-up; return the medians in seconds."""
    times: list[list[float]] = [[] for _ in runs]
    for number in range(rounds + 1):
        for run, kept in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            if number > 0:
                kept.append(time.perf_counter() - start)
    return [statistics.median(kept) for kept in times]


def hugging_face(model: GPT2) -> transformers.GPT2LMHeadModel:
    """The same weights in `transformers`."""
    with tempfile.TemporaryDirectory() as folder:
        save_gpt2(model, folder)
        return transformers.GPT2LMHeadModel.from_pretrained(folder).eval()


def theirs(model: transformers.PreTrainedModel, sampling: SamplingConfig, n: int) -> None:
    """Continue the prompt with Hugging Face `generate`."""
    options = (
        {"do_sample": False}
        if sampling.greedy
        else {"do_sample": True, "temperature": sampling.temperature, "top_k": sampling.top_k}
    )
    ids = torch.tensor([PROMPT])
    model.generate(
        ids, attention_mask=torch.ones_like(ids), min_new_tokens=n, max_new_tokens=n,
        pad_token_id=0, **options,
    )  # fmt: skip


def ours(model: Decoder, sampling: SamplingConfig, n: int) -> None:
    """Continue the prompt with course_lib."""
    generate(model, PROMPT, max_new_tokens=n, sampling=sampling)


def read_rate() -> float:
    """Bytes per second at which a large float32 array is read (its sum), best of ten."""
    array = torch.randn(64 * 2**20)
    best = math.inf
    for _ in range(10):
        start = time.perf_counter()
        array.sum()
        best = min(best, time.perf_counter() - start)
    return array.nbytes / best


def weight_bytes(model: Decoder) -> int:
    """Bytes of weights read for one token: all but the position table (one row) are."""
    total = sum(p.nbytes for p in model.parameters())
    return total - (model.positions.table.nbytes if isinstance(model, GPT2) else 0)


def row(name: str, n: int, hf: float, us: float, aim: str, bound: float | None = None) -> None:
    """Print one line of the table."""
    share = "" if bound is None else f"{100 * bound / (us / n):5.0f} %"
    print(f"{name:38s}{n / hf:9.1f}{n / us:9.1f}{hf / us:7.2f} x  {aim:12s}{share}", flush=True)


def gpt2(config: GPT2Config) -> tuple[GPT2, transformers.PreTrainedModel]:
    """A GPT-2 with random weights, in both libraries."""
    model = GPT2(config, generator=torch.Generator().manual_seed(0)).eval()
    return model, hugging_face(model)


def compare(
    name: str,
    model: Decoder,
    reference: transformers.PreTrainedModel,
    n: int,
    aim: str,
    *,
    int8: bool,
) -> None:
    """Print the rows of one model."""
    rounds = 3 if n * model.n_parameters() < 5e9 else 2
    small = quantize_int8(model) if int8 else None
    for label, sampling in (("greedy", GREEDY), ("top-k 50", SAMPLED)):
        runs = [
            lambda s=sampling: theirs(reference, s, n),
            lambda s=sampling: ours(model, s, n),
        ]
        if small is not None:
            runs.append(lambda s=sampling: ours(small, s, n))
        hf, us, *rest = alternate(*runs, rounds=rounds)
        bound = weight_bytes(model) / read_rate() if int8 else None
        row(f"{name}, fp32, {label}", n, hf, us, aim, bound)
        if rest:
            row(f"{name}, int8, {label}", n, hf, rest[0], ">= 2.5 x")


def smollm2(n: int) -> None:
    """The rows of SmolLM2-135M, with its real weights.

    These are 16-bit floats at heart; from 256 tokens on the float32 engine reads them as such, so
    its share of the bound of 32-bit weights can pass 100 %.
    """
    try:
        compare("SmolLM2", load_course_smollm2()[0], load_smollm2()[0], n, ">= 1.2 x", int8=True)
    except OSError as error:
        print(f"SmolLM2: not measured ({error})")


def bfloat16(n: int) -> None:
    """The 124M shape in bf16 on both sides; slow where the processor has no bf16 products."""
    model = GPT2(SMALL, generator=torch.Generator().manual_seed(0)).eval()
    reference = hugging_face(model).bfloat16()
    model = model.bfloat16()
    hf, us = alternate(
        lambda: theirs(reference, GREEDY, n), lambda: ours(model, GREEDY, n), rounds=1
    )
    row("124M shape, bf16, greedy", n, hf, us, ">= 1.2 x", weight_bytes(model) / read_rate())


def int8_perplexity(n_tokens: int) -> str:
    """Perplexity of the course's own GPT before and after rounding, on held-out text."""
    try:
        model, tokenizer = load_course_gpt()
        texts = [document.text for document in course_corpus().validation]
    except (OSError, ValueError) as error:
        return f"perplexity after int8: not measured ({error})"
    share = n_tokens * 4 // len(texts)  # characters of each document; a token has about four
    ids = torch.tensor([i for text in texts for i in tokenizer.encode(text[:share])])
    before, after = (
        perplexity(m, ids, n_bytes=None).perplexity for m in (model, quantize_int8(model))
    )
    return (
        f"perplexity of the course's GPT on {len(ids):,} tokens of held-out text: "
        f"fp32 {before:.3f}, int8 {after:.3f} ({100 * (after / before - 1):+.2f} %)"
    )


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true", help="also bf16 (slow on old processors)")
    parser.add_argument("--only", choices=("gpt2", "smollm2"), help="the rows of these models")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    n = arguments.tokens
    print(f"read rate {read_rate() / 1e9:.1f} GB/s, {arguments.threads} threads, {n} new tokens")
    print(f"{'tokens/s':38s}{'HF':>9s}{'ours':>9s}{'ratio':>7s}    {'aim':12s}of bound")
    half = max(1, n // 2)
    if arguments.only in (None, "gpt2"):
        compare("course GPT", *gpt2(COURSE), n, ">= 4 x", int8=False)
        compare("124M shape", *gpt2(SMALL), half, ">= 1.2 x", int8=True)
    if arguments.only in (None, "smollm2"):
        smollm2(max(n, 256))
    if arguments.bf16:
        bfloat16(8)
    if arguments.only is None:
        print(int8_perplexity(20_000))


if __name__ == "__main__":
    main()
