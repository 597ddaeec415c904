"""Exercise: how much of a test text stands in the training text."""

import random
import re

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Texts = list[str]


def overlap_share(train: _Texts, test: str, n: int) -> float:
    """Return the share of the test's runs of n words that a training text has."""
    seen = {run for text in train for run in _runs(_words(text), n)}
    runs = _runs(_words(test), n)
    return sum(run in seen for run in runs) / len(runs) if runs else 0.0


def _words(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.lower())


def _runs(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _share(seen: set[tuple[str, ...]], runs: list[tuple[str, ...]]) -> float:
    return sum(run in seen for run in runs) / len(runs) if runs else 0.0


def _across_borders(train: _Texts, test: str, n: int) -> float:
    return _share(set(_runs(_words(" ".join(train)), n)), _runs(_words(test), n))


def _kinds(train: _Texts, test: str, n: int) -> float:
    seen = {run for text in train for run in _runs(_words(text), n)}
    return _share(seen, sorted(set(_runs(_words(test), n))))


def _case_kept(train: _Texts, test: str, n: int) -> float:
    def words(text: str) -> list[str]:
        return re.findall("[A-Za-z0-9]+", text)

    return _share({r for text in train for r in _runs(words(text), n)}, _runs(words(test), n))


def _marks_kept(train: _Texts, test: str, n: int) -> float:
    def words(text: str) -> list[str]:
        return text.lower().split()

    return _share({r for text in train for r in _runs(words(text), n)}, _runs(words(test), n))


def _last_run_lost(train: _Texts, test: str, n: int) -> float:
    seen = {run for text in train for run in _runs(_words(text), n)}
    return _share(seen, _runs(_words(test), n)[:-1])


def _of_the_words(train: _Texts, test: str, n: int) -> float:
    seen = {run for text in train for run in _runs(_words(text), n)}
    words = _words(test)
    return sum(run in seen for run in _runs(words, n)) / len(words) if words else 0.0


def _of_the_training(train: _Texts, test: str, n: int) -> float:
    known = set(_runs(_words(test), n))
    return _share(known, [run for text in train for run in _runs(_words(text), n)])


def _single_words(train: _Texts, test: str, n: int) -> float:
    if len(_words(test)) < n:
        return 0.0
    return overlap_share(train, test, 1)


def _in_blocks(train: _Texts, test: str, n: int) -> float:
    seen = {run for text in train for run in _runs(_words(text), n)}
    return _share(seen, _runs(_words(test), n)[::n])


def _first_text(train: _Texts, test: str, n: int) -> float:
    return overlap_share(train[:1], test, n)


def _case(train: _Texts, test: str, n: int, label: str) -> Case:
    return Case({"train": train, "test": test, "n": n}, label)


_WORDS = ("we", "the", "people", "of", "union", "a")


def _random_text(draw: random.Random, n: int) -> str:
    words = [draw.choice(_WORDS) for _ in range(n)]
    return "".join(
        (word.capitalize() if draw.random() < 0.2 else word) + draw.choice([" ", " ", ", ", ". "])
        for word in words
    ).strip()


def _random_case(draw: random.Random, n: int) -> Case:
    train = [_random_text(draw, 14) for _ in range(3)]
    return _case(train, _random_text(draw, 24), n, f"runs of {n}")


def _public(seed: int) -> list[Case]:
    train = ["We the people", "of the union. We, the union"]
    return [
        _case(train, "we the people of the union", 3, "two texts meet"),
        _case(train, "The union, the union, the people", 2, "the same run twice"),
        _random_case(random.Random(seed), 2),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(["a b c"], "a b", 3, "a test of fewer than n words"),
        _case(["one two three four", "four"], "One, two; three four!", 4, "one run, found"),
        _case(["we the", "people of"], "the people of", 2, "a run across the border"),
        _random_case(draw, 1),
        *(_random_case(draw, 3) for _ in range(2)),
    ]


EXERCISE = Exercise(
    id="evaluation.overlap_share",
    title="Has the model seen the test?",
    statement="""
Measure contamination as the GPT-2 paper does. Bring every text into the form of lower-case words of
the letters a–z and digits; everything else parts words. Look at all runs of `n` words of the test
text, one beginning at each word, and return the share of them that occurs in one of the training
texts. A run that occurs several times in the test counts each time. A run cannot begin in one
training text and end in the next. A test of fewer than `n` words has no runs: return 0.
""",
    signature=Signature(
        summary="Return the share of the test's runs of n words that a training text has.",
        parameters=(
            Parameter("train", "list of str, the training texts"),
            Parameter("test", "str"),
            Parameter("n", "int >= 1"),
        ),
        returns="float from 0 to 1",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=4,
    minutes=10,
    example=_case(["We the people of"], "So we, the people", 2, "example"),
    reference=overlap_share,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        'One line gives the words: `re.findall("[a-z0-9]+", text.lower())`.',
        "The runs are `tuple(words[i : i + n])` for i from 0 to len(words) − n. Put those of all "
        "training texts into one set, text by text.",
        "Count the test's runs that are in the set and divide by how many runs the test has: "
        "`sum(run in seen for run in runs) / len(runs)`, or 0.0 where there are none.",
    ),
    explanation="A set answers in constant time whether a run was seen, so four million training "
    "words are no burden. The definition has edges that change the number: borders between texts, "
    "repeated runs, and the form of the words. A paper that reports an overlap should state them.",
    mutants=(
        Mutant(
            "across_borders",
            _across_borders,
            "Training texts are joined, and runs arise across their borders that nobody wrote.",
        ),
        Mutant("kinds", _kinds, "Different runs are counted; a repeated one counts each time."),
        Mutant("case_kept", _case_kept, "Capitals are kept: use `text.lower()`."),
        Mutant("marks_kept", _marks_kept, "Marks stick to words; only a–z and 0–9 make words."),
        Mutant(
            "last_run_lost",
            _last_run_lost,
            "Off by one: the last run is missing; there are len(words) − n + 1.",
        ),
        Mutant("of_the_words", _of_the_words, "Divide by the number of runs, not of words."),
        Mutant(
            "of_the_training",
            _of_the_training,
            "This is the share of the training text that stands in the test; turn it around.",
        ),
        Mutant("single_words", _single_words, "Single words are looked up; take runs of n."),
        Mutant("in_blocks", _in_blocks, "Runs overlap: one begins at each word."),
        Mutant("first_text", _first_text, "Only the first training text is searched."),
    ),
)
