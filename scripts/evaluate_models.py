"""Evaluate the course GPT and SmolLM2 on held-out text, cloze questions and votes; store all.

    python scripts/evaluate_models.py [text] [cloze] [votes]

Writes course_lib/assets/results/evaluation.json; a part that is named replaces its own results
and leaves the others. About 10 minutes on one core.

text: for excerpts of each held-out document and of some BBC articles, the nats that each model
needs and the longest run of tokens that greedy decoding would get right. cloze: each question's
outcome. votes: five writers continue the same beginnings; two judges, both made of SmolLM2, compare
all pairs: one by log-probability, one by being asked, in both orders.
"""

import argparse
import datetime
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from course_lib.data import Document, bbc_articles, course_corpus
from course_lib.evaluation import (
    TextModel,
    TrigramModel,
    choice,
    course_text_model,
    frequency_choice,
    frequency_word,
    last_word_questions,
    last_word_score,
    missing_word_questions,
    recency_choice,
    recency_word,
    split_sentences,
    strided_windows,
    transformers_text_model,
)
from course_lib.generation import SamplingConfig, generate
from course_lib.models import load_course_gpt, load_smollm2

TARGET = Path(__file__).resolve().parent.parent / "course_lib/assets/results/evaluation.json"
EXCERPT = 2500  # bytes of each document
N_NEWS = 12
LAST_WORDS, CHOICES = 80, 30
SEED = 0
PROMPTS, PROMPT_WORDS, CONTINUED = 4, 40, 36
QUESTION = (
    "Here is the beginning of a text:\n\n{prompt}\n\nTwo ways to continue it:\n\nA: {left}\n\n"
    "B: {right}\n\nWhich continuation is better? Answer with one letter, A or B."
)


def excerpt(text: str, n_bytes: int = EXCERPT) -> str:
    """Return the first bytes of a text, whole characters only."""
    return text.encode()[:n_bytes].decode(errors="ignore")


