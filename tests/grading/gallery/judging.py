"""Marks the gallery's entries as a class is marked, and looks at what they did besides."""

import hashlib
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import course_lib
from course_lib.exercises import Case, Exercise, solution_source
from course_lib.grading.classroom import marking
from course_lib.grading.classroom.marking import mark_exercise
from course_lib.grading.classroom.notebook import read_notebook
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks
from course_lib.grading.classroom.student_page import student_page
from course_lib.grading.isolation import Attempt, Limits, Sandbox
from course_lib.grading.judgment import AnswerKey
from tests.grading.gallery.entries import SEED, Deserved, Entry

PROJECT = Path(course_lib.__file__).parents[1]
TRACE = "gallery-was-here"
_MARKUP = ("<script>alert('gallery')", "<img src=x", "\u202e", "\x1b", "\0", "\ud800")
_LONGEST_PAGE = 200_000
_OTHER_SEED = 12_345


@dataclass(frozen=True)
class Verdict:
    """What one exercise of an entry was given, and what else went wrong."""

    entry: Entry
    deserved: Deserved
    mark: ExerciseMark | None
    problems: tuple[str, ...]

    @property
    def given(self) -> float:
        return 0.0 if self.mark is None else self.mark.points

    @property
    def is_just(self) -> bool:
        status = "" if self.mark is None else self.mark.status
        is_as_said = self.deserved.words != "not accepted" or status == "not accepted"
        return self.given == self.deserved.points and is_as_said and not self.problems

    def __str__(self) -> str:
        if self.mark is None:
            shown = "not marked"
        else:
            failure = self.mark.failure
            reason = failure.error or failure.difference if failure else self.mark.hidden_problem
            shown = f"{self.mark.status}, {self.mark.points:g} points; {reason}"
            shown += f"; {self.mark.violations} {self.mark.notes}"
        return (
            f"{self.entry.group}: {self.entry.title}: {self.deserved.exercise_id} deserves "
            f"{self.deserved.points:g} ({self.deserved.words}): {shown} {self.problems}"
        )


