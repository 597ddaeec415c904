"""Exercise: sampling a text from an n-gram model."""

import random
from collections import Counter

from course_lib.exercises.comparison import Exact
from course_lib.exercises.n_grams.texts import after, random_text
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def sample_words(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    """Return the start and the words drawn after it."""
    words = list(start)
    size = order - 1
    for draw in draws:
        context = words[len(words) - size :]
        places = range(len(text) - size)
        seen = [text[i + size] for i in places if text[i : i + size] == context]
        if not seen:
            break
        words.append(seen[int(draw * len(seen))])
    return words


def _most_frequent(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for _ in draws:
        seen = after(text, words[len(words) - order + 1 :])
        if not seen:
            break
        words.append(Counter(seen).most_common(1)[0][0])
    return words


def _each_kind_alike(
    text: list[str], order: int, start: list[str], draws: list[float]
) -> list[str]:
    words = list(start)
    for draw in draws:
        seen = list(dict.fromkeys(after(text, words[len(words) - order + 1 :])))
        if not seen:
            break
        words.append(seen[int(draw * len(seen))])
    return words


def _sorted(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for draw in draws:
        seen = sorted(after(text, words[len(words) - order + 1 :]))
        if not seen:
            break
        words.append(seen[int(draw * len(seen))])
    return words


def _rounds(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for draw in draws:
        seen = after(text, words[len(words) - order + 1 :])
        if not seen:
            break
        words.append(seen[min(round(draw * len(seen)), len(seen) - 1)])
    return words


def _context_too_long(
    text: list[str], order: int, start: list[str], draws: list[float]
) -> list[str]:
    return sample_words(text, min(order + 1, len(start) + 1), start, draws)


def _context_too_short(
    text: list[str], order: int, start: list[str], draws: list[float]
) -> list[str]:
    return sample_words(text, max(1, order - 1), start, draws)


def _context_fixed(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    seen = after(text, start[len(start) - order + 1 :])
    return [*start, *(seen[int(draw * len(seen))] for draw in draws)] if seen else list(start)


def _one_draw(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    return sample_words(text, order, start, draws[:1] * len(draws))


def _without_start(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    return sample_words(text, order, start, draws)[len(start) :]


def _falls_back(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for draw in draws:
        size = order - 1
        while size and not after(text, words[len(words) - size :]):
            size -= 1
        seen = after(text, words[len(words) - size :])
        words.append(seen[int(draw * len(seen))])
    return words


def _never_stops(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for draw in draws:
        seen = after(text, words[len(words) - order + 1 :])
        words.append(seen[int(draw * len(seen))])
    return words


def _negative_slice(text: list[str], order: int, start: list[str], draws: list[float]) -> list[str]:
    words = list(start)
    for draw in draws:
        context = words[-(order - 1) :]
        seen = after(text, context)
        if not seen:
            break
        words.append(seen[int(draw * len(seen))])
    return words


def _case(text: str | list[str], order: int, start: str, draws: list[float], label: str) -> Case:
    words = text.split() if isinstance(text, str) else text
    return Case({"text": words, "order": order, "start": start.split(), "draws": draws}, label)


_TEXT = "the cat sat on the mat and the cat ran to the dog and the dog sat"


def _random_case(draw: random.Random, order: int, n_draws: int) -> Case:
    text = random_text(draw, 60, 3)
    place = draw.randrange(40)
    draws = [round(draw.random(), 4) for _ in range(n_draws)]
    return _case(text, order, " ".join(text[place : place + 3]), draws, f"order {order}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_TEXT, 2, "the", [0.1, 0.9, 0.3, 0.5], "order 2"),
        _case(_TEXT, 3, "and the", [0.6, 0.2, 0.9], "order 3"),
        _case(_TEXT, 1, "the", [0.0, 0.5, 0.99], "order 1: no context"),
        _case(_TEXT, 3, "dog sat", [0.5, 0.5], "nothing follows: stop"),
        _random_case(draw, 2, 6),
        _random_case(draw, 3, 6),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(_TEXT, 2, "cat the", [], "no draws"),
        _case(_TEXT, 4, "the dog sat", [0.4, 0.7], "the start ends the text"),
        _case(_TEXT, 2, "the", [0.999, 0.999, 0.999, 0.999, 0.999], "draws near 1"),
        _case(_TEXT, 1, "the", [0.93, 0.1], "order 1 again"),
        *(_random_case(draw, order, 12) for order in (1, 2, 3, 4)),
    ]


EXERCISE = Exercise(
    id="n_grams.sample_words",
    title="Write like the text",
    statement="""
Draw a text from an n-gram model without computing a single probability. To choose the next word,
list **every** word that follows the context somewhere in the text, in the order of the text and
with repetitions; if it has $k$ entries and the draw is $u$ (from 0 to below 1), take entry
$\\lfloor u\\,k \\rfloor$. A word that stands in a fifth of the list is then drawn a fifth of the
time.

The context is the last `order - 1` words so far; with order 1 it is empty, and the list is the
whole text. One draw gives one word. When nothing follows the context, stop early. Return the start
and the new words.
""",
    signature=Signature(
        summary="Return the start and the words drawn after it.",
        parameters=(
            Parameter("text", "list of str, the training text"),
            Parameter("order", "int >= 1"),
            Parameter("start", "list of str, at least order - 1 words"),
            Parameter("draws", "list of floats, 0 <= u < 1"),
        ),
        returns="list of str, at most len(start) + len(draws) words",
    ),
    forbidden=("course_lib.classical",),
    level="stretch",
    points=5,
    minutes=15,
    example=_case("the cat and the dog and the cat ran", 2, "the", [0.5, 0.7], "example"),
    reference=sample_words,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "One step: cut the context off the end of what you have, list its followers, take one. "
        "Repeat for every draw.",
        "The list of followers is the one of the first exercise, before anything is divided. The "
        "entry is number `int(draw * len(seen))`.",
        "With `size = order - 1`, the context is `words[len(words) - size :]`. (`words[-size:]` is "
        "the whole list when size is 0.) An empty list of followers ends the loop with `break`.",
    ),
    explanation="Picking a random occurrence of the context and copying what follows it **is** "
    "sampling from n(c, x) / n(c). It also shows why long contexts copy: when the list has one "
    "entry, there is nothing left to draw.",
    mutants=(
        Mutant(
            "most_frequent",
            _most_frequent,
            "The draws are ignored and the most frequent follower is taken; take entry ⌊u k⌋.",
        ),
        Mutant(
            "each_kind_alike",
            _each_kind_alike,
            "Repetitions are removed from the list, so frequent words lose their advantage.",
        ),
        Mutant("sorted", _sorted, "The list is sorted; keep the order of the text."),
        Mutant("rounds", _rounds, "The entry is rounded to the nearest; round down."),
        Mutant(
            "context_too_long",
            _context_too_long,
            "Off by one: an n-gram model looks at order − 1 words, not at `order`.",
        ),
        Mutant(
            "context_too_short",
            _context_too_short,
            "Off by one: the context is shorter than order − 1 words.",
        ),
        Mutant(
            "context_fixed",
            _context_fixed,
            "The context stays at the start; it moves along with every new word.",
        ),
        Mutant("one_draw", _one_draw, "The first draw is used for every word."),
        Mutant("without_start", _without_start, "The start is missing from the answer."),
        Mutant(
            "falls_back",
            _falls_back,
            "Where nothing follows, a shorter context is tried; stop there.",
        ),
        Mutant(
            "never_stops",
            _never_stops,
            "Where nothing follows the context, the list is empty and has no entry: stop there.",
        ),
        Mutant(
            "negative_slice",
            _negative_slice,
            "With order 1, `words[-0:]` is all of the words and not none; cut with "
            "`words[len(words) - size :]`.",
        ),
    ),
)
