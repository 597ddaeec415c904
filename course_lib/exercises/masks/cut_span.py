"""Exercise: cut a span out of a text and ask for it."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def cut_span(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    """Return the source with a gap, what the decoder reads, and what it must write."""
    span = tokens[start : start + length]
    source = [*tokens[:start], mask_id, *tokens[start + length :]]
    return [source, [start_id, *span[:-1]], span]


def _mask_for_each(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    _, reads, writes = cut_span(tokens, start, length, mask_id, start_id)
    gap = [mask_id] * length
    return [[*tokens[:start], *gap, *tokens[start + length :]], reads, writes]


def _no_mask(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    _, reads, writes = cut_span(tokens, start, length, mask_id, start_id)
    return [[*tokens[:start], *tokens[start + length :]], reads, writes]


def _source_whole(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    _, reads, writes = cut_span(tokens, start, length, mask_id, start_id)
    return [list(tokens), reads, writes]


def _not_shifted(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    source, _, writes = cut_span(tokens, start, length, mask_id, start_id)
    return [source, list(writes), writes]


def _reads_everything(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    source, _, writes = cut_span(tokens, start, length, mask_id, start_id)
    return [source, [start_id, *writes], writes]


def _no_start(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    source, _, writes = cut_span(tokens, start, length, mask_id, start_id)
    return [source, writes[:-1], writes[1:]]


def _end_is_length(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    span = tokens[start:length]
    source = [*tokens[:start], mask_id, *tokens[length:]]
    return [source, [start_id, *span[:-1]], span]


def _mask_starts(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    del start_id
    return cut_span(tokens, start, length, mask_id, mask_id)


def _writes_the_text(
    tokens: list[int], start: int, length: int, mask_id: int, start_id: int
) -> list[list[int]]:
    source, _, _ = cut_span(tokens, start, length, mask_id, start_id)
    return [source, [start_id, *tokens[:-1]], list(tokens)]


def _case(n_tokens: int, start: int, length: int, label: str, first: int = 10) -> Case:
    tokens = list(range(first, first + n_tokens))
    inputs = {"tokens": tokens, "start": start, "length": length}
    return Case({**inputs, "mask_id": 1, "start_id": 2}, label)


def _random_case(draw: random.Random) -> Case:
    n_tokens = draw.randint(8, 20)
    length = draw.randint(2, 5)
    start = draw.randint(1, n_tokens - length - 1)
    return _case(n_tokens, start, length, "a span inside", draw.randint(5, 500))


def _public(seed: int) -> list[Case]:
    return [
        _case(6, 2, 2, "two tokens in the middle"),
        _case(5, 3, 1, "a single token"),
        _case(5, 2, 3, "the end of the text"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(4, 0, 2, "the beginning of the text"),
        _case(3, 0, 3, "the whole text"),
        _case(1, 0, 1, "a text of one token"),
        *(_random_case(draw) for _ in range(4)),
    ]


EXERCISE = Exercise(
    id="masks.cut_span",
    title="Cut a span and ask for it",
    statement="""
Make a training example for an encoder–decoder that restores a missing span.

The span has `length` tokens and begins at position `start`. In the **source**, the whole span is
replaced by a single `mask_id`, however long it is. The decoder **writes** the tokens of the span.
Under teacher forcing it **reads** what it should have written so far: at first `start_id`, then
each token of the span but the last.
""",
    signature=Signature(
        summary="Return the source with a gap, what the decoder reads, and what it must write.",
        parameters=(
            Parameter("tokens", "list of T int, the text"),
            Parameter("start", "int, position of the span's first token"),
            Parameter("length", "int >= 1, tokens in the span; it lies inside the text"),
            Parameter("mask_id", "int, stands for the span in the source"),
            Parameter("start_id", "int, the first token that the decoder reads"),
        ),
        returns="list of three lists of int: source, reads, writes",
    ),
    forbidden=("course_lib.models",),
    level="core",
    points=4,
    minutes=8,
    example=_case(6, 2, 2, "two tokens in the middle"),
    reference=cut_span,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "The span is `tokens[start : start + length]`. What stands before it, and what after it?",
        "The source is three lists joined: before, `[mask_id]`, after.",
        "What the decoder reads at step k is what it wrote at step k − 1, and `start_id` at the "
        "first: `[start_id, *span[:-1]]`, as long as the span.",
    ),
    explanation="One mask for the whole span hides how long it is, so the model has to decide that "
    "too. Reads and writes are the same sequence, one place apart, exactly as in a causal model; "
    "the source comes on top. With the span at the end of the text the task is to go on, with a "
    "span of one token it is to fill in.",
    mutants=(
        Mutant(
            "mask_for_each",
            _mask_for_each,
            "There is one mask for each missing token; a single mask stands for the whole span.",
        ),
        Mutant("no_mask", _no_mask, "The gap leaves no trace: `mask_id` must stand in its place."),
        Mutant(
            "source_whole",
            _source_whole,
            "The source still holds the span: the answer can be copied from it.",
        ),
        Mutant(
            "not_shifted",
            _not_shifted,
            "The decoder reads the token it must write; what it reads is one step behind.",
        ),
        Mutant(
            "reads_everything",
            _reads_everything,
            "The decoder reads one token too many: the last token of the span is only written.",
        ),
        Mutant(
            "no_start",
            _no_start,
            "Nobody asks for the first token of the span: reading begins with `start_id`.",
        ),
        Mutant(
            "end_is_length",
            _end_is_length,
            "The span ends at `start + length`, not at position `length`.",
        ),
        Mutant("mask_starts", _mask_starts, "The decoder begins with `start_id`, not the mask."),
        Mutant(
            "writes_the_text",
            _writes_the_text,
            "The decoder writes the whole text (as BART's does); here it writes the span only.",
        ),
    ),
)
