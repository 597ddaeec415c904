"""Exercise: what the decoder reads and what it has to say."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Rows = list[list[int]]


def teacher_forcing(
    targets: list[list[int]], start: int, end: int, padding: int
) -> tuple[Tensor, Tensor]:
    """Return what the decoder reads and what it has to say."""
    width = max(len(row) for row in targets) + 1
    inputs = torch.full((len(targets), width), padding)
    wanted = torch.full((len(targets), width), -100)
    for index, row in enumerate(targets):
        inputs[index, : len(row) + 1] = torch.tensor([start, *row])
        wanted[index, : len(row) + 1] = torch.tensor([*row, end])
    return inputs, wanted


def _padded(rows: Rows, filler: int, width: int) -> Tensor:
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def _both(inputs: Rows, wanted: Rows, padding: int, ignored: int = -100) -> tuple[Tensor, Tensor]:
    width = max(len(row) for row in (*inputs, *wanted))
    return _padded(inputs, padding, width), _padded(wanted, ignored, width)


def _not_shifted(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    rows = [[start, *row, end] for row in targets]
    return _both(rows, rows, padding)


def _no_start(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    del start
    return _both(targets, [[*row[1:], end] for row in targets], padding)


def _no_end(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    del end
    return _both([[start, *row[:-1]] for row in targets], targets, padding)


def _reads_the_end(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    inputs = [[start, *row, end] for row in targets]
    wanted = [[*row, end] for row in targets]
    return _both(inputs, wanted, padding)


def _learns_padding(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    inputs = [[start, *row] for row in targets]
    return _both(inputs, [[*row, end] for row in targets], padding, padding)


def _end_at_the_edge(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    inputs, wanted = teacher_forcing(targets, start, end, padding)
    for index, row in enumerate(targets):
        wanted[index, len(row)] = -100
        wanted[index, -1] = end
    return inputs, wanted


def _reads_ignored(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    del padding
    inputs, wanted = teacher_forcing(targets, start, end, -100)
    return inputs, wanted


def _wants_the_start(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    inputs = [[*row, end] for row in targets]
    return _both(inputs, [[start, *row] for row in targets], padding)


def _swapped(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    inputs, wanted = teacher_forcing(targets, start, end, padding)
    return wanted, inputs


def _left_padded(targets: Rows, start: int, end: int, padding: int) -> tuple[Tensor, Tensor]:
    width = max(len(row) for row in targets) + 1
    inputs = [[padding] * (width - len(row) - 1) + [start, *row] for row in targets]
    wanted = [[-100] * (width - len(row) - 1) + [*row, end] for row in targets]
    return torch.tensor(inputs), torch.tensor(wanted)


def _case(targets: Rows, special: tuple[int, int, int], label: str) -> Case:
    start, end, padding = special
    inputs = {"targets": targets, "start": start, "end": end, "padding": padding}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    rows = [[draw.randint(10, 99) for _ in range(n)] for n in (3, draw.randint(4, 7), 1)]
    special = (draw.randint(1, 3), draw.randint(4, 6), draw.randint(7, 9))
    return _case(rows, special, "three targets of different lengths")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([[7, 8, 9]], (1, 2, 0), "one target"),
        _case([[7, 8, 9], [5]], (1, 2, 0), "a long and a short target"),
        _random_case(draw),
        _random_case(draw),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([[4]], (1, 2, 0), "one token"),
        _case([[6], [3, 4], [5, 6, 7, 8]], (2, 1, 9), "other special tokens"),
        *(_random_case(draw) for _ in range(3)),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.teacher_forcing",
    title="Teacher forcing",
    statement="""
In training the decoder reads the right target and has to say each of its tokens one step ahead.
From the targets of a batch make two tensors of the same shape. In `inputs`, which the decoder
reads, each row is the `start` token and the target. In `wanted`, which it has to say, each row is
the target and the `end` token. So position $t$ of `wanted` is what follows position $t$ of
`inputs`.

Rows have different lengths. Fill them up on the right: `inputs` with the token `padding`,
`wanted` with $-100$, which the loss passes over. Every target has at least one token.
""",
    signature=Signature(
        summary="Return what the decoder reads and what it has to say.",
        parameters=(
            Parameter("targets", "list of B lists of token ids"),
            Parameter("start", "int, the token that every input begins with"),
            Parameter("end", "int, the token that every target ends with"),
            Parameter("padding", "int, the token that fills up short inputs"),
        ),
        returns="(inputs, wanted): int tensors [B T], T is the longest target's length plus 1",
    ),
    forbidden=("course_lib.data", "course_lib.models"),
    level="core",
    points=3,
    minutes=8,
    example=_case([[7, 8], [5]], (1, 2, 0), "example"),
    reference=teacher_forcing,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write the rows for the target [7, 8] by hand: the decoder reads [start, 7, 8] and has to "
        "say [7, 8, end]. Both have one token more than the target.",
        "The width is the longest target's length plus 1. Fill a tensor with the padding first: "
        "`torch.full((len(targets), width), padding)`, and one with −100.",
        "Then write each row over it: `inputs[i, : len(row) + 1] = torch.tensor([start, *row])` "
        "and `wanted[i, : len(row) + 1] = torch.tensor([*row, end])`.",
    ),
    explanation="The two rows are the same text, one place apart: at each position the decoder "
    "has read the target up to there and is asked for the next token. The start token lets it say "
    "the first one with nothing written yet; the end token must be learned, or it would never "
    "stop. Padding is only read, never wanted, so −100 takes it out of the loss.",
    mutants=(
        Mutant(
            "not_shifted",
            _not_shifted,
            "Inputs and wanted tokens are the same: the decoder would be asked for the token it "
            "has just read. Shift one against the other.",
        ),
        Mutant(
            "no_start",
            _no_start,
            "The start token is missing: without it nobody asks for the first target token.",
        ),
        Mutant(
            "no_end",
            _no_end,
            "The end token is missing from what is wanted: the model would never learn to stop.",
        ),
        Mutant(
            "reads_the_end",
            _reads_the_end,
            "The inputs hold the end token; nothing follows it, so the decoder need not read it.",
        ),
        Mutant(
            "learns_padding",
            _learns_padding,
            "`wanted` is filled up with the padding token, which the model would learn to say; "
            "fill it up with −100.",
        ),
        Mutant(
            "end_at_the_edge",
            _end_at_the_edge,
            "The end token stands at the right edge; it belongs directly after each target.",
        ),
        Mutant(
            "reads_ignored",
            _reads_ignored,
            "The inputs are filled up with −100, which is no token; use `padding` there.",
        ),
        Mutant(
            "wants_the_start",
            _wants_the_start,
            "It is shifted the wrong way: the decoder reads the next token and is asked for the "
            "one before.",
        ),
        Mutant("swapped", _swapped, "The two answers are in the wrong order: first the inputs."),
        Mutant(
            "left_padded",
            _left_padded,
            "The rows are filled up on the left; fill them up on the right.",
        ),
    ),
)
