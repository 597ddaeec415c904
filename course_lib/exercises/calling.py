"""How a learner's function or class is called: the whole of what an isolated runner must know."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def call_function(
    candidate: Callable[..., Any], parameters: Sequence[str], inputs: Mapping[str, Any]
) -> Any:
    """Call a function with its inputs by position, so that renamed parameters do no harm.

    After the first parameter that is left out, the rest are passed by name.
    """
    positional: list[Any] = []
    for name in parameters:
        if name not in inputs:
            break
        positional.append(inputs[name])
    named = {name: inputs[name] for name in parameters[len(positional) :] if name in inputs}
    return candidate(*positional, **named)


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
