"""Recurrent cells and layers: one step at a time, a state that remembers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.config import check_positive

State = tuple[Float[Tensor, "B M"], ...]
"""What a cell remembers: (hidden,) of an RNN, (hidden, memory) of an LSTM; M is d_state."""


class RecurrentCell(nn.Module):
    """What both cells have: one linear map of the input, one of the hidden state, their sum.

    All weights begin uniform in ±1/√M, as PyTorch's do. Their rows are the cell's `n_parts` parts
    of M rows each, in PyTorch's order.

    Args:
        d_input: D, length of the input vectors.
        d_state: M, length of the hidden state.
        generator: draws the weights.

    Raises:
        TypeError, ValueError: a size is no integer of at least 1.
    """

    n_parts: ClassVar[int]
    n_states: ClassVar[int]

    def __init__(
        self, d_input: int, d_state: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        check_positive("d_input", d_input)
        check_positive("d_state", d_state)
        self.d_input = d_input
        self.d_state = d_state
        self.from_input = nn.Linear(d_input, self.n_parts * d_state)
        self.from_hidden = nn.Linear(d_state, self.n_parts * d_state)
        bound = 1.0 / math.sqrt(d_state)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def zero_state(self, batch_size: int) -> State:
        """Return the state that remembers nothing."""
        weight = self.from_input.weight
        return tuple(weight.new_zeros(batch_size, self.d_state) for _ in range(self.n_states))

    def forward(self, x: Float[Tensor, "B D"], state: State) -> State:
        """Read one vector and return the new state."""
        raise NotImplementedError


class RNNCell(RecurrentCell):
    """The plain recurrent cell: h' = tanh(x W_x + b_x + h W_h + b_h).

    Source: Elman 1990; equal to `torch.nn.RNNCell` with the same weights.
    """

    n_parts = 1
    n_states = 1

    def forward(self, x: Float[Tensor, "B D"], state: State) -> State:
        """Read one vector and return the new state, (hidden,)."""
        (hidden,) = state
        return (torch.tanh(self.from_input(x) + self.from_hidden(hidden)),)


class LSTMCell(RecurrentCell):
    """The long short-term memory cell, with a forget gate.

    i, f, g, o = σ, σ, tanh, σ of the four parts of x W_x + b_x + h W_h + b_h
    c' = f ⊙ c + i ⊙ g        (memory)
    h' = o ⊙ tanh(c')         (hidden state, the output)

    Source: Hochreiter and Schmidhuber 1997; the forget gate is that of Gers et al. 2000. Equal to
    `torch.nn.LSTMCell` with the same weights.
    """

    n_parts = 4
    n_states = 2

    def forward(self, x: Float[Tensor, "B D"], state: State) -> State:
        """Read one vector and return the new state, (hidden, memory)."""
        hidden, memory = state
        parts = self.from_input(x) + self.from_hidden(hidden)  # [B 4M]
        write, keep, candidate, show = parts.chunk(4, dim=-1)
        memory = torch.sigmoid(keep) * memory + torch.sigmoid(write) * torch.tanh(candidate)
        hidden = torch.sigmoid(show) * torch.tanh(memory)
        return hidden, memory


class RecurrentLayer(nn.Module):
    """A cell run over a sequence, from left to right.

    Args:
        cell: the cell; its parameters are the layer's.
        fused: let PyTorch's kernel run the loop; the result is the same, only sooner.
    """

    def __init__(self, cell: RNNCell | LSTMCell, *, fused: bool = True) -> None:
        super().__init__()
        self.cell = cell
        self.fused = fused

    def forward(
        self, x: Float[Tensor, "B T D"], state: tuple[Tensor, ...] | None = None
    ) -> tuple[Float[Tensor, "B T M"], State]:
        """Return the hidden state after each step, and the state after the last.

        Args:
            x: the sequences.
            state: where to begin, each part [B M]; None remembers nothing.

        Raises:
            ValueError: the state does not fit the cell or the batch.
        """
        state = self._checked(x, state)
        if self.fused:
            return self._fused(x, state)
        outputs = []
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state

    def _fused(
        self, x: Float[Tensor, "B T D"], state: State
    ) -> tuple[Float[Tensor, "B T M"], State]:
        """Run the loop in PyTorch's own kernel, which wants a leading axis of layers."""
        first, second = self.cell.from_input, self.cell.from_hidden
        weights = [first.weight, second.weight, first.bias, second.bias]
        options = (True, 1, 0.0, False, False, True)  # biases, one layer, …, batch first
        if isinstance(self.cell, RNNCell):
            output, hidden = torch.rnn_tanh(x, state[0][None], weights, *options)
            return output, (hidden[0],)
        start = [part[None] for part in state]
        output, hidden, memory = torch.lstm(x, start, weights, *options)
        return output, (hidden[0], memory[0])

    def _checked(self, x: Float[Tensor, "B T D"], state: tuple[Tensor, ...] | None) -> State:
        if x.shape[-1] != self.cell.d_input:
            raise ValueError(
                f"x has vectors of length {x.shape[-1]}; the cell reads d_input = "
                f"{self.cell.d_input}"
            )
        if state is None:
            return self.cell.zero_state(x.shape[0])
        expected = (x.shape[0], self.cell.d_state)
        shapes = [tuple(part.shape) for part in state]
        if shapes != [expected] * self.cell.n_states:
            raise ValueError(
                f"state has parts of shapes {shapes}; this layer and batch need "
                f"{self.cell.n_states} of shape {expected}: carry a state between batches of one "
                "size, or give None"
            )
        return state


def set_spectral_radius(cell: RecurrentCell, radius: float) -> None:
    """Scale the recurrent weights in place so that the largest |eigenvalue| is `radius`.

    Each part of the weights (one of an RNN, four of an LSTM) is scaled on its own.

    Raises:
        ValueError: `radius` is negative.
    """
    if not radius >= 0:
        raise ValueError(f"radius must be at least 0, got {radius}")
    with torch.no_grad():
        for part in cell.from_hidden.weight.chunk(cell.n_parts):
            largest = torch.linalg.eigvals(part).abs().max()
            part.mul_(radius / largest)


def gradients_through_time(
    layer: RecurrentLayer,
    x: Float[Tensor, "B T D"],
    loss: Callable[[Float[Tensor, "B M"]], Float[Tensor, ""]],
) -> Float[Tensor, "B T"]:
    """Return how long the gradient of a late loss is at the state after each step.

    The entry [b, t] is ‖∂L / ∂s_t‖, with L = `loss`(last hidden state) and s_t the whole state
    after step t: for an LSTM hidden state and memory together. Entry T − 1 is distance 0.

    Source: the quantity of Pascanu et al. 2013, section 2.
    """
    state = layer._checked(x, None)
    kept: list[State] = []
    with torch.enable_grad():
        for t in range(x.shape[1]):
            made = layer.cell(x[:, t], state)
            # A fresh copy, the only way onward: its gradient is that of the state as a whole.
            state = tuple(part.clone().requires_grad_() for part in made)
            kept.append(state)
        flat = [part for parts in kept for part in parts]
        found = torch.autograd.grad(loss(state[0]), flat, allow_unused=True)
    size = layer.cell.n_states
    squares = [
        sum((g**2).sum(-1) for g in found[i : i + size] if g is not None)
        for i in range(0, len(found), size)
    ]
    return torch.stack([torch.as_tensor(square) for square in squares], dim=1).sqrt()
