import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.evaluation import PromptQuestion, TextModel, Wording
from course_lib.evaluation.prompt_tasks import (
    N_DRAWS,
    N_EXAMPLES,
    N_QUESTIONS,
    PROMPT_WORDINGS,
    draw_of,
    lookup_questions,
    marks,
    prompt_answers,
    prompt_questions,
)
from course_lib.models import GPT2

COLORS = ("red", "green")


def model():
    torch.manual_seed(0)
    network = GPT2(GPT2Config(30, 64, 16, 2, 2, dropout=0.0)).eval()
    return TextModel("tiny", network, lambda t: [ord(c) % 30 for c in t], ["x"] * 30, 64, 1)


@pytest.mark.needs_assets
def test_every_task_has_questions_for_three_draws_and_a_fixed_order():
    tasks = prompt_questions()
    assert list(tasks) == list(PROMPT_WORDINGS)
    assert tasks == prompt_questions()
    for questions in tasks.values():
        seen = []
        for draw in range(N_DRAWS):
            examples, mine = draw_of(questions, draw)
            assert (len(examples), len(mine)) == (N_EXAMPLES, N_QUESTIONS)
            seen += [*examples, *mine]
        assert len({question.text for question in seen}) >= len(seen) - 2


@pytest.mark.parametrize("seed", range(4))
def test_a_lookup_question_is_answered_by_its_own_examples_alone(seed):
    asked = lookup_questions(seed)
    assert len(asked) == N_QUESTIONS
    assert asked == lookup_questions(seed)
    for examples, question in asked:
        assert [e.answer for e in examples if e.text == question.text] == [question.answer]
        assert sorted(e.answer for e in examples) == sorted(question.candidates)


def test_draws_do_not_overlap():
    questions = [PromptQuestion(str(i), COLORS, i % 2) for i in range(90)]
    texts = [q.text for d in range(3) for part in draw_of(questions, d) for q in part]
    assert texts == [str(i) for i in range(84)]


def test_answers_by_three_rules_where_the_candidates_are_fixed_and_by_two_where_not():
    wording = Wording("{text} =")
    fixed = [PromptQuestion(t, COLORS, 0) for t in ("ab", "cd", "e")]
    found = prompt_answers(model(), wording, fixed[:1], fixed[1:])
    assert set(found) == {"sum", "per token", "calibrated"}
    assert all(len(row) == 2 and set(row) <= {0, 1} for row in found.values())
    other = [fixed[0], PromptQuestion("f", ("blue", "gray"), 1)]
    assert set(prompt_answers(model(), wording, [], other)) == {"sum", "per token"}


def test_a_question_that_says_nothing_is_answered_by_the_first_when_calibrated():
    """Its gains over itself are all 0, and of equal ones the first is chosen."""
    nothing = [PromptQuestion("N/A", COLORS, 0)]
    assert prompt_answers(model(), Wording("{text} ="), [], nothing)["calibrated"] == [0]


def test_marks():
    questions = [PromptQuestion("a", COLORS, right) for right in (0, 1, 1)]
    assert marks([0, 0, 1], questions) == "101"


@pytest.mark.parametrize("draw", [-1, 1])
def test_a_draw_that_is_not_there(draw):
    with pytest.raises(ValueError, match="questions, got 40"):
        draw_of([PromptQuestion("a", COLORS, 0)] * 40, draw)
