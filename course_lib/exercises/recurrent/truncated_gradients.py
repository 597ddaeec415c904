"""Exercise: truncated back-propagation through time with a carried state."""

import random

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def truncated_gradients(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    """Return the gradient of each window's loss, with the state carried but not the graph."""
    weight = weight.detach().requires_grad_()
    state = torch.zeros(weight.shape[0])
    gradients = []
    for window in windows:
        loss = torch.zeros(())
        for x in window:
            state = torch.tanh(x + state @ weight)
            loss = loss + (state**2).sum()
        (gradient,) = torch.autograd.grad(loss / len(window), weight)
        gradients.append(gradient)
        state = state.detach()
    return gradients


def _run(
    weight: Tensor,
    windows: list[Tensor],
    *,
    carry: bool = True,
    cut: str = "window",
    mean: bool = True,
    every: bool = True,
) -> list[Tensor]:
    weight = weight.detach().requires_grad_()
    state = torch.zeros(weight.shape[0])
    gradients = []
    for window in windows:
        loss = torch.zeros(())
        for x in window:
            start = state.detach() if cut == "step" else state
            state = torch.tanh(x + start @ weight)
            loss = loss + (state**2).sum() if every else (state**2).sum()
        divisor = len(window) if mean and every else 1
        (gradient,) = torch.autograd.grad(loss / divisor, weight, retain_graph=True)
        gradients.append(gradient)
        if not carry:
            state = torch.zeros_like(state)
        elif cut == "window":
            state = state.detach()
    return gradients


def _forgets(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return _run(weight, windows, carry=False)


def _whole_history(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return _run(weight, windows, cut="never")


def _cuts_each_step(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return _run(weight, windows, cut="step")


def _sums(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return _run(weight, windows, mean=False)


def _last_only(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return _run(weight, windows, every=False)


def _adds_up(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    found = _run(weight, windows)
    return [torch.stack(found[: i + 1]).sum(0) for i in range(len(found))]


def _transposed(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return [gradient.T for gradient in _run(weight.T, windows)]


def _one_answer(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    return [torch.stack(_run(weight, windows)).sum(0)]


def _first_state_only(weight: Tensor, windows: list[Tensor]) -> list[Tensor]:
    """Begin every window with the state that the first one ended with."""
    first = _run(weight, windows[:1])
    fixed = weight.detach()
    state = torch.zeros(fixed.shape[0])
    for x in windows[0]:
        state = torch.tanh(x + state @ fixed)
    rest = []
    for window in windows[1:]:
        leaf = fixed.clone().requires_grad_()
        here, loss = state, torch.zeros(())
        for x in window:
            here = torch.tanh(x + here @ leaf)
            loss = loss + (here**2).sum()
        rest.append(torch.autograd.grad(loss / len(window), leaf)[0])
    return first + rest


def _case(draw: random.Random, d_state: int, lengths: list[int]) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    weight = 0.8 * torch.randn(d_state, d_state, generator=generator) / d_state**0.5
    windows = [0.7 * torch.randn(n, d_state, generator=generator) for n in lengths]
    return Case({"weight": weight, "windows": windows}, f"state of {d_state}, windows of {lengths}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(draw, 2, [3]),
        _case(draw, 2, [2, 2]),
        _case(draw, 3, [4, 4, 4]),
        _case(draw, 1, [3, 3]),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(draw, 4, [5, 5, 5, 5]),
        _case(draw, 2, [3, 1, 4]),
        _case(draw, 3, [1, 1, 1]),
        _case(draw, 5, [6, 6]),
    ]


EXERCISE = Exercise(
    id="recurrent.truncated_gradients",
    title="Remember, but do not learn through it",
    statement="""
A small network without input weights, $h_t = \\tanh(x_t + h_{t-1} W)$, reads a long sequence in
windows. It begins with a state of zeros. The loss of a window is the mean over its steps of
$\\sum_j h_{t,j}^2$.

Return the gradient of **each** window's loss with respect to $W$ by truncated back-propagation: a
window begins with the state that the one before ended with, but that state counts as a constant.
The weights stay as they are throughout. Use `torch.autograd.grad` (or `.backward()`, and then take
care that gradients do not add up).
""",
    signature=Signature(
        summary="Return the gradient of each window's loss, with the state carried but not the "
        "graph.",
        parameters=(
            Parameter("weight", "float tensor [M M], the weights W"),
            Parameter("windows", "list of float tensors [T M], the inputs, T >= 1 steps each"),
        ),
        returns="list of float tensors [M M], one gradient for each window",
    ),
    forbidden=("recurrent", "course_lib.classical", "transformers"),
    level="core",
    points=5,
    minutes=15,
    example=Case(
        {
            "weight": torch.tensor([[0.5]]),
            "windows": [torch.tensor([[1.0], [0.0]]), torch.tensor([[0.0], [0.0]])],
        },
        "example",
    ),
    reference=truncated_gradients,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two loops, one inside the other: over the windows, and over the steps of a window. What "
        "must survive from one window to the next, and what must not?",
        "Make `weight` a leaf that is learned: `weight = weight.detach().requires_grad_()`. Add up "
        "the loss of a window's steps, then `torch.autograd.grad(loss / len(window), weight)`, "
        "which returns a tuple.",
        "After each window, `state = state.detach()`: the same numbers without the graph that made "
        "them.",
    ),
    explanation="`detach()` is all there is to truncation: the next window starts from the right "
    "numbers, but its gradient stops where the window begins. Without it the gradient would walk "
    "back to the first step of the text, and memory and time would grow with every window. With "
    "zeros in its place nothing older than the window could ever be used.",
    mutants=(
        Mutant(
            "forgets",
            _forgets,
            "Each window begins with zeros; it must begin with the state the last one ended with.",
        ),
        Mutant(
            "whole_history",
            _whole_history,
            "The gradient reaches back into earlier windows; cut the state off with `.detach()` "
            "when a window ends.",
        ),
        Mutant(
            "cuts_each_step",
            _cuts_each_step,
            "The state is cut off at every step; within a window the gradient runs through all "
            "steps.",
        ),
        Mutant(
            "sums",
            _sums,
            "The loss is the sum over the steps of a window; it must be the mean.",
        ),
        Mutant(
            "last_only",
            _last_only,
            "Only the last step of a window counts; all of its steps have a loss.",
        ),
        Mutant(
            "adds_up",
            _adds_up,
            "The gradients of earlier windows are added to the later ones: `.backward()` adds to "
            "`.grad`, which must be cleared for each window.",
        ),
        Mutant(
            "transposed",
            _transposed,
            "The weights are used transposed; vectors are rows here, so it is `state @ weight`.",
        ),
        Mutant(
            "one_answer",
            _one_answer,
            "The gradients of the windows are added to one; a list with one for each is asked for.",
        ),
        Mutant(
            "first_state_only",
            _first_state_only,
            "Every later window begins with the state of the first one's end; carry the newest.",
        ),
    ),
)
