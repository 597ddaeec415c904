"""Exercise: encoding a word with merges learned elsewhere."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature
from course_lib.exercises.tokenization.train_merges import join_pair, train_merges


def encode_word(word: str, merges: list[list[str]]) -> list[str]:
    """Split a word as the merges say."""
    rank = {(left, right): n for n, (left, right) in enumerate(merges)}
    pieces = list(word)
    while True:
        known = [i for i in range(len(pieces) - 1) if (pieces[i], pieces[i + 1]) in rank]
        if not known:
            return pieces
        best = min(known, key=lambda i: rank[pieces[i], pieces[i + 1]])
        pieces[best : best + 2] = [pieces[best] + pieces[best + 1]]


def _longest_match(word: str, merges: list[list[str]]) -> list[str]:
    tokens = {left + right for left, right in merges}
    pieces = []
    while word:
        size = max([n for n in range(2, len(word) + 1) if word[:n] in tokens], default=1)
        pieces.append(word[:size])
        word = word[size:]
    return pieces


def _leftmost(word: str, merges: list[list[str]]) -> list[str]:
    pieces = list(word)
    i = 0
    while i < len(pieces) - 1:
        if [pieces[i], pieces[i + 1]] in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = 0
        else:
            i += 1
    return pieces


def _first_place_only(word: str, merges: list[list[str]]) -> list[str]:
    pieces = list(word)
    for merge in merges:
        for i in range(len(pieces) - 1):
            if pieces[i : i + 2] == merge:
                pieces[i : i + 2] = ["".join(merge)]
                break
    return pieces


def _last_learned_first(word: str, merges: list[list[str]]) -> list[str]:
    pieces = list(word)
    while True:
        found = [merge for merge in reversed(merges) if join_pair(pieces, _pair(merge)) != pieces]
        if not found:
            return pieces
        pieces = join_pair(pieces, _pair(found[0]))


def _pair(merge: list[str]) -> tuple[str, str]:
    return merge[0], merge[1]


def _stops_early(word: str, merges: list[list[str]]) -> list[str]:
    pieces = list(word)
    for merge in merges:
        joined = join_pair(pieces, _pair(merge))
        if joined == pieces:
            return pieces
        pieces = joined
    return pieces


def _one_merge(word: str, merges: list[list[str]]) -> list[str]:
    pieces = list(word)
    for merge in merges:
        joined = join_pair(pieces, _pair(merge))
        if joined != pieces:
            return joined
    return pieces


def _characters(word: str, merges: list[list[str]]) -> list[str]:
    del merges
    return list(word)


def _replaces_text(word: str, merges: list[list[str]]) -> list[str]:
    text = " ".join(word)
    for left, right in merges:
        text = text.replace(f"{left} {right}", left + right)
    return text.split()


def _one_text(word: str, merges: list[list[str]]) -> str:
    return " ".join(encode_word(word, merges))


def _case(word: str, merges: list[list[str]], label: str) -> Case:
    return Case({"word": word, "merges": merges}, label)


_LOW = [["e", "s"], ["es", "t"], ["l", "o"], ["lo", "w"], ["w", "est"]]
_ORDER = [["b", "c"], ["a", "b"], ["bc", "d"], ["ab", "c"]]
_LONG = [["b", "c"], ["a", "bc"], ["a", "b"]]  # the longest match and the merges agree on abc
_PLAIN = [["a", "b"], ["b", "c"]]  # here all but the last-learned-first agree


def _random_case(draw: random.Random, n_words: int, length: int) -> Case:
    words = {
        "".join(draw.choice("aent") for _ in range(draw.randint(2, 6))): draw.randint(1, 9)
        for _ in range(n_words)
    }
    merges = [list(pair) for pair in train_merges(words, 8)]
    word = "".join(draw.choice("aent") for _ in range(length))
    return _case(word, merges, f"a random word, merges learned from {n_words} others")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case("widest", _LOW, "a word that was not in the training text"),
        _case("lowest", _LOW, "two merges want the w"),
        _case("abcd", _ORDER, "the merge learned first wins"),
        _case("abc", _LONG, "three merges, one result"),
        _case("abc", _PLAIN, "two merges want the b"),
        _case("lowlow", _LOW, "a merge used twice"),
        _case("xyz", _LOW, "no merge fits"),
        *(_random_case(draw, 12, n) for n in (6, 9, 12)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case("slowest", _LOW, "another new word"),
        _case("esesest", _LOW, "the same merge again and again"),
        _case("aaaaa", [["a", "a"], ["aa", "aa"]], "a run of one character"),
        _case("a", _ORDER, "one character"),
        _case("", _ORDER, "an empty word"),
        _case("abc", [], "no merges"),
        _case("abcxabc", _LONG, "three merges, twice"),
        _case("xabcb", _PLAIN, "two merges want the b, inside"),
        _case("abcabcd", _ORDER, "order twice"),
        _case("xabcd", [["b", "c"], ["x", "a"], ["xa", "bc"], ["c", "d"]], "a later merge"),
        *(_random_case(draw, 15, n) for n in (5, 8, 13, 21)),
    ]


EXERCISE = Exercise(
    id="tokenization.encode_word",
    title="Encode a word",
    statement="""
