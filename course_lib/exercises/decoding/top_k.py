"""Exercise: the top-k filter, ties included."""

import math

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def top_k(logits: Tensor, k: int) -> Tensor:
    """Rule out all but the k most probable tokens and those tied with the k-th."""
    k = min(k, logits.shape[-1])
    kth = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def _exactly_k(logits: Tensor, k: int) -> Tensor:
    kept = logits.topk(min(k, logits.shape[-1]), dim=-1)
    return torch.full_like(logits, -math.inf).scatter(-1, kept.indices, kept.values)


def _exactly_k_or_nothing(logits: Tensor, k: int) -> Tensor:
    kept = logits.topk(k, dim=-1)
    return torch.full_like(logits, -math.inf).scatter(-1, kept.indices, kept.values)


def _zeros(logits: Tensor, k: int) -> Tensor:
    kept = top_k(logits, k)
    return kept.masked_fill(kept == -math.inf, 0.0)


def _drops_the_kth(logits: Tensor, k: int) -> Tensor:
    kth = logits.topk(min(k, logits.shape[-1]), dim=-1).values[..., -1:]
    return logits.masked_fill(logits <= kth, -math.inf)


def _one_too_many(logits: Tensor, k: int) -> Tensor:
    return top_k(logits, k + 1)


def _smallest(logits: Tensor, k: int) -> Tensor:
    kth = logits.topk(min(k, logits.shape[-1]), dim=-1, largest=False).values[..., -1:]
    return logits.masked_fill(logits > kth, -math.inf)


def _first_row_decides(logits: Tensor, k: int) -> Tensor:
    rows = logits.reshape(-1, logits.shape[-1])
    kth = rows[0].topk(min(k, logits.shape[-1])).values[-1]
    return logits.masked_fill(logits < kth, -math.inf)


def _whole_batch(logits: Tensor, k: int) -> Tensor:
    return top_k(logits.flatten(), k).view(logits.shape)


def _k_beyond_the_vocabulary(logits: Tensor, k: int) -> Tensor:
    kth = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def _sorted_output(logits: Tensor, k: int) -> Tensor:
    return top_k(logits, k).sort(dim=-1, descending=True).values


def _probabilities(logits: Tensor, k: int) -> Tensor:
    return top_k(logits, k).softmax(dim=-1)


def _large_negative(logits: Tensor, k: int) -> Tensor:
    return top_k(logits, k).clamp(min=-1e9)


def _best_values(logits: Tensor, k: int) -> Tensor:
    return logits.topk(min(k, logits.shape[-1]), dim=-1).values


def _case(logits: list[float] | list[list[float]], k: int, label: str) -> Case:
    return Case({"logits": torch.tensor(logits), "k": k}, label)


def _random_case(generator: torch.Generator, shape: tuple[int, ...], k: int) -> Case:
    logits = (torch.randn(shape, generator=generator) * 3).round(decimals=1)
    return Case({"logits": logits, "k": k}, f"random logits of shape {list(shape)}, k = {k}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case([1.0, 4.0, 2.0, 3.0], 2, "two of four"),
        _case([0.5, -1.0, 2.0], 1, "k = 1"),
        _case([2.0, 3.0, 2.0, 1.0, 2.0], 2, "three tokens tied for the second place"),
        _case([1.0, 2.0, 0.0], 5, "k larger than the vocabulary"),
        _case([[9.0, 8.0, 7.0, 6.0], [-4.0, -3.0, -2.0, -1.0]], 2, "two rows far apart"),
        _random_case(generator, (2, 6), 3),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case([1.0, 1.0, 1.0, 0.0], 1, "all tied for the first place"),
        _random_case(generator, (8,), 3),
        _random_case(generator, (3, 7), 4),
        _random_case(generator, (2, 2, 5), 1),
        _random_case(generator, (2, 4), 4),
        _random_case(generator, (2, 3), 40),
        _case([0.5], 1, "a vocabulary of one token"),
        _in_64_bits(_random_case(generator, (3, 6), 2)),
    ]


