"""Train a ladder of small GPTs and predict its next rung; change a GPT-2 into a Llama step by step.

    python scripts/beyond_gpt2.py rates ladder predict next reference llama

Writes course_lib/assets/results/beyond_gpt2.json, after every run; a run that is there already is
not made again. All models read the texts and use the tokenizer of the course's own GPT, on one
thread each, and are scored in bits per byte of the same held-out text: the first 6,000 characters
of each held-out document. The parts:

    rates      choice of the learning rate: two widths, small budgets
    ladder     six sizes, three budgets each; the smallest budget with three seeds
    predict    what the next rung should cost and reach, written before it is trained
    next       the next rung: the predicted size, and the shape of the course's GPT
    reference  the course's GPT on the same held-out text
    llama      the changes from GPT-2 to Llama, one at a time, three seeds

About two and a half hours on one core in all, of which the ladder takes one.
"""

import argparse
import datetime
import json
import math
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.assets import checkpoint_path
from course_lib.config import TransformerConfig
from course_lib.data import ShuffledBatches, course_corpus, encode_documents
from course_lib.evaluation.scaling_law import fit_loss_surface
from course_lib.models import Transformer, load_course_gpt
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training, TrainingConfig
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss

PARTS = ("rates", "ladder", "predict", "next", "reference", "llama")
TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/beyond_gpt2.json"
CONTEXT, BATCH = 256, 4
SIZES = ((32, 2), (48, 2), (64, 3), (96, 4), (128, 5), (192, 5))  # width, layers
results: dict[str, Any] = {"runs": {}}
BUDGETS = (1.5e12, 4.5e12, 1.35e13)  # operations, counted as 6 · parameters · tokens
NEXT = 4.05e13
CHARACTERS = 6_000
POINTS = 40  # of a stored curve


@dataclass(frozen=True)
class Plan:
    """One run: a model, how much it reads, and how."""

    config: TransformerConfig
    tokens: int
    rate: float
    seed: int


