"""Training byte-pair encoding, the clear version: count, merge, and count again.

Source: Sennrich, Haddow and Birch 2016, *Neural Machine Translation of Rare Words with Subword
Units*, section 3.2 and its Algorithm 1; on bytes as in Radford et al. 2019, section 2.2.
`fast_training` does the same with less work and is tested equal to this file, merge for merge.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from course_lib.tokenizers.byte_unicode import BYTE_IDS, BYTE_ORDER
from course_lib.tokenizers.streaming import read_text, split_stream

Pair = tuple[int, int]


@dataclass(frozen=True)
class MergeStep:
    """One step of training: the pair `left`, `right` stood together `count` times.

    `token_id` is the id of the new token `merged`: 256 for the first step, 257 for the second.
    """

    left: bytes
    right: bytes
    count: int
    token_id: int

    @property
    def merged(self) -> bytes:
        """The bytes of the new token."""
        return self.left + self.right


def count_words(texts: Iterable[str], *, special_tokens: Collection[str] = ()) -> Counter[str]:
    """Count the words of many texts: all that training needs to know about them.

    Special tokens written in a text are left out: no merge should learn a part of them.

    >>> count_words(["low lower", "low"]).most_common()
    [('low', 2), (' lower', 1)]

    Raises TypeError when `texts` is a single str.
    """
    if isinstance(texts, str):
        raise TypeError("texts is one str; give a list of texts, for example [text]")
    counts: Counter[str] = Counter()
    for text in texts:
        for part in split_stream(read_text([text]), special_tokens):
            if not isinstance(part, str):  # a str is a special token
                counts.update(part)
    return counts


def word_bytes(word: str) -> bytes:
    """UTF-8 of a word; a lone surrogate, which UTF-8 cannot write, takes its three-byte form."""
    return word.encode("utf-8", errors="surrogatepass")


def count_pairs(words: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    """Count neighboring ids over all words, each word as often as it occurs.

    >>> count_pairs({(1, 2, 3): 10, (2, 3): 5}).most_common()
    [((2, 3), 15), ((1, 2), 10)]
    """
    counts: Counter[Pair] = Counter()
    for word, times in words.items():
        for pair in pairwise(word):
            counts[pair] += times
    return counts


def merge_pair(word: tuple[int, ...], pair: Pair, token_id: int) -> tuple[int, ...]:
    """Replace every occurrence of the pair, from left to right, by the new id.

    >>> merge_pair((1, 1, 1, 2), (1, 1), 256)
    (256, 1, 2)
    """
    merged = []
    i = 0
    while i < len(word):
        if word[i : i + 2] == pair:
            merged.append(token_id)
            i += 2
        else:
            merged.append(word[i])
            i += 1
    return tuple(merged)


def train_byte_pair_naive(
    word_counts: Mapping[str, int], n_merges: int, *, min_count: int = 2
) -> list[MergeStep]:
    """Merge the most frequent pair of neighbors, `n_merges` times, counting afresh each time.

    Ties: among equally frequent pairs the one with the smallest ids (left first, then right), so
    the oldest tokens win. A pair whose bytes are a token already is passed over (as in
    SentencePiece), so every merge makes a new token. Training stops early when no pair occurs
    `min_count` times. Time: (merges) × (characters in the word table).

    >>> steps = train_byte_pair_naive({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 4)
    >>> [(step.merged, step.count) for step in steps]
    [(b'es', 9), (b'est', 9), (b'lo', 7), (b'low', 7)]
    """
    check_training_arguments(n_merges, min_count)
    tokens = [bytes([b]) for b in BYTE_ORDER]
    known = set(tokens)
    words: Counter[tuple[int, ...]] = Counter()
    for word, times in word_counts.items():
        words[tuple(word_bytes(word).translate(BYTE_IDS))] += times

    steps: list[MergeStep] = []
    while len(steps) < n_merges:
        counts = {
            (left, right): count
            for (left, right), count in count_pairs(words).items()
            if count >= min_count and tokens[left] + tokens[right] not in known
        }
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))  # most frequent, then oldest
        step = MergeStep(tokens[pair[0]], tokens[pair[1]], counts[pair], token_id=len(tokens))
        tokens.append(step.merged)
        known.add(step.merged)
        words = Counter(
            {merge_pair(word, pair, step.token_id): times for word, times in words.items()}
        )
        steps.append(step)
    return steps


def check_training_arguments(n_merges: int, min_count: int) -> None:
    """Raise ValueError when a number of merges or a smallest count makes no sense."""
    if n_merges < 0:
        raise ValueError(f"n_merges is {n_merges}; it must be 0 or more")
    if min_count < 1:
        raise ValueError(f"min_count is {min_count}; it must be 1 or more")
