"""Train deep stacks, post-norm with and without warm-up and pre-norm without; store the losses.

    python scripts/norm_places.py

Writes course_lib/assets/results/norm_places.json. Every run is the same but for the place of the
normalization, the warm-up and the seed (of the weights and of the batches). About 3 minutes on
one core.
"""

import argparse
import datetime
import json
import math
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.data import RandomBatches, speeches
from course_lib.models import Transformer, TransformerConfig
from course_lib.tokenizers import CharacterTokenizer
from course_lib.training import Training, TrainingConfig

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/norm_places.json"
SIZES = {"context_length": 32, "d_model": 64, "n_heads": 4, "n_layers": 12}
BATCH = 8
STEPS = 200
WARMUP = 60
RATE = 1e-3
SEEDS = (0, 1, 2)
ARMS = (("post", 0), ("post", WARMUP), ("pre", 0))  # place of the norm, warm-up steps


def characters() -> tuple[Tensor, int]:
    """Return the speeches since 1950 as character ids, and the size of the vocabulary."""
    texts = [speech.text for speech in speeches() if int(speech.meta["year"]) >= 1950]
    tokenizer = CharacterTokenizer.train(texts)
    return torch.tensor(tokenizer.encode("\n".join(texts))), tokenizer.vocab_size


def make_model(vocab_size: int, place: str, seed: int) -> Transformer:
    """Return a fresh stack whose matrices keep GPT's product of width and variance."""
    config = TransformerConfig.from_dict({"vocab_size": vocab_size, "norm_place": place, **SIZES})
    model = Transformer(config, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for weight in model.blocks.parameters():
            if weight.ndim == 2:
                weight.mul_(math.sqrt(768 / config.d_model))
    return model


def run(
    tokens: Tensor, vocab_size: int, place: str, seed: int, *, warmup: int, steps: int = STEPS
) -> list[float]:
    """Return the training loss of each step."""
    batches = RandomBatches(
        tokens, BATCH, SIZES["context_length"], generator=torch.Generator().manual_seed(seed)
    )
    config = TrainingConfig(
        n_steps=STEPS, peak_learning_rate=RATE, warmup_steps=warmup, gradient_clip=1e9
    )
    training = Training(make_model(vocab_size, place, seed), batches, config)
    return [round(progress.loss, 4) for progress in islice(training.steps(), steps)]


def main() -> int:
    """Run all, print a line each, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokens, vocab_size = characters()
    runs: list[dict[str, Any]] = []
    for place, warmup in ARMS:
        for seed in SEEDS:
            losses = run(tokens, vocab_size, place, seed, warmup=warmup)
            runs.append({"place": place, "warmup": warmup, "seed": seed, "loss": losses})
            print(place, warmup, seed, f"{sum(losses[-20:]) / 20:.3f}", flush=True)
    result = {
        "command": "python scripts/norm_places.py",
        "date": datetime.date.today().isoformat(),
        "data": "State of the Union speeches since 1950, characters",
        "sizes": SIZES,
        "batch_size": BATCH,
        "n_steps": STEPS,
        "peak_learning_rate": RATE,
        "vocab_size": vocab_size,
        "runs": runs,
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
