"""Find SmolLM2's induction heads, silence them, and let small models learn to copy; store it all.

    python scripts/induction_heads.py [heads] [copying] [layers] [late]

Writes its parts into course_lib/assets/results/prompting.json, beside those of prompting.py. About
7 minutes on one core.

heads: which heads copy in a repeated sequence of random tokens, and what silencing them costs
there, in news and in two tasks with examples. copying: the same heads silenced in two tasks where
copying matters: a color given to an invented word, and a topic after a single example. layers:
models of one and of two layers learn to copy. late: the two-layer model that had not found an
induction head, trained twice as long, where its heads look, and what it does when the second copy
begins in the middle.
"""

import itertools
import math
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from prompting import run_parts

from course_lib.data import bbc_articles
from course_lib.evaluation import (
    TextModel,
    Wording,
    answer_log_probabilities,
    chosen,
    smollm2_text_model,
)
from course_lib.evaluation.head_roles import offset_targets, role_score
from course_lib.evaluation.induction import (
    Head,
    attention_maps,
    best_heads,
    heads_silenced,
    other_heads_of_same_layers,
    repeated_tokens,
    successor_targets,
)
from course_lib.evaluation.prompt_tasks import (
    N_DRAWS,
    N_QUESTIONS,
    PROMPT_WORDINGS,
    draw_of,
    lookup_questions,
    marks,
    prompt_answers,
    prompt_questions,
)
from course_lib.models import Transformer, TransformerConfig
from course_lib.training import make_optimizer

COPY, SILENCED, CONTROLS = 50, (1, 2, 4, 8), (0, 1, 2)
VOCABULARY = 24
LATE_SEED, LATE_STEPS = 1, 1600


