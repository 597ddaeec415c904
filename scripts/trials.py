"""Short trials for the course's own GPT: change one setting of its recipe and train for a little.

    python scripts/trials.py [OUT.json] [--tokens N] [--jobs N] [--only NAME…]

Every trial gets the same amount of arithmetic, not the same number of updates: about 6 operations
per token and parameter (Kaplan et al. 2020), so a model of half the size reads twice the tokens.
The vocabularies cut the same text into different tokens, so trials are compared by bits per byte
of the same held-out text: the first 6,000 characters of each held-out document.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from course_lib.assets import checkpoint_path
from course_lib.config import GPT2Config
from course_lib.data import ShuffledBatches, encode_documents
from course_lib.models.gpt2 import GPT2
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Training
from course_lib.training.recipe import (
    END_OF_TEXT,
    Recipe,
    read_recipe,
    recipe_documents,
)
from course_lib.training.short_run import held_out_score

# What the trials start from; "rate" is the peak learning rate, "beta2" the second of AdamW's.
START: dict[str, float] = {
    "vocab_size": 4096,
    "context_length": 256,
    "d_model": 384,
    "n_heads": 6,
    "batch_size": 8,
    "rate": 1e-3,
    "beta2": 0.95,
}
CHOSEN: dict[str, float] = {"vocab_size": 8192, "d_model": 320, "n_heads": 5, "batch_size": 4}
# Name of the trial → the settings that differ from the start.
TRIALS: dict[str, dict[str, float]] = {
    "start": {},
    "peak rate 2e-3": {"rate": 2e-3},
    "peak rate 4e-3": {"rate": 4e-3},
    "batch of 4 rows": {"batch_size": 4},
    "vocabulary 2,048": {"vocab_size": 2048},
    "vocabulary 8,192": {"vocab_size": 8192},
    "context 128": {"context_length": 128, "batch_size": 16},
    "8,192, width 320, 4 rows": CHOSEN,
    "the same, beta2 0.99": {**CHOSEN, "beta2": 0.99},
}
WARMUP_SHARE = 0.2


def n_parameters(config: GPT2Config) -> int:
    """Count the parameters of a model without making it."""
    with torch.device("meta"):
        return GPT2(config).n_parameters()


def with_settings(recipe: Recipe, settings: dict[str, float]) -> Recipe:
    """Return the recipe with these settings in place of its own."""
    sizes = {name: int(settings[name]) for name in ("context_length", "d_model", "n_heads")}
    vocab_size = int(settings["vocab_size"])
    training = replace(
        recipe.training,
        peak_learning_rate=settings["rate"],
        final_learning_rate=settings["rate"] / 10,
        betas=(0.9, settings["beta2"]),
        evaluate_every=0,
        checkpoint_every=0,
    )
    return replace(
        recipe,
        vocab_size=vocab_size,
        batch_size=int(settings["batch_size"]),
        model=replace(recipe.model, vocab_size=vocab_size, d_ff=0, **sizes),
        training=training,
        threads=1,
    )


def trial_recipe(recipe: Recipe, change: dict[str, float], tokens: int) -> Recipe:
    """Return the recipe of one trial, with as many updates as its share of arithmetic allows."""
    start, changed = (with_settings(recipe, START | part) for part in ({}, change))
    affordable = tokens * n_parameters(start.model) / n_parameters(changed.model)
    n_steps = round(affordable / changed.tokens_per_step)
    warmup_steps = round(n_steps * WARMUP_SHARE)
    training = replace(changed.training, n_steps=n_steps, warmup_steps=warmup_steps)
    return replace(changed, training=training)


def run(name: str, recipe: Recipe, folder: Path) -> dict[str, object]:
    """Train one trial and measure it."""
    torch.set_num_threads(1)
    splits = recipe_documents(recipe)
    home = folder / f"vocabulary-{recipe.vocab_size}"
    tokenizer = BytePairTokenizer.load(home)
    end = tokenizer.special_tokens[END_OF_TEXT]
    train = encode_documents(splits.train, tokenizer, end_of_text=end, folder=home / "tokens")
    context_length = recipe.model.context_length
    generator = torch.Generator().manual_seed(recipe.seed)
    batches = ShuffledBatches(train, recipe.batch_size, context_length, generator=generator)
    model = GPT2(recipe.model, generator=torch.Generator().manual_seed(recipe.seed))
    training = Training(model, batches, recipe.training)
    history = list(tqdm(training.steps(), total=recipe.training.n_steps, desc=name, mininterval=20))
    score = held_out_score(model, tokenizer, context_length)
    return {
        "trial": name,
        "parameters": n_parameters(recipe.model),
        "updates": recipe.training.n_steps,
        "tokens": history[-1].tokens,
        "seconds": round(history[-1].seconds),
        "nats_per_token": score["nats"],
        "bits_per_byte": score["bits_per_byte"],
    }


def make_tokenizers(recipes: list[Recipe], folder: Path) -> None:
    """Train the tokenizer of each vocabulary size once."""
    texts = [document.text for document in recipe_documents(recipes[0]).train]
    for vocab_size in sorted({recipe.vocab_size for recipe in recipes}):
        home = folder / f"vocabulary-{vocab_size}"
        if not (home / "vocab.json").is_file():
            home.mkdir(parents=True, exist_ok=True)
            BytePairTokenizer.train(texts, vocab_size, special_tokens=[END_OF_TEXT]).save(home)


def main() -> int:
    """Run the trials and write their results, in the order of TRIALS."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("runs/trials.json"))
    parser.add_argument(
        "--tokens", type=int, default=196_608, help="read by the first trial's model"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(TRIALS), default=list(TRIALS))
    parser.add_argument("--folder", type=Path, default=Path("runs/trials"))
    arguments = parser.parse_args()
    base = read_recipe(checkpoint_path("course-gpt") / "recipe.toml")
    recipes = {name: trial_recipe(base, TRIALS[name], arguments.tokens) for name in arguments.only}
    make_tokenizers(list(recipes.values()), arguments.folder)
    results = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        futures = {
            name: pool.submit(run, name, recipe, arguments.folder)
            for name, recipe in recipes.items()
        }
        for future in futures.values():
            results.append(future.result())
            print(json.dumps(results[-1]), flush=True)
            arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
