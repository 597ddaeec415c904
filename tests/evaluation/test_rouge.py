import itertools

import pytest

from course_lib.evaluation import RougeScore, longest_common_subsequence, rouge_l, rouge_n


def test_the_example_of_the_paper():
    """Lin 2004, section 3.1: "police killed the gunman" and two candidates, by recall of LCS."""
    reference = "police killed the gunman"
    assert rouge_l("police kill the gunman", reference).f1 == 3 / 4
    assert rouge_l("the gunman kill police", reference).f1 == 2 / 4
    one, other = (
        rouge_n(text, reference, 2) for text in ("police kill the gunman", "the gunman kill police")
    )
    assert one == other == RougeScore(1 / 3, 1 / 3)  # pairs of words cannot tell them apart


def test_repeating_a_word_does_not_help():
    score = rouge_n("tax tax tax tax", "a tax cut", 1)
    assert (score.precision, score.recall) == (1 / 4, 1 / 3)


@pytest.mark.parametrize(("hypothesis", "reference"), [("", "a"), ("a", ""), ("", ""), ("!", "?")])
def test_empty_texts_score_0(hypothesis, reference):
    for score in (rouge_n(hypothesis, reference, 1), rouge_l(hypothesis, reference)):
        assert score == RougeScore(0.0, 0.0)
        assert score.f1 == 0.0


def test_subsequence_against_trying_all():
    def by_trying(a, b):
        for length in range(min(len(a), len(b)), 0, -1):
            if set(itertools.combinations(a, length)) & set(itertools.combinations(b, length)):
                return length
        return 0

    words = "ab"
    texts = [list(text) for n in range(5) for text in itertools.product(words, repeat=n)]
    for a, b in itertools.product(texts, repeat=2):
        assert longest_common_subsequence(a, b) == by_trying(a, b)


def test_bad_length():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        rouge_n("a", "b", 0)
