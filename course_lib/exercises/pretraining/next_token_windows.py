"""Exercise: a row of tokens cut into inputs and targets."""

import random
from typing import Any

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Windows = list[list[list[int]]]


def next_token_windows(tokens: list[int], context_length: int) -> Windows:
    """Cut a row of tokens into windows of inputs and targets."""
    windows = []
    for start in range(0, len(tokens) - context_length, context_length):
        inputs = tokens[start : start + context_length]
        targets = tokens[start + 1 : start + context_length + 1]
        windows.append([inputs, targets])
    return windows


def _no_shift(tokens: list[int], context_length: int) -> Windows:
    return [[inputs, list(inputs)] for inputs, _ in next_token_windows(tokens, context_length)]


def _shifted_back(tokens: list[int], context_length: int) -> Windows:
    return [[targets, inputs] for inputs, targets in next_token_windows(tokens, context_length)]


def _two_ahead(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens) - context_length - 1, context_length)
    return [
        [tokens[s : s + context_length], tokens[s + 2 : s + context_length + 2]] for s in starts
    ]


def _wraps(tokens: list[int], context_length: int) -> Windows:
    return [
        [inputs, [*inputs[1:], inputs[0]]]
        for inputs, _ in next_token_windows(tokens, context_length)
    ]


def _short_targets(tokens: list[int], context_length: int) -> Windows:
    return [
        [inputs[:-1], targets[:-1]]
        for inputs, targets in next_token_windows(tokens, context_length)
    ]


def _overlapping(tokens: list[int], context_length: int) -> Windows:
    starts = range(len(tokens) - context_length)
    return [
        [tokens[s : s + context_length], tokens[s + 1 : s + context_length + 1]] for s in starts
    ]


def _gaps(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens) - context_length, context_length + 1)
    return [
        [tokens[s : s + context_length], tokens[s + 1 : s + context_length + 1]] for s in starts
    ]


def _keeps_the_rest(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens) - 1, context_length)
    windows = []
    for start in starts:
        targets = tokens[start + 1 : start + context_length + 1]
        windows.append([tokens[start : start + len(targets)], targets])
    return windows


def _every_start(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens), context_length)
    return [
        [tokens[s : s + context_length], tokens[s + 1 : s + context_length + 1]] for s in starts
    ]


def _loses_the_last(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens) - context_length - 1, context_length)
    return [
        [tokens[s : s + context_length], tokens[s + 1 : s + context_length + 1]] for s in starts
    ]


def _one_start_too_many(tokens: list[int], context_length: int) -> Windows:
    starts = range(0, len(tokens) - context_length + 1, context_length)
    return [
        [tokens[s : s + context_length], tokens[s + 1 : s + context_length + 1]] for s in starts
    ]


def _two_lists(tokens: list[int], context_length: int) -> list[list[list[int]]]:
    windows = next_token_windows(tokens, context_length)
    return [[inputs for inputs, _ in windows], [targets for _, targets in windows]]


def _next_token_only(tokens: list[int], context_length: int) -> list[list[Any]]:
    windows = next_token_windows(tokens, context_length)
    return [[inputs, targets[-1]] for inputs, targets in windows]


def _case(tokens: list[int], context_length: int) -> Case:
    label = f"{len(tokens)} tokens, context {context_length}"
    return Case({"tokens": tokens, "context_length": context_length}, label)


def _draw(draw: random.Random, n_windows: int, context_length: int, rest: int) -> Case:
    count = n_windows * context_length + 1 + rest
    return _case([draw.randrange(4096) for _ in range(count)], context_length)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([10, 11, 12, 13, 14, 15, 16], 3),
        _draw(draw, 3, 4, 2),
        _draw(draw, 2, 5, 0),
        _draw(draw, 1, 3, 1),
        _case([draw.randrange(99) for _ in range(3)], 3),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _draw(draw, 4, 3, 0),
        _draw(draw, 3, 6, 5),
        _draw(draw, 2, 2, 1),
        _case([draw.randrange(99) for _ in range(4)], 4),
        _draw(draw, 5, 1, 0),
        _case([], 2),
        _draw(draw, 20, 9, 8),
    ]


EXERCISE = Exercise(
    id="pretraining.next_token_windows",
    title="Inputs and targets",
    statement="""
Cut a row of token ids into windows for training. The first window's inputs are the first
`context_length` tokens, the next window's inputs follow directly, and so on. The **targets** of a
window are the tokens that come one place after its inputs. A window is made only if all its targets
exist; what is left over at the end is not used, and a row that is too short gives no window.
Python's lists are enough; the batches of `course_lib.data` may not be used.
""",
    signature=Signature(
        summary="Cut a row of tokens into windows of inputs and targets.",
        parameters=(
            Parameter("tokens", "list of N int, the row of token ids"),
            Parameter("context_length", "int T >= 1, the inputs in a window"),
        ),
        returns="list of windows; each is [inputs, targets], two lists of T int",
    ),
    forbidden=("course_lib.data", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case([5, 6, 7, 8, 9, 10], 2),
    reference=next_token_windows,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write down the row 10 11 12 13 14 15 16 and mark, for a context of 3, the inputs of both "
        "windows and below each input the token it should predict.",
        "A window that begins at `start` has inputs `tokens[start : start + T]` and targets "
        "`tokens[start + 1 : start + T + 1]`. Its last target is the next window's first input.",
        "The starts are 0, T, 2T, … as long as `start + T` is a valid index, because that is where "
        "the last target stands: `range(0, len(tokens) - T, T)`.",
    ),
    explanation="The targets are the same row moved one place to the left, so a window of T inputs "
    "needs T + 1 tokens of text. Neighboring windows share one token: it is the last target of the "
    "one and the first input of the other. Every token except the first is a target once.",
    mutants=(
        Mutant(
            "no_shift",
            _no_shift,
            "The targets are the inputs themselves; a model would only learn to copy. Move them "
            "one place on.",
        ),
        Mutant("shifted_back", _shifted_back, "The shift goes backward: inputs come first."),
        Mutant("two_ahead", _two_ahead, "The targets are two places after the inputs."),
        Mutant(
            "wraps",
            _wraps,
            "The last target of a window is its own first token; it must be the token that "
            "follows in the text.",
        ),
        Mutant(
            "short_targets",
            _short_targets,
            "Each window is one token short: its last target is the first input of the next "
            "window, and belongs to it too.",
        ),
        Mutant(
            "overlapping",
            _overlapping,
            "A window begins at every token; each should begin where the one before ended.",
        ),
        Mutant(
            "gaps",
            _gaps,
            "Windows begin T + 1 apart, so some tokens are never targets; begin them T apart.",
        ),
        Mutant(
            "one_start_too_many",
            _one_start_too_many,
            "Off by one: a window is made whose inputs fit but whose last target does not exist.",
        ),
        Mutant(
            "two_lists",
            _two_lists,
            "All inputs stand in one list and all targets in another; each window holds its own "
            "two.",
        ),
        Mutant(
            "next_token_only",
            _next_token_only,
            "One target stands for a whole window; every input has its own, the token after it.",
        ),
        Mutant(
            "keeps_the_rest",
            _keeps_the_rest,
            "The last, shorter window should be left out.",
        ),
        Mutant(
            "every_start",
            _every_start,
            "Windows are begun up to the last token, so the last one has fewer targets than "
            "inputs or none; stop where the targets would end.",
        ),
        Mutant(
            "loses_the_last",
            _loses_the_last,
            "The last window is missing where the tokens just suffice for its targets.",
        ),
    ),
)
