"""What a function is made of, as hashes that survive renaming and reformatting."""

import ast
import hashlib
from collections.abc import Iterator, Sequence

from course_lib.grading.inside.cells import Notebook

_GRAM = 5
_MOST = 20_000
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def fingerprints(notebook: Notebook, names: Sequence[str]) -> dict[str, list[int]]:
    """Return, for each name that is defined, sorted 64-bit hashes of 5-grams of its syntax tree."""
    last = {
        item.node.name: item.node
        for item in notebook.statements
        if isinstance(item.node, _DEFINITIONS)
    }
    return {name: _hashes(last[name]) for name in names if name in last}


def _hashes(tree: ast.AST) -> list[int]:
    tokens = list(_tokens(tree))[:_MOST]
    grams = {"\x1f".join(tokens[i : i + _GRAM]) for i in range(max(1, len(tokens) - _GRAM + 1))}
    digests = (hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=8) for gram in grams)
    return sorted(int.from_bytes(digest.digest(), "big") for digest in digests)


def _tokens(tree: ast.AST) -> Iterator[str]:
    """Yield the tree from the top, names in order of appearance, without docstrings."""
    numbers: dict[str, int] = {}

    def number(name: str) -> str:
        return f"name{numbers.setdefault(name, len(numbers))}"

    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield type(node).__name__
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield number(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield number(name)
            case ast.ClassDef(name=name):
                yield number(name)
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Constant(value=value):
                yield repr(value)[:200]
            case _:
                pass
        waiting += [
            child
            for child in reversed(list(ast.iter_child_nodes(node)))
            if not isinstance(child, ast.expr_context) and not _is_docstring(child)
        ]


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
