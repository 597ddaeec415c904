"""Exercise: a question with choices as padded rows, and where to read the scores."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Rows = list[list[int]]
Answer = tuple[Rows, list[int]]
Special = dict[str, int]


def choice_rows(
    context: list[int], choices: list[list[int]], special: dict[str, int]
) -> tuple[list[list[int]], list[int]]:
    """Return one padded row for each choice, and the positions of the extract tokens."""
    start, delimiter, extract = special["start"], special["delimiter"], special["extract"]
    rows = [[start, *context, delimiter, *choice, extract] for choice in choices]
    longest = max(len(row) for row in rows)
    padded = [row + [special["padding"]] * (longest - len(row)) for row in rows]
    return padded, [len(row) - 1 for row in rows]


def _padded(rows: Rows, special: Special) -> Rows:
    longest = max(len(row) for row in rows)
    return [row + [special["padding"]] * (longest - len(row)) for row in rows]


def _bare(context: list[int], choices: list[list[int]], special: Special) -> Rows:
    start, delimiter, extract = special["start"], special["delimiter"], special["extract"]
    return [[start, *context, delimiter, *choice, extract] for choice in choices]


def _reads_the_end(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows, places = choice_rows(context, choices, special)
    return rows, [len(rows[0]) - 1] * len(places)


def _counts_from_one(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows, places = choice_rows(context, choices, special)
    return rows, [place + 1 for place in places]


def _reads_before(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows, places = choice_rows(context, choices, special)
    return rows, [place - 1 for place in places]


def _left_padding(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows = _bare(context, choices, special)
    longest = max(len(row) for row in rows)
    padded = [[special["padding"]] * (longest - len(row)) + row for row in rows]
    return padded, [longest - 1] * len(rows)


def _padding_before_extract(
    context: list[int], choices: list[list[int]], special: Special
) -> Answer:
    rows = _padded([row[:-1] for row in _bare(context, choices, special)], special)
    return [[*row, special["extract"]] for row in rows], [len(rows[0])] * len(rows)


def _one_row(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    row = [special["start"], *context]
    for choice in choices:
        row += [special["delimiter"], *choice]
    return [[*row, special["extract"]]], [len(row)]


def _no_start(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows, places = choice_rows(context, choices, special)
    return [row[1:] for row in rows], [place - 1 for place in places]


def _no_delimiter(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    start, extract = special["start"], special["extract"]
    rows = [[start, *context, *choice, extract] for choice in choices]
    return _padded(rows, special), [len(row) - 1 for row in rows]


def _choice_first(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    start, delimiter, extract = special["start"], special["delimiter"], special["extract"]
    rows = [[start, *choice, delimiter, *context, extract] for choice in choices]
    return _padded(rows, special), [len(row) - 1 for row in rows]


def _not_padded(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows = _bare(context, choices, special)
    return rows, [len(row) - 1 for row in rows]


def _finds_the_id(context: list[int], choices: list[list[int]], special: Special) -> Answer:
    rows, _ = choice_rows(context, choices, special)
    return rows, [
        row.index(special["padding"]) - 1 if special["padding"] in row else len(row) - 1
        for row in rows
    ]


def _case(context: list[int], choices: list[list[int]], label: str, special: Special) -> Case:
    return Case({"context": context, "choices": choices, "special": special}, label)


_SPECIAL = {"start": 100, "delimiter": 101, "extract": 102, "padding": 0}


def _random_case(draw: random.Random, n_choices: int, label: str) -> Case:
    def ids(low: int, high: int) -> list[int]:
        return [draw.randint(0, 99) for _ in range(draw.randint(low, high))]

    special = {"start": 100, "delimiter": 101, "extract": 102, "padding": draw.randint(1, 99)}
    return _case(ids(2, 5), [ids(1, 6) for _ in range(n_choices)], label, special)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([7, 8], [[1, 2, 3], [4]], "two choices", _SPECIAL),
        _case([7, 0], [[0], [0, 5, 0, 5]], "token 0 is a word too", _SPECIAL),
        _random_case(draw, 4, "four random choices"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([9], [[1], [2], [3]], "choices of one length", _SPECIAL),
        _case([0, 3], [[5], [1, 2, 3]], "the padding token is a word", _SPECIAL),
        *(_random_case(draw, n, f"{n} random choices") for n in (2, 3, 5)),
    ]


EXERCISE = Exercise(
    id="gpt1_finetuning.choice_rows",
    title="A question with choices, as GPT-1 reads it",
    statement="""
GPT-1 reads a question with several choices as one row for each choice:

start · context · delimiter · choice · **extract**

Rows of one batch must have the same length, so shorter ones are filled up **on the right** with the
padding token. The score of a choice is read at its extract token.

Return the padded rows, and for each row the position of its extract token, counted from 0. The
padding token is an ordinary token of the vocabulary and may also stand in a text.
""",
    signature=Signature(
        summary="Return one padded row for each choice, and the positions of the extract tokens.",
        parameters=(
            Parameter("context", "list of int, token ids"),
            Parameter("choices", "list of lists of int, token ids of each choice"),
            Parameter("special", "dict with the ids of start, delimiter, extract and padding"),
        ),
        returns="(rows, places): a list of equally long lists of int, and a list of int",
    ),
    forbidden=("course_lib.finetuning", "transformers"),
    level="core",
    points=3,
    minutes=7,
    example=_case([7], [[5, 6], [4]], "example", _SPECIAL),
    reference=choice_rows,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Make the rows without padding first. What do you know about a row before it is padded "
        "that you no longer know after?",
        "The extract token is the last token of the unpadded row: its position is `len(row) - 1`.",
        "`longest = max(len(row) for row in rows)`, and a row is padded by "
        "`row + [padding] * (longest - len(row))`.",
    ),
    explanation="The place to read is taken from the length before padding. Searching for it "
    "afterwards is how mistakes come in: the last position of a padded row is padding, and the "
    "padding token may be a word of the text. On the right, padding does no harm without any mask: "
    "under a causal mask nothing before it can see it.",
    mutants=(
        Mutant(
            "reads_the_end",
            _reads_the_end,
            "The last position of the padded row is read; in shorter rows that is padding.",
        ),
        Mutant(
            "counts_from_one",
            _counts_from_one,
            "The position is the row's length; counted from 0, the last token is at length − 1.",
        ),
        Mutant(
            "reads_before",
            _reads_before,
            "The position is one too low: the score is read before the extract token, which the "
            "model has then not yet seen.",
        ),
        Mutant(
            "left_padding",
            _left_padding,
            "The padding stands on the left: texts begin at other positions and see the padding.",
        ),
        Mutant(
            "padding_before_extract",
            _padding_before_extract,
            "The padding stands before the extract token, which then reads it; it belongs at the "
            "very end.",
        ),
        Mutant(
            "one_row",
            _one_row,
            "All choices stand in one row; each choice gets a row of its own, with the context.",
        ),
        Mutant("no_start", _no_start, "The start token is missing."),
        Mutant(
            "no_delimiter", _no_delimiter, "The delimiter between context and choice is missing."
        ),
        Mutant(
            "choice_first",
            _choice_first,
            "The choice stands before the context; it comes after it.",
        ),
        Mutant("not_padded", _not_padded, "The rows are not padded to one length."),
        Mutant(
            "finds_the_id",
            _finds_the_id,
            "The place is found by looking for the padding token, which may be a word of the text; "
            "use the row's length before padding.",
        ),
    ),
)
