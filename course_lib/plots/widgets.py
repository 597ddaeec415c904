"""A slider that is also a page: where nobody can move it, its output for chosen values."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

Value = TypeVar("Value", int, float, str)


def is_live() -> bool:
    """Whether a reader may move widgets: not while the book is built, nor outside a notebook."""
    if os.environ.get("COURSE_BOOK_BUILD") == "1":
        return False
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()  # type: ignore[no-untyped-call, unused-ignore]
    return shell is not None and hasattr(shell, "kernel")


def slider(
    function: Callable[[Value], object],
    name: str,
    values: Sequence[Value],
    value: Value,
    *,
    static_values: Sequence[Value] | None = None,
) -> None:
    """Call a function with the value of a slider, each time the reader moves it.

    While the book is built (`COURSE_BOOK_BUILD=1`) and outside a notebook there is no slider: the
    function is called once for every one of `static_values`.

    Args:
        function: Draws for one value; it calls `show` or prints.
        name: Label of the slider, such as "temperature".
        values: The stops of the slider, in order.
        value: Where it starts; one of `values`.
        static_values: What the page shows; by default `value` alone.

    Raises:
        ValueError: `values` is empty, or `value` or a static value is not among them.
    """
    if len(values) == 0:
        raise ValueError("values is empty; give the stops of the slider")
    fixed: list[Value] = [value] if static_values is None else list(static_values)
    for each in [value, *fixed]:
        if each not in values:
            raise ValueError(f"{each!r} is not one of values, {list(values)}")
    if not is_live():
        for each in fixed:
            function(each)
        return
    import ipywidgets
    from IPython.display import display

    control = ipywidgets.SelectionSlider(
        options=list(values), value=value, description=name, continuous_update=False
    )
    output = ipywidgets.interactive_output(
        lambda chosen: _call(function, chosen), {"chosen": control}
    )
    display(ipywidgets.VBox([control, output]))


def _call(function: Callable[[Value], object], value: Value) -> None:
    """Call the function and drop what it returns, which would be displayed a second time."""
    function(value)
