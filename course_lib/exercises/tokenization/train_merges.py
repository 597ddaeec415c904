"""Exercise: training byte-pair encoding."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Counts = Counter[tuple[str, str]]
Merges = list[tuple[str, str]]


def train_merges(word_counts: dict[str, int], n_merges: int) -> list[tuple[str, str]]:
    """Learn merges from a word table."""
    words = {word: list(word) for word in word_counts}
    merges: list[tuple[str, str]] = []
    while len(merges) < n_merges:
        counts: Counter[tuple[str, str]] = Counter()
        for word, pieces in words.items():
            for pair in pairwise(pieces):
                counts[pair] += word_counts[word]
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {word: join_pair(pieces, best) for word, pieces in words.items()}
    return merges


def join_pair(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Join every occurrence of the pair, from left to right."""
    joined: list[str] = []
    i = 0
    while i < len(pieces):
        size = 2 if tuple(pieces[i : i + 2]) == pair else 1
        joined.append("".join(pieces[i : i + size]))
        i += size
    return joined


def _count(words: dict[str, list[str]], word_counts: dict[str, int]) -> Counts:
    counts: Counts = Counter()
    for word, pieces in words.items():
        for pair in pairwise(pieces):
            counts[pair] += word_counts[word]
    return counts


def _train(
    word_counts: dict[str, int], n_merges: int, choose: Callable[[Counts], tuple[str, str]]
) -> Merges:
    words = {word: list(word) for word in word_counts}
    merges: Merges = []
    while len(merges) < n_merges and (counts := _count(words, word_counts)):
        merges.append(choose(counts))
        words = {word: join_pair(pieces, merges[-1]) for word, pieces in words.items()}
    return merges


def _smallest(counts: Counts) -> tuple[str, str]:
    return min(counts, key=lambda pair: (-counts[pair], pair))


def _counted_once(word_counts: dict[str, int], n_merges: int) -> Merges:
    counts = _count({word: list(word) for word in word_counts}, word_counts)
    return sorted(counts, key=lambda pair: (-counts[pair], pair))[:n_merges]


def _types_only(word_counts: dict[str, int], n_merges: int) -> Merges:
    return _train(dict.fromkeys(word_counts, 1), n_merges, _smallest)


def _first_seen(word_counts: dict[str, int], n_merges: int) -> Merges:
    return _train(word_counts, n_merges, lambda counts: counts.most_common(1)[0][0])


def _largest(word_counts: dict[str, int], n_merges: int) -> Merges:
    return _train(word_counts, n_merges, lambda c: max(c, key=lambda pair: (c[pair], pair)))


def _longest(word_counts: dict[str, int], n_merges: int) -> Merges:
    return _train(
        word_counts,
        n_merges,
        lambda c: min(c, key=lambda pair: (-c[pair] * len("".join(pair)), pair)),
    )


def _one_more(word_counts: dict[str, int], n_merges: int) -> Merges:
    return _train(word_counts, n_merges + 1, _smallest)


def _stops_at_once(word_counts: dict[str, int], n_merges: int) -> Merges:
    merges = _train(word_counts, n_merges, _smallest)
    words = {word: list(word) for word in word_counts}
    for n, merge in enumerate(merges):
        if _count(words, word_counts)[merge] < 2:
            return merges[:n]
        words = {word: join_pair(pieces, merge) for word, pieces in words.items()}
    return merges


def _replaces_text(word_counts: dict[str, int], n_merges: int) -> Merges:
    words = {word: list(word) for word in word_counts}
    merges: Merges = []
    while len(merges) < n_merges and (counts := _count(words, word_counts)):
        merges.append(best := _smallest(counts))
        words = {
            word: "|".join(pieces).replace("|".join(best), "".join(best)).split("|")
            for word, pieces in words.items()
        }
    return merges


def _never_joined(word_counts: dict[str, int], n_merges: int) -> Merges:
    return train_merges(word_counts, 1) * n_merges


def _joined_pieces(word_counts: dict[str, int], n_merges: int) -> list[str]:
    return [left + right for left, right in train_merges(word_counts, n_merges)]


def _first_place_only(word_counts: dict[str, int], n_merges: int) -> Merges:
    words = {word: list(word) for word in word_counts}
    merges: Merges = []
    while len(merges) < n_merges and (counts := _count(words, word_counts)):
        merges.append(best := _smallest(counts))
        for pieces in words.values():
            place = next((i for i, pair in enumerate(pairwise(pieces)) if pair == best), None)
            if place is not None:
                pieces[place : place + 2] = ["".join(best)]
    return merges


def _across_words(word_counts: dict[str, int], n_merges: int) -> Merges:
    text = [letter for word, n in word_counts.items() for letter in word * n]
    return _train_on(text, n_merges)


def _train_on(pieces: list[str], n_merges: int) -> Merges:
    merges: Merges = []
    while len(merges) < n_merges and len(pieces) > 1:
        merges.append(_smallest(Counter(pairwise(pieces))))
        pieces = join_pair(pieces, merges[-1])
    return merges


def _case(word_counts: dict[str, int], n_merges: int, label: str) -> Case:
    return Case({"word_counts": word_counts, "n_merges": n_merges}, label)


