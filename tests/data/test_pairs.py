import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data import PairSplits, SentencePair, by_source, interface_splits, split_pairs
from course_lib.data.pairs import fold, is_clean

TEXTS = st.text(alphabet="abc 1.", min_size=1, max_size=3)
PAIRS = st.lists(st.builds(SentencePair, TEXTS, TEXTS), min_size=8, max_size=60)


@given(PAIRS, st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_no_text_is_in_two_splits(pairs, held_out):
    try:
        splits = split_pairs(pairs, held_out=held_out)
    except ValueError:  # all are tied together
        return
    parts = (splits.train, splits.validation, splits.test)
    assert sum(map(len, parts)) == len(pairs)
    for side in ("source", "target"):
        texts = [{fold(getattr(pair, side)) for pair in part} for part in parts]
        assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]


def test_the_order_of_the_pairs_does_not_matter():
    pairs = [SentencePair(f"文{letter}", f"text {letter}") for letter in "abcdefghij"]
    forward, backward = split_pairs(pairs, held_out=3), split_pairs(pairs[::-1], held_out=3)
    assert forward.test == backward.test
    assert len(forward.test) == len(forward.validation) == 3


def test_a_shared_text_is_refused():
    with pytest.raises(ValueError, match="target 'Zone 2' is in train and in test"):
        PairSplits([SentencePair("区域", "Zone 1")], [], [SentencePair("地区", "Zone 2")])


def test_nothing_left_to_train_on():
    with pytest.raises(ValueError, match="leaves no pair to train on"):
        split_pairs([SentencePair("文", "text")], held_out=1)


@pytest.mark.parametrize(
    ("chinese", "english", "clean"),
    [
        ("保存文件", "Save file", True),
        ("{name} 已打开", "{name} turned on", True),
        ("Stylus", "Stylus", False),
        ("保存", "保存 save", False),
        ("访问 http://a.b", "Visit http://a.b", False),
        ("一行\n两行", "one line\ntwo lines", False),
        ("百分比", "a%", False),
        ("字" * 61, "too long", False),
        ("长", "word " * 26, False),
    ],
)
def test_clean(chinese, english, clean):
    assert is_clean(chinese, english) is clean


@pytest.mark.needs_assets
def test_interface_splits():
    splits = interface_splits()
    assert (len(by_source(splits.test)), len(by_source(splits.validation))) == (500, 500)
    assert len(splits.train) > 11_000
    assert SentencePair("清除睡眠定时器", "Clear sleep timer") in splits.train
