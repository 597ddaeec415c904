"""Train small Transformers that differ in their position scheme only; score them past their length.

    python scripts/position_schemes.py

Writes course_lib/assets/results/position_schemes.json: for each scheme and seed, the mean loss on
held-out text by position, in bins, up to four times the length of the training texts; and the same
once more with each position looking back no further than the length of the training texts. One
short run is stored too, for the chapter to repeat. About 5 minutes on one core. Runs that the file
holds already are not made again.
"""

import argparse
import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.data import RandomBatches, speeches, split_documents
from course_lib.data.splits import HELD_OUT_SPEECHES
from course_lib.layers import causal_mask
from course_lib.models import Transformer, TransformerConfig
from course_lib.tokenizers import CharacterTokenizer
from course_lib.training import Training, TrainingConfig

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/position_schemes.json"
SCHEMES = ("none", "learned", "sinusoidal", "rotary", "alibi")
SEEDS = (0, 1, 2)
SIZES = {"d_model": 64, "n_heads": 4, "n_layers": 2}
TRAINED, SCORED, BIN = 32, 128, 8
STEPS, BATCH, RATE, WARMUP = 600, 32, 1e-2, 50
SHORT_SCHEME, SHORT_STEPS = "rotary", 200
WINDOWS = 512


def characters() -> tuple[Tensor, Tensor, int]:
    """Return the speeches since 1950, training and held-out, as character ids; and V."""
    recent = [speech for speech in speeches() if int(speech.meta["year"]) >= 1950]
    held_out = [f"sotu/{name}" for name in HELD_OUT_SPEECHES]
    parts = split_documents(recent, [d.id for d in recent if d.id in held_out])
    tokenizer = CharacterTokenizer.train([d.text for d in recent])
    train, validation = (
        torch.tensor(tokenizer.encode("\n".join(d.text for d in part)))
        for part in (parts.train, parts.validation)
    )
    return train, validation, tokenizer.vocab_size


def train(tokens: Tensor, vocab_size: int, scheme: str, seed: int, *, steps: int) -> Transformer:
    """Train one model on texts of TRAINED characters; the table of learned positions is longer."""
    config = TransformerConfig.from_dict(
        {"vocab_size": vocab_size, "context_length": SCORED, "positions": scheme, **SIZES}
    )
    model = Transformer(config, generator=torch.Generator().manual_seed(seed))
    batches = RandomBatches(tokens, BATCH, TRAINED, generator=torch.Generator().manual_seed(seed))
    settings = TrainingConfig(
        n_steps=steps, peak_learning_rate=RATE, warmup_steps=min(WARMUP, steps // 2)
    )
    for _ in Training(model, batches, settings).steps():
        pass
    return model.eval()


@torch.no_grad()
def loss_by_position(model: Transformer, tokens: Tensor, *, look_back: int = SCORED) -> list[float]:
    """Return the mean loss in nats in each bin of BIN positions, over WINDOWS held-out windows.

    Each position sees itself and the `look_back` − 1 before it.
    """
    mask = causal_mask(SCORED)
    mask &= ~mask.tril(-look_back)
    starts = torch.linspace(0, len(tokens) - SCORED - 1, WINDOWS).long()
    windows = torch.stack([tokens[start : start + SCORED + 1] for start in starts])
    losses = [
        F.cross_entropy(
            model(part[:, :-1], mask=mask).transpose(1, 2), part[:, 1:], reduction="none"
        )
        for part in windows.split(128)
    ]
    binned = torch.cat(losses).view(WINDOWS, -1, BIN).mean(dim=(0, 2))
    return [round(loss, 4) for loss in binned.tolist()]


def main() -> int:
    """Make the runs that the file does not hold yet, print a line each, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--schemes", nargs="*", choices=SCHEMES, default=SCHEMES)
    parser.add_argument("--seeds", nargs="*", type=int, default=SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    training, held_out, vocab_size = characters()
    config = {
        **SIZES,
        "vocab_size": vocab_size,
        "trained_length": TRAINED,
        "scored_length": SCORED,
        "bin": BIN,
        "windows": WINDOWS,
        "steps": arguments.steps,
        "batch": BATCH,
        "peak_learning_rate": RATE,
        "warmup_steps": WARMUP,
    }
    results: dict[str, Any] = {"command": "python scripts/position_schemes.py", "config": config}
    runs: list[dict[str, Any]] = []
    if arguments.out.exists():
        before = json.loads(arguments.out.read_text())
        if before["config"] == config:
            results, runs = before, before["runs"]
    if "short" not in results:
        model = train(training, vocab_size, SHORT_SCHEME, 0, steps=SHORT_STEPS)
        results["short"] = {
            "scheme": SHORT_SCHEME,
            "seed": 0,
            "steps": SHORT_STEPS,
            "loss": loss_by_position(model, held_out),
        }
        print(results["short"], flush=True)
    done = {(run["scheme"], run["seed"]) for run in runs}
    for scheme in arguments.schemes:
        for seed in arguments.seeds:
            if (scheme, seed) in done:
                continue
            begin = time.process_time()
            model = train(training, vocab_size, scheme, seed, steps=arguments.steps)
            run = {
                "scheme": scheme,
                "seed": seed,
                "loss": loss_by_position(model, held_out),
                "near_loss": loss_by_position(model, held_out, look_back=TRAINED),
                "cpu_seconds": round(time.process_time() - begin, 1),
            }
            print(run, flush=True)
            runs.append(run)
            results["date"] = datetime.date.today().isoformat()
            results["runs"] = sorted(runs, key=lambda r: (SCHEMES.index(r["scheme"]), r["seed"]))
            arguments.out.parent.mkdir(exist_ok=True)
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
