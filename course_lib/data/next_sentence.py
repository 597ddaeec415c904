"""A task with several choices: which of four sentences of a speech comes next?"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

from course_lib.data.corpora import Document
from course_lib.data.labeled import Labeled, LabeledSplits
from course_lib.data.splits import course_corpus

FEWEST_WORDS, MOST_WORDS = 6, 22
"""Of every sentence."""
NEAR = 2
"""Sentences so near to the context are no distractors: they might well come next."""

# The end of a sentence: a full stop and the like, perhaps a closing quotation mark, then a capital.
_END = re.compile(r"(?<=[.!?])([\"”’)]*)\s+(?=[\"“‘(]*[A-Z])")


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, never across a line break.

    The rule is simple and errs at abbreviations ("Mr. Speaker").

    >>> sentences("We must act. Will we? Yes.")
    ['We must act.', 'Will we?', 'Yes.']
    """
    found = []
    for line in text.split("\n"):
        pieces = _END.sub("\\1\n", line.strip()).split("\n")
        found += [piece for piece in pieces if piece]
    return found


def next_sentence_choices(*, n_choices: int = 4) -> LabeledSplits:
    """A sentence of a speech, the true next one and others of the same speech, in mixed order.

    The texts of an example are the context and then the choices; the label is the place of the
    true one among the choices. Distractors are drawn from the whole speech, but for the nearest
    sentences. Tested on the speeches that no model of the course has read
    (``HELD_OUT_SPEECHES``). The order is drawn with a fixed seed. Needs the assets ``sotu``,
    ``bbe`` and ``web``; raises AssetMissingError, and ValueError for fewer than two choices.
    """
    if n_choices < 2:
        raise ValueError(f"n_choices must be at least 2, got {n_choices}")
    corpus = course_corpus()
    test = _choices(corpus.validation, n_choices)
    tested = {item.texts[0] for item in test}
    train = [item for item in _choices(corpus.train, n_choices) if item.texts[0] not in tested]
    return LabeledSplits(train=train, test=test)


def _choices(documents: Iterable[Document], n_choices: int) -> list[Labeled]:
    draw = random.Random(0)
    found = []
    for document in documents:
        if not document.id.startswith("sotu/"):
            continue
        lines = sentences(document.text)
        fitting = [i for i, line in enumerate(lines) if _fits(line)]
        for i in fitting:
            if i + 1 == len(lines) or not _fits(lines[i + 1]):
                continue
            far = [j for j in fitting if abs(j - i) > NEAR and lines[j] != lines[i + 1]]
            if len(far) < n_choices - 1:
                continue
            places = [i + 1, *draw.sample(far, n_choices - 1)]
            draw.shuffle(places)
            texts = (lines[i], *(lines[place] for place in places))
            found.append(Labeled(texts, places.index(i + 1)))
    draw.shuffle(found)
    return found


def _fits(sentence: str) -> bool:
    return FEWEST_WORDS <= len(sentence.split()) <= MOST_WORDS
