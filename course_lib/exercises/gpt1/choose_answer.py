"""Exercise: let a language model choose among answers, as GPT-1's paper did without training."""

import math

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Answer = tuple[int, list[float]]


def choose_answer(
    logits: list[Tensor], tokens: list[list[int]], starts: list[int]
) -> tuple[int, list[float]]:
    """Return the candidate whose answer the model finds most likely, and all averages."""
    averages = []
    for scores, ids, start in zip(logits, tokens, starts, strict=True):
        log_p = scores.log_softmax(dim=-1)
        nats = [log_p[place - 1, ids[place]].item() for place in range(start, len(ids))]
        averages.append(sum(nats) / len(nats))
    return averages.index(max(averages)), averages


def _best(averages: list[float]) -> Answer:
    return averages.index(max(averages)), averages


def _log_ps(scores: Tensor, ids: list[int], first: int, shift: int = 1) -> list[float]:
    log_p = scores.log_softmax(dim=-1)
    return [log_p[place - shift, ids[place]].item() for place in range(first, len(ids))]


def _sums(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([sum(_log_ps(scores, ids, start)) for scores, ids, start in rows])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _whole_text(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    del starts
    rows = zip(logits, tokens, strict=True)
    return _best([_mean(_log_ps(scores, ids, 1)) for scores, ids in rows])


def _not_shifted(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([_mean(_log_ps(scores, ids, start, 0)) for scores, ids, start in rows])


def _one_late(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best(
        [_mean(_log_ps(scores, ids, min(start + 1, len(ids) - 1))) for scores, ids, start in rows]
    )


def _one_early(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([_mean(_log_ps(scores, ids, max(1, start - 1))) for scores, ids, start in rows])


def _first_token(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([_log_ps(scores, ids, start)[0] for scores, ids, start in rows])


def _last_token(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([_log_ps(scores, ids, start)[-1] for scores, ids, start in rows])


def _probabilities(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([_mean([math.exp(p) for p in _log_ps(s, ids, start)]) for s, ids, start in rows])


def _raw_logits(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best(
        [
            _mean([scores[place - 1, ids[place]].item() for place in range(start, len(ids))])
            for scores, ids, start in rows
        ]
    )


def _by_all_tokens(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    rows = zip(logits, tokens, starts, strict=True)
    return _best([sum(_log_ps(scores, ids, start)) / len(ids) for scores, ids, start in rows])


def _surprises(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    best, averages = choose_answer(logits, tokens, starts)
    return best, [-value for value in averages]


def _least_likely(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    _, averages = choose_answer(logits, tokens, starts)
    return averages.index(min(averages)), averages


def _first_start(logits: list[Tensor], tokens: list[list[int]], starts: list[int]) -> Answer:
    clipped = [min(starts[0], len(ids) - 1) for ids in tokens]
    return choose_answer(logits, tokens, clipped)


def _case(generator: torch.Generator, shapes: tuple[tuple[int, int], ...], label: str) -> Case:
    """Make one candidate of each (length, start)."""
    vocabulary = 7
    logits = [
        (2 * torch.randn(length, vocabulary, generator=generator)).round(decimals=1) + 5
        for length, _ in shapes
    ]
    tokens = [
        torch.randint(vocabulary, (length,), generator=generator).tolist() for length, _ in shapes
    ]
    starts = [start for _, start in shapes]
    return Case({"logits": logits, "tokens": tokens, "starts": starts}, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, ((5, 3), (8, 3)), "one context, answers of 2 and 5 tokens"),
        _case(generator, ((6, 2), (6, 2), (4, 2)), "three answers"),
        _case(generator, ((7, 4), (9, 5)), "two names of different length, the same rest"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, ((9, 4), (6, 4), (7, 4), (12, 4)), "four answers"),
        _case(generator, ((8, 5), (7, 3)), "other starts"),
        _case(generator, ((5, 3), (10, 3)), "a short and a long answer"),
    ]


def _example() -> Case:
    even, sure = [0.0, 0.0], [0.0, math.log(3)]
    inputs = {
        "logits": [torch.tensor([even, sure]), torch.tensor([even, even, sure])],
        "tokens": [[0, 0], [0, 1, 1]],
        "starts": [1, 1],
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="gpt1.choose_answer",
    title="Choose without training",
    statement="""
To ask a language model a question with given answers, GPT-1's paper (section 5) writes each answer
after the question and takes the text whose answer has the highest **average log-probability per
token**. For a pronoun it puts each name in its place and scores the rest of the sentence, so the
scored part need not begin at the same place in all candidates.

For each candidate you have its tokens, the model's logits (row $t$ scores the token at $t + 1$),
and the place where the scored part begins, at least 1. The scored part runs to the end. Return the
number of the best candidate and the list of all averages of $\\ln p$, in nats; of equal ones take
the first.

In the example candidate 0 is scored on one token, which had even odds: −ln 2. Candidate 1 is scored
on two, with even odds each, since the last row of logits predicts what comes after the text.
""",
    signature=Signature(
        summary="Return the candidate whose answer the model finds most likely, and all averages.",
        parameters=(
            Parameter("logits", "list of float tensors [T V], one for each candidate"),
            Parameter("tokens", "list of lists of T int"),
            Parameter("starts", "list of int, the place of the first scored token"),
        ),
        returns="(int, list of float)",
    ),
    level="core",
    points=4,
    minutes=12,
    example=_example(),
    reference=choose_answer,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Which row of logits says how likely the token at place 3 is? The row at place 2: it has "
        "read tokens 0 to 2.",
        "`logits.log_softmax(dim=-1)` gives ln p. The scored places are `range(start, len(ids))`, "
        "and place p is scored by `log_p[p - 1, ids[p]]`.",
        "Divide each sum by the number of scored tokens, `len(ids) - start`, before you compare: "
        "sums would favor short answers.",
    ),
    explanation="A sum of log-probabilities falls with every token, so a long answer could hardly "
    "win; the average asks how likely it is for its length. It is a choice, not a law: an answer "
    "with many easy tokens at its end is helped. The evaluation of later models tries both.",
    mutants=(
        Mutant("sums", _sums, "These are sums, which favor short answers; divide by the length."),
        Mutant("whole_text", _whole_text, "The question is scored too; begin at `start`."),
        Mutant(
            "not_shifted",
            _not_shifted,
            "Row t scores the token at t + 1; here it is read for the token at t, which the model "
            "has already seen.",
        ),
        Mutant("one_late", _one_late, "The first token of the answer is left out."),
        Mutant("one_early", _one_early, "The last token of the question is scored too."),
        Mutant("first_token", _first_token, "Only the answer's first token is scored."),
        Mutant("last_token", _last_token, "Only the last token is scored."),
        Mutant("probabilities", _probabilities, "Probabilities are averaged; average their logs."),
        Mutant("raw_logits", _raw_logits, "Logits are not log-probabilities: normalize each row."),
        Mutant(
            "by_all_tokens",
            _by_all_tokens,
            "The sum is divided by the length of the whole text; divide by the scored tokens.",
        ),
        Mutant("surprises", _surprises, "The sign: ln p is never above 0, and the highest wins."),
        Mutant("least_likely", _least_likely, "The candidate with the lowest average is chosen."),
        Mutant(
            "first_start",
            _first_start,
            "The first candidate's start is used for all; each has its own.",
        ),
    ),
)
