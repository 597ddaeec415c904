"""Train a ladder of small GPTs and predict its next rung; change a GPT-2 into a Llama step by step.

    python scripts/beyond_gpt2.py rates ladder predict next reference vocabulary half llama

Writes course_lib/assets/results/beyond_gpt2.json, after every run; a run that is there already is
not made again. All models read the texts of the course's own GPT, cut into 2,048 tokens, on one
thread each. They are scored in bits per byte of the same held-out text: the first 6,000 characters
of each held-out document. The parts:

    rates      choice of the learning rate of each width, on the smallest budget
    ladder     five sizes, three budgets each; two smaller ones, two budgets each
    predict    what the next rung should cost and reach, written before it is trained
    next       the next rung; its shape and that of the course's GPT on the largest budget
    reference  the course's GPT on the same held-out text
    vocabulary some models with 8,192 tokens, at three other budgets
    half       a small model with half of what the course's GPT took; predicted before, too
    llama      the changes from GPT-2 to Llama, one at a time, three seeds, short and longer

About seven hours on one core in all, of which the ladder takes one, and "half" nearly two.
"""

import argparse
import datetime
import json
import math
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib.config import TransformerConfig
from course_lib.evaluation import PowerLaw, fit_loss_surface, fit_power_law, isoflop_minimum
from course_lib.models import load_course_gpt
from course_lib.training.short_run import (
    ShortRun,
    held_out_score,
    matrix_parameters,
)

PARTS = ("rates", "ladder", "predict", "next", "reference", "vocabulary", "half", "llama")
TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/beyond_gpt2.json"
VOCABULARY, CONTEXT = 2048, 256
SIZES = ((16, 2), (24, 2), (32, 2), (48, 3), (64, 4), (96, 4), (128, 5))  # and layers
_LOW, _MIDDLE = (1e-3, 2e-3, 4e-3), (2e-3, 4e-3, 8e-3)
RATES: dict[int, tuple[float, ...]] = {48: _MIDDLE, 64: _LOW, 96: _LOW}
RATES |= {16: (8e-3, 1.6e-2, 3.2e-2), 24: (4e-3, 8e-3, 1.6e-2)}
RATES |= {32: (*_MIDDLE, 1.6e-2), 128: (5e-4, *_LOW)}
MOST_TOKENS = 17_000_000  # three passes over the text; a run that needs more is not made
results: dict[str, Any] = {"runs": {}}
BUDGETS = (1e12, 3e12, 9e12)  # operations, counted as 6 · parameters · tokens
NEXT = 1.8e13
TENTH, HALF = 5.5e13, 2.75e14  # of what the course's GPT took
SAMPLES = 100  # with the noise of other seeds


