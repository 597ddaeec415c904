"""Ask the course GPT and SmolLM2 by prompts, and store the answers.

    python scripts/prompting.py [shots] [orders] [wordings] [chat] [summaries]

Writes course_lib/assets/results/prompting.json; a part that is named replaces its own results and
leaves the others, such as those of induction_heads.py. About 9 minutes on one core.

shots: six tasks with 0, 1 and 4 examples, three draws of examples and questions. orders, wordings:
one task, the same examples. chat: the same questions in the template of a conversation. summaries:
TL;DR, and what it has to beat.
"""

import argparse
import datetime
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from course_lib.data import bbc_articles
from course_lib.evaluation import (
    PromptQuestion,
    TextModel,
    Wording,
    answer_log_probabilities,
    chosen,
    course_text_model,
    rouge_l,
    rouge_n,
    smollm2_text_model,
    split_sentences,
)
from course_lib.evaluation.prompt_tasks import (
    N_DRAWS,
    N_EXAMPLES,
    N_QUESTIONS,
    PROMPT_WORDINGS,
    SENTIMENTS,
    draw_of,
    marks,
    prompt_answers,
    prompt_questions,
)
from course_lib.generation import SamplingConfig, generate
from course_lib.models import load_course_gpt
from course_lib.models.chat import chat_prompt

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/prompting.json"
SHOTS, N_ORDERS = (0, 1, 4), 8
ARTICLES, ARTICLE_WORDS, NEW_TOKENS = 20, 140, 60
OTHER_WORDINGS = {
    "Review … Sentiment": (PROMPT_WORDINGS["sentiment"], SENTIMENTS),
    "It was": (Wording("{text} It was"), ("bad", "good")),
    "Is it good? Yes/no": (Wording("{text}\nIs this review positive? Answer:"), ("no", "yes")),
    "with an instruction": (
        Wording(
            "Review: {text}\nSentiment:",
            "Decide for each movie review whether it is positive or negative.\n\n",
        ),
        SENTIMENTS,
    ),
    "labels swapped": (PROMPT_WORDINGS["sentiment"], SENTIMENTS[::-1]),
}
INSTRUCTIONS = {
    "sentiment": 'Is this movie review positive or negative? Answer with one word, "positive" or '
    '"negative", in lower case.\n\n{text}',
    "topic": "What is the topic of this headline? Answer with one of these words: business, "
    "entertainment, politics, sports, tech.\n\n{text}",
    "capital": "What is the capital of {text}? Answer with its name only.",
}


def right_answers(
    model: TextModel,
    wording: Wording,
    examples: Sequence[PromptQuestion],
    questions: Sequence[PromptQuestion],
) -> dict[str, str]:
    """Return which answers were right, as 0 and 1, by each rule of choosing."""
    answers = prompt_answers(model, wording, examples, questions)
    return {rule: marks(found, questions) for rule, found in answers.items()}


def shots_part(models: Sequence[TextModel]) -> list[dict[str, Any]]:
    """Ask both models in all tasks."""
    rows = []
    for name, questions in prompt_questions().items():
        for model, shots, draw in itertools.product(models, SHOTS, range(N_DRAWS)):
            examples, mine = draw_of(questions, draw)
            right = right_answers(model, PROMPT_WORDINGS[name], examples[:shots], mine)
            row = {"model": model.name, "task": name, "shots": shots, "draw": draw, "right": right}
            rows.append(row)
            print(model.name, name, shots, draw, right["sum"].count("1") / N_QUESTIONS, flush=True)
    return rows


def orders_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask after the same four examples, two of each label, in several orders."""
    examples, mine = balanced()
    orders = list(itertools.permutations(range(4)))
    rows = []
    for order in random.Random(0).sample(orders, N_ORDERS):
        right = right_answers(
            smol, PROMPT_WORDINGS["sentiment"], [examples[i] for i in order], mine
        )
        labels = "".join(str(examples[i].right) for i in order)
        rows.append({"order": order, "labels": labels, "right": right})
        print(order, labels, right["sum"].count("1") / N_QUESTIONS, flush=True)
    return rows


def balanced() -> tuple[list[PromptQuestion], list[PromptQuestion]]:
    """Return two examples of each sentiment, and the questions of the first draw."""
    questions = prompt_questions()["sentiment"]
    rest = questions[N_DRAWS * (N_QUESTIONS + N_EXAMPLES) :]
    examples = [q for label in (0, 1) for q in [q for q in rest if q.right == label][:2]]
    return [examples[i] for i in (0, 2, 1, 3)], draw_of(questions, 0)[1]


def wordings_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask the same questions in several words, without and with the same four examples."""
    examples, mine = balanced()
    rows = []
    for (name, (wording, labels)), shots in itertools.product(OTHER_WORDINGS.items(), (0, 4)):
        shown, asked = (
            [PromptQuestion(q.text, labels, q.right) for q in some] for some in (examples, mine)
        )
        right = right_answers(smol, wording, shown[:shots], asked)
        rows.append({"wording": name, "shots": shots, "right": right})
        print(name, shots, right["sum"].count("1") / N_QUESTIONS, flush=True)
    return rows


def chat_part(smol: TextModel) -> list[dict[str, Any]]:
    """Ask the questions of two draws as a user, and without the template in the same words."""
    rows, tasks = [], prompt_questions()
    for (name, words), template in itertools.product(INSTRUCTIONS.items(), (True, False)):
        questions = [q for draw in (0, 1) for q in draw_of(tasks[name], draw)[1]]
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


def run_parts(
    description: str, command: str, makers: Mapping[str, Callable[[], Any]], target: Path = TARGET
) -> int:
    """Run the parts named on the command line, or all; write each when it is done."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(makers)}")
    parser.add_argument("--out", type=Path, default=target)
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(makers):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    result: dict[str, Any] = {}
    if arguments.out.exists():
        result = json.loads(arguments.out.read_text(encoding="utf-8"))
    for name in arguments.parts or makers:
        start = time.process_time()
        result[name] = makers[name]()
        result["seconds"] = result.get("seconds", {}) | {name: round(time.process_time() - start)}
        result["commands"] = result.get("commands", {}) | {name: f"{command} {name}"}
        result |= {
            "date": datetime.date.today().isoformat(),
            "questions_per_draw": N_QUESTIONS,
        }
        arguments.out.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def main() -> int:
    """Run the parts that are named, or all; keep the others' results."""
    smol = cache(smollm2_text_model)

    def both() -> tuple[TextModel, TextModel]:
        return course_text_model(*load_course_gpt(), "course GPT"), smol()

    return run_parts(
        __doc__ or "",
        "python scripts/prompting.py",
        {
            "shots": lambda: shots_part(both()),
            "orders": lambda: orders_part(smol()),
            "wordings": lambda: wordings_part(smol()),
            "chat": lambda: chat_part(smol()),
            "summaries": lambda: summaries_part(smol()),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
