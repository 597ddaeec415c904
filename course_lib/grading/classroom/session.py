"""Grade a class: resumable, the same for any number of jobs and any order of the paths."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from course_lib.grading.classroom.archives import UnreadableError
from course_lib.grading.classroom.collect import collect
from course_lib.grading.classroom.intake import Entry, take_in
from course_lib.grading.classroom.jobs import MakeRunner, Marked, mark_all
from course_lib.grading.classroom.marking import Work, course_version
from course_lib.grading.classroom.reading import Reader
from course_lib.grading.classroom.results import SubmissionMarks
from course_lib.grading.classroom.roster import Roster
from course_lib.grading.classroom.store import Settings, Store
from course_lib.grading.classroom.timing import Timing, completed
from course_lib.grading.isolation import Sandbox

Progress = Callable[[str, int, int], None]
_Key = tuple[str, str]


@dataclass(frozen=True)
class ClassResult:
    """The marks of a class in a fixed order, what is to be said, and how many were new.

    ``failed`` counts submissions that the grader itself could not grade: they are tried again when
    the command is run again.
    """

    marks: tuple[SubmissionMarks, ...]
    notes: tuple[str, ...]
    graded: int = 0
    reused: int = 0
    failed: int = 0


def grade_class(
    paths: Sequence[str | Path],
    settings: Settings,
    *,
    roster: Roster | None = None,
    timing: Timing | None = None,
    make_runner: MakeRunner | None = None,
    progress: Progress | None = None,
) -> ClassResult:
    """Grade everything in the paths and return all marks; what is known already is reused.

    Each submission's marks are stored as soon as they are there, so that a run that was stopped, in
    whatever way, goes on where it was. Raises ``ValueError`` for missing paths, ``OSError`` where
    results cannot be written, and ``SandboxUnavailableError``.
    """
    roster = roster or Roster()
    collection = collect(paths)
    intake = take_in(collection, roster, progress=progress)
    entries = {(entry.student, entry.identity.chapter): entry for entry in intake.entries}
    store, version = Store(settings), course_version()
    known: dict[_Key, SubmissionMarks] = {}
    works: dict[_Key, Work] = {}
    for key, entry in entries.items():
        work = _work(entry, settings.seed, version)
        stored = None if settings.force or entry.problem else store.load(work)
        if entry.problem:
            known[key] = work.blank(entry.problem)
        elif stored is None:
            works[key] = work
        else:
            known[key] = replace(stored, file=work.file, notes=(*work.notes, *stored.notes))
    reused = sum(not marks.problem for marks in known.values())
    make = make_runner or partial(Sandbox, trusted=settings.trusted)
    failed = 0
    of_sandbox: set[str] = set()
    for key, done in _marked(entries, works, store, make, settings.jobs, of_sandbox):
        known[key] = done.marks or done.work.blank(done.trouble)
        failed += done.marks is None
        if progress is not None:
            progress("grading", len(known), len(entries))
    marks, notes = completed(
        [(entry, known[key]) for key, entry in entries.items()], roster, timing or Timing()
    )
    return ClassResult(
        marks=tuple(marks),
        notes=(*roster.notes, *intake.notes, *notes, *sorted(of_sandbox)),
        graded=len(works) - failed,
        reused=reused,
        failed=failed,
    )


def _work(entry: Entry, seed: int, version: str) -> Work:
    return Work(
        student=entry.student,
        chapter=entry.identity.chapter,
        file=entry.found.shown,
        digest=entry.digest,
        seed=seed,
        version=version,
        notes=entry.notes,
    )


def _marked(
    entries: Mapping[_Key, Entry],
    works: Mapping[_Key, Work],
    store: Store,
    make_runner: MakeRunner,
    jobs: int,
    told: set[str],
) -> Iterator[tuple[_Key, Marked]]:
    """Mark the works and store each as it comes; content is read only when its turn has come.

    What is stored has the notes on the content, not those on the file: its name may change.
    """
    unreadable: list[tuple[_Key, Marked]] = []

    def read_all() -> Iterator[Work]:
        for key, work in works.items():
            try:
                content = reader.read(entries[key].found)
                if hashlib.sha256(content).hexdigest() != work.digest:
                    raise UnreadableError("it changed while the class was graded")
            except UnreadableError as error:
                trouble = f"the file cannot be read: {error}"
                unreadable.append((key, Marked(work, None, trouble)))
            else:
                yield replace(work, content=content, notes=())

    with (
        Reader() as reader,
        closing(mark_all(read_all(), make_runner, jobs=jobs, notes=told)) as marked,
    ):
        for one in marked:
            key = one.work.student, one.work.chapter
            work = works[key]
            if one.marks is None:
                yield key, Marked(work, None, one.trouble)
            else:
                store.save(work, one.marks)
                notes = (*work.notes, *one.marks.notes)
                yield key, Marked(work, replace(one.marks, notes=notes))
    yield from unreadable
