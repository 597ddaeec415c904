import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.evaluation import NGramIndex, normalized_words


def clear_runs(text, n):
    words = normalized_words(text)
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def clear_overlap(texts, text, n):
    """The definition: a set of tuples."""
    seen = {run for each in texts for run in clear_runs(each, n)}
    return [run in seen for run in clear_runs(text, n)]


TEXTS = st.lists(st.sampled_from(["a", "b", "B", "c.", "new"]), max_size=14).map(" ".join)


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS, st.integers(1, 9))
@settings(max_examples=300, deadline=None)
def test_equal_to_a_set_of_tuples(texts, text, n):
    if not any(clear_runs(each, n) for each in texts):
        with pytest.raises(ValueError, match=f"no text has {n} words"):
            NGramIndex.fit(texts, n=n)
        return
    assert NGramIndex.fit(texts, n=n).overlap(text).found.tolist() == clear_overlap(texts, text, n)


def test_a_text_is_found_in_itself_and_not_across_a_border():
    index = NGramIndex.fit(["one two three four", "five six seven eight"], n=2)
    assert index.overlap("one two three four").share == 1.0
    assert index.overlap("four five").share == 0.0
    assert index.overlap("four").n_runs == 0
    assert index.overlap("four").share == 0.0


def test_longest_shared_piece():
    index = NGramIndex.fit(["we the people of the united states in order"], n=3)
    overlap = index.overlap("say we the people of mars and of the united states too")
    assert overlap.longest == 4
    assert index.overlap("nothing of it here").longest == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: NGramIndex.fit("a b c"), TypeError, "texts is a string"),
        (lambda: NGramIndex.fit(["a"], n=0), ValueError, "n must be at least 1"),
        (lambda: NGramIndex.fit(["a b"], n=3), ValueError, "no text has 3 words"),
        (lambda: NGramIndex.fit([]), ValueError, "no text has 8 words"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
