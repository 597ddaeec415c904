"""Against the real nbgrader: `make nbgrader` runs this in an environment that has it."""

import dataclasses
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from course_lib.grading.classroom.nbgrader_export import cell_name, comment, export_to_gradebook
from course_lib.grading.classroom.results import (
    NOTHING_SUBMITTED,
    ExerciseMark,
    MarkStatus,
    SubmissionMarks,
)
from course_lib.grading.result import Failure

needs_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed: make nbgrader"
)
# nbgrader and what it brings warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")


def mark(name: str, points: float, *, status: MarkStatus = "wrong", **more: object) -> ExerciseMark:
    plain = ExerciseMark(
        exercise_id=f"attention.{name}",
        title=name,
        status="right" if points == 4 else status,
        points=points,
        max_points=4,
        public_right=0,
        public_cases=2,
        hidden_right=0,
        hidden_cases=2,
    )
    return dataclasses.replace(plain, **more)


def submission(student: str, marks: Sequence[ExerciseMark], **more: object) -> SubmissionMarks:
    made = SubmissionMarks(
        student=student,
        chapter="attention",
        file=f"{student}/attention.ipynb",
        digest="d",
        seed=0,
        version="1",
        submitted="2026-03-01T23:10:00+01:00",
    ).with_marks(marks)
    return dataclasses.replace(made, **more)


