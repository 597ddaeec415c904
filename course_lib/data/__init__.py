"""Texts of the course as documents, and batches of tokens made from them."""

from course_lib.data.bible import Verse, bible, bible_verses
from course_lib.data.corpora import Document, bbc_articles, speeches

__all__ = ["Document", "Verse", "bbc_articles", "bible", "bible_verses", "speeches"]
