"""What a solution may not call: families of calls and modules, found in its text and banned.

The static finder gives a clear message with a line; what it cannot see, as names made at run time,
fails when it is called (:func:`ban`).
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_lib.grading.inside.banning import ban
from course_lib.grading.inside.cells import Statement
from course_lib.grading.inside.families import (
    FAMILIES,
    LIBRARIES,
    ForbiddenCallError,
    families_of,
    is_inside,
    modules_of,
)

__all__ = [
    "FAMILIES",
    "ForbiddenCallError",
    "Violation",
    "ban",
    "find_forbidden",
    "find_in_statements",
]
_MOST_VIOLATIONS = 20
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Bindings = dict[str, str | None]


@dataclass(frozen=True)
class Violation:
    """A forbidden call: its name, the notebook's code cell (from 1) and line, and words for it."""

    name: str
    cell: int | None
    line: int
    message: str


def find_forbidden(tree: ast.AST, forbidden: Sequence[str]) -> list[Violation]:
    """Return where the code names what is forbidden, judged by its text alone.

    Import aliases are resolved; a learner's own function of the same name is not meant.

    >>> tree = ast.parse("from torch import softmax as s\\ndef f(x): return s(x, 0)")
    >>> find_forbidden(tree, ["softmax"])[0].message
    '`torch.softmax` may not be used in this exercise'
    >>> find_forbidden(ast.parse("def softmax(x): return x.exp()"), ["softmax"])
    []
    """
    body = tree.body if isinstance(tree, ast.Module) else [tree]
    return _Finder(forbidden).search([(None, node) for node in body])


def find_in_statements(
    statements: Iterable[Statement], forbidden: Sequence[str]
) -> list[Violation]:
    """Return the same for statements of a notebook, with the numbers of their cells."""
    return _Finder(forbidden).search([(item.cell, item.node) for item in statements])


class _Finder(ast.NodeVisitor):
    def __init__(self, forbidden: Sequence[str]) -> None:
        self.names = families_of(tuple(forbidden)).names
        self.modules = modules_of(tuple(forbidden))
        self.found: dict[tuple[str, int | None, int], Violation] = {}
        self.cell: int | None = None
        self.scopes: list[_Bindings] = [{}]
        self.own_methods: set[str] = set()
        self.stars: set[str] = set()

    def search(self, nodes: list[tuple[int | None, ast.AST]]) -> list[Violation]:
        for _, node in nodes:
            self.scopes[0].update(self._bindings([node]))
            for inner in ast.walk(node):
                if isinstance(inner, ast.ClassDef):
                    self.own_methods |= {
                        item.name for item in inner.body if isinstance(item, ast.FunctionDef)
                    }
                elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                    self.own_methods.add(inner.attr)
        for self.cell, node in nodes:
            try:
                self.visit(node)
            except RecursionError:  # too deep for us; what it calls is banned all the same
                continue
        return list(self.found.values())[:_MOST_VIOLATIONS]

    def _bindings(self, nodes: Iterable[ast.AST]) -> _Bindings:
        """Return what the names given here mean: a dotted name, or something of their own."""
        bound: _Bindings = {}
        waiting = list(nodes)
        while waiting:
            node = waiting.pop(0)
            match node:
                case ast.Import(names=aliases):
                    for alias in aliases:
                        top = alias.name.split(".")[0]
                        bound[alias.asname or top] = alias.name if alias.asname else top
                case ast.ImportFrom(module=module, names=aliases, level=0):
                    for alias in aliases:
                        bound[alias.asname or alias.name] = f"{module}.{alias.name}"
                        if alias.name == "*":
                            self.stars.add((module or "").split(".")[0])
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    bound[name] = None
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    bound[name] = None
                    continue
                case ast.ClassDef(name=name):
                    bound[name] = None
                    continue
                case ast.Lambda():
                    continue
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    bound[name] = self._dotted(value)
                    waiting = [value, *waiting]
                    continue
            waiting += ast.iter_child_nodes(node)
        return bound

    def _dotted(self, node: ast.AST) -> str | None:
        """Return the full dotted name of an expression, where it is one."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        for scope in reversed(self.scopes):
            if node.id in scope:
                meaning = scope[node.id]
                return None if meaning is None else ".".join([meaning, *reversed(parts)])
        if self.stars & LIBRARIES and node.id in self.names:
            return ".".join([*sorted(self.stars & LIBRARIES)[:1], node.id, *reversed(parts)])
        return None

    def _report(self, name: str, node: ast.AST) -> None:
        line = getattr(node, "lineno", 0)
        message = f"`{name}` may not be used in this exercise"
        self.found.setdefault((name, self.cell, line), Violation(name, self.cell, line, message))

    def _judge(self, name: str | None, node: ast.AST) -> bool:
        if name is None:
            return False
        first, *rest = name.split(".")
        if is_inside(name, self.modules) or (
            first in LIBRARIES and any(part in self.names for part in rest)
        ):
            self._report(name, node)
            return True
        return False

    def _enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        outside = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        outside += getattr(node, "decorator_list", [])
        for part in outside:
            self.visit(part)
        body = node.body if isinstance(node.body, list) else [node.body]
        bound = self._bindings([node.args, *body])
        for inner in body:
            for item in ast.walk(inner):
                if isinstance(item, ast.Global | ast.Nonlocal):
                    bound = {name: bound[name] for name in bound if name not in item.names}
        self.scopes.append(bound)
        for inner in body:
            self.visit(inner)
        self.scopes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            shown = alias.asname or alias.name.split(".")[0]
            meaning = self._meaning(shown)
            if meaning is not None and alias.name.startswith(meaning):
                self._judge(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            still_meant = self._meaning(alias.asname or alias.name) == full
            if still_meant and is_inside(full, self.modules):
                self._report(full.removesuffix(".*"), node)

    def _meaning(self, name: str) -> str | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._judge(self._dotted(node), node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self._judge(self._dotted(node), node):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and self._is_method(function):
            self._report(f".{function.attr}()", function)
        match node:
            case ast.Call(
                func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name)), *_]
            ):
                base = self._dotted(owner)
                self._judge(None if base is None else f"{base}.{name}", node)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                self._judge(name, node)
        self.generic_visit(node)

    def _is_method(self, function: ast.Attribute) -> bool:
        """Tell whether this calls a forbidden method of what may be a tensor."""
        if function.attr not in self.names or function.attr in self.own_methods:
            return False
        owner = function.value
        if isinstance(owner, ast.Name) and owner.id in ("self", "cls"):
            return False
        return self._dotted(owner) is None
