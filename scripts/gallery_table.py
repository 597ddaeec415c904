"""Mark the gallery of hostile and unlucky submissions and print what each deserves and was given.

    python scripts/gallery_table.py [--markdown] [--only WORDS]

Exit status 1 where a row does not agree.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

Row = tuple[str, str, str, str, str, str, str]
ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the table; return 0 where deserved and given agree in every row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--only", default="", help="entries whose group or title holds these words")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    rows = [*judged(arguments.only), *graded(arguments.only)]
    for group, title, exercise, deserved, given, why, problem in rows:
        shown = f"{why} {problem}".strip()
        if arguments.markdown:
            cells = f"{group} | {title} | {exercise} | {deserved} | {given} | {shown}"
            print("| " + cells.replace("\n", " ") + " |")
        else:
            print(f"{group:<20} {title[:52]:<52} {exercise:<28} {deserved:>5} {given:>5}  {shown}")
    unjust = sum(bool(row[-1]) for row in rows)
    entries = len({row[:2] for row in rows})
    print(f"\n{entries} entries, {len(rows)} rows; deserved and given differ in {unjust}")
    return 1 if unjust else 0


def judged(only: str) -> Iterator[Row]:
    """Mark single submissions and yield their rows."""
    entries, built, judging = map(_module, ("entries", "built", "judging"))
    chosen = [
        entry
        for entry in [*entries.written_entries(), *built.built_entries()]
        if only in f"{entry.group} {entry.title}"
    ]
    if not chosen:
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        judging.Gallery(Path(folder, "outside")) as gallery,
    ):
        for entry in tqdm(chosen, unit="entry", disable=not sys.stderr.isatty()):
            yield from map(row, gallery.judge(entry))


def graded(only: str) -> Iterator[Row]:
    """Grade the folder full of traps and yield a row for each student."""
    folder = _module("folder")
    if only and only not in "class folder":
        return
    with tempfile.TemporaryDirectory() as room:
        made = folder.make_class(Path(room, "class"))
        result, troubles = folder.graded(Path(room, "class"), Path(room, "results"))
    for student in made:
        points = [one.final_points for one in folder.given(result, student)]
        shown = "".join(letter if letter.isprintable() else "?" for letter in student.folder)
        yield (
            "class folder",
            f"{shown}: {student.tries}",
            folder.ID,
            f"{student.deserves or 0:g}",
            f"{sum(points):g}",
            student.because,
            "" if sum(points) == (student.deserves or 0) and not troubles else f"<<< {troubles}",
        )


def _module(name: str) -> Any:
    return importlib.import_module(f"tests.grading.gallery.{name}")


def row(verdict: Any) -> Row:
    """The cells of one row; the last is empty where all is well."""
    entry, deserved = verdict.entry, verdict.deserved
    problem = "" if verdict.is_just else f"<<< {'; '.join(verdict.problems) or verdict}"
    return (
        entry.group,
        entry.title,
        deserved.exercise_id,
        f"{deserved.points:g}",
        f"{verdict.given:g}",
        entry.because,
        problem,
    )


if __name__ == "__main__":
    raise SystemExit(main())
