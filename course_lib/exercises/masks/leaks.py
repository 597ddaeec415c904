"""Exercise: find the predictions that can see their answer."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def leaking_rows(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    """Return the rows whose prediction can depend on the token that it must predict."""
    reaches = torch.eye(len(holds), dtype=torch.bool)
    step = (mask | reaches).float()
    for _ in range(n_layers):
        reaches = step @ reaches.float() > 0
    return [
        row
        for row, asked in enumerate(asks)
        if asked >= 0
        and any(
            bool(reaches[row, column]) and holds[column] == asked for column in range(len(holds))
        )
    ]


def _one_layer(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    del n_layers
    return leaking_rows(mask, holds, asks, 1)


def _any_depth(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    del n_layers
    return leaking_rows(mask, holds, asks, len(holds))


def _one_layer_short(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    return leaking_rows(mask, holds, asks, n_layers - 1)


def _one_layer_more(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    return leaking_rows(mask, holds, asks, n_layers + 1)


def _no_residual(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    reaches = torch.eye(len(holds))
    for _ in range(n_layers):
        reaches = (mask.float() @ reaches > 0).float()
    return [
        row
        for row, asked in enumerate(asks)
        if asked >= 0 and any(reaches[row, c] > 0 and holds[c] == asked for c in range(len(holds)))
    ]


def _transposed(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    return leaking_rows(mask.T, holds, asks, n_layers)


def _rows_are_positions(
    mask: Tensor, holds: list[int], asks: list[int], n_layers: int
) -> list[int]:
    del holds
    return leaking_rows(mask, list(range(len(asks))), asks, n_layers)


def _unasked_too(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    filled = [position if asked < 0 else asked for position, asked in zip(holds, asks, strict=True)]
    return leaking_rows(mask, holds, filled, n_layers)


def _asked_positions(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    return [asks[row] for row in leaking_rows(mask, holds, asks, n_layers)]


def _clean_rows(mask: Tensor, holds: list[int], asks: list[int], n_layers: int) -> list[int]:
    leaking = leaking_rows(mask, holds, asks, n_layers)
    return [row for row, asked in enumerate(asks) if asked >= 0 and row not in leaking]


def _case(mask: Tensor, holds: list[int], asks: list[int], n_layers: int, label: str) -> Case:
    return Case({"mask": mask, "holds": holds, "asks": asks, "n_layers": n_layers}, label)


def _causal(n: int) -> Tensor:
    return torch.ones(n, n, dtype=torch.bool).tril()


def _next(n: int, mask: Tensor, n_layers: int, label: str) -> Case:
    return _case(mask, list(range(n)), [*range(1, n), -1], n_layers, label)


def _bridge() -> Case:
    """Row 0 may not see row 2, but sees row 1, which does."""
    mask = torch.tensor([[1, 1, 0], [0, 1, 1], [0, 0, 1]]).bool()
    return _case(mask, [0, 1, 2], [2, -1, -1], 2, "by way of another position, two layers")


def _bridge_too_short() -> Case:
    inputs = dict(_bridge().inputs)
    return Case({**inputs, "n_layers": 1}, "by way of another position, one layer")


def _masked() -> Case:
    return _case(
        torch.ones(4, 4, dtype=torch.bool), [0, -1, 2, 3], [-1, 1, -1, 3], 2, "masked, one kept"
    )


def _query_rows() -> Case:
    """Two streams in the order 0, 1, 2; the query of position 1 wrongly sees its own content."""
    content = _causal(3)
    query = torch.tensor([[0, 0, 0], [1, 1, 0], [1, 1, 0]]).bool()
    itself = torch.eye(3, dtype=torch.bool)
    nothing = torch.zeros_like(itself)
    mask = torch.cat([torch.cat([content, nothing], 1), torch.cat([query, itself], 1)])
    return _case(
        mask, [0, 1, 2, -1, -1, -1], [-1, -1, -1, 0, 1, 2], 3, "two streams with a mistake"
    )


def _kept(n_more: int) -> Case:
    """Row 1 sees row 0 but not itself: what it took up in the first layer it keeps."""
    n = 2 + n_more
    mask = torch.zeros(n, n, dtype=torch.bool)
    mask[1, 0] = True
    asks = [-1, 0, *([-1] * n_more)]
    return _case(mask, [0, -1, *range(2, n)], asks, 2, "nobody sees itself")


def _sliding(n: int, n_layers: int, ahead: int = 3) -> Case:
    """Each row sees itself and the next; it must predict what lies `ahead` places ahead."""
    mask = torch.eye(n, dtype=torch.bool) | torch.eye(n, dtype=torch.bool).roll(1, dims=1).triu(1)
    asks = [i + ahead if i + ahead < n else -1 for i in range(n)]
    label = f"sees one place ahead, asks {ahead} ahead, {n_layers} layers"
    return _case(mask, list(range(n)), asks, n_layers, label)


def _random_case(draw: random.Random) -> Case:
    """A sparse random mask; what the rows hold is shuffled, some rows hold and some ask nothing."""
    n = draw.randint(7, 11)
    mask = torch.tensor([[draw.random() < 0.16 for _ in range(n)] for _ in range(n)])
    holds = draw.sample(range(20), n)
    asks = [draw.choice(holds) for _ in range(n)]
    for row in range(n):
        if asks[row] == holds[row] or draw.random() < 0.15:
            asks[row] = -1
    holds[draw.randrange(n)] = -1
    return _case(mask, holds, asks, draw.randint(2, 3), f"a random mask of {n} rows")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _next(4, _causal(4), 2, "causal, next token"),
        _next(4, torch.ones(4, 4, dtype=torch.bool), 1, "full mask, next token"),
        _bridge(),
        _bridge_too_short(),
        _sliding(5, 2),
        _sliding(5, 2, ahead=4),
        _kept(0),
        _masked(),
        _query_rows(),
        _random_case(draw),
        _random_case(draw),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _next(1, _causal(1), 1, "one token, nothing is asked"),
        _next(5, _causal(5).T.clone(), 2, "the mask is turned round"),
        _sliding(6, 2),
        _kept(2),
        _sliding(6, 3),
        _sliding(7, 2, ahead=5),
        *(_random_case(draw) for _ in range(6)),
    ]


EXERCISE = Exercise(
    id="masks.leaking_rows",
    title="Find the leak",
    statement="""
