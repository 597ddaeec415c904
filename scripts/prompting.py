"""Ask the course GPT and SmolLM2 by prompts, silence SmolLM2's induction heads, store it all.

    python scripts/prompting.py [shots] [heads] [orders] [wordings] [chat] [summaries] [layers]

Writes course_lib/assets/results/prompting.json; a part that is named replaces its own results and
leaves the others. About 15 minutes on one core.

shots: six tasks with 0, 1 and 4 examples, three draws of examples and questions. heads: which heads
copy in a repeated sequence of random tokens, and what silencing them costs there, in news and in a
task with examples. orders, wordings: one task, the same examples. chat: the same questions in the
template of a conversation. summaries: TL;DR, and what it has to beat. layers: models of one and
two layers learn to copy.
"""

import argparse
import datetime
import itertools
import json
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from course_lib.data import (
    analogy_questions,
    bbc_articles,
    french_words,
    interface_splits,
    sentiment_splits,
)
from course_lib.evaluation import (
    PromptQuestion,
    TextModel,
    Wording,
    answer_log_probabilities,
    chosen,
    course_text_model,
    questions_from_pairs,
    rouge_l,
    rouge_n,
    smollm2_text_model,
    split_sentences,
)
from course_lib.evaluation.head_roles import offset_targets, role_score
from course_lib.evaluation.induction import (
    attention_maps,
    best_heads,
    heads_silenced,
    other_heads_of_same_layers,
    repeated_tokens,
    successor_targets,
)
from course_lib.generation import SamplingConfig, generate
from course_lib.models import Transformer, TransformerConfig, load_course_gpt
from course_lib.models.chat import chat_prompt
from course_lib.training import make_optimizer

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/prompting.json"
SHOTS, DRAWS, N = (0, 1, 4), (0, 1, 2), 24
N_EXAMPLES = 4  # set aside for each draw
N_ORDERS, COPY, SILENCED, CONTROLS = 8, 50, (1, 2, 4, 8), (0, 1, 2)
VOCABULARY = 24
ARTICLES, ARTICLE_WORDS, NEW_TOKENS = 20, 140, 60
SENTIMENTS = ("negative", "positive")
WORDINGS = {
    "sentiment": Wording("Review: {text}\nSentiment:"),
    "topic": Wording("Headline: {text}\nTopic:"),
    "capital": Wording("Q: What is the capital of {text}?\nA:"),
    "French": Wording("French: {text}\nEnglish:"),
    "Chinese": Wording("Chinese: {text}\nEnglish:"),
    "headline": Wording("{text}\nTL;DR:"),
}
OTHER_WORDINGS = {
    "Review … Sentiment": (WORDINGS["sentiment"], SENTIMENTS),
    "It was": (Wording("{text} It was"), ("bad", "good")),
    "Is it good? Yes/no": (Wording("{text}\nIs this review positive? Answer:"), ("no", "yes")),
    "with an instruction": (
        Wording(
            "Review: {text}\nSentiment:",
            "Decide for each movie review whether it is positive or negative.\n\n",
        ),
        SENTIMENTS,
    ),
    "labels swapped": (WORDINGS["sentiment"], SENTIMENTS[::-1]),
}
INSTRUCTIONS = {
    "sentiment": 'Is this movie review positive or negative? Answer with one word, "positive" or '
    '"negative", in lower case.\n\n{text}',
    "topic": "What is the topic of this headline? Answer with one of these words: business, "
    "entertainment, politics, sports, tech.\n\n{text}",
    "capital": "What is the capital of {text}? Answer with its name only.",
}


def all_questions() -> dict[str, list[PromptQuestion]]:
    """Return at least (N + N_EXAMPLES) · 3 questions of each task, in a random order."""
    articles = bbc_articles()
    topics = tuple(sorted({article.meta["topic"] for article in articles}))
    random.Random(0).shuffle(articles)
    few = articles[: 4 * (N + N_EXAMPLES)]
    brief = [a for a in articles if len(split_sentences(a.text)[0].split()) <= 15]
    capitals = sorted({(c, d) for _, _, c, d in analogy_questions()["capital-world"]})
    chinese = [  # the course GPT reads 256 tokens, and cuts a Chinese character into three
        pair
        for pair in interface_splits().test
        if 4 <= len(pair.source) <= 8 and len(pair.target) <= 30
    ]
    reviews = [item for item in sentiment_splits().test if len(item.texts[0].split()) <= 16]
    tasks = {
        "sentiment": [PromptQuestion(item.texts[0], SENTIMENTS, item.label) for item in reviews],
        "topic": [
            PromptQuestion(a.meta["headline"], topics, topics.index(a.meta["topic"])) for a in few
        ],
        "capital": questions_from_pairs([(d.title(), c.title()) for c, d in capitals]),
        "French": questions_from_pairs(french_words()),
        "Chinese": questions_from_pairs([(pair.source, pair.target) for pair in chinese]),
        "headline": questions_from_pairs(
            [
                (split_sentences(a.text)[0], a.meta["headline"])
                for a in brief[: 4 * (N + N_EXAMPLES)]
            ]
        ),
    }
    for questions in tasks.values():
        random.Random(1).shuffle(questions)
    return tasks


