"""Exercise: run a plain recurrent network over sequences."""

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


def rnn_states(
    x: Tensor, state: Tensor, from_input: Tensor, from_state: Tensor, bias: Tensor
) -> Tensor:
    """Return the hidden state after every step."""
    states = []
    for t in range(x.shape[1]):
        state = torch.tanh(x[:, t] @ from_input + state @ from_state + bias)
        states.append(state)
    return torch.stack(states, dim=1)


def _no_memory(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return torch.tanh(x @ a + (state @ w)[:, None] + bias)


def _before(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    after = rnn_states(x, state, a, w, bias)
    return torch.cat([state[:, None], after[:, :-1]], dim=1)


def _transposed(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x, state, a, w.T, bias)


def _no_tanh(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    states = []
    for t in range(x.shape[1]):
        state = x[:, t] @ a + state @ w + bias
        states.append(state)
    return torch.stack(states, dim=1)


def _tanh_inside(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    states = []
    for t in range(x.shape[1]):
        state = torch.tanh(x[:, t] @ a + bias) + state @ w
        states.append(state)
    return torch.stack(states, dim=1)


def _tanh_outside(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return torch.tanh(_no_tanh(x, state, a, w, bias))


def _no_bias(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x, state, a, w, torch.zeros_like(bias))


def _forgets_the_start(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x, torch.zeros_like(state), a, w, bias)


def _last_only(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x, state, a, w, bias)[:, -1]


def _from_the_end(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x.flip(1), state, a, w, bias).flip(1)


def _stacked_wrong(x: Tensor, state: Tensor, a: Tensor, w: Tensor, bias: Tensor) -> Tensor:
    return rnn_states(x, state, a, w, bias).transpose(0, 1)


def _case(draw: random.Random, batch: int, steps: int, d_input: int, d_state: int) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return Case(
        {
            "x": normal(batch, steps, d_input),
            "state": normal(batch, d_state).tanh(),
            "from_input": 0.5 * normal(d_input, d_state),
            "from_state": 0.5 * normal(d_state, d_state),
            "bias": 0.3 * normal(d_state),
        },
        f"{batch} sequences of {steps} steps, state of {d_state}",
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(draw, 1, 1, 2, 3),
        _case(draw, 2, 4, 3, 2),
        _case(draw, 3, 5, 2, 4),
        with_gradients(_case(draw, 2, 3, 2, 3), "x", "from_state"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    longer = _case(draw, 2, 12, 3, 4)
    return [
        _case(draw, 4, 1, 3, 5),
        _case(draw, 1, 9, 4, 3),
        Case({n: t.double() for n, t in longer.inputs.items()}, f"{longer.label}, float64"),
        with_gradients(_case(draw, 3, 6, 2, 4), "x", "state", "from_input", "from_state", "bias"),
    ]


_EXAMPLE = Case(
    {
        "x": torch.tensor([[[1.0], [0.0], [0.0]]]),
        "state": torch.tensor([[0.0]]),
        "from_input": torch.tensor([[1.0]]),
        "from_state": torch.tensor([[0.5]]),
        "bias": torch.tensor([0.0]),
    },
    "example",
)

EXERCISE = Exercise(
    id="recurrent.rnn_states",
    title="A recurrent network, step by step",
    statement="""
Run a plain recurrent network over a batch of sequences and return the hidden state after **every**
step:

$$h_t = \\tanh\\left(x_t W_x + h_{t-1} W_h + b\\right)$$

$x_t$ holds the vectors at step $t$, and $h_0$ is the given `state`. PyTorch must be able to
differentiate the result: some cases compare gradients. PyTorch's ready-made recurrent layers and
the course's may not be used.
""",
    signature=Signature(
        summary="Return the hidden state after every step.",
        parameters=(
            Parameter("x", "float tensor [B T D], the inputs; 32 or 64 bits"),
            Parameter("state", "float tensor [B M], the hidden state before the first step"),
            Parameter("from_input", "float tensor [D M], the weights W_x"),
            Parameter("from_state", "float tensor [M M], the weights W_h"),
            Parameter("bias", "float tensor [M]"),
        ),
        returns="float tensor [B T M], the states after steps 1 to T",
    ),
    forbidden=("recurrent", "course_lib.classical", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_EXAMPLE,
    reference=rnn_states,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Each state needs the one before it, so there is no way around a loop over time. What "
        "does one turn of it read, and what does it replace?",
        "In the loop, `x[:, t]` is [B D]. Compute the new state from it and the old one, call it "
        "`state` again, and append it to a list.",
        "`state = torch.tanh(x[:, t] @ from_input + state @ from_state + bias)`; after the loop, "
        "`torch.stack(states, dim=1)` puts time on the second axis.",
    ),
    explanation="The same weights are used at every step; only the state changes. Stacking on "
    "dim=1 gives [B T M], batch first. Nothing is changed in place, so PyTorch keeps the whole "
    "chain of steps and can walk back through it: that walk is back-propagation through time.",
    mutants=(
        Mutant(
            "no_memory",
            _no_memory,
            "Every step begins from the first state; it must begin from the one before it.",
        ),
        Mutant(
            "before",
            _before,
            "These are the states before each step; the state after it is asked for.",
        ),
        Mutant(
            "transposed",
            _transposed,
            "from_state is transposed; vectors are rows here, so it is `state @ from_state`.",
        ),
        Mutant("no_tanh", _no_tanh, "The tanh is missing."),
        Mutant(
            "tanh_inside",
            _tanh_inside,
            "The tanh is around the input's part only; it goes around the whole sum.",
        ),
        Mutant(
            "tanh_outside",
            _tanh_outside,
            "The tanh is applied to what is returned but not to what is carried on.",
        ),
        Mutant("no_bias", _no_bias, "The bias is missing."),
        Mutant(
            "forgets_the_start",
            _forgets_the_start,
            "The given state is ignored and zeros are used in its place.",
        ),
        Mutant("last_only", _last_only, "Only the last state is returned; all T are asked for."),
        Mutant("from_the_end", _from_the_end, "The sequence is read from its end to its start."),
        Mutant(
            "stacked_wrong",
            _stacked_wrong,
            "Time stands on the first axis; stack the states on dim=1 for [B T M].",
        ),
        *graph_mistakes(rnn_states),
    ),
)
