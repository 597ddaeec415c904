"""Chinese–English sentence pairs: what two programs say to their users, in both languages."""

import gettext
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.assets import asset_path

LONGEST_TARGET = 25
"""English texts of more words than this are left out."""
LONGEST_SOURCE = 60
"""Chinese texts of more characters than this are left out."""
HELD_OUT = 500
"""Sources of the test set, and of the validation set."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_NOT_PLAIN = re.compile(r"\n|http|<|%|\]\(|\\")  # line breaks, links, mark-up, formats, references
_NOT_LETTERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class SentencePair:
    """The same short text in Chinese, ``source``, and in English, ``target``."""

    source: str
    target: str


@dataclass(frozen=True)
class PairSplits:
    """Pairs to train on, to choose settings by, and to measure with at the end.

    No source and no target is in two of them, not even with other digits, case or punctuation.
    """

    train: list[SentencePair]
    validation: list[SentencePair]
    test: list[SentencePair]

    def __post_init__(self) -> None:
        seen: dict[tuple[str, str], str] = {}
        for name in ("train", "validation", "test"):
            for pair in getattr(self, name):
                for side in ("source", "target"):
                    key = (side, fold(getattr(pair, side)))
                    if seen.setdefault(key, name) != name:
                        raise ValueError(
                            f"the {side} {getattr(pair, side)!r} is in {seen[key]} and in {name}; "
                            "put all pairs that share a text into one of them"
                        )


def interface_pairs() -> list[SentencePair]:
    """Pairs from Home Assistant and JupyterLab, clean and each only once, in a fixed order.

    Kept are one-line texts without links or mark-up whose Chinese has a Chinese character and
    whose English has none, up to ``LONGEST_SOURCE`` characters and ``LONGEST_TARGET`` words. Needs
    the assets ``home-assistant`` and ``jupyterlab-zh``; raises AssetMissingError.
    """
    found = {
        SentencePair(" ".join(chinese.split()), " ".join(english.split()))
        for chinese, english in (*_home_assistant(), *_jupyterlab())
        if is_clean(chinese, english)
    }
    return sorted(found, key=lambda pair: (pair.source, pair.target))


def interface_splits() -> PairSplits:
    """``interface_pairs`` divided for good: ``HELD_OUT`` sources to validate, as many to test."""
    return split_pairs(interface_pairs(), held_out=HELD_OUT)


def is_clean(chinese: str, english: str) -> bool:
    """Tell whether two texts make a pair to learn from; see ``interface_pairs``.

    >>> is_clean("保存笔记本", "Save Notebook"), is_clean("JupyterLab", "JupyterLab")
    (True, False)
    """
    return (
        not _NOT_PLAIN.search(chinese.strip())
        and not _NOT_PLAIN.search(english.strip())
        and bool(_HAN.search(chinese))
        and not _HAN.search(english)
        and bool(re.search("[a-z]", english))
        and len(chinese) <= LONGEST_SOURCE
        and len(english.split()) <= LONGEST_TARGET
    )


def fold(text: str) -> str:
    """Reduce a text to its letters in lower case, so that near copies are equal.

    >>> fold("Name of source #5") == fold("name of source 6.")
    True
    """
    return _NOT_LETTERS.sub(" ", text.casefold()).strip()


def split_pairs(pairs: Iterable[SentencePair], *, held_out: int) -> PairSplits:
    """Hold out pairs for validation and test so that no text is on two sides.

    Pairs that share a folded source or a folded target are tied together, and so are all that are
    tied to the same pair. Such a group goes into one split as a whole. The groups are shuffled by
    a hash of their texts; the first go to the test set until it has ``held_out`` sources, the next
    to the validation set, and the rest is for training. Raises ValueError when nothing is left.
    """
    groups = sorted(_tied(pairs), key=_shuffled)
    places = iter(groups)
    test = _take(places, held_out)
    validation = _take(places, held_out)
    train = [pair for group in places for pair in group]
    if not train:
        raise ValueError(f"held_out={held_out} leaves no pair to train on; hold out fewer")
    return PairSplits(train=train, validation=validation, test=test)


def by_source(pairs: Iterable[SentencePair]) -> dict[str, list[str]]:
    """Collect the translations of each source: one text can have several that are right.

    >>> by_source([SentencePair("区域", "Zone"), SentencePair("区域", "Area")])
    {'区域': ['Zone', 'Area']}
    """
    found: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        found[pair.source].append(pair.target)
    return dict(found)


def _take(groups: Iterator[list[SentencePair]], n_sources: int) -> list[SentencePair]:
    taken: list[SentencePair] = []
    while len({pair.source for pair in taken}) < n_sources:
        group = next(groups, None)
        if group is None:
            break
        taken += group
    return taken


def _shuffled(group: Sequence[SentencePair]) -> bytes:
    first = min(f"{pair.source}\t{pair.target}" for pair in group)
    return hashlib.sha256(first.encode()).digest()


def _tied(pairs: Iterable[SentencePair]) -> list[list[SentencePair]]:
    """Return the connected groups of pairs (union–find over folded texts)."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(text: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(text, text) != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    everything = list(pairs)
    for pair in everything:
        parent[root(("source", fold(pair.source)))] = root(("target", fold(pair.target)))
    groups: dict[tuple[str, str], list[SentencePair]] = defaultdict(list)
    for pair in everything:
        groups[root(("source", fold(pair.source)))].append(pair)
    return list(groups.values())


def _home_assistant() -> Iterator[tuple[str, str]]:
    """Texts under the same key of the two files of each component."""
    folder = asset_path("home-assistant")
    for file in sorted(folder.glob("components/*/translations/zh-Hans.json")):
        chinese = dict(_leaves(json.loads(file.read_text(encoding="utf-8"))))
        other = json.loads(file.with_name("en.json").read_text(encoding="utf-8"))
        english = dict(_leaves(other))
        yield from ((chinese[key], english[key]) for key in chinese if key in english)


def _leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}/{key}")
        elif isinstance(value, str):
            yield f"{path}/{key}", value


def _jupyterlab() -> Iterator[tuple[str, str]]:
    """Messages of the gettext catalogs, without the context that may precede them."""
    for file in sorted(asset_path("jupyterlab-zh").glob("*.mo")):
        with file.open("rb") as stream:
            catalog = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
        for key, chinese in catalog.items():
            english = key if isinstance(key, str) else key[0]  # (message, number of the plural)
            yield chinese, english.rpartition("\x04")[2]