def part_of(
    questions: Sequence[PromptQuestion], draw: int
) -> tuple[list[PromptQuestion], list[PromptQuestion]]:
    """Return the examples and the questions of a draw; no question is in two draws."""
    size = N + N_EXAMPLES
    mine = list(questions[draw * size : (draw + 1) * size])
    return mine[:N_EXAMPLES], mine[N_EXAMPLES:]


def ask(
    model: TextModel,
    wording: Wording,
    examples: Sequence[PromptQuestion],
    questions: Sequence[PromptQuestion],
) -> dict[str, str]:
    """Return which answers were right, as 0 and 1, by three rules of choosing."""
    is_fixed = len({question.candidates for question in questions}) == 1
    asked = [*questions, PromptQuestion("N/A", questions[0].candidates, 0)]
    scores = answer_log_probabilities(
        model,
        [wording.prompt(question.text, examples) for question in asked],
        [question.candidates for question in asked],
    )
    *scores, empty = scores
    rules: dict[str, dict[str, Any]] = {"sum": {}, "per token": {"per_token": True}}
    if is_fixed:
        rules["calibrated"] = {"content_free": empty}
    return {
        name: "".join(
            str(int(chosen(found, **rule) == question.right))
            for found, question in zip(scores, questions, strict=True)
        )
        for name, rule in rules.items()
    }


def shots_part(models: Sequence[TextModel]) -> list[dict[str, Any]]:
    """Ask both models in all tasks."""
    rows = []
    for name, questions in all_questions().items():
        for model, shots, draw in itertools.product(models, SHOTS, DRAWS):
            examples, mine = part_of(questions, draw)
            right = ask(model, WORDINGS[name], examples[:shots], mine)
            row = {"model": model.name, "task": name, "shots": shots, "draw": draw, "right": right}
            rows.append(row)
            print(model.name, name, shots, draw, right["sum"].count("1") / N, flush=True)
    return rows


