"""Exercise: the causal mask, also when there are more keys than queries."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def causal_mask(n_queries: int, n_keys: int) -> Tensor:
    """Return the mask that hides the future."""
    query_position = torch.arange(n_keys - n_queries, n_keys)[:, None]
    key_position = torch.arange(n_keys)[None, :]
    return key_position <= query_position


def _inverted(n_queries: int, n_keys: int) -> Tensor:
    return ~causal_mask(n_queries, n_keys)


def _not_itself(n_queries: int, n_keys: int) -> Tensor:
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries - 1)


def _sees_next(n_queries: int, n_keys: int) -> Tensor:
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries + 1)


def _from_the_start(n_queries: int, n_keys: int) -> Tensor:
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril()


def _looks_ahead(n_queries: int, n_keys: int) -> Tensor:
    return torch.ones(n_queries, n_keys, dtype=torch.bool).triu(n_keys - n_queries)


def _everything(n_queries: int, n_keys: int) -> Tensor:
    return torch.ones(n_queries, n_keys, dtype=torch.bool)


def _swapped(n_queries: int, n_keys: int) -> Tensor:
    return causal_mask(n_queries, n_keys).T


def _additive(n_queries: int, n_keys: int) -> Tensor:
    return torch.zeros(n_queries, n_keys).masked_fill(
        ~causal_mask(n_queries, n_keys), float("-inf")
    )


def _numbers(n_queries: int, n_keys: int) -> Tensor:
    return causal_mask(n_queries, n_keys).float()


def _square(n_queries: int, n_keys: int) -> Tensor:
    del n_queries
    return causal_mask(n_keys, n_keys)


def _case(n_queries: int, n_keys: int) -> Case:
    return Case({"n_queries": n_queries, "n_keys": n_keys}, f"{n_queries} queries, {n_keys} keys")


def _random_case(draw: random.Random) -> Case:
    n_queries = draw.randint(2, 30)
    return _case(n_queries, n_queries + draw.randint(1, 30))


def _public(seed: int) -> list[Case]:
    return [
        _case(3, 3),
        _case(1, 1),
        _case(1, 4),
        _case(2, 5),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    n_tokens = draw.randint(3, 40)
    random_cases = [_random_case(draw) for _ in range(3)]
    return [_case(1, 1), _case(2, 2), _case(1, n_tokens), _case(n_tokens, n_tokens), *random_cases]


EXERCISE = Exercise(
    id="attention.causal_mask",
    title="The causal mask",
    statement="""
A model that predicts the next token must not see it. Write the mask that lets each query attend
to its own position and to those before it: `True` means *may attend*.

There may be more keys than queries: while text is generated, the keys of earlier tokens are kept
and only the new tokens ask. The queries are then the **last** positions of the keys.

Make it from PyTorch's tensors, not with the course's own `causal_mask`.
""",
    signature=Signature(
        summary="Return the mask that hides the future.",
        parameters=(
            Parameter("n_queries", "int T >= 1, the number of queries"),
            Parameter("n_keys", "int S >= T, the number of keys; the queries are the last of them"),
        ),
        returns="bool tensor [T S], True where the query (row) may attend to the key (column)",
    ),
    forbidden=("course_lib.layers", "transformers"),
    level="core",
    points=3,
    minutes=6,
    example=_case(2, 3),
    reference=causal_mask,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(check_dtype=True),
    hints=(
        "Draw it for 3 queries and 3 keys: row 0 may see column 0; row 1 columns 0 and 1; …",
        "Compare positions: key s is allowed for query t when s <= position of t. With S keys, "
        "query t stands at position `S - T + t`.",
        "`torch.arange(n_keys)[None, :] <= torch.arange(n_keys - n_queries, n_keys)[:, None]` "
        "compares every key with every query; `torch.ones(..., dtype=torch.bool).tril(...)` "
        "with the right diagonal does too.",
    ),
    explanation="Comparing two position vectors, one a row and one a column, gives the whole mask "
    "at once. The queries' positions begin at S − T because they are the newest tokens. The "
    "diagonal is `True`: a token may look at itself, and the first one has nothing else to see.",
    mutants=(
        Mutant(
            "inverted",
            _inverted,
            "The mask is inverted: True should mark what may be seen, not what is hidden.",
        ),
        Mutant(
            "not_itself",
            _not_itself,
            "Off by one: a token may attend to itself, so the diagonal must be True.",
        ),
        Mutant("sees_next", _sees_next, "Off by one: each query can see the token after it."),
        Mutant(
            "from_the_start",
            _from_the_start,
            "With more keys than queries the queries are the last positions; this mask treats "
            "them as the first.",
        ),
        Mutant(
            "looks_ahead",
            _looks_ahead,
            "The triangle is the wrong one: queries see the future and not the past.",
        ),
        Mutant(
            "numbers",
            _numbers,
            "The entries are the numbers 1 and 0; a bool tensor is asked for: `dtype=torch.bool`, "
            "or a comparison.",
        ),
        Mutant(
            "square",
            _square,
            "The mask has a row for every key; it needs one for every query, and these are the "
            "last.",
        ),
        Mutant("everything", _everything, "Nothing is hidden: every query sees every key."),
        Mutant("swapped", _swapped, "Rows and columns are swapped: rows are the queries."),
        Mutant(
            "additive",
            _additive,
            "This is the additive form with 0 and −inf; a bool mask is asked for.",
        ),
    ),
)
