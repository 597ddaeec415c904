"""Training byte-pair encoding, the fast version: touch only what a merge changes.

Three ideas, none of which changes the result:

1. An index from each pair to the words that contain it. A merge visits those words only.
2. Counts are kept and corrected for those words, never made afresh.
3. The most frequent pair comes from a heap. Counts of old pairs only ever fall, so an entry of
   the heap may be too high, never too low: an outdated one is corrected when it comes up.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from course_lib.tokenizers.byte_unicode import BYTE_IDS, BYTE_ORDER
from course_lib.tokenizers.pair_merging import (
    MergeStep,
    Pair,
    check_training_arguments,
    word_bytes,
)


def train_byte_pair(
    word_counts: Mapping[str, int], n_merges: int, *, min_count: int = 2
) -> list[MergeStep]:
    """Return the same merges as `train_byte_pair_naive`, sooner."""
    return list(merge_steps(word_counts, n_merges, min_count=min_count))


def merge_steps(
    word_counts: Mapping[str, int], n_merges: int, *, min_count: int = 2
) -> Iterator[MergeStep]:
    """Yield the merges one at a time, most frequent pair first; ties as in `pair_merging`.

    >>> steps = merge_steps({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 4)
    >>> [(step.merged, step.count) for step in steps]
    [(b'es', 9), (b'est', 9), (b'lo', 7), (b'low', 7)]
    """
    check_training_arguments(n_merges, min_count)
    tokens = [bytes([b]) for b in BYTE_ORDER]
    known = set(tokens)
    table = _WordTable(word_counts)
    heap = [(-count, pair) for pair, count in table.counts.items()]
    heapq.heapify(heap)

    while heap and len(tokens) < 256 + n_merges:
        negative_count, pair = heapq.heappop(heap)
        count = table.counts.get(pair, 0)
        if count < min_count:
            continue
        if count != -negative_count:
            heapq.heappush(heap, (-count, pair))
            continue
        step = MergeStep(tokens[pair[0]], tokens[pair[1]], count, token_id=len(tokens))
        if step.merged in known:
            continue
        tokens.append(step.merged)
        known.add(step.merged)
        for new_pair in table.merge(pair, step.token_id):
            heapq.heappush(heap, (-table.counts[new_pair], new_pair))
        yield step


class _WordTable:
    """Words as lists of ids, with pair counts and the pair → words index kept up to date."""

    def __init__(self, word_counts: Mapping[str, int]) -> None:
        self.words = [list(word_bytes(word).translate(BYTE_IDS)) for word in word_counts]
        self.times = list(word_counts.values())
        self.counts: defaultdict[Pair, int] = defaultdict(int)
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)  # may name a word too many
        for n, (word, times) in enumerate(zip(self.words, self.times, strict=True)):
            for pair in pairwise(word):
                self.counts[pair] += times
                self.where[pair].add(n)

    def merge(self, pair: Pair, token_id: int) -> set[Pair]:
        """Merge the pair in every word that has it; return the pairs this created."""
        left, right = pair
        counts, where = self.counts, self.where
        created: set[Pair] = set()
        for n in where.pop(pair):
            word, times = self.words[n], self.times[n]
            i = 0
            while i < len(word) - 1:  # each occurrence: a left right b → a token_id b
                if word[i] != left or word[i + 1] != right:
                    i += 1
                    continue
                if i > 0:
                    counts[word[i - 1], left] -= times
                    new = (word[i - 1], token_id)
                    counts[new] += times
                    where[new].add(n)
                    created.add(new)
                if i + 2 < len(word):
                    counts[right, word[i + 2]] -= times
                    new = (token_id, word[i + 2])
                    counts[new] += times
                    where[new].add(n)
                    created.add(new)
                word[i : i + 2] = [token_id]
                i += 1
        del counts[pair]
        return created
