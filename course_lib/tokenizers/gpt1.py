"""GPT-1's tokenizer: byte-pair encoding over characters, lower case, with marked word ends."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from operator import index
from pathlib import Path
from typing import SupportsIndex

from course_lib.tokenizers.word_encoding import WordCache

WORD_END = "</w>"
UNKNOWN = "<unk>"
# As in the `tokenizers` package, gap included.
_IDEOGRAPHS = re.compile(
    "([\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\U00020000-\U0002a6df"
    "\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f])"
)


def gpt1_words(text: str) -> list[str]:
    """Cut a text as GPT-1's tokenizer is used today: lower case, no accents, marks on their own.

    OpenAI's own code cut with spaCy and ftfy. Hugging Face's, which this equals, cuts as BERT does.

    >>> gpt1_words("A naïve Café, isn't it?")
    ['a', 'naive', 'cafe', ',', 'isn', "'", 't', 'it', '?']
    """
    text = "".join(" " if c.isspace() else c for c in text if not _is_dropped(c))
    text = unicodedata.normalize("NFD", _IDEOGRAPHS.sub(r" \1 ", text))
    text = "".join(c.lower() for c in text if unicodedata.category(c) != "Mn")
    words: list[str] = []
    for chunk in text.split():
        for is_mark, run in groupby(chunk, _is_mark):
            characters = list(run)
            words.extend(characters if is_mark else ["".join(characters)])
    return words


def _is_dropped(character: str) -> bool:
    if character in "\t\n\r":
        return False
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co")


def _is_mark(character: str) -> bool:
    ascii_mark = character.isascii() and character.isprintable() and not character.isalnum()
    return ascii_mark or unicodedata.category(character).startswith("P")


class GPT1Tokenizer:
    """Byte-pair encoding of lower-case words; the last piece of a word ends in ``</w>``.

    It loses case, accents and spacing, and what is not in its alphabet becomes ``<unk>``: GPT-2's
    byte-level vocabulary was made to end that.

    Source: Radford et al. 2018, section 4.1, after Sennrich et al. 2016.

    Args:
        vocabulary: piece → id.
        merges: pairs of pieces, in the order in which they were learned.

    Raises:
        ValueError: the ids are not 0 to V − 1, or a piece of a merge is not in the vocabulary.

    >>> ids = {"<unk>": 0, "l": 1, "o": 2, "w": 3, "w</w>": 4, "lo": 5, "low</w>": 6}
    >>> tokenizer = GPT1Tokenizer(ids, [("l", "o"), ("lo", "w</w>")])
    >>> tokenizer.encode("Low wow"), tokenizer.decode([6, 3, 2, 4])
    ([6, 3, 2, 4], 'low wow')
    """

    def __init__(self, vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> None:
        if sorted(vocabulary.values()) != list(range(len(vocabulary))):
            raise ValueError(f"vocabulary: ids must be 0 to {len(vocabulary) - 1}, each once")
        for left, right in merges:
            for piece in (left, right, left + right):
                if piece not in vocabulary:
                    raise ValueError(
                        f"merges: {left!r} + {right!r}, but {piece!r} is not in the vocabulary"
                    )
        self._ids = dict(vocabulary)
        self._pieces = {i: piece for piece, i in vocabulary.items()}
        self._ranks = {pair: rank for rank, pair in reversed(list(enumerate(merges)))}
        self._words = WordCache(self._encode_word)

    @property
    def vocab_size(self) -> int:
        """Number of ids, V; 40,478 in the published model."""
        return len(self._ids)

    def _encode_word(self, word: str) -> list[int]:
        pieces = [*word[:-1], word[-1] + WORD_END]
        for i, piece in enumerate(pieces):
            if piece not in self._ids:
                if UNKNOWN not in self._ids:
                    raise ValueError(f"{piece!r} is not in the vocabulary, nor is {UNKNOWN!r}")
                pieces[i] = UNKNOWN
        last = len(self._ranks)
        while len(pieces) > 1:
            ranks = [self._ranks.get(pair, last) for pair in pairwise(pieces)]
            best = min(ranks)
            if best == last:
                break
            i = ranks.index(best)
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
        return [self._ids[piece] for piece in pieces]

    def encode(self, text: str) -> list[int]:
        """Turn text into ids.

        Raises:
            ValueError: a character is unknown and the vocabulary has no ``<unk>``.
        """
        return [i for word in gpt1_words(text) for i in self._words[word]]

    def pieces(self, ids: Iterable[SupportsIndex]) -> list[str]:
        """Return the pieces as the files write them, word ends marked.

        Raises:
            ValueError: an id is unknown.
        """
        try:
            return [self._pieces[index(i)] for i in ids]
        except KeyError as error:
            raise ValueError(
                f"ids: id {error.args[0]} is unknown; ids are 0 to {self.vocab_size - 1}"
            ) from None

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """Turn ids into text, with a space after each word and so around each mark."""
        return "".join(self.pieces(ids)).replace(WORD_END, " ").rstrip(" ")


def load_gpt1_tokenizer(folder: str | Path) -> GPT1Tokenizer:
    """Read `vocab.json` and `merges.txt` of a model in Hugging Face's OpenAI GPT format.

    Raises:
        FileNotFoundError: one of the two is missing.
        ValueError: one is damaged, or they do not belong together.
    """
    vocab_path, merges_path = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
    try:
        vocabulary = json.loads(vocab_path.read_text(encoding="utf-8"))
        lines = merges_path.read_text(encoding="utf-8").splitlines()
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#v")]
        return GPT1Tokenizer(vocabulary, [(left, right) for left, right in pairs])
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{vocab_path} or {merges_path} is damaged, or they do not belong together: {error}"
        ) from error
