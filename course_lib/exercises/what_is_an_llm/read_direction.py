"""Exercise: tell from the outside what a model can see."""

import random
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises.comparison import SameText
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def read_direction(changed: Tensor) -> str:
    """Name the way a model reads, from which outputs react to which inputs."""
    n = len(changed)
    for n_both_ways in range(1, n + 1):
        expected = torch.ones(n, n, dtype=torch.bool).tril()
        expected[:, :n_both_ways] = True
        if torch.equal(changed, expected):
            if n_both_ways == 1:
                return "autoregressive"
            return "autoencoding" if n_both_ways == n else "combined"
    return "other"


def _no_other(changed: Tensor) -> str:
    found = read_direction(changed)
    return "combined" if found == "other" else found


def _no_combined(changed: Tensor) -> str:
    found = read_direction(changed)
    return "other" if found == "combined" else found


def _any_look_ahead(changed: Tensor) -> str:
    return "autoencoding" if changed.triu(1).any() else "autoregressive"


def _first_row(changed: Tensor) -> str:
    seen = int(changed[0].sum())
    if seen == 1:
        return "autoregressive"
    return "autoencoding" if seen == len(changed) else "combined"


def _rows_for_columns(changed: Tensor) -> str:
    return read_direction(changed.T)


def _only_above(changed: Tensor) -> str:
    return read_direction(changed | torch.ones_like(changed).tril())


def _names_swapped(changed: Tensor) -> str:
    swap = {"autoregressive": "autoencoding", "autoencoding": "autoregressive"}
    found = read_direction(changed)
    return swap.get(found, found)


def _pattern(n: int, n_both_ways: int) -> Tensor:
    seen = torch.ones(n, n, dtype=torch.bool).tril()
    seen[:, :n_both_ways] = True
    return seen


def _flipped(n: int, n_both_ways: int, row: int, column: int) -> Tensor:
    seen = _pattern(n, n_both_ways)
    seen[row, column] = ~seen[row, column]
    return seen


def _case(changed: Tensor, label: str) -> Case:
    return Case({"changed": changed}, label)


def _fixed() -> list[tuple[str, Callable[[], Tensor]]]:
    return [
        ("each output sees its own and earlier inputs", lambda: _pattern(4, 1)),
        ("every output sees every input", lambda: _pattern(4, 4)),
        ("three tokens read both ways, then one after the other", lambda: _pattern(6, 3)),
        ("one output looks ahead", lambda: _flipped(5, 1, 1, 3)),
        ("one output misses an earlier input", lambda: _flipped(5, 1, 4, 1)),
    ]


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    n = draw.randint(5, 11)
    mixed = _case(_pattern(n, draw.randint(2, n - 1)), "random model that reads a source")
    return [*(_case(make(), label) for label, make in _fixed()), mixed]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    cases = [
        _case(_pattern(2, 1), "two tokens, one after the other"),
        _case(_pattern(2, 2), "two tokens, both ways"),
        _case(_pattern(5, 1).T.contiguous(), "each output sees its own and later inputs"),
        _case(torch.eye(4, dtype=torch.bool), "each output sees its own input only"),
    ]
    for _ in range(4):
        n = draw.randint(3, 9)
        cases.append(_case(_pattern(n, draw.randint(1, n)), "random model"))
        row, column = draw.randrange(n), draw.randrange(n - 1)
        cases.append(_case(_flipped(n, n, row, column), "both ways but for one place"))
    return cases


EXERCISE = Exercise(
    id="what_is_an_llm.read_direction",
    title="What does this model see?",
    statement="""
Somebody hands you a model and will not say what kind it is. You change its input tokens one at a
time and note which outputs react: `changed[i, j]` is `True` where a change of token `j` changed
the output at position `i`. Say how the model reads:

- `"autoregressive"`: every output depends on its own token and on all before, on none after;
- `"autoencoding"`: every output depends on every token;
- `"combined"`: there is a source, the first S tokens with 2 ≤ S < T, on which **all** outputs
  depend; after the source, every output depends on its own token and on all before, on none after;
- `"other"`: anything else. A single square that does not fit is enough; it may be a bug.
""",
    signature=Signature(
        summary="Name the way a model reads, from which outputs react to which inputs.",
        parameters=(
            Parameter("changed", "bool tensor [T T], T at least 2: changed[output, input]"),
        ),
        returns='"autoregressive", "autoencoding", "combined" or "other"',
    ),
    level="stretch",
    points=5,
    minutes=15,
    example=_case(_pattern(3, 2), "example"),
    reference=read_direction,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=SameText(strip=True),
    hints=(
        "Do not look for hints of each kind; build the matrix that each kind would give, and "
        "compare all of it.",
        "The three kinds are one: the first S tokens are seen by everyone, and the rest is a lower "
        "triangle. S = 1 is autoregressive, S = T autoencoding.",
        "For each S: `expected = torch.ones(T, T, dtype=torch.bool).tril()`, then "
        "`expected[:, :S] = True`, and `torch.equal(changed, expected)`.",
    ),
    explanation="With S tokens read both ways, S = 1 is GPT, S = T is BERT, and what lies between "
    "is what an encoder–decoder such as T5 does with its source. One mask, three families.",
    mutants=(
        Mutant(
            "no_other", _no_other, "A matrix that fits none of the three kinds must be `other`."
        ),
        Mutant(
            "no_combined",
            _no_combined,
            "A source that all outputs see, followed by a lower triangle, is `combined`.",
        ),
        Mutant(
            "any_look_ahead",
            _any_look_ahead,
            "One output that looks ahead does not make a model autoencoding; compare the whole "
            "matrix with what each kind would give.",
        ),
        Mutant(
            "first_row",
            _first_row,
            "Only the first output was looked at; the others may break the pattern.",
        ),
        Mutant(
            "rows_for_columns",
            _rows_for_columns,
            "Rows and columns are swapped: the first index is the output, the second the input.",
        ),
        Mutant(
            "only_above",
            _only_above,
            "Only squares above the diagonal were compared; an output that misses an earlier "
            "token is `other`.",
        ),
        Mutant(
            "names_swapped",
            _names_swapped,
            "The names are swapped: autoregressive models see what came before, autoencoding "
            "ones see both sides.",
        ),
    ),
)
