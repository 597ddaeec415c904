"""Counts and TF-IDF equal scikit-learn's for the same settings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from course_lib.classical.bag_of_words import BagOfWords, BagSettings, SearchIndex, TfIdf

TEXTS = [
    "To the House of Representatives: the Union is at peace, and at peace with all.",
    "The state of the Union is strong, naïve and über-strong; it cost $1,200 in 1790.",
    "Peace, peace: there is no peace! THE END",
    "He's 中文 字 reading don't_stop _under_",
    "",
]
# Ours → theirs.
SETTINGS = [
    ({}, {}),
    ({"lowercase": False}, {"lowercase": False}),
    ({"pattern": r"\w+"}, {"token_pattern": r"\w+"}),
    ({"stop_words": {"the", "of"}}, {"stop_words": ["the", "of"]}),
    ({"min_documents": 2}, {"min_df": 2}),
    ({"max_share": 0.4}, {"max_df": 0.4}),
    ({"min_documents": 2, "max_share": 0.6}, {"min_df": 2, "max_df": 0.6}),
    ({"sublinear": True}, {"sublinear_tf": True}),
    ({"use_idf": False}, {"use_idf": False}),
    ({"smooth": False}, {"smooth_idf": False}),
    ({"norm": "l1"}, {"norm": "l1"}),
    ({"norm": "none"}, {"norm": None}),
    (
        {"sublinear": True, "smooth": False, "norm": "l1", "min_documents": 2},
        {"sublinear_tf": True, "smooth_idf": False, "norm": "l1", "min_df": 2},
    ),
]
COUNTING = ("lowercase", "token_pattern", "stop_words", "min_df", "max_df")


@pytest.mark.parametrize(
    ("ours", "theirs"), SETTINGS, ids=lambda value: "-".join(value) or "defaults"
)
def test_tf_idf_equals_scikit_learn(ours, theirs):
    reference = TfidfVectorizer(**theirs)
    expected = reference.fit_transform(TEXTS).toarray()
    tf_idf = TfIdf(TEXTS, BagSettings(**ours))
    assert tf_idf.bag.words == list(reference.get_feature_names_out())
    np.testing.assert_allclose(tf_idf.vectors.dense(), expected, atol=1e-12)
    if ours.get("use_idf", True):
        np.testing.assert_allclose(tf_idf.idf, reference.idf_)
    new = ["peace in 1790, and no zebra", "zebra", ""]
    np.testing.assert_allclose(
        tf_idf.transform(new).dense(), reference.transform(new).toarray(), atol=1e-12
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), SETTINGS[:7], ids=lambda value: "-".join(value) or "defaults"
)
def test_counts_equal_scikit_learn(ours, theirs):
    reference = CountVectorizer(**{k: v for k, v in theirs.items() if k in COUNTING})
    expected = reference.fit_transform(TEXTS).toarray()
    bag = BagOfWords(TEXTS, BagSettings(**ours))
    assert bag.counts(TEXTS).dense().tolist() == expected.tolist()


WORDS = st.lists(st.sampled_from(["aa", "bb", "Cc", "dd", "é1", "x"]), max_size=12)


@given(st.lists(WORDS.map(" ".join), min_size=1, max_size=6), WORDS.map(" ".join))
def test_search_equals_scikit_learn(texts, query):
    texts = [*texts, "aa zz"]
    reference = TfidfVectorizer()
    expected = cosine_similarity(
        reference.fit_transform(texts).toarray(), reference.transform([query]).toarray()
    )[:, 0]
    np.testing.assert_allclose(SearchIndex(TfIdf(texts)).scores(query), expected, atol=1e-12)
