"""Exercise: score a head as an induction head on any text."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def induction_score(weights: Tensor, tokens: Tensor) -> Tensor:
    """Return the mean weight of each head on the tokens after earlier occurrences."""
    targets = torch.zeros(len(tokens), len(tokens), dtype=torch.bool)
    for t in range(len(tokens)):
        for s in range(1, t + 1):
            targets[t, s] = tokens[s - 1] == tokens[t]
    rows = targets.any(dim=-1)
    return (weights * targets).sum(-1)[:, rows].mean(-1)


def _scored(weights: Tensor, targets: Tensor) -> Tensor:
    rows = targets.any(dim=-1)
    if not rows.any():
        return torch.zeros(len(weights))
    return (weights * targets).sum(-1)[:, rows].mean(-1)


def _successors(tokens: Tensor) -> Tensor:
    targets = torch.zeros(len(tokens), len(tokens), dtype=torch.bool)
    targets[:, 1:] = tokens[:, None] == tokens[None, :-1]
    return targets.tril()


def _same_token(weights: Tensor, tokens: Tensor) -> Tensor:
    same = tokens[:, None] == tokens[None, :]
    return _scored(weights, same.tril(-1))


def _before(weights: Tensor, tokens: Tensor) -> Tensor:
    targets = torch.zeros(len(tokens), len(tokens), dtype=torch.bool)
    targets[:, :-1] = tokens[:, None] == tokens[None, 1:]
    return _scored(weights, targets.tril(-2))


def _previous_head(weights: Tensor, tokens: Tensor) -> Tensor:
    return _scored(
        weights, torch.ones(len(tokens), len(tokens), dtype=torch.bool).tril(-1).triu(-1)
    )


def _all_rows(weights: Tensor, tokens: Tensor) -> Tensor:
    return (weights * _successors(tokens)).sum(-1).mean(-1)


def _last_only(weights: Tensor, tokens: Tensor) -> Tensor:
    targets = _successors(tokens)
    for t in range(len(tokens)):
        places = targets[t].nonzero()[:, 0]
        targets[t, places[:-1]] = False
    return _scored(weights, targets)


def _first_only(weights: Tensor, tokens: Tensor) -> Tensor:
    targets = _successors(tokens)
    for t in range(len(tokens)):
        places = targets[t].nonzero()[:, 0]
        targets[t, places[1:]] = False
    return _scored(weights, targets)


def _not_itself(weights: Tensor, tokens: Tensor) -> Tensor:
    return _scored(weights, _successors(tokens).tril(-1))


def _mean_of_targets(weights: Tensor, tokens: Tensor) -> Tensor:
    return weights[:, _successors(tokens)].mean(-1)


def _all_heads(weights: Tensor, tokens: Tensor) -> Tensor:
    return induction_score(weights, tokens).mean()


def _transposed(weights: Tensor, tokens: Tensor) -> Tensor:
    return induction_score(weights.transpose(-2, -1), tokens)


def _case(tokens: list[int], n_heads: int, seed: int, label: str) -> Case:
    draw = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(n_heads, len(tokens), len(tokens), generator=draw)
    hidden = torch.ones(len(tokens), len(tokens), dtype=torch.bool).triu(1)
    weights = scores.masked_fill(hidden, -torch.inf).softmax(-1)
    return Case({"weights": weights, "tokens": torch.tensor(tokens)}, label)


def _random_case(seed: int, n: int, vocab_size: int) -> Case:
    draw = torch.Generator().manual_seed(seed)
    tokens = [3, 3, *torch.randint(0, vocab_size, (n,), generator=draw).tolist()]
    return _case(tokens, 3, seed, f"{n + 2} tokens out of {vocab_size}")


def _public(seed: int) -> list[Case]:
    return [
        _case([5, 8, 2, 5, 8, 2], 2, 1, "three tokens, twice"),
        _case([4, 1, 4, 2, 4], 1, 2, "a token that stands there three times"),
        _random_case(seed, 10, 5),
    ]


def _hidden(seed: int) -> list[Case]:
    return [
        _case([6, 6], 2, seed, "the same token, twice in a row"),
        _case([9, 1, 2, 3, 9], 4, seed + 1, "a single row counts"),
        _random_case(10_000 + seed, 14, 4),
        _random_case(20_000 + seed, 6, 3),
    ]


EXERCISE = Exercise(
    id="prompting.induction_score",
    title="Score an induction head",
    statement="""
An induction head that stands on a token looks **behind an earlier occurrence of the same token**:
at what came next last time. From position $t$ its targets are all positions $s \\leq t$ whose
predecessor is the same token, $x_{s-1} = x_t$. (If the token stood there directly before, then
$s = t$ is a target.)

For each head, add up the weight on the targets of each position that **has** a target, and take the
mean over those positions. At least one position has one.
""",
    signature=Signature(
        summary="Return the mean weight of each head on the tokens after earlier occurrences.",
        parameters=(
            Parameter("weights", "float tensor [H T T], causal, one row of weights a query"),
            Parameter("tokens", "int tensor [T]"),
        ),
        returns="float tensor [H], between 0 and 1",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=5,
    minutes=12,
    example=_case([7, 3, 7], 1, 0, "example"),
    reference=induction_score,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Make a table `targets[t, s]` of Booleans first. In the sequence A B A, where must the "
        "head look from the second A, and what is the token before that place?",
        "`tokens[:, None] == tokens[None, :-1]` compares every token with the predecessor of every "
        "place from 1 on: it fills the columns `targets[:, 1:]`. Then forbid the future: `tril()`.",
        "`rows = targets.any(-1)` says which positions count; the answer is "
        "`(weights * targets).sum(-1)[:, rows].mean(-1)`.",
    ),
    explanation="The table of targets is all that makes this an induction score: with another "
    "table the same mean scores a previous-token head or a same-token head. On a random sequence "
    "that is written twice, every position of the second copy has exactly one target, and looking "
    "there is the only way to predict the next token.",
    mutants=(
        Mutant(
            "same_token",
            _same_token,
            "This is the weight on the earlier occurrence itself; the place after it is asked for.",
        ),
        Mutant("before", _before, "This is the place before the earlier occurrence, not after it."),
        Mutant("previous_head", _previous_head, "This scores the look at the previous token."),
        Mutant(
            "all_rows",
            _all_rows,
            "Positions without a target are counted as 0; leave them out of the mean.",
        ),
        Mutant(
            "last_only",
            _last_only,
            "Only the place behind the last earlier occurrence is a target; each one has its own.",
        ),
        Mutant(
            "first_only",
            _first_only,
            "Only the place behind the first occurrence is a target; each one has its own.",
        ),
        Mutant(
            "not_itself",
            _not_itself,
            "Where the same token stood directly before, the position itself is a target.",
        ),
        Mutant(
            "mean_of_targets",
            _mean_of_targets,
            "This is a mean over targets; add up those of a position, then average the positions.",
        ),
        Mutant("all_heads", _all_heads, "The heads are averaged; return one score for each."),
        Mutant("transposed", _transposed, "Rows are queries and columns are keys."),
    ),
)