A training example is given by a mask and by what its rows hold and ask for. Row i holds the token
of text position `holds[i]` (−1: it holds no token of the text, but a mask or a start token), and
its prediction must be the token of position `asks[i]` (−1: it is not asked).

A row **leaks** if the token that it must predict can reach it through a stack of `n_layers` blocks.
In one block a row takes up what the rows hold that its mask lets it see, and it keeps, by the
residual stream, what it had. In the next block it takes up what those rows have taken up by
then.

Return the leaking rows in ascending order.
""",
    signature=Signature(
        summary="Return the rows whose prediction can depend on the token that it must predict.",
        parameters=(
            Parameter("mask", "bool tensor [N N], True where the row may attend to the column"),
            Parameter("holds", "list of N int, the text position whose token the row holds, or −1"),
            Parameter("asks", "list of N int, the text position that the row must predict, or −1"),
            Parameter("n_layers", "int >= 1, number of blocks"),
        ),
        returns="list of int, the leaking rows in ascending order",
    ),
    level="stretch",
    points=5,
    minutes=18,
    example=_bridge(),
    reference=leaking_rows,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Keep, for each row, the set of rows whose tokens have reached it so far. Before the first "
        "block it holds the row itself.",
        "In a block, the new set of a row is the union of the old sets of all rows that it may "
        "see, and its own old set. Use the old sets of the other rows, not the ones already "
        "updated.",
        "At the end row i leaks if asks[i] >= 0 and some row in its set holds position asks[i]. "
        "With matrices: `reaches = ((mask | eye).float() @ reaches.float()) > 0`, once per layer.",
    ),
    explanation="What can reach a row after n layers are the columns of the n-th Boolean power of "
    "“mask or identity”; the identity is the residual stream. One layer is not enough to look at: "
    "a row that hides its answer may see a row that does not. This is why a causal mask must be "
    "causal in every layer, and why it then is safe at any depth: triangular matrices multiply to "
    "triangular ones.",
    mutants=(
        Mutant(
            "one_layer",
            _one_layer,
            "Only direct sight is looked at; through several layers an answer can come by way of "
            "another row.",
        ),
        Mutant(
            "any_depth",
            _any_depth,
            "The answer is followed through any number of layers; the stack has `n_layers`.",
        ),
        Mutant("one_layer_short", _one_layer_short, "One layer too few is looked at."),
        Mutant("one_layer_more", _one_layer_more, "One layer too many is looked at."),
        Mutant(
            "no_residual",
            _no_residual,
            "A row keeps what it had (the residual stream), even where the mask does not let it "
            "see itself.",
        ),
        Mutant("transposed", _transposed, "Rows and columns are swapped: the row looks."),
        Mutant(
            "rows_are_positions",
            _rows_are_positions,
            "Row numbers are taken for text positions; `holds` tells which token a row holds.",
        ),
        Mutant(
            "unasked_too",
            _unasked_too,
            "Rows that are not asked (−1) cannot leak.",
        ),
        Mutant(
            "asked_positions",
            _asked_positions,
            "The positions asked for are returned; return the rows that ask.",
        ),
        Mutant("clean_rows", _clean_rows, "These are the rows that do not leak."),
    ),
)
