"""Alike submissions: found where code was passed on, silent where people wrote on their own."""

import ast
import dataclasses
import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from course_lib.exercises import chapters, solution_source, stub_source
from course_lib.grading.classroom.results import SubmissionMarks
from course_lib.grading.classroom.similarity import (
    distinctive,
    fingerprint_source,
    gram_weights,
    known_grams,
    similar_pairs,
)

ATTENTION = chapters()["attention"]
NAMES = [exercise.name for exercise in ATTENTION]
STUDENTS = dict(
    block.split("\n", 1)
    for block in (Path(__file__).parent / "four_students.txt").read_text().split("# student ")[1:]
)


def submission(student: str, code: str) -> SubmissionMarks:
    prints = {name: tuple(grams) for name, grams in fingerprint_source([code], NAMES).items()}
    return SubmissionMarks(
        student.strip(), "attention", f"{student}.ipynb", "d", 0, "1", fingerprints=prints
    )


def honest() -> list[SubmissionMarks]:
    return [submission(student, code) for student, code in STUDENTS.items()]


class Renamed(ast.NodeTransformer):
    """Give every local variable and parameter another name."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.new.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self.new.get(node.arg, node.arg))

    def __init__(self, tree: ast.AST) -> None:
        local = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and is_stored(n)}
        local |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        self.new = {name: f"my_{name}_{i}" for i, name in enumerate(sorted(local))}


def is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def disguised(code: str) -> str:
    """Other names, another order, comments, docstrings, layout."""
    tree = ast.parse(code)
    functions = [Renamed(node).visit(node) for node in reversed(tree.body)]
    lines = []
    for function in functions:
        function.body.insert(0, ast.Expr(ast.Constant("All my own work.")))
        lines.append(ast.unparse(ast.fix_missing_locations(function)))
    return "\n\n\n# so here goes\n".join(lines).replace(":\n", ":  # yes\n")


def test_independent_correct_solutions_are_not_paired() -> None:
    assert similar_pairs(honest()) == []


def test_two_students_who_write_the_reference_solution_are_not_paired() -> None:
    reference = "\n\n".join(solution_source(exercise) for exercise in ATTENTION)
    same = [submission("ed", reference), submission("fay", disguised_by_comments(reference))]
    assert same[0].fingerprints == same[1].fingerprints
    assert similar_pairs([*honest(), *same]) == []


def disguised_by_comments(code: str) -> str:
    return "\n".join(
        f"{line}  # {i}" if line.strip() else line for i, line in enumerate(code.split("\n"))
    )


def test_untouched_stubs_and_the_same_known_mistake_are_not_paired() -> None:
    stubs = "\n\n".join(stub_source(exercise.id) for exercise in ATTENTION)
    mistake = stubs.replace(
        stub_source("attention.softmax"),
        "def softmax(scores, dim):\n    e = scores.exp()\n    return e / e.sum(dim)",
    )
    same = [submission(name, mistake) for name in ("ed", "fay")]
    assert similar_pairs([*honest(), *same]) == []


@pytest.mark.parametrize("original", sorted(STUDENTS))
def test_a_disguised_copy_is_found(original: str) -> None:
    copy = submission("zed", disguised(STUDENTS[original]))
    (pair,) = similar_pairs([*honest(), copy])
    assert (pair.first, pair.second) == (original, "zed")
    assert pair.share == 1.0
    assert set(pair.functions) == set(NAMES)


def test_a_copy_of_one_long_function_with_a_line_changed_is_found_and_named() -> None:
    ana = STUDENTS["ana"]
    taken = ana[ana.index("def attention_by_hand") : ana.index("def softmax")]
    changed = taken.replace("total = 0.0", "total = 0").replace("[0.0] *", "[0] *")
    ben = STUDENTS["ben"]
    own = ben[ben.index("def softmax") :]
    (pair,) = similar_pairs(
        [*honest()[2:], submission("ana", ana), submission("zed", changed + own)]
    )
    assert pair.functions == ("attention_by_hand",)
    assert 0.7 <= pair.share < 1


def test_what_much_of_the_class_shares_says_nothing() -> None:
    shared = [frozenset({1, 2, 3, 10 + i}) for i in range(6)]
    rest = [frozenset({100 + i}) for i in range(6)]
    assert distinctive(shared + rest, known={13})[:4] == [{10}, {11}, {12}, frozenset()]
    few = distinctive([frozenset({1, i + 5}) for i in range(3)], known=())
    assert all(1 in own for own in few)  # three of three is not "many": more than 3 are needed


def test_the_known_grams_cover_reference_stub_and_mutants() -> None:
    exercise = ATTENTION[1]
    known = known_grams([exercise], fingerprint_source)[exercise.id]
    for source in (stub_source(exercise.id), solution_source(exercise)):
        assert set(fingerprint_source([source], [exercise.name])[exercise.name]) <= known


def test_the_join_misses_nothing() -> None:
    """Against all pairs, compared one by one."""
    rng = random.Random(0)
    sets = [frozenset(rng.sample(range(60), rng.randint(10, 40))) for _ in range(120)]
    sets += [frozenset(rng.sample(sorted(own), max(10, len(own) - 3))) for own in sets[:40]]
    marks = [of_grams(f"s{i:03}", {"f": own}) for i, own in enumerate(sets)]
    telling = distinctive(sets, ())
    weights = gram_weights(telling)
    for threshold in (0.5, 0.7, 0.9, 1.0):
        slow = {
            (f"s{i:03}", f"s{j:03}")
            for (i, a), (j, b) in itertools.combinations(enumerate(telling), 2)
            if len(a & b) >= 10
            and sum(weights[g] for g in a & b) >= threshold * sum(weights[g] for g in a | b) - 1e-9
        }
        found = similar_pairs(marks, threshold=threshold, minimum_weight=0, known={})
        assert {(pair.first, pair.second) for pair in found} == slow


def of_grams(student: str, functions: dict[str, Sequence[int] | frozenset[int]]) -> SubmissionMarks:
    plain = SubmissionMarks(student, "attention", f"{student}.ipynb", "d", 0, "1")
    return dataclasses.replace(
        plain, fingerprints={k: tuple(sorted(v)) for k, v in functions.items()}
    )


def test_a_thousand_submissions_take_seconds() -> None:
    rng = random.Random(1)
    usual = [[rng.getrandbits(64) for _ in range(30)] for _ in range(12)]  # ways to write a line
    marks = []
    for i in range(1000):
        functions = {
            name: frozenset(
                [gram for way in rng.sample(usual, 3) for gram in way]
                + [rng.getrandbits(64) for _ in range(20)]
            )
            for name in NAMES
        }
        marks.append(of_grams(f"s{i:04}", functions))
    marks.append(dataclasses.replace(marks[500], student="zed"))
    started = time.process_time()
    pairs = similar_pairs(marks, known={})
    assert time.process_time() - started < 10
    assert [(pair.first, pair.second) for pair in pairs] == [("s0500", "zed")]


def test_one_student_twice_is_no_pair_and_chapters_do_not_mix() -> None:
    grams = {"f": frozenset(range(100))}
    one = of_grams("ana", grams)
    again = dataclasses.replace(one, file="copy.ipynb")
    elsewhere = dataclasses.replace(one, student="ben", chapter="gpt2")
    assert similar_pairs([one, again, elsewhere], known={}) == []


def test_the_order_of_the_class_does_not_matter() -> None:
    marks = [*honest(), submission("zed", disguised(STUDENTS["chi"]))]
    assert similar_pairs(marks) == similar_pairs(marks[::-1])


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold must be above 0 and at most 1"):
        similar_pairs([], threshold=threshold)
