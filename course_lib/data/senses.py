"""Sentences in which a word has one of two meanings, written for the course."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.data.sense_sentences import SENTENCES


@dataclass(frozen=True)
class Sense:
    """One meaning of a word, with sentences that use it.

    Attributes:
        word: in lower case; every sentence holds it exactly once, as a whole word.
        meaning: a name for this meaning.
        sentences: six, on different subjects; each also holds the word "the".
    """

    word: str
    meaning: str
    sentences: tuple[str, ...]


def word_senses() -> dict[str, tuple[Sense, Sense]]:
    """Eight words with two unrelated meanings each, six sentences for every meaning.

    Written for this course, before any model had seen them; they need no asset.

    >>> [sense.meaning for sense in word_senses()["python"]]
    ['snake', 'language']
    """
    result = {}
    for word, meanings in SENTENCES.items():
        first, second = (Sense(word, name, tuple(texts)) for name, texts in meanings.items())
        result[word] = (first, second)
    return result
