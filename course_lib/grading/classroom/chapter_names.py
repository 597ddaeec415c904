"""Which chapter a file belongs to: by the words of its path, and by the exercises in it."""

import re
import unicodedata
from collections.abc import Sequence

from course_lib.exercises import chapters
from course_lib.grading.classroom.notebook import Notebook

ENDING = re.compile(r"\.(ipynb\.(txt|json)|ipynb|py|zip)$", re.IGNORECASE)
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<number>\d+)_(?P<upload>\d+)_(?P<file>.+)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")
_CHECKED = re.compile(r"""\bcheck\(\s*["']([a-z0-9_]+)\.\w+["']""")
_DEFINED = re.compile(r"^(?:def|class)[ \t]+(\w+)", re.MULTILINE)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a name in small letters without accents.

    >>> words_of("Zoë_O-Neil 7")
    ('zoe', 'o', 'neil', '7')
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(_WORD.findall(letters))


def runs(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Every run of words, joined, with where it stands; the longest come first."""
    found: dict[str, tuple[int, int]] = {}
    shown = words[:12]
    for length in range(len(shown), 0, -1):
        for start in range(len(shown) - length + 1):
            found.setdefault("".join(shown[start : start + length]), (start, start + length))
    return found


def _chapter_keys() -> dict[str, str]:
    return {name.replace("_", ""): name for name in chapters()}


def chapters_in(text: str) -> tuple[set[str], tuple[str, ...]]:
    """The chapters a name speaks of, and its other words."""
    words, found, used = words_of(text), set[str](), set[int]()
    keys = _chapter_keys()
    for run, (start, end) in runs(words).items():
        if run in keys and not used & set(range(start, end)):
            found.add(keys[run])
            used |= set(range(start, end))
    return found, tuple(word for place, word in enumerate(words) if place not in used)


def chapter_of(parts: Sequence[str], notebook: Notebook) -> tuple[str, tuple[str, ...], str]:
    """The chapter, notes, and a problem where it stays open."""
    named: set[str] = set()
    for part in reversed(parts):
        platform = CANVAS.fullmatch(part)
        named = chapters_in(ENDING.sub("", platform["file"] if platform else part))[0]
        if named:
            break
    held = chapters_held(notebook)
    if len(named) == 1:
        (chapter,) = named
        if not held or chapter in held:
            return chapter, (), ""
        if len(held) == 1:
            (other,) = held
            return other, (f"named {chapter}, but it holds exercises of {other}",), ""
    likely = held & named if len(named) > 1 else held
    if len(likely) == 1:
        return likely.pop(), (), ""
    several = ", ".join(sorted(likely or held or named))
    if several:
        return "", (), f"it fits several chapters ({several}): name the file after one"
    return "", (), "no exercise of the course was found in it, and its name tells no chapter"


def chapters_held(notebook: Notebook) -> set[str]:
    """The chapters whose exercises the cells check or, failing that, define."""
    known = chapters()
    checked: set[str] = set()
    defined: set[str] = set()
    for cell in notebook.cells:
        checked.update(name for name in _CHECKED.findall(cell) if name in known)
        defined.update(_DEFINED.findall(cell))
    if checked:
        return checked
    return {name for name, found in known.items() if defined & {e.name for e in found}}
