"""Six tasks on real texts, each with its wording: what a language model is asked by prompts.

Each task's questions are in a random order that never changes, so that a draw of examples and
questions is a piece of the list, and no question is in two draws.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from course_lib.data import (
    analogy_questions,
    bbc_articles,
    french_words,
    interface_splits,
    sentiment_splits,
)
from course_lib.evaluation.cloze import split_sentences
from course_lib.evaluation.prompting import (
    PromptQuestion,
    Wording,
    answer_log_probabilities,
    chosen,
    questions_from_pairs,
)
from course_lib.evaluation.text_model import TextModel

N_QUESTIONS, N_EXAMPLES, N_DRAWS = 24, 4, 3
SENTIMENTS = ("negative", "positive")
PROMPT_WORDINGS = {
    "sentiment": Wording("Review: {text}\nSentiment:"),
    "topic": Wording("Headline: {text}\nTopic:"),
    "capital": Wording("Q: What is the capital of {text}?\nA:"),
    "French": Wording("French: {text}\nEnglish:"),
    "Chinese": Wording("Chinese: {text}\nEnglish:"),
    "headline": Wording("{text}\nTL;DR:"),
}
_INVENTED = (
    *("blicket", "wug", "dax", "toma", "zorp", "fendle"),
    *("glim", "vorn", "mip", "snarf", "quib", "tressel"),
)
_COLORS = ("red", "blue", "green", "yellow")


def prompt_questions() -> dict[str, list[PromptQuestion]]:
    """Return each task's questions, enough for three draws, in an order that never changes.

    sentiment: sentences of movie reviews. topic: headlines of the BBC. capital: countries. French:
    `french_words`. Chinese: messages of programs. headline: first sentences of BBC articles. The
    last four offer the answers of three other questions beside the right one.

    Raises:
        AssetMissingError: the data were not fetched yet.
    """
    needed = (N_DRAWS + 1) * (N_QUESTIONS + N_EXAMPLES)
    articles = bbc_articles()
    topics = tuple(sorted({article.meta["topic"] for article in articles}))
    random.Random(0).shuffle(articles)
    few = articles[:needed]
    brief = [a for a in articles if len(split_sentences(a.text)[0].split()) <= 15][:needed]
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
            [(split_sentences(a.text)[0], a.meta["headline"]) for a in brief]
        ),
    }
    for questions in tasks.values():
        random.Random(1).shuffle(questions)
    return tasks


def draw_of(
    questions: Sequence[PromptQuestion], draw: int
) -> tuple[list[PromptQuestion], list[PromptQuestion]]:
    """Return the examples and the questions of a draw; nothing is in two draws.

    Raises:
        ValueError: there are not enough questions for this draw.
    """
    size = N_QUESTIONS + N_EXAMPLES
    mine = list(questions[draw * size : (draw + 1) * size])
    if draw < 0 or len(mine) < size:
        raise ValueError(f"draw {draw} needs {(draw + 1) * size} questions, got {len(questions)}")
    return mine[:N_EXAMPLES], mine[N_EXAMPLES:]


def lookup_questions(seed: int) -> list[tuple[list[PromptQuestion], PromptQuestion]]:
    """Return questions that only their own examples answer: which color was this word given?

    Each comes with four invented words and their colors; one of these words is asked again.

    >>> examples, question = lookup_questions(0)[0]
    >>> [example.text for example in examples].count(question.text)
    1
    """
    draw = random.Random(seed)
    found = []
    for _ in range(N_QUESTIONS):
        words = draw.sample(_INVENTED, len(_COLORS))
        colors = draw.sample(range(len(_COLORS)), len(_COLORS))
        examples = [
            PromptQuestion(word, _COLORS, color) for word, color in zip(words, colors, strict=True)
        ]
        found.append((examples, draw.choice(examples)))
    return found


def prompt_answers(
    model: TextModel,
    wording: Wording,
    examples: Sequence[PromptQuestion],
    questions: Sequence[PromptQuestion],
) -> dict[str, list[int]]:
    """Return the number of the chosen candidate of each question, by three rules of choosing.

    The rules are "sum", "per token" and, where all questions have the same candidates,
    "calibrated" by the content-free text N/A; see `chosen`.
    """
    is_fixed = len({question.candidates for question in questions}) == 1
    asked = [*questions, PromptQuestion("N/A", questions[0].candidates, 0)]
    *scores, empty = answer_log_probabilities(
        model,
        [wording.prompt(question.text, examples) for question in asked],
        [question.candidates for question in asked],
    )
    answers = {
        "sum": [chosen(found) for found in scores],
        "per token": [chosen(found, per_token=True) for found in scores],
    }
    if is_fixed:
        answers["calibrated"] = [chosen(found, content_free=empty) for found in scores]
    return answers


def marks(answers: Sequence[int], questions: Sequence[PromptQuestion]) -> str:
    """Return a 1 for each right answer and a 0 for each wrong one, as one text.

    >>> marks([0, 1], [PromptQuestion("a", ("b", "c"), 0), PromptQuestion("d", ("b", "c"), 0)])
    '10'
    """
    return "".join(
        str(int(answer == question.right))
        for answer, question in zip(answers, questions, strict=True)
    )
