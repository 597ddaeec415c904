"""Fine-tune the course's small GPT-1 on four tasks, and what it must beat; store the scores.

    python scripts/finetune_tasks.py rates scratch baselines pretrained weight layers labels domain

Writes course_lib/assets/results/finetune_tasks.json. Each part adds its runs to the file, so that
they can be run one by one; a run that is there already is not run again. Every run draws its
training examples, the new weights, the order and the dropout by its seed. The parts:

    rates       choice of the learning rate on examples that are used for nothing else
    scratch     the four tasks without pretraining
    baselines   the majority and a linear model on TF-IDF features
    pretrained  the four tasks with pretraining, and what the model knows without any label
    weight      λ = 0.5 in place of 0 on two tasks
    layers      sentiment with a part of the pretrained layers
    labels      sentiment with fewer labels, with pretraining and without
    domain      sentiment after reading reviews without labels

About 40 minutes on one core in all.
"""

import argparse
import datetime
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

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
from course_lib.finetuning import (
    FineTunedModel,
    FineTuningConfig,
    SpecialTokens,
    TaskKind,
    classical_labels,
    context_gain,
    encode_examples,
    fine_tune,
    grow_vocabulary,
    majority_label,
    predict,
    transfer,
)
from course_lib.models import Transformer, load_course_gpt1
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training, TrainingConfig
from course_lib.training.recipe import END_OF_TEXT

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/finetune_tasks.json"
SEEDS = (0, 1, 2)
LONGEST = 64
RATES = (3e-4, 1e-3)
RATE = {"pretrained": 1e-3, "scratch": 1e-3}
"""The best of `RATES` for each, by the part "rates"."""
N_VALIDATION = 400
N_RATES = 500
UPDATES = 60
"""The fewest updates of a run: small training sets get more than three passes."""
READING_STEPS = 300  # of 16 rows of 64 tokens: the part "domain"


@dataclass(frozen=True)
class Task:
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


def examples_of(task: Task, seed: int, n_train: int) -> tuple[list[Labeled], list[Labeled]]:
    """Draw training examples by the seed; the test is always the same."""
    splits = task.load()
    pool = splits.train[: len(splits.train) - N_VALIDATION]
    return random.Random(seed).sample(pool, n_train), splits.test[: task.n_test]


def scores(said: Sequence[int], test: Sequence[Labeled]) -> dict[str, float]:
    """Accuracy, F1 (of label 1, or the mean over all choices) and, for two labels, Matthews."""
    true = [item.label for item in test]
    found = {"accuracy": accuracy(said, true)}
    if len(test[0].texts) > 2:
        found["f1"] = macro_f1(said, true)
    else:
        table = confusion(said, true)
        found |= {"f1": table.f1, "matthews": table.matthews}
    return {name: round(value, 4) for name, value in found.items()}


def fine_tuned(
    body: Transformer,
    tokenizer: BytePairTokenizer,
    kind: TaskKind,
    data: tuple[Sequence[Labeled], Sequence[Labeled]],
    config: FineTuningConfig,
    seed: int,
) -> dict[str, Any]:
    """Fine-tune a copy of a model and test it."""
    started = time.process_time()
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # dropout
    special = SpecialTokens.after(body.config.vocab_size)
    model = FineTunedModel(grow_vocabulary(body, generator=generator), kind, generator=generator)
    train, test = (
        encode_examples(part, kind, tokenizer.encode, special, longest=LONGEST) for part in data
    )
    history = fine_tune(model, train, config, generator=generator)
    said = predict(model, test).argmax(dim=1).tolist()
    last = history[-10:]
    found: dict[str, Any] = scores(said, data[1])
    found["task_loss"] = round(sum(entry.task_loss for entry in last) / len(last), 3)
    if config.lm_weight:
        language = [entry.language_loss or 0.0 for entry in history]
        ends = (language[:10], language[-10:])
        found["language_loss"] = [round(sum(part) / 10, 3) for part in ends]
    found["seconds"] = round(time.process_time() - started, 1)
    return found