def gpt(width: int, n_layers: int, **choices: Any) -> TransformerConfig:
    """Return a GPT-2 of the course's vocabulary, with heads 16 or 32 wide (64 for the course's)."""
    n_heads = {48: 3, 320: 5}.get(width, width // 32)
    sizes = {"d_model": width, "n_heads": n_heads, "n_layers": n_layers}
    return TransformerConfig(course_tokenizer().vocab_size, CONTEXT, **sizes | choices)


def size_of(config: TransformerConfig) -> int:
    """Count the parameters that take part in matrix products: all but the learned positions."""
    with torch.device("meta"):
        total = Transformer(config).n_parameters()
    return total - (CONTEXT * config.d_model if config.positions == "learned" else 0)


def rate_for(width: int) -> float:
    """Return the peak learning rate of a width, through the best of the part "rates"."""
    return 2e-3 * math.sqrt(64 / width)


def plan(config: TransformerConfig, budget: float, seed: int = 0, rate: float = 0.0) -> Plan:
    """Plan a run that spends a budget."""
    tokens = round(budget / 6 / size_of(config))
    return Plan(config, tokens, rate or rate_for(config.d_model), seed)


@cache
def course_tokenizer() -> BytePairTokenizer:
    """Return the tokenizer of the course's GPT."""
    return BytePairTokenizer.load(checkpoint_path("course-gpt"))


@cache
def texts() -> tuple[Any, HeldOutLoss, float]:
    """Return the training tokens, the held-out loss, and what turns its nats into bits per byte."""
    tokenizer, splits = course_tokenizer(), course_corpus()
    end = tokenizer.special_tokens[END_OF_TEXT]
    train = encode_documents(splits.train, tokenizer, end_of_text=end)
    beginnings = [document.text[:CHARACTERS] for document in splits.validation]
    ids = np.concatenate([np.array([end, *tokenizer.encode(text)]) for text in beginnings])
    n_bytes = sum(len(text.encode("utf-8")) for text in beginnings)
    return train, HeldOutLoss(ids, CONTEXT), len(ids) / n_bytes / math.log(2)


def scored(model: torch.nn.Module) -> dict[str, float]:
    """Score a model on the held-out text."""
    _, held_out, bits = texts()
    nats = held_out(model.eval())
    return {"nats": round(nats, 4), "bits_per_byte": round(nats * bits, 4)}


def train(todo: Plan) -> dict[str, Any]:
    """Make one run."""
    torch.set_num_threads(1)
    tokens, _, _ = texts()
    n_steps = round(todo.tokens / BATCH / CONTEXT)
    model = Transformer(todo.config, generator=torch.Generator().manual_seed(todo.seed))
    draws = torch.Generator().manual_seed(todo.seed)
    settings = TrainingConfig(
        n_steps=n_steps,
        peak_learning_rate=todo.rate,
        final_learning_rate=todo.rate / 20,
        warmup_steps=min(200, n_steps // 10),
        betas=(0.9, 0.99),
    )
    batches = ShuffledBatches(tokens, BATCH, CONTEXT, generator=draws)
    history = list(Training(model, batches, settings).steps())
    ends = np.linspace(0, n_steps, POINTS + 1).astype(int)
    means = [
        [
            history[stop - 1].tokens,
            round(sum(p.loss for p in history[start:stop]) / (stop - start), 3),
        ]
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        if stop > start
    ]
    size = size_of(todo.config)
    return {
        "width": todo.config.d_model,
        "layers": todo.config.n_layers,
        "parameters": size,
        "tokens": history[-1].tokens,
        "operations": 6 * size * history[-1].tokens,
        "updates": n_steps,
        "rate": todo.rate,
        "seed": todo.seed,
        "seconds": round(history[-1].seconds),
        "curve": means,
        **scored(model),
    }


def rate_plans() -> dict[str, Plan]:
    """Plan the choice of the learning rate."""
    cases = (
        (64, 3, BUDGETS[0], (1e-3, 2e-3, 4e-3)),
        (192, 5, BUDGETS[1], (1e-3, 2e-3, 4e-3)),
    )
    return {
        f"rates/{width}/{rate:g}": plan(gpt(width, n_layers), budget, 9, rate)
        for width, n_layers, budget, rates in cases
        for rate in rates
    }


def ladder_plans() -> dict[str, Plan]:
    """Plan the ladder."""
    return {
        f"ladder/{budget:g}/{width}/{seed}": plan(gpt(width, n_layers), budget, seed)
        for budget in BUDGETS
        for seed in (range(3) if budget == BUDGETS[0] else range(1))
        for width, n_layers in SIZES
    }


def next_plans() -> dict[str, Plan]:
    """Plan the next rung: of the sizes with two to eight layers, the one nearest to the best."""
    best = results["prediction"]["best_parameters"]
    shapes = [(32 * k, n) for k in range(1, 9) for n in range(max(2, k), k + 3) if n <= 8]
    width, n_layers = min(shapes, key=lambda s: abs(math.log(size_of(gpt(*s)) / best)))
    return {
        "next/predicted": plan(gpt(width, n_layers), NEXT),
        "next/course shape": plan(gpt(320, 6), NEXT, rate=1e-3),
    }


LLAMA: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GPT-2", {}),
    ("RMSNorm", {"norm": "rms"}),
    ("no biases", {"bias": False}),
    ("rotary positions", {"positions": "rotary"}),
    ("SwiGLU", {"feed_forward": "swiglu"}),
    ("grouped-query attention", {"n_kv_heads": 1}),
)
LLAMA_SHAPE, LLAMA_TOKENS = (96, 4), 400_000


def llama_plans() -> dict[str, Plan]:
    """Plan the changes, each made on top of the ones before; every model reads as many tokens."""
    plans: dict[str, Plan] = {}
    choices: dict[str, Any] = {}
    for name, change in LLAMA:
        choices |= change
        config = gpt(*LLAMA_SHAPE, **choices)
        for seed in range(3):
            plans[f"llama/{name}/{seed}"] = Plan(config, LLAMA_TOKENS, rate_for(96), seed)
    return plans


def predict() -> None:
    """Fit the ladder and write down what the next rung will be; never changed afterwards."""
    if "prediction" in results:
        return
    runs = [run for key, run in results["runs"].items() if key.startswith("ladder/")]
    surface = fit_loss_surface(
        [run["parameters"] for run in runs],
        [run["tokens"] for run in runs],
        [run["bits_per_byte"] for run in runs],
    )
    best, least = surface.best_for(NEXT)
    results["prediction"] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "operations": NEXT,
        "surface": {name: float(f"{value:.5g}") for name, value in asdict(surface).items()},
        "best_parameters": round(best),
        "bits_per_byte": round(least, 4),
    }


def save(target: Path) -> None:
    """Write the file of results."""
    results["command"] = "python scripts/beyond_gpt2.py"
    results["date"] = datetime.date.today().isoformat()
    target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def run_all(plans: dict[str, Plan], target: Path, jobs: int) -> None:
    """Make the runs that are not stored yet, the longest first, and store each one."""
    todo = {key: plan for key, plan in plans.items() if key not in results["runs"]}
    cost = {key: size_of(plan.config) * plan.tokens for key, plan in todo.items()}
    with ProcessPoolExecutor(jobs) as pool:
        order = sorted(todo, key=lambda key: -cost[key])
        running = {pool.submit(train, todo[key]): key for key in order}
        for future in as_completed(running):
            key, run = running[future], future.result()
            results["runs"][key] = run
            print(key, {k: v for k, v in run.items() if k != "curve"}, flush=True)
            save(target)


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    texts()  # encodes the corpus once, before the processes need it
    if arguments.out.exists():
        results.update(json.loads(arguments.out.read_text(encoding="utf-8")))
    makers = {"rates": rate_plans, "ladder": ladder_plans, "next": next_plans, "llama": llama_plans}
    for part in arguments.parts or PARTS:
        if part in makers:
            run_all(makers[part](), arguments.out, arguments.jobs)
        elif part == "predict":
            predict()
        else:
            results["reference"] = scored(load_course_gpt()[0])
        save(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
