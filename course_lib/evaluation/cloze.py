"""Cloze questions out of any text: a missing word that only those who read the passage can know."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from course_lib.config import check_positive
from course_lib.data import Document

Kind = Literal["noun", "name"]
BLANK = "____"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP_WORDS = _set(
    """a about after again against all also although always am among an and another any are as at
    away be because been before being between both but by came can cannot come could did do
    does done down during each either else even ever every few for from gave get give go god
    got had has have having he her here hers herself him himself his how however i if in
    indeed into is it its itself just let like made make many may me might more most much must
    my myself near neither never no nor not nothing now of off on once one only or other
    others our ours ourselves out over own put said same say see shall she should so some such
    take than that the their theirs them themselves then there therefore these they this those
    though three through thus till to together too two under until unto up upon us very was we
    well went were what when where whether which while who whom whose why will with within
    without would yes yet you your yours yourself yourselves"""
)
"""Words that carry grammar or stand everywhere; none of them is asked for."""

_DETERMINERS = _set("the a an this that his her its their our my your no every each")
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)\]]))\s+(?=[\"'“‘(\[]*[A-Z])")
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|Gen|Gov|Messrs|vs)|\b[A-Z])\.$")
_MIN_LETTERS = 3


@dataclass(frozen=True)
class ClozeQuestion:
    """A passage with one word missing.

    Attributes:
        before: the passage up to the gap, without the space in front of it.
        answer: the missing word.
        after: what follows the gap in its sentence.
        candidates: the answers to choose from, the right one among them; none for a free answer.
        last_sentence: where in `before` the sentence with the gap begins.
        source: id of the document.
    """

    before: str
    answer: str
    after: str
    candidates: tuple[str, ...]
    last_sentence: int
    source: str

    @property
    def text(self) -> str:
        """The passage with a mark at the gap."""
        return f"{self.before} {BLANK}{self.after}"

    @property
    def sentence(self) -> str:
        """The part of the gap's sentence that stands before the gap."""
        return self.before[self.last_sentence :]


def split_sentences(text: str) -> list[str]:
    """Cut a text behind . ! ? before a capital, but not behind titles and initials.

    White space becomes single spaces.

    >>> split_sentences("Mr. Polk spoke. Then?  He\\nleft.")
    ['Mr. Polk spoke.', 'Then?', 'He left.']
    """
    sentences, begun = [], ""
    for piece in _SENTENCE_END.split(" ".join(text.split())):
        begun = f"{begun} {piece}" if begun else piece
        if begun and not _NO_END.search(begun):
            sentences.append(begun)
            begun = ""
    return [*sentences, begun] if begun else sentences


def last_word_questions(
    documents: Iterable[Document],
    *,
    n: int | None = None,
    min_words: int = 50,
    seed: int = 0,
) -> list[ClozeQuestion]:
    """Build questions in the style of LAMBADA: the last word of a passage, which occurs earlier.

    A passage is a sentence together with as many whole sentences before it as give `min_words`
    words. It makes a question if its last word

    - has at least three letters and is no stop word,
    - occurs in the sentences before, and not in the last sentence itself,
    - ends a sentence of at least six words.

    Passages do not overlap. LAMBADA's own were chosen by people: some had to find the word from the
    whole passage, and others to miss it on the last sentence alone. Nobody has read these; compare
    with the accuracy on `sentence` alone.

    Source: Paperno et al. 2016, section 3.

    Args:
        documents: texts that the tested model has not read.
        n: how many questions, drawn at random; all if None.
        min_words: words before the last sentence.
        seed: of the draw.

    Raises:
        ValueError: n or min_words is below 1, or the documents have fewer than n questions.
    """
    check_positive("min_words", min_words)
    found = [question for document in documents for question in _last_words(document, min_words)]
    return _drawn(found, n, seed)


def _last_words(document: Document, min_words: int) -> Iterator[ClozeQuestion]:
    context: list[str] = []
    for sentence in split_sentences(document.text):
        words = _WORD.findall(sentence)
        passage = " ".join(context)
        earlier = {word.lower() for word in _WORD.findall(passage)}
        enough = sum(len(_WORD.findall(each)) for each in context) >= min_words
        answer = words[-1] if words else ""
        if (
            enough
            and len(words) >= 6
            and re.search(rf"\s{re.escape(answer)}[.!?]$", sentence)
            and _may_be_asked(answer)
            and answer.lower() in earlier
            and answer.lower() not in {word.lower() for word in words[:-1]}
        ):
            before = f"{passage} {sentence[: sentence.rindex(answer)].rstrip()}"
            yield ClozeQuestion(before, answer, sentence[-1], (), len(passage) + 1, document.id)
            context = []
            continue
        context.append(sentence)
        while len(_WORD.findall(" ".join(context[1:]))) >= min_words:
            context.pop(0)


