"""Word vectors, the published questions, and the course's sentences."""

import re

import numpy as np
import pytest

from course_lib.assets import AssetMissingError
from course_lib.data import WordVectors, analogy_questions, glove, word_senses, word_similarities

TOY = WordVectors(
    ["king", "queen", "man", "woman", "apple"],
    np.array([[2.0, 0.0, 1.0], [2.0, 1.0, 1.0], [1.0, 0.0, 0.1], [1.0, 1.0, 0.1], [0, 0, 5.0]]),
)


def test_lookup():
    assert len(TOY) == 5
    assert "queen" in TOY
    assert "Queen" not in TOY
    assert TOY["apple"].tolist() == [0, 0, 5]
    assert TOY.first(2).words == ["king", "queen"]
    np.testing.assert_allclose(np.linalg.norm(TOY.unit(), axis=1), 1.0)
    assert TOY.similarity("king", "king") == pytest.approx(1.0)


def test_neighbors_and_analogy():
    names = [word for word, _ in TOY.nearest("king", 4)]
    assert sorted(names) == ["apple", "man", "queen", "woman"]
    scores = [score for _, score in TOY.nearest("king", 4)]
    assert scores == sorted(scores, reverse=True)
    assert TOY.nearest(TOY["king"], 1)[0][0] == "king"
    assert TOY.nearest("king", 9, exclude=["man"])[-1][0] != "man"
    assert TOY.analogy("man", "woman", "king")[0][0] == "queen"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WordVectors(["a"], np.ones((2, 2))), "words has 1 entries"),
        (lambda: WordVectors(["a", "a"], np.ones((2, 2))), "1 of them different"),
        (lambda: TOY["zebra"], "'zebra' is not among the 5 words; try lower case"),
        (lambda: TOY.nearest("king", 0), "n must be at least 1"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("read", [glove, analogy_questions, word_similarities])
def test_missing_assets_name_the_command(read, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    with pytest.raises(AssetMissingError, match="python -m course_lib fetch"):
        read()


@pytest.mark.needs_assets("glove")
def test_glove():
    vectors = glove()
    assert len(vectors) == 400_000
    assert vectors.words[:3] == ["the", ",", "."]
    assert vectors.matrix.shape == (400_000, 50)
    np.testing.assert_allclose(vectors["the"][:3], [0.418, 0.24968, -0.41242])  # as published
    assert vectors.first(20_000).analogy("france", "paris", "italy")[0][0] == "rome"


@pytest.mark.needs_assets("enwiki")
def test_questions():
    sections = analogy_questions()
    assert len(sections) == 14
    assert sum(len(questions) for questions in sections.values()) == 19_544
    assert sum(name.startswith("gram") for name in sections) == 9
    assert sections["family"][0] == ("boy", "girl", "brother", "sister")
    pairs = word_similarities()
    assert len(pairs) == 353
    assert pairs[0] == ("love", "sex", 6.77)


def test_senses_hold_their_word_once_and_the():
    for word, senses in word_senses().items():
        assert len({sense.meaning for sense in senses}) == 2
        for sense in senses:
            assert len(set(sense.sentences)) == 6
            for sentence in sense.sentences:
                assert len(re.findall(rf"\b{word}\b", sentence, re.IGNORECASE)) == 1
                assert re.search(r"\bthe\b", sentence, re.IGNORECASE)