@torch.no_grad()
def losses(network: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return the loss in nats at each token but the first."""
    return torch.nn.functional.cross_entropy(
        network(tokens[None, :-1])[0], tokens[1:], reduction="none"
    )


def repeated(smol: TextModel) -> list[torch.Tensor]:
    """Return three sequences of random words of SmolLM2's vocabulary, each written twice."""
    plain = torch.tensor([i for i, p in enumerate(smol.pieces) if p[1:].isalpha() and p[0] == " "])
    return [
        repeated_tokens(
            plain, COPY, generator=torch.Generator().manual_seed(seed), start=smol.start
        )
        for seed in range(N_DRAWS)
    ]


def head_scores(smol: TextModel) -> torch.Tensor:
    """Return the induction score of each head in each of three sequences, [3 L H]."""
    network: Any = smol.logits
    return torch.stack(
        [
            role_score(attention_maps(network, tokens), successor_targets(tokens))
            for tokens in repeated(smol)
        ]
    )


def arms_of(scores: torch.Tensor, n: int) -> dict[str, list[Head]]:
    """Return what is silenced: nothing, the n best heads, and as many others of their layers."""
    best = best_heads(scores, n)
    others = {
        f"control {seed}": other_heads_of_same_layers(best, scores.shape[1], seed=seed)
        for seed in CONTROLS
    }
    return {"nothing": [], "induction": best} | others


def heads_part(smol: TextModel) -> dict[str, Any]:
    """Score all heads, and silence the best and others of the same layers."""
    network: Any = smol.logits
    text = torch.tensor([smol.start, *smol.encode(bbc_articles()[7].text)[:200]])
    twice = repeated(smol)
    scores = head_scores(smol)
    mean = scores.mean(0)

    def cost(seed: int) -> dict[str, Any]:
        nats = losses(network, twice[seed])
        return {"first": float(nats[:COPY].mean()), "second": float(nats[COPY + 1 :].mean())}

    rows = []
    for n in (0, *SILENCED):
        arms = arms_of(mean, n) if n else {"nothing": []}
        for name, heads in arms.items():
            if n and not heads:
                continue
            with heads_silenced(network, heads):
                per_seed = [cost(seed) for seed in range(N_DRAWS)]
                row = {"what": name.split()[0], "n": n, "heads": heads, "copies": per_seed}
                row["news"] = float(losses(network, text).mean())
            rows.append(row)
            print(row, flush=True)
    task = []
    questions = prompt_questions()
    arms = arms_of(mean, SILENCED[-1])
    for (name, heads), which in itertools.product(arms.items(), ("French", "capital")):
        examples, mine = draw_of(questions[which], 0)
        with heads_silenced(network, heads):
            answers = prompt_answers(smol, PROMPT_WORDINGS[which], examples, mine)["sum"]
        right = marks(answers, mine)
        task.append({"arm": name, "task": which, "right": right})
        print(name, which, right.count("1") / N_QUESTIONS, flush=True)
    return {
        "copy_length": COPY,
        "scores": [[round(x, 4) for x in row] for row in mean.tolist()],
        "spread": float(scores.std(0).max()),
        "silenced": rows,
        "task": task,
    }


def copying_part(smol: TextModel) -> list[dict[str, Any]]:
    """Silence the same heads where the answer, or the mistake, stands in the examples.

    topic: one example, whose label may be copied; "same" marks the answers equal to it.
    lookup: the color that an invented word was given four lines above or less.
    """
    network: Any = smol.logits
    arms = arms_of(head_scores(smol).mean(0), SILENCED[-1])
    topics = prompt_questions()["topic"]
    wording = Wording("{text}:", between="\n")
    rows: list[dict[str, Any]] = []
    for (name, heads), draw in itertools.product(arms.items(), range(N_DRAWS)):
        examples, mine = draw_of(topics, draw)
        with heads_silenced(network, heads):
            answers = prompt_answers(smol, PROMPT_WORDINGS["topic"], examples[:1], mine)["sum"]
        asked = lookup_questions(draw)
        prompts = [wording.prompt(q.text, shown) for shown, q in asked]
        with heads_silenced(network, heads):
            found = answer_log_probabilities(smol, prompts, [q.candidates for _, q in asked])
        colors = [chosen(scores) for scores in found]
        same = "".join(str(int(answer == examples[0].right)) for answer in answers)
        row: dict[str, Any] = {
            "arm": name,
            "draw": draw,
            "task": "topic",
            "right": marks(answers, mine),
        }
        rows.append(row | {"same": same})
        right = marks(colors, [question for _, question in asked])
        rows.append({"arm": name, "draw": draw, "task": "lookup", "right": right})
        print(name, draw, row["right"].count("1"), same.count("1"), right.count("1"), flush=True)
    return rows


def train_copier(
    n_layers: int, seed: int, n_steps: int
) -> Iterator[tuple[Transformer, int, float]]:
    """Train on random tokens written twice; yield (model, step, loss on the second copy).

    The copies are of 6 to 16 tokens, so no fixed distance leads to the answer.
    """
    config = TransformerConfig(
        VOCABULARY, 64, d_model=64, n_heads=4, n_layers=n_layers, d_ff=64, positions="rotary"
    )
    draws = torch.Generator().manual_seed(seed)
    model = Transformer(config, generator=draws)
    with torch.no_grad():  # GPT's product of width and variance
        for weight in model.blocks.parameters():
            if weight.ndim == 2:
                weight.mul_(math.sqrt(768 / config.d_model))
    optimizer = make_optimizer(model, learning_rate=1e-3, weight_decay=0.0)
    for step in range(n_steps + 1):
        length = int(torch.randint(6, 17, (1,), generator=draws))
        once = torch.rand(64, VOCABULARY, generator=draws).argsort(-1)[:, :length]
        logits = model(torch.cat([once, once[:, :-1]], dim=1))[:, length:]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), once[:, 1:].flatten())
        yield model, step, loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def roles_of(model: Transformer, seed: int) -> dict[str, list[list[float]]]:
    """Return how much each head looks behind the earlier occurrence, and at the token before."""
    draws = torch.Generator().manual_seed(100 + seed)
    tokens = repeated_tokens(torch.arange(VOCABULARY), 16, generator=draws)
    maps = attention_maps(model, tokens)
    roles = {
        "induction": role_score(maps, successor_targets(tokens)),
        "previous token": role_score(maps, offset_targets(len(tokens), -1)),
    }
    return {name: [[round(x, 3) for x in r] for r in s.tolist()] for name, s in roles.items()}


