"""Two tasks on pairs of texts, built from two translations of the Bible.

Neither has a published set that ships with a package, so both are built here, from verses that
stand in both translations. What makes them worth solving is the choice of the wrong pairs: they
share as many words as the right ones.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from course_lib.data.bibles import bible_verses
from course_lib.data.labeled import Labeled, LabeledSplits
from course_lib.data.splits import HELD_OUT_BOOKS

FEWEST_WORDS, MOST_WORDS = 6, 24
"""Of a verse, in both translations."""
FEWEST_IN_PART, MOST_IN_PART = 5, 14
"""Words of a part of a verse."""
BAND = 0.05
"""Right and wrong pairs are equally many in each band of so much cosine similarity."""

_WORD = re.compile(r"[A-Za-z']+")
_PART = re.compile(r"[,;:.?!]")


@dataclass(frozen=True)
class _Pair:
    first: str
    second: str
    cosine: float


def same_verse_pairs() -> LabeledSplits:
    """Similarity: do these two verses say the same? Label 1 if they do.

    The first text is a verse of the World English Bible. The second is a verse in Basic English:
    the same one (label 1), or the other one of the same book that shares most with the first by
    TF-IDF cosine (label 0). See ``_balanced`` for what is kept. Tested on the five books that no
    model of the course has read (``HELD_OUT_BOOKS``). Needs the assets ``web`` and ``bbe``; raises
    AssetMissingError.
    """
    return _build(part=False)


def verse_part_pairs() -> LabeledSplits:
    """A task like entailment: does the second text follow from the first? Label 1 if it does.

    The premise is a verse of the World English Bible. The hypothesis is a part of a verse in Basic
    English, from punctuation mark to punctuation mark: of the same verse (label 1), or of the
    verse of the same book whose part shares most with the premise by TF-IDF cosine (label 0). The
    relation has a direction: a part says less than the whole. What is not in it: contradiction,
    and any reasoning over several sentences. Otherwise as ``same_verse_pairs``.
    """
    return _build(part=True)


def last_part(verse: str) -> str | None:
    """Return the last part of a verse that is long enough and not the whole verse, or None.

    >>> last_part("And he came to the city, and the men of the city were afraid.")
    'and the men of the city were afraid'
    """
    n_words = len(_WORD.findall(verse))
    pieces: list[str] = _PART.split(verse)
    for part in (piece.strip() for piece in reversed(pieces)):
        length = len(_WORD.findall(part))
        if FEWEST_IN_PART <= length <= MOST_IN_PART and length <= 0.8 * n_words:
            return part
    return None


def _build(*, part: bool) -> LabeledSplits:
    right: dict[bool, list[_Pair]] = defaultdict(list)
    wrong: dict[bool, list[_Pair]] = defaultdict(list)
    basic = {(verse.book, verse.chapter, verse.verse): verse.text for verse in bible_verses("bbe")}
    for book, verses in groupby(bible_verses("web"), key=lambda verse: verse.book):
        firsts, seconds = [], []
        for verse in verses:
            other = basic.get((book, verse.chapter, verse.verse), "")
            if not (_fits(verse.text) and _fits(other)):
                continue
            second = last_part(other) if part else other
            if second is not None:
                firsts.append(verse.text)
                seconds.append(second)
        if len(firsts) > 1:
            of_book = book in HELD_OUT_BOOKS
            same, distractors = _pair_up(firsts, seconds)
            right[of_book] += same
            wrong[of_book] += distractors
    parts = {held_out: _balanced(right[held_out], wrong[held_out]) for held_out in (False, True)}
    tested = {item.texts[0] for item in parts[True]}  # formulas that are in many books
    train = [item for item in parts[False] if item.texts[0] not in tested]
    return LabeledSplits(train=train, test=parts[True])


def _fits(text: str) -> bool:
    return FEWEST_WORDS <= len(_WORD.findall(text)) <= MOST_WORDS


def _pair_up(firsts: Sequence[str], seconds: Sequence[str]) -> tuple[list[_Pair], list[_Pair]]:
    """Return the right pair of each first text, and the wrong one that is nearest."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(token_pattern=_WORD.pattern, sublinear_tf=True)
    vectorizer.fit([*firsts, *seconds])
    table = (vectorizer.transform(firsts) @ vectorizer.transform(seconds).T).toarray()
    right, wrong = [], []
    for i, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        right.append(_Pair(first, second, float(table[i, i])))
        row = np.where([other == second for other in seconds], -1.0, table[i])
        nearest = int(row.argmax())
        wrong.append(_Pair(first, seconds[nearest], float(row[nearest])))
    return right, wrong


def _balanced(right: Sequence[_Pair], wrong: Sequence[_Pair]) -> list[Labeled]:
    """Keep as many right as wrong pairs in each band of cosine, so that it alone tells nothing.

    Which ones are kept, and their order, is drawn with a fixed seed.
    """
    draw = random.Random(0)
    bands: dict[int, tuple[list[_Pair], list[_Pair]]] = defaultdict(lambda: ([], []))
    for side, pairs in enumerate((right, wrong)):
        for pair in pairs:
            bands[int(pair.cosine / BAND)][side].append(pair)
    kept: list[Labeled] = []
    for _, (same, different) in sorted(bands.items()):
        n = min(len(same), len(different))
        kept += [Labeled((pair.first, pair.second), 1) for pair in draw.sample(same, n)]
        kept += [Labeled((pair.first, pair.second), 0) for pair in draw.sample(different, n)]
    draw.shuffle(kept)
    return kept
