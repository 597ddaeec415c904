"""What came out of one call of a learner's code, however it was run."""

from dataclasses import dataclass
from typing import Any, Literal

ErrorKind = Literal["exception", "time", "call", "unfinished"]


@dataclass(frozen=True)
class LearnerError:
    """Why there is no value: kind, one line for people, and the learner's line where known.

    ``exception``: their code raised; ``time``: it took too long; ``call``: it could not be called
    with the exercise's arguments; ``unfinished``: it raised a bare ``NotImplementedError``.
    """

    kind: ErrorKind
    message: str
    line: str = ""
    type_name: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A value, or an error, and what was printed. An isolated runner returns the same."""

    value: Any = None
    error: LearnerError | None = None
    printed: str = ""
