"""Exercise: what each token sees in a strided evaluation."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def context_sizes(n_tokens: int, context_length: int, stride: int) -> list[int]:
    """Return how many tokens stand before each scored token in its window."""
    sizes: list[int] = []
    start = 0
    while len(sizes) < n_tokens - 1:
        last = min(start + context_length, n_tokens - 1)  # the last target of this window
        while len(sizes) < last:
            sizes.append(len(sizes) + 1 - start)
        start += stride
    return sizes


def _blocks(n_tokens: int, context_length: int, stride: int) -> list[int]:
    del stride
    return context_sizes(n_tokens, context_length, context_length)


def _sliding(n_tokens: int, context_length: int, stride: int) -> list[int]:
    del stride
    return context_sizes(n_tokens, context_length, 1)


def _unlimited(n_tokens: int, context_length: int, stride: int) -> list[int]:
    del context_length, stride
    return list(range(1, n_tokens))


def _target_counted(n_tokens: int, context_length: int, stride: int) -> list[int]:
    return [size + 1 for size in context_sizes(n_tokens, context_length, stride)]


def _from_zero(n_tokens: int, context_length: int, stride: int) -> list[int]:
    return [size - 1 for size in context_sizes(n_tokens, context_length, stride)]


def _first_token_too(n_tokens: int, context_length: int, stride: int) -> list[int]:
    return [0, *context_sizes(n_tokens, context_length, stride)]


def _scored_again(n_tokens: int, context_length: int, stride: int) -> list[int]:
    sizes: list[int] = []
    for start in range(0, n_tokens - 1, stride):
        last = min(start + context_length, n_tokens - 1)
        sizes += [target - start for target in range(start + 1, last + 1)]
        if last == n_tokens - 1:
            break
    return sizes


def _tail_lost(n_tokens: int, context_length: int, stride: int) -> list[int]:
    sizes = context_sizes(n_tokens, context_length, stride)
    kept = context_length
    while kept + stride <= n_tokens - 1:
        kept += stride
    return sizes[:kept]


def _window_of_inputs_and_target(n_tokens: int, context_length: int, stride: int) -> list[int]:
    if context_length < 2:
        return []
    return context_sizes(n_tokens, context_length - 1, min(stride, context_length - 1))


def _first_window_short(n_tokens: int, context_length: int, stride: int) -> list[int]:
    sizes = context_sizes(n_tokens, context_length, stride)
    return sizes[context_length - stride :] if n_tokens - 1 > context_length else sizes


def _case(n_tokens: int, context_length: int, stride: int, label: str) -> Case:
    inputs = {"n_tokens": n_tokens, "context_length": context_length, "stride": stride}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    length = draw.randint(4, 12)
    stride = draw.randint(2, length - 1)
    n = draw.randint(2 * length, 5 * length)
    return _case(n, length, stride, f"{n} tokens, windows of {length}, stride {stride}")


def _public(seed: int) -> list[Case]:
    return [
        _case(10, 4, 2, "half a window of overlap"),
        _case(9, 4, 4, "no overlap"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(5, 8, 3, "a text shorter than the window"),
        _case(2, 3, 1, "one token to score"),
        _case(14, 5, 1, "stride 1"),
        *(_random_case(draw) for _ in range(2)),
    ]


EXERCISE = Exercise(
    id="evaluation.context_sizes",
    title="What each token may look back on",
    statement="""
A text of `n_tokens` tokens, numbered from 0, is scored with overlapping windows. Window
$k = 0, 1, 2, \\dots$ reads the tokens from $k \\cdot$ `stride` on, `context_length` of them where
there are as many, and predicts the token after each one it reads. Each prediction counts **once**,
in the first window that makes it. Token 0 has nothing before it and is not scored.

For each scored token, in order, return how many tokens stood before it in the window that scored
it. (The mean of these numbers is what a smaller stride buys.)
""",
    signature=Signature(
        summary="Return how many tokens stand before each scored token in its window.",
        parameters=(
            Parameter("n_tokens", "int >= 2"),
            Parameter("context_length", "int >= 1"),
            Parameter("stride", "int, 1 <= stride <= context_length"),
        ),
        returns="list of n_tokens - 1 ints",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=4,
    minutes=10,
    example=_case(8, 4, 2, "example"),
    reference=context_sizes,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Write down the first two windows for the example. Which tokens does the second one add?",
        "A window that begins at token s and reads c tokens predicts tokens s + 1 to s + c, and "
        "token t has t − s tokens before it there.",
        "Keep a list; for each window append t − s for every t beyond those already in the list, "
        "up to min(s + context_length, n_tokens − 1); then move s on by stride.",
    ),
    explanation="The first window scores all its predictions, with 1, 2, … tokens before them. "
    "Each later one scores only what is new, its last stride tokens, which have at least "
    "context_length − stride + 1 tokens before them. A stride of 1 gives nearly all tokens the "
    "whole window and costs context_length times as much as no overlap.",
    mutants=(
        Mutant("blocks", _blocks, "The windows do not overlap here: the stride is not used."),
        Mutant("sliding", _sliding, "The windows move by 1 here: the stride is not used."),
        Mutant("unlimited", _unlimited, "A window reads at most context_length tokens."),
        Mutant(
            "target_counted",
            _target_counted,
            "The token itself is counted; count only those before it.",
        ),
        Mutant("from_zero", _from_zero, "Off by one: token t of a window from s has t − s before."),
        Mutant("first_token_too", _first_token_too, "Token 0 is never predicted; leave it out."),
        Mutant(
            "scored_again",
            _scored_again,
            "Tokens in the overlap are scored by two windows; only the first one counts.",
        ),
        Mutant("tail_lost", _tail_lost, "The last window is shorter than the others; keep it."),
        Mutant(
            "window_of_inputs_and_target",
            _window_of_inputs_and_target,
            "The window reads context_length tokens and predicts one beyond them.",
        ),
        Mutant(
            "first_window_short",
            _first_window_short,
            "The first window scores all its predictions, not only the last stride.",
        ),
    ),
)
