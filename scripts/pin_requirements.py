"""Write requirements.txt: the exact versions that .venv holds, for Linux and macOS."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The tested environment: every package and its exact version, written by `make pins` on
# Python 3.11. `make book` installs it. On Linux pip takes the CUDA build of torch, with its
# NVIDIA libraries; README says how to choose the smaller CPU build.
#
# Asked for by pyproject.toml (the others come with them):
"""
LEFT_OUT = re.compile(
    r"^(course[-_]lib|nvidia[-_].*|triton|pytorch[-_]triton|cuda[-_].*|-e.*|.* @ .*)$"
)
EXTRA = ("setuptools",)


def direct() -> list[str]:
    """Names that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return sorted({re.split(r"[<>=~\[; ]", line)[0] for group in groups for line in group})


def frozen() -> list[str]:
    """Lines `name==version` for everything installed; local build tags are dropped."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable", "--all"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    kept = []
    for line in lines:
        name, _, version = line.strip().partition("==")
        if version and name not in ("pip", "wheel") and not LEFT_OUT.match(name):
            kept.append(f"{name}=={version.split('+')[0]}")
    return sorted(kept, key=str.lower)


def main() -> int:
    """Write the file."""
    names = "".join(f"#   {name}\n" for name in direct())
    text = HEADER + names + "\n" + "\n".join(frozen()) + "\n"
    (ROOT / "requirements.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
