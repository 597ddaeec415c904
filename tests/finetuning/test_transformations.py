import pytest

from course_lib.finetuning import (
    SpecialTokens,
    classification_rows,
    entailment_rows,
    multiple_choice_rows,
    rows_of,
    similarity_rows,
)

SPECIAL = SpecialTokens(start=90, delimiter=91, extract=92)
A, B, C = [1, 2], [3], [4, 5, 6]


def test_the_four_rows_of_figure_1():
    assert classification_rows(A, SPECIAL) == [[90, 1, 2, 92]]
    assert entailment_rows(A, B, SPECIAL) == [[90, 1, 2, 91, 3, 92]]
    assert similarity_rows(A, B, SPECIAL) == [[90, 1, 2, 91, 3, 92], [90, 3, 91, 1, 2, 92]]
    assert multiple_choice_rows(A, [B, C], SPECIAL) == [
        [90, 1, 2, 91, 3, 92],
        [90, 1, 2, 91, 4, 5, 6, 92],
    ]


def test_rows_of_chooses_by_the_kind():
    assert rows_of("classification", [A], SPECIAL) == classification_rows(A, SPECIAL)
    assert rows_of("entailment", [A, B], SPECIAL) == entailment_rows(A, B, SPECIAL)
    assert rows_of("similarity", [A, B], SPECIAL) == similarity_rows(A, B, SPECIAL)
    choices = multiple_choice_rows(A, [B, C, B], SPECIAL)
    assert rows_of("multiple_choice", [A, B, C, B], SPECIAL) == choices


@pytest.mark.parametrize(
    ("kind", "texts", "words"),
    [
        ("classification", [A, B], "classification needs 1 text, got 2 texts"),
        ("entailment", [A], "entailment needs 2 texts, got 1"),
        ("similarity", [A, B, C], "similarity needs 2 texts, got 3"),
        ("multiple_choice", [A, B], "needs a context and at least 2 choices, got 2"),
        ("entailment", [A, []], "one of them has no token"),
    ],
)
def test_bad_inputs(kind, texts, words):
    with pytest.raises(ValueError, match=words):
        rows_of(kind, texts, SPECIAL)


def test_special_tokens_are_three():
    assert SpecialTokens.after(5) == SpecialTokens(5, 6, 7)
    with pytest.raises(ValueError, match="must be different tokens"):
        SpecialTokens(1, 1, 2)
    with pytest.raises(ValueError, match="vocab_size must be at least 1"):
        SpecialTokens.after(0)
