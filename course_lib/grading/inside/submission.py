"""One exercise of one notebook, in a child of its own: read, slice, judge by text, load, call."""

import ast
import builtins
import gc
import linecache
import os
import re
import sys
import time
import types
from dataclasses import asdict
from typing import Any

from course_lib.exercises.calling import call_function, call_object
from course_lib.grading.inside.calls import (
    LearnerError,
    Printed,
    explain,
    own_randomness,
    quiet,
)
from course_lib.grading.inside.cells import Notebook, Statement, read_cells
from course_lib.grading.inside.codec import CodecError
from course_lib.grading.inside.fingerprints import fingerprints
from course_lib.grading.inside.frames import pack, read_frame, write_frame
from course_lib.grading.inside.policy import ban, find_in_statements
from course_lib.grading.inside.slicing import Slice, take_slice
from course_lib.grading.inside.untouched import is_untouched

_OWN_FILES = "cell "
_PASSES = 3


def serve(descriptor: int, request: dict[str, Any]) -> None:
    """Answer a request: one frame when the text is read, one when it is loaded, one per case."""
    notebook = read_cells(request["cells"])
    if "names" in request:
        answer = fingerprints(notebook, request["names"])
        write_frame(descriptor, {"fingerprints": answer}, request["reply_bytes"])
        return
    _Submission(descriptor, request, notebook).run()


