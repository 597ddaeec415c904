import pytest

from course_lib.plots import TaskRows, transformations_diagram

ROW = [("⟨s⟩", "gold"), ("good", "blue"), (" film", "blue"), ("⟨e⟩", "orange")]


def _texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_three_ways_to_the_answer():
    tasks = [
        TaskRows("classification", [ROW]),
        TaskRows("similarity", [ROW, ROW], "add"),
        TaskRows("multiple choice", [ROW, ROW, ROW], "softmax"),
    ]
    texts = _texts(transformations_diagram(tasks, title="rows"))
    assert texts.count("good") == 6
    assert texts.count("linear") == 1 + 1 + 3
    assert texts.count("+") == texts.count("softmax") == 1
    assert "similarity" in texts
    assert "␣film" in texts


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: transformations_diagram([]), "tasks is empty"),
        (lambda: TaskRows("x", []), "at least one token each"),
        (lambda: TaskRows("x", [[]]), "at least one token each"),
        (lambda: TaskRows("x", [ROW, ROW]), "has 2 rows; join them"),
        (lambda: TaskRows("x", [[("a", "red")]]), "fill is 'red'"),
        (lambda: transformations_diagram([TaskRows("x", [ROW * 6])]), "too long for the figure"),
    ],
)
def test_bad_inputs(call, words):
    with pytest.raises(ValueError, match=words):
        call()
