"""Encoding one word: apply the merges, in the order in which they were learned."""

import heapq
from collections.abc import Callable, Mapping
from itertools import pairwise

from course_lib.tokenizers.pair_merging import Pair

_LONG = 64  # from this many bytes on, a heap beats looking at every pair again


def encode_word(ids: list[int], merged: Mapping[Pair, int]) -> list[int]:
    """Merge the pair learned first, wherever it stands leftmost, until no known pair is left.

    `merged` gives the id a pair becomes; ids grow in the order of learning, so the smallest id is
    the earliest merge. Time: (length of the word)², and words are short.

    >>> encode_word([1, 2, 1, 2, 3], {(1, 2): 256, (256, 3): 257})
    [256, 257]
    """
    ids = list(ids)
    never = float("inf")
    while len(ids) > 1:
        options = [merged.get(pair, never) for pair in pairwise(ids)]
        best = min(options)
        if best == never:
            break
        i = options.index(best)
        ids[i : i + 2] = [int(best)]
    return ids


def encode_long_word(ids: list[int], merged: Mapping[Pair, int]) -> list[int]:
    """Give the result of `encode_word` in n log n time, for words of n bytes without a space.

    The word is a linked list (`following`, `previous`); a heap holds the merges that are possible,
    earliest learned and then leftmost first. An entry is outdated when its pair is gone.
    """
    n = len(ids)
    ids = list(ids)
    following = list(range(1, n + 1))  # n: the end of the word
    previous = list(range(-1, n - 1))
    heap = [(merged[pair], i, pair) for i, pair in enumerate(pairwise(ids)) if pair in merged]
    heapq.heapify(heap)
    while heap:
        token_id, i, pair = heapq.heappop(heap)
        j = following[i]
        if j >= n or (ids[i], ids[j]) != pair:
            continue
        ids[i], ids[j] = token_id, -1
        after = following[i] = following[j]
        before = previous[i]
        if after < n:
            previous[after] = i
            if (new := (token_id, ids[after])) in merged:
                heapq.heappush(heap, (merged[new], i, new))
        if before >= 0 and (new := (ids[before], token_id)) in merged:
            heapq.heappush(heap, (merged[new], before, new))
    return [token_id for token_id in ids if token_id >= 0]


class WordCache(dict[str, list[int]]):
    """Token ids of the words met so far; a word that is new is encoded and remembered.

    Most words of a text are repeats, so looking up whole words is what makes encoding fast. Memory
    is bounded: when `max_words` words are known, all are forgotten; long words are not kept.
    """

    def __init__(self, encode: Callable[[str], list[int]], max_words: int = 1 << 17) -> None:
        super().__init__()
        self._encode = encode
        self._max_words = max_words

    def __missing__(self, word: str) -> list[int]:
        ids = self._encode(word)
        if len(word) < _LONG:
            if len(self) >= self._max_words:
                self.clear()
            self[word] = ids
        return ids


def encode_any_word(ids: list[int], merged: Mapping[Pair, int]) -> list[int]:
    """Use whichever of the two functions is faster for this length."""
    return encode_word(ids, merged) if len(ids) < _LONG else encode_long_word(ids, merged)