class Gallery:
    """A sandbox for one entry after another, with a classmate beside it and ears open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> "Gallery":
        with ExitStack() as stack:
            (self.folder / "bob").mkdir(parents=True)
            (self.folder / "grades.csv").write_text("id,points\nbob,2\n")
            (self.folder / "bob" / "first-steps.ipynb").write_text("{}")
            self._ears = list(_ears(stack, self.folder / "grader.sock"))
            self._outside = _snapshot(self.folder)
            with _variable("GALLERY_SECRET", "the teacher's"):
                limits = Limits(memory_bytes=512 << 20, seconds_to_load=4.0)
                self.sandbox = stack.enter_context(Sandbox(limits=limits))
            self._expected = self._classmate()
            if self._expected.status != "right":
                raise RuntimeError(f"the sandbox is no good: {self._expected}")
            self._processes = _descendants()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def judge(self, entry: Entry) -> list[Verdict]:
        """Mark every exercise that the entry answers; problems stand with the first."""
        marks = self._marks(entry, SEED)
        problems: list[str] = []
        if entry.checks & {"leaks", "same again"}:
            other = _OTHER_SEED if "leaks" in entry.checks else SEED
            again = self._marks(entry, other)
            if marks != again:
                problems.append(f"marked again it is different: {_differences(marks, again)}")
        problems += self._page_problems(entry, marks)
        if entry.is_hostile:
            problems += self._traces()
        return [
            Verdict(entry, deserved, mark, () if number else tuple(problems))
            for number, (deserved, mark) in enumerate(zip(entry.deserves, marks, strict=True))
        ]

    def _marks(self, entry: Entry, hidden_seed: int) -> list[ExerciseMark | None]:
        read = read_notebook(self._filled_in(entry.content), entry.name)
        if read.problem:
            return [None for _ in entry.deserves]
        runner = _Patient(self.sandbox, entry.seconds)
        with _hidden_cases(hidden_seed):
            return [
                mark_exercise(runner, deserved.exercise, read.cells, SEED)
                for deserved in entry.deserves
            ]

    def _filled_in(self, content: bytes) -> bytes:
        port = self._ears[0].getsockname()[1]
        home = Path.home()
        for name, value in (
            ("@OUTSIDE@", self.folder),
            ("@PROJECT@", PROJECT),
            ("@HOME@", home),
            ("@PORT@", port),
        ):
            content = content.replace(name.encode(), str(value).encode())
        return content

    def _page_problems(self, entry: Entry, marks: Sequence[ExerciseMark | None]) -> Iterator[str]:
        submission = SubmissionMarks("mallory", "pretraining", entry.name, "", SEED, "")
        submission = submission.with_marks([mark for mark in marks if mark is not None])
        if SubmissionMarks.from_json(submission.to_json()) != submission:
            yield "the marks do not survive being stored"
        page = student_page([submission], "mallory")
        yield from (f"the page holds {text!r}" for text in _MARKUP if text in page)
        if len(page) > _LONGEST_PAGE:
            yield f"the page has {len(page)} characters"

    def _traces(self) -> Iterator[str]:
        """What a hostile entry must not have done."""
        if self._classmate() != self._expected:
            yield "the next submission was marked differently"
        if _descendants() != self._processes:
            yield "processes are left, or the worker is another"
            self._processes = _descendants()
        if _snapshot(self.folder) != self._outside:
            yield "a classmate's file or the results were changed"
        places = ("/tmp", "/var/tmp", "/dev/shm", "/", str(Path.home()), str(PROJECT), ".")
        yield from (f"a file in {p}" for p in places if Path(p, TRACE).exists())
        if any(_was_called(ear) for ear in self._ears):
            yield "it reached a socket"

    def _classmate(self) -> ExerciseMark:
        exercise = Deserved("first_steps.most_probable", "full").exercise
        return mark_exercise(self.sandbox, exercise, [solution_source(exercise)], SEED)


class _Patient:
    """The sandbox, with the entry's own time for a case."""

    def __init__(self, sandbox: Sandbox, seconds: float) -> None:
        self._sandbox = sandbox
        self._seconds = seconds

    def attempt(self, exercise: Exercise, cells: Sequence[str], cases: Sequence[Case]) -> Attempt:
        shorter = replace(exercise, seconds_per_case=self._seconds)
        return self._sandbox.attempt(shorter, cells, cases)

    def fingerprint(self, cells: Sequence[str], names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        return self._sandbox.fingerprint(cells, names)


@contextmanager
def _hidden_cases(seed: int) -> Iterator[None]:
    """Let the hidden cases come from this seed, while the public ones stay."""
    usual = marking._answers

    def answers(exercise_id: str, own_seed: int) -> tuple[AnswerKey, int]:
        exercise = Deserved(exercise_id, "full").exercise
        public = exercise.public_cases(own_seed)
        return AnswerKey(exercise, [*public, *exercise.hidden_cases(seed)]), len(public)

    if seed != SEED:
        marking._answers = answers
    try:
        yield
    finally:
        marking._answers = usual


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _ears(stack: ExitStack, path: Path) -> Iterator[socket.socket]:
    """Sockets that nobody in a sandbox may reach: by address, by path, by name."""
    for kind, address in (
        (socket.AF_INET, ("127.0.0.1", 0)),
        (socket.AF_UNIX, str(path)),
        (socket.AF_UNIX, f"\0gallery-{os.getpid()}"),
    ):
        ear = stack.enter_context(socket.socket(kind))
        ear.bind(address)
        ear.listen(5)
        ear.setblocking(False)
        yield ear


def _was_called(ear: socket.socket) -> bool:
    try:
        ear.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "-"
        for path in sorted(folder.rglob("*"))
    }


def _descendants() -> set[int]:
    """The processes that this one has started, and theirs; none where /proc is missing."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(path.parent.name)] = int(fields[1])
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def _differences(one: Sequence[object], other: Sequence[object]) -> str:
    for left, right in zip(one, other, strict=True):
        if left is None or right is None:
            return f"{left} | {right}"
        both = [(k, vars(left)[k], vars(right)[k]) for k in vars(left)]
        return "; ".join(f"{k}: {a!r} | {b!r}" for k, a, b in both if a != b)
    return ""
