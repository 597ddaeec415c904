"""Exercise: the pair that byte-pair encoding merges next."""

import random
from collections import Counter
from itertools import pairwise

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def most_frequent_pair(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    """Return the pair to merge next, with its count."""
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in pairwise(word):
            counts[pair] += n
    left, right = min(counts, key=lambda pair: (-counts[pair], pair))
    return left, right, counts[left, right]


def _best(counts: Counter[tuple[int, int]]) -> tuple[int, int, int]:
    left, right = min(counts, key=lambda pair: (-counts[pair], pair))
    return left, right, counts[left, right]


def _words_once(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    return most_frequent_pair(words, [1] * len(times))


def _across_words(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    text = [i for word, n in zip(words, times, strict=True) for _ in range(n) for i in word]
    return _best(Counter(pairwise(text)))


def _once_per_word(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in set(pairwise(word)):
            counts[pair] += n
    return _best(counts)


def _first_seen(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in pairwise(word):
            counts[pair] += n
    (left, right), count = counts.most_common(1)[0]
    return left, right, count


def _largest_ids(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in pairwise(word):
            counts[pair] += n
    left, right = max(counts, key=lambda pair: (counts[pair], pair))
    return left, right, counts[left, right]


def _right_id_first(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in pairwise(word):
            counts[pair] += n
    left, right = min(counts, key=lambda pair: (-counts[pair], pair[::-1]))
    return left, right, counts[left, right]


def _unordered(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for a, b in pairwise(word):
            counts[min(a, b), max(a, b)] += n
    return _best(counts)


def _every_other(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int]] = Counter()
    for word, n in zip(words, times, strict=True):
        for pair in zip(word[::2], word[1::2], strict=False):
            counts[pair] += n
    return _best(counts)


def _nested(words: list[list[int]], times: list[int]) -> tuple[tuple[int, int], int]:
    left, right, count = most_frequent_pair(words, times)
    return (left, right), count


def _count_missing(words: list[list[int]], times: list[int]) -> tuple[int, int]:
    left, right, _ = most_frequent_pair(words, times)
    return left, right


def _how_many_words(words: list[list[int]], times: list[int]) -> tuple[int, int, int]:
    left, right, _ = most_frequent_pair(words, times)
    return left, right, sum((left, right) in pairwise(word) for word in words)


def _case(words: list[list[int]], times: list[int], label: str) -> Case:
    return Case({"words": words, "times": times}, label)


def _random_case(draw: random.Random, n_words: int) -> Case:
    """Words over few ids, so that pairs repeat, overlap and tie."""
    words = [[draw.randint(1, 4) for _ in range(draw.randint(2, 7))] for _ in range(n_words)]
    return _case(words, [draw.randint(1, 9) for _ in words], f"{n_words} random words")


_FIXED = (
    ([[1, 2, 3], [4, 5]], [1, 3], "a frequent word and a rare one"),
    ([[1, 2], [2, 1], [2, 1]], [3, 2, 2], "one pair and its reverse"),
    ([[7, 8], [3, 9], [3, 4]], [2, 2, 2], "a tie"),
    ([[5, 6], [8, 9], [3, 4]], [2, 2, 2], "another tie"),
    ([[5, 5, 5, 5], [6, 7]], [2, 5], "a pair that overlaps itself"),
    ([[2, 3], [2, 3], [3, 2], [4, 1]], [1, 1, 1, 3], "many short words"),
    ([[9, 1, 4], [1, 2]], [4, 3], "a pair in second place of a word"),
    ([[4], [6], [2, 9]], [8, 7, 1], "words of one id"),
)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [*(_case(*fixed) for fixed in _FIXED), _random_case(draw, 5), _random_case(draw, 12)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    shifted = [
        _case([[i + 10 for i in word] for word in words], [3 * n for n in times], label)
        for words, times, label in _FIXED
    ]
    return [*shifted, *(_random_case(draw, n) for n in (1, 4, 9, 30))]


EXERCISE = Exercise(
    id="tokenization.most_frequent_pair",
    title="The next pair to merge",
    statement="""
Byte-pair encoding begins each step by counting neighbors. You get the word table of a text: each
word as a list of token ids, and how many times it occurs. Find the pair of neighboring ids that
occurs most often in the text, and how often.

The order within a pair matters, words do not touch each other, and `[5, 5, 5]` holds the pair
(5, 5) twice. If several pairs are equally frequent, take the one with the **smallest left id**,
then the smallest right id. At least one word has two ids. Count yourself, without a tokenizer
library or the course's own.
""",
    signature=Signature(
        summary="Return the pair to merge next, with its count.",
        parameters=(
            Parameter("words", "list of lists of ints, the token ids of each different word"),
            Parameter("times", "list of ints, how often each word occurs in the text"),
        ),
        returns="tuple (left id, right id, count)",
    ),
    forbidden=("course_lib.tokenizers", "tokenizers", "tiktoken", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_case([[1, 2, 3], [2, 3]], [10, 5], "example"),
    reference=most_frequent_pair,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Go through words and times together. What does one occurrence of a pair in a word that "
        "occurs n times add to the pair's count?",
        "`zip(words, times)` walks through both; `itertools.pairwise(word)` gives the neighbors "
        "of one word. Add n, not 1, to a `Counter`.",
        "For the tie rule, take the smallest of a key that puts the count first and negated: "
        "`min(counts, key=lambda pair: (-counts[pair], pair))`.",
    ),
    explanation="A word table stands for the whole text: a pair in a word that occurs n times "
    "occurs n times. Tuples compare entry by entry, so the key `(-count, pair)` asks for the "
    "largest count first and for the smallest ids among equals. Without a fixed rule for ties two "
    "programs learn different vocabularies from the same text.",
    mutants=(
        Mutant(
            "words_once",
            _words_once,
            "Every word counts once; a pair in a word that occurs n times must count n times.",
        ),
        Mutant(
            "across_words",
            _across_words,
            "Pairs are counted across the border between two words; words do not touch.",
        ),
        Mutant(
            "once_per_word",
            _once_per_word,
            "A pair that stands twice in one word is counted once for that word.",
        ),
        Mutant(
            "first_seen",
            _first_seen,
            "Among equally frequent pairs the first one met wins (`most_common` does that); the "
            "one with the smallest ids should.",
        ),
        Mutant(
            "largest_ids",
            _largest_ids,
            "Among equally frequent pairs the largest ids win; the smallest should.",
        ),
        Mutant(
            "right_id_first",
            _right_id_first,
            "Among equally frequent pairs the smallest right id wins; the left id counts first.",
        ),
        Mutant(
            "unordered",
            _unordered,
            "A pair and its reverse are counted together; (1, 2) and (2, 1) are different pairs.",
        ),
        Mutant(
            "count_missing",
            _count_missing,
            "The count is missing: return three numbers, left, right, count.",
        ),
        Mutant(
            "how_many_words",
            _how_many_words,
            "The pair is right, but its count says in how many different words it stands; count "
            "how often it occurs in the text.",
        ),
        Mutant(
            "nested",
            _nested,
            "The pair is right, but in a tuple of its own; return three numbers: left, right, "
            "count.",
        ),
        Mutant(
            "every_other",
            _every_other,
            "Only every other pair is looked at; each id but the last begins a pair.",
        ),
    ),
)
