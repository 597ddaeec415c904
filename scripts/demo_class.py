"""Make a class to try grading on: a zip of notebooks as a learning platform gives it out.

    python scripts/demo_class.py CLASS.zip [--students 30] [--seed 0]

Beside the zip comes a class list, CLASS.csv. The notebooks are the chapter on attention with its
stubs filled in as students do: right, wrong in known ways, half done, untouched, copied, broken, or
with code that no one should run unprotected. All names are invented. The same arguments give the
same files. One student of the list handed in nothing.
"""

import argparse
import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

NOTEBOOK = Path(__file__).resolve().parents[1] / "book" / "transformer" / "attention.ipynb"
DUE = "2026-03-01 23:59 Europe/Berlin"
GIVEN = """Abena Anouk Bao Chidi Dalia Eero Farid Ginevra Hana Iker Jomo Kalea Linh Mateus Nayeli
Oisin Priya Quentin Rosalind Sefa Tenzin Ulla Vikram Wren Ximena Yusuf Zofia Amaru Birgit
Cosmo""".split()  # noqa: SIM905
FAMILY = """Alderquill Brambleton Candlewick Driftwood Emberly Featherstone Gooseberry Hollowell
Inkpen Juniper Kettlewright Lanternby Marrowfield Nettleship Oldacre Pennywhistle Quillwater
Rookwood Saltmarsh Thistledown Umberfield Vinegarten Willowby Yarrowgate Zephyrson Applegarth
Bellweather Cloudesley Dragonfly Evenfall""".split()  # noqa: SIM905


def by_name(source: str) -> dict[str, str]:
    """Return functions that stand apart by empty lines, by their names."""
    return {text.split("(")[0][4:]: text for text in source.strip().split("\n\n")}


PLAIN = by_name("""
def attention_by_hand(query, keys, values):
    root = len(query) ** 0.5
    scores = [sum(a * b for a, b in zip(query, key)) / root for key in keys]
    exps = [math.exp(s - max(scores)) for s in scores]
    weights = [e / sum(exps) for e in exps]
    output = [sum(w * v[i] for w, v in zip(weights, values)) for i in range(len(values[0]))]
    return weights, output

def softmax(scores, dim):
    largest = scores.amax(dim=dim, keepdim=True)
    e = (scores - largest).exp()
    return e / e.sum(dim=dim, keepdim=True)

def causal_mask(n_queries, n_keys):
    key = torch.arange(n_keys)
    query = torch.arange(n_queries) + n_keys - n_queries
    return key[None, :] <= query[:, None]

def scaled_dot_product(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1)
    scores = scores / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights

def padded_weights(scores, lengths):
    real = torch.arange(scores.shape[-1]) < lengths[:, None, None]
    filled = scores.masked_fill(~real, -math.inf)
    weights = torch.softmax(filled, dim=-1)
    return weights.masked_fill(~real, 0.0)

def sliding_window_mask(n_tokens, window):
    place = torch.arange(n_tokens)
    back = place[:, None] - place
    return (back >= 0) & (back < window)
""")
OTHER = by_name("""
def softmax(scores, dim):
    shifted = scores - scores.max(dim, keepdim=True).values
    return shifted.exp() / shifted.exp().sum(dim, keepdim=True)

def causal_mask(n_queries, n_keys):
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries)

def scaled_dot_product(query, key, value, mask=None):
    scores = torch.einsum("bhtk,bhsk->bhts", query, key) * query.shape[-1] ** -0.5
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    weights = scores.softmax(-1)
    return torch.einsum("bhts,bhsk->bhtk", weights, value), weights

def sliding_window_mask(n_tokens, window):
    square = torch.ones(n_tokens, n_tokens, dtype=torch.bool)
    return square.tril() & square.triu(1 - window)
""")
# Long ways round that two people hardly take independently.
ODD = by_name("""
def attention_by_hand(query, keys, values):
    table = {}
    for place in range(len(keys)):
        total = 0.0
        for entry in range(len(query)):
            total = total + query[entry] * keys[place][entry]
        table[place] = total / pow(len(query), 1 / 2)
    ceiling = max(table.values())
    powers = [math.pow(math.e, table[place] - ceiling) for place in sorted(table)]
    whole = math.fsum(powers)
    shares = list(map(lambda power: power / whole, powers))
    mixed = [0.0] * len(values[0])
    for share, row in zip(shares, values):
        for entry, number in enumerate(row):
            mixed[entry] += share * number
    return shares, mixed

def causal_mask(n_queries, n_keys):
    rows = []
    for asking in range(n_queries):
        open_to = n_keys - (n_queries - 1 - asking)
        rows.append([True] * open_to + [False] * (n_keys - open_to))
    return torch.tensor(rows, dtype=torch.bool).view(n_queries, n_keys)
""")
RENAMED = {
    "table": "scores", "place": "k", "total": "acc", "entry": "j", "ceiling": "top", "mixed": "out",
    "powers": "ex", "power": "p", "whole": "norm", "shares": "w", "share": "a", "row": "vec",
    "number": "x", "rows": "lines", "asking": "q", "open_to": "n_open",
}  # fmt: skip
# What replaces what in the plain answers, by the name of the mistake in the specification.
MISTAKES = {
    "softmax.largest_of_all": ("scores.amax(dim=dim, keepdim=True)", "scores.max()"),
    "softmax.overflows": ("(scores - largest)", "scores"),
    "softmax.last_axis": ("dim=dim", "dim=-1"),
    "causal_mask.not_itself": ("<=", "<"),
    "causal_mask.from_the_start": (" + n_keys - n_queries", ""),
    "scaled_dot_product.no_scale": ("math.sqrt(query.shape[-1])", "1.0"),
    "scaled_dot_product.wrong_axis": ("dim=-1", "dim=-2"),
    "scaled_dot_product.mask_inverted": ("~mask", "mask"),
    "padded_weights.empty_is_nan": ("weights.masked_fill(~real, 0.0)", "weights"),
    "padded_weights.one_too_many": (" < lengths", " <= lengths"),
    "sliding_window_mask.one_too_wide": ("back < window", "back <= window"),
    "attention_by_hand.no_scale": (" / root", ""),
}
Answers = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """One kind of submission: answers by function name, the form of the file, and when it came."""

    name: str
    answers: Mapping[str, str]
    form: Literal["notebook", "script", "cut off", "empty"] = "notebook"
    is_late: bool = False


