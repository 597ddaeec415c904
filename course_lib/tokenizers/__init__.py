"""Text to token ids and back, as a ladder of one-idea files.

`character` → `split` → `pair_merging` (training, clear) → `fast_training` (the same, fast) →
`byte_unicode` → `word_encoding` → `byte_pair` (the tokenizer) → `streaming` → `gpt2`; `gpt1` is
the older kind, over characters.
"""

from course_lib.tokenizers.base import Tokenizer
from course_lib.tokenizers.byte_pair import BytePairTokenizer
from course_lib.tokenizers.byte_unicode import byte_to_unicode
from course_lib.tokenizers.character import CharacterTokenizer
from course_lib.tokenizers.fast_training import merge_steps, train_byte_pair
from course_lib.tokenizers.gpt1 import GPT1Tokenizer, gpt1_words, load_gpt1_tokenizer
from course_lib.tokenizers.gpt2 import load_gpt2_tokenizer
from course_lib.tokenizers.pair_merging import (
    MergeStep,
    count_pairs,
    count_words,
    merge_pair,
    train_byte_pair_naive,
)
from course_lib.tokenizers.split import (
    GPT2_SPLIT_PATTERN,
    SPLIT_ALTERNATIVES,
    split_words,
)

__all__ = [
    "GPT2_SPLIT_PATTERN",
    "SPLIT_ALTERNATIVES",
    "BytePairTokenizer",
    "CharacterTokenizer",
    "GPT1Tokenizer",
    "MergeStep",
    "Tokenizer",
    "byte_to_unicode",
    "count_pairs",
    "count_words",
    "gpt1_words",
    "load_gpt1_tokenizer",
    "load_gpt2_tokenizer",
    "merge_pair",
    "merge_steps",
    "split_words",
    "train_byte_pair",
    "train_byte_pair_naive",
]
