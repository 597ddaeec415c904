"""Exercise: how well a head's weights fit a role."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def role_score(weights: Tensor, targets: Tensor) -> Tensor:
    """Return the mean weight of each head on a role's targets."""
    has_target = targets.any(dim=-1)
    on_target = (weights * targets).sum(dim=-1)  # [H T]
    return on_target[:, has_target].mean(dim=-1)


def _all_rows(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).sum(-1).mean(-1)


def _by_targets(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).sum((-2, -1)) / targets.sum()


def _all_entries(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).mean((-2, -1))


def _transposed(weights: Tensor, targets: Tensor) -> Tensor:
    on_target = (weights * targets.T).sum(-1)
    return on_target[:, targets.any(-1)].mean(-1)


def _hits(weights: Tensor, targets: Tensor) -> Tensor:
    largest = torch.nn.functional.one_hot(weights.argmax(-1), weights.shape[-1])
    return role_score(largest.to(weights.dtype), targets)


def _largest_target(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).amax(-1)[:, targets.any(-1)].mean(-1)


def _summed(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).sum((-2, -1))


def _all_heads(weights: Tensor, targets: Tensor) -> Tensor:
    return role_score(weights, targets).mean()


def _columns_with_target(weights: Tensor, targets: Tensor) -> Tensor:
    return (weights * targets).sum((-2, -1)) / targets.any(-2).sum()


def _case(generator: torch.Generator, n_heads: int, targets: Tensor, label: str) -> Case:
    scores = 2 * torch.randn(n_heads, *targets.shape, generator=generator)
    weights = torch.softmax(scores, dim=-1).round(decimals=3)
    return Case({"weights": weights, "targets": targets}, label)


def _previous(n: int) -> Tensor:
    return torch.ones(n, n, dtype=torch.bool).tril(-1).triu(-1)


def _some(generator: torch.Generator, n: int) -> Tensor:
    targets = torch.rand(n, n, generator=generator) < 0.3
    targets[0] = False
    targets[1, 1:3] = True
    targets[2, n - 1] = True
    return targets


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    first = torch.zeros(4, 4, dtype=torch.bool)
    first[1:, 0] = True
    return [
        _case(generator, 2, _previous(4), "two heads, the token before"),
        _case(generator, 2, first, "two heads, the first token"),
        _case(generator, 3, _some(generator, 5), "three heads, several targets in a row"),
        _case(generator, 1, _some(generator, 7), "one head, several targets in a row"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    one = torch.zeros(5, 5, dtype=torch.bool)
    one[3, 1] = True
    return [
        _case(generator, 4, _previous(9), "the token before"),
        _case(generator, 2, one, "a single pair"),
        _case(generator, 5, _some(generator, 8), "several targets in a row"),
        _case(generator, 2, torch.ones(3, 3, dtype=torch.bool), "everything is a target"),
    ]


def _example() -> Case:
    weights = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.75, 0.25]]])
    return Case({"weights": weights, "targets": _previous(3)}, "example")


EXERCISE = Exercise(
    id="multi_head.role_score",
    title="Score a role",
    statement="""
A role is a table of Booleans: `targets[t, s]` is `True` where a head with that role looks from
position $t$. Score each head by the weight it puts there: for every query that **has** a target,
add up the weight on its targets; then take the mean over those queries. Queries without a target
do not count, and at least one query has one.
""",
    signature=Signature(
        summary="Return the mean weight of each head on a role's targets.",
        parameters=(
            Parameter("weights", "float tensor [H T T], one row of weights a query"),
            Parameter("targets", "bool tensor [T T]"),
        ),
        returns="float tensor [H], between 0 and 1",
    ),
    forbidden=("course_lib.evaluation", "course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_example(),
    reference=role_score,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "`weights * targets` keeps the weight on targets and sets the rest to 0. Over which axis "
        "must it be summed to get one number a query?",
        "Sum over the keys, `dim=-1`. For “the token before”, query 0 has no target: dividing by T "
        "would make even a perfect head score less than 1.",
        "`targets.any(dim=-1)` says which queries count; use it as an index on the query axis: "
        "`on_target[:, has_target].mean(dim=-1)`.",
    ),
    explanation="One table of targets describes any role, and one function scores them all. Only "
    "queries that have a target may count, otherwise scores of different roles, or of texts of "
    "different length, could not be compared. The control is the score of even weights.",
    mutants=(
        Mutant(
            "all_rows",
            _all_rows,
            "Queries without a target are counted as 0; take the mean over those that have one.",
        ),
        Mutant(
            "by_targets",
            _by_targets,
            "The weight is divided by the number of targets; divide by the number of queries that "
            "have one.",
        ),
        Mutant(
            "all_entries",
            _all_entries,
            "The mean runs over all T · T entries; sum over the keys first.",
        ),
        Mutant(
            "transposed",
            _transposed,
            "Rows and columns are exchanged: `targets[t, s]` belongs to query t and key s.",
        ),
        Mutant(
            "hits",
            _hits,
            "This counts how often the largest weight is on a target; the weight itself is asked "
            "for.",
        ),
        Mutant(
            "largest_target",
            _largest_target,
            "Only the largest weight on a target counts; add up all of them.",
        ),
        Mutant("summed", _summed, "This is a sum over the queries; take their mean."),
        Mutant("all_heads", _all_heads, "The heads are averaged; return one score for each."),
        Mutant(
            "columns_with_target",
            _columns_with_target,
            "The sum is divided by the number of keys that are targets; count queries.",
        ),
    ),
)
