"""Exercise: showing text while its tokens arrive."""

import codecs
import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def stream_text(tokens: list[bytes]) -> list[str]:
    """Return the text that each token completes."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    shown = [decoder.decode(token) for token in tokens]
    return [*shown, decoder.decode(b"", final=True)]


def _each_alone(tokens: list[bytes]) -> list[str]:
    return [*(token.decode("utf-8", errors="replace") for token in tokens), ""]


def _ignored(tokens: list[bytes]) -> list[str]:
    return [*(token.decode("utf-8", errors="ignore") for token in tokens), ""]


def _rest_dropped(tokens: list[bytes]) -> list[str]:
    return [*stream_text(tokens)[:-1], ""]


def _all_at_the_end(tokens: list[bytes]) -> list[str]:
    return [*("" for _ in tokens), b"".join(tokens).decode("utf-8", errors="replace")]


def _everything_again(tokens: list[bytes]) -> list[str]:
    shown = stream_text(tokens)
    return ["".join(shown[: n + 1]) for n in range(len(shown))]


def _stuck_on_bad_bytes(tokens: list[bytes]) -> list[str]:
    shown, waiting = [], b""
    for token in tokens:
        waiting += token
        try:
            shown.append(waiting.decode("utf-8"))
            waiting = b""
        except UnicodeDecodeError:
            shown.append("")
    return [*shown, waiting.decode("utf-8", errors="replace")]


def _latin(tokens: list[bytes]) -> list[str]:
    return [*(token.decode("latin-1") for token in tokens), ""]


def _bad_bytes_dropped(tokens: list[bytes]) -> list[str]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    return [*(decoder.decode(token) for token in tokens), decoder.decode(b"", final=True)]


def _no_last_entry(tokens: list[bytes]) -> list[str]:
    return stream_text(tokens)[:-1]


def _bad_bytes_wait(tokens: list[bytes]) -> list[str]:
    shown, before, data = [], "", b""
    for token in tokens:
        data += token
        text = data.decode("utf-8", errors="replace").rstrip("�")
        shown.append(text[len(before) :])
        before = text
    return [*shown, data.decode("utf-8", errors="replace")[len(before) :]]


def _case(tokens: list[bytes], label: str) -> Case:
    return Case({"tokens": tokens}, label)


def _cut(draw: random.Random, data: bytes, label: str) -> Case:
    """Cut bytes into tokens of one to three bytes."""
    tokens = []
    while data:
        size = draw.randint(1, 3)
        tokens.append(data[:size])
        data = data[size:]
    return _case(tokens, label)


_BERRY = "🍓".encode()


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([b"Hello", b" world"], "plain English"),
        _case([b"a ", _BERRY[:2], _BERRY[2:3], _BERRY[3:], b"!"], "a character in three tokens"),
        _case([b"caf", b"\xc3", b"\xa9 au"], "an accent cut in two"),
        _case([b"bad \xff byte", b" and on"], "a byte that is never valid"),
        _case([b"end", _BERRY[:3]], "a stream that stops inside a character"),
        _case([b"bad \xff", b"again"], "a byte that is never valid at the end of a token"),
        _cut(draw, "中文 and 🍓🍓".encode(), "random cuts"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([], "no tokens"),
        _case([b"a", b"", b"\xe4", b"", b"\xb8\xad"], "tokens without bytes"),
        _case([b"\xc3\xa9"], "one token"),
        _case([b"\xc0", b"\xe4\xb8", b"z"], "bad bytes alone"),
        _case([b"\xe4", b"\xb8", b"\xad", b"\xe6\x96"], "a broken end"),
        _case([b"a\xc3", b"b", b"\x80c"], "broken in the middle"),
        _cut(draw, "ελληνικά, русский, 日本語".encode(), "other scripts"),
        _cut(draw, b"x" + _BERRY[:3] + b"y\xfe" + _BERRY + b"\xed", "random cuts, bad bytes"),
    ]


EXERCISE = Exercise(
    id="tokenization.stream_text",
    title="Show text while tokens arrive",
    statement="""
A chat window shows a text while the model still writes it. With byte-level tokens, one token may
end inside a character. Given the bytes of each token in order, return what the window may append
after each one: all characters that are **complete** by now and were not shown before. A character
that is not complete waits for its other bytes.

Bytes that can never become valid UTF-8 appear as `�` (U+FFFD), as Python's `errors="replace"`
does it. The list has **one more entry** than there are tokens: what is left when the stream ends.
Joined, the entries equal `b"".join(tokens).decode("utf-8", errors="replace")`. A token may have no
bytes at all. The standard library may be used.
""",
    signature=Signature(
        summary="Return the text that each token completes.",
        parameters=(Parameter("tokens", "list of bytes, the tokens in order"),),
        returns="list of str, one entry per token and one for the end",
    ),
    level="stretch",
    points=5,
    minutes=15,
    example=_case([b"caf", b"\xc3", b"\xa9 \xf0\x9f"], "example"),
    reference=stream_text,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Something must remember the bytes of an unfinished character between two tokens. Which "
        "bytes can you safely show, and which must wait?",
        "Trying to decode everything that waits and keeping it on an error is not enough: after a "
        "bad byte it would wait forever. The standard library has a decoder with a memory.",
        '`decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")` holds back '
        "incomplete characters. Call `decoder.decode(token)` for each token and "
        '`decoder.decode(b"", final=True)` at the end.',
    ),
    explanation="The first byte of a character says how many bytes it has, so an incremental "
    "decoder knows at every moment whether to wait, to show, or to give up on a bad byte. Bytes "
    "that are merely unfinished must not become � yet: the next token may complete them.",
    mutants=(
        Mutant(
            "each_alone",
            _each_alone,
            "Each token is decoded alone, so a character cut between two tokens becomes � twice.",
        ),
        Mutant(
            "ignored",
            _ignored,
            "Each token is decoded alone and incomplete bytes are dropped: characters vanish.",
        ),
        Mutant(
            "rest_dropped",
            _rest_dropped,
            "Bytes that still wait when the stream ends are lost; they should appear as �.",
        ),
        Mutant(
            "all_at_the_end",
            _all_at_the_end,
            "Everything appears at the end; show what is complete after every token.",
        ),
        Mutant(
            "everything_again",
            _everything_again,
            "The whole text is returned each time; return only what is new.",
        ),
        Mutant(
            "stuck_on_bad_bytes",
            _stuck_on_bad_bytes,
            "After a token with a part of a character, or with a bad byte, complete characters "
            "wait too; show what is complete and hold back only the unfinished bytes.",
        ),
        Mutant(
            "no_last_entry",
            _no_last_entry,
            "The last entry is missing: what is left when the stream ends, often an empty text.",
        ),
        Mutant(
            "bad_bytes_wait",
            _bad_bytes_wait,
            "A byte that can never become valid waits at the end of a token; only the beginning of "
            "a character may wait.",
        ),
        Mutant("latin", _latin, "The bytes are read as Latin-1; the text is UTF-8."),
        Mutant(
            "bad_bytes_dropped",
            _bad_bytes_dropped,
            "Invalid bytes are dropped in silence; each should appear as �.",
        ),
    ),
)
