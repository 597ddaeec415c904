"""What a mark says, and what it never says."""

import json
from dataclasses import replace

import pytest

from course_lib.exercises import all_exercises, chapters, get_exercise
from course_lib.grading.classroom.marking import (
    Work,
    _answers,
    mark_exercise,
    mark_submission,
    without_numbers,
)
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks, page_name
from course_lib.grading.inside.policy import Violation
from course_lib.grading.isolation import Attempt
from course_lib.grading.judgment import AnswerKey
from course_lib.grading.outcomes import LearnerError, Outcome

EXERCISE = chapters()["first_steps"][0]
CASES = [*EXERCISE.public_cases(0), *EXERCISE.hidden_cases(0)]
N_PUBLIC = len(EXERCISE.public_cases(0))
RIGHT = [Outcome(value=EXERCISE.expected(case)) for case in CASES]


class Canned:
    """A runner that gives these outcomes."""

    def __init__(self, outcomes=(), status="ran", violations=(), notes=()):
        self.given = Attempt(status, tuple(outcomes), tuple(violations), tuple(notes))

    def attempt(self, exercise, cells, cases):
        return self.given

    def fingerprint(self, cells, names):
        return {}


def marked(*changes, **given):
    outcomes = list(RIGHT)
    for index, outcome in changes:
        outcomes[index] = outcome
    return mark_exercise(Canned(outcomes, **given), EXERCISE, ["x"], 0)


def test_all_right():
    mark = marked()
    assert (mark.status, mark.points) == ("right", EXERCISE.points)
    assert mark.public_right + mark.hidden_right == len(CASES)
    assert mark.failure is None
    assert mark.hidden_problem == ""


def test_points_are_the_share_of_all_cases_cut_to_one_decimal():
    mark = marked((0, Outcome(value="wrong")))
    share = EXERCISE.points * (len(CASES) - 1) / len(CASES)
    assert mark.points == int(share * 10) / 10
    assert mark.failure is not None
    assert mark.failure.label == CASES[0].label


SECRET = "hidden-input-42"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LearnerError("exception", f"ValueError: {SECRET}", SECRET, "ValueError"), "ValueError"),
        (LearnerError("exception", SECRET, SECRET, f"E{SECRET}"), "it raised an error"),
        (LearnerError("exception", SECRET, SECRET, "__import__"), "it raised an error"),
        (LearnerError("time", SECRET), "too long"),
        (LearnerError("crash", SECRET), "the process ended"),
        (LearnerError("memory", SECRET), "too much memory"),
        (LearnerError("size", SECRET), "too large"),
        (LearnerError("call", SECRET, "", SECRET), "could not be called"),
        (LearnerError("forbidden", SECRET, SECRET, SECRET), ""),
    ],
)
def test_nothing_that_a_submission_says_on_hidden_cases_is_repeated(error, words):
    hidden = [(i, Outcome(error=error, printed=SECRET)) for i in range(N_PUBLIC, len(CASES))]
    mark = marked(*hidden)
    assert words in mark.hidden_problem
    assert mark.failure is None
    assert SECRET not in repr(mark)
    answers = [(i, Outcome(value=SECRET, printed=SECRET)) for i in range(N_PUBLIC, len(CASES))]
    assert SECRET not in repr(marked(*answers))


def test_statuses():
    assert mark_exercise(Canned(status="missing"), EXERCISE, [], 0).status == "missing"
    assert mark_exercise(Canned(status="untouched"), EXERCISE, [], 0).status == "not attempted"
    unfinished = [Outcome(error=LearnerError("unfinished", "x"))] * len(CASES)
    assert mark_exercise(Canned(unfinished), EXERCISE, [], 0).status == "not attempted"
    violation = Violation("torch.softmax", 3, 7, "`torch.softmax` is not allowed here")
    mark = mark_exercise(Canned(status="forbidden", violations=[violation]), EXERCISE, [], 0)
    assert (mark.status, mark.points) == ("not accepted", 0)
    assert "torch.softmax" in mark.violations[0]
    assert "line 7" in mark.violations[0]


