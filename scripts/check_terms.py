"""Find glossary terms that a reader meets before the book links them to their definition.

python scripts/check_terms.py [--all-pages]

Pages are read in the order of the table of contents. The first time that a term stands in the
prose, it must be a link to the glossary; headings, goals, links to other pages, code, formulas
and captions do not count.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from check_notebooks import pages
from run_notebook import ROOT

GLOSSARY = ROOT / "book" / "reference" / "glossary.md"
# Words of everyday English: the reader understands them before they become terms.
EVERYDAY = frozenset(
    {
        *("batch", "block", "compute", "gradient", "head", "key", "loss", "mask", "memory"),
        *("model", "moments", "query", "step", "value"),
    }
)
# Pages that tell what lies ahead or how things work: they may name what later pages explain.
OVERVIEWS = frozenset({"book/start/index", "book/start/how-to-use"})
ROLE = re.compile(r"\{term\}`([^`]*)`", re.DOTALL)
LINK = re.compile("\x01([^\x02]*)\x02")  # a role, once its backticks are out of the way
# What is not prose, in the order in which it is taken out.
NOT_PROSE = [
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"^:::\{badges\}.*?^:::", re.MULTILINE | re.DOTALL),
        (r"^:::\{admonition\}[^\n]*\n:class: goals.*?^:::", re.MULTILINE | re.DOTALL),
        (r"^(`{3,}).*?^\1", re.MULTILINE | re.DOTALL),
        (r"\$\$.*?\$\$", re.DOTALL),
        (r"\$[^$\n]+\$", 0),
        (r"\{[\w:]+\}`[^`]*`", re.DOTALL),
        (r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL),
        (r"\[[^\]]*\]\([^)\s]*\)", 0),  # another page explains it
        (r"^\*\*[^*\n]+\.\*\*", re.MULTILINE),  # a paragraph's heading
        (r"^#.*$", re.MULTILINE),
        (r"^:::.*$", re.MULTILINE),
        (r"^:\w[\w-]*:.*$", re.MULTILINE),
        (r"<[a-z/][^>\x02]*>(?!\x02)", 0),
    )
]


@dataclass(frozen=True)
class Early:
    """A term that stands on a page unlinked before its first link in the book."""

    page: str
    term: str
    around: str
    linked_on: str

    def __str__(self) -> str:
        later = f"linked on {self.linked_on}" if self.linked_on else "linked nowhere"
        return f"{self.page}: “{self.term}” in “…{self.around}…”; {later}"


def glossary_terms(text: str) -> dict[str, str]:
    """Map each spelling of the glossary, in lower case, to the entry's first spelling."""
    entries = text.split("```{glossary}")[1].split("```")[0]
    found: dict[str, str] = {}
    for entry in re.split(r"\n\s*\n", entries.strip()):
        names = [line.strip() for line in entry.splitlines() if not line.startswith("  ")]
        found |= {name.lower(): names[0] for name in names}
    return found


def prose(page: str) -> str:
    """The page's prose: links to terms stay, what is not prose is blanked."""
    notebook = ROOT / f"{page}.ipynb"
    if notebook.is_file():
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = (ROOT / f"{page}.md").read_text("utf-8")
    text = ROLE.sub("\x01\\1\x02", text)
    for pattern in NOT_PROSE:
        text = pattern.sub(" ", text)
    return text


def target(link: str) -> str:
    """The term that a link such as ``tokens <token>`` leads to, in lower case."""
    named = re.search(r"<([^>]+)>\s*$", link)
    return " ".join((named.group(1) if named else link).split()).lower()


def spelled(name: str) -> re.Pattern[str]:
    """Find the term as a whole word, also in the plural and across a line's end."""
    words = r"\s+".join(re.escape(word) for word in name.split())
    exact = 0 if name.isupper() or any(c.isupper() for c in name[1:]) else re.IGNORECASE
    return re.compile(rf"(?<![\w-]){words}(?:e?s)?(?![\w-])", exact)


def early(page_names: list[str], *, all_pages: bool = False) -> Iterator[Early]:
    """Yield each term that is met before it is linked; with ``all_pages``, page by page."""
    terms = glossary_terms(GLOSSARY.read_text("utf-8"))
    texts = {page: prose(page) for page in page_names}
    links = {
        page: [(match.start(), terms.get(target(match.group(1)))) for match in LINK.finditer(text)]
        for page, text in texts.items()
    }
    for name in dict.fromkeys(terms.values()):
        if name.lower() in EVERYDAY:
            continue
        linked_on = next((p for p in page_names if any(t == name for _, t in links[p])), "")
        for page in page_names:
            first_link = next((at for at, term in links[page] if term == name), None)
            bare = LINK.sub(lambda match: "\0" * len(match.group()), texts[page])
            met = spelled(name).search(bare)
            if met and (first_link is None or met.start() < first_link):
                around = bare[max(0, met.start() - 30) : met.end() + 20].replace("\0", "")
                yield Early(page, name, " ".join(around.split()), linked_on)
                if not all_pages:
                    break
            elif first_link is not None and not all_pages:
                break


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all-pages", action="store_true", help="not only the first in the book")
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [
        page
        for page in pages(table)
        if not page.startswith("book/reference/") and page not in OVERVIEWS
    ]
    found = list(early(chapters, all_pages=parser.parse_args().all_pages))
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
