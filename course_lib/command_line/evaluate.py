"""``evaluate``: perplexity, bits per byte and cloze accuracy of a language model."""

import math
from pathlib import Path
from typing import Annotated

import typer

from course_lib.assets import AssetError
from course_lib.command_line.errors import explained
from course_lib.data import Document, course_corpus
from course_lib.evaluation import (
    Accuracy,
    TextModel,
    choice,
    frequency_choice,
    frequency_word,
    last_word_questions,
    last_word_score,
    missing_word_questions,
    recency_choice,
    recency_word,
)
from course_lib.evaluation.loading import load_text_model

_MODEL = "course-gpt, gpt1-small, smollm2, a folder, or a name on the Hugging Face Hub."
_TEXT = "Text files (UTF-8) to score; by default the course's held-out documents."
_BYTES = "Score the beginning of each document, at most this many bytes; 0: all of it."
_QUESTIONS = "Cloze questions of each kind, at most."
_STRIDE = "Tokens from one window to the next; by default half the context."


def evaluate(
    model: Annotated[str, typer.Argument(help=_MODEL)],
    text: Annotated[list[Path] | None, typer.Option("--text", help=_TEXT)] = None,
    cloze: Annotated[
        bool, typer.Option("--cloze", help="Ask for missing words of the texts too.")
    ] = False,
    questions: Annotated[int, typer.Option(min=1, help=_QUESTIONS)] = 100,
    max_bytes: Annotated[int, typer.Option(min=0, help=_BYTES)] = 2500,
    stride: Annotated[int | None, typer.Option(min=1, help=_STRIDE)] = None,
) -> None:
    """Say how well a language model predicts texts that it should not have read.

    Bits per byte can be compared between models; perplexity only where the tokens are the same.
    With --cloze: the last word of passages (as in LAMBADA) and one of ten words missing (as in the
    Children's Book Test), each with a 95 % interval and two rules that every model should beat.
    """
    with explained(AssetError, OSError, ValueError):
        documents = _read(text) if text else course_corpus().validation
        asked = load_text_model(model)
        _report_score(asked, documents, max_bytes, stride)
        if cloze:
            _report_cloze(asked, documents, questions)


def _read(paths: list[Path]) -> list[Document]:
    documents = []
    for path in paths:
        try:
            content = path.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8 text ({error.reason})") from error
        if not content:
            raise ValueError(f"{path} is empty")
        documents.append(Document(str(path), content))
    return documents


def _beginning(text: str, max_bytes: int) -> str:
    """The first bytes of a text, whole characters only."""
    if not max_bytes:
        return text
    return text.encode()[:max_bytes].decode(errors="ignore")


def _report_score(
    model: TextModel, documents: list[Document], max_bytes: int, stride: int | None
) -> None:
    texts = [_beginning(document.text, max_bytes) for document in documents]
    n_bytes = sum(len(one.encode()) for one in texts)
    typer.echo(
        f"{model.name}: {len(model.pieces):,} tokens in the vocabulary, context "
        f"{model.context_length:,}; {len(texts)} texts, {n_bytes:,} bytes"
    )
    score = model.score(texts, stride=stride)
    n_characters = sum(map(len, texts))
    bits = score.total_nats / math.log(2)
    rows = {
        "tokens scored": f"{score.n_tokens:,}",
        "bytes per token": f"{(score.n_bytes or 0) / score.n_tokens:.2f}",
        "nats per token": f"{score.nats_per_token:.4f}",
        "perplexity per token": f"{score.perplexity:.2f}",
        "bits per character": f"{bits / n_characters:.4f}",
        "bits per byte": f"{score.bits_per_byte:.4f}",
    }
    for name, value in rows.items():
        typer.echo(f"  {name:<22}{value:>10}")


def _report_cloze(model: TextModel, documents: list[Document], at_most: int) -> None:
    found = last_word_questions(documents)
    asked = last_word_questions(documents, n=min(at_most, len(found))) if found else []
    typer.echo(f"last word of a passage, {len(asked)} questions of {len(found)}")
    if asked:
        scores = [last_word_score(model, question) for question in asked]
        nats = -sum(score.log_probability for score in scores) / len(scores)
        typer.echo(f"  {'perplexity per word':<22}{math.exp(min(nats, 700)):>10.1f}")
        _row("right", [score.is_guess for score in scores])
        _row("right, no stop words", [score.is_guess_filtered for score in scores])
        _row("rule: most frequent", [frequency_word(q) == q.answer.lower() for q in asked])
        _row("rule: most recent", [recency_word(q) == q.answer.lower() for q in asked])
    for kind, words in (("noun", "common nouns"), ("name", "names")):
        every = missing_word_questions(documents, "noun" if kind == "noun" else "name")
        chosen = every[:: max(1, math.ceil(len(every) / at_most))]
        typer.echo(f"one of ten {words}, {len(chosen)} questions of {len(every)}")
        if chosen:
            right = [question.candidates.index(question.answer) for question in chosen]
            for name, answer in (
                ("right", lambda question: choice(model, question)),
                ("rule: most frequent", frequency_choice),
                ("rule: most recent", recency_choice),
            ):
                answers = [answer(question) for question in chosen]
                _row(name, [a == b for a, b in zip(answers, right, strict=True)])


def _row(name: str, right: list[bool]) -> None:
    typer.echo(f"  {name:<22}{Accuracy.of(right)!s:>24}")
