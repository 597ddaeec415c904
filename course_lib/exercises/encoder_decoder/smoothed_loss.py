"""Exercise: cross-entropy against smoothed targets."""

import torch
from torch import Tensor

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def smoothed_loss(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    """Return the mean loss per counted target."""
    counted = targets != -100
    log_p = torch.log_softmax(logits[counted], dim=-1)
    right = log_p.gather(-1, targets[counted][:, None]).squeeze(-1)
    return -((1 - epsilon) * right + epsilon * log_p.mean(dim=-1)).mean()


def _log_p(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    counted = targets != -100
    log_p = torch.log_softmax(logits[counted], dim=-1)
    return log_p, log_p.gather(-1, targets[counted][:, None]).squeeze(-1)


def _not_smoothed(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    del epsilon
    return -_log_p(logits, targets)[1].mean()


def _sum_over_vocabulary(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    log_p, right = _log_p(logits, targets)
    return -((1 - epsilon) * right + epsilon * log_p.sum(dim=-1)).mean()


def _others_only(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    log_p, right = _log_p(logits, targets)
    others = (log_p.sum(dim=-1) - right) / (log_p.shape[-1] - 1)
    return -((1 - epsilon) * right + epsilon * others).mean()


def _shares_swapped(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    log_p, right = _log_p(logits, targets)
    return -(epsilon * right + (1 - epsilon) * log_p.mean(dim=-1)).mean()


def _not_reduced(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    log_p, right = _log_p(logits, targets)
    return -(right + epsilon * log_p.mean(dim=-1)).mean()


def _sign(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    return -smoothed_loss(logits, targets, epsilon)


def _sum_of_tokens(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    return smoothed_loss(logits, targets, epsilon) * (targets != -100).sum()


def _divided_by_all(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    return smoothed_loss(logits, targets, epsilon) * (targets != -100).float().mean()


def _mean_of_rows(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    rows = [
        smoothed_loss(one, wanted, epsilon)
        for one, wanted in zip(logits, targets, strict=True)
        if bool((wanted != -100).any())
    ]
    return torch.stack(rows).mean()


def _counts_padding(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    return smoothed_loss(logits, targets.clamp(min=0), epsilon)


def _probabilities(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    log_p, right = _log_p(logits, targets)
    return -((1 - epsilon) * right.exp() + epsilon * log_p.exp().mean(dim=-1)).mean()


def _no_softmax(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    counted = targets != -100
    z = logits[counted]
    right = z.gather(-1, targets[counted][:, None]).squeeze(-1)
    return -((1 - epsilon) * right + epsilon * z.mean(dim=-1)).mean()


def _case(logits: Tensor, targets: Tensor, epsilon: float, label: str) -> Case:
    return Case({"logits": logits, "targets": targets, "epsilon": epsilon}, label)


def _random_case(
    generator: torch.Generator, shape: tuple[int, int, int], epsilon: float, lengths: list[int]
) -> Case:
    logits = (torch.randn(shape, generator=generator) * 2).round(decimals=1)
    targets = torch.randint(shape[-1], shape[:2], generator=generator)
    for row, length in zip(targets, lengths, strict=True):
        row[length:] = -100
    return _case(logits, targets, epsilon, f"ε = {epsilon}, shape {list(shape)}, lengths {lengths}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _random_case(generator, (1, 2, 5), 0.1, [2]),
        _random_case(generator, (1, 3, 4), 0.0, [3]),
        _random_case(generator, (2, 4, 6), 0.1, [4, 1]),
        _random_case(generator, (2, 3, 6), 0.3, [1, 3]),
        with_gradients(_random_case(generator, (2, 3, 5), 0.1, [3, 1]), "logits"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    large = torch.tensor([[[300.0, 0.0, -300.0], [0.0, 200.0, 100.0]]])
    return [
        _random_case(generator, (1, 1, 3), 0.2, [1]),
        _random_case(generator, (3, 5, 9), 0.1, [5, 2, 3]),
        _random_case(generator, (2, 4, 7), 0.5, [0, 4]),
        _case(large, torch.tensor([[0, 1]]), 0.1, "large logits"),
        with_gradients(_random_case(generator, (2, 4, 6), 0.2, [1, 4]), "logits"),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.smoothed_loss",
    title="Label smoothing",
    statement="""
With label smoothing the right token is not wanted with probability 1. A share $\\varepsilon$ of it
is spread evenly over **all** $V$ tokens, the right one included. For one position with the right
token $y$ the loss is

$$-(1 - \\varepsilon) \\log p(y) - \\frac{\\varepsilon}{V} \\sum_{v=1}^{V} \\log p(v),
\\qquad p = \\operatorname{softmax}(z)$$

for the logits $z$. Return its mean over all positions of the batch that count: a target of $-100$
marks padding. There is at least one that counts. PyTorch must be able to differentiate it: some
cases compare gradients.

`torch.log_softmax` may be used, ready-made cross-entropy may not.
""",
    signature=Signature(
        summary="Return the mean loss per counted target.",
        parameters=(
            Parameter("logits", "float tensor [B T V]"),
            Parameter("targets", "int tensor [B T], token ids, or -100 where nothing counts"),
            Parameter("epsilon", "float in [0, 1)"),
        ),
        returns="float tensor without axes",
    ),
    forbidden=("cross_entropy", "course_lib.training"),
    level="core",
    points=4,
    minutes=10,
    example=_case(torch.tensor([[[0.0, 2.0]]]), torch.tensor([[1]]), 0.1, "example"),
    reference=smoothed_loss,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two parts: the surprise at the right token, with share 1 − ε, and the mean surprise over "
        "the whole vocabulary, with share ε.",
        "Keep the positions that count first: `counted = targets != -100`, then `logits[counted]` "
        "is [N V] and `targets[counted]` is [N].",
        "`log_p = torch.log_softmax(logits[counted], dim=-1)`; the right tokens' are "
        "`log_p.gather(-1, targets[counted][:, None])`; the other part is `log_p.mean(dim=-1)`.",
    ),
    explanation="The model is asked for a distribution with 1 − ε + ε/V on the right token and ε/V "
    "on each other. Its loss is never 0, and it grows when the model is surer than it should be: "
    "driving the other probabilities to 0 would make their logarithms, and so the loss, infinite.",
    mutants=(
        Mutant("not_smoothed", _not_smoothed, "ε is not used: this is plain cross-entropy."),
        Mutant(
            "sum_over_vocabulary",
            _sum_over_vocabulary,
            "The sum over the vocabulary is not divided by V.",
        ),
        Mutant(
            "others_only",
            _others_only,
            "ε is spread over the V − 1 wrong tokens; it is spread over all V.",
        ),
        Mutant("shares_swapped", _shares_swapped, "The shares ε and 1 − ε are swapped."),
        Mutant(
            "not_reduced",
            _not_reduced,
            "The right token keeps its full share; it gets 1 − ε of it.",
        ),
        Mutant("sign", _sign, "The sign is wrong: a loss falls as the right token gets likelier."),
        Mutant("sum_of_tokens", _sum_of_tokens, "The loss is added up; the mean is asked for."),
        Mutant(
            "divided_by_all",
            _divided_by_all,
            "The sum is divided by the number of all positions; divide by those that count.",
        ),
        Mutant(
            "mean_of_rows",
            _mean_of_rows,
            "Each row is averaged first, so tokens of short rows count more; average over all "
            "counted positions at once.",
        ),
        Mutant(
            "counts_padding",
            _counts_padding,
            "Positions with target −100 count too; leave them out.",
        ),
        Mutant(
            "probabilities",
            _probabilities,
            "Probabilities are averaged in place of their logarithms.",
        ),
        Mutant("no_softmax", _no_softmax, "The logits are used as if they were log-probabilities."),
        *graph_mistakes(smoothed_loss),
    ),
)