def _in_64_bits(case: Case) -> Case:
    """The same in float64, as a tensor whose memory lies in another order."""
    logits = case.inputs["logits"].double().T.contiguous().T
    return Case({**case.inputs, "logits": logits}, f"{case.label}, float64")


EXERCISE = Exercise(
    id="decoding.top_k",
    title="Top-k, and who is tied with the k-th",
    statement="""
Write the top-k filter over logits: the $k$ largest entries of each row stay as they are, the
others become $-\\infty$, so that a softmax gives them probability 0.

- Tokens **tied with the k-th** stay too: nothing distinguishes them.
- Where $k$ is larger than the vocabulary, everything stays.
- The last axis is the vocabulary; each row of a batch has its own $k$ largest.

`topk` and `sort` of PyTorch may be used, ready-made filters of the course or of `transformers` may
not.
""",
    signature=Signature(
        summary="Rule out all but the k most probable tokens and those tied with the k-th.",
        parameters=(
            Parameter("logits", "float tensor [... V], 32 or 64 bits"),
            Parameter("k", "int >= 1"),
        ),
        returns="float tensor [... V], -inf where a token is ruled out",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case([1.0, 3.0, 2.0, 2.0], 2, "example"),
    reference=top_k,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "One number per row decides: the k-th largest logit. Everything below it goes.",
        "`logits.topk(k, dim=-1).values` is sorted from the largest; its last entry is the k-th. "
        "`[..., -1:]` keeps the axis, so that the comparison runs row by row.",
        "`logits.masked_fill(logits < kth, -math.inf)`. `topk` fails for k > V: take "
        "`min(k, logits.shape[-1])` first.",
    ),
    explanation="Comparing with the k-th largest value keeps ties, treats each row by itself and "
    "leaves the order of the vocabulary alone. `transformers` does the same.",
    mutants=(
        Mutant(
            "exactly_k",
            _exactly_k,
            "Exactly k tokens stay, so that of equal ones some go; those tied with the k-th stay.",
        ),
        Mutant(
            "exactly_k_or_nothing",
            _exactly_k_or_nothing,
            "Exactly k tokens stay, so that of equal ones some go; compare with the k-th value "
            "instead. And `topk` fails where k is larger than the vocabulary.",
        ),
        Mutant(
            "zeros",
            _zeros,
            "Ruled-out logits are set to 0. A logit of 0 is an ordinary one, exp(0) = 1; use -inf.",
        ),
        Mutant("drops_the_kth", _drops_the_kth, "The k-th token itself is ruled out; use `<`."),
        Mutant("one_too_many", _one_too_many, "Off by one: k + 1 tokens stay."),
        Mutant("smallest", _smallest, "The k smallest logits stay instead of the largest."),
        Mutant(
            "first_row_decides",
            _first_row_decides,
            "The first row's threshold is used for all rows; each row needs its own.",
        ),
        Mutant(
            "whole_batch",
            _whole_batch,
            "The k largest of the whole batch stay; each row should keep k.",
        ),
        Mutant(
            "k_beyond_the_vocabulary",
            _k_beyond_the_vocabulary,
            "`topk` fails where k is larger than the vocabulary; then everything stays.",
        ),
        Mutant(
            "probabilities",
            _probabilities,
            "These are probabilities; the filter returns logits, and the softmax comes later.",
        ),
        Mutant(
            "large_negative",
            _large_negative,
            "Ruled-out logits become a large negative number; use −inf, `-math.inf`.",
        ),
        Mutant(
            "best_values",
            _best_values,
            "Only the k largest values are returned; every token keeps its place, with -inf where "
            "it is ruled out.",
        ),
        Mutant(
            "sorted_output",
            _sorted_output,
            "The result is sorted; position i must still belong to token i.",
        ),
    ),
)
