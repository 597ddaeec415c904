"""Exercise: interpolated additive smoothing on three levels."""

import random
from collections.abc import Callable

from course_lib.exercises.n_grams.texts import after, random_text
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def interpolated(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    """Return the smoothed probability of a word after two words of context."""
    estimate = 1 / vocab_size
    for size, epsilon in enumerate(epsilons):
        end = context[len(context) - size :]
        places = range(len(text) - size)
        seen = [text[i + size] for i in places if text[i : i + size] == end]
        estimate = (seen.count(word) + epsilon * estimate) / (len(seen) + epsilon)
    return estimate


_Mix = Callable[[int, int, float, float], float]  # n(c, x), n(c), ε, lower estimate


def _levels(
    text: list[str],
    contexts: list[list[str]],
    word: str,
    epsilons: list[float],
    estimate: float,
    mix: _Mix,
) -> float:
    for context, epsilon in zip(contexts, epsilons, strict=True):
        seen = after(text, context)
        estimate = mix(seen.count(word), len(seen), epsilon, estimate)
    return estimate


def _usual(count: int, total: int, epsilon: float, lower: float) -> float:
    return (count + epsilon * lower) / (total + epsilon)


def _ends(context: list[str]) -> list[list[str]]:
    return [context[len(context) - size :] for size in range(3)]


def _uniform_everywhere(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    def mix(count: int, total: int, epsilon: float, lower: float) -> float:
        del lower
        return _usual(count, total, epsilon, 1 / vocab_size)

    return _levels(text, _ends(context), word, epsilons, 0.0, mix)


def _unigram_everywhere(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    one = _usual(text.count(word), len(text), epsilons[0], 1 / vocab_size)
    seen = after(text, context)
    return _usual(seen.count(word), len(seen), epsilons[2], one)


def _reversed_epsilons(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    return interpolated(text, context, word, epsilons[::-1], vocab_size)


def _first_word_for_pairs(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    contexts = [[], context[:1], context]
    return _levels(text, contexts, word, epsilons, 1 / vocab_size, _usual)


def _plain_epsilon(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    def mix(count: int, total: int, epsilon: float, lower: float) -> float:
        del lower
        return (count + epsilon) / (total + epsilon * vocab_size)

    return _levels(text, _ends(context), word, epsilons, 0.0, mix)


def _total_without_epsilon(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    def mix(count: int, total: int, epsilon: float, lower: float) -> float:
        return (count + epsilon * lower) / max(total, 1)

    return _levels(text, _ends(context), word, epsilons, 1 / vocab_size, mix)


def _only_where_unseen(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    def mix(count: int, total: int, epsilon: float, lower: float) -> float:
        del epsilon
        return count / total if count else lower

    return _levels(text, _ends(context), word, epsilons, 1 / vocab_size, mix)


def _single_words_plain(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    del vocab_size
    share = text.count(word) / len(text)
    return _levels(text, _ends(context)[1:], word, epsilons[1:], share, _usual)


def _end_counted(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    estimate = 1 / vocab_size
    for end, epsilon in zip(_ends(context), epsilons, strict=True):
        size = len(end)
        times = sum(text[i : i + size] == end for i in range(len(text) - size + 1))
        times -= size == 0
        estimate = _usual(after(text, end).count(word), times, epsilon, estimate)
    return estimate


def _two_levels(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    return interpolated(text, context, word, epsilons[:2], vocab_size)


def _kinds_seen(
    text: list[str], context: list[str], word: str, epsilons: list[float], vocab_size: int
) -> float:
    del vocab_size
    return interpolated(text, context, word, epsilons, len(set(text)))


_TEXT = "we the people of the states we the people we the states of the"


def _case(
    text: str | list[str], context: str, word: str, epsilons: list[float], size: int, label: str
) -> Case:
    words = text.split() if isinstance(text, str) else text
    inputs = {"text": words, "context": context.split(), "word": word}
    return Case({**inputs, "epsilons": epsilons, "vocab_size": size}, label)


def _random_case(draw: random.Random, length: int) -> Case:
    text = random_text(draw, length)
    start = draw.randrange(length - 3)
    epsilons = [draw.choice([0.25, 0.5, 1.0, 3.0, 8.0]) * factor for factor in (1.0, 1.5, 2.25)]
    context, word = " ".join(text[start : start + 2]), draw.choice(text)
    return _case(text, context, word, epsilons, 7, f"{length} words")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_TEXT, "we the", "people", [1.0, 2.0, 4.0], 6, "a context seen three times"),
        _case(_TEXT, "of the", "people", [1.0, 2.0, 4.0], 6, "a context that ends the text too"),
        _case(_TEXT, "of we", "the", [1.0, 2.0, 4.0], 6, "a context never seen"),
        _case(_TEXT, "we the", "moon", [1.0, 2.0, 4.0], 6, "a word never seen"),
        _random_case(draw, 30),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(_TEXT, "moon moon", "moon", [0.5, 0.5, 0.5], 9, "nothing of it ever seen"),
        _case(_TEXT, "moon the", "states", [1.0, 1.0, 2.0], 6, "the last word of the text"),
        _case(_TEXT, "the people", "of", [3.0, 1.0, 0.01], 6, "nearly the counts alone"),
        _case(_TEXT, "the people", "we", [2.0, 1.0, 500.0], 6, "nearly the bigram"),
        *(_random_case(draw, length) for length in (20, 40, 80)),
    ]


EXERCISE = Exercise(
    id="n_grams.interpolated",
    title="Three levels of smoothing",
    statement="""
Write interpolated smoothing for a trigram model. With $n$ words in the text, $m$ words in the
vocabulary and the weights $\\varepsilon_1, \\varepsilon_2, \\varepsilon_3$:

$$\\begin{aligned}
\\hat P(x) &= \\frac{n(x) + \\varepsilon_1 / m}{n + \\varepsilon_1} \\\\[4pt]
\\hat P(x' \\mid x) &=
\\frac{n(x, x') + \\varepsilon_2 \\hat P(x')}{n(x) + \\varepsilon_2} \\\\[4pt]
\\hat P(x'' \\mid x, x') &=
\\frac{n(x, x', x'') + \\varepsilon_3 \\hat P(x'' \\mid x')}{n(x, x') + \\varepsilon_3}
\\end{aligned}$$

Return $\\hat P$ of `word` after the two words of `context`. A context counts where something
follows it, so $n(x)$ leaves out an $x$ that ends the text, and likewise $n(x, x')$. Context and
word may be ones that the text does not have.
""",
    signature=Signature(
        summary="Return the smoothed probability of a word after two words of context.",
        parameters=(
            Parameter("text", "list of str, the training text, at least 3 words"),
            Parameter("context", "list of two str: x, x'"),
            Parameter("word", "str: x''"),
            Parameter("epsilons", "list of three floats > 0"),
            Parameter("vocab_size", "int, m"),
        ),
        returns="float, a probability above 0",
    ),
    forbidden=("course_lib.classical",),
    level="core",
    points=6,
    minutes=15,
    example=_case("a b a c a b", "c a", "b", [1.0, 2.0, 3.0], 4, "example"),
    reference=interpolated,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Begin at the bottom: compute the first formula, put its result into the second, and that "
        "one's into the third.",
        "All three are one formula. For a context c: (n(c, x) + ε · lower) / (n(c) + ε), where "
        "lower is the estimate with one word less, and 1/m at the bottom. The contexts are `[]`, "
        "`context[1:]` and `context`.",
        "For each context collect the words that follow it, as in the first exercise. Then n(c) is "
        "the length of that list and n(c, x) is `.count(word)`.",
        "The loop: `estimate = (seen.count(word) + epsilon * estimate) / (len(seen) + epsilon)`, "
        "starting from `estimate = 1 / vocab_size`.",
    ),
    explanation="Each level begins with ε imagined observations, spread as the level below says. "
    "Real observations outvote them as n(c) grows; where n(c) is 0 the formula returns the lower "
    "estimate unchanged. One loop does all three, and would do five.",
    mutants=(
        Mutant(
            "uniform_everywhere",
            _uniform_everywhere,
            "Every level is mixed with 1/m; mix it with the level below.",
        ),
        Mutant(
            "unigram_everywhere",
            _unigram_everywhere,
            "The middle level is missing: the trigram must be mixed with P̂(x″ | x′).",
        ),
        Mutant(
            "reversed_epsilons",
            _reversed_epsilons,
            "The epsilons are used in reverse: ε₁ belongs to single words, ε₃ to trigrams.",
        ),
        Mutant(
            "first_word_for_pairs",
            _first_word_for_pairs,
            "The bigram uses the first word of the context; the nearest one is x′, the last.",
        ),
        Mutant(
            "plain_epsilon",
            _plain_epsilon,
            "ε is added to every count, as in additive smoothing; add ε times the lower estimate.",
        ),
        Mutant(
            "total_without_epsilon",
            _total_without_epsilon,
            "ε is missing in the denominator: the probabilities add up to more than 1.",
        ),
        Mutant(
            "only_where_unseen",
            _only_where_unseen,
            "The lower level is used only where the count is 0; it is always mixed in.",
        ),
        Mutant(
            "single_words_plain",
            _single_words_plain,
            "The lowest level is not smoothed: a new word still has probability 0.",
        ),
        Mutant(
            "end_counted",
            _end_counted,
            "A context at the end of the text is counted though nothing follows it.",
        ),
        Mutant("two_levels", _two_levels, "The third level is missing: this is the bigram."),
        Mutant(
            "kinds_seen",
            _kinds_seen,
            "m is taken to be the number of different words in the text; use vocab_size.",
        ),
    ),
)
