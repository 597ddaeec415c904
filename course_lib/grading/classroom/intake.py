"""From paths to work: every file is read once, its student and chapter found, the latest chosen."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from course_lib.grading.classroom.archives import UnreadableError
from course_lib.grading.classroom.collect import Collection
from course_lib.grading.classroom.identify import OUTSIDE, Identifier, Identity
from course_lib.grading.classroom.notebook import Notebook, read_notebook
from course_lib.grading.classroom.reading import Found, Reader
from course_lib.grading.classroom.roster import Roster

_COUNTER = re.compile(r"[-_ (]+(\d{1,3})\)?$")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Entry:
    """One file with whose it is; ``problem`` says why it cannot be graded, ``stamp`` when it came.

    ``digest`` is empty where the file cannot be read.
    """

    found: Found
    identity: Identity
    digest: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def student(self) -> str:
        """The student's id; for a file that is nobody's, its path."""
        return self.identity.student or self.found.shown


@dataclass
class Intake:
    """What is to be graded, in a fixed order, and what is to be said about the rest."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def take_in(collection: Collection, roster: Roster, *, progress: Progress | None = None) -> Intake:
    """Read what was found and return one entry for each student and chapter."""
    identifier = Identifier(collection.found, roster, root_name=collection.root_name)
    entries: list[Entry] = []
    with Reader() as reader:
        for number, found in enumerate(collection.found):
            if progress is not None:
                progress("reading", number, len(collection.found))
            entries.append(_entry(reader, identifier, found, collection.stamps))
    return _choose(_apart(entries), list(collection.notes))


def _entry(
    reader: Reader,
    identifier: Identifier,
    found: Found,
    stamps: Mapping[tuple[str, ...], str],
) -> Entry:
    stamp = stamps.get(found.parts[:-1], "").strip()
    try:
        content = reader.read(found)
    except UnreadableError as error:
        identity = identifier.identify(found, Notebook())
        return Entry(found, identity, problem=f"the file cannot be read: {error}", stamp=stamp)
    notebook = read_notebook(content, found.parts[-1])
    identity = identifier.identify(found, notebook)
    digest = hashlib.sha256(content).hexdigest()
    problem = notebook.problem or identity.problem
    return Entry(found, identity, digest, problem, (), stamp)


def _apart(entries: Sequence[Entry]) -> list[Entry]:
    """Keep two people of one name apart where a platform gives them different numbers."""
    numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in entries:
        if entry.identity.number:
            numbers[entry.identity.student, entry.identity.chapter].add(entry.identity.number)
    doubled = {student for (student, _), found in numbers.items() if len(found) > 1}
    return [
        replace(
            entry,
            identity=replace(
                entry.identity,
                student=f"{entry.identity.student} ({entry.identity.number})",
                notes=(*entry.identity.notes, "more than one person has this name: use a roster"),
            ),
        )
        if entry.identity.number and entry.identity.student in doubled
        else entry
        for entry in entries
    ]


def _choose(entries: Sequence[Entry], notes: list[str]) -> Intake:
    """Take the latest of several files of one student and chapter, readable ones first."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.student, entry.identity.chapter].append(entry)
    graded = {student for (student, chapter), _ in groups.items() if chapter}
    intake = Intake(notes=notes)
    for (student, chapter), group in sorted(groups.items()):
        if not chapter and student in graded:
            notes += [f"{e.found.shown}: skipped: {e.problem}" for e in group]
            continue
        chosen = max(group, key=_rank)
        said = list(chosen.identity.notes)
        if chosen.identity.late:
            said.append("the learning platform calls it late")
        if len(group) > 1:
            others = sorted(e.found.shown for e in group if e is not chosen)
            same = all(e.digest == chosen.digest for e in group)
            which = "they are the same" if same else f"{_why_chosen(chosen, group)} counts"
            shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
            said.append(f"{len(group)} files for this chapter; {which} (besides it: {shown})")
        notes += [f"{chosen.found.shown}: {words}" for words in said]
        intake.entries.append(replace(chosen, notes=tuple(said)))
    return intake


def _rank(entry: Entry) -> tuple[object, ...]:
    stem = entry.found.parts[-1].rsplit(".", 1)[0]
    counter = _COUNTER.search(stem)
    return (
        not entry.problem,
        entry.identity.strength,
        entry.stamp,
        entry.found.time,
        int(counter[1]) if counter else 0,
        entry.found.members,
        entry.found.parts,
    )


def _why_chosen(chosen: Entry, group: Sequence[Entry]) -> str:
    if any(e.problem and not chosen.problem for e in group):
        return "the latest that can be read"
    if chosen.identity.strength == OUTSIDE and any(e.identity.strength < OUTSIDE for e in group):
        return "the latest that surely is this student's"
    return "the latest"
