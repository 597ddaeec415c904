"""Train the course's word vectors with several seeds and measure them.

    python scripts/word2vec_seeds.py [--epochs N] [--seeds N…]

Skip-gram with negative sampling on the State of the Union speeches and the Bible in Basic English.
Writes ``course_lib/assets/results/word2vec_seeds.json`` with every seed's loss, its correlation
with people's ratings (WordSim-353), its analogies solved and its CPU seconds; and the vectors of
seed 0, in half precision, to ``course_lib/assets/checkpoints/word2vec/``. About a minute of one
core per seed.
"""

import argparse
import dataclasses
import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import save_file
from tqdm import tqdm

from course_lib.classical.bag_of_words import split_words
from course_lib.classical.word2vec import SkipGramText
from course_lib.classical.word2vec_fast import SkipGramSettings, SkipGramVectors, train_skip_gram
from course_lib.data import WordVectors, analogy_questions, bible, speeches, word_similarities
from course_lib.evaluation import score_analogies, score_similarities

ASSETS = Path(__file__).parents[1] / "course_lib/assets"
MIN_COUNT = 10
CARD = """# word2vec on speeches and the Bible in Basic English

| | |
|---|---|
| method | skip-gram with negative sampling (Mikolov et al. 2013), `course_lib.classical` |
| data | 249 State of the Union speeches (1790–2026) and the Bible in Basic English |
| words | {n_words:,}, each at least {min_count} times in the text |
| entries of a vector | {d_vector} |
| settings | {settings} |
| seed | {seed} |
| loss | {loss:.3f} nats per pair at the end |
| correlation with people's ratings | {correlation:.2f} on {n_pairs} pairs of WordSim-353 |
| command | `python scripts/word2vec_seeds.py --epochs {epochs}` |
| date | {date} |

`vectors.safetensors` holds `inputs` [V D] in 16 bits, one row per word of `words.txt`.
The vectors repeat the views of their texts; they are for study.
"""


def read_text() -> SkipGramText:
    """The running text of both collections, as numbered words."""
    documents = [*speeches(), *bible("bbe")]
    return SkipGramText.of([split_words(d.text) for d in documents], min_count=MIN_COUNT)


def measure(result: SkipGramVectors, seconds: float, seed: int) -> dict[str, object]:
    """What is kept of one seed."""
    vectors = WordVectors(result.words, result.inputs.numpy())
    correlation, n_pairs = score_similarities(vectors, word_similarities())
    scores = score_analogies(vectors, analogy_questions()).values()
    n_known = sum(score.n_known for score in scores)
    return {
        "seed": seed,
        "losses": [round(loss, 4) for loss in result.losses],
        "correlation": round(correlation, 4),
        "n_pairs": n_pairs,
        "analogies": round(sum(s.correct * s.n_known for s in scores) / n_known, 4),
        "n_questions": n_known,
        "cpu_seconds": round(seconds, 1),
    }


def save(result: SkipGramVectors, entry: dict[str, object], settings: SkipGramSettings) -> None:
    """Write the vectors and their card."""
    folder = ASSETS / "checkpoints/word2vec"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"inputs": result.inputs.half().numpy()}, folder / "vectors.safetensors")
    (folder / "words.txt").write_text("\n".join(result.words) + "\n", encoding="utf-8")
    losses = entry["losses"]
    assert isinstance(losses, list)
    card = CARD.format(
        n_words=len(result.words),
        min_count=MIN_COUNT,
        d_vector=settings.d_vector,
        settings=", ".join(f"{k} {v}" for k, v in dataclasses.asdict(settings).items()),
        loss=losses[-1],
        date=date.today(),
        epochs=settings.epochs,
        **{key: entry[key] for key in ("seed", "correlation", "n_pairs")},
    )
    (folder / "card.md").write_text(card, encoding="utf-8")


def write_results(
    text: SkipGramText, settings: SkipGramSettings, entries: list[dict[str, object]]
) -> None:
    """Write the seeds' numbers, beside those of other seeds with the same settings."""
    file = ASSETS / "results/word2vec_seeds.json"
    file.parent.mkdir(exist_ok=True)
    results = {
        "what": "skip-gram on sotu and bbe, one entry per seed",
        "settings": dataclasses.asdict(settings),
        "n_words": len(text.words),
        "n_tokens": len(text.tokens),
        "command": f"python scripts/word2vec_seeds.py --epochs {settings.epochs}",
        "date": str(date.today()),
    }
    found = {entry["seed"]: entry for entry in entries}
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        if before["settings"] == results["settings"]:
            found = {entry["seed"]: entry for entry in before["seeds"]} | found
    results["seeds"] = [found[seed] for seed in sorted(found, key=str)]
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = SkipGramSettings(epochs=arguments.epochs, learning_rate=arguments.learning_rate)
    text = read_text()
    entries = []
    for seed in arguments.seeds:
        with tqdm(total=100, desc=f"seed {seed}") as bar:

            def show(share: float, bar: "tqdm[Any]" = bar) -> None:
                bar.update(round(100 * share) - bar.n)

            start = time.process_time()
            result = train_skip_gram(
                text,
                settings,
                generator=torch.Generator().manual_seed(seed),
                progress=show,
            )
            seconds = time.process_time() - start
        entries.append(measure(result, seconds, seed))
        print({key: value for key, value in entries[-1].items() if key != "losses"}, flush=True)
        if seed == 0:
            save(result, entries[-1], settings)
        write_results(text, settings, entries)


if __name__ == "__main__":
    main()
