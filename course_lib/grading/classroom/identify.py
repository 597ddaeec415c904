"""Whose work a file is, and of which chapter: from its path, the roster, and what is in it.

A name on the outside counts more than one inside an archive that a student may have made, and that
more than what a notebook says of itself. What stays open is reported, not guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.grading.classroom.chapter_names import (
    CANVAS,
    ENDING,
    chapter_of,
    chapters_in,
    runs,
    words_of,
)
from course_lib.grading.classroom.notebook import Notebook
from course_lib.grading.classroom.reading import Found
from course_lib.grading.classroom.roster import Roster

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext).*", re.I)
_AUTHOR_KEYS = ("student_id", "student", "author", "authors")
# Words that folders and files bear without being anybody's name.
_COMMON = frozenset(
    (
        *("assignment", "assignments", "chapter", "chapters", "class", "classes", "course"),
        *("download", "downloads", "draft", "exercise", "exercises", "feedback", "file", "files"),
        *("final", "group", "homework", "homeworks", "hw", "latest", "new", "notebook"),
        *("notebooks", "old", "part", "problem", "problems", "ps", "release", "revised"),
        *("section", "set", "sets", "sheet", "solution", "solutions", "source", "submission"),
        *("submissions", "submitted", "task", "tasks", "unit", "untitled", "upload", "uploads"),
        *("v", "version", "week", "weeks", "work", "copy", "of", "the", "my"),
    )
)
OUTSIDE, INSIDE, SELF_SAID = 2, 1, 0
_SHORT = 3
_SELF_SAID_NOTE = "whose it is was taken from the notebook's own words: have a look"


@dataclass(frozen=True)
class Identity:
    """Who and which chapter; an empty text where it is open, with the reason in ``problem``.

    ``strength`` says how well the student is known: by a name outside (2), by one inside an archive
    (1), by the notebook's own words (0). ``number`` is a learning platform's, to tell apart two
    people of one name.
    """

    student: str
    chapter: str
    strength: int = OUTSIDE
    number: str = ""
    late: bool = False
    problem: str = ""
    notes: tuple[str, ...] = ()


class Identifier:
    """Tells whose and which chapter each file is, from what all the files have in common."""

    def __init__(self, found: Sequence[Found], roster: Roster, *, root_name: str = "") -> None:
        self._roster = roster
        self._ids = {student.id.casefold(): student.id for student in roster.students}
        self._id_keys: dict[str, str] = {}
        for one in self._ids.values():
            key = "".join(words_of(one))
            self._id_keys[key] = "" if key in self._id_keys else one
        self._by_key = _roster_keys(roster, self._id_keys)
        self._root_name = root_name
        folders = [file.parts[:-1] for file in found]
        self._common = 0
        while folders and all(len(f) > self._common for f in folders):
            if len({f[self._common] for f in folders}) > 1:
                break
            self._common += 1

    def identify(self, file: Found, notebook: Notebook) -> Identity:
        """Return whose work this is and of which chapter."""
        chapter, notes, problem = chapter_of(file.parts, notebook)
        identity = self._student(file, notebook.metadata)
        if not identity.student:
            problem = problem or identity.problem
        return Identity(
            identity.student,
            chapter,
            identity.strength,
            identity.number,
            identity.late,
            problem,
            (*identity.notes, *notes),
        )

    def _student(self, file: Found, metadata: Mapping[str, Any]) -> Identity:
        by_roster = self._by_roster(file) if self._by_key else None
        if by_roster is not None:
            return by_roster
        by_path = self._by_path(file)
        said = [text for key in _AUTHOR_KEYS for text in _texts(metadata.get(key))]
        if self._by_key:
            known = {
                self._by_key[key]
                for text in said
                for key in _name_keys(text)
                if key in self._by_key
            }
            if len(known - {""}) == 1:
                note = "whose it is was taken from the notebook's own words: have a look"
                return Identity((known - {""}).pop(), "", SELF_SAID, notes=(note,))
        if by_path is not None:
            return by_path
        if len(set(said)) == 1 and not self._by_key:
            return Identity(said[0], "", SELF_SAID, notes=(_SELF_SAID_NOTE,))
        return Identity("", "", problem="whose it is cannot be told from its path: rename the file")

    def _by_roster(self, file: Found) -> Identity | None:
        """The student of the roster whom the outermost telling part of the path names."""
        for place, part in enumerate(file.parts):
            platform = _platform(part)
            text = platform["name"] if platform else ENDING.sub("", part)
            late = bool(platform and platform.get("late"))
            strength = self._strength(file, place)
            if text.casefold() in self._ids:
                return Identity(self._ids[text.casefold()], "", strength, late=late)
            tried = [platform["number"]] if platform else []
            for key in (*tried, *_name_keys(text)):
                student = self._by_key.get(key)
                if student:
                    return Identity(student, "", strength, late=late)
            matches = self._within(text)
            if len(matches) > 1 or "" in matches:
                who = ", ".join(sorted(matches - {""})) or "they have one name"
                return Identity("", "", problem=f"{part!r} fits more than one student: {who}")
            if matches:
                return Identity(matches.pop(), "", strength, late=late)
        return None

    def _within(self, text: str) -> set[str]:
        """The students whose id is among the words, or whose name is all that they say.

        An empty text among them stands for several students. Longer matches hide shorter ones;
        ids of one or two characters might be counters.
        """
        _, words = chapters_in(text)
        used: set[int] = set()
        matches: set[str] = set()
        telling = tuple(word for word in words if word not in _COMMON)
        for key in _name_keys(" ".join(telling)):
            if key in self._by_key and (len(key) >= _SHORT or words_of(text) == (key,)):
                return {self._by_key[key]}
        for run, (start, end) in runs(words).items():
            if len(run) < _SHORT or run not in self._id_keys or used & set(range(start, end)):
                continue
            used |= set(range(start, end))
            matches.add(self._id_keys[run])
        return matches

    def _strength(self, file: Found, place: int) -> int:
        return OUTSIDE if place < file.hands else INSIDE

    def _by_path(self, file: Found) -> Identity | None:
        platform_places = [(i, m) for i, p in enumerate(file.parts) if (m := _platform(p))]
        if platform_places:
            place, platform = platform_places[0]
            name = " ".join(platform["name"].split())
            late = bool(platform.get("late"))
            return Identity(name, "", self._strength(file, place), platform["number"], late)
        if "submitted" in file.parts[:-2]:  # nbgrader: submitted/student/assignment/notebook
            place = file.parts.index("submitted") + 1
            return Identity(file.parts[place], "", self._strength(file, place))
        last = len(file.parts) - 1
        order = [*range(self._common, last), last, *reversed(range(self._common))]
        if not chapters_in(ENDING.sub("", file.parts[last]))[0]:  # ana/scratch.ipynb is ana's
            order = [*range(self._common, last), *reversed(range(self._common)), last]
        for place in order:
            name = _person(file.parts[place])
            if name:
                return Identity(name, "", self._strength(file, place))
        name = _person(self._root_name)
        note = "whose it is was taken from the name of the folder or zip"
        return Identity(name, "", INSIDE, notes=(note,)) if name else None


def _platform(part: str) -> dict[str, str] | None:
    found = _MOODLE.fullmatch(part) or CANVAS.fullmatch(part)
    return {k: v for k, v in found.groupdict().items() if v} if found else None


def _person(part: str) -> str:
    """What is left of a name without chapters, common words and counters: maybe a person's."""
    stem = re.sub(r"\s*\(\d+\)$", "", ENDING.sub("", part)).strip()
    found, words = chapters_in(stem)
    telling = [w for w in words if w not in _COMMON and not re.fullmatch(r"(hw|week|v|ps)\d+", w)]
    if not telling or (all(w.isdigit() for w in telling) and (found or len(words) > len(telling))):
        return ""
    if not found and len(telling) == len(words):
        return stem
    return "_".join(telling)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value.strip()[:100]] if value.strip() and value.isprintable() else []
    if isinstance(value, dict):
        return _texts(value.get("name"))
    return [text for item in value[:3] for text in _texts(item)] if isinstance(value, list) else []


def _name_keys(text: str) -> list[str]:
    """The name as one word, and with its words in turned order: "Ana Li" is also "liana"."""
    words = words_of(text)[:6]
    return ["".join(words[i:] + words[:i]) for i in range(len(words))]


def _roster_keys(roster: Roster, id_keys: Mapping[str, str]) -> dict[str, str]:
    """Ids and names as words → id; an empty text where two students share a name."""
    keys: dict[str, str] = {}
    for student in roster.students:
        for key in _name_keys(student.name):
            keys[key] = "" if keys.get(key, student.id) != student.id else student.id
    return {key: value for key, value in {**keys, **id_keys}.items() if key}
