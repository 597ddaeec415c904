"""Run every notebook of the table of contents and compare with its stored outputs (nbval).

python scripts/check_notebooks.py [NOTEBOOK …]
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from run_notebook import ROOT, set_environment

OPTIONS = [
    "--nbval-lax",
    "--nbval-current-env",
    "--nbval-sanitize-with=tests/nbval_sanitize.cfg",
    "--nbval-cell-timeout=600",
    "--durations=0",
    "--durations-min=5",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    # The settings of the unit tests are not those of notebooks.
    "-o",
    "addopts=",
    "-o",
    "filterwarnings=default",
]


def pages(node: Any) -> Iterator[str]:
    """Every page that the table of contents names, in order."""
    if isinstance(node, dict):
        for key in ("root", "file"):
            if key in node:
                yield node[key]
        for key in ("parts", "chapters", "sections"):
            yield from pages(node.get(key, []))
    elif isinstance(node, list):
        for item in node:
            yield from pages(item)


def notebooks() -> list[str]:
    """Paths of the notebooks among the pages."""
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    named = (page.removesuffix(".ipynb") + ".ipynb" for page in pages(table))
    return [path for path in named if (ROOT / path).is_file()]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="default: all of the book")
    chosen = parser.parse_args().notebooks or notebooks()
    if not chosen:
        print("No notebook is in the table of contents.")
        return 0
    if os.environ.get("COURSE_SCALE") == "gpu":
        os.environ.setdefault("HF_HUB_OFFLINE", "0")  # the GPU workflow may use the Hub
        os.environ.setdefault("HF_DATASETS_OFFLINE", "0")
    set_environment()
    command = [sys.executable, "-m", "pytest", *OPTIONS, *chosen]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