def layers_part(n_steps: int = 800) -> list[dict[str, Any]]:
    """Train models of one and of two layers, three seeds each."""
    rows = []
    for n_layers, seed in itertools.product((1, 2), range(N_DRAWS)):
        curve = []
        for model, step, loss in train_copier(n_layers, seed, n_steps):  # noqa: B007
            if step % 20 == 0:
                curve.append((step, round(loss, 3)))
        row = {"layers": n_layers, "seed": seed, "curve": curve}
        rows.append(row | roles_of(model.eval(), seed))
        print(n_layers, seed, curve[-1], rows[-1]["induction"], flush=True)
    return rows


def look_back(model: Transformer, length: int, seed: int, n_sequences: int = 8) -> Any:
    """Return the mean weight of each head by how far back it looks, [L][H][2 · length].

    Queries are the positions of the second copy, where the earlier occurrence of the token is
    `length` places back and what came after it `length` − 1.
    """
    draws = torch.Generator().manual_seed(200 + seed)
    total = torch.zeros(model.config.n_layers, model.config.n_heads, 2 * length)
    for _ in range(n_sequences):
        tokens = repeated_tokens(torch.arange(VOCABULARY), length, generator=draws)
        maps = attention_maps(model, tokens)
        for t in range(length, 2 * length):
            total[..., : t + 1] += maps[:, :, t, : t + 1].flip(-1) / (length * n_sequences)
    return [[[round(x, 3) for x in head] for head in layer] for layer in total.tolist()]


@torch.no_grad()
def begun_in_the_middle(model: Transformer, seed: int, n: int = 200) -> dict[str, float]:
    """Repeat three tokens from the middle of eight, and return what share of guesses is which.

    "behind" is what came next in the first copy, as an induction head finds it; "oldest" the
    first of all tokens, the oldest one that has not come again.
    """
    draws = torch.Generator().manual_seed(300 + seed)
    once = torch.rand(n, VOCABULARY, generator=draws).argsort(-1)[:, :8]
    guesses = model(torch.cat([once, once[:, 3:6]], dim=1))[:, -1].argmax(-1)
    found = {"behind": once[:, 6], "oldest": once[:, 0]}
    return {name: float((guesses == right).float().mean()) for name, right in found.items()}


def late_part() -> dict[str, Any]:
    """Train the seed that had found no induction head on, and see what it does instead."""
    steps, middle = [], []
    for seed in range(N_DRAWS):
        last = LATE_STEPS if seed == LATE_SEED else LATE_STEPS // 2
        recent: list[float] = []
        for model, step, loss in train_copier(2, seed, last):
            recent = [*recent[-19:], loss]
            if step % 200 == 0 and step and seed == LATE_SEED:
                row: dict[str, Any] = {"step": step, "loss": round(sum(recent) / len(recent), 3)}
                row["looks"] = {str(n): look_back(model, n, seed) for n in (10, 16)}
                steps.append(row | roles_of(model, seed))
                print(step, row["loss"], steps[-1]["induction"], flush=True)
            if step in (LATE_STEPS // 2, LATE_STEPS):
                test = begun_in_the_middle(model, seed)
                loss = round(sum(recent) / len(recent), 3)
                middle.append({"seed": seed, "step": step, "loss": loss} | test)
                print(middle[-1], flush=True)
    return {"steps": steps, "middle": middle}


def main() -> int:
    """Run the parts that are named, or all; keep the others' results."""
    smol = cache(smollm2_text_model)
    return run_parts(
        __doc__ or "",
        "python scripts/induction_heads.py",
        {
            "heads": lambda: heads_part(smol()),
            "copying": lambda: copying_part(smol()),
            "layers": layers_part,
            "late": late_part,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
