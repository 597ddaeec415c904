"""Train a ladder of small GPTs and predict its next rung; change a GPT-2 into a Llama step by step.

    python scripts/beyond_gpt2.py rates ladder predict next reference llama

Writes course_lib/assets/results/beyond_gpt2.json, after every run; a run that is there already is
not made again. All models read the texts of the course's own GPT, cut into 2,048 tokens, on one
thread each. They are scored in bits per byte of the same held-out text: the first 6,000 characters
of each held-out document. The parts:

    rates      choice of the learning rate of each width, on the smallest budget
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
from dataclasses import asdict, astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.assets import checkpoint_path
from course_lib.config import TransformerConfig
from course_lib.data import ShuffledBatches, course_corpus, encode_documents
from course_lib.evaluation.scaling_law import LossSurface, fit_loss_surface
from course_lib.models import Transformer, load_course_gpt
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training, TrainingConfig, keep_freed_memory
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss

PARTS = ("rates", "ladder", "predict", "next", "reference", "llama")
TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/beyond_gpt2.json"
VOCABULARY, CONTEXT, BATCH = 2048, 256, 4
SIZES = ((16, 2), (24, 2), (32, 2), (48, 3), (64, 4), (96, 4))  # width, layers
RATES = {  # by width
    16: (8e-3, 1.6e-2, 3.2e-2),
    24: (4e-3, 8e-3, 1.6e-2),
    32: (2e-3, 4e-3, 8e-3, 1.6e-2),
    48: (2e-3, 4e-3, 8e-3),
    64: (1e-3, 2e-3, 4e-3),
    96: (1e-3, 2e-3, 4e-3),
}
MOST_TOKENS = 25_000_000  # some four passes over the text; a run that needs more is not made
results: dict[str, Any] = {"runs": {}}
BUDGETS = (1e12, 3e12, 9e12)  # operations, counted as 6 · parameters · tokens
NEXT = 2.7e13
SAMPLES = 200  # of the bootstrap
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
        f"ladder/{budget:g}/{width}/{seed}": plan(gpt(width, n_layers), budget, seed)
        for budget in BUDGETS
        for seed in (range(3) if budget == BUDGETS[0] else range(1))
        for width, n_layers in SIZES
    }
    return {key: plan for key, plan in plans.items() if plan.tokens <= MOST_TOKENS}


def next_plans() -> dict[str, Plan]:
    """Plan the next rung: the shape nearest to the best size, and the shape of the course's GPT."""
    best = results["prediction"]["best_parameters"]
    widths = (32, 48, 64, 96, 128, 160)
    shapes = [(width, n) for width in widths for n in range(2, 11) if width <= 32 * n <= 2 * width]
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


def surface_of(runs: list[dict[str, Any]]) -> LossSurface:
    """Fit the surface to some runs."""
    return fit_loss_surface(
        *([run[key] for run in runs] for key in ("parameters", "tokens", "bits_per_byte"))
    )


def predict() -> None:
    """Fit the ladder and write down what the next rung will be; never changed afterwards."""
    if "prediction" in results:
        return
    runs = [run for key, run in results["runs"].items() if key.startswith("ladder/")]
    surface = surface_of(runs)
    best, least = surface.best_for(NEXT)
    draws, others = np.random.default_rng(0), []
    while len(others) < SAMPLES:
        rows = [runs[i] for i in draws.integers(len(runs), size=len(runs))]
        others.append([float(f"{value:.5g}") for value in astuple(surface_of(rows))])
    results["prediction"] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "operations": NEXT,
        "surface": {name: float(f"{value:.5g}") for name, value in asdict(surface).items()},
        "best_parameters": round(best),
        "bits_per_byte": round(least, 4),
        "bootstrap": others,
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
    training_text()  # encodes the corpus once, before the processes need it
    if arguments.out.exists():
        results.update(json.loads(arguments.out.read_text(encoding="utf-8")))
    makers = {"rates": rate_plans, "ladder": ladder_plans, "next": next_plans, "llama": llama_plans}
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
