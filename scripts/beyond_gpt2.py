"""Train a ladder of small GPTs and predict its next rung; change a GPT-2 into a Llama step by step.

    python scripts/beyond_gpt2.py rates ladder predict next reference llama

Writes course_lib/assets/results/beyond_gpt2.json, after every run; a run that is there already is
not made again. All models read the texts of the course's own GPT, cut into 2,048 tokens, on one
thread each. They are scored in bits per byte of the same held-out text: the first 6,000 characters
of each held-out document. The parts:

    rates      choice of the learning rate of each width, on the smallest budget
    ladder     five sizes, three budgets each; two smaller ones, two budgets each
    predict    what the next rung should cost and reach, written before it is trained
    next       the next rung; and the shape of the course's GPT on the largest budget
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
from course_lib.evaluation import (
    PowerLaw,
    fit_loss_surface,
    fit_power_law,
    isoflop_minimum,
)
from course_lib.models import Transformer, load_course_gpt
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training, TrainingConfig, keep_freed_memory
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss

PARTS = ("rates", "ladder", "predict", "next", "reference", "llama")
TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/beyond_gpt2.json"
VOCABULARY, CONTEXT, BATCH = 2048, 256, 4
SIZES = ((16, 2), (24, 2), (32, 2), (48, 3), (64, 4), (96, 4), (128, 5))  # and layers
_LOW, _MIDDLE = (1e-3, 2e-3, 4e-3), (2e-3, 4e-3, 8e-3)
RATES = {16: (8e-3, 1.6e-2, 3.2e-2), 24: (4e-3, 8e-3, 1.6e-2), 48: _MIDDLE, 64: _LOW, 96: _LOW}
RATES |= {32: (*_MIDDLE, 1.6e-2), 128: (5e-4, *_LOW)}
MOST_TOKENS = 17_000_000  # three passes over the text; a run that needs more is not made
results: dict[str, Any] = {"runs": {}}
BUDGETS = (1e12, 3e12, 9e12)  # operations, counted as 6 · parameters · tokens
NEXT = 1.8e13
SAMPLES = 100  # with the noise of other seeds
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
    """Return a GPT-2 with one head, or heads 16, 32 or (the course's GPT) 64 wide."""
    n_heads = {48: 3, 320: 5}.get(width, max(1, width // 32))
    sizes = {"d_model": width, "n_heads": n_heads, "n_layers": n_layers}
    return TransformerConfig(VOCABULARY, CONTEXT, **sizes | choices)


def size_of(config: TransformerConfig) -> int:
    """Count the parameters that take part in matrix products: all but the learned positions."""
    with torch.device("meta"):
        total = Transformer(config).n_parameters()
    return total - (CONTEXT * config.d_model if config.positions == "learned" else 0)


def rate_for(width: int) -> float:
    """Return the best rate of the part "rates" for this width, or for the nearest one below."""
    tried = max(known for known in RATES if known <= width)
    made = {rate: results["runs"][f"rates/{tried}/{rate:g}"]["nats"] for rate in RATES[tried]}
    return min(made, key=lambda rate: made[rate])


def plan(config: TransformerConfig, budget: float, seed: int = 0, rate: float = 0.0) -> Plan:
    """Plan a run that spends a budget."""
    tokens = round(budget / 6 / size_of(config))
    return Plan(config, tokens, rate or rate_for(config.d_model), seed)


@cache
def small_tokenizer() -> BytePairTokenizer:
    """Return the tokenizer of the course's GPT, cut to its first merges.

    Merges are learned one by one, so these are the merges of a vocabulary of this size.
    """
    merges = BytePairTokenizer.load(checkpoint_path("course-gpt")).merges
    return BytePairTokenizer(merges[: VOCABULARY - 257], special_tokens=[END_OF_TEXT])


@cache
def training_text() -> Any:
    """Return the tokens of the training documents."""
    tokenizer = small_tokenizer()
    end = tokenizer.special_tokens[END_OF_TEXT]
    return encode_documents(course_corpus().train, tokenizer, end_of_text=end)


def scored(model: torch.nn.Module, tokenizer: BytePairTokenizer) -> dict[str, float]:
    """Score a model on the held-out text."""
    texts = [document.text[:CHARACTERS] for document in course_corpus().validation]
    end = tokenizer.special_tokens[END_OF_TEXT]
    ids = np.concatenate([np.array([end, *tokenizer.encode(text)]) for text in texts])
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    nats = HeldOutLoss(ids, CONTEXT)(model.eval())
    bits = nats * len(ids) / n_bytes / math.log(2)
    return {"nats": round(nats, 4), "bits_per_byte": round(bits, 4)}


def train(todo: Plan) -> dict[str, Any]:
    """Make one run."""
    keep_freed_memory()
    torch.set_num_threads(1)
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
    batches = ShuffledBatches(training_text(), BATCH, CONTEXT, generator=draws)
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
        **scored(model, small_tokenizer()),
    }


def rate_plans() -> dict[str, Plan]:
    """Plan the choice of the learning rates."""
    return {
        f"rates/{width}/{rate:g}": plan(gpt(width, n_layers), BUDGETS[0], 9, rate)
        for width, n_layers in SIZES
        for rate in RATES[width]
    }


def ladder_plans() -> dict[str, Plan]:
    """Plan the ladder."""
    plans = {
        f"ladder/{budget:g}/{width}": plan(gpt(width, n_layers), budget)
        for budget in BUDGETS
        for width, n_layers in SIZES
    }
    return {key: plan for key, plan in plans.items() if plan.tokens <= MOST_TOKENS}


def next_plans() -> dict[str, Plan]:
    """Plan the next rung, near the best size, and the course GPT's shape on the largest budget."""
    best = results["prediction"]["said"]["parameters"][0]
    widths = (32, 48, 64, 96, 128, 160)
    shapes = [(width, n) for width in widths for n in range(2, 11) if width <= 32 * n <= 2 * width]
    width, n_layers = min(shapes, key=lambda s: abs(math.log(size_of(gpt(*s)) / best)))
    return {
        "next/predicted": plan(gpt(width, n_layers), NEXT),
        "next/course shape": plan(gpt(320, 6), BUDGETS[-1], rate=1e-3),
    }


LLAMA: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GPT-2", {}),
    ("RMSNorm", {"norm": "rms"}),
    ("no biases", {"bias": False}),
    ("rotary positions", {"positions": "rotary"}),
    ("SwiGLU", {"feed_forward": "swiglu"}),
    ("grouped-query attention", {"n_kv_heads": 1}),
)
LLAMA_SHAPE, LLAMA_TOKENS = (96, 4), 250_000


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


def laws(runs: list[dict[str, Any]]) -> tuple[list[tuple[float, float]], PowerLaw, PowerLaw]:
    """Return best size and loss of each budget, and the laws of both over the budget.

    The lowest point is that of a parabola through the four best sizes.
    """
    lowest = []
    for budget in BUDGETS:
        own = [run for run in runs if abs(run["operations"] / budget - 1) < 0.01]
        own.sort(key=lambda run: run["bits_per_byte"])
        columns = [[run[key] for run in own[:4]] for key in ("parameters", "bits_per_byte")]
        lowest.append(isoflop_minimum(*columns))
    sizes, losses = zip(*lowest, strict=True)
    return lowest, fit_power_law(BUDGETS, sizes), fit_power_law(BUDGETS, losses)


def seed_noise() -> float:
    """Return the standard deviation of a loss over seeds, from two seeds of each size."""
    pairs = [
        (f"ladder/{BUDGETS[0]:g}/{width}", f"rates/{width}/{rate_for(width):g}")
        for width, _ in SIZES
    ]
    losses = np.array([[results["runs"][key]["bits_per_byte"] for key in pair] for pair in pairs])
    return float(np.sqrt((np.diff(losses) ** 2).mean() / 2))


def predict() -> None:
    """Fit the ladder and write down what the next rung will be; never changed afterwards.

    The intervals tell how the predictions move when every loss gets the noise of another seed.
    """
    if "prediction" in results:
        return
    keys = sorted(key for key in results["runs"] if key.startswith("ladder/"))
    runs = [results["runs"][key] for key in keys]
    noise, draws, others = seed_noise(), np.random.default_rng(0), []
    for sample in range(SAMPLES + 1):
        scale = noise if sample else 0.0
        again = [
            run | {"bits_per_byte": run["bits_per_byte"] + scale * draws.standard_normal()}
            for run in runs
        ]
        columns = ("parameters", "tokens", "bits_per_byte")
        surface = fit_loss_surface(*([run[key] for run in again] for key in columns))
        lowest, size, loss = laws(again)
        if not sample:
            fitted = {"lowest": lowest, "size_exponent": size.exponent, "surface": asdict(surface)}
        others.append((size(NEXT), loss(NEXT), size.exponent, *surface.best_for(NEXT)))
    names = ("parameters", "bits_per_byte", "size_exponent", "surface parameters", "surface loss")
    low, high = np.quantile(others[1:], (0.025, 0.975), axis=0).tolist()
    results["prediction"] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "operations": NEXT,
        "seed_noise": noise,
        "fitted": fitted,
        "said": dict(zip(names, zip(others[0], low, high, strict=True), strict=True)),
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
            print(key, run["bits_per_byte"], flush=True)
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
    training_text()  # encodes the corpus once, before the processes need it
    if arguments.out.exists():
        results.update(json.loads(arguments.out.read_text(encoding="utf-8")))
    parts = (rate_plans, ladder_plans, next_plans, llama_plans)
    makers = dict(zip(("rates", "ladder", "next", "llama"), parts, strict=True))
    for part in arguments.parts or PARTS:
        if part in makers:
            run_all(makers[part](), arguments.out, arguments.jobs)
        elif part == "predict":
            predict()
        else:
            results["reference"] = scored(*load_course_gpt())
        save(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