def settings(rate: float, n_train: int, *, lm_weight: float = 0.0) -> FineTuningConfig:
    """Three passes, or more where that would be too few updates."""
    config = FineTuningConfig(peak_learning_rate=rate, lm_weight=lm_weight)
    epochs = max(config.epochs, round(UPDATES * config.batch_size / n_train))
    return replace(config, epochs=epochs)


class Results:
    """The file of results: runs by their key, written after each one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.runs = json.loads(path.read_text(encoding="utf-8"))["runs"]

    def run(self, key: str, make: Callable[[], dict[str, Any]]) -> None:
        """Make the run of this key and store it, unless it is there."""
        if key not in self.runs:
            self.runs[key] = make()
            print(key, self.runs[key], flush=True)
            self.save()

    def save(self) -> None:
        """Write the file."""
        result = {
            "command": "python scripts/finetune_tasks.py " + " ".join(PARTS),
            "date": datetime.date.today().isoformat(),
            "model": "gpt1-small",
            "longest": LONGEST,
            "rates": RATE,
            "seeds": SEEDS,
            "sizes": {name: [task.n_train, task.n_test] for name, task in TASKS.items()},
            "settings": FineTuningConfig(lm_weight=0.0).to_dict(),
            "updates_at_least": UPDATES,
            "reading": {"steps": READING_STEPS, "tokens": READING_STEPS * 16 * LONGEST},
            "runs": dict(sorted(self.runs.items())),
        }
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


class Experiment:
    """The parts, each a method."""

    def __init__(self, results: Results, body: Transformer, tokenizer: BytePairTokenizer) -> None:
        self.results, self.body, self.tokenizer = results, body, tokenizer
        self.cached: dict[tuple[str, int, int], tuple[list[Labeled], list[Labeled]]] = {}

    def data(self, name: str, seed: int, n_train: int = 0) -> tuple[list[Labeled], list[Labeled]]:
        """Return the examples of a run."""
        n_train = n_train or TASKS[name].n_train
        if (name, seed, n_train) not in self.cached:
            self.cached[name, seed, n_train] = examples_of(TASKS[name], seed, n_train)
        return self.cached[name, seed, n_train]

    def fresh(self, seed: int, n_layers: int = 0, *, embeddings: bool = False) -> Transformer:
        """Return a model with some pretrained layers, none where not said."""
        generator = torch.Generator().manual_seed(1000 + seed)
        return transfer(self.body, n_layers=n_layers, embeddings=embeddings, generator=generator)

    def tune(
        self, arm: str, name: str, seed: int, body: Transformer, n_train: int = 0, **options: float
    ) -> None:
        """Fine-tune one model and store its scores."""
        n_train = n_train or TASKS[name].n_train
        rate = RATE["scratch" if arm == "scratch" else "pretrained"]
        config = settings(rate, n_train, **options)
        kind = TASKS[name].kind
        self.results.run(
            f"{arm}/{name}/{n_train}/{seed}",
            lambda: fine_tuned(
                body, self.tokenizer, kind, self.data(name, seed, n_train), config, seed
            ),
        )

    def rates(self) -> None:
        """Try the rates on sentiment, with examples that are in no other run."""
        pool = sentiment_splits().train
        data = random.Random(9).sample(pool[:-N_VALIDATION], N_RATES), pool[-N_VALIDATION:]
        for arm, body in (("scratch", self.fresh(9)), ("pretrained", self.body)):
            for rate in RATES:
                self.results.run(
                    f"rates/{arm}/{rate:g}",
                    lambda body=body, rate=rate: fine_tuned(  # type: ignore[misc]
                        body, self.tokenizer, "classification", data, settings(rate, N_RATES), 9
                    ),
                )

    def scratch(self) -> None:
        """Run the four tasks without pretraining."""
        for seed in SEEDS:
            for name in TASKS:
                self.tune("scratch", name, seed, self.fresh(seed))

    def baselines(self) -> None:
        """Run the four tasks without a neural network."""
        for name, task in TASKS.items():
            for n_train in (100, task.n_train) if name == "sentiment" else (task.n_train,):
                for seed in SEEDS:
                    train, test = self.data(name, seed, n_train)
                    key = f"{name}/{n_train}/{seed}"
                    self.results.run(
                        f"majority/{key}",
                        lambda train=train, test=test: scores(  # type: ignore[misc]
                            [majority_label(train)] * len(test), test
                        ),
                    )
                    self.results.run(
                        f"tf-idf/{key}",
                        lambda kind=task.kind, train=train, test=test: scores(  # type: ignore[misc]
                            classical_labels(kind, train, test), test
                        ),
                    )

    def pretrained(self) -> None:
        """Run the four tasks with pretraining; before that, ask the model without any label."""
        for name in ("entailment", "similarity", "next sentence"):
            self.results.run(f"no labels/{name}", lambda name=name: self.unlabeled(name))  # type: ignore[misc]
        for seed in SEEDS:
            for name in TASKS:
                self.tune("pretrained", name, seed, self.body)

    def unlabeled(self, name: str) -> dict[str, float]:
        """Score by how much the first text helps to predict the second one."""
        _, test = self.data(name, 0)
        neutral = [self.tokenizer.special_tokens[END_OF_TEXT]]
        encoded = [[self.tokenizer.encode(text) for text in item.texts] for item in test]
        gains = [
            [context_gain(self.body, first, text, neutral=neutral) for text in others]
            for first, *others in encoded
        ]
        if name == "next sentence":
            return scores([row.index(max(row)) for row in gains], test)
        middle = median(row[0] for row in gains)
        return scores([int(row[0] > middle) for row in gains], test)

    def weight(self) -> None:
        """Add the next-token loss to the task's."""
        for seed in SEEDS:
            for name in ("sentiment", "entailment"):
                self.tune("lambda 0.5", name, seed, self.body, lm_weight=0.5)

    def layers(self) -> None:
        """Take over the embeddings and the first 0 to 3 layers; 4 is the part "pretrained"."""
        for n_layers in range(self.body.config.n_layers):
            for seed in SEEDS:
                body = self.fresh(seed, n_layers, embeddings=True)
                self.tune(f"layers {n_layers}", "sentiment", seed, body)

    def labels(self) -> None:
        """Learn sentiment from fewer labels."""
        for n_train in (100,):
            for seed in SEEDS:
                self.tune("scratch", "sentiment", seed, self.fresh(seed), n_train)
                self.tune("pretrained", "sentiment", seed, self.body, n_train)

    def domain(self) -> None:
        """Go on with pretraining on reviews without labels, then learn sentiment."""
        keys = [f"domain/sentiment/{n}/{seed}" for n in (100, 600) for seed in SEEDS]
        if all(key in self.results.runs for key in keys):
            return
        body = self.read_reviews()
        for n_train in (100, 600):
            for seed in SEEDS:
                self.tune("domain", "sentiment", seed, body, n_train)

    def read_reviews(self) -> Transformer:
        """Return the model after reading the reviews that are not in the test, without labels."""
        tested = {item.texts[0] for item in sentiment_splits().test}
        end = self.tokenizer.special_tokens[END_OF_TEXT]
        ids: list[int] = []
        for item in rated_texts("movies"):
            if item.text not in tested:
                ids += [*self.tokenizer.encode(item.text), end]
        body = transfer(self.body, n_layers=self.body.config.n_layers)
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        batches = RandomBatches(torch.tensor(ids), 16, LONGEST, generator=generator)
        config = TrainingConfig(
            n_steps=READING_STEPS, peak_learning_rate=5e-4, warmup_steps=30, weight_decay=0.01
        )
        losses = [entry.loss for entry in Training(body, batches, config).steps()]
        found = {"first": sum(losses[:10]) / 10, "last": sum(losses[-30:]) / 30, "text": len(ids)}
        self.results.runs["reading"] = {name: round(value, 3) for name, value in found.items()}
        return body.eval()


PARTS = ("rates", "scratch", "baselines", "pretrained", "weight", "layers", "labels", "domain")


def main() -> int:
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    experiment = Experiment(Results(arguments.out), *load_course_gpt1())
    for part in arguments.parts:
        getattr(experiment, part)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
