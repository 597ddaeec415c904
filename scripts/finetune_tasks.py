"""Fine-tune the course's small GPT-1 on four tasks, and what it must beat; store the scores.

    python scripts/finetune_tasks.py rates scratch baselines pretrained weight layers labels domain

Writes course_lib/assets/results/finetune_tasks.json. Each part adds its runs to the file, so that
they can be run one by one; a run that is there already is not run again. Every run draws its
training examples, the new weights, the order and the dropout by its seed. The parts:

    rates       choice of the learning rate on examples that are used for nothing else
    scratch     the four tasks without pretraining
    baselines   the majority and a linear model on TF-IDF features
    pretrained  the four tasks with pretraining, and what the model knows without any label
    weight      λ = 0.5 on two tasks, and what λ makes of the language model
    layers      sentiment with a part of the pretrained layers
    labels      fewer labels for sentiment, more for entailment: from scratch, counted, pretrained
    domain      sentiment after reading reviews without labels

About 50 minutes on one core in all.
"""

import argparse
import datetime
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy

from course_lib import finetuning
from course_lib.data import (
    Labeled,
    LabeledSplits,
    RandomBatches,
    next_sentence_choices,
    rated_texts,
    same_verse_pairs,
    sentiment_splits,
    verse_part_pairs,
)
from course_lib.evaluation import accuracy, confusion, macro_f1
from course_lib.finetuning import FineTuningConfig, TaskKind
from course_lib.models import Transformer, load_course_gpt1
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training, TrainingConfig
from course_lib.training.recipe import END_OF_TEXT

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/finetune_tasks.json"
SEEDS = (0, 1, 2)
LONGEST = 64
RATES = (3e-4, 1e-3)
RATE = 1e-3  # the best of them, with pretraining and without, by the part "rates"
N_VALIDATION, N_RATES = 400, 500
UPDATES = 60  # the fewest of a run: small training sets get more than three passes
READING_STEPS = 300  # of 16 rows of 64 tokens: the part "domain"
FEW, MANY = 100, 2400

Split = tuple[list[Labeled], list[Labeled]]


class Task(NamedTuple):
    """Where a task's examples come from, and how many are used."""

    kind: TaskKind
    load: Callable[[], LabeledSplits]
    n_train: int
    n_test: int


TASKS = {
    "sentiment": Task("classification", sentiment_splits, 600, 1000),
    "entailment": Task("entailment", verse_part_pairs, 600, 550),
    "similarity": Task("similarity", same_verse_pairs, 400, 418),
    "next sentence": Task("multiple_choice", next_sentence_choices, 200, 400),
}


def _all_tasks(*arms: str) -> list[tuple[str, str, int]]:
    return [(arm, name, task.n_train) for name, task in TASKS.items() for arm in arms]


PLAN: dict[str, list[tuple[str, str, int]]] = {
    "rates": [],
    "scratch": _all_tasks("scratch"),
    "baselines": _all_tasks("majority", "tf-idf"),
    "pretrained": _all_tasks("pretrained"),
    "weight": [
        ("lambda 0", "sentiment", 600),
        ("lambda 0.5", "sentiment", 600),
        ("lambda 0.5", "entailment", 600),
    ],
    "layers": [(f"layers {n}", "sentiment", 600) for n in range(4)],
    "labels": [
        (arm, name, n_train)
        for name, n_train in (("sentiment", FEW), ("entailment", MANY))
        for arm in ("majority", "tf-idf", "scratch", "pretrained")
    ],
    "domain": [("domain", "sentiment", n_train) for n_train in (FEW, 600)],
}
"""Part → runs as (arm, task, number of labels), each with all seeds."""


@cache
def splits_of(name: str) -> LabeledSplits:
    """Return all examples of a task."""
    return TASKS[name].load()


def examples_of(name: str, seed: int, n_train: int) -> Split:
    """Draw training examples by the seed; the test is always the same."""
    splits = splits_of(name)
    pool = splits.train[:-N_VALIDATION]
    return random.Random(seed).sample(pool, n_train), splits.test[: TASKS[name].n_test]


