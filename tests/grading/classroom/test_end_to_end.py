"""A small class through the real sandbox."""

import json

import pytest

from course_lib.exercises import chapters, solution_source, stub_source
from course_lib.grading.classroom.session import grade_class
from course_lib.grading.classroom.store import Settings

CHAPTER = "first_steps"
EXERCISE = chapters()[CHAPTER][0]
NAME = EXERCISE.name
CHECK = f'from course_lib.grading import check\ncheck("{EXERCISE.id}", {NAME})'
RIGHT = solution_source(EXERCISE)
HEAD = f"def {NAME}(*given):\n"
LOUD = "    import sys\n    print('seen', given)\n    "
SUBMISSIONS = {
    "right": (RIGHT, "full"),
    "stub": (stub_source(EXERCISE.id), "none"),
    "noisy": (f"%matplotlib inline\n!ls\nimport warnings\n{RIGHT}\nprint({NAME})", "full"),
    "exits": (HEAD + "    import os; os._exit(0)", "none"),
    "loops": (HEAD + "    while True: pass", "none"),
    "leaks": (HEAD + LOUD + "raise type(repr(given)[:200], (Exception,), {})(given)", "none"),
    "broken": ("def half(:", "none"),
}


def notebook(source):
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []}]
    cells.append({"cell_type": "code", "source": CHECK, "metadata": {}, "outputs": []})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


@pytest.mark.slow
@pytest.mark.needs_sandbox
def test_a_class_in_the_real_sandbox(tmp_path):
    for student, (source, _) in SUBMISSIONS.items():
        folder = tmp_path / "class" / student
        folder.mkdir(parents=True)
        (folder / "first-steps.ipynb").write_bytes(notebook(source))
    (tmp_path / "out" / "marks").mkdir(parents=True)
    result = grade_class([tmp_path / "class"], Settings(tmp_path / "out", jobs=2))
    assert result.failed == 0
    given = {one.student: one for one in result.marks}
    for student, (_, deserved) in SUBMISSIONS.items():
        marks = given[student]
        assert marks.problem == "", student
        assert marks.points == (marks.max_points if deserved == "full" else 0), student
    statuses = {student: one.marks[0].status for student, one in given.items()}
    assert statuses["stub"] == "not attempted"
    assert statuses["broken"] == "missing"
    _holds_nothing_hidden(given["leaks"].to_json())
    assert given["right"].fingerprints[NAME]


def _holds_nothing_hidden(text):
    public = {case.label for case in EXERCISE.public_cases(0)}
    for case in EXERCISE.hidden_cases(0):
        if case.label in public:
            continue
        for value in case.inputs.values():
            shown = json.dumps(repr(value))[1:-1]
            assert len(shown) < 12 or shown not in text
