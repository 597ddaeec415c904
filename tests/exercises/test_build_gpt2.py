"""The project's page: with the solutions all rungs are equal, with known mistakes they are not."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from course_lib.exercises import chapters, stub_source

PAGE = Path(__file__).parents[2] / "book" / "gpt" / "build-gpt2.ipynb"
RUNGS = chapters()["build_gpt2"]


def _run(source: str, namespace: dict) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "cell", "exec"), namespace)
    return printed.getvalue()


@pytest.fixture(scope="module")
def page() -> Iterator[dict]:
    """The names of the page after all its cells, each stub followed by the reference solution.

    Checks and the comparison of all known mistakes at the end are left out: what they do is
    tested elsewhere.
    """
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    stubs = {stub_source(rung.id).strip(): rung for rung in RUNGS}
    namespace: dict = {"__name__": "page", "printed": ""}
    threads = torch.get_num_threads()
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or source.startswith("check("):
            continue
        if source.startswith("def distance("):
            break
        namespace["printed"] += _run(source, namespace)
        if source.strip() in stubs:
            rung = stubs.pop(source.strip())
            namespace[rung.name] = rung.reference
    assert stubs == {}
    yield namespace  # the page has set one thread, and so it stays for its parity cells
    torch.set_num_threads(threads)


def test_with_the_solutions_all_rungs_are_equal_and_so_is_the_text(page):
    results = page["results"]
    assert list(results) == list(range(1, 10))
    assert [r for r in results.values() if not r.startswith("equal")] == []
    assert page["is_same_text"]
    text = page["tokenizer"].decode(page["prompt"] + page["target"])
    assert page["printed"].count(page["fill"](text, 80)) == 2  # at the top of the page, at the end
    assert "the same text: True" in page["printed"]
    assert "9 of 9 rungs" in page["printed"]


@pytest.mark.parametrize("place", range(9), ids=[rung.name for rung in RUNGS])
def test_a_parity_cell_says_no_to_known_mistakes(page, place):
    rung = place + 1
    assert page["PLAN"][place][0] == RUNGS[place].name
    for mutant in RUNGS[place].mutants[:3]:
        _run_parity(page, rung, mutant.function)
        assert page["results"][rung].startswith(("DIFFERENT", "stops")), mutant.name
    _run_parity(page, rung, RUNGS[place].reference)
    assert page["results"][rung].startswith("equal")


def test_a_parity_cell_names_the_stub_below(page):
    def needs_a_lower_rung(x, weights, n_heads):
        raise TypeError("'NoneType' object is not subscriptable")

    before = dict(page["results"])
    page["results"][2] = "not built yet"
    _run_parity(page, 4, needs_a_lower_rung)
    assert page["results"][4].endswith("(rungs [2] are not built yet)")
    _run_parity(page, 4, None)
    assert page["results"][4] == "not built yet"
    page["results"].update(before)


def _run_parity(page: dict, rung: int, function: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        page["parity"](rung, function, page["differences"][rung])
