"""Train the Chinese–English translator that ships with the course.

    python scripts/train_zh_en.py --out course_lib/assets/checkpoints/zh-en

The same seed, threads and kind of processor give the same weights.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.data import PairBatch, PairBatches, SentencePair, by_source, interface_splits
from course_lib.data.pair_batches import IGNORED, make_pair_batch
from course_lib.evaluation import corpus_bleu
from course_lib.generation import translate_greedily
from course_lib.models import EncoderDecoder, EncoderDecoderConfig, Translator, save_translator
from course_lib.models.translator import END, PADDING, START
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import inverse_square_root, make_optimizer, next_token_loss, smoothed_loss

MAX_NEW_TOKENS = 60


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the weights become."""

    vocab_size: int = 3000
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 2
    d_ff: int = 384
    dropout: float = 0.1
    smoothing: float = 0.1
    max_tokens: int = 600
    warmup_steps: int = 400
    factor: float = 0.6
    weight_decay: float = 0.01
    minutes: float = 60.0
    epochs: int = 29
    averaged: int = 5
    threads: int = 1
    seed: int = 0


def encode(
    translator: Translator, pairs: Sequence[SentencePair]
) -> list[tuple[list[int], list[int]]]:
    """Turn pairs into token ids; the end token ends sources too."""
    encode_target = translator.tokenizer.encode
    return [(translator.encode(pair.source), encode_target(pair.target)) for pair in pairs]


def make_translator(settings: Settings, train: Sequence[SentencePair]) -> Translator:
    """Learn the vocabulary from both sides of the training pairs, and draw a new model."""
    texts = [text for pair in train for text in (pair.source, pair.target)]
    tokenizer = BytePairTokenizer.train(
        texts, settings.vocab_size, special_tokens=(START, END, PADDING)
    )
    config = EncoderDecoderConfig(
        vocab_size=tokenizer.vocab_size,
        context_length=128,
        d_model=settings.d_model,
        n_heads=settings.n_heads,
        n_layers=settings.n_layers,
        d_ff=settings.d_ff,
        dropout=settings.dropout,
        padding_id=tokenizer.special_tokens[PADDING],
    )
    generator = torch.Generator().manual_seed(settings.seed)
    return Translator(EncoderDecoder(config, generator=generator), tokenizer)


def bleu(translator: Translator, pairs: Sequence[SentencePair]) -> float:
    """Translate greedily and score."""
    references = by_source(pairs)
    written = translate_greedily(
        translator.model,
        [translator.encode(source) for source in references],
        start=translator.start,
        end=translator.end,
        max_new_tokens=MAX_NEW_TOKENS,
    )
    texts = [translator.decode(ids) for ids in written]
    return corpus_bleu(texts, list(references.values())).score


@torch.no_grad()
def held_out_loss(model: EncoderDecoder, batches: Sequence[PairBatch]) -> float:
    """Mean surprise per target token, without smoothing, in nats."""
    model.eval()
    total, count = 0.0, 0
    for batch in batches:
        n = int((batch.targets != IGNORED).sum())
        loss = next_token_loss(model(batch.source, batch.inputs), batch.targets)
        total, count = total + loss.item() * n, count + n
    model.train()
    return total / count


