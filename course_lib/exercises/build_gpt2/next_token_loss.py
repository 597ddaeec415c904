"""Rung 6: the training loss, a mean over the targets that count."""

import math

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import next_token_loss
from course_lib.exercises.build_gpt2.small_models import drawing
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)

Mask = Tensor | None


def _surprise(logits: Tensor, tokens: Tensor) -> Tensor:
    log_p = logits[:, :-1].log_softmax(dim=-1)
    return -log_p.gather(-1, tokens[:, 1:, None])[..., 0]


def _not_shifted(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = -logits.log_softmax(dim=-1).gather(-1, tokens[..., None])[..., 0]
    return surprise.mean() if is_counted is None else surprise[is_counted].mean()


def _shifted_back(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = -logits[:, 1:].log_softmax(dim=-1).gather(-1, tokens[:, :-1, None])[..., 0]
    return surprise.mean() if is_counted is None else surprise[is_counted[:, :-1]].mean()


def _mask_not_shifted(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = _surprise(logits, tokens)
    return surprise.mean() if is_counted is None else surprise[is_counted[:, :-1]].mean()


def _mask_ignored(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    del is_counted
    return next_token_loss(logits, tokens)


def _divided_by_all(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = _surprise(logits, tokens)
    return (surprise if is_counted is None else surprise * is_counted[:, 1:]).mean()


def _mean_of_means(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = _surprise(logits, tokens)
    counted = torch.ones_like(surprise) if is_counted is None else is_counted[:, 1:].float()
    return ((surprise * counted).sum(dim=1) / counted.sum(dim=1)).mean()


def _sum(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    surprise = _surprise(logits, tokens)
    return surprise.sum() if is_counted is None else surprise[is_counted[:, 1:]].sum()


def _bits(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    return next_token_loss(logits, tokens, is_counted) / math.log(2)


def _sign(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    return -next_token_loss(logits, tokens, is_counted)


def _overflows(logits: Tensor, tokens: Tensor, is_counted: Mask = None) -> Tensor:
    p = logits[:, :-1].exp() / logits[:, :-1].exp().sum(dim=-1, keepdim=True)
    surprise = -p.gather(-1, tokens[:, 1:, None])[..., 0].log()
    return surprise.mean() if is_counted is None else surprise[is_counted[:, 1:]].mean()


def _case(
    seed: int, shape: tuple[int, int, int], label: str, *, scale: float = 1.0, lengths: str = ""
) -> Case:
    """Make a case; `lengths` says for each sequence which tokens count, as in "0011 1110"."""
    draw, generator = drawing(seed)
    tokens = torch.randint(shape[-1], shape[:2], generator=generator)
    inputs = {"logits": draw(*shape) * scale, "tokens": tokens}
    if lengths:
        inputs["is_counted"] = torch.tensor([[c == "1" for c in row] for row in lengths.split()])
    return Case(inputs, label)


def _example() -> Case:
    half = [0.0, 0.0]
    three_to_one = [0.0, math.log(3.0)]
    logits = torch.tensor([[half, three_to_one, three_to_one]])
    is_counted = torch.tensor([[False, True, True]])
    tokens = torch.tensor([[0, 0, 1]])
    return Case({"logits": logits, "tokens": tokens, "is_counted": is_counted}, "example")


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (2, 4, 5), "all tokens count"),
        _case(first + 1, (2, 5, 4), "padding on the right", lengths="11111 11000"),
        _case(first + 2, (2, 4, 4), "padding on the left", lengths="0011 1111"),
        _case(first + 3, (1, 3, 6), "large logits", scale=200.0),
        with_gradients(_case(first + 4, (2, 4, 3), "padding", lengths="0111 0010"), "logits"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (1, 2, 7), "one target"),
        _case(first + 1, (3, 4, 5), "a question not counted", lengths="0001 0011 0111"),
        _case(first + 2, (2, 6, 4), "padding on the right", lengths="111111 110000"),
        _case(first + 3, (2, 3, 5), "large logits", scale=300.0, lengths="111 110"),
        with_gradients(_case(first + 4, (2, 4, 3), "padding", lengths="0110 1111"), "logits"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.next_token_loss",
    title="Rung 6 · the loss, where it counts",
    statement="""
The logits at position $t$ are about token $t + 1$. Return the mean of $-\\ln p(\\text{token})$ over
all next tokens in the batch, in nats. The first token is nobody's target, and nothing is known of
what follows the last.

Where `is_counted` is given, only targets at which it is True go into the mean: not padding, and in
fine-tuning not the question. It is **one** mean over the whole batch, in which a long sequence has
more say than a short one. At least one target counts. Logits may be large.

PyTorch's `cross_entropy` and its relatives may not be called; some cases compare gradients. In the
example the two targets had probabilities 1/2 and 3/4.
""",
    signature=Signature(
        summary="Return the mean surprise of the counted next tokens, in nats.",
        parameters=(
            Parameter("logits", "float tensor [B T V]"),
            Parameter("tokens", "int tensor [B T], T >= 2, the tokens the model has read"),
            Parameter("is_counted", "bool tensor [B T], True where this token is counted", "None"),
        ),
        returns="float tensor without axes",
    ),
    forbidden=("cross_entropy", "course_lib.training", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_example(),
    reference=next_token_loss,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Align first: the logits of all positions but the last belong to the tokens from the "
        "second on. The mask is about tokens, so it is cut like the tokens.",
        "`log_p = logits[:, :-1].log_softmax(dim=-1)` is safe for large logits; `.gather(-1, "
        "tokens[:, 1:, None])` picks the right token's.",
        "With `surprise` of shape [B T−1], `surprise[is_counted[:, 1:]].mean()` is one mean over "
        "all that count.",
    ),
    explanation="A mean of the sequences' means would give every token of a short sequence more "
    "weight than one of a long sequence. The mask moves with the targets: cut it like the inputs, "
    "and the first padding is learned while the last word is not.",
    mutants=(
        Mutant(
            "not_shifted",
            _not_shifted,
            "Each position is asked for the token it has just read; it predicts the next one.",
        ),
        Mutant("shifted_back", _shifted_back, "Each position is asked for the token before it."),
        Mutant(
            "mask_not_shifted",
            _mask_not_shifted,
            "The mask is cut like the inputs; it speaks of targets, so cut it like those: "
            "`is_counted[:, 1:]`.",
        ),
        Mutant("mask_ignored", _mask_ignored, "`is_counted` is not looked at."),
        Mutant(
            "divided_by_all",
            _divided_by_all,
            "What does not count is set to 0 and still divided by; divide by how many count.",
        ),
        Mutant(
            "mean_of_means",
            _mean_of_means,
            "Each sequence has its own mean, and these are averaged; take one mean over all.",
        ),
        Mutant("sum", _sum, "This is the sum; the mean is asked for."),
        Mutant("bits", _bits, "This is in bits; nats use the natural logarithm."),
        Mutant("sign", _sign, "The sign is missing: a surprise is never below 0."),
        Mutant(
            "overflows",
            _overflows,
            "`exp` of a large logit is infinite; use `log_softmax`, which subtracts the largest "
            "first.",
        ),
        *graph_mistakes(next_token_loss),
    ),
)