def documents() -> list[Document]:
    """Return the held-out documents of the course, and news that no course model has seen."""
    news = bbc_articles()
    return [*course_corpus().validation, *news[:: len(news) // N_NEWS][:N_NEWS]]


@torch.no_grad()
def read(model: TextModel, text: str) -> tuple[int, float, int]:
    """Return tokens, nats, and the longest run of tokens that were the most probable ones."""
    ids = torch.tensor([model.start, *model.encode(text)])
    nats, hits = 0.0, []
    length = model.context_length
    for window in strided_windows(len(ids), length, max(1, length // 2)):
        end = window.start + window.length
        logits = model.logits(ids[None, window.start : end])[0, -window.n_scored :]
        targets = ids[end - window.n_scored + 1 : end + 1]
        log_p = logits.float().log_softmax(-1)
        nats -= float(log_p.gather(-1, targets[:, None]).double().sum())
        hits += (log_p.argmax(-1) == targets).tolist()
    runs = [sum(1 for _ in group) for hit, group in itertools.groupby(hits) if hit]
    return len(hits), nats, max(runs, default=0)


def counts(course: TextModel) -> TrigramModel:
    """Return a trigram model of the training text, in the course GPT's tokens."""
    train = [course.start]
    for document in course_corpus().train:
        train += [*course.encode(document.text), course.start]
    return TrigramModel.fit(train, len(course.pieces))


def text_part(course: TextModel, smol: TextModel) -> dict[str, Any]:
    """Score every excerpt with both networks and the trigram model."""
    trigram = counts(course)
    rows = []
    for document in documents():
        text = excerpt(document.text)
        row: dict[str, Any] = {"id": document.id, "n_bytes": len(text.encode())}
        row |= {"n_characters": len(text), "n_words": len(text.split())}
        for name, model in (("course GPT", course), ("SmolLM2", smol)):
            n, nats, run = read(model, text)
            row[name] = {"n_tokens": n, "nats": round(nats, 3), "longest_run": run}
        score = trigram.score([course.start, *course.encode(text)])
        row["trigram"] = {"n_tokens": score.n_tokens, "nats": round(score.total_nats, 3)}
        rows.append(row)
        print(document.id, row["SmolLM2"], flush=True)
    return {"excerpt_bytes": EXCERPT, "documents": rows}


def cloze_part(course: TextModel, smol: TextModel) -> dict[str, Any]:
    """Ask both networks and the rules all questions."""
    held_out = course_corpus().validation
    questions = last_word_questions(held_out, n=LAST_WORDS, seed=SEED)
    found: dict[str, Any] = {
        "source": [q.source for q in questions],
        "frequency": [frequency_word(q) == q.answer.lower() for q in questions],
        "recency": [recency_word(q) == q.answer.lower() for q in questions],
    }
    for model in (course, smol):
        for only in (False, True):
            scores = [last_word_score(model, q, sentence_only=only) for q in questions]
            name = f"{model.name}, sentence only" if only else model.name
            found[name] = {
                "nats": [round(-score.log_probability, 3) for score in scores],
                "n_tokens": [score.n_tokens for score in scores],
                "guess": [score.is_guess for score in scores],
                "filtered": [score.is_guess_filtered for score in scores],
            }
            print("last word", name, sum(found[name]["filtered"]), flush=True)
    result: dict[str, Any] = {"last_word": found}
    for kind in ("noun", "name"):
        every = missing_word_questions(held_out, "noun" if kind == "noun" else "name", seed=SEED)
        chosen = sorted(random.Random(SEED).sample(range(len(every)), CHOICES))
        asked = [every[place] for place in chosen]
        right = [q.candidates.index(q.answer) for q in asked]
        answers: dict[str, list[int]] = {
            "frequency": [frequency_choice(q) for q in asked],
            "recency": [recency_choice(q) for q in asked],
            course.name: [choice(course, q) for q in asked],
            smol.name: [choice(smol, q) for q in asked],
        }
        result[kind] = {
            "n_made": len(every),
            "source": [q.source for q in asked],
            **{
                who: [a == b for a, b in zip(given, right, strict=True)]
                for who, given in answers.items()
            },
        }
        print(kind, {who: sum(result[kind][who]) for who in answers}, flush=True)
    return result


def beginnings() -> list[tuple[str, str]]:
    """Return prompts from held-out documents, and how they really go on."""
    draw = random.Random(SEED)
    found = []
    for document in draw.sample(course_corpus().validation, PROMPTS):
        sentences = split_sentences(document.text)
        start = draw.randrange(len(sentences) // 2)
        words = " ".join(sentences[start:]).split()
        prompt, rest = words[:PROMPT_WORDS], words[PROMPT_WORDS : PROMPT_WORDS + CONTINUED]
        found.append((" ".join(prompt), " ".join(rest)))
    return found


def writers() -> dict[str, Callable[[str, int], str]]:
    """Return who continues a prompt: name → function of the prompt and a seed."""
    model, tokenizer = load_course_gpt()
    text_model = course_text_model(model, tokenizer, "course GPT")
    smol, smol_tokenizer = load_smollm2()
    trigram = counts(text_model)

    def course(sampling: SamplingConfig) -> Callable[[str, int], str]:
        def write(prompt: str, seed: int) -> str:
            (ids,) = generate(
                model,
                [text_model.start, *tokenizer.encode(prompt)],
                max_new_tokens=2 * CONTINUED,
                sampling=sampling,
                generator=torch.Generator().manual_seed(seed),
            )
            return tokenizer.decode(ids)

        return write

    def by_counting(prompt: str, seed: int) -> str:
        generator = torch.Generator().manual_seed(seed)
        ids = tokenizer.encode(prompt)
        for _ in range(2 * CONTINUED):
            chances = torch.from_numpy(trigram.distribution(ids[-2], ids[-1]))
            ids.append(int(torch.multinomial(chances, 1, generator=generator)))
        return tokenizer.decode(ids[len(tokenizer.encode(prompt)) :])

    def large(prompt: str, seed: int) -> str:
        torch.manual_seed(seed)
        ids = smol_tokenizer(f"<|endoftext|>{prompt}", return_tensors="pt").input_ids
        sampling = {"do_sample": True, "top_p": 0.95, "top_k": 0, "temperature": 1.0}
        attended = {"attention_mask": torch.ones_like(ids), "pad_token_id": 0}
        out = smol.generate(ids, max_new_tokens=55, **attended, **sampling)
        text: str = smol_tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        return text

    return {
        "SmolLM2": large,
        "course GPT, p = 0.95": course(SamplingConfig(top_p=0.95)),
        "course GPT, greedy": course(SamplingConfig(greedy=True)),
        "trigram": by_counting,
    }


def votes_part(smol: TextModel) -> dict[str, Any]:
    """Let five writers continue each beginning, and two judges compare all pairs."""
    model, tokenizer = load_smollm2()
    prompts = beginnings()
    texts: list[dict[str, str]] = [{"human": rest} for _, rest in prompts]
    for name, write in writers().items():
        for number, (prompt, _) in enumerate(prompts):
            words = write(prompt, SEED + number).replace("<|endoftext|>", " ").split()
            texts[number][name] = " ".join(words[:CONTINUED])
        print(name, "has written", flush=True)
    bits = [
        {name: log_probability(smol, prompt, text) for name, text in own.items()}
        for (prompt, _), own in zip(prompts, texts, strict=True)
    ]
    letters = [tokenizer(letter, add_special_tokens=False).input_ids[0] for letter in "AB"]
    asked = []
    for number, (prompt, _) in enumerate(prompts):
        for left, right in itertools.permutations(texts[number], 2):
            question = QUESTION.format(
                prompt=prompt, left=texts[number][left], right=texts[number][right]
            )
            ids = tokenizer.apply_chat_template(
                [{"role": "user", "content": question}],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            ).input_ids
            with torch.no_grad():
                logits = model(ids, logits_to_keep=1).logits[0, -1, letters]
            chance = float(logits.softmax(-1)[0])
            pair = {"prompt": number, "left": left, "right": right}
            asked.append({**pair, "p_left": round(chance, 4)})
        print("asked", number, flush=True)
    return {
        "prompts": [prompt for prompt, _ in prompts],
        "texts": texts,
        "nats_per_byte": bits,
        "question": QUESTION,
        "asked": asked,
    }


def log_probability(model: TextModel, prompt: str, text: str) -> float:
    """Return nats per byte of a continuation."""
    prefix, rest = model.split(prompt, f" {text}")
    (log_p,) = model.log_probabilities(prefix, [rest])
    return round(-float(log_p[range(len(rest)), rest].sum()) / len(text.encode()), 4)


def main() -> int:
    """Run the parts that are named, or all, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=["text", "cloze", "votes", []])
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    course = course_text_model(*load_course_gpt(), "course GPT")
    smol = transformers_text_model(*load_smollm2(), "SmolLM2")
    work: dict[str, Callable[[], dict[str, Any]]] = {
        "text": lambda: text_part(course, smol),
        "cloze": lambda: cloze_part(course, smol),
        "votes": lambda: votes_part(smol),
    }
    result: dict[str, Any] = {}
    if arguments.out.exists():
        result = json.loads(arguments.out.read_text(encoding="utf-8"))
    result["command"] = "python scripts/evaluate_models.py"
    result["seed"] = SEED
    for name in arguments.parts or list(work):
        started = time.process_time()
        result[name] = work[name]()
        result[name]["date"] = datetime.date.today().isoformat()
        result[name]["cpu_seconds"] = round(time.process_time() - started)
        arguments.out.parent.mkdir(exist_ok=True)
        arguments.out.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, result[name]["cpu_seconds"], "CPU seconds", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