def missing_word_questions(
    documents: Sequence[Document],
    kind: Kind,
    *,
    n: int | None = None,
    n_context: int = 20,
    n_candidates: int = 10,
    seed: int = 0,
) -> list[ClozeQuestion]:
    """Build questions in the style of the Children's Book Test: one of ten words is missing.

    Of 21 sentences in a row, the last one lacks a word of the kind, which occurs in the 20 before.
    The candidates are it and nine other words of the kind from the passage, drawn at random. What
    is of the kind is told by the documents themselves, all of them together:

    - a "name" begins with a capital inside sentences and is never written small;
    - a "noun" is written small and stands at least three times right after a word such as *the* or
      *his*, and in 8 of 10 such places a stop word or a mark follows (after an adjective, a noun
      does).

    Windows do not overlap. Source: Hill et al. 2016, section 2.1, where a tagger tells the kinds.

    Args:
        documents: texts that the tested model has not read.
        kind: "noun" or "name".
        n: how many questions, drawn at random; all if None.
        n_context: sentences before the one with the gap.
        n_candidates: answers to choose from.
        seed: of all draws.

    Raises:
        ValueError: the kind is unknown, a number is below 1, or there are fewer than n questions.
    """
    check_positive("n_context", n_context)
    check_positive("n_candidates", n_candidates)
    if kind not in ("noun", "name"):
        raise ValueError(f'kind must be "noun" or "name", got {kind!r}')
    known = words_of_kind((document.text for document in documents), kind)
    draw = random.Random(seed)
    found = []
    for document in documents:
        sentences = split_sentences(document.text)
        start = 0
        while start + n_context < len(sentences):
            window = sentences[start : start + n_context + 1]
            question = _gap(window, known, n_candidates, document.id, draw)
            if question is not None:
                found.append(question)
            start += n_context + 1 if question else 1
    return _drawn(found, n, seed)


def words_of_kind(texts: Iterable[str], kind: Kind) -> frozenset[str]:
    """Return the nouns or the names of some texts, by the rules of `missing_word_questions`."""
    small: set[str] = set()
    inside: Counter[str] = Counter()
    slots: Counter[str] = Counter()  # after a determiner
    closed: Counter[str] = Counter()  # and before a stop word or a mark
    for text in texts:
        for sentence in split_sentences(text):
            words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(sentence)]
            for place, (word, _, end) in enumerate(words):
                if word[0].islower():
                    small.add(word)
                elif place > 0 and sentence[words[place - 1][2] : words[place][1]] == " ":
                    inside[word] += 1
                if place and words[place - 1][0].lower() in _DETERMINERS and word[0].islower():
                    slots[word] += 1
                    following = words[place + 1] if place + 1 < len(words) else None
                    apart = following is None or sentence[end : following[1]] != " "
                    if apart or (following is not None and following[0].lower() in STOP_WORDS):
                        closed[word] += 1
    if kind == "name":
        return frozenset(w for w in inside if _may_be_asked(w) and w.lower() not in small)
    return frozenset(
        w for w, n in slots.items() if n >= 3 and closed[w] >= 0.8 * n and _may_be_asked(w)
    )


def _gap(
    window: Sequence[str],
    known: frozenset[str],
    n_candidates: int,
    source: str,
    draw: random.Random,
) -> ClozeQuestion | None:
    """The question of one window, or None where it makes none."""
    passage, last = " ".join(window[:-1]), window[-1]
    there = sorted(set(_WORD.findall(passage)) & known)
    gaps = [m for m in _WORD.finditer(last) if m[0] in there and m.start() > 0]
    gaps = [m for m in gaps if last[m.start() - 1] == " " and last.count(m[0]) == 1]
    if not gaps:
        return None
    gap = draw.choice(gaps)
    others = [word for word in there if word != gap[0] and word not in last]
    if len(others) < n_candidates - 1:
        return None
    candidates = [gap[0], *draw.sample(others, n_candidates - 1)]
    draw.shuffle(candidates)
    before = f"{passage} {last[: gap.start()].rstrip()}"
    return ClozeQuestion(
        before, gap[0], last[gap.end() :], tuple(candidates), len(passage) + 1, source
    )


def _may_be_asked(word: str) -> bool:
    return len(word) >= _MIN_LETTERS and word.isalpha() and word.lower() not in STOP_WORDS


def _drawn(found: list[ClozeQuestion], n: int | None, seed: int) -> list[ClozeQuestion]:
    """n of the questions in their order, or all."""
    if n is None:
        return found
    check_positive("n", n)
    if len(found) < n:
        raise ValueError(f"n is {n}, but the documents make only {len(found)} questions")
    places = sorted(random.Random(seed).sample(range(len(found)), n))
    return [found[place] for place in places]
