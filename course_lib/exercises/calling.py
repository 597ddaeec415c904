"""How a learner's function or class is called: the whole of what an isolated runner must know."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

# Inputs may name, under this key, the arguments whose gradients are part of the answer.
GRADIENTS = "gradients_for"
GRADIENT_OF = "gradient for "


def call_function(
    candidate: Callable[..., Any], parameters: Sequence[str], inputs: Mapping[str, Any]
) -> Any:
    """Call a function with its inputs by position, so that renamed parameters do no harm.

    After the first parameter that is left out, the rest are passed by name. Where the inputs name
    arguments under ``"gradients_for"``, the answer is ``{"result": …, "gradient for x": …, …}``.
    """
    if GRADIENTS in inputs:
        return _with_gradients(candidate, parameters, inputs)
    positional: list[Any] = []
    for name in parameters:
        if name not in inputs:
            break
        positional.append(inputs[name])
    named = {name: inputs[name] for name in parameters[len(positional) :] if name in inputs}
    return candidate(*positional, **named)


def _with_gradients(
    candidate: Callable[..., Any], parameters: Sequence[str], inputs: Mapping[str, Any]
) -> Any:
    """Call a function and differentiate through it; an answer that is missing stays missing.

    What is differentiated is the sum of all entries of the result, each with its own fixed weight.
    An input on which the result does not depend has a gradient of zeros, and so has every input of
    a result that is cut off from the graph.
    """
    names = inputs[GRADIENTS]
    given = {name: inputs[name] for name in parameters if name in inputs}
    with torch.inference_mode(False), torch.enable_grad():
        leaves = [tensor.detach().clone() for tensor in _tensors([inputs[name] for name in names])]
        learning = [leaf.requires_grad_() for leaf in leaves if leaf.is_floating_point()]
        # Copies are no leaves themselves, so that they may be changed in place.
        copies = iter([leaf.clone() for leaf in leaves])
        given |= {name: _replaced(inputs[name], copies) for name in names}
        result = call_function(candidate, parameters, given)
        if result is None or result is ...:
            return result
        ends = [end for end in _tensors(result) if end.requires_grad]
        # One number to differentiate: for several, PyTorch would import a library for seconds.
        total = sum(((end * _weights(end)).sum() for end in ends), start=torch.zeros(()))
        if ends:
            found = torch.autograd.grad(total, learning, allow_unused=True)
            for leaf, gradient in zip(learning, found, strict=True):
                leaf.grad = gradient
    gradients = iter(
        [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
    )
    own = {f"{GRADIENT_OF}{name}": _replaced(inputs[name], gradients) for name in names}
    detached = iter([tensor.detach() for tensor in _tensors(result)])
    return {"result": _replaced(result, detached), **own}


def _weights(end: Tensor) -> Tensor:
    """Return weights from −1.25 to 1.25: alike for every answer of this shape, exact in 16 bits."""
    places = torch.arange(end.numel(), device=end.device)
    return ((places * 7 % 11 - 5) / 4).to(end.dtype).reshape(end.shape)


def _tensors(value: Any) -> list[Tensor]:
    """Return every tensor in lists, tuples and dictionaries, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [t for item in value for t in _tensors(item)] if isinstance(value, list | tuple) else []


def _replaced(value: Any, tensors: Iterator[Tensor]) -> Any:
    """Return the same lists, tuples (as lists) and dictionaries with other tensors in them."""
    if isinstance(value, Tensor):
        return next(tensors)
    if isinstance(value, list | tuple):
        return [_replaced(item, tensors) for item in value]
    if isinstance(value, Mapping):
        return {key: _replaced(item, tensors) for key, item in value.items()}
    return value


def call_object(candidate: Callable[..., Any], inputs: Mapping[str, Any]) -> list[Any]:
    """Make an object and use it: the inputs are what :func:`object_inputs` returns."""
    made = candidate(**inputs["construct"])
    results: list[Any] = []
    for call in inputs["calls"]:
        if "attribute" in call:
            results.append(getattr(made, call["attribute"]))
            continue
        result = getattr(made, call["method"])(*call["arguments"])
        if call.get("keep", True):
            results.append(result)
    return results


def object_inputs(
    construct: Mapping[str, Any], calls: Sequence[tuple[Any, ...] | str]
) -> dict[str, Any]:
    """Return the inputs of a class exercise: arguments of the constructor and a list of calls.

    A call is ``("method", argument, ...)``, or ``"name"`` to read an attribute. Results of
    ``load_state_dict``, ``train``, ``eval`` and ``to`` are not compared.
    """
    silent = {"load_state_dict", "train", "eval", "to"}
    steps: list[dict[str, Any]] = [
        {"attribute": call}
        if isinstance(call, str)
        else {"method": call[0], "arguments": list(call[1:]), "keep": call[0] not in silent}
        for call in calls
    ]
    return {"construct": dict(construct), "calls": steps}
