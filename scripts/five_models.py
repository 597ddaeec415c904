"""Train one and the same small Transformer in five styles and probe each: fill in, go on.

python scripts/five_models.py [--seeds 0 1 2] [--steps 1500] [--no-weights]

Writes course_lib/assets/results/five_models.json, and the first seed's weights and the tokenizer
to course_lib/assets/checkpoints/five-models/. Same sizes, same windows of text in the same order,
same number of updates for all; each style predicts as many tokens of a window as it can.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from course_lib.data import ShuffledBatches, course_corpus
from course_lib.evaluation.fill_and_continue import (
    STYLES,
    continuation_nats,
    fill_in,
    fill_in_by_rescoring,
    go_on,
)
from course_lib.models import Transformer, TransformerConfig, load_course_gpt
from course_lib.models.objectives import (
    Example,
    masked_tokens,
    missing_span,
    next_tokens,
    permuted_tokens,
    suffix_tokens,
)
from course_lib.tokenizers import CharacterTokenizer
from course_lib.training import make_optimizer, next_token_loss, warmup_cosine

ASSETS = Path(__file__).parents[1] / "course_lib" / "assets"
N_CHARACTERS = 63  # of the training text, checked below
MASK, START = N_CHARACTERS, N_CHARACTERS + 1
WINDOW, BATCH = 48, 32
GAP = 24  # the position that is filled in, and the length of the prefix
CONFIG = TransformerConfig(
    N_CHARACTERS + 2, 2 * WINDOW, d_model=96, n_heads=4, n_layers=3, positions="rotary"
)
PEAK, WARMUP = 3e-3, 100
N_PROBED, N_RESCORED, N_WRITTEN = 512, 128, 24


def draw_example(style: str, windows: torch.Tensor, generator: torch.Generator) -> Example:
    """Make a training example in one of the five styles; what is random is drawn per batch."""

    def whole(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=generator))

    n = windows.shape[1]
    if style == "masked":
        return masked_tokens(windows, mask_id=MASK, vocab_size=N_CHARACTERS, generator=generator)
    if style == "next":
        return next_tokens(windows)
    if style == "suffix":
        return suffix_tokens(windows, prefix_length=whole(1, n))
    if style == "span":
        length = whole(1, n // 2 + 1)
        start = whole(0, n - length + 1)
        return missing_span(windows, start=start, length=length, mask_id=MASK, start_id=START)
    order = torch.randperm(n, generator=generator).tolist()
    return permuted_tokens(windows, order=order, mask_id=MASK)


def train(
    style: str, tokens: torch.Tensor, seed: int, steps: int
) -> tuple[Transformer, dict[str, float]]:
    """Train a model in a style; return it and what the training took."""
    generator = torch.Generator().manual_seed(seed)
    model = Transformer(CONFIG, generator=generator)
    batches = iter(ShuffledBatches(tokens, BATCH, WINDOW - 1, generator=generator))
    optimizer = make_optimizer(model, learning_rate=PEAK)
    predictions, losses, begin = 0, [], time.process_time()
    for step in range(steps):
        rate = warmup_cosine(
            step, peak=PEAK, warmup_steps=WARMUP, total_steps=steps, floor=PEAK / 10
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        inputs, targets = next(batches)
        windows = torch.cat([inputs, targets[:, -1:]], dim=1)
        example = draw_example(style, windows, generator)
        logits = model(example.inputs, mask=example.mask, positions=example.positions)
        loss = next_token_loss(logits, example.targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        predictions += example.n_predictions()
        losses.append(loss.item())
    return model.eval(), {
        "loss": sum(losses[-50:]) / len(losses[-50:]),
        "predictions_per_window": predictions / (steps * BATCH),
        "cpu_seconds": time.process_time() - begin,
    }


def probe(model: Transformer, style: str, windows: torch.Tensor) -> dict[str, float]:
    """Measure both probes on held-out windows."""
    gold = windows[:, GAP]
    scores = fill_in(model, style, windows, GAP, mask_id=MASK, start_id=START)
    nats = continuation_nats(model, style, windows, GAP, mask_id=MASK, start_id=START)
    found = {
        "fill_in_nats": -scores.gather(1, gold[:, None]).mean().item(),
        "fill_in_accuracy": (scores.argmax(dim=1) == gold).float().mean().item(),
        "continuation_nats": nats.mean().item(),
    }
    if style == "next":
        few = windows[:N_RESCORED]
        right = fill_in_by_rescoring(model, few, GAP, n_candidates=N_CHARACTERS) == few[:, GAP]
        single = scores[:N_RESCORED].argmax(dim=1) == few[:, GAP]
        found["rescored_accuracy"] = right.float().mean().item()
        found["same_windows_accuracy"] = single.float().mean().item()
    return found


def write(
    model: Transformer, style: str, windows: torch.Tensor, tokenizer: CharacterTokenizer, seed: int
) -> list[str]:
    """Let the model go on with held-out prefixes."""
    generator = torch.Generator().manual_seed(seed)
    texts = []
    for window in windows[:N_WRITTEN]:
        ids = go_on(
            model,
            style,
            window[:GAP],
            WINDOW - GAP,
            mask_id=MASK,
            start_id=START,
            target_start=WINDOW,
            generator=generator,
        )
        texts.append(tokenizer.decode(ids.tolist()))
    return texts


@torch.inference_mode()
def judged(prefixes: list[str], texts: list[str]) -> float:
    """Bits per byte of the texts after their prefixes, by the course's GPT: how likely they are."""
    model, tokenizer = load_course_gpt()
    bits, n_bytes = 0.0, 0
    for prefix, text in zip(prefixes, texts, strict=True):
        start, ids = tokenizer.encode(prefix), tokenizer.encode(text)
        if not ids:
            continue
        row = torch.tensor([start + ids])
        scores = model(row[:, :-1]).log_softmax(dim=-1)[0, len(start) - 1 :]
        bits -= scores.gather(1, row[0, len(start) :, None]).sum().item() / 0.6931471805599453
        n_bytes += len(text.encode())
    return bits / n_bytes