def test_a_banned_call_at_run_time_costs_the_exercise():
    banned = LearnerError("forbidden", "`torch.softmax` is not allowed here")
    mark = marked((0, Outcome(error=banned)))
    assert (mark.status, mark.points) == ("not accepted", 0)
    assert "torch.softmax" in mark.violations[0]


class Explodes:
    def __eq__(self, other):
        raise RuntimeError("boom")

    __hash__ = None


def test_values_that_break_comparison_are_wrong_answers():
    deep: list = []
    for _ in range(3000):
        deep = [deep]
    for value in (deep, [0] * 500_000, {"a": [[]] * 300_000}, Explodes()):
        mark = marked((0, Outcome(value=value)))
        assert mark.status == "wrong"
        assert mark.public_right == N_PUBLIC - 1


def test_notes_are_short_and_few():
    mark = marked(notes=[f"note {i} " + "x" * 1000 for i in range(100)])
    assert len(mark.notes) == 21
    assert max(map(len, mark.notes)) <= 300
    assert mark.notes[-1] == "and 80 more"


def test_every_mutant_of_the_exercise_is_named():
    from course_lib.grading.in_process import run_cases

    for mutant in EXERCISE.mutants[:4]:
        mark = mark_exercise(Canned(run_cases(EXERCISE, mutant.function, CASES)), EXERCISE, [], 0)
        assert mark.cause_name == mutant.name
        assert mark.points < EXERCISE.points


def work(content, **given):
    base = Work("ana", "first_steps", "ana/first-steps.ipynb", "d", 0, "v", content)
    return replace(base, **given)


def test_submissions(fake, answers):
    marks = mark_submission(fake(), work(answers["right"]))
    assert marks.points == marks.max_points == EXERCISE.points
    assert marks.fingerprints
    assert mark_submission(fake(), work(answers["stub"])).marks[0].status == "not attempted"
    assert "empty" in mark_submission(fake(), work(b"")).problem
    with pytest.raises(ValueError, match="no chapter"):
        mark_submission(fake(), work(answers["right"], chapter="x"))


def test_marks_survive_json_byte_by_byte(fake, answers):
    for content in answers.values():
        marks = mark_submission(fake(), work(content, notes=("n",)))
        text = marks.to_json()
        assert SubmissionMarks.from_json(text) == marks
        assert SubmissionMarks.from_json(text).to_json() == text
        assert json.loads(text)["chapter"] == "first_steps"


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"student": 3}', "[" * 100_000])
def test_damaged_marks_are_an_error(text):
    with pytest.raises(ValueError, match=r".*"):
        SubmissionMarks.from_json(text)


def test_marks_are_validated():
    good = marked()
    for change in ({"status": "fine"}, {"points": 99.0}, {"points": -1.0}, {"public_right": 99}):
        with pytest.raises((ValueError, TypeError), match=next(iter(change))):
            replace(good, **change)
    assert isinstance(good, ExerciseMark)


def test_page_names_never_meet():
    names = ["ana", "Ana", "ANA", "ana li", "ana_li", "con", "../x", "李", "", "a" * 300, ".x"]
    pages = [page_name(name).lower() for name in names]
    assert len(set(pages)) == len(names)
    for page in pages:
        assert "/" not in page
        assert len(page) < 80
        assert not page.startswith(".")


def test_hidden_labels_do_not_hold_the_inputs():
    exercise = get_exercise("attention.softmax")
    for case in exercise.hidden_cases(0):
        assert "tensor(" not in case.label


def test_reference_and_mutants_run_once_for_a_class():
    key = AnswerKey(EXERCISE, CASES)
    assert key.expected(0) is key.expected(0)
    mutant = EXERCISE.mutants[0]
    assert key.mistake(mutant, 0) is key.mistake(mutant, 0)
    assert _answers(EXERCISE.id, 3) is _answers(EXERCISE.id, 3)


def test_no_label_of_a_hidden_case_tells_a_number_of_its_inputs():
    for exercise in all_exercises():
        labels = [
            [without_numbers(case.label) for case in exercise.hidden_cases(seed)] for seed in (0, 1)
        ]
        assert labels[0] == labels[1], exercise.id
        assert not any(letter.isdigit() for label in labels[0] for letter in label)
