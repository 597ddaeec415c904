import random

import pytest

from course_lib.data import Labeled
from course_lib.finetuning import classical_labels, majority_label

WORDS = [
    "river",
    "house",
    "king",
    "stone",
    "bread",
    "winter",
    "garden",
    "letter",
    "market",
    "soldier",
]


def _sentence(draw, n=5):
    return " ".join(draw.choices(WORDS, k=n))


def test_one_text():
    draw = random.Random(0)
    examples = [
        Labeled((f"{_sentence(draw)} {'splendid' if i % 2 else 'dreadful'}",), i % 2)
        for i in range(60)
    ]
    labels = classical_labels("classification", examples[:40], examples[40:])
    assert labels == [item.label for item in examples[40:]]


@pytest.mark.parametrize("kind", ["entailment", "similarity"])
def test_two_texts_that_share_words(kind):
    draw = random.Random(1)
    examples = []
    for i in range(80):
        first = _sentence(draw)
        second = " ".join(reversed(first.split())) if i % 2 else "nothing of it at all"
        examples.append(Labeled((first, second), i % 2))
    labels = classical_labels(kind, examples[:40], examples[40:])
    assert labels == [item.label for item in examples[40:]]


def test_choices():
    draw = random.Random(2)
    examples = []
    for i in range(60):
        context = _sentence(draw)
        choices = ["nothing of it", "not a word", "some other thing"]
        choices[i % 3] = " ".join(reversed(context.split()))
        examples.append(Labeled((context, *choices), i % 3))
    labels = classical_labels("multiple_choice", examples[:40], examples[40:])
    assert labels == [item.label for item in examples[40:]]


def test_majority():
    examples = [Labeled(("x",), label) for label in (2, 0, 2, 1)]
    assert majority_label(examples) == 2
    with pytest.raises(ValueError, match="at least one example"):
        classical_labels("classification", [], examples)
