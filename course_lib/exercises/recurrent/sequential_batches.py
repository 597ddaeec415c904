"""Exercise: batches whose rows read on from one batch to the next."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Batch = list[list[list[int]]]


def sequential_batches(
    tokens: list[int], batch_size: int, context_length: int
) -> list[list[list[list[int]]]]:
    """Cut a row of tokens into batches whose rows read on."""
    row_length = (len(tokens) - 1) // batch_size
    batches = []
    for start in range(0, row_length - context_length + 1, context_length):
        firsts = [row * row_length + start for row in range(batch_size)]
        inputs = [tokens[first : first + context_length] for first in firsts]
        targets = [tokens[first + 1 : first + context_length + 1] for first in firsts]
        batches.append([inputs, targets])
    return batches


def _cut(tokens: list[int], firsts: list[list[int]], length: int) -> list[Batch]:
    return [
        [[tokens[i : i + length] for i in row], [tokens[i + 1 : i + length + 1] for i in row]]
        for row in firsts
    ]


def _no_shift(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    batches = sequential_batches(tokens, batch_size, context_length)
    return [[inputs, [list(row) for row in inputs]] for inputs, _ in batches]


def _neighbors_in_a_batch(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    starts = list(range(0, len(tokens) - context_length, context_length))
    full = len(starts) // batch_size
    firsts = [starts[i * batch_size : (i + 1) * batch_size] for i in range(full)]
    return _cut(tokens, firsts, context_length)


def _no_last_target(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    length = len(tokens) // batch_size
    starts = range(0, length - context_length + 1, context_length)
    firsts = [[row * length + start for row in range(batch_size)] for start in starts]
    return _cut(tokens, firsts, context_length)


def _overlapping(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    length = (len(tokens) - 1) // batch_size
    starts = range(0, length - context_length + 1)
    firsts = [[row * length + start for row in range(batch_size)] for start in starts]
    return _cut(tokens, firsts, context_length)


def _drops_the_last(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    length = (len(tokens) - 1) // batch_size
    starts = range(0, length - context_length, context_length)
    firsts = [[row * length + start for row in range(batch_size)] for start in starts]
    return _cut(tokens, firsts, context_length)


def _short_rest(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    length = (len(tokens) - 1) // batch_size
    batches = []
    for start in range(0, length, context_length):
        size = min(context_length, length - start)
        firsts = [[row * length + start for row in range(batch_size)]]
        batches += _cut(tokens, firsts, size)
    return batches


def _wraps(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    batches = sequential_batches(tokens, batch_size, context_length)
    return [[inputs, [row[1:] + row[:1] for row in inputs]] for inputs, _ in batches]


def _time_first(tokens: list[int], batch_size: int, context_length: int) -> list[Batch]:
    batches = sequential_batches(tokens, batch_size, context_length)
    return [
        [[list(column) for column in zip(*part, strict=True)] for part in batch]
        for batch in batches
    ]


def _case(tokens: list[int], batch_size: int, context_length: int) -> Case:
    return Case(
        {"tokens": tokens, "batch_size": batch_size, "context_length": context_length},
        f"{len(tokens)} tokens, {batch_size} rows, windows of {context_length}",
    )


def _random_case(draw: random.Random, rows: int, length: int, windows: int, rest: int) -> Case:
    n_tokens = rows * (length * windows) + rest + 1
    return _case([draw.randrange(1000) for _ in range(n_tokens)], rows, length)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(list(range(13)), 2, 3),
        _case(list(range(12)), 2, 3),
        _random_case(draw, 3, 4, 2, 5),
        _random_case(draw, 1, 3, 3, 0),
        _random_case(draw, 4, 2, 3, 7),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _random_case(draw, 2, 5, 3, 0),
        _random_case(draw, 5, 3, 2, 9),
        _random_case(draw, 3, 1, 4, 2),
        _random_case(draw, 4, 3, 1, 3),
        _case([1, 2, 3, 4], 2, 5),
        _random_case(draw, 6, 4, 3, 5),
    ]


EXERCISE = Exercise(
    id="recurrent.sequential_batches",
    title="Rows that read on",
    statement="""
Cut one long row of tokens into batches for sequential partitioning. First share it out: each of
`batch_size` rows gets the same number of inputs, as many as possible, and every input needs a
target, the token that follows it in the text. Then cut the rows into windows of `context_length`
inputs. Batch number $i$ holds window number $i$ **of every row**, so that row $b$ of the next batch
continues row $b$ of this one. Windows that would not be full are left out; if there is none, the
answer is an empty list. The batches of `course_lib.data` may not be used.
""",
    signature=Signature(
        summary="Cut a row of tokens into batches whose rows read on.",
        parameters=(
            Parameter("tokens", "list of N int, the text"),
            Parameter("batch_size", "int B >= 1, rows of a batch"),
            Parameter("context_length", "int T >= 1, inputs in a window"),
        ),
        returns="list of batches; each is [inputs, targets], two lists of B lists of T int",
    ),
    forbidden=("course_lib.data", "transformers"),
    level="core",
    points=4,
    minutes=12,
    example=_case(list(range(10, 19)), 2, 2),
    reference=sequential_batches,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write the numbers 0 to 8 in a line and share them between 2 rows. Inputs are 0 to 3 and "
        "4 to 7; 8 is only a target. So how long is a row of N tokens' inputs?",
        "A row has `(len(tokens) - 1) // batch_size` inputs, and row b begins at "
        "`b * row_length`. The windows of a row begin at 0, T, 2T, … from there.",
        "One loop over `start in range(0, row_length - T + 1, T)`; in it, for every row, "
        "`first = row * row_length + start`, inputs `tokens[first : first + T]` and targets "
        "`tokens[first + 1 : first + T + 1]`.",
    ),
    explanation="The text is folded into B long rows, and the batches are cut from left to right. "
    "Because row b of the next batch begins where row b of this one ended, the state the model "
    "ends with is the right one to begin the next batch with. One token is kept for the last "
    "target; that is why the length is (N − 1) // B.",
    mutants=(
        Mutant(
            "no_shift",
            _no_shift,
            "The targets are the inputs themselves; each target is the token after its input.",
        ),
        Mutant(
            "neighbors_in_a_batch",
            _neighbors_in_a_batch,
            "Windows that follow each other are put into one batch. Then row b of the next batch "
            "does not continue row b of this one; share the text out to the rows first.",
        ),
        Mutant(
            "no_last_target",
            _no_last_target,
            "The rows are N // B long, so the last input has no target where B divides N. Keep "
            "one token for it: (N − 1) // B.",
        ),
        Mutant(
            "overlapping",
            _overlapping,
            "The windows of a row overlap; the next one begins T places on.",
        ),
        Mutant(
            "drops_the_last",
            _drops_the_last,
            "The last full window is missing where T divides the row: let the range end at "
            "row_length − T + 1.",
        ),
        Mutant("short_rest", _short_rest, "A window that is not full is left out."),
        Mutant(
            "wraps",
            _wraps,
            "The last target of a window is its own first token; it must be the token that "
            "follows in the text.",
        ),
        Mutant(
            "time_first",
            _time_first,
            "Rows and columns are swapped: a batch is a list of B rows with T tokens each.",
        ),
    ),
)