def wrong(*mistakes: str) -> Answers:
    """Return the plain answers with these mistakes made."""
    answers = dict(PLAIN)
    for mistake in mistakes:
        name = mistake.partition(".")[0]
        old, new = MISTAKES[mistake]
        if old not in answers[name]:
            raise ValueError(f"{mistake}: {old!r} is not in the answer")
        answers[name] = answers[name].replace(old, new)
    return answers


def short(*names: str) -> Answers:
    """Return some answers written in another way."""
    return {name: OTHER[name] for name in names}


def within(name: str, line: str) -> Answers:
    """Return the plain answers with a line put first in one function."""
    head, _, body = PLAIN[name].partition("\n")
    return {**PLAIN, name: f"{head}\n    {line}\n{body}"}


def renamed(answers: Answers) -> Answers:
    """Return the same code with other names for its variables, as a copy is disguised."""
    pattern = re.compile(rf"\b({'|'.join(RENAMED)})\b")
    return {n: pattern.sub(lambda found: RENAMED[found[1]], text) for n, text in answers.items()}


def _only(count: int, answers: Answers = PLAIN) -> Answers:
    return dict(list(answers.items())[:count])


def content_of(kind: Kind, notebook: dict[str, Any]) -> tuple[str, bytes]:
    """Return the file's name and its bytes."""
    whole = filled(notebook, kind.answers)
    if kind.form == "script":
        code = ["".join(c["source"]) for c in whole["cells"] if c["cell_type"] == "code"]
        return "attention.py", "\n\n# %%\n".join(code).encode()
    content = json.dumps(whole, ensure_ascii=False, indent=1).encode()
    end = {"cut off": content.rfind(b"def sliding_window_mask"), "empty": 0}
    return "attention.ipynb", content[: end.get(kind.form, len(content))]


