"""What is held out is nowhere in training, nor anything that gives it away."""

import re
from collections import Counter

import pytest

from course_lib.data import Document, Splits, course_corpus, split_documents
from course_lib.data.splits import HELD_OUT_BOOKS, HELD_OUT_SPEECHES

A, B = Document("a", "x"), Document("b", "y")


def test_split_keeps_the_order():
    splits = split_documents([A, B], ["b"])
    assert (splits.train, splits.validation) == ([A], [B])


def test_a_document_in_both_is_refused():
    with pytest.raises(ValueError, match="share 1 documents, such as 'b'"):
        Splits([A, B], [B])


def test_unknown_id_is_refused():
    with pytest.raises(ValueError, match="held_out names 'c', which no document has"):
        split_documents([A, B], ["c"])


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


@pytest.mark.needs_assets("sotu", "bbe", "web")
class TestCourseCorpus:
    def test_about_five_percent_of_each_part_is_held_out(self):
        splits = course_corpus()
        assert (len(splits.train), len(splits.validation)) == (357, 24)
        for part in ("sotu/", "bbe/", "web/"):
            sizes = [
                sum(len(doc.text) for doc in side if doc.id.startswith(part))
                for side in (splits.train, splits.validation)
            ]
            assert 0.045 < sizes[1] / sum(sizes) < 0.055

    def test_same_books_in_both_translations(self):
        for side in (course_corpus().train, course_corpus().validation):
            books = Counter(doc.meta["book"] for doc in side if "book" in doc.meta)
            assert set(books.values()) == {2}
        assert set(books) == set(HELD_OUT_BOOKS)

    def test_no_other_document_of_a_held_out_president_and_year(self):
        splits = course_corpus()
        held_out = {(doc.meta["president"], doc.meta["year"]) for doc in splits.validation[:14]}
        assert len(held_out) == len(HELD_OUT_SPEECHES)
        for doc in splits.train:
            assert (doc.meta.get("president"), doc.meta.get("year")) not in held_out

    @pytest.mark.slow
    def test_held_out_speeches_are_not_repeated_in_training(self):
        splits = course_corpus()
        held_out = {doc.id: runs(doc.text, 8) for doc in splits.validation if "year" in doc.meta}
        wanted = set().union(*held_out.values())
        seen = set()
        for doc in splits.train:
            seen |= runs(doc.text, 8) & wanted
        shares = {name: len(found & seen) / len(found) for name, found in held_out.items()}
        assert max(shares.values()) < 0.015
