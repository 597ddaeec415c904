import dataclasses

import pytest
import torch

from course_lib.config import GPT2Config, TransformerConfig
from course_lib.evaluation import (
    PromptQuestion,
    TextModel,
    Wording,
    answer_log_probabilities,
    chosen,
    questions_from_pairs,
)
from course_lib.models import GPT2, Transformer

VOCABULARY = 30


def letters(text):
    """One token a letter: any split of a text is a split of its tokens."""
    return [ord(letter) % VOCABULARY for letter in text]


def text_model(network):
    return TextModel("tiny", network.eval(), letters, ["x"] * VOCABULARY, 64, 1)


NETWORKS = {
    "gpt2": lambda: GPT2(GPT2Config(VOCABULARY, 64, 16, 2, 2, dropout=0.0)),
    "llama": lambda: Transformer(
        TransformerConfig(
            VOCABULARY, 64, 16, 4, 2, n_kv_heads=2, positions="rotary", norm="rms", bias=False
        )
    ),
}


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_shared_beginning_changes_no_number(kind):
    torch.manual_seed(0)
    network = NETWORKS[kind]()
    fast = text_model(network)
    slow = dataclasses.replace(fast, logits=lambda tokens: network(tokens))
    prompts = ["as before, one", "as before, two and more", "as before, o"]
    options = [["a", "bcd"], ["ef"], ["a", "bb", "cccc"]]
    for joint in (" ", ""):
        found = answer_log_probabilities(fast, prompts, options, joint=joint)
        expected = answer_log_probabilities(slow, prompts, options, joint=joint)
        assert [[len(row) for row in rows] for rows in found] == [
            [len(joint + option) for option in rows] for rows in options
        ]
        for ours, theirs in zip(found, expected, strict=True):
            for a, b in zip(ours, theirs, strict=True):
                assert a == pytest.approx(b, abs=1e-5)


def test_prompts_with_nothing_in_common_and_an_empty_one():
    model = text_model(NETWORKS["gpt2"]())
    (alone,) = answer_log_probabilities(model, [""], [["ab"]])
    both = answer_log_probabilities(model, ["", "quite other"], [["ab"], ["ab"]])
    assert both[0][0] == pytest.approx(alone[0], abs=1e-5)


def test_prompting_changes_no_weight():
    network = NETWORKS["llama"]()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    answer_log_probabilities(text_model(network), ["x = y\nz ="], [["a", "b"]])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_prompt_has_instruction_examples_and_the_question():
    wording = Wording("Q: {text}\nA:", "Answer.\n\n")
    shots = [PromptQuestion("1 + 1", ("3", "2"), 1), PromptQuestion("{text}", ("4",), 0)]
    assert wording.prompt("2 + 2") == "Answer.\n\nQ: 2 + 2\nA:"
    assert wording.prompt("5", shots) == (
        "Answer.\n\nQ: 1 + 1\nA: 2\n\nQ: {text}\nA: 4\n\nQ: 5\nA:"
    )


def test_questions_from_pairs_know_the_right_answer_and_no_second_one():
    pairs = [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4"), ("d", "5")]
    for seed in range(5):
        questions = questions_from_pairs(pairs, n_candidates=3, seed=seed)
        assert [(q.text, q.answer) for q in questions] == pairs
        for question in questions:
            assert len(set(question.candidates)) == 3
            if question.text == "a":
                assert len({"1", "4"} & set(question.candidates)) == 1
    assert questions_from_pairs(pairs, seed=1, n_candidates=3) == questions_from_pairs(
        pairs, seed=1, n_candidates=3
    )


def test_three_ways_to_choose():
    scores = [[-1.0, -1.0, -1.0], [-2.5]]
    assert chosen(scores) == 1
    assert chosen(scores, per_token=True) == 0
    assert chosen(scores, content_free=[[-4.0], [-2.0]]) == 0
    assert chosen([[-1.0], [-1.0]]) == 0


MODEL = text_model(NETWORKS["gpt2"]())
BAD = {
    "wording without a place": (lambda: Wording("Q:"), "{text} once"),
    "wording with a space": (lambda: Wording("{text} "), "not end in a space"),
    "right too large": (lambda: PromptQuestion("a", ("b",), 1), "between 0 and 0"),
    "empty candidate": (lambda: PromptQuestion("a", ("b", " "), 0), "must not be empty"),
    "too few answers": (lambda: questions_from_pairs([("a", "b")]), "0 wrong answers"),
    "no candidates wanted": (
        lambda: questions_from_pairs([("a", "b")], n_candidates=0),
        "n_candidates",
    ),
    "no prompts": (lambda: answer_log_probabilities(MODEL, [], []), "0 prompts"),
    "no candidates": (lambda: answer_log_probabilities(MODEL, ["a"], [[]]), "1 of them empty"),
    "other number": (lambda: answer_log_probabilities(MODEL, ["a"], [["b"], ["c"]]), "2 lists"),
    "too long": (
        lambda: answer_log_probabilities(MODEL, ["a" * 62], [["bc"]]),
        "has 66 tokens, tiny reads 64",
    ),
    "nothing to choose": (lambda: chosen([]), "at least one candidate"),
    "other content-free ones": (lambda: chosen([[-1.0]], content_free=[]), "0 candidates"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_mistakes_are_named(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()
