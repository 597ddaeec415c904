"""Bag of words, TF-IDF and search: by hand, clear equal to fast, and mistakes."""

import math

import numpy as np
import pytest

from course_lib.classical.bag_of_words import (
    BagOfWords,
    BagSettings,
    SearchIndex,
    TfIdf,
    cosine,
    inverse_document_frequencies,
    split_words,
    weigh,
)
from course_lib.classical.sparse_rows import SparseRows

TEXTS = [
    "The cat sat on the mat.",
    "The dog sat on the log, the dog!",
    "Cats and dogs and a cat",
    "",
]


def test_counts_by_hand():
    bag = BagOfWords(TEXTS)
    assert bag.words == ["and", "cat", "cats", "dog", "dogs", "log", "mat", "on", "sat", "the"]
    assert bag.counts(["the cat, THE bird"]).dense().tolist() == [[0, 1, 0, 0, 0, 0, 0, 0, 0, 2]]
    assert bag.counts([]).dense().shape == (0, 10)


def test_clear_and_fast_are_equal():
    bags = [{word: split_words(text).count(word) for word in split_words(text)} for text in TEXTS]
    idf = inverse_document_frequencies(bags)
    fast = TfIdf(TEXTS)
    assert fast.bag.words == list(idf)
    np.testing.assert_allclose(fast.idf, list(idf.values()))
    for row, bag in zip(fast.vectors.dense(), bags[:3], strict=False):
        clear = weigh(bag, idf)
        np.testing.assert_allclose(row, [clear.get(word, 0.0) for word in idf])


def test_search_equals_cosines_of_the_clear_version():
    fast = TfIdf(TEXTS)
    index = SearchIndex(fast)
    rows = [
        {w: v for w, v in zip(fast.bag.words, row, strict=True) if v}
        for row in fast.vectors.dense()
    ]
    query = "a dog on the mat, a purple dog"
    bag = {w: split_words(query).count(w) for w in split_words(query)}
    asked = weigh(bag, dict(zip(fast.bag.words, fast.idf.tolist(), strict=True)))
    np.testing.assert_allclose(index.scores(query), [cosine(asked, row) for row in rows])
    hits = index.search(query, n=10)
    assert [hit.document for hit in hits] == [1, 0]
    assert hits[0].words == ("dog", "the", "on")
    assert math.isclose(hits[0].score, index.scores(query)[1])


@pytest.mark.parametrize("norm", ["l1", "l2", "none"])
def test_scores_are_cosines_for_every_norm(norm):
    index = SearchIndex(TfIdf(TEXTS, BagSettings(norm=norm)))
    assert math.isclose(index.scores(TEXTS[1])[1], 1.0)
    assert index.scores("zebra").tolist() == [0.0] * 4
    assert index.search("zebra") == []


def test_one_document_and_ties():
    index = SearchIndex(TfIdf(["same words", "same words"]))
    assert [hit.document for hit in index.search("words", n=2)] == [0, 1]
    assert TfIdf(["only one"]).idf.tolist() == [1.0, 1.0]


def test_stop_words_and_limits():
    settings = BagSettings(stop_words={"the", "and"}, min_documents=2, max_share=0.5)
    assert BagOfWords(TEXTS, settings).words == ["cat", "on", "sat"]
    assert BagOfWords(["Aa aa"], BagSettings(lowercase=False)).words == ["Aa", "aa"]


def test_cosine_of_nothing_is_zero():
    assert cosine({}, {"cat": 1.0}) == 0.0
    assert weigh({"unknown": 3}, {"cat": 1.0}) == {}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BagOfWords("one text"), TypeError, "texts is one text; give a list"),
        (lambda: BagOfWords(["a b c"]), ValueError, "no word is left of 0 in 1 texts"),
        (lambda: BagOfWords([]), ValueError, "no word is left"),
        (lambda: BagSettings(min_documents=0), ValueError, "min_documents must be at least 1"),
        (lambda: BagSettings(max_share=0.0), ValueError, "max_share must be above 0"),
        (lambda: BagSettings(norm="l3"), ValueError, "norm must be 'l2', 'l1' or 'none'"),
        (lambda: BagSettings(pattern="("), ValueError, "pattern '\\(' is not valid"),
        (lambda: BagSettings(stop_words="the"), ValueError, "stop_words must be a set"),
        (lambda: SearchIndex(TfIdf(TEXTS)).search("cat", n=0), ValueError, "n must be at least 1"),
        (
            lambda: SparseRows(np.array([0, 2]), np.array([0]), np.array([1.0]), 3),
            ValueError,
            "the three must be equal",
        ),
    ],
)
def test_mistakes_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
