"""Exercise: the task's loss and the next-token loss in one number."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def joint_loss(
    answers: Tensor,
    labels: Tensor,
    logits: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    lm_weight: float,
) -> Tensor:
    """Return the loss of fine-tuning with the auxiliary next-token loss."""
    task = F.cross_entropy(answers, labels)
    counts = torch.arange(tokens.shape[1] - 1) < lengths[:, None] - 1
    language = F.cross_entropy(logits[:, :-1][counts], tokens[:, 1:][counts])
    return task + lm_weight * language


def _parts(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, counts: Tensor
) -> tuple[Tensor, Tensor]:
    language = F.cross_entropy(logits[:, :-1][counts], tokens[:, 1:][counts])
    return F.cross_entropy(answers, labels), language


def _counts(tokens: Tensor, lengths: Tensor, less: int = 1) -> Tensor:
    return torch.arange(tokens.shape[1] - 1) < lengths[:, None] - less


def _with_padding(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    del lengths
    everything = torch.ones_like(tokens[:, 1:], dtype=torch.bool)
    task, language = _parts(answers, labels, logits, tokens, everything)
    return task + lm * language


def _one_padding(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    task, language = _parts(answers, labels, logits, tokens, _counts(tokens, lengths, 0))
    return task + lm * language


def _not_shifted(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    counts = torch.arange(tokens.shape[1]) < lengths[:, None]
    return F.cross_entropy(answers, labels) + lm * F.cross_entropy(logits[counts], tokens[counts])


def _backward(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    counts = _counts(tokens, lengths)
    language = F.cross_entropy(logits[:, 1:][counts], tokens[:, :-1][counts])
    return F.cross_entropy(answers, labels) + lm * language


def _task_only(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    del logits, tokens, lengths, lm
    return F.cross_entropy(answers, labels)


def _weight_forgotten(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    return joint_loss(answers, labels, logits, tokens, lengths, 1.0 + 0 * lm)


def _weighted_mean(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    task, language = _parts(answers, labels, logits, tokens, _counts(tokens, lengths))
    return (1 - lm) * task + lm * language


def _weight_on_task(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    task, language = _parts(answers, labels, logits, tokens, _counts(tokens, lengths))
    return lm * task + language


def _row_by_row(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    rows = [
        joint_loss(
            answers[i : i + 1],
            labels[i : i + 1],
            logits[i : i + 1],
            tokens[i : i + 1],
            lengths[i : i + 1],
            lm,
        )
        for i in range(len(tokens))
    ]
    return torch.stack(rows).mean()


def _zeros_counted(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    counts = _counts(tokens, lengths)
    task, language = _parts(answers, labels, logits, tokens, counts)
    return task + lm * language * counts.sum() / counts.numel()


def _summed(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    task, language = _parts(answers, labels, logits, tokens, _counts(tokens, lengths))
    return task + lm * language * _counts(tokens, lengths).sum()


def _subtracted(
    answers: Tensor, labels: Tensor, logits: Tensor, tokens: Tensor, lengths: Tensor, lm: float
) -> Tensor:
    return joint_loss(answers, labels, logits, tokens, lengths, -lm)


def _case(generator: torch.Generator, batch: int, length: int, lm: float, label: str) -> Case:
    lengths = torch.randint(2, length, (batch,), generator=generator)
    lengths[0] = length
    if batch > 1:
        lengths[1] = length - 2
    tokens = torch.randint(1, 6, (batch, length), generator=generator)
    tokens = tokens.masked_fill(torch.arange(length) >= lengths[:, None], 0)
    return Case(
        {
            "answers": torch.randn(batch, 3, generator=generator).round(decimals=1),
            "labels": torch.randint(3, (batch,), generator=generator),
            "logits": (2 * torch.randn(batch, length, 6, generator=generator)).round(decimals=1),
            "tokens": tokens,
            "lengths": lengths,
            "lm_weight": lm,
        },
        label,
    )


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    rows = _case(generator, 3, 6, 0.5, "three rows")
    whole = _case(generator, 1, 4, 1.5, "one row without padding")
    return [rows, whole, with_gradients(rows, "answers", "logits")]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, 1, 4, 0.5, "one row without padding"),
        _case(generator, 4, 8, 0.0, "four rows, λ = 0"),
        _case(generator, 3, 7, 2.0, "three rows, λ = 2"),
        with_gradients(_case(generator, 2, 5, 0.25, "two rows"), "logits"),
    ]


def _example() -> Case:
    return Case(
        {
            "answers": torch.tensor([[0.0, 0.0]]),
            "labels": torch.tensor([1]),
            "logits": torch.tensor([[[0.0, 0.0], [9.0, 9.0], [5.0, 1.0]]]),
            "tokens": torch.tensor([[1, 1, 0]]),
            "lengths": torch.tensor([2]),
            "lm_weight": 0.5,
        },
        "example",
    )


EXERCISE = Exercise(
    id="gpt1_finetuning.joint_loss",
    title="Two losses, and what padding must not do",
    statement="""