class _Submission:
    def __init__(self, descriptor: int, request: dict[str, Any], notebook: Notebook) -> None:
        self.descriptor = descriptor
        self.request = request
        self.notebook = notebook
        self.name: str = request["name"]
        self.failures: dict[int, LearnerError] = {}
        self.module = types.ModuleType("__main__")

    def send(self, message: dict[str, Any]) -> None:
        write_frame(self.descriptor, message, self.request["reply_bytes"])

    def run(self) -> None:
        needed = self._choose()
        kept = [self.notebook.statements[place] for place in needed.positions]
        violations = find_in_statements(kept, self.request["forbidden"])
        broken = self._broken_definition(kept)
        is_there = bool(kept) or broken is not None
        status = "forbidden" if violations else "ready" if is_there else "missing"
        self.send(
            {
                "status": status,
                "violations": [asdict(violation) for violation in violations],
                "notes": self.notebook.notes,
            }
        )
        if status != "ready":
            return
        gc.enable()
        ban(self.request["forbidden"])
        everything = self.request["everything"]
        positions = range(len(self.notebook.statements)) if everything else needed.positions
        self._load(list(positions))
        candidate = getattr(self.module, self.name, None)
        problem = broken or self._problem(candidate)
        status = "ran"
        if problem is None and is_untouched(candidate, self.request["stub"]):
            status = "untouched"
        error = None if problem is None else asdict(problem)
        notes = self.notebook.notes
        self.send({"status": status, "error": error, "notes": notes, "cpu": time.process_time()})
        if status == "ran" and problem is None:
            unresolved = needed.unresolved - set(dir(builtins)) - vars(self.module).keys()
            while True:
                self._answer(candidate, frozenset() if everything else unresolved)

    def _choose(self) -> Slice:
        """Return what the solution needs; where its name is missing, what ``check`` was given."""
        needed = take_slice(self.notebook, [self.name])
        is_imported = self._is_only_imported(needed)
        if needed.positions and not is_imported:
            return needed
        for statement in reversed(self.notebook.statements):
            for node in ast.walk(statement.node):
                match node:
                    case ast.Call(
                        func=ast.Name(id="check"),
                        args=[ast.Constant(value=exercise), ast.Name(id=other), *_],
                    ) if exercise == self.request["id"] and other != self.name:
                        found = take_slice(self.notebook, [other])
                        if found.positions:
                            self.notebook.note(
                                f"`{self.name}` is not defined; `{other}`, which the check cell "
                                "names, was graded instead"
                            )
                            self.name = other
                            return found
        if is_imported:
            self.notebook.note(f"`{self.name}` is imported here, not written")
            return Slice((), frozenset())
        return needed

    def _is_only_imported(self, needed: Slice) -> bool:
        """Tell whether the name comes from a library: many chapters import what one is to write."""
        kept = [self.notebook.statements[place] for place in needed.positions]
        givers = [item.node for item in kept if _defines(item, self.name)]
        return bool(givers) and all(isinstance(n, ast.Import | ast.ImportFrom) for n in givers)

    def _broken_definition(self, kept: list[Statement]) -> LearnerError | None:
        """Return the syntax error of a cell that should have defined the name last."""
        last = max((item.cell for item in kept if _defines(item, self.name)), default=0)
        wanted = re.compile(rf"^\s*(?:def|class)\s+{re.escape(self.name)}\b", re.MULTILINE)
        for cell, (error, text) in self.notebook.broken.items():
            if cell > last and wanted.search(text):
                line = f"cell {cell}, line {error.lineno}"
                shown = (error.text or "").strip()
                where = f"{line}: {shown}" if shown else line
                return LearnerError("exception", f"SyntaxError: {error.msg}", where, "SyntaxError")
        return None

    def _problem(self, candidate: object) -> LearnerError | None:
        """Return why there is nothing to call, if so."""
        if not hasattr(self.module, self.name):
            own = [
                place
                for place in self.failures
                if _defines(self.notebook.statements[place], self.name)
            ]
            place = max(own or self.failures, default=None)
            if place is not None:
                return self.failures[place]
            return LearnerError("exception", f"`{self.name}` is deleted again", "", "NameError")
        if candidate is None or candidate is ... or callable(candidate):
            return None
        kind = "class" if self.request["kind"] == "class" else "function"
        message = f"`{self.name}` is a {type(candidate).__name__}, not a {kind}"
        return LearnerError("call", message, "", "TypeError")

    def _load(self, positions: list[int]) -> None:
        space = vars(self.module)
        space["display"] = space["get_ipython"] = lambda *_arguments, **_options: None
        sys.modules["__main__"] = self.module
        for cell, source in self.notebook.sources.items():
            lines = [f"{line}\n" for line in source.split("\n")]
            linecache.cache[f"cell {cell}"] = (len(source), None, lines, f"cell {cell}")
        flags = _future_flags(self.notebook)
        waiting = positions
        with quiet(Printed()), own_randomness():
            for _ in range(_PASSES):  # what was used above its definition has its chance
                for place in waiting:
                    self._execute(place, flags)
                waiting = [p for p in waiting if self._type_of_failure(p) == "NameError"]
                if not waiting:
                    break
        for place, problem in sorted(self.failures.items()):
            where = problem.line.partition(": ")[0] or self.notebook.statements[place].file
            self.notebook.note(f"{where}: {problem.message}")

    def _type_of_failure(self, place: int) -> str:
        return self.failures[place].type_name if place in self.failures else ""

    def _execute(self, place: int, flags: int) -> None:
        statement = self.notebook.statements[place]
        self.failures.pop(place, None)
        try:
            tree = ast.Module([statement.node], [])
            code = compile(tree, statement.file, "exec", flags, dont_inherit=True)
            exec(code, vars(self.module))
        except BaseException as error:
            self.failures[place] = _explained(error, ())

    def _answer(self, candidate: Any, unresolved: frozenset[str]) -> None:
        case = read_frame(self.descriptor, self.request["request_bytes"])
        printed = Printed(self.request["printed_characters"])
        limit = self.request["reply_bytes"]
        parameters = self.request["parameters"]
        try:
            with quiet(printed), own_randomness():
                value: object = (
                    call_object(candidate, case["inputs"])
                    if self.request["kind"] == "class"
                    else call_function(candidate, parameters, case["inputs"])
                )
                message = {"case": case["case"], "value": value, "printed": printed.text}
                reply = pack({**message, "cpu": time.process_time()}, limit)
        except CodecError as error:
            reply = self._failure(case, LearnerError("size", f"the answer: {error}"), printed)
        except BaseException as error:
            problem = _explained(error, parameters)
            is_name = isinstance(error, NameError) and error.name in unresolved
            reply = self._failure(case, problem, printed, unresolved=is_name)
        view = memoryview(reply)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def _failure(
        self,
        case: dict[str, Any],
        problem: LearnerError,
        printed: Printed,
        *,
        unresolved: bool = False,
    ) -> bytes:
        message = {"case": case["case"], "error": asdict(problem), "printed": printed.text}
        more = {"unresolved": unresolved, "cpu": time.process_time()}
        return pack({**message, **more}, self.request["reply_bytes"])


def _explained(error: BaseException, parameters: tuple[str, ...]) -> LearnerError:
    try:
        return explain(error, parameters, _OWN_FILES)
    except BaseException:
        return LearnerError("exception", "an error that cannot be shown", "", "Exception")


def _defines(statement: Statement, name: str) -> bool:
    return any(
        (
            (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
            and node.name == name
        )
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name)
        or (isinstance(node, ast.alias) and (node.asname or node.name) == name)
        for node in ast.walk(statement.node)
    )


def _future_flags(notebook: Notebook) -> int:
    import __future__

    flags = 0
    for statement in notebook.statements:
        if isinstance(statement.node, ast.ImportFrom) and statement.node.module == "__future__":
            for alias in statement.node.names:
                feature = getattr(__future__, alias.name, None)
                flags |= getattr(feature, "compiler_flag", 0)
    return flags
