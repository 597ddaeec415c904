"""Look for calls that an exercise forbids in the source of a live function.

Grading a class looks at the whole notebook; here only the function is at hand, so its source and
that of the helpers beside it are read, and the names they use are looked up in the live module.
Where no source can be had, as for a function typed at a prompt, nothing is claimed.
"""

import ast
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_lib.exercises import Exercise
from course_lib.grading.inside.policy import find_forbidden
from course_lib.grading.inspection import functions_of

_MOST_FUNCTIONS = 50


@dataclass(frozen=True)
class ForbiddenCall:
    """A call that the exercise does not allow, and the learner's line that makes it."""

    name: str
    line: str

    def __str__(self) -> str:
        return f"`{self.name}` in {self.line}" if self.line else f"`{self.name}`"


def forbidden_calls(exercise: Exercise, candidate: object) -> tuple[ForbiddenCall, ...]:
    """Return the forbidden calls in the candidate and its helpers, in the order of the source."""
    if not exercise.forbidden:
        return ()
    found: dict[ForbiddenCall, None] = {}
    for function in _functions(candidate):
        for call in _in_one(function, exercise.forbidden):
            found[call] = None
    return tuple(found)


def _in_one(function: Any, forbidden: Sequence[str]) -> Iterator[ForbiddenCall]:
    home = _home(function)
    if home and home[1]:  # something of a library, given as it is
        tree = _with_imports(ast.parse(f"{home[1]}()"), {home[1]: home}, 2)
        violations = find_forbidden(tree, forbidden)
        if violations:
            yield ForbiddenCall(violations[0].name, "")
            return
    read = _source(function)
    if read is None:
        return
    parsed, lines, first = read
    homes = {name: _home(value) for name, value in _names(function, parsed).items()}
    imported = [name for name, home in homes.items() if home]
    tree = _with_imports(parsed, homes, len(lines) + 1)
    for violation in find_forbidden(tree, forbidden):
        place = violation.line
        if place > len(lines):  # the import that we added: say where its name is used
            place = _first_use(parsed, imported[place - len(lines) - 1])
        text = lines[place - 1].strip()
        yield ForbiddenCall(violation.name, f"line {first + place - 1}: {text}")


def _first_use(tree: ast.AST, name: str) -> int:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
    return min(node.lineno for node in nodes)


def _functions(candidate: object) -> list[Any]:
    """Return the candidate's functions and the helpers of the same module that they use."""
    waiting, found = functions_of(candidate), list[Any]()
    while waiting and len(found) < _MOST_FUNCTIONS:
        function = waiting.pop(0)
        if any(function is known for known in found):
            continue
        found.append(function)
        read = _source(function)
        if read is None:
            continue
        for value in _names(function, read[0]).values():
            waiting += [
                item
                for item in functions_of(value)
                if isinstance(item, types.FunctionType) and item.__globals__ is function.__globals__
            ]
    return found


def _source(function: Any) -> tuple[ast.Module, list[str], int] | None:
    """Return the function's tree, its lines and the number of the first one in its cell."""
    if not isinstance(function, types.FunctionType):
        return None
    try:
        lines, first = inspect.getsourcelines(function)
        parsed = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return None
    if function.__name__ == "<lambda>":
        lambdas = [node for node in ast.walk(parsed) if isinstance(node, ast.Lambda)]
        if len(lambdas) != 1:  # which of them it is cannot be told
            return None
        parsed = ast.Module(body=[ast.Expr(lambdas[0])], type_ignores=[])
    return parsed, lines, max(first, 1)


def _names(function: types.FunctionType, tree: ast.Module) -> dict[str, Any]:
    """Return the values of the names in the tree that come from outside the function."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    known: dict[str, Any] = {name: v for name, v in function.__globals__.items() if name in used}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            known[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return known


def _home(value: Any) -> tuple[str, str] | None:
    """Return module and name from which a value can be imported; no name for a module itself."""
    if isinstance(value, types.ModuleType):
        return value.__name__, ""
    if not callable(value):
        return None
    for module in (torch, torch.nn.functional, torch.special, np):
        name = getattr(value, "__name__", "")
        if isinstance(name, str) and name and vars(module).get(name) is value:
            return module.__name__, name
    module_name, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module_name, str) or module_name == "__main__":
        return None
    if isinstance(name, str) and name.isidentifier():
        return module_name, name
    return None


def _with_imports(
    body: ast.Module, homes: Mapping[str, tuple[str, str] | None], first_line: int
) -> ast.Module:
    """Return the body after the imports that make its names, each with a line of its own."""
    statements: list[ast.stmt] = []
    for number, (name, home) in enumerate((n, h) for n, h in homes.items() if h):
        module, attribute = home
        text = f"from {module} import {attribute}" if attribute else f"import {module}"
        text += f" as {name}" if (attribute or module) != name else ""
        try:
            parsed = ast.parse(text)
        except SyntaxError:  # as for a module made by hand
            continue
        statements += [ast.increment_lineno(item, first_line + number - 1) for item in parsed.body]
    return ast.Module([*statements, *body.body], type_ignores=[])
