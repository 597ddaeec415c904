"""Every exercise of the registry: stub, reference, mutants, cases, words."""

import ast
import importlib
import inspect

import pytest
import torch

from course_lib.exercises import (
    Exercise,
    all_exercises,
    chapters,
    solution_source,
    statement_markdown,
    stub_source,
)
from course_lib.exercises.calling import GRADIENTS
from course_lib.exercises.registry import PROJECTS
from course_lib.exercises.values import readable
from course_lib.grading import check, hint, solution
from course_lib.grading.in_process import run_cases
from course_lib.grading.judgment import judge
from course_lib.grading.kill_table import kills
from course_lib.grading.record import read_entries

EXERCISES = [pytest.param(exercise, id=exercise.id) for exercise in all_exercises()]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "progress.json"))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The cases are small: a second thread would only wait for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _shown(cases) -> list[str]:
    return [readable(dict(case.inputs)) for case in cases]


def test_the_registry_is_not_empty_and_ids_differ():
    ids = [exercise.id for exercise in all_exercises()]
    assert len(ids) == len(set(ids)) >= 6
    for chapter, exercises in chapters().items():
        assert exercises == importlib.import_module(f"course_lib.exercises.{chapter}").EXERCISES
        assert 4 <= len(exercises) <= 6 or chapter in {"first_steps", *PROJECTS}
        assert {exercise.chapter for exercise in exercises} == {chapter}


@every_exercise
def test_untouched_stub_is_not_attempted_and_leaves_no_trace(exercise: Exercise):
    namespace: dict = {}
    exec(stub_source(exercise.id), namespace)
    result = check(exercise.id, namespace[exercise.name])
    assert (result.status, result.points) == ("not attempted", 0)
    assert read_entries() == ({}, ())


@every_exercise
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_reference_scores_full(exercise: Exercise, seed: int):
    for cases in (exercise.public_cases(seed), exercise.hidden_cases(seed)):
        result = judge(exercise, cases, run_cases(exercise, exercise.reference, cases))
        assert (result.status, result.points) == ("right", exercise.points), repr(result)
    assert check(exercise.id, exercise.reference, seed=seed).points == exercise.points


@every_exercise
@pytest.mark.parametrize("seed", [0, 1])
def test_mutants_lose_points_and_are_named(exercise: Exercise, seed: int):
    found = kills(exercise, seed=seed)
    assert len(found) >= 5
    assert [kill for kill in found if not kill.is_clean] == []
    assert all(kill.points < exercise.points for kill in found)


@every_exercise
def test_check_tells_the_diagnosis(exercise: Exercise):
    for mutant in (exercise.mutants[0], exercise.mutants[-1]):
        result = check(exercise.id, mutant.function)
        assert result.status == "wrong"
        assert mutant.diagnosis in repr(result), f"{mutant.name}\n{result!r}"
        assert f'hint("{exercise.id}")' in repr(result)
    assert len({mutant.diagnosis for mutant in exercise.mutants}) == len(exercise.mutants)


LEARNED_THROUGH = {
    "representing_text.negative_sampling_loss",
    "attention.padded_weights",
    "attention.scaled_dot_product",
    "attention.softmax",
    "block.dropout",
    "block.gated_feed_forward",
    "block.repaired_stack",
    "build_gpt2.attend",
    "build_gpt2.block",
    "build_gpt2.model_logits",
    "build_gpt2.next_token_loss",
    "build_gpt2.normalize",
    "build_gpt2.project_heads",
    "encoder_decoder.cross_attention",
    "encoder_decoder.smoothed_loss",
    "gpt1.post_norm_block",
    "gpt1_finetuning.joint_loss",
    "gpt1_finetuning.similarity_logits",
    "gpt2.layer_norm",
    "gpt2.pre_norm_step",
    "gpt2.whole_model",
    "multi_head.multi_head_attention",
    "positions.rotate",
    "recurrent.lstm_step",
    "recurrent.rnn_states",
}


@every_exercise
def test_gradients_are_compared_where_a_model_learns_through_the_function(exercise: Exercise):
    public, hidden = exercise.public_cases(0), exercise.hidden_cases(0)
    asks = [any(GRADIENTS in case.inputs for case in cases) for cases in (public, hidden)]
    assert asks == [exercise.id in LEARNED_THROUGH] * 2
    if exercise.id in LEARNED_THROUGH:
        assert "differentiate" in exercise.statement or "gradients" in exercise.statement
        assert {"cut_off", "not_differentiable"} <= {mutant.name for mutant in exercise.mutants}


@every_exercise
def test_reference_and_mutants_keep_to_the_policy(exercise: Exercise):
    policy = pytest.importorskip("course_lib.grading.inside.policy")
    home = importlib.import_module(exercise.reference.__module__)
    tree = ast.parse(inspect.getsource(home))
    assert policy.find_forbidden(tree, exercise.forbidden) == []
    modules = [entry for entry in exercise.forbidden if entry not in policy.FAMILIES]
    assert all(entry.split(".")[0] in KNOWN_PACKAGES for entry in modules), modules


KNOWN_PACKAGES = {
    "course_lib",
    "rouge_score",
    "sacrebleu",
    "scipy",
    "sklearn",
    "tiktoken",
    "tokenizers",
    "transformers",
}


@every_exercise
def test_solution_runs_by_itself_and_scores_full(exercise: Exercise):
    source = solution_source(exercise)
    namespace: dict = {"__name__": "pasted"}
    exec(source, namespace)
    assert check(exercise.id, namespace[exercise.name]).points == exercise.points
    assert source in solution(exercise.id).markdown
    assert exercise.explanation in solution(exercise.id).markdown


@every_exercise
def test_cases_depend_on_the_seed_and_on_nothing_else(exercise: Exercise):
    for make in (exercise.public_cases, exercise.hidden_cases):
        assert _shown(make(3)) == _shown(make(3))
        assert _shown(make(3)) != _shown(make(4))
    assert len(exercise.public_cases(0)) >= 3
    assert len(exercise.hidden_cases(0)) >= 3
    assert set(_shown(exercise.hidden_cases(0))) != set(_shown(exercise.public_cases(0)))


@every_exercise
def test_words(exercise: Exercise):
    assert len(exercise.hints) >= 3
    for level, text in enumerate(exercise.hints, start=1):
        assert text in hint(exercise.id, level=level).markdown
    statement = statement_markdown(exercise.id)
    assert exercise.title in statement
    assert readable(exercise.expected(exercise.example)).split("\n")[0] in statement
    assert max(map(len, stub_source(exercise.id).split("\n"))) <= 100
    assert exercise.statement.count("$") % 2 == 0
    for text in (*exercise.hints, exercise.explanation, *(m.diagnosis for m in exercise.mutants)):
        assert text.count("`") % 2 == 0, text
