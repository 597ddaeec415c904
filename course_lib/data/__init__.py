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
from course_lib.data.dictionary import bare_glosses, chinese_glosses
from course_lib.data.french_words import french_words
from course_lib.data.labeled import Labeled, LabeledSplits
from course_lib.data.next_sentence import next_sentence_choices, sentences
from course_lib.data.pair_batches import PairBatch, PairBatches, make_pair_batch, pad_rows
from course_lib.data.pairs import (
    PairSplits,
    SentencePair,
    by_source,
    interface_pairs,
    interface_splits,
    split_pairs,
)
from course_lib.data.senses import Sense, word_senses
from course_lib.data.sentiment import RatedText, rated_texts, sentiment_splits
from course_lib.data.splits import Splits, course_corpus, split_documents
from course_lib.data.token_store import SavableTokenizer, TokenArray, encode_documents
from course_lib.data.vectors import (
    Question,
    WordVectors,
    analogy_questions,
    course_vectors,
    glove,
    word_similarities,
)
from course_lib.data.verse_pairs import same_verse_pairs, verse_part_pairs

__all__ = [
    "Batch",
    "Document",
    "Labeled",
    "LabeledSplits",
    "PairBatch",
    "PairBatches",
    "PairSplits",
    "Question",
    "RandomBatches",
    "RatedText",
    "SavableTokenizer",
    "Sense",
    "SentencePair",
    "SequentialBatches",
    "ShuffledBatches",
    "Splits",
    "TokenArray",
    "Tokens",
    "Verse",
    "WordVectors",
    "analogy_questions",
    "bare_glosses",
    "bbc_articles",
    "bible",
    "bible_verses",
    "by_source",
    "chinese_glosses",
    "course_corpus",
    "course_vectors",
    "encode_documents",
    "french_words",
    "glove",
    "interface_pairs",
    "interface_splits",
    "make_pair_batch",
    "next_sentence_choices",
    "pad_rows",
    "rated_texts",
    "same_verse_pairs",
    "sentences",
    "sentiment_splits",
    "speeches",
    "split_documents",
    "split_pairs",
    "verse_part_pairs",
    "word_senses",
    "word_similarities",
]
