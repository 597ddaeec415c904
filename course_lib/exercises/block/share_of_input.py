"""Exercise: how much of the input a post-norm stream still carries."""

from itertools import pairwise

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def share_of_input(x: Tensor, writes: Tensor) -> list[float]:
    """Return the factor with which x is contained in the stream after each write."""
    stream, share, shares = x, 1.0, []
    for write in writes:
        total = stream + write
        centered = total - total.mean()
        deviation = torch.sqrt((centered**2).mean())
        stream = centered / deviation
        share = share / deviation.item()
        shares.append(share)
    return shares


def _deviation(total: Tensor) -> float:
    return total.std(correction=0).item()


def _pre_norm(x: Tensor, writes: Tensor) -> list[float]:
    del x
    return [1.0] * len(writes)


def _last_only(x: Tensor, writes: Tensor) -> list[float]:
    before = [1.0, *share_of_input(x, writes)]
    return [after / earlier for earlier, after in pairwise(before)]


def _grows(x: Tensor, writes: Tensor) -> list[float]:
    return [1 / share for share in share_of_input(x, writes)]


def _walk(x: Tensor, writes: Tensor, correction: int, squared: bool, centered: bool) -> list[float]:
    stream, share, shares = x, 1.0, []
    for write in writes:
        total = stream + write
        mean = total.mean() if centered else torch.zeros(())
        size = ((total - mean) ** 2).sum() / (len(total) - correction)
        size = size if squared else size.sqrt()
        stream = (total - mean) / size
        share /= size.item()
        shares.append(share)
    return shares


def _one_less(x: Tensor, writes: Tensor) -> list[float]:
    return _walk(x, writes, 1, False, True)


def _variance(x: Tensor, writes: Tensor) -> list[float]:
    return _walk(x, writes, 0, True, True)


def _not_centered(x: Tensor, writes: Tensor) -> list[float]:
    return _walk(x, writes, 0, False, False)


def _norm_at_the_end(x: Tensor, writes: Tensor) -> list[float]:
    sums = x + writes.cumsum(dim=0)
    return [1 / _deviation(total) for total in sums]


def _writes_alone(x: Tensor, writes: Tensor) -> list[float]:
    del x
    share, shares = 1.0, []
    for write in writes:
        share /= _deviation(write)
        shares.append(share)
    return shares


def _root_two(x: Tensor, writes: Tensor) -> list[float]:
    del x
    return [2 ** (-(step + 1) / 2) for step in range(len(writes))]


def _case(generator: torch.Generator, n_writes: int, width: int, label: str = "") -> Case:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    sizes = 0.5 + 2 * torch.rand(n_writes, 1, generator=generator).round(decimals=1)
    writes = normal(n_writes, width) * sizes + normal(n_writes, 1)
    writes[..., 0] += 0.5  # so that no sum is constant
    inputs = {"x": 2 * normal(width) + 1, "writes": writes}
    return Case(inputs, label or f"{n_writes} writes of {width} features")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, 1, 4),
        _case(generator, 2, 5),
        _case(generator, 4, 6),
        _case(generator, 12, 16),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    double = _case(generator, 3, 7)
    return [
        _case(generator, 1, 8),
        _case(generator, 3, 5),
        _case(generator, 24, 32),
        Case({name: value.double() for name, value in double.inputs.items()}, "float64"),
    ]


EXERCISE = Exercise(
    id="block.share_of_input",
    title="What is left of the input",
    statement="""
In a post-norm stack the stream is normalized after each addition: $s \\leftarrow
\\operatorname{norm}(s + w)$, beginning with $s = x$. Here the writes $w_1, \\dots, w_N$ are given
and fixed, and $\\operatorname{norm}$ subtracts the mean and divides by the standard deviation (the
root of the mean squared difference; no $\\varepsilon$, no gain, no bias).

The stream is always a mixture of $x$ and the writes, each with a factor and with its mean taken
away. Return the factor of $x$ after the first write, after the second, and so on. (In a pre-norm
stack every factor is 1: nothing ever shrinks what was written.)
""",
    signature=Signature(
        summary="Return the factor with which x is contained in the stream after each write.",
        parameters=(
            Parameter("x", "float tensor [D], the stream at the start"),
            Parameter("writes", "float tensor [N D], what is added, in this order"),
        ),
        returns="list of N floats",
    ),
    forbidden=("layer_norm", "course_lib.layers"),
    level="core",
    points=4,
    minutes=10,
    example=Case(
        {
            "x": torch.tensor([1.0, -1.0]),
            "writes": torch.tensor([[1.0, -1.0], [3.0, -3.0]]),
        },
        "example",
    ),
    reference=share_of_input,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Follow the stream itself, step by step; you need the standard deviation of each sum.",
        "Dividing the whole mixture by $\\sigma$ divides each of its factors by $\\sigma$. The "
        "factor of $x$ begins at 1.",
        "In a loop: `total = stream + write`; `sigma = total.std(correction=0)`; "
        "`stream = (total - total.mean()) / sigma`; `share = share / sigma`.",
    ),
    explanation="Each normalization divides everything the stream holds by one number, so the "
    "factor of x is the product of all 1/σ so far. Where writes are as large as the stream and "
    "independent of it, σ is about √2 and x is halved by every two writes: the last writers always "
    "make up most of a post-norm stream, however deep it is.",
    mutants=(
        Mutant("pre_norm", _pre_norm, "That is pre-norm, where the stream is never divided."),
        Mutant(
            "last_only",
            _last_only,
            "Each factor holds the last division only; all earlier ones count too.",
        ),
        Mutant("grows", _grows, "The factor is multiplied by the deviations; divide by them."),
        Mutant(
            "one_less",
            _one_less,
            "The deviation is divided by D − 1, which is what `std` does unless told "
            "`correction=0`.",
        ),
        Mutant("variance", _variance, "The stream is divided by the variance, not by its root."),
        Mutant("not_centered", _not_centered, "The mean is not subtracted from the sum."),
        Mutant(
            "norm_at_the_end",
            _norm_at_the_end,
            "The writes are summed and normalized once; here every sum is normalized.",
        ),
        Mutant(
            "writes_alone",
            _writes_alone,
            "The deviation is that of the write alone; take the sum of stream and write.",
        ),
        Mutant(
            "root_two",
            _root_two,
            "√2 for each write is only the typical case; these writes have other sizes.",
        ),
    ),
)
