"""What a published number is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        value: as printed in the source, in units of `unit`.
        unit: what is counted.
        citation: key of the source.
        where: section or table of the source.

    >>> str(Published(8, "million documents", "radford2019language", "section 2.1"))
    '8 million documents'
    """

    value: float
    unit: str
    citation: str
    where: str

    def __str__(self) -> str:
        return f"{self.value:,} {self.unit}"
