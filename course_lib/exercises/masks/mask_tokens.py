"""Exercise: hide tokens as BERT does."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def mask_tokens(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    """Hide some tokens and say which must be predicted."""
    chosen = choice < 0.15
    inputs = torch.where(chosen & (fate < 0.8), mask_id, tokens)
    inputs = torch.where(chosen & (fate >= 0.9), others, inputs)
    targets = torch.where(chosen, tokens, -100)
    return [inputs, targets]


def _always_mask(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    del fate, others
    chosen = choice < 0.15
    return [torch.where(chosen, mask_id, tokens), torch.where(chosen, tokens, -100)]


def _all_targets(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    return [mask_tokens(tokens, choice, fate, others, mask_id)[0], tokens.clone()]


def _only_masked_are_targets(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, targets = mask_tokens(tokens, choice, fate, others, mask_id)
    return [inputs, torch.where(inputs == mask_id, targets, -100)]


def _changed_are_targets(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, targets = mask_tokens(tokens, choice, fate, others, mask_id)
    return [inputs, torch.where(inputs == tokens, -100, targets)]


def _never_kept(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, targets = mask_tokens(tokens, choice, fate, others, mask_id)
    return [torch.where((choice < 0.15) & (fate >= 0.8), others, inputs), targets]


def _shares_swapped(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, targets = mask_tokens(tokens, choice, fate, others, mask_id)
    chosen = choice < 0.15
    inputs = torch.where(chosen & (fate >= 0.8) & (fate < 0.9), others, inputs)
    return [torch.where(chosen & (fate >= 0.9), tokens, inputs), targets]


def _targets_are_inputs(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, _ = mask_tokens(tokens, choice, fate, others, mask_id)
    return [inputs, torch.where(choice < 0.15, inputs, -100)]


def _unchosen_change(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs = torch.where(fate < 0.8, mask_id, torch.where(fate >= 0.9, others, tokens))
    return [inputs, torch.where(choice < 0.15, tokens, -100)]


def _ignored_zero(
    tokens: Tensor, choice: Tensor, fate: Tensor, others: Tensor, mask_id: int
) -> list[Tensor]:
    inputs, targets = mask_tokens(tokens, choice, fate, others, mask_id)
    return [inputs, targets.clamp(min=0)]


def _case(seed: int, n_tokens: int, label: str, *, low: float = 0.0, high: float = 0.4) -> Case:
    draws = torch.Generator().manual_seed(seed)

    def numbers(low: float, high: float) -> Tensor:
        """Never exactly at a limit, where float32 and float64 would disagree."""
        drawn = low + (high - low) * torch.rand(n_tokens, generator=draws)
        return ((drawn * 1000).floor() + 0.5) / 1000

    tokens = torch.randint(1, 90, (n_tokens,), generator=draws)
    return Case(
        {
            "tokens": tokens,
            "choice": numbers(low, high),
            "fate": numbers(0.0, 1.0),
            "others": tokens + torch.randint(1, 9, (n_tokens,), generator=draws),
            "mask_id": 103,
        },
        label,
    )


_WORKED = Case(
    {
        "tokens": torch.tensor([11, 12, 13, 14, 15]),
        "choice": torch.tensor([0.9, 0.1, 0.05, 0.4, 0.01]),
        "fate": torch.tensor([0.3, 0.5, 0.85, 0.95, 0.95]),
        "others": torch.tensor([41, 42, 43, 44, 45]),
        "mask_id": 99,
    },
    "five tokens, three of them chosen",
)
_EDGES = Case(
    {
        "tokens": torch.tensor([11, 12, 13, 14]),
        "choice": torch.tensor([0.15, 0.0, 0.125, 0.1]),
        "fate": torch.tensor([0.0, 0.0, 0.875, 0.9375]),
        "others": torch.tensor([41, 42, 43, 44]),
        "mask_id": 99,
    },
    "numbers at and near the limits",
)


def _public(seed: int) -> list[Case]:
    return [_WORKED, _EDGES, _case(seed, 12, "random"), _case(seed + 1, 30, "a longer text")]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(draw.randrange(9999), 10, "nothing is chosen", low=0.2),
        _case(draw.randrange(9999), 24, "everything is chosen", high=0.14),
        *(_case(draw.randrange(9999), draw.randint(25, 50), "random") for _ in range(3)),
    ]


EXERCISE = Exercise(
    id="masks.mask_tokens",
    title="Hide tokens as BERT does",
    statement="""
Make the inputs and targets of masked language modeling. All random numbers are drawn already, so
that your result can be compared; each token has its own.

A token is **chosen** if its number in `choice` is below 0.15. What happens to a chosen token is
told by its number in `fate`:

- below 0.8: it becomes `mask_id`;
- from 0.8 to below 0.9: it stays as it is;
- from 0.9 on: it becomes its entry in `others`, a random token.

The target of a chosen token is the token itself, whatever its fate. All other targets are −100,
and all other tokens stay. Do not change the tensors that you are given.
""",
    signature=Signature(
        summary="Hide some tokens and say which must be predicted.",
        parameters=(
            Parameter("tokens", "int tensor [T], the text"),
            Parameter("choice", "float tensor [T], in [0, 1)"),
            Parameter("fate", "float tensor [T], in [0, 1)"),
            Parameter("others", "int tensor [T], random tokens"),
            Parameter("mask_id", "int, the token that hides"),
        ),
        returns="list of two int tensors [T]: inputs, targets",
    ),
    forbidden=("course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_WORKED,
    reference=mask_tokens,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Begin with a bool tensor `chosen = choice < 0.15`. Targets need nothing else.",
        "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere, and "
        "leaves its arguments alone.",
        "Join conditions with `&`: `chosen & (fate < 0.8)` are the masked ones, "
        "`chosen & (fate >= 0.9)` the random ones; a chosen token that is neither stays.",
    ),
    explanation="Choice and fate are two separate questions: who is asked, and how the input is "
    "damaged. Targets depend on the first only. A tenth of the chosen tokens stays and is asked "
    "for all the same, so a visible token may be asked for too, and the model cannot afford a "
    "vector that merely says “not masked, nothing to do”.",
    mutants=(
        Mutant(
            "always_mask",
            _always_mask,
            "Every chosen token is masked; a tenth should stay and a tenth become random.",
        ),
        Mutant(
            "all_targets",
            _all_targets,
            "All tokens are asked for: those not chosen stand in the input, and predicting them "
            "is copying. Their targets must be −100.",
        ),
        Mutant(
            "only_masked_are_targets",
            _only_masked_are_targets,
            "Only the masked tokens are asked for; chosen tokens that stay or become random are "
            "asked for too.",
        ),
        Mutant(
            "changed_are_targets",
            _changed_are_targets,
            "Chosen tokens that stay as they are must be asked for too.",
        ),
        Mutant("never_kept", _never_kept, "From 0.8 to below 0.9 a chosen token stays as it is."),
        Mutant(
            "shares_swapped",
            _shares_swapped,
            "Kept and random are swapped: from 0.8 to 0.9 the token stays, from 0.9 on it is "
            "random.",
        ),
        Mutant(
            "targets_are_inputs",
            _targets_are_inputs,
            "The targets are taken from the damaged inputs; they are the tokens of the text.",
        ),
        Mutant(
            "unchosen_change",
            _unchosen_change,
            "Tokens that are not chosen are damaged too; `fate` counts for chosen ones only.",
        ),
        Mutant(
            "ignored_zero",
            _ignored_zero,
            "Targets that do not count must be −100; 0 is a token like any other.",
        ),
    ),
)
