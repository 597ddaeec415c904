"""Pretrain the small GPT-1 that ships with the course, as the paper of 2018 did the large one.

    python scripts/train_gpt1.py

Writes runs/gpt1-small: states to resume from (run the same command again), and model/, which is
the checkpoint course_lib/assets/checkpoints/gpt1-small. The tokenizer is the course GPT's. The same
seed, threads and kind of processor give the same weights.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from course_lib.assets import checkpoint_path
from course_lib.data import Document, ShuffledBatches, course_corpus, encode_documents
from course_lib.evaluation import perplexity
from course_lib.generation import SamplingConfig, choose
from course_lib.models import GPT1_CONFIG, Transformer, save_gpt1
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Progress, Training, TrainingConfig
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss

KEEP_EVERY = 10  # of the lines of the log
PROMPT = "The"


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the weights become."""

    context_length: int = 128
    d_model: int = 192
    n_heads: int = 6
    n_layers: int = 4
    dropout: float = 0.1
    batch_size: int = 8
    n_steps: int = 4000
    peak_learning_rate: float = 1e-3
    warmup_steps: int = 300
    weight_decay: float = 0.01
    beta2: float = 0.99
    validation_tokens: int = 12_801
    evaluate_every: int = 250
    threads: int = 1
    seed: int = 1


def make_model(settings: Settings, vocab_size: int) -> Transformer:
    """Draw a new GPT-1 of these sizes."""
    config = replace(
        GPT1_CONFIG,
        vocab_size=vocab_size,
        context_length=settings.context_length,
        d_model=settings.d_model,
        n_heads=settings.n_heads,
        n_kv_heads=0,
        n_layers=settings.n_layers,
        d_ff=0,
        dropout=settings.dropout,
    )
    return Transformer(config, generator=torch.Generator().manual_seed(settings.seed))


@torch.no_grad()
def sample(model: Transformer, tokenizer: BytePairTokenizer, seed: int, n_tokens: int = 60) -> str:
    """Continue the prompt."""
    generator = torch.Generator().manual_seed(seed)
    how = SamplingConfig(temperature=0.8, top_k=50)
    ids = [tokenizer.special_tokens[END_OF_TEXT], *tokenizer.encode(PROMPT)]
    for _ in range(n_tokens):
        tokens = torch.tensor([ids])
        ids.append(int(choose(model(tokens)[:, -1], tokens, how, generator)))
    return tokenizer.decode(ids[1:])


def score(model: Transformer, tokenizer: BytePairTokenizer) -> dict[str, dict[str, float]]:
    """Score all held-out text, whole and by source, as the course GPT's was scored."""
    held_out = course_corpus().validation
    sources: dict[str, list[Document]] = {"all": held_out}
    for document in held_out:
        sources.setdefault(document.id.split("/")[0], []).append(document)
    end = tokenizer.special_tokens[END_OF_TEXT]
    scores = {}
    for name, documents in sources.items():
        ids = [end]
        for document in documents:
            ids += [*tokenizer.encode(document.text), end]
        n_bytes = sum(len(document.text.encode()) for document in documents)
        found = perplexity(model, ids, n_bytes=n_bytes)
        scores[name] = {
            "n_tokens": found.n_tokens,
            "nats_per_token": round(found.nats_per_token, 4),
            "perplexity": round(found.perplexity, 2),
            "bits_per_byte": round(found.bits_per_byte, 4),
        }
    return scores


def write_log(history: Sequence[Progress], path: Path) -> None:
    """Write every tenth update and every measured one; losses are means since the last line."""
    lines, losses = [], []
    for update in history:
        losses.append(update.loss)
        if update.step % KEEP_EVERY and update.validation_loss is None:
            continue
        line = {
            "step": update.step,
            "tokens": update.tokens,
            "loss": round(sum(losses) / len(losses), 4),
            "learning_rate": float(f"{update.learning_rate:.4g}"),
            "seconds": round(update.seconds, 1),
        }
        if update.validation_loss is not None:
            line["validation_loss"] = round(update.validation_loss, 4)
        lines.append(json.dumps(line) + "\n")
        losses = []
    path.write_text("".join(lines), encoding="utf-8")


