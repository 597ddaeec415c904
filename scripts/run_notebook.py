"""Re-execute a notebook and store it in its normal form.

    python scripts/run_notebook.py book/gpt/gpt2.ipynb
    python scripts/run_notebook.py --from draft.md book/gpt/gpt2.ipynb

With ``--from`` the cells come from a text file that jupytext reads (MyST or plain Markdown,
py:percent); cell tags are kept. The notebook is written only when every cell ran and nothing
was printed to standard error, and in one step, so a failed run leaves the old file as it was.
"""

import argparse
import base64
import collections
import hashlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent

# What every run of a notebook sees: here, in `make test`, and in the workflows.
ENVIRONMENT = {
    "COURSE_BOOK_BUILD": "1",  # draw the static form of interactive figures
    "COURSE_SCALE": "cpu",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "2",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONHASHSEED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
KEPT_CELL_METADATA = ("tags", "mystnb")
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LARGEST_PNG = 150_000
SLOW_CELL = 10.0
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
KERNELSPEC = re.compile(r"^((?:#| )*)kernelspec:\n(?:\1 +.*\n)+", re.MULTILINE)  # jupytext's header
CHECKED_TAG = "nbval-check-output"


class NotebookError(Exception):
    """The notebook did not run cleanly; the message says in which cell and why."""


def set_environment() -> None:
    """Put ENVIRONMENT into this process; what the caller has set already stays."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def read(path: Path) -> nbformat.NotebookNode:
    """Read an .ipynb file, or a text file in a jupytext format."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    text = KERNELSPEC.sub(
        r"\1kernelspec:\n\1  display_name: Python 3\n\1  name: python3\n", path.read_text("utf-8")
    )
    return jupytext.reads(text, fmt=path.suffix)


def execute(notebook: nbformat.NotebookNode, folder: Path, timeout: int) -> list[float]:
    """Run every cell in place and return the seconds of each."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
    )
    seconds = [0.0] * len(notebook.cells)
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                raise NotebookError(f"{_place(notebook, index)}\n{error}") from None
            seconds[index] = time.perf_counter() - start
    return seconds


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Drop what changes from run to run and give cells ids that follow from their text."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: collections.Counter[str] = collections.Counter()
    for cell in notebook.cells:
        key = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[key] += 1
        cell["id"] = key if seen[key] == 1 else f"{key}-{seen[key]}"
        cell.pop("attachments", None) if not cell.get("attachments") else None
        cell.metadata = nbformat.from_dict(
            {name: cell.metadata[name] for name in KEPT_CELL_METADATA if cell.metadata.get(name)}
        )
        for output in cell.get("outputs", ()):
            _normalise_output(output)


def _normalise_output(output: nbformat.NotebookNode) -> None:
    output.pop("transient", None)
    data = output.get("data")
    if data:
        data.pop("application/vnd.jupyter.widget-view+json", None)


def stderr_problems(notebook: nbformat.NotebookNode) -> list[str]:
    """One line for each cell that wrote to standard error."""
    return [
        f"{_place(notebook, index)} wrote to standard error:\n{output.text}"
        for index, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr"
    ]


def remarks(notebook: nbformat.NotebookNode, seconds: list[float]) -> list[str]:
    """What the author should know: heavy figures, slow cells, addresses, too few checks."""
    found = []
    for index, cell in enumerate(notebook.cells):
        place = _place(notebook, index)
        for output in cell.get("outputs", ()):
            png = output.get("data", {}).get("image/png")
            size = len(base64.b64decode(png)) if png else 0
            if size > LARGEST_PNG:
                found.append(f"{place}: figure of {size / 1000:.0f} kB; keep it under 150 kB")
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if ADDRESS.search(text):
                found.append(f"{place}: prints a memory address, which changes every run")
        if index < len(seconds) and seconds[index] > SLOW_CELL:
            found.append(f"{place}: {seconds[index]:.1f} s")
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    checked = [cell for cell in code if CHECKED_TAG in cell.metadata.get("tags", [])]
    if code and 3 * len(checked) < len(code):
        found.append(f"{len(checked)} of {len(code)} code cells carry {CHECKED_TAG}: want a third")
    return found


def _place(notebook: nbformat.NotebookNode, index: int) -> str:
    number = sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])
    lines = notebook.cells[index].source.strip().splitlines()
    return f"code cell {number} ({lines[0][:60] if lines else 'empty'!r})"


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write the notebook in one step."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            nbformat.write(notebook, file)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def run(source: Path, target: Path, timeout: int, *, only_normalise: bool = False) -> list[str]:
    """Read, execute, check, normalise and write one notebook; return remarks."""
    notebook: Any = read(source)
    folder = target.resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    seconds: list[float] = []
    start = time.perf_counter()
    if not only_normalise:
        seconds = execute(notebook, folder, timeout)
        problems = stderr_problems(notebook)
        if problems:
            raise NotebookError("\n".join(problems))
    normalise(notebook)
    write(notebook, target)
    n_code = sum(cell.cell_type == "code" for cell in notebook.cells)
    took = f"{n_code} code cells in {time.perf_counter() - start:.1f} s"
    return [f"{target}: {took}", *remarks(notebook, seconds)]


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 0 when the notebook was written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebook", type=Path, help="the .ipynb file to write")
    parser.add_argument("--from", dest="source", type=Path, help="text file to take cells from")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for one cell")
    parser.add_argument("--only-normalise", action="store_true", help="do not execute")
    options = parser.parse_args(arguments)
    source = options.source or options.notebook
    if options.notebook.suffix != ".ipynb":
        parser.error(f"the notebook must end in .ipynb, not {options.notebook.name!r}")
    if not source.is_file():
        parser.error(f"there is no file {source}")
    set_environment()
    try:
        lines = run(
            source, options.notebook, options.timeout, only_normalise=options.only_normalise
        )
    except NotebookError as error:
        print(f"{source}: not written.\n{error}", file=sys.stderr)
        return 1
    print("\n  ".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
