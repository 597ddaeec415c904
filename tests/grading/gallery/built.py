"""Entries that are made by code: hard-coded answers, and notebooks whose file is the matter."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from course_lib.exercises import get_exercise
from tests.grading.gallery.entries import SEED, Deserved, Entry, notebook

ID = "pretraining.bits_per_byte"
RIGHT = """import math


def bits_per_byte(perplexity, n_tokens, n_bytes):
    return math.log2(perplexity) * n_tokens / n_bytes
"""
WRONG = "def bits_per_byte(perplexity, n_tokens, n_bytes):\n    return -1.0\n"


def built_entries() -> Iterator[Entry]:
    """All entries that code makes, hostile ones first."""
    yield _hard_coded()
    for title, words, because, make in _HOSTILE:
        tries, _, deserved = words.partition(" -> ")
        yield _entry("hostile/files", title, tries, deserved, because, make())
    for title, words, because, make in _UNLUCKY:
        has, _, deserved = words.partition(" -> ")
        yield _entry("unlucky/files", title, has, deserved, because, make())
    yield replace(
        _entry(
            "unlucky/files",
            "A Python file",
            "cells marked by # %% in place of a notebook",
            "full",
            "a .py file is read as well",
            f"# %% [markdown]\n# Bits\n# %%\n{RIGHT}# %%\ncheck(1)\n".encode(),
        ),
        name="pretraining.py",
    )


def _entry(
    group: str, title: str, tries: str, deserved: str, because: str, content: bytes
) -> Entry:
    return Entry(group, title, tries, (Deserved(ID, deserved or "full"),), because, content)


def _hard_coded() -> Entry:
    """A table of the answers that the public cases show."""
    exercise = get_exercise(ID)
    names = exercise.signature.names
    table = {
        tuple(case.inputs[name] for name in names): exercise.expected(case)
        for case in exercise.public_cases(SEED)
    }
    source = (
        f"TABLE = {table!r}\n\n\ndef bits_per_byte(*given):\n    return TABLE.get(given, -1.0)\n"
    )
    return _entry(
        "hostile/guesses",
        "A table of the public answers",
        "copy the expected values that check shows into a dictionary",
        "public",
        "hidden cases have other inputs: it earns the public cases' share",
        notebook(source),
    )


def _stored() -> dict[str, object]:
    stored: dict[str, object] = json.loads(notebook("import math", RIGHT))
    return stored


def _with_outputs(outputs: list[object]) -> bytes:
    stored = _stored()
    stored["cells"][1]["outputs"] = outputs  # type: ignore[index]
    return json.dumps(stored).encode()


def _huge_output() -> bytes:
    text = [f"step {step}: loss {1 / (step + 1):.6f}\n" for step in range(300_000)]
    return _with_outputs([{"output_type": "stream", "name": "stdout", "text": text}])


def _without(*keys: str) -> bytes:
    return json.dumps({key: item for key, item in _stored().items() if key not in keys}).encode()


def _with_metadata(metadata: object) -> bytes:
    return json.dumps({**_stored(), "metadata": metadata}).encode()


def _broken_cell() -> bytes:
    whole = notebook("import math", "x = 1", RIGHT, "print(2)").decode()
    return whole.replace('"x = 1"', '"x = 1').encode()


def _cut_off() -> bytes:
    whole = notebook("import math", RIGHT, "y = 2")
    return whole[: whole.rindex(b'"y = 2"')]


def _old_format() -> bytes:
    cells = [{"cell_type": "code", "input": text, "outputs": []} for text in ("import math", RIGHT)]
    return json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()


def _with_tabs() -> bytes:
    return notebook(RIGHT.replace("    ", "\t"))


def _deep_expression(count: int, start: str, step: str, end: str) -> Callable[[], bytes]:
    return lambda: notebook(start + step * count + end, RIGHT)


_CRLF = RIGHT.replace("\n", "\r\n")
_Made = tuple[str, str, str, Callable[[], bytes]]

_HOSTILE: tuple[_Made, ...] = (
    (
        "Brackets without an end",
        "overflow the JSON reader with 200,000 brackets -> none",
        "what cannot be read is told; nothing else is affected",
        lambda: b'{"cells": ' + b"[" * 200_000,
    ),
    (
        "A number of a million digits",
        "keep the JSON reader busy with one integer -> full",
        "long numbers are not converted; the solution beside it is right",
        lambda: _with_metadata({"n": 0}).replace(b'"n": 0', b'"n": ' + b"9" * 1_000_000),
    ),
    (
        "Keys that are doubled, and values of other types",
        "confuse the reader with cells of every shape -> full",
        "what is no cell is left out; the solution is right",
        lambda: (
            b'{"cells": 1, "cells": [null, 3, [], {"source": 7}, {"cell_type": ["code"]}, '
            b'{"cell_type": "code", "source": [null, {}, '
            + json.dumps(RIGHT).encode()
            + b"]}], "
            + b'"metadata": "x", "nbformat": NaN}'
        ),
    ),
    (
        "100,000 empty cells",
        "keep the grader busy with cells -> none",
        "at most 20,000 cells are read",
        lambda: b'{"cells": [' + b'{"source":"1"},' * 100_000 + b'{"source":"2"}]}',
    ),
    (
        "Half characters and zeros in the source",
        "stop the reader with lone surrogates and NUL -> full",
        "they are replaced; the solution is right",
        lambda: notebook("s = '\ud800\udfff\x00'", RIGHT),
    ),
    (
        "An expression of 100,000 signs",
        "overflow the stack of Python's parser -> full",
        "a cell that cannot be read costs only itself; the solution is right",
        _deep_expression(100_000, "x = ", "-", "1"),
    ),
    (
        "A sum of 100,000 terms",
        "overflow the stack of Python's compiler -> full",
        "the solution does not need that cell",
        _deep_expression(100_000, "y = 1", "+1", ""),
    ),
    (
        "A chain of 50,000 attributes",
        "overflow the stack of whoever walks the tree -> full",
        "the solution does not need that cell",
        _deep_expression(50_000, "z = a", ".a", ""),
    ),
    (
        "Brackets in brackets",
        "nest 5,000 lists in the source -> full",
        "a cell that cannot be read costs only itself; the solution is right",
        lambda: notebook("x = " + "[" * 5_000 + "]" * 5_000, RIGHT),
    ),
    (
        "A list of 100,000 numbers",
        "make reading slow -> full",
        "it is read, and not run; the solution is right",
        lambda: notebook("x = [" + "1," * 100_000 + "]", RIGHT),
    ),
    (
        "Five thousand cells that name the solution",
        "make the search for what is needed slow -> none",
        "the last of them counts, and it is wrong",
        lambda: notebook(*[f"def bits_per_byte(*x): return -{n}.0" for n in range(5_000)]),
    ),
)
_UNLUCKY: tuple[_Made, ...] = (
    ("Windows line ends", "CR LF in every source -> full", "they are line ends",
     lambda: notebook("import math\r\n", _CRLF).replace(b"\n", b"\r\n")),
    ("A byte order mark", "one at the start of the file and one in a cell -> full",
     "it is no part of the text", lambda: b"\xef\xbb\xbf" + notebook("\ufeffimport math", RIGHT)),
    ("UTF-16", "a file that an editor stored in UTF-16 -> full", "it can be read",
     lambda: notebook(RIGHT).decode().encode("utf-16")),
    ("Tabs", "tabs in place of blanks -> full", "Python allows them", _with_tabs),
    ("One broken cell in the JSON", "a quote that was lost in a merge -> full",
     "the cells that can be read are graded", _broken_cell),
    ("The end is missing", "a file whose upload stopped -> full",
     "the cells that are whole are graded", _cut_off),
    ("No kernelspec", "metadata that were removed -> full", "they are not needed",
     lambda: _without("metadata", "nbformat")),
    ("Another kernel", "a notebook set to R -> full", "it holds Python",
     lambda: _with_metadata({"kernelspec": {"name": "ir", "language": "R"}})),
    ("An output of ten megabytes", "300,000 lines of a training log -> full",
     "outputs are passed over", _huge_output),
    ("10,000 cells", "a notebook of 10,000 cells, the solution in the last -> full",
     "all of them are read", lambda: notebook(*["x = 1"] * 9_999, RIGHT)),
    ("The format of 2013", "nbformat 3 with worksheets -> full", "its cells are found",
     _old_format),
    ("Conflict marks", "<<<<<<< in a cell besides the solution -> full",
     "a broken cell costs only itself",
     lambda: notebook("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b", RIGHT)),
)  # fmt: skip