@torch.no_grad()
def losses(network: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return the loss in nats at each token but the first."""
    return torch.nn.functional.cross_entropy(
        network(tokens[None, :-1])[0], tokens[1:], reduction="none"
    )


def heads_part(smol: TextModel) -> dict[str, Any]:
    """Score all heads, and silence the best and others of the same layers."""
    network: Any = smol.logits
    plain = torch.tensor([i for i, p in enumerate(smol.pieces) if p[1:].isalpha() and p[0] == " "])
    news = bbc_articles()[7].text
    text = torch.tensor([smol.start, *smol.encode(news)[:200]])
    twice = [
        repeated_tokens(
            plain, COPY, generator=torch.Generator().manual_seed(seed), start=smol.start
        )
        for seed in DRAWS
    ]
    scores = []
    for tokens in twice:
        maps = attention_maps(network, tokens)
        scores.append(role_score(maps, successor_targets(tokens)))
    mean = torch.stack(scores).mean(0)
    n_heads = mean.shape[1]

    def cost(seed: int) -> dict[str, Any]:
        nats = losses(network, twice[seed])
        return {"first": float(nats[:COPY].mean()), "second": float(nats[COPY + 1 :].mean())}

    def measured(heads: list[tuple[int, int]], what: str, n: int) -> dict[str, Any]:
        with heads_silenced(network, heads):
            per_seed = [cost(seed) for seed in DRAWS]
            row = {"what": what, "n": n, "heads": heads, "copies": per_seed}
            row["news"] = float(losses(network, text).mean())
        print(row, flush=True)
        return row

    rows = [measured([], "nothing", 0)]
    for n in SILENCED:
        best = best_heads(mean, n)
        rows.append(measured(best, "induction", n))
        controls = [other_heads_of_same_layers(best, n_heads, seed=seed) for seed in CONTROLS]
        rows += [measured(heads, "control", n) for heads in controls]
    task = []
    best = best_heads(mean, min(8, SILENCED[-1]))
    arms: dict[str, list[tuple[int, int]]] = {"nothing": [], "induction": best} | {
        f"control {s}": other_heads_of_same_layers(best, n_heads, seed=s) for s in CONTROLS
    }
    questions = all_questions()
    for (name, heads), which in itertools.product(arms.items(), ("French", "capital")):
        examples, mine = part_of(questions[which], 0)
        with heads_silenced(network, heads):
            right = ask(smol, WORDINGS[which], examples, mine)["sum"]
        task.append({"arm": name, "task": which, "right": right})
        print(name, which, right.count("1") / N, flush=True)
    return {
        "copy_length": COPY,
        "scores": [[round(x, 4) for x in row] for row in mean.tolist()],
        "spread": float(torch.stack(scores).std(0).max()),
        "silenced": rows,
        "task": task,
    }


def orders_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask after the same four examples, two of each label, in several orders."""
    examples, mine = balanced()
    orders = list(itertools.permutations(range(4)))
    rows = []
    for order in random.Random(0).sample(orders, N_ORDERS):
        right = ask(smol, WORDINGS["sentiment"], [examples[i] for i in order], mine)
        labels = "".join(str(examples[i].right) for i in order)
        rows.append({"order": order, "labels": labels, "right": right})
        print(order, labels, right["sum"].count("1") / N, flush=True)
    return rows


def balanced() -> tuple[list[PromptQuestion], list[PromptQuestion]]:
    """Return two examples of each sentiment, and the questions of the first draw."""
    questions = all_questions()["sentiment"]
    rest = questions[len(DRAWS) * (N + N_EXAMPLES) :]
    examples = [q for label in (0, 1) for q in [q for q in rest if q.right == label][:2]]
    return [examples[i] for i in (0, 2, 1, 3)], part_of(questions, 0)[1]


def wordings_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask the same questions in several words, without and with the same four examples."""
    examples, mine = balanced()
    rows = []
    for (name, (wording, labels)), shots in itertools.product(OTHER_WORDINGS.items(), (0, 4)):
        shown, asked = (
            [PromptQuestion(q.text, labels, q.right) for q in some] for some in (examples, mine)
        )
        right = ask(smol, wording, shown[:shots], asked)
        rows.append({"wording": name, "shots": shots, "right": right})
        print(name, shots, right["sum"].count("1") / N, flush=True)
    return rows


def chat_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask the questions of two draws as a user, and without the template in the same words."""
    rows, tasks = [], all_questions()
    for (name, words), template in itertools.product(INSTRUCTIONS.items(), (True, False)):
        questions = [q for draw in (0, 1) for q in part_of(tasks[name], draw)[1]]
        texts = [words.replace("{text}", question.text) for question in questions]
        prompts = [chat_prompt([{"role": "user", "content": text}]) for text in texts]
        if not template:
            prompts = [f"{text}\n" for text in texts]
        scores = answer_log_probabilities(
            smol, prompts, [q.candidates for q in questions], joint=""
        )
        right = "".join(
            str(int(chosen(found) == q.right)) for found, q in zip(scores, questions, strict=True)
        )
        rows.append({"task": name, "template": template, "right": right})
        print(name, template, right.count("1") / len(right), flush=True)
    return rows


def summaries_part(smol: TextModel) -> dict[str, Any]:
    """Let SmolLM2 summarize, and score it and rules against the headline by ROUGE."""
    network: Any = smol.logits
    articles = [a for a in bbc_articles() if len(a.text.split()) > 1.5 * ARTICLE_WORDS]
    articles = random.Random(2).sample(articles, ARTICLES)
    shown = [" ".join(" ".join(split_sentences(a.text)).split()[:ARTICLE_WORDS]) for a in articles]
    shown = [text[: text.rfind(". ") + 1] or text for text in shown]  # whole sentences
    draw = random.Random(3)
    texts: dict[str, list[str]] = {
        "first sentences": shown,
        "random sentences": [" ".join(draw.sample(s, len(s))) for s in map(split_sentences, shown)],
    }
    arms = {
        "TL;DR:": [f"{text}\nTL;DR:" for text in shown],
        "no hint": [f"{text}\n" for text in shown],
        "conversation": [
            chat_prompt([{"role": "user", "content": f"Summarize in one sentence:\n\n{text}"}])
            for text in shown
        ],
    }
    end = smol.encode("<|im_end|>")[0]
    for name, prompts in arms.items():
        with torch.inference_mode():
            written = generate(
                network,
                [[smol.start, *smol.encode(prompt)] for prompt in prompts],
                max_new_tokens=NEW_TOKENS,
                sampling=SamplingConfig(top_k=2),
                generator=torch.Generator().manual_seed(0),
                stop_tokens=[smol.start, end],
            )
        pieces = [[smol.pieces[i] for i in row if i not in (smol.start, end)] for row in written]
        texts[name] = ["".join(row) for row in pieces]
        print(name, texts[name][:2], flush=True)
    rows = []
    for (name, summaries), n in itertools.product(texts.items(), (1, 3)):
        cut = [" ".join(split_sentences(text)[:n]) for text in summaries]
        pairs = [(text, a.meta["headline"]) for text, a in zip(cut, articles, strict=True)]
        row: dict[str, Any] = {"arm": name, "sentences": n}
        for label, score in (
            ("1", lambda a, b: rouge_n(a, b, 1)),
            ("2", lambda a, b: rouge_n(a, b, 2)),
            ("L", rouge_l),
        ):
            row[f"ROUGE-{label}"] = [round(score(*pair).f1, 4) for pair in pairs]
        row["copied"] = [
            round(rouge_n(text, source, 2).precision, 4)
            for text, source in zip(cut, shown, strict=True)
        ]
        row["words"] = [len(text.split()) for text in cut]
        rows.append(row)
        print(name, n, sum(row["ROUGE-1"]) / ARTICLES, sum(row["copied"]) / ARTICLES, flush=True)
    return {"articles": ARTICLES, "words": ARTICLE_WORDS, "new_tokens": NEW_TOKENS, "rows": rows}


def train_copier(
    n_layers: int, seed: int, n_steps: int
) -> tuple[Transformer, list[tuple[int, float]]]:
    """Train on random tokens written twice; return the model and (step, loss on the second copy).

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
    curve = []
    for step in range(n_steps + 1):
        length = int(torch.randint(6, 17, (1,), generator=draws))
        once = torch.rand(64, VOCABULARY, generator=draws).argsort(-1)[:, :length]
        logits = model(torch.cat([once, once[:, :-1]], dim=1))[:, length:]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), once[:, 1:].flatten())
        if step % 20 == 0:
            curve.append((step, round(loss.item(), 3)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), curve


def layers_part(n_steps: int = 800) -> list[dict[str, Any]]:
    """Train models of one and of two layers, three seeds each."""
    rows = []
    for n_layers, seed in itertools.product((1, 2), DRAWS):
        model, curve = train_copier(n_layers, seed, n_steps)
        draws = torch.Generator().manual_seed(100 + seed)
        tokens = repeated_tokens(torch.arange(VOCABULARY), 16, generator=draws)
        maps = attention_maps(model, tokens)
        roles = {
            "induction": role_score(maps, successor_targets(tokens)),
            "previous token": role_score(maps, offset_targets(len(tokens), -1)),
        }
        rows.append(
            {"layers": n_layers, "seed": seed, "curve": curve}
            | {name: [[round(x, 3) for x in r] for r in s.tolist()] for name, s in roles.items()}
        )
        print(n_layers, seed, curve[-1], rows[-1]["induction"], flush=True)
    return rows


def main() -> int:
    """Run the parts that are named, or all; keep the others' results."""
    names = ("shots", "heads", "orders", "wordings", "chat", "summaries", "layers")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    smol = cache(smollm2_text_model)
    makers: dict[str, Callable[[], Any]] = {
        "shots": lambda: shots_part((course_text_model(*load_course_gpt(), "course GPT"), smol())),
        "heads": lambda: heads_part(smol()),
        "orders": lambda: orders_part(smol()),
        "wordings": lambda: wordings_part(smol()),
        "chat": lambda: chat_part(smol()),
        "summaries": lambda: summaries_part(smol()),
        "layers": layers_part,
    }
    result: dict[str, Any] = {}
    if arguments.out.exists():
        result = json.loads(arguments.out.read_text(encoding="utf-8"))
    for name in arguments.parts or names:
        start = time.process_time()
        result[name] = makers[name]()
        result["seconds"] = result.get("seconds", {}) | {name: round(time.process_time() - start)}
        result |= {
            "command": "python scripts/prompting.py",
            "date": datetime.date.today().isoformat(),
            "questions_per_draw": N,
        }
        arguments.out.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
