"""Texts of the course as documents, and batches of tokens made from them."""

from course_lib.data.batching import (
    Batch,
    RandomBatches,
    SequentialBatches,
    ShuffledBatches,
    Tokens,
)
from course_lib.data.bibles import Verse, bible, bible_verses
from course_lib.data.corpora import Document, bbc_articles, speeches
from course_lib.data.splits import Splits, course_corpus, split_documents
from course_lib.data.token_store import SavableTokenizer, TokenArray, encode_documents

__all__ = [
    "Batch",
    "Document",
    "RandomBatches",
    "SavableTokenizer",
    "SequentialBatches",
    "ShuffledBatches",
    "Splits",
    "TokenArray",
    "Tokens",
    "Verse",
    "bbc_articles",
    "bible",
    "bible_verses",
    "course_corpus",
    "encode_documents",
    "speeches",
    "split_documents",
]