def scores(said: Sequence[int], test: Sequence[Labeled]) -> dict[str, Any]:
    """Accuracy, F1 (of label 1, or the mean over all choices) and, for two labels, Matthews."""
    true = [item.label for item in test]
    found = {"accuracy": accuracy(said, true)}
    if len(test[0].texts) > 2:
        found["f1"] = macro_f1(said, true)
    else:
        table = confusion(said, true)
        found |= {"f1": table.f1, "matthews": table.matthews}
    return {name: round(value, 4) for name, value in found.items()}


def settings(rate: float, n_train: int, lm_weight: float = 0.0) -> FineTuningConfig:
    """Three passes, or more where that would be too few updates."""
    config = FineTuningConfig(peak_learning_rate=rate, lm_weight=lm_weight)
    epochs = max(config.epochs, round(UPDATES * config.batch_size / n_train))
    return replace(config, epochs=epochs)


class Experiment:
    """Runs by their key, stored in a file after each one."""

    def __init__(self, path: Path, body: Transformer, tokenizer: BytePairTokenizer) -> None:
        self.path, self.body, self.tokenizer = path, body, tokenizer
        self.end = tokenizer.special_tokens[END_OF_TEXT]
        self.runs: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.runs = json.loads(path.read_text(encoding="utf-8"))["runs"]

    def run(self, key: str, make: Callable[..., dict[str, Any]], *arguments: Any) -> None:
        """Make the run of this key and store it, unless it is there."""
        if key not in self.runs:
            self.runs[key] = make(*arguments)
            print(key, self.runs[key], flush=True)
            self.save()

    def save(self) -> None:
        """Write the file."""
        result = {
            "command": "python scripts/finetune_tasks.py " + " ".join(PLAN),
            "date": datetime.date.today().isoformat(),
            "model": "gpt1-small",
            "longest": LONGEST,
            "rate": RATE,
            "seeds": SEEDS,
            "sizes": {name: [task.n_train, task.n_test] for name, task in TASKS.items()},
            "settings": FineTuningConfig(lm_weight=0.0).to_dict(),
            "updates_at_least": UPDATES,
            "reading": {"steps": READING_STEPS, "tokens": READING_STEPS * 16 * LONGEST},
            "runs": dict(sorted(self.runs.items())),
        }
        self.path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")

    def part(self, part: str) -> None:
        """Make all runs of a part."""
        if part == "rates":
            self.rates()
        if part == "pretrained":
            for name in ("entailment", "similarity", "next sentence"):
                self.run(f"no labels/{name}", self.unlabeled, name)
        if part == "weight":
            self.run("language", self.language_loss, self.body)
        for seed in SEEDS:
            for arm, name, n_train in PLAN[part]:
                self.run(f"{arm}/{name}/{n_train}/{seed}", self.one, arm, name, n_train, seed)

    def one(self, arm: str, name: str, n_train: int, seed: int) -> dict[str, Any]:
        """Train and test one arm on one task."""
        kind, (train, test) = TASKS[name].kind, examples_of(name, seed, n_train)
        if arm == "majority":
            return scores([finetuning.majority_label(train)] * len(test), test)
        if arm == "tf-idf":
            return scores(finetuning.classical_labels(kind, train, test), test)
        config = settings(RATE, n_train, 0.5 if arm == "lambda 0.5" else 0.0)
        model, found = self.fine_tuned(self.start(arm, seed), kind, (train, test), config, seed)
        if (arm, name, n_train) in PLAN["weight"] and name == "sentiment":
            found["language_loss"] = self.language_loss(model.body)
        return found

    def start(self, arm: str, seed: int) -> Transformer:
        """Return the model that an arm begins with."""
        if arm == "domain":
            return self.reader
        if arm != "scratch" and not arm.startswith("layers"):
            return self.body
        n_layers = 0 if arm == "scratch" else int(arm.split()[1])
        generator = torch.Generator().manual_seed(1000 + seed)
        return finetuning.transfer(
            self.body, n_layers=n_layers, embeddings=arm != "scratch", generator=generator
        )

    def fine_tuned(
        self, body: Transformer, kind: TaskKind, data: Split, config: FineTuningConfig, seed: int
    ) -> tuple[finetuning.FineTunedModel, dict[str, Any]]:
        """Fine-tune a copy of a model and test it."""
        started = time.process_time()
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout
        special = finetuning.SpecialTokens.after(body.config.vocab_size)
        grown = finetuning.grow_vocabulary(body, generator=generator)
        model = finetuning.FineTunedModel(grown, kind, generator=generator)
        train, test = (
            finetuning.encode_examples(part, kind, self.tokenizer.encode, special, longest=LONGEST)
            for part in data
        )
        history = finetuning.fine_tune(model, train, config, generator=generator)
        found = scores(finetuning.predict(model, test).argmax(dim=1).tolist(), data[1])
        found["task_loss"] = round(sum(entry.task_loss for entry in history[-10:]) / 10, 3)
        found["seconds"] = round(time.process_time() - started, 1)
        return model, found

    @torch.no_grad()
    def language_loss(self, body: Transformer) -> dict[str, float]:
        """Return the next-token loss on unread sentences, in nats per token."""
        found = {}
        for name in ("sentiment", "next sentence"):
            texts = [item.texts[0] for item in splits_of(name).test[:100]]
            rows = [torch.tensor([self.end, *self.tokenizer.encode(text)]) for text in texts]
            each = [cross_entropy(body(r[None, :-1])[0], r[1:], reduction="none") for r in rows]
            found[name] = round(float(torch.cat(each).mean()), 3)
        return found

    def rates(self) -> None:
        """Try the rates on sentiment, with examples that are in no other run."""
        pool = splits_of("sentiment").train
        data = random.Random(9).sample(pool[:-N_VALIDATION], N_RATES), pool[-N_VALIDATION:]
        for arm in ("scratch", "pretrained"):
            for rate in RATES:
                given = self.start(arm, 9), "classification", data, settings(rate, N_RATES), 9
                self.run(f"rates/{arm}/{rate:g}", lambda *given: self.fine_tuned(*given)[1], *given)

    def unlabeled(self, name: str) -> dict[str, Any]:
        """Score by how much the first text helps to finetuning.predict the second one."""
        _, test = examples_of(name, 0, 1)
        encoded = [[self.tokenizer.encode(text) for text in item.texts] for item in test]
        gains = [
            [finetuning.context_gain(self.body, first, text, neutral=[self.end]) for text in others]
            for first, *others in encoded
        ]
        if name == "next sentence":
            return scores([row.index(max(row)) for row in gains], test)
        middle = median(row[0] for row in gains)
        return scores([int(row[0] > middle) for row in gains], test)

    @cached_property
    def reader(self) -> Transformer:
        """The model after reading the reviews that are not in the test, without labels."""
        tested = {item.texts[0] for item in splits_of("sentiment").test}
        unseen = [item.text for item in rated_texts("movies") if item.text not in tested]
        ids = [token for text in unseen for token in (*self.tokenizer.encode(text), self.end)]
        body = finetuning.transfer(self.body, n_layers=self.body.config.n_layers)
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        batches = RandomBatches(torch.tensor(ids), 16, LONGEST, generator=generator)
        config = TrainingConfig(
            n_steps=READING_STEPS, peak_learning_rate=5e-4, warmup_steps=30, weight_decay=0.01
        )
        losses = [entry.loss for entry in Training(body, batches, config).steps()]
        found = {"first": sum(losses[:10]) / 10, "last": sum(losses[-30:]) / 30, "text": len(ids)}
        self.runs["reading"] = {name: round(value, 3) for name, value in found.items()}
        return body.eval()


def main() -> int:
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="+", choices=PLAN)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    experiment = Experiment(arguments.out, *load_course_gpt1())
    for part in arguments.parts:
        experiment.part(part)
    return 0


if __name__ == "__main__":
    sys.exit(main())
