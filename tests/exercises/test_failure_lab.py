"""The failure lab: a healthy block is the package's, every bug is one, and all are found."""

import math

import pytest
import torch

from course_lib.exercises import get_exercise
from course_lib.exercises.block.diagnose import diagnose
from course_lib.exercises.block.instruments import read_instruments
from course_lib.exercises.block.repaired_stack import BROKEN
from course_lib.exercises.block.workshop import (
    BUGS,
    HEALTHY,
    PATIENTS,
    PlantedBlock,
    PlantedStack,
    StackSizes,
    make_patient,
)
from course_lib.layers import PreNormBlock

SIZES = StackSizes(4, 32, 2, 64, 0.1)


def same_weights(planted: PlantedBlock) -> PreNormBlock:
    block = PreNormBlock(32, 2, 64)
    pairs = (
        (block.attention.query_key_value, planted.query_key_value),
        (block.attention.output, planted.output),
        (block.feed_forward.widen, planted.widen),
        (block.feed_forward.narrow, planted.narrow),
    )
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        for mine, theirs in pairs:
            mine.weight.copy_(theirs.weight)
        block.attention_norm.gain.copy_(planted.attention_gain)
        block.feed_forward_norm.gain.copy_(planted.feed_forward_gain)
    return block


@pytest.mark.parametrize("bug", [HEALTHY, *BUGS])
def test_only_the_healthy_block_is_the_package_s(bug):
    torch.manual_seed(0)
    planted = PlantedBlock(SIZES, bug).eval()
    x = torch.randn(2, 6, 32)
    is_same = torch.allclose(planted(x), same_weights(planted)(x), atol=1e-5)
    # shared weights are a fault of the stack, not of one block
    assert is_same == (bug in (HEALTHY, "shared"))


def test_shared_weights_are_one_block_twice():
    stack = PlantedStack(SIZES, 11, 8, bug="shared", place=2)
    assert stack.blocks[2] is stack.blocks[1]
    assert stack.blocks[3] is not stack.blocks[2]


@pytest.mark.parametrize("letter", PATIENTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_reference_finds_every_patient_s_bug(letter, seed):
    torch.manual_seed(seed)
    model = make_patient(letter, StackSizes(), 95, 32, seed)
    text = torch.randint(95, (4, 33), generator=torch.Generator().manual_seed(seed))
    found = diagnose(read_instruments(model, text[:, :-1], text[:, 1:]))
    assert found == (("none", -1) if letter == "healthy" else PATIENTS[letter])


def test_every_bug_has_a_patient_and_a_row_in_the_statement():
    assert {bug for bug, _ in PATIENTS.values()} == {HEALTHY, *BUGS}
    statement = get_exercise("block.diagnose").statement
    assert all(f'`"{bug}"`' in statement for bug in (HEALTHY, *BUGS))


def test_the_broken_code_runs_and_is_the_mutant_with_all_bugs():
    exercise = get_exercise("block.repaired_stack")
    namespace = {"math": math, "torch": torch}
    exec(BROKEN, namespace)
    mutant = next(m for m in exercise.mutants if m.name == "as_it_came")
    for case in exercise.public_cases(0)[:5]:
        got = exercise.run(namespace["repaired_stack"], case.inputs)
        torch.testing.assert_close(got, exercise.run(mutant.function, case.inputs))


@pytest.mark.parametrize("seed", range(10, 16))
def test_cases_ask_for_every_bug_and_the_reference_answers_them(seed):
    exercise = get_exercise("block.diagnose")
    for cases in (exercise.public_cases(seed), exercise.hidden_cases(seed)):
        answers = [exercise.expected(case)[0] for case in cases]
        assert set(answers) == {HEALTHY, *BUGS}
        assert len(answers) - len(set(answers)) in (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StackSizes(4, 30, 4), "n_heads=4 must divide d_model=30"),
        (lambda: PlantedBlock(SIZES, "gremlin"), "bug must be"),
        (lambda: PlantedStack(SIZES, 11, 8, bug="shared", place=0), "no block that can have"),
        (lambda: PlantedStack(SIZES, 11, 8, place=4), "place=4"),
        (lambda: make_patient("Z", SIZES, 11, 8, 0), "letter must be one of"),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()
