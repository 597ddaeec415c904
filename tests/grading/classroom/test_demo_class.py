"""The demo class: the same each time, and its answers are what their names say."""

import importlib.util
import math
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
import torch

from course_lib.exercises import chapters, get_exercise
from course_lib.grading.classroom.roster import read_roster
from course_lib.grading.in_process import run_cases
from course_lib.grading.judgment import judge

SCRIPT = Path(__file__).parents[3] / "scripts" / "demo_class.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_class", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = _load()


def result(name, source):
    """What the public cases say of an answer."""
    exercise = get_exercise(f"attention.{name}")
    space = {"math": math, "torch": torch}
    exec(source, space)
    cases = exercise.public_cases(0)
    return judge(exercise, cases, run_cases(exercise, space[name], cases))


def test_the_same_arguments_give_the_same_files():
    first = demo.make_class(30, 0)
    assert demo.make_class(30, 0) == first
    assert demo.make_class(30, 1)[1] != first[1]


@pytest.mark.parametrize("students", [1, 30, 61])
def test_every_student_has_one_file_and_one_line(tmp_path, students):
    content, listed = demo.make_class(students, 3)
    folders = [name.split("_")[0] for name in zipfile.ZipFile(BytesIO(content)).namelist()]
    (tmp_path / "class.csv").write_text(listed, encoding="utf-8")
    roster = read_roster(tmp_path / "class.csv")
    assert [student.name for student in roster.students[:-1]] == folders
    assert len({student.name for student in roster.students}) == students + 1


def test_all_exercises_of_the_chapter_are_answered():
    assert set(demo.PLAIN) == {exercise.name for exercise in chapters()["attention"]}
    assert len({kind.name for kind in demo.kinds()}) == len(demo.kinds()) == 30


@pytest.mark.parametrize("answers", ["PLAIN", "OTHER", "ODD"])
def test_right_answers_are_right(answers):
    for name, source in getattr(demo, answers).items():
        assert result(name, source).status == "right", name


def test_a_copy_differs_in_its_names_only():
    for name, source in demo.renamed(demo.ODD).items():
        assert source != demo.ODD[name]
        assert result(name, source).status == "right", name


@pytest.mark.parametrize("mistake", sorted(demo.MISTAKES))
def test_mistakes_are_named(mistake):
    name, _, cause = mistake.partition(".")
    assert result(name, demo.wrong(mistake)[name]).cause_name == cause


def test_wrong_arguments_are_explained(tmp_path, monkeypatch, capsys):
    for given, words in (
        (["class.tar"], "must end in .zip"),
        (["c.zip", "--students", "0"], "899"),
    ):
        monkeypatch.setattr(sys, "argv", ["demo_class.py", *given])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit):
            demo.main()
        assert words in capsys.readouterr().err