def average(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Average the weights of several checkpoints. Source: Vaswani et al. 2017, section 6.1."""
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def save_average(translator: Translator, states: Sequence[dict[str, Tensor]], out: Path) -> None:
    """Save the averaged weights now, so that a run that is stopped has not been for nothing."""
    model = EncoderDecoder(translator.model.config)
    model.load_state_dict(average(states))
    save_translator(Translator(model, translator.tokenizer), out)


def train(settings: Settings, out: Path) -> None:
    """Train, log each epoch, average the last epochs' weights, and save."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    splits = interface_splits()
    translator = make_translator(settings, splits.train)
    model = translator.model.train()
    special = {"start": translator.start, "end": translator.end, "padding": translator.padding}
    generator = torch.Generator().manual_seed(settings.seed)
    pairs = encode(translator, splits.train)
    batches = PairBatches(pairs, max_tokens=settings.max_tokens, generator=generator, **special)
    held_out = encode(translator, splits.validation)
    checks = [make_pair_batch(held_out[i : i + 64], **special) for i in range(0, len(held_out), 64)]
    optimizer = make_optimizer(
        model, learning_rate=1.0, betas=(0.9, 0.98), weight_decay=settings.weight_decay
    )
    out.mkdir(parents=True, exist_ok=True)
    begin, step = time.process_time(), 0
    states: list[dict[str, Tensor]] = []
    with (out / "log.jsonl").open("w", encoding="utf-8") as log:
        for epoch in range(1, settings.epochs + 1):
            total, count = 0.0, 0
            for batch in batches.epoch():
                for group in optimizer.param_groups:
                    group["lr"] = inverse_square_root(
                        step,
                        d_model=settings.d_model,
                        warmup_steps=settings.warmup_steps,
                        factor=settings.factor,
                    )
                logits = model(batch.source, batch.inputs)
                loss = smoothed_loss(logits, batch.targets, smoothing=settings.smoothing)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                step += 1
                total, count = total + loss.item(), count + 1
            minutes = (time.process_time() - begin) / 60
            last = minutes * (epoch + 1) / epoch > settings.minutes or epoch == settings.epochs
            entry = {
                "epoch": epoch,
                "step": step,
                "rate": optimizer.param_groups[0]["lr"],
                "train_loss_smoothed": total / count,
                "validation_loss": held_out_loss(model, checks),
                "minutes": minutes,
            }
            states = [*states, {k: v.clone() for k, v in model.state_dict().items()}]
            states = states[-settings.averaged :]
            if epoch % 5 == 0 or last:
                entry["validation_bleu"] = bleu(translator, splits.validation)
                save_average(translator, states, out)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            print(entry, file=sys.stderr, flush=True)
            if last:
                break
    model.load_state_dict(average(states))
    model.eval()
    score = {
        "validation_loss": held_out_loss(model, checks),
        "validation_bleu": bleu(translator, splits.validation),
        "test_bleu": bleu(translator, splits.test),
        "parameters": model.n_parameters(),
        "pairs": {n: len(getattr(splits, n)) for n in ("train", "validation", "test")},
        "cpu_minutes": (time.process_time() - begin) / 60,
        "date": date.today().isoformat(),
    }
    record = {"settings": asdict(settings), **score}
    (out / "card.md").write_text(card(record), encoding="utf-8")
    (out / "score.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


CARD = """# zh-en

A Transformer of 2017 (encoder–decoder, {parameters:,} parameters) that translates short Chinese
texts of user interfaces into English. Trained from scratch by the course *GPT Inside Out*. The
files are those of `course_lib.models.load_translator`; weights are stored as float16.

| | |
|---|---|
| made | {date}, in {cpu_minutes:.0f} CPU minutes |
| by | `python scripts/train_zh_en.py --out course_lib/assets/checkpoints/zh-en` |
| architecture | {layers} layers a stack, width {width}, {heads} heads, feed-forward {d_ff} |
| tokenizer | byte-level byte-pair encoding, {vocabulary:,} tokens for both languages |
| seed | {seed} |
| run | label smoothing {smoothing}, dropout {dropout}, {epochs} epochs, last {averaged} averaged |

## Data

Interface texts of Home Assistant (Apache-2.0) and JupyterLab (BSD-3-Clause) in both languages:
{train:,} pairs to train on, {validation} to validate, {test} to test. No source and no target is in
two of them, not even with other case, digits or punctuation (`course_lib/data/pairs.py`).

## Held-out results

Validation loss {loss:.3f} nats per token, BLEU {bleu:.1f}. Test: BLEU {test_bleu:.1f} (greedy;
words cut as sacrebleu does, mixed case, one to several references). `log.jsonl` has every epoch,
`score.json` the figures above with more digits.

## What it is for, and what not

For studying how such a model is built and behaves. It knows the words of two programs and nothing
else; on other text it makes things up. Not for use on anybody.

License of the weights: MIT.
"""


def card(record: Mapping[str, Any]) -> str:
    """Describe the checkpoint for those who find it."""
    settings = record["settings"]
    return CARD.format(
        **{name: record[name] for name in ("parameters", "date", "cpu_minutes", "test_bleu")},
        **{
            name: settings[name]
            for name in ("d_ff", "seed", "smoothing", "dropout", "epochs", "averaged")
        },
        **record["pairs"],
        layers=settings["n_layers"],
        width=settings["d_model"],
        heads=settings["n_heads"],
        vocabulary=settings["vocab_size"],
        loss=record["validation_loss"],
        bleu=record["validation_bleu"],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    defaults = Settings()
    for name, value in asdict(defaults).items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value, help=f"default: {value}")
    values = vars(parser.parse_args(arguments))
    out = values.pop("out")
    train(Settings(**values), out)


if __name__ == "__main__":
    main()
