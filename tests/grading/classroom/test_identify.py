"""Whose file it is and which chapter it belongs to, for the layouts that teachers get."""

import pytest

from course_lib.grading.classroom.chapter_names import words_of
from course_lib.grading.classroom.identify import INSIDE, OUTSIDE, SELF_SAID, Identifier
from course_lib.grading.classroom.notebook import Notebook
from course_lib.grading.classroom.reading import Found
from course_lib.grading.classroom.roster import Roster, Student

ROSTER = Roster(
    (
        Student("s1001", "Ana Li"),
        Student("s1002", "Ben O'Neil"),
        Student("s1003", "Zoë Müller"),
        Student("s1004", "José Pérez"),
        Student("s1005", "Jose Perez"),
        Student("7", "Cleo"),
    )
)


def found(path, hands=99):
    return Found(tuple(path.split("/")), "x", hands=hands)


def identify(path, *others, roster=None, notebook=None, root_name="", hands=99):
    files = [found(path, hands), *map(found, others)]
    identifier = Identifier(files, roster or Roster(), root_name=root_name)
    return identifier.identify(files[0], notebook or Notebook())


@pytest.mark.parametrize(
    ("path", "others", "student"),
    [
        ("ana/attention.ipynb", ["ben/attention.ipynb"], "ana"),
        ("ana/attention.ipynb", [], "ana"),
        ("attention/ana.ipynb", ["attention/ben.ipynb"], "ana"),
        ("attention/ana.ipynb", [], "ana"),
        ("ana_attention.ipynb", ["ben_attention.ipynb"], "ana"),
        ("Ana Li - attention.ipynb", ["ben_attention.ipynb"], "ana_li"),
        ("attention-ana.py", [], "ana"),
        ("week 3/ana/attention.ipynb", ["week 3/ben/attention.ipynb"], "ana"),
        ("spring/ana/attention.ipynb", ["spring/ben/attention.ipynb"], "ana"),
        ("week3/ana/attention.ipynb", ["week4/ana/attention.ipynb"], "ana"),
        ("submitted/ana/attention/nb.ipynb", ["submitted/ben/attention/nb.ipynb"], "ana"),
        ("x/submitted/ana/hw1/attention.ipynb", [], "ana"),
        ("Ana Li_12345_assignsubmission_file_/attention.ipynb", [], "Ana Li"),
        ("Ana Li_12345_assignsubmission_file/attention.ipynb", [], "Ana Li"),
        ("liana_2345_67890_attention.ipynb", [], "liana"),
        ("liana_LATE_2345_67890_attention-1.ipynb", [], "liana"),
        ("ana.zip/attention.ipynb", ["ben.zip/attention.ipynb"], "ana"),
        ("ana_attention.zip/n/attention.ipynb", ["ben_attention.zip/attention.ipynb"], "ana"),
        ("attention.zip/ana/attention.ipynb", ["attention.zip/ben/attention.ipynb"], "ana"),
        ("1001/attention.ipynb", ["1002/attention.ipynb"], "1001"),
        ("李娜/attention.ipynb", ["ben/attention.ipynb"], "李娜"),
    ],
)
def test_layouts_without_a_roster(path, others, student):
    identity = identify(path, *others)
    assert (identity.student, identity.chapter, identity.problem) == (student, "attention", "")


@pytest.mark.parametrize(
    "path",
    [
        "s1001/attention.ipynb",
        "S1001/attention.ipynb",
        "hw/attention_s1001.ipynb",
        "draft2 s1001 attention (1).ipynb",
        "Ana Li/attention.ipynb",
        "Li, Ana/attention.ipynb",
        "ana_li_attention.ipynb",
        "Ana Li_55_assignsubmission_file_/attention.ipynb",
        "liana_55_66_attention-2.ipynb",
        "other_s1001_66_attention.ipynb",
        "Ana Li_55_assignsubmission_file_/s1002/attention.ipynb",
    ],
)
def test_layouts_with_a_roster(path):
    identity = identify(path, "s1002/attention.ipynb", roster=ROSTER)
    assert (identity.student, identity.chapter) == ("s1001", "attention")


def test_names_with_accents_and_signs():
    assert identify("zoe muller/attention.ipynb", roster=ROSTER).student == "s1003"
    assert identify("ONEIL Ben/attention.ipynb", roster=ROSTER).student == "s1002"
    assert identify("ben o neil/attention.ipynb", roster=ROSTER).student == "s1002"
    assert words_of("Straße_ﬁ") == ("strasse", "fi")


