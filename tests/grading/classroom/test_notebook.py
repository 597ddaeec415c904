"""Notebooks in every state in which students hand them in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.grading.classroom.notebook import (
    MAX_CELLS,
    MAX_SOURCE,
    clean,
    read_notebook,
    without_outputs,
)

CODE = {"cell_type": "code", "source": "x = 1"}


def stored(**content):
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        (stored(cells=[CODE], nbformat=4), ("x = 1",)),
        (stored(cells=[{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]), ("x = 1\ny = 2",)),
        (stored(cells=[{"cell_type": "markdown", "source": "# hi"}, CODE]), ("x = 1",)),
        (stored(cells=[{"cell_type": "code"}, CODE]), ("x = 1",)),
        (stored(cells=[None, 3, "x", [], CODE]), ("x = 1",)),
        (stored(cells=[{"cell_type": "code", "source": [1, "x = 1", None]}]), ("x = 1",)),
        (stored(cells=[{"source": "x = 1"}]), ("x = 1",)),
        (stored(worksheets=[{"cells": [{"cell_type": "code", "input": "x = 1"}]}]), ("x = 1",)),
        (stored(cells=[CODE], metadata=None), ("x = 1",)),
        (stored(cells=[CODE], metadata={"kernelspec": 7}), ("x = 1",)),
        (b"\xef\xbb\xbf" + stored(cells=[CODE]), ("x = 1",)),
        (stored(cells=[CODE]).decode().encode("utf-16"), ("x = 1",)),
        (b"\r\n " + stored(cells=[CODE]).replace(b", ", b",\r\n"), ("x = 1",)),
        (stored(cells=[{"cell_type": "code", "source": "a\r\nb\rc"}]), ("a\nb\nc",)),
        (stored(cells=[{"cell_type": "code", "source": "x\u0000 = \ufeff1"}]), ("x = \ufeff1",)),
        (stored(cells=[{"cell_type": "code", "source": "'\ud800'"}]), ("'?'",)),
        (stored(cells=[CODE], big=1).replace(b": 1}", b": " + b"9" * 9000 + b"}"), ("x = 1",)),
    ],
)
def test_what_is_there_is_read(content, cells):
    read = read_notebook(content, "n.ipynb")
    assert read.cells == cells
    assert not read.problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \r\n\0", "empty"),
        (b'"words": [', "no code"),
        (b'{"cells": 3}', "no cells"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"worksheets": [3, {"cells": 4}]}', "no cells"),
        (stored(cells=[]), "no code"),
        (stored(cells=[{"cell_type": "code", "source": " \n"}]), "no code"),
        (b"\x89PNG\r\n\x1a\n" * 100, "no code"),
        (b"[" * 1_000_000, "no code"),
        (b'{"a":' * 100_000, "no code"),
    ],
)
def test_nothing_to_grade_is_said(content, words):
    assert words in read_notebook(content, "n.ipynb").problem


def test_damaged_json_gives_the_cells_that_are_whole():
    whole = stored(cells=[CODE, CODE | {"source": "y = 2"}, CODE | {"source": "z = 3"}])
    cut = whole[: whole.index(b"z = 3")]
    assert read_notebook(cut, "n.ipynb").cells == ("x = 1", "y = 2")
    conflict = whole.replace(b'"y = 2"', b'<<<<<<< HEAD "y = 2"')
    read = read_notebook(conflict, "n.ipynb")
    assert read.cells == ("x = 1", "z = 3")
    assert "damaged" in read.notes[0]
    trailing = whole.replace(b"}]", b"},]")
    assert read_notebook(trailing, "n.ipynb").cells == ("x = 1", "y = 2", "z = 3")


def test_outputs_of_any_size_are_passed_over():
    text = '"outputs": [ } \\" ] \\\\'
    bulky = {"data": {"text": text}, "more": [[1, {"a": []}]] * 200_000}
    cells = [
        CODE | {"outputs": [bulky, text]},
        {"cell_type": "code", "source": f"s = {text!r}", "outputs": []},
        {"cell_type": "markdown", "source": "x", "attachments": {"a.png": {"b": "AAAA" * 100_000}}},
    ]
    content = json.dumps({"cells": cells}).encode()
    assert len(content) > 2 << 20
    assert read_notebook(content, "n.ipynb").cells == ("x = 1", f"s = {text!r}")
    slim = json.loads(without_outputs(content))
    assert slim["cells"][0]["outputs"] == []
    assert slim["cells"][2]["attachments"] == {}


def test_ten_thousand_cells_and_too_many():
    assert len(read_notebook(stored(cells=[CODE] * 10_000), "n.ipynb").cells) == 10_000
    read = read_notebook(stored(cells=[CODE] * (MAX_CELLS + 5)), "n.ipynb")
    assert len(read.cells) == MAX_CELLS
    assert "first 20,000" in read.notes[0]
    large = CODE | {"source": "#" * (MAX_SOURCE - 2)}
    read = read_notebook(stored(cells=[CODE, large, CODE]), "n.ipynb")
    assert len(read.cells) == 1


def test_other_kernels_are_noted():
    metadata = {"kernelspec": {"language": "R", "name": "ir"}}
    read = read_notebook(stored(cells=[CODE], metadata=metadata), "n.ipynb")
    assert "language r" in read.notes[0]


def test_scripts_and_percent_cells():
    text = b"import torch\r\n# %% [markdown]\r\n# words\r\n# %% second\r\nx = 1\r\n#%%\r\ny = 2\r\n"
    read = read_notebook(text, "n.py")
    assert read.cells == ("import torch\n", "# %% second\nx = 1\n", "#%%\ny = 2\n")
    assert read_notebook(b"x = 1", "n.py").cells == ("x = 1",)
    assert read_notebook(b"x = 1", "n.ipynb").cells == ("x = 1",)  # a misnamed script
    assert read_notebook(stored(cells=[CODE]), "n.py").cells == ("x = 1",)  # a misnamed notebook
    assert "Western" in read_notebook(b"s = '\xe9'", "n.py").notes[0]


@given(st.binary(max_size=300))
def test_any_bytes_give_a_notebook_or_a_problem(content):
    for name in ("n.py", "n.ipynb"):
        read = read_notebook(content, name)
        assert read.problem or read.cells


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["cells", "source", "cell_type", "outputs"]), x)
        ),
    )
)
def test_any_json_gives_a_notebook_or_a_problem(value):
    content = json.dumps({"cells": value}).encode()
    read = read_notebook(content, "n.ipynb")
    assert read.problem or read.cells
    json.loads(without_outputs(content))


@given(st.text(max_size=200))
def test_clean_source_can_be_sent(text):
    assert "\r" not in clean(text)
    clean(text).encode("utf-8")