def held_out_windows(tokens: torch.Tensor) -> torch.Tensor:
    """Windows spread evenly over the held-out text."""
    starts = torch.linspace(0, len(tokens) - WINDOW, N_PROBED).long()
    return torch.stack([tokens[start : start + WINDOW] for start in starts.tolist()])


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--no-weights", action="store_true", help="do not store the first seed's")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    splits = course_corpus()
    train_text, test_text = (
        "\n".join(d.text for d in part if d.id.startswith("bbe/"))
        for part in (splits.train, splits.validation)
    )
    tokenizer = CharacterTokenizer.train([train_text])
    assert tokenizer.vocab_size == N_CHARACTERS
    tokens = torch.tensor(tokenizer.encode(train_text))
    windows = held_out_windows(torch.tensor(tokenizer.encode(test_text)))
    prefixes = [tokenizer.decode(window[:GAP].tolist()) for window in windows[:N_WRITTEN]]
    real = [tokenizer.decode(window[GAP:].tolist()) for window in windows[:N_WRITTEN]]
    folder = ASSETS / "checkpoints" / "five-models"
    runs = []
    for seed in asked.seeds:
        for style in STYLES:
            model, cost = train(style, tokens, seed, asked.steps)
            texts = write(model, style, windows, tokenizer, seed)
            run = {"style": style, "seed": seed, **cost, **probe(model, style, windows)}
            run |= {"judged_bits_per_byte": judged(prefixes, texts), "samples": texts[:3]}
            runs.append(run)
            print(json.dumps(run, ensure_ascii=False), flush=True)
            if seed == asked.seeds[0] and not asked.no_weights:
                folder.mkdir(parents=True, exist_ok=True)
                weights = {name: value.half() for name, value in model.state_dict().items()}
                save_file(weights, folder / f"{style}.safetensors")
    if not asked.no_weights:
        tokenizer.save(folder)
        (folder / "config.json").write_text(json.dumps(CONFIG.to_dict(), indent=1) + "\n")
    result = {
        "command": "python scripts/five_models.py",
        "steps": asked.steps,
        "batch_size": BATCH,
        "window": WINDOW,
        "gap": GAP,
        "vocab_size": CONFIG.vocab_size,
        "mask_id": MASK,
        "start_id": START,
        "n_parameters": Transformer(CONFIG).n_parameters(),
        "training_tokens": len(tokens),
        "n_probed": N_PROBED,
        "n_rescored": N_RESCORED,
        "prefixes": prefixes[:3],
        "real_continuations": real[:3],
        "judged_real_text": judged(prefixes, real),
        "runs": runs,
    }
    target = ASSETS / "results" / "five_models.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
