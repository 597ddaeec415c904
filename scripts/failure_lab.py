"""Train the patients of the failure lab, small models with one planted bug each, and store curves.

    python scripts/failure_lab.py

Writes course_lib/assets/results/failure_lab.json: for each letter and seed the training loss of
every step and held-out losses. Which bug a letter has stands in `PATIENTS` of
course_lib/exercises/block/workshop.py. About 3 minutes on one core.
"""

import argparse
import datetime
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from norm_places import characters
from torch import Tensor
from torch.nn import functional as F

from course_lib.data import RandomBatches
from course_lib.exercises.block.workshop import (
    PATIENTS,
    PlantedStack,
    StackSizes,
    make_patient,
)
from course_lib.training import TrainingConfig, train

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/failure_lab.json"
SIZES = StackSizes(n_blocks=4, d_model=64, n_heads=4, d_ff=256, dropout=0.1)
CONTEXT = 32
BATCH = 16
SETTINGS = TrainingConfig(n_steps=200, peak_learning_rate=3e-3, warmup_steps=25)
SEEDS = (0, 1, 2)
HELD_OUT = 200_000  # characters at the end


@torch.no_grad()
def held_out_losses(model: PlantedStack, tokens: Tensor) -> dict[str, float]:
    """Return the mean loss over all positions, again, and at the last position alone."""
    model.eval()
    generator = torch.Generator().manual_seed(99)
    inputs, targets = RandomBatches(tokens, 256, CONTEXT, generator=generator).draw()
    both = []
    for _ in range(2):
        logits = model(inputs)
        both.append(F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item())
    last = F.cross_entropy(logits[:, -1], targets[:, -1]).item()
    return {"all": round(both[0], 4), "again": round(both[1], 4), "last": round(last, 4)}


def run(tokens: Tensor, vocab_size: int, letter: str, seed: int) -> dict[str, Any]:
    """Train one patient and return what was seen."""
    torch.manual_seed(seed)  # dropout
    model = make_patient(letter, SIZES, vocab_size, CONTEXT, seed)
    generator = torch.Generator().manual_seed(seed)
    batches = RandomBatches(tokens[:-HELD_OUT], BATCH, CONTEXT, generator=generator)
    history = train(model, batches, SETTINGS)
    return {
        "letter": letter,
        "seed": seed,
        "loss": [round(progress.loss, 3) for progress in history],
        "n_parameters": sum(p.numel() for p in model.parameters()),
        "held_out": held_out_losses(model, tokens[-HELD_OUT:]),
    }


def main() -> int:
    """Run all, print a line each, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokens, vocab_size = characters()
    runs: list[dict[str, Any]] = []
    for letter in PATIENTS:
        for seed in SEEDS:
            runs.append(run(tokens, vocab_size, letter, seed))
            print(PATIENTS[letter], seed, runs[-1]["loss"][-1], runs[-1]["held_out"], flush=True)
    result = {
        "command": "python scripts/failure_lab.py",
        "date": datetime.date.today().isoformat(),
        "data": "State of the Union speeches since 1950, characters; the last 200,000 held out",
        "sizes": asdict(SIZES) | {"context_length": CONTEXT, "vocab_size": vocab_size},
        "settings": asdict(SETTINGS) | {"batch_size": BATCH},
        "runs": runs,
    }
    arguments.out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
