"""What of a notebook is run for one exercise, and what its text may look like."""

import ast

import pytest

from course_lib.grading.inside.cells import read_cells
from course_lib.grading.inside.slicing import take_slice


def kept(*cells: str, name: str = "f") -> list[str]:
    notebook = read_cells(cells)
    found = take_slice(notebook, [name])
    return [ast.unparse(notebook.statements[place].node) for place in found.positions]


def test_only_what_is_needed():
    assert kept(
        "import torch\nimport heavy",
        "model = heavy.train()",
        "def f(x):\n    model = torch.ones(2)\n    return [model for heavy in x]",
        "model.fit(f)\ncheck('a.f', f)\nprint(f(1))",
    ) == ["import torch", "def f(x):\n    model = torch.ones(2)\n    return [model for heavy in x]"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("a = 1", "b = a + 1", "def f(): return b"), ["a = 1", "b = a + 1"]),
        (("def f(): return g()", "def g(): return 1"), ["def g():\n    return 1"]),
        (("a = 1\na = 2\ndef f(): return a",), ["a = 2"]),
        (("a = train()\ndef train(): pass", "a = 2\ndef f(): return a"), ["a = 2"]),
        (("a = 1\na += 2\ndef f(): return a",), ["a = 1", "a += 2"]),
        (("t = {}\nt['x'] = 1\ndef f(): return t",), ["t = {}", "t['x'] = 1"]),
        (("t = []\nt.append(3)\ndef f(): return t",), ["t = []", "t.append(3)"]),
        (("t = []\nfor i in range(3): t.append(i)\ndef f(): return t",), None),
        (("class A: pass\nA.g = h\ndef h(s): pass\ndef f(): return A()",), None),
        (("if x: y = 1\nelse: y = 2\nx = 3\ndef f(): return y",), None),
        (("try:\n    import a\nexcept ImportError:\n    a = None\ndef f(): return a",), None),
        (("with open('x') as a: b = 1\ndef f(): return a, b",), None),
        (("def d(g): return g\n@d\ndef f(): pass",), None),
        (("k = 3\ndef f(x=k): return x",), None),
        (("T = int\ndef f(x: T): return x",), None),
        (("a, (b, *c) = g()\ndef g(): pass\ndef f(): return c",), None),
        (("def set_up():\n    global a\n    a = 1\nset_up()\ndef f(): return a",), None),
        (("(n := 3)\ndef f(): return n",), None),
        (("m = 2\nl = lambda x: x * m\ndef f(): return l(1)",), None),
        (("b = 2\nclass B:\n    c = b\nclass f(B): pass",), None),
        (("x = [1]\nx2 = [i for i in x]\ndef f(): return x2",), None),
        (("from a import *\ndef f(): return unknown",), None),
        (("a = 1\ndel a\ndef f(): return a",), None),
        (("class A: pass\nsetattr(A, 'x', 1)\ndef f(): return A",), None),
        (("import torch\ntorch.set_default_dtype(1)\ndef f(): return torch",), None),
        (("match g:\n    case [a]: pass\ng = 1\ndef f(): return a",), None),
    ],
)
def test_bindings(cells, expected):
    found = kept(*cells)
    everything = [ast.unparse(node) for cell in cells for node in ast.parse(cell).body]
    definition = [text for text in everything if "def f" in text or "class f" in text]
    assert found == (everything if expected is None else None) or set(found) == {
        *(expected or ()),
        *definition,
    }


