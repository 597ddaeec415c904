"""Exercise: one step of a long short-term memory."""

import random

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

Pair = tuple[Tensor, Tensor]


def lstm_step(parts: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Return the new hidden state and the new memory."""
    write, keep, candidate, show = parts.chunk(4, dim=-1)
    memory = torch.sigmoid(keep) * memory + torch.sigmoid(write) * torch.tanh(candidate)
    return torch.sigmoid(show) * torch.tanh(memory), memory


def _ordered(parts: Tensor, memory: Tensor, order: tuple[int, int, int, int]) -> Pair:
    pieces = parts.chunk(4, dim=-1)
    return lstm_step(torch.cat([pieces[i] for i in order], dim=-1), memory)


def _write_and_keep_swapped(parts: Tensor, memory: Tensor) -> Pair:
    return _ordered(parts, memory, (1, 0, 2, 3))


def _show_before_candidate(parts: Tensor, memory: Tensor) -> Pair:
    return _ordered(parts, memory, (0, 1, 3, 2))


def _interleaved(parts: Tensor, memory: Tensor) -> Pair:
    pieces = [parts[..., i::4] for i in range(4)]
    return lstm_step(torch.cat(pieces, dim=-1), memory)


def _never_forgets(parts: Tensor, memory: Tensor) -> Pair:
    write, _, candidate, show = parts.chunk(4, dim=-1)
    memory = memory + write.sigmoid() * candidate.tanh()
    return show.sigmoid() * memory.tanh(), memory


def _coupled(parts: Tensor, memory: Tensor) -> Pair:
    write, _, candidate, show = parts.chunk(4, dim=-1)
    memory = (1 - write.sigmoid()) * memory + write.sigmoid() * candidate.tanh()
    return show.sigmoid() * memory.tanh(), memory


def _shows_old_memory(parts: Tensor, memory: Tensor) -> Pair:
    _, new = lstm_step(parts, memory)
    return parts.chunk(4, dim=-1)[3].sigmoid() * memory.tanh(), new


def _no_tanh_on_memory(parts: Tensor, memory: Tensor) -> Pair:
    _, new = lstm_step(parts, memory)
    return parts.chunk(4, dim=-1)[3].sigmoid() * new, new


def _sigmoid_candidate(parts: Tensor, memory: Tensor) -> Pair:
    write, keep, candidate, show = parts.chunk(4, dim=-1)
    memory = keep.sigmoid() * memory + write.sigmoid() * candidate.sigmoid()
    return show.sigmoid() * memory.tanh(), memory


def _no_gate_on_candidate(parts: Tensor, memory: Tensor) -> Pair:
    _, keep, candidate, show = parts.chunk(4, dim=-1)
    memory = keep.sigmoid() * memory + candidate.tanh()
    return show.sigmoid() * memory.tanh(), memory


def _memory_first(parts: Tensor, memory: Tensor) -> Pair:
    hidden, memory = lstm_step(parts, memory)
    return memory, hidden


def _case(draw: random.Random, batch: int, d_state: int, size: float = 1.0) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    return Case(
        {
            "parts": size * torch.randn(batch, 4 * d_state, generator=generator),
            "memory": torch.randn(batch, d_state, generator=generator),
        },
        f"{batch} rows, state of {d_state}" + (", large parts" if size > 1 else ""),
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(draw, 1, 2),
        _case(draw, 3, 4),
        _case(draw, 2, 3, 5.0),
        with_gradients(_case(draw, 2, 3), "parts", "memory"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    long = _case(draw, 2, 5)
    return [
        _case(draw, 1, 1),
        _case(draw, 4, 6, 3.0),
        Case({n: t.double() for n, t in long.inputs.items()}, f"{long.label}, float64"),
        with_gradients(_case(draw, 3, 4, 2.0), "parts", "memory"),
    ]


EXERCISE = Exercise(
    id="recurrent.lstm_step",
    title="One step of an LSTM",
    statement="""
The linear maps are done: `parts` is $x_t W_x + h_{t-1} W_h + b$, four blocks of $M$ columns side by
side in PyTorch's order $i, f, g, o$ (write, keep, candidate, show). Finish the step:

$$c_t = \\sigma(f) \\odot c_{t-1} + \\sigma(i) \\odot \\tanh(g) \\qquad
h_t = \\sigma(o) \\odot \\tanh(c_t)$$

$\\sigma$ is `torch.sigmoid` and $c_{t-1}$ the given `memory`. Return the hidden state $h_t$ **and**
the memory $c_t$. PyTorch must be able to differentiate both. Ready-made recurrent layers may not be
used.
""",
    signature=Signature(
        summary="Return the new hidden state and the new memory.",
        parameters=(
            Parameter("parts", "float tensor [B 4·M]: the blocks i, f, g, o; 32 or 64 bits"),
            Parameter("memory", "float tensor [B M], the memory before this step"),
        ),
        returns="(hidden, memory): two float tensors [B M]",
    ),
    forbidden=("recurrent", "course_lib.classical", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=Case(
        {
            "parts": torch.tensor([[0.0, 100.0, 0.0, 0.0]]),
            "memory": torch.tensor([[2.0]]),
        },
        "example",
    ),
    reference=lstm_step,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Which block decides how much of the old memory stays, and which how much of the new "
        "candidate is added? In the example f is huge: what does the gate become, and what "
        "happens to the memory?",
        "`parts.chunk(4, dim=-1)` gives the four blocks in order. Gates go through "
        "`torch.sigmoid`, the candidate through `torch.tanh`.",
        "First the new memory, `sigmoid(f) * memory + sigmoid(i) * tanh(g)`. Then the hidden "
        "state from the **new** memory: `sigmoid(o) * tanh(memory)`.",
    ),
    explanation="Gates lie between 0 and 1 and say how much passes. The memory is carried by a "
    "product with the keep gate and an addition, with no weight matrix and no tanh in its way; "
    "where the gate is near 1 it passes unchanged, and so does its gradient. The hidden state is "
    "what the rest of the network gets to see of it.",
    mutants=(
        Mutant(
            "write_and_keep_swapped",
            _write_and_keep_swapped,
            "The gates i and f are swapped: f keeps the old memory, i lets the candidate in.",
        ),
        Mutant(
            "show_before_candidate",
            _show_before_candidate,
            "The last two blocks are swapped; the order is i, f, g, o.",
        ),
        Mutant(
            "interleaved",
            _interleaved,
            "Every fourth column is taken; the four parts are blocks of M neighboring columns.",
        ),
        Mutant(
            "never_forgets",
            _never_forgets,
            "The old memory is not multiplied by the gate f.",
        ),
        Mutant(
            "coupled",
            _coupled,
            "The old memory is multiplied by 1 − σ(i); it has a gate of its own, σ(f).",
        ),
        Mutant(
            "shows_old_memory",
            _shows_old_memory,
            "The hidden state is made from the old memory; use the new one.",
        ),
        Mutant(
            "no_tanh_on_memory",
            _no_tanh_on_memory,
            "The memory enters the hidden state without tanh.",
        ),
        Mutant(
            "sigmoid_candidate",
            _sigmoid_candidate,
            "The candidate g goes through tanh, so that it can also lower the memory.",
        ),
        Mutant(
            "no_gate_on_candidate",
            _no_gate_on_candidate,
            "The candidate is added without its gate σ(i).",
        ),
        Mutant(
            "memory_first",
            _memory_first,
            "The answers are in the wrong order: first the hidden state, then the memory.",
        ),
        *graph_mistakes(lstm_step),
    ),
)
