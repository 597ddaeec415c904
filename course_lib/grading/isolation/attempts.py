"""One attempt at an exercise: what is asked of the children, and what their answers come to."""

import time
from collections.abc import Sequence
from typing import Any

from course_lib.exercises import Case, Exercise, stub_source
from course_lib.grading.in_process import AFTER_A_TIMEOUT, out_of_time
from course_lib.grading.inside.cells import MOST_CHARACTERS
from course_lib.grading.isolation.command import SandboxUnavailableError
from course_lib.grading.isolation.limits import Attempt, Limits
from course_lib.grading.isolation.link import DeadlineError, LostError
from course_lib.grading.isolation.replies import (
    computed_of,
    crash,
    error_of,
    notes_of,
    outcome_of,
    violations_of,
)
from course_lib.grading.isolation.workers import (
    REQUEST_BYTES,
    SECONDS_TO_READ,
    Session,
    Workers,
)
from course_lib.grading.outcomes import LearnerError, Outcome

_SECONDS_TO_SPARE = 60


def run_attempt(
    workers: Workers, exercise: Exercise, cells: Sequence[str], cases: Sequence[Case]
) -> Attempt:
    """Try the notebook's solution on the cases; see ``Sandbox.attempt``."""
    return _Attempt(workers, exercise, cells, cases).run()


def base_request(limits: Limits, cells: Sequence[str]) -> dict[str, Any]:
    """Return what every request holds: the cells and the limits."""
    room, kept = MOST_CHARACTERS, []
    for cell in cells:
        if room < 0:
            break  # the child says so in a note: the last cell is already too long
        kept.append(cell[: MOST_CHARACTERS + 1])
        room -= len(cell)
    return {
        "cells": kept,
        "reply_bytes": limits.reply_bytes,
        "request_bytes": REQUEST_BYTES,
        "printed_characters": limits.printed_characters,
        "tmp_bytes": limits.tmp_bytes,
        "memory_bytes": limits.memory_bytes,
        "open_files": limits.open_files,
        "cpu_seconds": int(2 * limits.seconds_to_load) + _SECONDS_TO_SPARE,
    }


class _Attempt:
    """One attempt: as many children as it takes, since each crash costs one."""

    def __init__(
        self, workers: Workers, exercise: Exercise, cells: Sequence[str], cases: Sequence[Case]
    ) -> None:
        self.workers = workers
        self.limits = workers.limits
        self.exercise = exercise
        self.cases = list(cases)
        self.seconds = exercise.seconds_per_case
        self.seconds_to_load = 2 * self.limits.seconds_to_load
        self.outcomes: list[Outcome] = []
        self.notes: tuple[str, ...] = ()
        self.computed = 0.0
        self.has_lost_worker = False
        self.everything: bool | None = None  # None: not yet; it may be tried
        seconds = self.seconds * len(cases)
        base = base_request(self.limits, cells)
        self.request: dict[str, Any] = {
            **base,
            "id": exercise.id,
            "name": exercise.name,
            "kind": exercise.kind,
            "parameters": exercise.signature.names,
            "stub": stub_source(exercise.id),
            "forbidden": list(exercise.forbidden),
            "cpu_seconds": base["cpu_seconds"] + int(4 * seconds),
        }

    def run(self) -> Attempt:
        while True:
            attempt = self._child()
            if attempt is not None:
                return attempt
            if len(self.outcomes) == len(self.cases):
                return Attempt("ran", tuple(self.outcomes), (), self.notes)

    def _child(self) -> Attempt | None:
        """Run cases in one child, until all are done or one ends it."""
        session = self.workers.open({**self.request, "everything": bool(self.everything)})
        problem: LearnerError | None = None
        lost: LostError | None = None
        in_case = False
        try:
            early = self._read_and_load(session)
            if early is not None:
                return early
            in_case = True
            while len(self.outcomes) < len(self.cases):
                if self._is_started_again(session):
                    return None
        except DeadlineError:
            if in_case:
                problem = out_of_time(self.seconds)
                self.seconds = min(self.seconds, AFTER_A_TIMEOUT)
            else:
                problem = LearnerError(
                    "time", "the cells that this exercise needs were still running when stopped"
                )
        except LostError as error:
            lost = error
        finally:
            status = session.end()
        if status is None and not self.has_lost_worker and (lost or problem):
            self.has_lost_worker = True  # not their fault, as far as we know: once more
            return None
        if lost is not None:
            problem = crash(str(lost), 9 if status is None else status)
        if problem is not None:
            self._note_problem(problem, in_case)
        return None

    def _note_problem(self, problem: LearnerError, in_case: bool) -> None:
        if in_case:
            self.outcomes.append(Outcome(error=problem))
        elif self.everything:
            self.everything = False  # the whole notebook is too much: back to what is needed
        else:
            self._fill(problem)

    def _fill(self, problem: LearnerError) -> None:
        missing = len(self.cases) - len(self.outcomes)
        self.outcomes += [Outcome(error=problem)] * missing

    def _read_and_load(self, session: Session) -> Attempt | None:
        """Wait until the cells are read and have run; return the attempt where that is all."""
        most = self.limits.reply_bytes
        message = session.receive(most, SECONDS_TO_READ, 0.0)
        if "broken" in message:
            self.workers.close()
            raise SandboxUnavailableError(f"the sandbox is broken: {message['broken']}")
        status, self.notes = message.get("status"), notes_of(message)
        if status == "forbidden":
            return Attempt("forbidden", (), violations_of(message), self.notes)
        if status == "missing":
            return Attempt("missing", (), (), self.notes)
        start = time.monotonic()
        seconds = min(self.limits.seconds_to_load, self.seconds_to_load)
        message = session.receive(most, seconds, 0.0)
        self.seconds_to_load = max(0.5, self.seconds_to_load - (time.monotonic() - start))
        self.notes, self.computed = notes_of(message), computed_of(message)
        if message.get("status") == "untouched":
            return Attempt("untouched", (), (), self.notes)
        if message.get("error") is not None:
            self._fill(error_of(message["error"]))
        return None

    def _is_started_again(self, session: Session) -> bool:
        """Run the next case; tell whether all must be run anew, with the whole notebook."""
        number = len(self.outcomes)
        inputs = {"case": number, "inputs": self.cases[number].inputs}
        session.line.send(inputs, REQUEST_BYTES, time.monotonic() + self.seconds)
        message = session.receive(self.limits.reply_bytes, self.seconds, self.computed)
        self.computed = computed_of(message)
        outcome = outcome_of(message, number, self.limits.printed_characters)
        if message.get("unresolved") is True and self.everything is None:
            self.everything = True
            self.outcomes = []
            return True
        self.outcomes.append(outcome)
        return False
