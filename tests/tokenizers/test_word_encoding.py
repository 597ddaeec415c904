from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.tokenizers import train_byte_pair
from course_lib.tokenizers.word_encoding import (
    WordCache,
    encode_any_word,
    encode_long_word,
    encode_word,
)


def replay(ids, merged):
    """Apply the merges one after the other, each over the whole word, as training did."""
    for (left, right), token_id in sorted(merged.items(), key=lambda item: item[1]):
        out = []
        for i in ids:
            if out and (out[-1], i) == (left, right):
                out[-1] = token_id
            else:
                out.append(i)
        ids = out
    return ids


def learned(counts):
    ids = {bytes([b]): b for b in range(256)}
    merged = {}
    for step in train_byte_pair(counts, 50, min_count=1):
        merged[ids[step.left], ids[step.right]] = ids[step.merged] = step.token_id
    return merged


word = st.text(st.sampled_from("abc"), max_size=80)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.sampled_from("abc"), min_size=1), st.just(1), max_size=6), word)
def test_three_ways_to_encode_a_word_agree(counts, text):
    merged = learned(counts)
    ids = list(text.encode())
    expected = replay(ids, merged)
    assert encode_word(ids, merged) == expected
    assert encode_long_word(ids, merged) == expected
    assert encode_any_word(ids, merged) == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.tuples(*[st.integers(0, 3)] * 2)))
def test_input_is_left_alone(ids, pairs):
    merged = {pair: 4 + i for i, pair in enumerate(dict.fromkeys(pairs))}
    before = list(ids)
    assert encode_word(ids, merged) == encode_long_word(ids, merged)
    assert ids == before


def test_empty_and_single():
    for function in (encode_word, encode_long_word):
        assert function([], {(1, 1): 256}) == []
        assert function([1], {(1, 1): 256}) == [1]


def test_cache_remembers_words_and_stays_bounded():
    asked = []
    cache = WordCache(lambda word: asked.append(word) or [len(word)], max_words=3)
    assert [cache["a"], cache["a"], cache["b"]] == [[1], [1], [1]]
    assert asked == ["a", "b"]
    assert cache["x" * 1000] == [1000]
    assert len(cache) == 2  # a long word is not kept
    for n in range(10):
        assert cache[str(n)] == [1]
        assert len(cache) <= 3