def train(settings: Settings, out: Path) -> None:
    """Train, or go on; log, sample and save the weights at each measurement; score at the end."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)  # dropout
    tokenizer = BytePairTokenizer.load(checkpoint_path("course-gpt"))
    splits, end = course_corpus(), tokenizer.special_tokens[END_OF_TEXT]
    tokens = encode_documents(splits.train, tokenizer, end_of_text=end)
    held_out = encode_documents(splits.validation, tokenizer, end_of_text=end)
    model = make_model(settings, tokenizer.vocab_size)
    training = Training(
        model,
        ShuffledBatches(
            tokens,
            settings.batch_size,
            settings.context_length,
            generator=torch.Generator().manual_seed(settings.seed),
        ),
        TrainingConfig(
            n_steps=settings.n_steps,
            peak_learning_rate=settings.peak_learning_rate,
            warmup_steps=settings.warmup_steps,
            weight_decay=settings.weight_decay,
            betas=(0.9, settings.beta2),
            evaluate_every=settings.evaluate_every,
            checkpoint_every=settings.evaluate_every,
        ),
        validation=HeldOutLoss(held_out[: settings.validation_tokens], settings.context_length),
        folder=out / "states",
    )
    target = out / "model"
    target.mkdir(parents=True, exist_ok=True)
    samples: list[dict[str, Any]] = []
    if (target / "samples.jsonl").exists():
        lines = (target / "samples.jsonl").read_text(encoding="utf-8").splitlines()
        samples = [entry for entry in map(json.loads, lines) if entry["step"] <= training.step]
    for update in training.steps():
        if update.validation_loss is None:
            continue
        print(f"{update.step:5} {update.validation_loss:.4f} {update.seconds:6.0f} s", flush=True)
        write_log(training.history, target / "log.jsonl")
        save_gpt1(model, target, dtype=torch.float16)
        samples.append({"step": update.step, "text": sample(model, tokenizer, settings.seed)})
        (target / "samples.jsonl").write_text(
            "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in samples),
            encoding="utf-8",
        )
    finish(settings, training, tokenizer, len(tokens), target)


def finish(
    settings: Settings,
    training: Training,
    tokenizer: BytePairTokenizer,
    n_train_tokens: int,
    target: Path,
) -> None:
    """Score the held-out text and write the card."""
    model, last = training.model, training.history[-1]
    assert isinstance(model, Transformer)
    scores = score(model, tokenizer)
    record: dict[str, Any] = {
        "settings": asdict(settings),
        "held_out": scores,
        "parameters": model.n_parameters(),
        "n_train_tokens": n_train_tokens,
        "tokens": last.tokens,
        "passes": round(last.tokens / n_train_tokens, 3),
        "minutes": round(last.seconds / 60, 1),
        "date": date.today().isoformat(),
    }
    (target / "score.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    rows = "\n".join(
        f"| {name} | {s['nats_per_token']:.3f} | {s['perplexity']:.1f} | {s['bits_per_byte']:.3f} |"
        for name, s in scores.items()
    )
    card = CARD.format(**asdict(settings), **record, rows=rows, vocabulary=tokenizer.vocab_size)
    (target / "card.md").write_text(card, encoding="utf-8")
    print(json.dumps(record, indent=2))


CARD = """# gpt1-small

A GPT-1 of {parameters:,} parameters, pretrained from scratch by the course *GPT Inside Out*. The
files are those of `transformers` (`OpenAIGPTLMHeadModel`) and of `course_lib.models.load_gpt1`;
weights are stored as float16. The tokenizer is that of the checkpoint `course-gpt`.

| | |
|---|---|
| made | {date}, in {minutes:.0f} minutes of training on {threads} processor thread |
| by | `python scripts/train_gpt1.py` (the settings are in `score.json`) |
| architecture | GPT-1's: {n_layers} post-norm layers, width {d_model}, {n_heads} heads |
| context, dropout | {context_length}, {dropout} |
| tokenizer | byte-level byte-pair encoding, {vocabulary:,} tokens |
| seed | {seed} |
| updates | {n_steps:,} of {batch_size} windows: {tokens:,} tokens, {passes:.2f} passes |
| rate | {peak_learning_rate:g} after {warmup_steps} steps of warm-up, cosine to 0 |
| optimizer | AdamW, β₂ {beta2}, weight decay {weight_decay} |

## Data

State of the Union speeches 1790–2026, the Bible in Basic English and the World English Bible
(assets `sotu`, `bbe` and `web`, all in the public domain): {n_train_tokens:,} tokens to train on.
Held out are whole speeches and whole biblical books, as listed in `course_lib/data/splits.py`.

## Held-out results

Every held-out token is scored once; all but the first ones have at least half a context before
them.

| text | nats per token | perplexity per token | bits per byte |
|---|---|---|---|
{rows}

`log.jsonl` has every tenth update (its loss is the mean of the ten), `samples.jsonl` texts written
along the way.

## What it is for, and what not

For studying how such a model is built, pretrained and fine-tuned. It knows no facts, repeats the
attitudes of its sources, and writes text that sounds right and means little. Not for use on
anybody.

License of the weights: MIT.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, default=Path("runs/gpt1-small"))
    for name, value in asdict(Settings()).items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value, help=f"default: {value}")
    values = vars(parser.parse_args(arguments))
    out = values.pop("out")
    train(Settings(**values), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
