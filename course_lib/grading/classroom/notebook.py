"""Code cells out of a notebook or a .py file, whatever state it is in: what is there is graded."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_CELLS = 20_000
MAX_SOURCE = 4 << 20
_MAX_BESIDES_OUTPUTS = 16 << 20
_TOO_LARGE = "the notebook is too large to be read, even without its outputs"
_SMALL = 2 << 20
_MAX_DAMAGED = 200
_LONGEST_INTEGER = 18
# A string or a bracket of JSON; numbers and commas between them are passed over.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
_BULKY_KEY = re.compile(rb"\s*+:\s*+[\[{]")
_BULKY = (b'"outputs"', b'"attachments"')
_CELLS = re.compile(r'"cells"\s*:\s*\[')
_CELL_START = re.compile(r'\{\s*"(?:cell_type|id|execution_count|attachments|metadata)"')
_PERCENT = re.compile(r"^#[ \t]*%%(.*)$", re.MULTILINE)
_PROSE_CELL = re.compile(r"\[(?:markdown|md|raw)\]")


@dataclass(frozen=True)
class Notebook:
    """Code cells in order, what is to be said about the file, and the notebook's metadata.

    ``problem`` is empty, or says why there is nothing to grade.
    """

    cells: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def read_notebook(content: bytes, name: str) -> Notebook:
    """Return the code cells of a file; never raises for what it holds."""
    notes: list[str] = []
    if not content.strip(b" \t\r\n\0\xef\xbb\xbf"):
        return Notebook(problem="the file is empty")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode()
        notes.append("the file is in UTF-16; it was read as such")
    content = content.removeprefix(b"\xef\xbb\xbf")
    looks_like_json = content.lstrip()[:1] == b"{"
    if name.lower().endswith(".py") and not looks_like_json:
        return _from_script(_decoded(content, notes), notes)
    if not looks_like_json:
        text = _decoded(content, notes)
        if _CELLS.search(text) is None and _is_python(text):
            return _from_script(text, [*notes, "this is a Python file, not a notebook"])
    if len(content) > _SMALL:
        content = without_outputs(content)
        if len(content) > _MAX_BESIDES_OUTPUTS:
            return Notebook(notes=tuple(notes), problem=_TOO_LARGE)
    return _from_json(_decoded(content, notes), notes)


def _decoded(content: bytes, notes: list[str]) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        notes.append("the file is not in UTF-8; it was read as Western European text")
        return content.decode("cp1252", "replace")


def without_outputs(content: bytes) -> bytes:
    """Return a notebook's JSON with empty outputs, without reading them into values.

    >>> without_outputs(b'{"outputs": [{"text": "]"}, [1]], "source": "x"}')
    b'{"outputs": [], "source": "x"}'
    """
    kept: list[bytes] = []
    start, skipping, depth = 0, False, 0
    opening = b""
    for token in _TOKEN.finditer(content):
        text = token.group()
        if skipping:
            if text in (b"[", b"{"):
                depth += 1
            elif text in (b"]", b"}"):
                depth -= 1
                if depth == 0:
                    kept.append(b"[" + b"]" if opening == b"[" else b"{}")
                    start, skipping = token.end(), False
        elif text in _BULKY:
            follows = _BULKY_KEY.match(content, token.end())
            if follows is not None:
                opening = content[follows.end() - 1 : follows.end()]
                kept.append(content[start : follows.end() - 1])
                skipping = True
    if not skipping:
        kept.append(content[start:])
    return b"".join(kept)


def _integer(text: str) -> int:
    return int(text) if len(text) <= _LONGEST_INTEGER else 0


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(strict=False, parse_int=_integer)


def _from_json(text: str, notes: list[str]) -> Notebook:
    try:
        stored: Any = _decoder().decode(text)
    except (ValueError, RecursionError):
        notes.append("the notebook's JSON is damaged; the cells that can be read were graded")
        return _from_cells(_salvaged(text), notes, {})
    if not isinstance(stored, dict):
        return Notebook(notes=tuple(notes), problem="the file is no notebook")
    metadata = stored.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    cells: Any = stored.get("cells")
    if not isinstance(cells, list):
        sheets = stored.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet)]
        if not cells:
            return Notebook(notes=tuple(notes), problem="the notebook has no cells")
    language = _language(metadata)
    if language and language != "python":
        notes.append(f"the notebook is set to the language {language}; it was read as Python")
    return _from_cells(iter(cells), notes, metadata)


def _list(sheet: dict[str, Any]) -> list[Any]:
    cells = sheet.get("cells")
    return cells if isinstance(cells, list) else []


def _language(metadata: Mapping[str, Any]) -> str:
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        entry = metadata.get(key)
        if isinstance(entry, dict) and isinstance(entry.get(name), str):
            return re.sub(r"[^a-z0-9+#. -]", "", str(entry[name]).lower())[:30]
    return ""


def _salvaged(text: str) -> Iterator[Any]:
    """Yield the cells of damaged JSON that are whole."""
    decoder, place, damaged = _decoder(), 0, 0
    while damaged < _MAX_DAMAGED and (start := _CELL_START.search(text, place)):
        try:
            cell, place = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            damaged += 1
            place = start.end()
            continue
        if isinstance(cell, dict) and ("source" in cell or "input" in cell):
            yield cell
        elif isinstance(cell, dict) and isinstance(cell.get("cells"), list):
            yield from cell["cells"]


def _from_cells(cells: Iterator[Any], notes: list[str], metadata: Mapping[str, Any]) -> Notebook:
    sources: list[str] = []
    size = strange = 0
    for cell in cells:
        if not isinstance(cell, dict):
            strange += 1
            continue
        if cell.get("cell_type", "code") != "code":
            continue
        source = _source(cell)
        if source is None:
            strange += 1
            continue
        size += len(source)
        if size > MAX_SOURCE or len(sources) >= MAX_CELLS:
            notes.append(
                f"only the first {len(sources):,} code cells were read: there are too many"
            )
            break
        sources.append(clean(source))
    if strange:
        notes.append(f"{strange:,} cells without readable source were left out")
    problem = "" if any(source.strip() for source in sources) else "there is no code in it"
    return Notebook(tuple(sources), tuple(notes), problem, metadata)


def _source(cell: Mapping[str, Any]) -> str | None:
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else None


def clean(source: str) -> str:
    """Return source with plain line ends, without bytes and half characters that stop a parser."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    source = source.removeprefix("\ufeff")
    return source.encode("utf-8", "replace").decode("utf-8")


def _from_script(text: str, notes: list[str]) -> Notebook:
    text = clean(text)
    if len(text) > MAX_SOURCE:
        return Notebook(notes=tuple(notes), problem=f"it holds more than {MAX_SOURCE:,} characters")
    marks = [] if _PERCENT.search(text) is None else list(_PERCENT.finditer(text))
    starts = [0, *(mark.start() for mark in marks)]
    heads = ["", *(mark.group(1) for mark in marks)]
    ends = [*starts[1:], len(text)]
    cells = tuple(
        text[start:end]
        for start, end, head in zip(starts, ends, heads, strict=True)
        if _PROSE_CELL.search(head) is None and text[start:end].strip()
    )
    problem = "" if cells else "there is no code in it"
    return Notebook(cells[:MAX_CELLS], tuple(notes), problem)


def _is_python(text: str) -> bool:
    if len(text) > MAX_SOURCE:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(clean(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
