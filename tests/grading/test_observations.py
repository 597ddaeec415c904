"""What is said about wrong answers and common errors."""

import numpy as np
import pytest
import torch

from course_lib.grading.error_words import in_words
from course_lib.grading.observations import about_answer


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        ([1, 2], [1, 2, 3], "Only the last item is missing."),
        ([2, 3], [1, 2, 3], "Only the first item is missing."),
        ("abcd", "abc", "Only the last character is too much."),
        ("cba", "abc", "The right answer, in reverse order."),
        ([[1, 2], [3, 4]], [[1, 3], [2, 4]], "rows and columns exchanged"),
        (np.ones((2, 3)), np.ones((3, 2)), "last two axes swapped"),
        ([0, 1, 2, 3], [1, 2, 3, 4], "Every entry is 1 too small."),
        ([5, 1, 9, 4], [1, 9, 4, 7], "All entries stand one place too late."),
        (torch.tensor([True, False]), torch.tensor([False, True]), "exchanged everywhere"),
        ((1.0, [2.0, 4.0]), (1.0, [1.0, 2.0]), "item 1: Every entry is 2 times"),
        ({"a": [2.0, 4.0]}, {"a": [1.0, 2.0]}, "a: Every entry is 2 times"),
        ([1, 2], [7, 1], ""),
        (None, [1], ""),
        (object(), {"a": 1}, ""),
        ([], [1], "Only the last item is missing."),
    ],
)
def test_observations(got, expected, words):
    seen = about_answer(got, expected, {})
    assert words in seen if words else seen == ""


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "here they are 2x3 and 2x3"),
        (lambda: torch.ones(2) + torch.ones(3), "axes must be equal or 1"),
        (lambda: torch.ones(2).view(7), "keep the number of entries"),
        (lambda: torch.arange(3).softmax(0), "`.float()` turns it into decimals"),
        (lambda: torch.ones(2)[5], "Positions run from 0"),
        (lambda: torch.ones(2).sum(3), "fewer axes than this `dim`"),
        (lambda: {}["k"], "has no key 'k'"),
        (lambda: None + 1, ""),
        (lambda: None.shape, "Something here is `None`"),
        (lambda: bool(torch.ones(2)), "want one truth value"),
        (lambda: torch.ones(2).sotfmax(), "A Tensor has no `.sotfmax`"),
        (lambda: torch.ones(2)(3), "not a function"),
        (lambda: 1 / 0, "A length or a sum is 0"),
    ],
)
def test_errors_are_put_in_words(run, words):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        run()
    said = in_words(f"{type(caught.value).__name__}: {caught.value}")
    assert words in said if words else isinstance(said, str)
