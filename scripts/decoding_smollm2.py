"""What the chapter on decoding says of SmolLM2-135M: repetition, and speculative decoding.

    python scripts/decoding_smollm2.py

Writes course_lib/assets/results/decoding_smollm2.json. Needs the asset smollm2. Repetition: the
probability of a phrase that stands 12 times behind a prompt, by repetition, for three prompts, for
the course GPT and for SmolLM2. Speculation: processor time of passes over 1, 5 and 9 tokens, in
float32 and in 8 bits, and of plain and speculative decoding with prompt lookup, in 8 bits. About
a minute on one core.
"""

import argparse
import datetime
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.data import course_corpus
from course_lib.generation import (
    SamplingConfig,
    generate,
    quantize_int8,
    speculative_generate,
)
from course_lib.models import Decoder, load_course_gpt, load_course_smollm2

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/decoding_smollm2.json"
N_PROMPT, N_PHRASE, N_TIMES, N_NEW, N_DRAFT = 24, 10, 12, 40, 4
LOOP = " of the United States, and to the people"


def passages(tokenizer: Any) -> list[list[int]]:
    """Return three passages of the chapter, as the course GPT's tokens."""
    documents = [doc for doc in course_corpus().validation if len(doc.text) > 9000]
    documents = documents[:: max(1, len(documents) // 6)][:3]
    return [tokenizer.encode(doc.text[3000:5000])[1:241] for doc in documents]


def phrases(passage: Sequence[int], tokenizer: Any, seed: int) -> dict[str, str]:
    """Return the phrases to repeat: the loop, the author's next words, the same ones shuffled."""
    author = list(passage[N_PROMPT : N_PROMPT + N_PHRASE])
    shuffled = random.Random(seed).sample(author, len(author))
    return {
        "loop": LOOP,
        "author": tokenizer.decode(author),
        "shuffled": tokenizer.decode(shuffled),
    }


@torch.inference_mode()
def by_repetition(model: Decoder, prompt: list[int], phrase: list[int]) -> list[float]:
    """Return the mean probability of the phrase's tokens, for each time it stands there."""
    tokens = torch.tensor([prompt + phrase * N_TIMES])
    shares = model(tokens[:, :-1]).softmax(-1).gather(-1, tokens[:, 1:, None])
    return [round(x, 4) for x in shares[0, len(prompt) - 1 :, 0].view(N_TIMES, -1).mean(1).tolist()]


def look_up(text: Sequence[int], vocab_size: int, longest: int = 3) -> Tensor | None:
    """Guess what came after the last place where the text's last tokens stood before."""
    text = list(text)
    for length in range(longest, 0, -1):
        for start in range(len(text) - length - 1, -1, -1):
            if text[start : start + length] == text[-length:]:
                return torch.zeros(vocab_size).index_fill(
                    0, torch.tensor(text[start + length]), 1.0
                )
    return None


def milliseconds(run: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a function returns, and the processor time it took."""
    start = time.process_time()
    return run(), 1000 * (time.process_time() - start)


@torch.inference_mode()
def pass_costs(model: Decoder) -> dict[str, float]:
    """Return the milliseconds for reading 1, 5 and 9 tokens behind 128: the best of five."""
    tokens = torch.arange(1000, 1137)[None]
    cache = model.make_cache(1, 256)
    model(tokens[:, :128], cache=cache)
    costs = {}
    for n in (1, 5, 9):
        times = []
        for _ in range(5):
            cache.truncate(128)
            times.append(milliseconds(partial(model, tokens[:, 128 : 128 + n], cache=cache))[1])
        costs[str(n)] = round(min(times), 2)
    return costs


def speculation(
    model: Decoder, prompts: list[list[int]], sampling: SamplingConfig
) -> dict[str, Any]:
    """Compare plain and speculative decoding over the prompts; reading them is not counted."""
    vocab_size = model.config.vocab_size
    plain_ms = fast_ms = 0.0
    kept = tested = rounds = same = 0
    for seed, prompt in enumerate(prompts):
        settings: dict[str, Any] = {
            "sampling": sampling,
            "generator": torch.Generator().manual_seed(seed),
        }
        run = partial(generate, model, prompt, **settings)
        guess = partial(look_up, vocab_size=vocab_size)
        fast = partial(speculative_generate, model, guess, prompt, n_draft=N_DRAFT, **settings)
        _, reading = milliseconds(partial(run, max_new_tokens=1))
        (plain,), ms = milliseconds(partial(run, max_new_tokens=N_NEW))
        plain_ms += ms - reading
        result, ms = milliseconds(partial(fast, max_new_tokens=N_NEW))
        fast_ms += ms - reading
        rounds += result.rounds
        kept += sum(result.accepted)
        tested += sum(min(a + 1, n) for a, n in zip(result.accepted, result.drafted, strict=True))
        same += list(result.tokens) == plain
    n = len(prompts) * (N_NEW - 1)
    return {
        "acceptance": round(kept / max(1, tested), 3),
        "tokens_per_round": round(len(prompts) * N_NEW / rounds, 3),
        "plain_ms": round(plain_ms / n, 2),
        "speculative_ms": round(fast_ms / n, 2),
        "same_texts": same,
    }


def main() -> int:
    """Run all, print a line each, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    course, tokenizer = load_course_gpt()
    large, their_tokenizer = load_course_smollm2()
    texts = passages(tokenizer)
    encode = {"course-gpt": tokenizer.encode, "smollm2-135m": their_tokenizer.encode}
    repetition: dict[str, dict[str, list[list[float]]]] = {}
    models: dict[str, Decoder] = {"course-gpt": course, "smollm2-135m": large}
    for name, model in models.items():
        rows: dict[str, list[list[float]]] = {"loop": [], "author": [], "shuffled": []}
        for seed, passage in enumerate(texts):
            prompt = tokenizer.decode(passage[:N_PROMPT])
            for kind, phrase in phrases(passage, tokenizer, seed).items():
                ids = encode[name](phrase)
                rows[kind].append(by_repetition(model, encode[name](prompt), ids))
        repetition[name] = rows
        print(
            name, {kind: [row[0::11] for row in found] for kind, found in rows.items()}, flush=True
        )
    beginnings = [their_tokenizer.encode(tokenizer.decode(p[:N_PROMPT])) for p in texts]
    whole = [tokenizer.decode(p[:50]) for p in texts]
    again = [their_tokenizer.encode(f"{text}\n\n{text}\n\n{text[:40]}") for text in whole]
    tasks = {
        "copying, greedy": (again, SamplingConfig(greedy=True)),
        "open, greedy": (beginnings, SamplingConfig(greedy=True)),
        "open, nucleus 0.9": (beginnings, SamplingConfig(top_p=0.9)),
    }
    eight = quantize_int8(large)
    costs = {"8 bits": pass_costs(eight), "float32": pass_costs(large)}
    print(costs, flush=True)
    generate(eight, beginnings[0], max_new_tokens=N_NEW)  # lays the matrices out
    measured = {}
    for task, (prompts, sampling) in tasks.items():
        measured[task] = speculation(eight, prompts, sampling)
        print(task, measured[task], flush=True)
    result = {
        "command": "python scripts/decoding_smollm2.py",
        "date": datetime.date.today().isoformat(),
        "repetition": {"n_times": N_TIMES, "loop": LOOP, "models": repetition},
        "speculation": {
            "n_draft": N_DRAFT,
            "n_new": N_NEW,
            "n_prompts": len(texts),
            "pass_ms": costs,
            "tasks_in_8_bits": measured,
        },
    }
    arguments.out.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