def kinds() -> list[Kind]:
    """Return the kinds of submissions, in the order in which a class is made of them."""
    claims = "return type('Right', (), {'__eq__': lambda *_: True, '__bool__': lambda _: True})()"
    magics = {"softmax": f"%%time\n{PLAIN['softmax']}", "padded_weights": "!pip install torch"}
    banned = within("softmax", "return torch.softmax(scores, dim)")
    course = within("causal_mask", "return course_lib.layers.causal_mask(n_queries, n_keys)")
    course["causal_mask"] = f"import course_lib.layers\n\n\n{course['causal_mask']}"
    misnamed = {n: text.replace(f"def {n}", f"def my_{n}") for n, text in PLAIN.items()}
    return [
        Kind("right", PLAIN),
        Kind("one maximum for all rows", wrong("softmax.largest_of_all")),
        Kind("right, written otherwise", PLAIN | short("softmax", "sliding_window_mask")),
        Kind("half done", _only(3)),
        Kind("forbidden call", banned),
        Kind("no square root", wrong("scaled_dot_product.no_scale", "attention_by_hand.no_scale")),
        Kind("endless loop", within("causal_mask", "while n_queries == 1: pass")),
        Kind("right, late", PLAIN | short("scaled_dot_product"), is_late=True),
        Kind("copied from", PLAIN | ODD),
        Kind("copied, variables renamed", renamed(PLAIN | ODD)),
        Kind("untouched", {}),
        Kind("syntax error in one cell", within("padded_weights", "x = (1,")),
        Kind("ends the process", within("padded_weights", "import os; os._exit(0)")),
        Kind("off by one", wrong("causal_mask.not_itself", "sliding_window_mask.one_too_wide")),
        Kind("cut off in upload", PLAIN, "cut off"),
        Kind("wrong function names", misnamed | _only(4)),
        Kind("right, prints much", within("softmax", "print(scores, 'debug ' * 200)")),
        Kind("two exercises, one wrong", _only(2, wrong("softmax.overflows"))),
        Kind("nan for empty sequences", wrong("padded_weights.empty_is_nan")),
        Kind("the course's own function", course),
        Kind("magics and shell lines", PLAIN | magics),
        Kind("script instead of a notebook", PLAIN | short("causal_mask"), "script"),
        Kind("softmax over the queries", wrong("scaled_dot_product.wrong_axis")),
        Kind("answers that claim to equal all", within("scaled_dot_product", claims)),
        Kind("mask turned round", wrong("scaled_dot_product.mask_inverted", "softmax.last_axis")),
        Kind("asks for a terabyte", within("sliding_window_mask", "torch.ones(1 << 38)")),
        Kind("one maximum again", wrong("softmax.largest_of_all")),
        Kind("empty file", {}, "empty"),
        Kind("queries at the start", wrong("causal_mask.from_the_start")),
        Kind("padding too long", wrong("padded_weights.one_too_many")),
    ]  # fmt: skip


def filled(notebook: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the notebook with answers in the places of its stubs, and without outputs."""
    cells, missing = [], set(answers)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        found = re.match(r"def (\w+)", source)
        if found and "# your code here" in source and found[1] in answers:
            missing.discard(found[1])
            source = answers[found[1]]
        cleared: Any = {"outputs": [], "execution_count": None} if "outputs" in cell else {}
        cells.append(cell | cleared | {"source": source})
    if missing:
        raise ValueError(f"{NOTEBOOK.name} has no stub of {', '.join(sorted(missing))}")
    return {**notebook, "cells": cells}


def make_class(students: int, seed: int) -> tuple[bytes, str]:
    """Return the zip and the class list."""
    draw = random.Random(seed)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    given, family = draw.sample(GIVEN, len(GIVEN)), draw.sample(FAMILY, len(FAMILY))
    people = [f"{given[i % 30]} {family[(i + i // 30) % 30]}" for i in range(students + 1)]
    chosen = [kinds()[i % len(kinds())] for i in range(students)]
    made = {kind.name: content_of(kind, notebook) for kind in chosen}
    rows = [["id", "name", "submitted"]]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (person, kind) in enumerate(zip(people, chosen, strict=False)):
            day, clock = (3, "08:12") if kind.is_late else (1, f"{draw.randint(9, 22)}:45")
            rows.append([f"s{1001 + number}", person, f"2026-03-0{day}T{clock.zfill(5)}+01:00"])
            name, content = made[kind.name]
            folder = f"{person}_{draw.randint(10**6, 10**7 - 1)}_assignsubmission_file_"
            member = zipfile.ZipInfo(f"{folder}/{name}", (2026, 3, day, 12, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    rows.append([f"s{1001 + students}", people[-1], ""])
    return buffer.getvalue(), "".join(",".join(row) + "\n" for row in rows)


def main() -> int:
    """Write the zip and the class list."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zip", type=Path, metavar="CLASS.zip")
    parser.add_argument("--students", type=int, default=30, help="how many hand in, up to 899 (30)")
    parser.add_argument("--seed", type=int, default=0, help="who is who (0)")
    arguments = parser.parse_args()
    if not 1 <= arguments.students <= 899:
        parser.error(f"--students must be from 1 to 899, got {arguments.students}")
    if arguments.zip.suffix != ".zip":
        parser.error(f"the name must end in .zip, got {arguments.zip}")
    content, roster = make_class(arguments.students, arguments.seed)
    arguments.zip.write_bytes(content)
    (listed := arguments.zip.with_suffix(".csv")).write_bytes(roster.encode())
    print(f"{arguments.zip}: {arguments.students} submissions of the chapter on attention")
    print(f"{listed}: {arguments.students + 1} students; the work was due {DUE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
