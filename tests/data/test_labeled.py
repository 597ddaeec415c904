import random
from itertools import pairwise

import pytest

from course_lib.data import (
    Labeled,
    LabeledSplits,
    bible_verses,
    course_corpus,
    next_sentence_choices,
    rated_texts,
    same_verse_pairs,
    sentences,
    sentiment_splits,
    verse_part_pairs,
)
from course_lib.data.splits import HELD_OUT_BOOKS
from course_lib.data.verse_pairs import last_part

A, B = Labeled(("a",), 0), Labeled(("b",), 1)


def test_no_text_is_in_both():
    assert LabeledSplits([A], [B]).test == [B]
    with pytest.raises(ValueError, match="share 1 first texts, such as 'a'"):
        LabeledSplits([A, B], [A])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Labeled((), 0), "at least one text"),
        (lambda: Labeled(("a", " "), 0), "no empty one"),
        (lambda: Labeled(("a",), -1), "label counts from 0, got -1"),
        (lambda: rated_texts("songs"), "source is 'songs'; use one of movies"),
        (lambda: next_sentence_choices(n_choices=1), "n_choices must be at least 2"),
    ],
)
def test_bad_inputs(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said: "Go." Then he went.', ['He said: "Go."', "Then he went."]),
        ("No capital. follows here", ["No capital. follows here"]),
        ("A line\nand another", ["A line", "and another"]),
        ("", []),
    ],
)
def test_sentences(text, found):
    assert sentences(text) == found


@pytest.mark.parametrize(
    ("verse", "part"),
    [
        (
            "He went up, and he came to the house of the king.",
            "and he came to the house of the king",
        ),
        ("And he came to the house of the king.", None),  # nothing but the whole
        ("Go up, and he came to the house, yes.", "and he came to the house"),
    ],
)
def test_last_part(verse, part):
    assert last_part(verse) == part


@pytest.mark.needs_assets
@pytest.mark.parametrize(
    ("source", "n"), [("movies", 10_603), ("tweets", 4140), ("products", 3697)]
)
def test_rated_texts(source, n):
    texts = rated_texts(source)
    assert len(texts) == n
    assert all(-4 <= item.rating <= 4 for item in texts)
    assert all(item.text == " ".join(item.text.split()) for item in texts)


@pytest.mark.needs_assets
def test_sentiment():
    splits = sentiment_splits()
    assert (len(splits.train), len(splits.test)) == (9070, 1000)
    for examples in (splits.train[:1000], splits.test):
        assert 0.45 < sum(item.label for item in examples) / len(examples) < 0.55
    with pytest.raises(ValueError, match="n_test must be from 1"):
        sentiment_splits(n_test=0)


@pytest.mark.needs_assets
@pytest.mark.slow
@pytest.mark.parametrize("build", [same_verse_pairs, verse_part_pairs])
def test_verse_pairs(build):
    splits = build()
    unread = {verse.text for verse in bible_verses("web") if verse.book in HELD_OUT_BOOKS}
    assert all(item.texts[0] in unread for item in splits.test)
    assert not any(item.texts[0] in unread for item in splits.train)
    assert len(splits.train) > 10_000
    assert len(splits.test) > 400
    for examples in (splits.train, splits.test):
        share = sum(item.label for item in examples) / len(examples)
        assert abs(share - 0.5) < 0.01
    assert build() == splits  # drawn with a fixed seed


@pytest.mark.needs_assets
@pytest.mark.slow
def test_right_pairs_are_right():
    basic = {(v.book, v.chapter, v.verse): v.text for v in bible_verses("bbe")}
    same = {}
    for verse in bible_verses("web"):
        same.setdefault(verse.text, set()).add(
            basic.get((verse.book, verse.chapter, verse.verse), "")
        )
    whole, part = same_verse_pairs().test, verse_part_pairs().test
    assert all((item.texts[1] in same[item.texts[0]]) == bool(item.label) for item in whole)
    right = [item for item in part if item.label]
    assert all(any(item.texts[1] in text for text in same[item.texts[0]]) for item in right)


@pytest.mark.needs_assets
@pytest.mark.slow
def test_next_sentences():
    splits = next_sentence_choices()
    corpus = course_corpus()
    lines = {doc.id: sentences(doc.text) for doc in corpus.validation if "sotu" in doc.id}
    followers = {pair for found in lines.values() for pair in pairwise(found)}
    for item in splits.test:
        context, *choices = item.texts
        assert len(choices) == 4
        assert (context, choices[item.label]) in followers
    counts = [sum(item.label == place for item in splits.test) for place in range(4)]
    assert min(counts) > 0.2 * len(splits.test)
    assert len(splits.train) > 10_000
    sample = random.Random(0).sample(splits.train, 50)
    unread = {doc.text for doc in corpus.validation}
    assert not any(item.texts[0] in text for item in sample for text in unread)
