import pytest
import torch

from course_lib.data import Labeled
from course_lib.finetuning import (
    EncodedExample,
    SpecialTokens,
    encode_examples,
    make_task_batch,
    shorten,
    task_batches,
)

SPECIAL = SpecialTokens(90, 91, 92)


def _encode(text):
    return [ord(letter) - ord("a") + 1 for letter in text]


def test_a_batch():
    examples = encode_examples(
        [Labeled(("ab",), 1), Labeled(("c",), 0)], "classification", _encode, SPECIAL, longest=9
    )
    batch = make_task_batch(examples)
    assert batch.tokens.tolist() == [[[90, 1, 2, 92]], [[90, 3, 92, 0]]]
    assert batch.extract.tolist() == [[3], [2]]
    assert batch.targets.tolist() == [[[1, 2, 92, -100]], [[3, 92, -100, -100]]]
    assert batch.labels.tolist() == [1, 0]


def test_choices_are_rows():
    example = Labeled(("ab", "c", "dd"), 1)
    (encoded,) = encode_examples([example], "multiple_choice", _encode, SPECIAL, longest=9)
    batch = make_task_batch([encoded])
    assert batch.tokens.shape == (1, 2, 7)
    assert batch.extract.tolist() == [[5, 6]]
    assert encoded.longest == 7


def test_long_texts_are_cut_at_the_end():
    assert shorten([[1, 2, 3], [4]], 10) == [[1, 2, 3], [4]]
    assert shorten([[1, 2, 3, 4, 5], [6, 7]], 3) == [[1], [6, 7]]
    pair = encode_examples(
        [Labeled(("abcdef", "gh"), 0)], "entailment", _encode, SPECIAL, longest=7
    )
    assert pair[0].rows == ((90, 1, 2, 91, 7, 8, 92),)
    choices = encode_examples(
        [Labeled(("abcdef", "g", "hi"), 0)], "multiple_choice", _encode, SPECIAL, longest=7
    )
    assert choices[0].rows == ((90, 1, 2, 91, 7, 92), (90, 1, 2, 91, 8, 9, 92))


def test_every_example_once():
    examples = [EncodedExample(((1,) * (i % 5 + 1),), i) for i in range(23)]
    for generator in (None, torch.Generator().manual_seed(0)):
        batches = list(task_batches(examples, 4, generator=generator, group=2))
        labels = [label for batch in batches for label in batch.labels.tolist()]
        assert sorted(labels) == list(range(23))
        assert (labels == list(range(23))) == (generator is None)
        assert max(len(batch.labels) for batch in batches) == 4


def test_like_lengths_stand_together():
    examples = [EncodedExample(((1,) * (i % 8 + 1),), i) for i in range(64)]
    batches = task_batches(examples, 8, generator=torch.Generator().manual_seed(0))
    assert sum(batch.tokens.numel() for batch in batches) == sum(e.longest for e in examples)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: make_task_batch([]), "same number of rows"),
        (
            lambda: make_task_batch([EncodedExample(((1,),), 0), EncodedExample(((1,), (2,)), 0)]),
            r"same number of rows, got \[1, 2\]",
        ),
        (lambda: list(task_batches([], 4)), "examples is empty"),
        (
            lambda: list(task_batches([EncodedExample(((1,),), 0)], 0)),
            "batch_size must be at least 1",
        ),
        (
            lambda: encode_examples([], "entailment", _encode, SPECIAL, longest=4),
            "longest must leave room",
        ),
        (lambda: shorten([[1]], 0), "room must be at least 1"),
    ],
)
def test_bad_inputs(call, words):
    with pytest.raises(ValueError, match=words):
        call()
