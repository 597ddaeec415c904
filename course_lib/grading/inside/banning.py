"""Make forbidden calls fail in this process: python names, torch's kernels, modules."""

import contextlib
import ctypes
import gc
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from course_lib.grading.inside.families import (
    FAMILIES,
    LIBRARIES,
    ForbiddenCallError,
    ForbiddenImportError,
    families_of,
    is_inside,
    modules_of,
)

_BACKENDS = ("CPU", "MkldnnCPU", "SparseCPU", "SparseCsrCPU", "NestedTensorCPU", "QuantizedCPU")
# Refuses with the globals of the function that it is put into.
_REFUSAL = """
def refuse(*_arguments, **_options):
    from course_lib.grading.inside.families import ForbiddenCallError
    raise ForbiddenCallError("`NAME` may not be used in this exercise")
"""


def ban(forbidden: Sequence[str]) -> None:
    """Let what is forbidden raise ``ForbiddenCallError``, in this whole process and for good.

    The names are replaced wherever torch and its neighbors have them, and torch's operators behind
    them, so that other ways to the same kernel fail too. Meant for the child of the sandbox.
    """
    family = families_of(tuple(forbidden))
    modules = modules_of(tuple(forbidden))
    for name in [name for name in sys.modules if is_inside(name, modules)]:
        _remove(name)
    sys.meta_path.insert(0, _Guard(family.names, modules))
    if family.names:
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in LIBRARIES and isinstance(module, ModuleType):
                _replace_names(module, family.names)
        for name in family.names:
            if hasattr(torch.Tensor, name):
                setattr(torch.Tensor, name, _refusal(name))
    _refuse_in_place(family.names)
    if family.kernels:
        _replace_kernels(family.kernels)


def places_of(modules: Sequence[str]) -> list[str]:
    """Return the folders and files of modules, so that they can be hidden; imports nothing."""
    places = []
    for module in modules:
        top, *rest = module.split(".")
        spec = PathFinder.find_spec(top)
        if spec is None:
            continue
        if not rest:
            places += list(spec.submodule_search_locations or [spec.origin or ""])
        for folder in spec.submodule_search_locations or ():
            inner = Path(folder, *rest)
            places += [str(path) for path in (inner, inner.with_suffix(".py")) if rest]
    return [place for place in places if place and Path(place).exists()]


def _message(name: str) -> str:
    return f"`{name}` may not be used in this exercise"


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_arguments: object, **_options: object) -> Any:
        raise ForbiddenCallError(_message(name))

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _remove(name: str) -> None:
    parent, _, last = name.rpartition(".")
    sys.modules.pop(name, None)
    home = sys.modules.get(parent)
    if home is not None and hasattr(home, last):
        delattr(home, last)


def _replace_names(module: ModuleType, names: frozenset[str]) -> None:
    for name in names & vars(module).keys():
        value = vars(module)[name]
        if isinstance(value, type):
            for method in ("__init__", "forward", "step"):
                with contextlib.suppress(TypeError):  # the tuples that results come in
                    if hasattr(value, method):
                        setattr(value, method, _refusal(name))
        elif callable(value):
            setattr(module, name, _refusal(name))


def _replace_kernels(kernels: Sequence[str]) -> None:
    # A `torch.library.Library` could be found and destroyed, which puts the kernels back.
    handle = torch._C._dispatch_library("IMPL", "aten", "", __file__, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kernel in dict.fromkeys(kernels):
            refuse = _refusal(kernel.partition(".")[0])
            for operator, backend in _implementations(kernel):
                handle.impl(operator, backend, refuse)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))  # for good, and out of everyone's reach


def _refuse_in_place(names: frozenset[str]) -> None:
    """Let torch's own Python functions of these names refuse, wherever they are held.

    PyTorch keeps many of them in tables for its compiler.
    """
    for function in _python_functions():
        code = function.__code__
        if code.co_name in names:
            refusal = _REFUSAL.replace("NAME", code.co_name)
            space: dict[str, Any] = {}
            exec(refusal, space)
            refuse = space["refuse"].__code__
            function.__code__ = refuse.replace(co_freevars=code.co_freevars)
            function.__defaults__ = function.__kwdefaults__ = None


@cache
def _python_functions() -> tuple[types.FunctionType, ...]:
    """Return torch's Python functions that bear a name which any family forbids."""
    names = frozenset[str]().union(*(family.names for family in FAMILIES.values()))
    return tuple(
        item
        for item in gc.get_objects()
        if type(item) is types.FunctionType
        and item.__code__.co_name in names
        and str(item.__module__).partition(".")[0] in LIBRARIES
    )


@cache
def _implementations(kernel: str) -> tuple[tuple[str, str], ...]:
    """Return the operators of this name, and the backends that implement them."""
    name, _, overload = kernel.partition(".")
    out = f"{name}.{overload}_out" if overload else f"{name}.out"
    return tuple(
        (operator, backend)
        for operator in (kernel, out)
        if f"aten::{operator}" in _known_operators()
        for backend in _BACKENDS
        if backend == "CPU"
        or torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{operator}", backend)
    )


@cache
def _known_operators() -> frozenset[str]:
    return frozenset(torch._C._dispatch_get_all_op_names())


def prepare() -> None:
    """Look up all that may be banned, so that it is known before the forks."""
    _python_functions()
    for family in FAMILIES.values():
        for kernel in family.kernels:
            _implementations(kernel)


class _Guard(MetaPathFinder):
    """Refuses forbidden modules, and replaces forbidden names in libraries that come later."""

    def __init__(self, names: frozenset[str], modules: tuple[str, ...]) -> None:
        self.names = names
        self.modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for a forbidden module; else find it in the usual way."""
        if is_inside(fullname, self.modules):
            raise ForbiddenImportError(_message(fullname))
        if not self.names or fullname.partition(".")[0] not in LIBRARIES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, Loader):
            spec.loader.exec_module = _and_then(  # type: ignore[method-assign, assignment]
                spec.loader.exec_module, self.names
            )
        return spec


def _and_then(
    load: Callable[[ModuleType], None], names: frozenset[str]
) -> Callable[[ModuleType], None]:
    def exec_module(module: ModuleType) -> None:
        load(module)
        _replace_names(module, names)

    return exec_module