A tokenizer meets words that its training text never had. Split such a word with the merges alone:
begin with single characters; among all neighbors that form a known merge, join the pair that was
**learned first** (the leftmost one, if it stands in several places); repeat until no neighbors
form a known merge.

The pieces must be those of byte-pair encoding, which are not always the longest ones possible. An
empty word has no pieces. No tokenizer library may be used, and not the course's own.
""",
    signature=Signature(
        summary="Split a word as the merges say.",
        parameters=(
            Parameter("word", "str"),
            Parameter("merges", "list of [left, right] pieces, in the order learned"),
        ),
        returns="list of str; joined, they are the word",
    ),
    forbidden=("course_lib.tokenizers", "tokenizers", "tiktoken", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_case("widest", _LOW[:3], "example"),
    reference=encode_word,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "The place of a merge in the list is its rank. Which of the possible merges has the "
        "smallest rank?",
        "Make a dictionary from `(left, right)` to rank. In each round collect the places i where "
        "`(pieces[i], pieces[i + 1])` is in it; if there are none, you are done.",
        "`best = min(places, key=lambda i: rank[pieces[i], pieces[i + 1]])`, then "
        "`pieces[best : best + 2] = [pieces[best] + pieces[best + 1]]`. `min` takes the leftmost "
        "of equals.",
    ),
    explanation="Encoding replays the training: a merge learned early was made before later ones "
    "could be counted, so it must be applied before them. Going once through all merges in order, "
    "and joining every occurrence of each, gives the same pieces, because a later merge never "
    "makes an earlier pair appear. With 50,000 merges, looking up ranks is much less work.",
    mutants=(
        Mutant(
            "longest_match",
            _longest_match,
            "From the left, the longest token is taken. That is how WordPiece encodes; byte-pair "
            "encoding applies merges in the order they were learned.",
        ),
        Mutant(
            "leftmost",
            _leftmost,
            "The leftmost known pair is merged first; the pair learned first should be.",
        ),
        Mutant(
            "first_place_only",
            _first_place_only,
            "Each merge is used at one place only; the same pair may stand at several.",
        ),
        Mutant(
            "last_learned_first",
            _last_learned_first,
            "The merge learned last goes first; it should be the one learned first.",
        ),
        Mutant(
            "stops_early",
            _stops_early,
            "Encoding stops at the first merge that does not fit; later ones may still fit.",
        ),
        Mutant(
            "replaces_text",
            _replaces_text,
            "The pair is looked for in a text with spaces, where `b c` also stands in `ab c`; "
            "compare whole pieces.",
        ),
        Mutant(
            "one_text",
            _one_text,
            "The pieces are joined to one text again; return the list of them.",
        ),
        Mutant("one_merge", _one_merge, "Only one merge is applied; repeat until none fits."),
        Mutant("characters", _characters, "No merge is applied."),
    ),
)
