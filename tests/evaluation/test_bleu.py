import pytest

from course_lib.evaluation import brevity_penalty, clipped_matches, corpus_bleu


def test_the_example_of_the_paper():
    """Papineni et al. 2002, section 2.1: seven times "the" scores 2 of 7."""
    sentences = ("the cat is on the mat", "there is a cat on the mat")
    references = [sentence.split() for sentence in sentences]
    assert clipped_matches(["the"] * 7, references, 1) == (2, 7)


def test_a_perfect_translation_scores_100():
    score = corpus_bleu(["Turn the light off."], [["Turn the light off."]])
    assert score.score == pytest.approx(100)
    assert score.precisions == (100.0,) * 4
    assert score.brevity_penalty == 1.0


def test_nothing_in_common_scores_0():
    assert corpus_bleu(["a b c d"], [["e f g h"]]).score == 0.0


def test_counts_are_added_up_before_dividing():
    """The corpus score is no mean of sentence scores."""
    hypotheses = ["a b", "c d e f g h"]
    references = [["a x"], ["c d e f g h"]]
    assert corpus_bleu(hypotheses, references, max_order=1).score == pytest.approx(100 * 7 / 8)


def test_capitals_count_unless_forgiven():
    hypotheses, references = ["Turn On The Light"], [["turn on the light"]]
    assert corpus_bleu(hypotheses, references).score == 0.0
    assert corpus_bleu(hypotheses, references, lowercase=True).score == pytest.approx(100)


@pytest.mark.parametrize(("c", "r", "penalty"), [(5, 5, 1.0), (0, 3, 0.0), (0, 0, 1.0)])
def test_brevity_penalty_at_the_edges(c, r, penalty):
    assert brevity_penalty(c, r) == penalty


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "at least one; got 0 and 0"),
        ((["a"], []), "got 1 and 0"),
        ((["a"], [[]]), "number 0 is empty"),
        ((["a"], ["a"]), "list of lists of texts"),
        (("a", [["a"]]), "hypotheses must be a list"),
    ],
)
def test_bad_corpora(arguments, message):
    with pytest.raises(ValueError, match=message):
        corpus_bleu(*arguments)


def test_bad_order():
    with pytest.raises(ValueError, match="max_order must be at least 1"):
        corpus_bleu(["a"], [["a"]], max_order=0)
