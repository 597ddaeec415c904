"""What an isolated attempt may use, and what comes out of it."""

from dataclasses import dataclass, fields
from typing import Literal

from course_lib.grading.inside.policy import Violation
from course_lib.grading.outcomes import Outcome

AttemptStatus = Literal["ran", "untouched", "missing", "forbidden"]


@dataclass(frozen=True)
class Limits:
    """Limits of one attempt: seconds of wall clock, bytes, counts.

    ``memory_bytes`` is what the code may take beyond a process that has imported torch;
    ``tmp_bytes`` the size of its ``/tmp``; ``reply_bytes`` the largest answer that is read.
    The time per case is the exercise's (``seconds_per_case``).
    """

    seconds_to_load: float = 20.0
    memory_bytes: int = 2 << 30
    tmp_bytes: int = 64 << 20
    reply_bytes: int = 64 << 20
    printed_characters: int = 2_000
    open_files: int = 64
    threads: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be > 0, got {getattr(self, field.name)}")


@dataclass(frozen=True, eq=False)
class Attempt:
    """What one exercise of one notebook came to.

    ``status``: ``ran`` (then there is one outcome per case, in order), ``untouched`` (still the
    stub), ``missing`` (the notebook does not define it), ``forbidden`` (its code names what the
    exercise does not allow: see ``violations``; nothing was run). ``notes`` are short remarks for
    the student about what was left out, as magics and failing imports.
    """

    status: AttemptStatus
    outcomes: tuple[Outcome, ...] = ()
    violations: tuple[Violation, ...] = ()
    notes: tuple[str, ...] = ()
