"""Exercise: maximum-likelihood probabilities of the next word."""

import random
from collections import Counter

from course_lib.exercises.n_grams.texts import after, random_text
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def next_word_shares(text: list[str], context: list[str]) -> dict[str, float]:
    """Return the share of each word among those that follow the context."""
    size = len(context)
    counts: dict[str, int] = {}
    for i in range(len(text) - size):
        if text[i : i + size] == context:
            word = text[i + size]
            counts[word] = counts.get(word, 0) + 1
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items()}


def _shares(words: list[str], total: float | None = None) -> dict[str, float]:
    return {word: n / (total or len(words)) for word, n in Counter(words).items()}


def _end_counted(text: list[str], context: list[str]) -> dict[str, float]:
    size = len(context)
    times = sum(text[i : i + size] == context for i in range(len(text) - size + 1))
    return _shares(after(text, context), times)


def _plain_counts(text: list[str], context: list[str]) -> dict[str, int]:
    return dict(Counter(after(text, context)))


def _no_context(text: list[str], context: list[str]) -> dict[str, float]:
    del context
    return _shares(text)


def _last_word_only(text: list[str], context: list[str]) -> dict[str, float]:
    return _shares(after(text, context[-1:]))


def _joint(text: list[str], context: list[str]) -> dict[str, float]:
    return _shares(after(text, context), len(text) - len(context))


def _before(text: list[str], context: list[str]) -> dict[str, float]:
    return _shares(after(text[::-1], context[::-1]))


def _each_kind_alike(text: list[str], context: list[str]) -> dict[str, float]:
    return _shares(sorted(set(after(text, context))))


def _any_order(text: list[str], context: list[str]) -> dict[str, float]:
    size = len(context)
    places = range(len(text) - size)
    wanted = sorted(context)
    return _shares([text[i + size] for i in places if sorted(text[i : i + size]) == wanted])


def _no_overlap(text: list[str], context: list[str]) -> dict[str, float]:
    size, found, i = len(context), [], 0
    while i < len(text) - size:
        hit = text[i : i + size] == context
        if hit:
            found.append(text[i + size])
        i += max(1, size + 1) if hit and size else 1
    return _shares(found)


def _last_place_missing(text: list[str], context: list[str]) -> dict[str, float]:
    return next_word_shares(text[:-1], context)


def _falls_back(text: list[str], context: list[str]) -> dict[str, float]:
    while context and not after(text, context):
        context = context[1:]
    return _shares(after(text, context))


def _case(text: str | list[str], context: str, label: str) -> Case:
    words = text.split() if isinstance(text, str) else text
    return Case({"text": words, "context": context.split()}, label)


_CAT = "the cat sat on the mat and the cat ran to the"


def _random_case(draw: random.Random, length: int, size: int) -> Case:
    text = random_text(draw, length, 3)
    start = draw.randrange(length - size)
    return _case(text, " ".join(text[start : start + size]), f"{length} words, {size} of context")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_CAT, "the", "the context also ends the text"),
        _case(_CAT, "the cat", "two words of context"),
        _case(_CAT, "", "no context: every word follows it"),
        _case(_CAT, "dog", "a context that never occurs"),
        _case("a b c b a d b a c a b", "a b", "the same words in another order"),
        _case("a a a b a a", "a a", "occurrences that overlap"),
        _random_case(draw, 30, 2),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case("yes no", "no", "a context that occurs only at the end"),
        _case("a b a a c", "a a b c a", "a context as long as the text"),
        _case("one", "", "a text of one word"),
        _case("b b b b b a", "b", "a word after itself"),
        *(_random_case(draw, length, size) for length, size in ((25, 1), (40, 2), (60, 3))),
    ]


EXERCISE = Exercise(
    id="n_grams.next_word_shares",
    title="What follows a context",
    statement="""
Write the maximum-likelihood estimate of an n-gram model. Find every place of the text where
`context` is followed by a word, and return for each word that follows it
$P(x \\mid c) = n(c, x) / n(c)$.

Occurrences may overlap. A context at the very end of the text is followed by nothing, so it does
not count in $n(c)$: the shares must add up to 1. An empty context is followed by every word of the
text. A context that nothing follows gives an empty dictionary. Count yourself, without the models
of the course.
""",
    signature=Signature(
        summary="Return the share of each word among those that follow the context.",
        parameters=(
            Parameter("text", "list of str, at least one word"),
            Parameter("context", "list of str, may be empty"),
        ),
        returns="dict from word to its probability; words that never follow are absent",
    ),
    forbidden=("course_lib.classical",),
    level="core",
    points=4,
    minutes=10,
    example=_case("the cat sat on the mat", "the", "example"),
    reference=next_word_shares,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Collect the words that follow first, in a list. What is n(c) in terms of that list?",
        "The context stands at place i if `text[i : i + size] == context`, and the word after it "
        "is `text[i + size]`. For which i does that word exist?",
        "`for i in range(len(text) - size)`: then the last place has a word after it. Count the "
        "words found and divide each count by how many were found.",
    ),
    explanation="The list of followers is the whole estimate: n(c, x) is how often x is in it, and "
    "n(c) is its length. The loop ends one place early, so a context at the end of the text is not "
    "counted, and the shares add up to 1 by construction.",
    mutants=(
        Mutant(
            "end_counted",
            _end_counted,
            "The context at the end of the text is counted though nothing follows it: the shares "
            "do not add up to 1.",
        ),
        Mutant("plain_counts", _plain_counts, "These are counts; divide them by their sum."),
        Mutant("no_context", _no_context, "The context is ignored: these are shares of all words."),
        Mutant(
            "last_word_only",
            _last_word_only,
            "Only the last word of the context is compared; all of it must match.",
        ),
        Mutant(
            "joint",
            _joint,
            "The counts are divided by all places of the text. That is the probability of context "
            "and word together; divide by n(c).",
        ),
        Mutant("before", _before, "These words stand before the context; take those after it."),
        Mutant(
            "each_kind_alike",
            _each_kind_alike,
            "Every follower gets the same share, however often it occurred.",
        ),
        Mutant("any_order", _any_order, "The order of the context's words is ignored."),
        Mutant(
            "no_overlap",
            _no_overlap,
            "After a match the search jumps over it; occurrences may overlap.",
        ),
        Mutant(
            "last_place_missing",
            _last_place_missing,
            "The last word of the text is never counted: the range ends one place too early.",
        ),
        Mutant(
            "falls_back",
            _falls_back,
            "A context that nothing follows is replaced by a shorter one; return an empty "
            "dictionary.",
        ),
    ),
)
