"""ROUGE equals the package rouge-score (without its stemmer), on texts nobody would write."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenize import tokenize

from course_lib.evaluation import rouge_l, rouge_n, tokenize_rouge

WORDS = st.sampled_from(["the", "The", "tax", "taxes", "U.S.", "1.5", "don't", "—", "café", "cut"])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)
SCORER = RougeScorer(["rouge1", "rouge2", "rouge3", "rougeL"], use_stemmer=False)


def check(hypothesis, reference):
    theirs = SCORER.score(target=reference, prediction=hypothesis)
    ours = {f"rouge{n}": rouge_n(hypothesis, reference, n) for n in (1, 2, 3)}
    ours["rougeL"] = rouge_l(hypothesis, reference)
    for name, score in ours.items():
        assert (score.precision, score.recall, score.f1) == pytest.approx(theirs[name])


@given(TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_equal_on_random_words(hypothesis, reference):
    check(hypothesis, reference)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_equal_on_random_characters(hypothesis, reference):
    check(hypothesis, reference)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_words_are_cut_alike(text):
    assert tokenize_rouge(text) == tokenize(text, stemmer=None)
