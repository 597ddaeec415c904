"""What a child says, taken for what it is: bytes from a stranger, put into checked shapes."""

import math
import signal
from typing import Any, get_args

from course_lib.grading.inside.policy import Violation
from course_lib.grading.isolation.link import LostError
from course_lib.grading.outcomes import ErrorKind, LearnerError, Outcome

_MOST_NOTES = 30
_MOST_VIOLATIONS = 30
_SHOWN = 500


def clean(text: object, most: int = _SHOWN) -> str:
    """Return at most so many characters of a text, without control characters."""
    if not isinstance(text, str):
        raise LostError("a text was expected")
    cut = text[:most] + ("…" if len(text) > most else "")
    return "".join(letter for letter in cut if letter.isprintable() or letter in "\n\t")


def notes_of(message: dict[str, Any]) -> tuple[str, ...]:
    """Return the remarks in a message."""
    notes = message.get("notes", [])
    if not isinstance(notes, list):
        raise LostError("a list was expected")
    return tuple(clean(note) for note in notes[:_MOST_NOTES])


def violations_of(message: dict[str, Any]) -> tuple[Violation, ...]:
    """Return the violations in a message."""
    found = message.get("violations", [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise LostError("a list was expected")
    return tuple(
        Violation(
            clean(item.get("name")),
            _number(item.get("cell")) or None,
            _number(item.get("line")),
            clean(item.get("message")),
        )
        for item in found[:_MOST_VIOLATIONS]
    )


def outcome_of(message: dict[str, Any], case: int, printed_characters: int) -> Outcome:
    """Return the outcome in the reply to a case; raises ``LostError`` where it is none."""
    if message.get("case") != case or type(message.get("case")) is not int:
        raise LostError("unreadable: the answer to another case")
    printed = clean(message.get("printed"), printed_characters + 1)
    error = message.get("error")
    if error is not None:
        return Outcome(error=error_of(error), printed=printed)
    if "value" not in message:
        raise LostError("unreadable: neither a value nor an error")
    return Outcome(value=message["value"], printed=printed)


def error_of(error: object) -> LearnerError:
    """Return an error that a child reports."""
    if not isinstance(error, dict) or error.get("kind") not in get_args(ErrorKind):
        raise LostError("unreadable: not an error")
    type_name = clean(error.get("type_name"), 60)
    return LearnerError(
        error["kind"],
        clean(error.get("message")),
        clean(error.get("line")),
        type_name if type_name.isidentifier() else "",
    )


def computed_of(message: dict[str, Any]) -> float:
    """Return the seconds of processor time that a child says it has used."""
    seconds = message.get("cpu")
    return seconds if type(seconds) is float and math.isfinite(seconds) else 0.0


def fingerprints_of(message: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the fingerprints in a message."""
    found = message.get("fingerprints")
    if not isinstance(found, dict):
        raise LostError("unreadable: not a table of fingerprints")
    return {
        clean(name): tuple(sorted(_number(item) & (1 << 64) - 1 for item in hashes))
        for name, hashes in found.items()
        if isinstance(hashes, list)
    }


def crash(reason: str, status: int) -> LearnerError:
    """Say how a child ended that gave no answer; ``status`` is its wait status."""
    if reason.startswith("unreadable"):
        return LearnerError("crash", "what came back from the code cannot be read")
    number = status & 0x7F
    if number == signal.SIGKILL:
        words = "the process was ended: it took too much memory, or too many threads"
    elif number:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        words = f"the process crashed ({name})"
    else:
        words = f"the code ended the whole process (exit code {status >> 8 & 0xFF})"
    return LearnerError("crash", words)


def _number(value: object) -> int:
    if value is None:
        return 0
    if type(value) is not int:
        raise LostError("a number was expected")
    return value
