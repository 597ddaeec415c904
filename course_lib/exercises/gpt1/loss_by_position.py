"""Exercise: the loss at each place of a window, which is the loss by length of context."""

import math

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

IGNORED = -100


def loss_by_position(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean surprise at each position, in nats."""
    log_p = logits - logits.logsumexp(dim=-1, keepdim=True)
    counted = targets != IGNORED
    right = log_p.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return -(right * counted).sum(dim=0) / counted.sum(dim=0)


def _nats(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the surprise at every target, 0 where there is none, and which of them count."""
    counted = targets != IGNORED
    log_p = logits.log_softmax(-1)
    right = log_p.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return -right * counted, counted


def _by_window(logits: Tensor, targets: Tensor) -> Tensor:
    nats, counted = _nats(logits, targets)
    return nats.sum(dim=1) / counted.sum(dim=1)


def _one_number(logits: Tensor, targets: Tensor) -> Tensor:
    nats, counted = _nats(logits, targets)
    return nats.sum() / counted.sum()


def _shifted_again(logits: Tensor, targets: Tensor) -> Tensor:
    return loss_by_position(logits[:, :-1], targets[:, 1:])


def _no_normalizer(logits: Tensor, targets: Tensor) -> Tensor:
    counted = targets != IGNORED
    right = logits.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return -(right * counted).sum(dim=0) / counted.sum(dim=0)


def _log_of_mean(logits: Tensor, targets: Tensor) -> Tensor:
    nats, counted = _nats(logits, targets)
    return -(((-nats).exp() * counted).sum(dim=0) / counted.sum(dim=0)).log()


def _log_likelihood(logits: Tensor, targets: Tensor) -> Tensor:
    return -loss_by_position(logits, targets)


def _divides_by_all(logits: Tensor, targets: Tensor) -> Tensor:
    return _nats(logits, targets)[0].mean(dim=0)


def _counts_padding(logits: Tensor, targets: Tensor) -> Tensor:
    return loss_by_position(logits, targets.clamp(min=0))


def _sums(logits: Tensor, targets: Tensor) -> Tensor:
    return _nats(logits, targets)[0].sum(dim=0)


def _in_bits(logits: Tensor, targets: Tensor) -> Tensor:
    return loss_by_position(logits, targets) / math.log(2)


def _perplexity(logits: Tensor, targets: Tensor) -> Tensor:
    return loss_by_position(logits, targets).exp()


def _up_to_here(logits: Tensor, targets: Tensor) -> Tensor:
    nats, counted = _nats(logits, targets)
    return nats.sum(dim=0).cumsum(0) / counted.sum(dim=0).cumsum(0)


def _softmax_over_positions(logits: Tensor, targets: Tensor) -> Tensor:
    log_p = logits.log_softmax(dim=1)
    counted = targets != IGNORED
    right = log_p.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return -(right * counted).sum(dim=0) / counted.sum(dim=0)


def _case(generator: torch.Generator, n: int, time: int, vocabulary: int, *, cut: bool) -> Case:
    logits = (3 * torch.randn(n, time, vocabulary, generator=generator)).round(decimals=1)
    targets = torch.randint(vocabulary, (n, time), generator=generator)
    if cut:
        for row in range(1, n):  # the first window is whole, so that every position counts
            targets[row, max(1, time - row) :] = IGNORED
    label = f"N = {n}, T = {time}, V = {vocabulary}" + (", some windows short" if cut else "")
    return Case({"logits": logits, "targets": targets}, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, 2, 3, 4, cut=False),
        _case(generator, 4, 3, 5, cut=True),
        _case(generator, 3, 6, 9, cut=True),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    large = _case(generator, 3, 4, 6, cut=True)
    moved = {**large.inputs, "logits": large.inputs["logits"] + 300}
    return [
        _case(generator, 5, 4, 7, cut=True),
        _case(generator, 1, 5, 3, cut=False),
        _case(generator, 6, 2, 11, cut=True),
        Case(moved, "every logit larger by 300"),
    ]


def _example() -> Case:
    even, sure = [0.0, 0.0], [0.0, math.log(3)]
    inputs = {
        "logits": torch.tensor([[even, sure], [even, even]]),
        "targets": torch.tensor([[0, 1], [1, IGNORED]]),
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="gpt1.loss_by_position",
    title="Loss by length of context",
    statement="""
GPT-1's objective predicts every token from the ones before it in the window. So the first target
of a window is guessed from one token, the second from two, and so on: one pass over many windows
measures how much each further token of context is worth.

Given the logits of $N$ windows of $T$ positions and the right next token at each, return for each
**position** the mean over windows of $-\\ln p(\\text{target})$, in nats. Windows at the end of a
text may be shorter than $T$: their missing targets are −100 and are left out of the mean. Logits
may be large.

In the example two windows have even odds at position 0, so the mean there is ln 2; at position 1
only the first window counts, and it gave the right token 3 chances in 4.
""",
    signature=Signature(
        summary="Return the mean surprise at each position, in nats.",
        parameters=(
            Parameter("logits", "float tensor [N T V]"),
            Parameter("targets", "int tensor [N T]; -100 where there is no target"),
        ),
        returns="float tensor [T]",
    ),
    level="core",
    points=4,
    minutes=12,
    example=_example(),
    reference=loss_by_position,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "First make a table [N T] of −ln p at the right token, then average each column, not each "
        "row.",
        "`logits.log_softmax(dim=-1)` gives ln p safely; `.gather(-1, targets[..., None])` picks "
        "the right token's. An index of −100 would fail, so pick with `targets.clamp(min=0)` and "
        "drop those entries afterwards.",
        "With `counted = targets != -100`, multiply the table by `counted`, sum over windows "
        "(`dim=0`) and divide by `counted.sum(dim=0)`.",
    ),
    explanation="A causal model answers T questions in one pass, and they differ in how much text "
    "stands before them. Averaging all of them gives the training loss; averaging each column "
    "shows what the context is worth. The curve falls steeply at first: most of what helps to "
    "guess a word stands right before it.",
    mutants=(
        Mutant("by_window", _by_window, "The mean runs over positions: one number for a window."),
        Mutant("one_number", _one_number, "Everything is averaged into one number; keep the T."),
        Mutant(
            "shifted_again",
            _shifted_again,
            "The targets are moved once more; `targets[n, t]` already is the token after input t.",
        ),
        Mutant(
            "no_normalizer",
            _no_normalizer,
            "A logit is not a log-probability: subtract the log-sum-exp over the vocabulary.",
        ),
        Mutant(
            "log_of_mean",
            _log_of_mean,
            "Probabilities are averaged and then turned to nats; average the nats.",
        ),
        Mutant("log_likelihood", _log_likelihood, "The sign: surprise is −ln p, never negative."),
        Mutant(
            "divides_by_all",
            _divides_by_all,
            "The sums are divided by N; divide by the number of targets that count.",
        ),
        Mutant(
            "counts_padding",
            _counts_padding,
            "Targets of −100 are taken for token 0; they do not count.",
        ),
        Mutant("sums", _sums, "These are sums over the windows, not means."),
        Mutant("in_bits", _in_bits, "These are bits; nats need the natural logarithm."),
        Mutant("perplexity", _perplexity, "This is the perplexity; leave out the last `exp`."),
        Mutant(
            "up_to_here",
            _up_to_here,
            "Each entry is the mean over all positions up to it; only its own column is asked for.",
        ),
        Mutant(
            "softmax_over_positions",
            _softmax_over_positions,
            "The probabilities add up to 1 over positions; they must over the vocabulary.",
        ),
    ),
)