def test_one_name_of_two_students_is_reported():
    identity = identify("Jose Perez/attention.ipynb", roster=ROSTER)
    assert identity.student == ""
    assert "more than one student" in identity.problem


def test_two_students_in_one_name_are_reported():
    identity = identify("s1001_s1002_attention.ipynb", roster=ROSTER)
    assert identity.student == ""
    assert "s1001, s1002" in identity.problem


def test_a_part_of_a_name_or_a_counter_is_nobody():
    assert identify("cleo_maria_attention.ipynb", roster=ROSTER).student == "cleo_maria"
    assert identify("dan/attention-7.ipynb", roster=ROSTER).student == "dan"
    assert identify("7/attention.ipynb", roster=ROSTER).student == "7"


def test_a_name_inside_a_students_own_archive_counts_less():
    path = "Ana Li_5_assignsubmission_file_/w.zip/s1002/attention.ipynb"
    assert identify(path, roster=ROSTER, hands=2).student == "s1001"
    inside = identify("stuff.zip/s1002/attention.ipynb", roster=ROSTER, hands=1)
    assert (inside.student, inside.strength) == ("s1002", INSIDE)
    outside = identify("s1002/attention.ipynb", roster=ROSTER)
    assert outside.strength == OUTSIDE


def test_the_notebooks_own_words_come_last():
    said = Notebook(cells=("x",), metadata={"student_id": "s1002"})
    assert identify("s1001/attention.ipynb", roster=ROSTER, notebook=said).student == "s1001"
    identity = identify("attention.ipynb", roster=ROSTER, notebook=said)
    assert (identity.student, identity.strength) == ("s1002", SELF_SAID)
    assert "have a look" in identity.notes[0]
    author = Notebook(metadata={"authors": [{"name": "Ana Li"}]})
    assert identify("attention.ipynb", roster=ROSTER, notebook=author).student == "s1001"
    for strange in (7, {"name": 3}, [[[]]], "\x00", {"a": "b"}):
        assert identify("attention.ipynb", notebook=Notebook(metadata={"author": strange})).problem


def test_unknown_is_said():
    identity = identify("attention.ipynb")
    assert identity.student == ""
    assert "rename" in identity.problem
    assert identify("attention.ipynb", root_name="ana").student == "ana"
    assert identify("attention.ipynb", root_name="submissions").student == ""


@pytest.mark.parametrize(
    ("name", "chapter"),
    [
        ("attention", "attention"),
        ("first-steps", "first_steps"),
        ("First Steps (2)", "first_steps"),
        ("gpt-2", "gpt2"),
        ("pretraining-course-gpt", "pretraining"),
        ("chapter3_decoding_v2", "decoding"),
    ],
)
def test_chapters_by_name(name, chapter):
    assert identify(f"ana/{name}.ipynb").chapter == chapter


def cells(*sources):
    return Notebook(cells=sources)


def test_chapters_by_content():
    checks = cells('check("gpt2.layer_norm", layer_norm)', "check('gpt2.whole_model', GPT)")
    assert identify("ana/homework.ipynb", notebook=checks).chapter == "gpt2"
    defines = cells("def causal_mask(n):\n    pass", "x = 1")
    assert identify("ana/homework.ipynb", notebook=defines).chapter == "attention"
    wrong_name = identify("ana/attention.ipynb", notebook=checks)
    assert wrong_name.chapter == "gpt2"
    assert "named attention" in wrong_name.notes[0]
    two = cells('check("gpt2.layer_norm", f)', 'check("attention.softmax", g)')
    assert identify("ana/attention.ipynb", notebook=two).chapter == "attention"
    several = identify("ana/homework.ipynb", notebook=two)
    assert several.chapter == ""
    assert "attention, gpt2" in several.problem
    assert "no exercise" in identify("ana/homework.ipynb", notebook=cells("x = 1")).problem
    unknown = cells('check("nothing.here", f)')
    assert "no exercise" in identify("ana/homework.ipynb", notebook=unknown).problem


def test_common_folder_counts_when_it_is_all_there_is():
    assert identify("ana/attention.ipynb", "ana/gpt2.ipynb").student == "ana"