def gpt(width: int, n_layers: int, **choices: Any) -> TransformerConfig:
    """Return a GPT-2 with one head, or heads 16, 32 or (the course's GPT) 64 wide."""
    n_heads = {48: 3, 320: 5}.get(width, max(1, width // 32))
    sizes = {"d_model": width, "n_heads": n_heads, "n_layers": n_layers}
    return TransformerConfig(VOCABULARY, CONTEXT, **sizes | choices)


def rate_for(width: int) -> float:
    """Return the best rate of the part "rates" for this width, or for the nearest one below."""
    tried = max(known for known in RATES if known <= width)
    made = {rate: results["runs"][f"rates/{tried}/{rate:g}"]["nats"] for rate in RATES[tried]}
    return min(made, key=lambda rate: made[rate])


def plan(config: TransformerConfig, budget: float, seed: int = 0, rate: float = 0.0) -> ShortRun:
    """Plan a run that spends a budget."""
    tokens = round(budget / 6 / matrix_parameters(config))
    return ShortRun(config, tokens, rate or rate_for(config.d_model), seed)


def rate_plans() -> dict[str, ShortRun]:
    """Plan the choice of the learning rates."""
    return {
        f"rates/{width}/{rate:g}": plan(gpt(width, n_layers), BUDGETS[0], 9, rate)
        for width, n_layers in SIZES
        for rate in RATES[width]
    }


def ladder_plans() -> dict[str, ShortRun]:
    """Plan the ladder."""
    plans = {
        f"ladder/{budget:g}/{width}": plan(gpt(width, n_layers), budget)
        for budget in BUDGETS
        for width, n_layers in SIZES
    }
    return {key: plan for key, plan in plans.items() if plan.tokens <= MOST_TOKENS}


def next_plans() -> dict[str, ShortRun]:
    """Plan the next rung near both sizes; one rung lower, its shape and the course GPT's."""
    widths = (32, 48, 64, 96, 128, 160)
    shapes = [(width, n) for width in widths for n in range(2, 11) if width <= 32 * n <= 2 * width]
    said, plans = results["prediction"]["said"], {}
    for name, best in (
        ("predicted", said["parameters"][0]),
        ("surface", said["surface parameters"][0]),
    ):
        near = min(shapes, key=lambda s: abs(math.log(matrix_parameters(gpt(*s)) / best)))
        plans[f"next/{name}"] = plan(gpt(*near), NEXT)
    shape = plans["next/predicted"].config
    return plans | {
        "next/shape": plan(shape, BUDGETS[-1]),
        "next/course shape": plan(gpt(320, 6), BUDGETS[-1], rate=1e-3),
    }


def vocabulary_plans() -> dict[str, ShortRun]:
    """Plan models with all 8,192 tokens, at two budgets and at a tenth of the course's GPT's."""
    shapes = ((16, 2), (24, 2), (32, 2), (48, 2), (64, 3), (96, 4), (320, 6))
    runs = ((1.5e12, shapes[:-1]), (1.35e13, shapes[2:-1]), (TENTH, shapes[4:]))
    return {
        f"vocabulary/{budget:g}/{shape[0]}": wide_plan(shape, budget)
        for budget, some in runs
        for shape in some
    }


def wide_plan(shape: tuple[int, int], budget: float) -> ShortRun:
    """Plan one of them."""
    config = replace(gpt(*shape), vocab_size=8192)
    rate = 2e-3 * math.sqrt(64 / shape[0]) if shape[0] < 320 else 1e-3
    return plan(config, budget, rate=rate)


def half_plans() -> dict[str, ShortRun]:
    """Write down what half of the course GPT's budget should reach, and plan the run."""
    if "half_prediction" not in results:
        best: dict[str, dict[str, Any]] = {}  # of each budget
        for key, run in sorted(results["runs"].items(), key=lambda item: item[1]["bits_per_byte"]):
            if key.startswith("vocabulary/"):
                best.setdefault(key.split("/")[1], run)
        columns = ([run[key] for run in best.values()] for key in ("operations", "bits_per_byte"))
        results["half_prediction"] = {
            "date": now(),
            "operations": HALF,
            "bits_per_byte": round(fit_power_law(*columns)(HALF), 4),
        }
    return {"half/96": wide_plan((96, 4), HALF)}


LLAMA: tuple[tuple[str, dict[str, Any]], ...] = (
    ("GPT-2", {}),
    ("RMSNorm", {"norm": "rms"}),
    ("no biases", {"bias": False}),
    ("rotary positions", {"positions": "rotary"}),
    ("SwiGLU", {"feed_forward": "swiglu"}),
    ("grouped-query attention", {"n_kv_heads": 1}),
)
LLAMA_RUNS = (((96, 4), 250_000), ((48, 3), 2_700_000))  # shapes and tokens


def llama_plans() -> dict[str, ShortRun]:
    """Plan the changes, each made on top of the ones before; every model reads as many tokens."""
    plans: dict[str, ShortRun] = {}
    for shape, tokens in LLAMA_RUNS:
        choices: dict[str, Any] = {}
        for name, change in LLAMA:
            choices |= change
            config, rate = gpt(*shape, **choices), rate_for(shape[0])
            for seed in range(3):
                plans[f"llama/{tokens}/{name}/{seed}"] = ShortRun(config, tokens, rate, seed)
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


def now() -> str:
    """Return the date and time, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


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
        "date": now(),
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


def run_all(plans: dict[str, ShortRun], target: Path, jobs: int) -> None:
    """Make the runs that are not stored yet, the longest first, and store each one."""
    todo = {key: plan for key, plan in plans.items() if key not in results["runs"]}
    cost = {key: matrix_parameters(plan.config) * plan.tokens for key, plan in todo.items()}
    with ProcessPoolExecutor(jobs) as pool:
        order = sorted(todo, key=lambda key: -cost[key])
        running = {pool.submit(todo[key].make): key for key in order}
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
    plan(gpt(*SIZES[0]), BUDGETS[0], rate=1e-3).training()  # encodes the texts for all processes
    if arguments.out.exists():
        results.update(json.loads(arguments.out.read_text(encoding="utf-8")))
    parts = (rate_plans, ladder_plans, next_plans, vocabulary_plans, half_plans, llama_plans)
    names = ("rates", "ladder", "next", "vocabulary", "half", "llama")
    makers = dict(zip(names, parts, strict=True))
    for part in arguments.parts or PARTS:
        if part in makers:
            run_all(makers[part](), arguments.out, arguments.jobs)
        elif part == "predict":
            predict()
        else:
            results["reference"] = held_out_score(*load_course_gpt(), CONTEXT)
        save(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