FAILURE = Failure(label="two rows", inputs="x = 1", expected="2", got="3\n4", difference="off by 1")
CLASS = [
    submission("ana", [mark("softmax", 4.0), mark("causal_mask", 4.0)], name="Ana Li"),
    submission(
        "ben",
        [
            mark("softmax", 1.5, failure=FAILURE, cause="The `dim` is ignored."),
            mark("causal_mask", 4.0),
        ],
        deduction=0.8,
        late="1 day late",
    ),
    submission("chi", [], problem="this is not a notebook\x00\ud800"),
    SubmissionMarks("dia", "", "", "", 0, "1", problem=NOTHING_SUBMITTED, name="Dia Patel"),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gradebook.db'}"


def rows(url: str) -> dict[tuple[str, str], tuple[float, str | None]]:
    """All scores and comments by student and cell."""
    from nbgrader.api import Gradebook

    with Gradebook(url) as gradebook:
        return {
            (sent.student.id, grade.name): (
                grade.score,
                gradebook.find_comment(
                    grade.name, "attention", "attention", sent.student.id
                ).comment,
            )
            for sent in gradebook.assignment_submissions("attention")
            for notebook in sent.notebooks
            for grade in notebook.grades
        }


@needs_nbgrader
def test_marks_become_grades_comments_and_penalties(url: str) -> None:
    from nbgrader.api import Gradebook

    export_to_gradebook(CLASS, url)
    found = rows(url)
    assert {key: score for key, (score, _) in found.items()} == {
        ("ana", "softmax"): 4.0,
        ("ana", "causal_mask"): 4.0,
        ("ben", "softmax"): 1.5,
        ("ben", "causal_mask"): 4.0,
        ("chi", "softmax"): 0.0,
        ("chi", "causal_mask"): 0.0,
    }
    assert found["ana", "softmax"][1] is None
    told = found["ben", "softmax"][1] or ""
    assert "Got: 3 4\nExpected: 2\nDifference: off by 1\nLikely cause: The `dim`" in told
    assert found["chi", "softmax"][1] == "Not graded: this is not a notebook�?"
    with Gradebook(url) as gradebook:
        assert {student.id for student in gradebook.students} == {"ana", "ben", "chi", "dia"}
        assert gradebook.find_assignment("attention").max_score == 8.0
        ben = gradebook.find_submission("attention", "ben")
        assert ben.score == 5.5
        assert ben.late_submission_penalty == 0.8
        assert ben.timestamp.isoformat() == "2026-03-01T22:10:00"  # nbgrader keeps UTC
        assert not ben.needs_manual_grade
        assert gradebook.find_student("ana").last_name == "Ana Li"
        assert len(gradebook.assignment_submissions("attention")) == 3


@needs_nbgrader
def test_a_second_export_changes_nothing_and_new_marks_update(url: str) -> None:
    from nbgrader.api import Gradebook

    export_to_gradebook(CLASS, url)
    first = rows(url)
    export_to_gradebook(CLASS, url)
    assert rows(url) == first
    better = submission("ben", [mark("softmax", 4.0), mark("causal_mask", 3.0)])
    export_to_gradebook([CLASS[0], better], url)
    after = rows(url)
    assert after["ben", "softmax"] == (4.0, None)
    assert after["ben", "causal_mask"][0] == 3.0
    assert {k: v for k, v in after.items() if k[0] != "ben"} == {
        k: v for k, v in first.items() if k[0] != "ben"
    }
    with Gradebook(url) as gradebook:
        assert not gradebook.find_submission("attention", "ben").late_submission_penalty


@needs_nbgrader
def test_what_a_teacher_entered_by_hand_stays(url: str) -> None:
    from nbgrader.api import Gradebook

    export_to_gradebook(CLASS, url)
    with Gradebook(url) as gradebook:
        gradebook.find_grade("softmax", "attention", "attention", "ben").manual_score = 3.0
        note = gradebook.find_comment("softmax", "attention", "attention", "ben")
        note.manual_comment = "See me."
        gradebook.update_or_create_student("ana", first_name="Ana", last_name="Li")
        gradebook.db.commit()
    export_to_gradebook(CLASS, url)
    assert rows(url)["ben", "softmax"] == (3.0, "See me.")
    with Gradebook(url) as gradebook:
        assert gradebook.find_student("ana").last_name == "Li"


@needs_nbgrader
def test_an_exercise_that_comes_later_reaches_older_submissions(url: str) -> None:
    export_to_gradebook(CLASS, url)
    longer = submission("ana", [*CLASS[0].marks, mark("padding", 2.0)])
    export_to_gradebook([longer, *CLASS[1:]], url)
    found = rows(url)
    assert found["ana", "padding"][0] == 2.0
    assert found["ben", "padding"][0] == 0.0


@needs_nbgrader
def test_a_submission_that_nbgrader_made_before_gets_our_notebook(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbgrader.api import Gradebook

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    with Gradebook(url) as gradebook:
        gradebook.add_assignment("attention")
        gradebook.add_student("ana", last_name="Li")
        gradebook.add_submission("attention", "ana")
    export_to_gradebook(CLASS, url)
    assert rows(url)["ana", "softmax"][0] == 4.0


@needs_nbgrader
def test_nbgraders_own_export_reads_it(url: str, tmp_path: Path) -> None:
    export_to_gradebook(CLASS, url)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export", "--db", url, "--to", "grades.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    header, *lines = (tmp_path / "grades.csv").read_text().splitlines()
    table = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    scores = {
        row["student_id"]: (row["raw_score"], row["score"], row["max_score"]) for row in table
    }
    assert scores == {
        "ana": ("8.0", "8.0", "8.0"),
        "ben": ("5.5", "4.7", "8.0"),
        "chi": ("0.0", "0.0", "8.0"),
        "dia": ("0.0", "0.0", "8.0"),
    }


@pytest.mark.skipif(importlib.util.find_spec("nbgrader") is not None, reason="nbgrader is here")
def test_without_nbgrader_it_says_what_to_install(url: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'course-lib\[nbgrader\]'"):
        export_to_gradebook(CLASS, url)


def test_two_files_for_one_place_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="'ana' has two files for 'attention'"):
        export_to_gradebook([CLASS[0], CLASS[0]], url)


def test_a_comment_holds_no_hidden_input_and_is_empty_where_all_is_right() -> None:
    assert comment(mark("softmax", 4.0)) == ""
    told = comment(mark("softmax", 0.0, hidden_problem="“length 1”: an error (IndexError)"))
    assert told.splitlines() == [
        "wrong: 0 of 4 points",
        "Hidden case: “length 1”: an error (IndexError)",
    ]
    assert cell_name("attention.softmax") == "softmax"