Fine-tuning with the auxiliary objective makes $L_3 = L_2 + \\lambda L_1$ small. $L_2$ is the mean
cross-entropy of the answers. $L_1$ is the mean cross-entropy of the next tokens: the logits at
position $t$ predict the token at $t + 1$.

The rows are padded on the right to the length T, and `lengths` counts their real tokens. A padding
token is never predicted, and nothing is predicted from the last real token or from padding. The
mean of $L_1$ runs over **all predictions that count, of all rows together**. Some cases compare
gradients.
""",
    signature=Signature(
        summary="Return the loss of fine-tuning with the auxiliary next-token loss.",
        parameters=(
            Parameter("answers", "float tensor [B C], logits of the task"),
            Parameter("labels", "int tensor [B], the right answers"),
            Parameter("logits", "float tensor [B T V], logits of the next tokens"),
            Parameter("tokens", "int tensor [B T], what was read, padded on the right"),
            Parameter("lengths", "int tensor [B], real tokens of each row, at least 2"),
            Parameter("lm_weight", "float λ >= 0"),
        ),
        returns="float tensor without axes",
    ),
    forbidden=("course_lib.finetuning", "course_lib.training", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_example(),
    reference=joint_loss,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Which of the T positions make a prediction that counts, in a row with n real tokens? "
        "The first n − 1.",
        "Shift first: `logits[:, :-1]` predict `tokens[:, 1:]`. Then make a mask [B T−1] that is "
        "True where the position is below `lengths - 1`.",
        "`mask = torch.arange(T - 1) < lengths[:, None] - 1`; "
        "`F.cross_entropy(logits[:, :-1][mask], tokens[:, 1:][mask])` is their mean.",
    ),
    explanation="Indexing with the mask drops what must not count and leaves one long list of "
    "predictions, so that the mean is over predictions and not over rows: a short row has less to "
    "say. Padding that is predicted by mistake is easy to predict; it makes the loss look good and "
    "teaches the model to write padding.",
    mutants=(
        Mutant(
            "with_padding",
            _with_padding,
            "Padding is predicted and counts; leave out everything after the last real token.",
        ),
        Mutant(
            "one_padding",
            _one_padding,
            "Off by one: the last real token still predicts the first padding token.",
        ),
        Mutant(
            "not_shifted",
            _not_shifted,
            "Each position is compared with the token it has read; it predicts the next one.",
        ),
        Mutant(
            "backward",
            _backward,
            "Each position is compared with the token before it; it predicts the one after it.",
        ),
        Mutant("task_only", _task_only, "The next-token loss is missing."),
        Mutant(
            "weight_forgotten", _weight_forgotten, "λ is not used: the next-token loss counts 1."
        ),
        Mutant(
            "weighted_mean",
            _weighted_mean,
            "The task's loss is multiplied by 1 − λ; it counts fully, whatever λ is.",
        ),
        Mutant(
            "weight_on_task",
            _weight_on_task,
            "λ multiplies the task's loss; it belongs to the next-token loss.",
        ),
        Mutant(
            "row_by_row",
            _row_by_row,
            "The mean is taken in each row first; a prediction in a short row then counts more.",
        ),
        Mutant(
            "zeros_counted",
            _zeros_counted,
            "Padding is in the mean as a loss of 0; divide by how many predictions count.",
        ),
        Mutant(
            "summed",
            _summed,
            "The next-token losses are summed; take the mean over the predictions that count.",
        ),
        Mutant(
            "subtracted",
            _subtracted,
            "The next-token loss is subtracted, which would make it large; both are to be small.",
        ),
        *graph_mistakes(joint_loss),
    ),
)