def _random_case(draw: random.Random, n_words: int, n_merges: int) -> Case:
    words = {
        "".join(draw.choice("aentrs") for _ in range(draw.randint(2, 7))): draw.randint(1, 9)
        for _ in range(n_words)
    }
    return _case(words, n_merges, f"{len(words)} random words, {n_merges} merges")


_SENNRICH = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_SENNRICH, 1, "the example of Sennrich et al., one merge"),
        _case(_SENNRICH, 6, "the same, six merges"),
        _case({"zy": 4, "ab": 4, "by": 4}, 2, "ties"),
        _case({"abc": 1}, 5, "a text that runs out of pairs"),
        _case({"aaaa": 3, "bc": 7}, 3, "a pair that overlaps itself"),
        _case({"ababab": 2, "xy": 3, "bx": 1}, 3, "a pair three times in one word"),
        _case({"ab": 9, "abc": 2, "bc": 5}, 3, "a piece that ends like another"),
        _random_case(draw, 8, 4),
        _random_case(draw, 20, 10),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case({" the": 9, " then": 4, " other": 5, " he": 3}, 7, "words with their space"),
        _case({"xy": 2, "ab": 2}, 1, "a tie"),
        _case({"a": 5, "b": 2}, 3, "words of one character"),
        _case({}, 3, "no words"),
        _case({"xy": 8, "xyz": 3, "yz": 4}, 5, "a piece that ends like another"),
        _case({"cdcdcd": 2, "xy": 3, "dx": 1}, 3, "a pair three times in one word"),
        _case(_SENNRICH, 0, "no merges"),
        _case({"ab": 1, "cd": 1}, 9, "too few pairs"),
        *(_random_case(draw, n, 8) for n in (5, 15, 40)),
    ]


EXERCISE = Exercise(
    id="tokenization.train_merges",
    title="Train byte-pair encoding",
    statement="""
Put the two halves together. Every word begins as a list of single characters. Then, `n_merges`
times: count the pairs of neighboring pieces over the whole word table, choose the most frequent
one, note it down, and join it wherever it stands. **Count again after every merge**: a merge
changes what stands next to what.

Among equally frequent pairs take the smallest one in Python's order of tuples of strings. Stop
early only when no pair is left. (Work on characters here; bytes change nothing in the algorithm.)
No tokenizer library may be used, and not the course's own; your functions from above may.
""",
    signature=Signature(
        summary="Learn merges from a word table.",
        parameters=(
            Parameter("word_counts", "dict from word (str) to the number of times it occurs"),
            Parameter("n_merges", "int >= 0, how many merges to learn"),
        ),
        returns="list of tuples (left piece, right piece), in the order learned",
    ),
    forbidden=("course_lib.tokenizers", "tokenizers", "tiktoken", "transformers"),
    level="core",
    points=6,
    minutes=20,
    example=_case(_SENNRICH, 4, "example"),
    reference=train_merges,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Keep the pieces of each word in a dictionary, `{word: list(word)}`, and write the loop "
        "of a step around it: count, choose, note, join.",
        "Your two functions from the exercises above do the work, with strings in place of ids: "
        "the new token of a pair is `left + right`.",
        "In each round make a fresh `Counter`; add `word_counts[word]` for every pair of "
        "`pairwise(pieces)`; if it is empty, stop; choose with "
        "`min(counts, key=lambda pair: (-counts[pair], pair))`; then rebuild all lists of pieces.",
    ),
    explanation="Training is greedy: it never takes a merge back. The count after a merge is not "
    "the count before it: once `e s` has become `es`, the pair `s t` no longer stands in `newest`, "
    "and `es t` does. That is why all counts are made again (or, in the fast version, corrected).",
    mutants=(
        Mutant(
            "counted_once",
            _counted_once,
            "The pairs are counted only once, at the beginning; count again after every merge.",
        ),
        Mutant(
            "types_only",
            _types_only,
            "Every word counts once; a pair must count as often as its word occurs.",
        ),
        Mutant(
            "first_seen",
            _first_seen,
            "Among equally frequent pairs the first one met wins; the smallest should.",
        ),
        Mutant(
            "largest",
            _largest,
            "Among equally frequent pairs the largest wins; the smallest should.",
        ),
        Mutant(
            "longest",
            _longest,
            "Pairs are weighted by their length; only how often they occur should count.",
        ),
        Mutant(
            "joined_pieces",
            _joined_pieces,
            "These are the new pieces; a merge is the pair of the two it was made of.",
        ),
        Mutant(
            "first_place_only",
            _first_place_only,
            "In a word that holds the pair several times, only the first is joined; join them all.",
        ),
        Mutant(
            "across_words",
            _across_words,
            "Pairs are counted across the border between two words; words do not touch.",
        ),
        Mutant(
            "replaces_text",
            _replaces_text,
            "The pair is replaced in a text of pieces, where `b c` also stands in `ab c`; compare "
            "whole pieces.",
        ),
        Mutant(
            "never_joined",
            _never_joined,
            "The pair is noted down but not joined in the words, so the same one wins every time.",
        ),
        Mutant("one_more", _one_more, "One merge too many is learned."),
        Mutant(
            "stops_at_once",
            _stops_at_once,
            "Training stops when the best pair occurs only once; here it goes on until no pair is "
            "left.",
        ),
    ),
)
