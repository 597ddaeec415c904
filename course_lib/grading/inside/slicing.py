"""Which top-level statements of a notebook a function needs, found without running anything.

So a chapter's experiments and training runs are not repeated to grade one function of it.
"""

import ast
import builtins
import math
import re
import symtable
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from course_lib.grading.inside.cells import Notebook

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_ALWAYS_THERE = frozenset((*dir(builtins), "__name__", "__doc__", "display", "get_ipython"))
LATER = math.inf
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Slice:
    """Positions of the statements that are needed, and the names that none of them gives."""

    positions: tuple[int, ...]
    unresolved: frozenset[str]


class _Step:
    """A statement and what it gives and takes."""

    def __init__(self, node: ast.stmt) -> None:
        self.node = node
        self.imported: set[str] = set()
        self.given: set[str] = set()
        self.changed: set[str] = set()
        self.called: set[str] = set()
        self.declared_global: set[str] = set()
        self.has_star = False
        for item in _outside_functions([node]):
            self._note(item)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):
                self.declared_global.update(inner.names)

    def _note(self, item: ast.AST) -> None:
        match item:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self.given.add(name)
            case ast.ClassDef(name=name):
                self.given.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self.given.add(name)
            case ast.Import(names=aliases):
                names = {alias.asname or alias.name.split(".")[0] for alias in aliases}
                self.imported |= names
                self.given |= names
            case ast.ImportFrom(names=aliases):
                names = {alias.asname or alias.name for alias in aliases}
                self.has_star = self.has_star or "*" in names
                self.imported |= names - {"*"}
                self.given |= names - {"*"}
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                self.given.add(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                self.given.add(name)
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                self.changed |= _root_of(item)
            case ast.Call(func=ast.Attribute() as function):
                self.changed |= _root_of(function)
                if not function.attr.startswith("set"):
                    self.called |= _root_of(function)
            case ast.Call(func=ast.Name(id=name)):
                self.called.add(name)
                if name in ("setattr", "delattr"):
                    self.changed |= _root_of(item.args[0]) if item.args else set()
            case _:
                pass

    @cached_property
    def replaces(self) -> bool:
        """Whether it gives its names anew, whatever they were before."""
        if isinstance(self.node, _DEFINITIONS):
            return True
        simple = isinstance(self.node, ast.Assign | ast.AnnAssign) and self.node.value is not None
        return simple and not (self.given & self.now)

    @cached_property
    def _tables(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names taken when it runs, and names that its functions take when they are called."""
        try:
            table = symtable.symtable(ast.unparse(self.node), "cell", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return frozenset(), frozenset()
        now = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
        later: set[str] = set()
        _collect(table.get_children(), now, later)
        return frozenset(now), frozenset(later)

    @property
    def now(self) -> frozenset[str]:
        return self._tables[0]

    @property
    def later(self) -> frozenset[str]:
        return self._tables[1]


def _outside_functions(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """Yield all nodes whose names belong to the notebook's own namespace."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += node.decorator_list
            continue
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            waiting += [part.iter for part in node.generators]
            waiting += [part for part in ast.walk(node) if isinstance(part, ast.Call)]
            continue
        waiting += ast.iter_child_nodes(node)


def _root_of(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _collect(tables: list[symtable.SymbolTable], now: set[str], later: set[str]) -> None:
    for table in tables:
        names = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
        # A class's body and a comprehension run at once.
        runs_now = table.get_type() == "class" or table.get_name().endswith(("comp", "genexpr"))
        (now if runs_now else later).update(names)
        _collect(table.get_children(), now if runs_now else later, later)


class _Steps:
    """The steps of a notebook. Only those whose text mentions a name are looked at closely."""

    def __init__(self, notebook: Notebook) -> None:
        self.statements = notebook.statements
        self._steps: dict[int, _Step] = {}
        self._words: dict[str, list[int]] = {}
        self._givers: dict[str, list[int]] = {}
        lines = {cell: text.split("\n") for cell, text in notebook.sources.items()}
        for place, statement in enumerate(self.statements):
            node = statement.node
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            text = "\n".join(lines[statement.cell][first - 1 : node.end_lineno])
            text = text if text.isascii() else unicodedata.normalize("NFKC", text)
            for word in set(_WORD.findall(text)):
                self._words.setdefault(word, []).append(place)
        self._writes = self._global_writes()

    def step(self, place: int) -> _Step:
        """Return a step, which is analyzed when it is first asked for."""
        if place not in self._steps:
            self._steps[place] = _Step(self.statements[place].node)
        return self._steps[place]

    @cached_property
    def stars(self) -> list[int]:
        """Positions of ``from … import *``."""
        return [place for place in self._words.get("import", ()) if self.step(place).has_star]

    def givers(self, name: str) -> list[int]:
        """Return the positions of the statements that give or change a name."""
        if name not in self._givers:
            writers = [word for word, names in self._writes.items() if name in names]
            mentions = {place for word in (name, *writers) for place in self._words.get(word, ())}
            is_library = any(name in self.step(place).imported for place in mentions)
            if name in _ALWAYS_THERE:
                is_library = not any(name in self.step(place).given for place in mentions)
            self._givers[name] = [
                place for place in sorted(mentions) if self._gives(place, name, is_library)
            ]
        return self._givers[name]

    def _gives(self, place: int, name: str, is_library: bool) -> bool:
        step = self.step(place)
        if name in step.given or name in step.declared_global:
            return True
        # `torch.manual_seed(0)` and `dict.fromkeys("ab")` change neither in a way that counts here.
        if name in step.changed and not (is_library and name in step.called):
            return True
        if isinstance(step.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return False
        return any(name in self._writes.get(function, ()) for function in step.called)

    def _global_writes(self) -> dict[str, set[str]]:
        """Return, for each function, the notebook's names that calling it may set."""
        writes: dict[str, set[str]] = {}
        for place in self._words.get("global", ()):
            step = self.step(place)
            for name in step.given:
                writes.setdefault(name, set()).update(step.declared_global)
        for _ in range(3 if writes else 0):  # functions that call functions, some levels deep
            for inner in list(writes):
                for place in self._words.get(inner, ()):
                    step = self.step(place)
                    if inner in step.later:
                        for name in step.given:
                            writes.setdefault(name, set()).update(writes[inner])
        return writes


def take_slice(notebook: Notebook, names: Iterable[str]) -> Slice:
    """Return what is needed for the names to be defined and usable after the last cell.

    A name needed when a statement runs is taken from the statements before it, beginning with the
    last one that gives it anew; one that a function needs, from all as they stand at the end.
    """
    steps = _Steps(notebook)
    kept: set[int] = set()
    unresolved: set[str] = set()
    waiting: list[tuple[str, float]] = [(name, LATER) for name in names]
    seen: set[tuple[str, float]] = set(waiting)
    while waiting:
        name, time = waiting.pop()
        found = _in_force(steps, name, time)
        if not found and name not in _ALWAYS_THERE:
            unresolved.add(name)
            found = steps.stars
        for place in found:
            kept.add(place)
            step = steps.step(place)
            wanted = [(other, float(place)) for other in step.now]
            wanted += [(other, time) for other in step.later]
            if not isinstance(step.node, _DEFINITIONS):
                wanted += [(other, float(place)) for other in step.later]
            waiting += [item for item in wanted if item not in seen]
            seen.update(wanted)
    return Slice(tuple(sorted(kept)), frozenset(unresolved))


def _in_force(steps: _Steps, name: str, time: float) -> list[int]:
    """Return which statements have a say in what the name means at that time."""
    places = steps.givers(name)
    before = [place for place in places if place < time]
    if not before:  # used above its definition: cells may have been run in another order
        before = places
    given = [p for p in before if name in steps.step(p).given and steps.step(p).replaces]
    return [place for place in before if place >= given[-1]] if given else before
