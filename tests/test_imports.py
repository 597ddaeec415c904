"""Importing the package is quick and pulls in nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "transformers", "matplotlib", "typer", "rich", "platformdirs")


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_import_takes_less_than_a_tenth_of_a_second():
    code = (
        "import time; start = time.process_time(); import course_lib;"
        "print(time.process_time() - start)"
    )
    assert min(float(run(code)) for _ in range(3)) < 0.1


@pytest.mark.parametrize(
    ("module", "banned"),
    [("course_lib", HEAVY), ("course_lib.assets", ("torch", "numpy", "transformers", "typer"))],
)
def test_import_loads_nothing_heavy(module: str, banned: tuple[str, ...]):
    loaded = run(f"import sys, {module}; print(*sys.modules)").split()
    assert not set(banned) & set(loaded)


def test_version_is_the_one_in_the_metadata():
    from importlib.metadata import PackageNotFoundError, version

    import course_lib

    try:
        installed = version("course-lib")
    except PackageNotFoundError:
        pytest.skip("course-lib is not installed, only on the path")
    assert course_lib.__version__ == installed