@pytest.mark.parametrize(
    "cells",
    [
        ("import torch\ntorch.manual_seed(0)\ntorch.save(model, 'x')\ndef f(): return torch",),
        ("slow = dict.fromkeys(load())\ndef f(): return dict()",),
        ("def f(): return 1", "answer = f()", "f.note = answer" if False else "print(answer)"),
        ("from slow import *\ndef f(x): return len(x)",),
        ("big = load()\ndef f(big): return big",),
        ("big = load()\ndef f():\n    big = 1\n    return big",),
        ("f = 3\nbig = load()\nf = big\ndef f(): pass",),
        ("from library import f", "def f(): pass"),
        ("def f():\n    import torch\n    return torch", "import torch"),
    ],
)
def test_left_out(cells):
    found = kept(*cells)
    left_out = ("save", "manual_seed", "answer", "slow", "load", "library")
    assert not [text for text in found if any(word in text for word in left_out)]
    assert any("def f" in text for text in found)


def test_unresolved_names():
    notebook = read_cells(["def f(x):\n    return helper(len(x)) + other", "other = 1"])
    assert take_slice(notebook, ["f"]).unresolved == {"helper"}
    assert take_slice(notebook, ["g"]).positions == ()


def test_a_name_used_before_and_after_it_is_replaced():
    found = kept("a = 1", "b = a", "a = 2", "def f(): return a, b")
    assert found == ["a = 1", "b = a", "a = 2", "def f():\n    return (a, b)"]


def read(*cells: str):
    notebook = read_cells(cells)
    return [ast.unparse(item.node) for item in notebook.statements], notebook.notes


@pytest.mark.parametrize(
    ("cell", "statements", "note"),
    [
        ("%matplotlib inline\nx = 1", ["pass", "x = 1"], "left out"),
        ("!pip install torch\nx = 1", ["pass", "x = 1"], "left out"),
        ("if True:\n    %load_ext a\nx = 1", ["if True:\n    pass", "x = 1"], "left out"),
        ("files = !ls\nx = 1", ["pass", "x = 1"], "left out"),
        ("torch.ones?\nx = 1", ["pass", "x = 1"], "left out"),
        ("%time x = 1", ["x = 1"], "left out"),
        ("%%time\nx = 1", ["x = 1"], "`%%time` was left out"),
        ("%%bash\nrm -rf x", [], "`%%bash` cell was left out"),
        ("%%html\n<b>", [], "`%%html` cell was left out"),
        ("\ufeffx = 1\r\ny = 2\r", ["x = 1", "y = 2"], ""),
        ("x = (5\n     % 3)", ["x = 5 % 3"], ""),
        ("s = '''\n%d\n'''", ["s = '\\n%d\\n'"], ""),
        ("", [], ""),
        ("\n\n# only words", [], ""),
        ("x = 1\ny = = 2\nz = 3", ["x = 1", "z = 3"], "cell 1 is not valid Python (line 2"),
        (
            "def f(x):\n    return x\n\nhere is some text\n\ndef g(x):\n    return x",
            ["def f(x):\n    return x", "def g(x):\n    return x"],
            "not valid",
        ),
        ("def f(x):\nreturn x", [], "not valid"),
        ("x = 1\0\ny = 2", ["x = 1", "y = 2"], ""),
        ("(" * 10_000, [], "not valid"),
        ("x = " + "-" * 100_000 + "1", None, None),
    ],
)
def test_cells_that_are_not_quite_python(cell, statements, note):
    found, notes = read(cell)
    if statements is not None:
        assert found == statements
        assert (note in " ".join(notes)) if note else notes == []


def test_lines_keep_their_numbers():
    notebook = read_cells(["%%time\n\nx = 1", "!ls\nb = 2", "broken (\n\ndef f():\n    return 1"])
    assert [item.node.lineno for item in notebook.statements if item.cell < 3] == [3, 1, 2]
    assert notebook.statements[-1].node.lineno == 3
    assert 3 in notebook.broken


def test_ten_thousand_cells_and_deep_ones():
    notebook = read_cells([f"x{i} = {i}" for i in range(10_000)])
    assert len(notebook.statements) == 10_000
    assert take_slice(notebook, ["x77"]).positions == (77,)
    chain = "def f(): return 1\nx = " + " + ".join(["1"] * 3_000)
    assert kept(chain) == ["def f():\n    return 1"]
