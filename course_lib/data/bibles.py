"""Two translations of the Bible, verse by verse: the same content in two styles of English."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal

from course_lib.assets import asset_path
from course_lib.data.corpora import Document

BibleVersion = Literal["bbe", "web"]
VERSIONS: tuple[BibleVersion, ...] = ("bbe", "web")
TITLES = {"bbe": "The Bible in Basic English", "web": "The World English Bible"}

# A verse number as printed: "16. ". The first verse of a book follows the last without a space.
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})\.")
# The Bible in Basic English often counts as the Hebrew text does and prints the usual reference
# between backslashes: "\43:1\Now they were in great need of food".
_REFERENCE = re.compile(r"\\(\d+):(\d+)\\")
# The World English Bible prints a psalm's heading after the last verse of the psalm before.
_HEADING = re.compile(r"\s{2,}(?:BOOK [IV]+\s+)?Psalm \d+\b\s*(?P<title>.*)$", re.DOTALL)
_NO_VERSE = ("", "+", "dummy verses inserted by amos", "empty verses content detected by amos")


@dataclass(frozen=True)
class Verse:
    """One verse; ``book`` is the English title, as in ``1 Samuel``."""

    book: str
    chapter: int
    verse: int
    text: str


def bible_verses(version: str) -> list[Verse]:
    """The verses of ``"bbe"`` or ``"web"`` in order, numbered alike in both.

    So verses of the two translations with the same book, chapter and verse say the same thing.
    Psalm titles belong to a psalm's first verse. Verses that a translation leaves out are absent.
    Needs the asset of that name; raises AssetMissingError, and ValueError for another version.
    """
    return list(_verses(_checked(version)))


def bible(version: str) -> list[Document]:
    """The 66 books of ``"bbe"`` or ``"web"``: one paragraph a chapter, no verse numbers.

    Metadata: ``book``, ``version`` and ``translation`` (its full name). Raises as ``bible_verses``.
    """
    checked = _checked(version)
    documents = []
    for book, verses in groupby(_verses(checked), key=lambda verse: verse.book):
        chapters = groupby(verses, key=lambda verse: verse.chapter)
        paragraphs = [" ".join(verse.text for verse in group) for _, group in chapters]
        documents.append(
            Document(
                id=f"{checked}/{book.lower().replace(' ', '-')}",
                text="\n\n".join(paragraphs),
                meta={"book": book, "version": checked, "translation": TITLES[checked]},
            )
        )
    return documents


def _checked(version: str) -> BibleVersion:
    for known in VERSIONS:
        if version == known:
            return known
    raise ValueError(f"version is {version!r}; use 'bbe' (Basic English) or 'web' (World English)")


@lru_cache(maxsize=len(VERSIONS))
def _verses(version: BibleVersion) -> tuple[Verse, ...]:
    source = (asset_path(version) / "plain_text_bible.py").read_text(encoding="utf-8")
    text, references = _parse(source)
    raw = zip(references, _between_numbers(text, references), strict=True)
    if version == "bbe":
        return tuple(_clean_bbe(raw))
    return tuple(_clean_web(raw))


def _parse(source: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The whole text and the references of its verses, out of the module's literals.

    The module calls ``Bible(version, text, starts, ends, verse_counts, titles, …)``. It is parsed
    and never run; ``starts`` and ``ends`` are wrong (they drift) and are not used.
    """
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            arguments = statement.value.args
            text, counts, titles = arguments[1], arguments[4], arguments[5]
            break
    else:
        raise ValueError("plain_text_bible.py holds no Bible(…); run: python -m course_lib verify")
    if not isinstance(counts, ast.Dict) or not isinstance(titles, ast.Dict):
        raise ValueError(
            "plain_text_bible.py has no verse counts; run: python -m course_lib verify"
        )
    names = [ast.literal_eval(value) for value in titles.values]
    references = [
        (name, chapter, verse)
        for name, book in zip(names, counts.values, strict=True)
        for chapter, last in ast.literal_eval(book).items()
        for verse in range(1, last + 1)
    ]
    return ast.literal_eval(text), references


def _between_numbers(text: str, references: list[tuple[str, int, int]]) -> list[str]:
    """The text after each verse number up to the next one, in the order of ``references``."""
    # One heading runs into its verse number: "Psalm 11. Blessed is the man" is Psalm 1, verse 1.
    text = text.replace("Psalm 11. Blessed", "Psalm 1    1. Blessed")
    marks = list(_NUMBER.finditer(text))
    if [int(mark[1]) for mark in marks] != [verse for _, _, verse in references]:
        raise ValueError(
            f"{len(marks)} verse numbers were found where {len(references)} were announced; "
            "the file is damaged: run python -m course_lib verify"
        )
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]


Raw = Iterable[tuple[tuple[str, int, int], str]]


def _clean_bbe(raw: Raw) -> Iterator[Verse]:
    """Verses renumbered by the references printed in them; pieces of one verse joined."""
    renumbered = []
    for (book, chapter, number), text in raw:
        if book == "Isaiah" and chapter in (66, 67):  # 64:1 is counted as a chapter there
            reference = (book, chapter - 1, number)
        elif (book, chapter) == ("John", 1) and number > 39:  # a mere "+" is counted as verse 39
            reference = (book, chapter, number - 1)
        else:
            reference = (book, chapter, number)
        if match := _REFERENCE.match(text):
            reference = (book, int(match[1]), int(match[2]))
            text = text[match.end() :]
        renumbered.append((reference, _plain(re.sub(r"[\\\[\]]|\*\*\*", "", text))))
    for (book, chapter, number), pieces in groupby(renumbered, key=lambda item: item[0]):
        whole = " ".join(text for _, text in pieces if text not in _NO_VERSE)
        if whole:
            yield Verse(book, chapter, number, whole)


def _clean_web(raw: Raw) -> Iterator[Verse]:
    """Verses with apostrophes for backquotes and each psalm's title moved to its first verse."""
    title = ""
    for (book, chapter, number), text in raw:
        next_title = ""
        if match := _HEADING.search(text):
            next_title = match["title"]
            text = text[: match.start()]
        cleaned = _plain(re.sub(r"[\[\]]", "", f"{title} {text}").replace("`", "'"))
        title = next_title
        if cleaned not in _NO_VERSE:
            yield Verse(book, chapter, number, cleaned)


def _plain(text: str) -> str:
    return " ".join(text.split())
