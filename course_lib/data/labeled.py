"""Labeled examples: one or more texts and the number of the right answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Labeled:
    """What is read, and what is to be said about it.

    Attributes:
        texts: one text to be classified; or two to be compared; or a context and the choices that
            may follow it.
        label: the class, from 0; or the place of the right choice among the choices, from 0.

    >>> Labeled(("Great fun.",), 1).label
    1
    """

    texts: tuple[str, ...]
    label: int

    def __post_init__(self) -> None:
        if not self.texts or not all(text.strip() for text in self.texts):
            raise ValueError(f"texts must hold at least one text and no empty one: {self.texts!r}")
        if self.label < 0:
            raise ValueError(f"label counts from 0, got {self.label}")


@dataclass(frozen=True)
class LabeledSplits:
    """Examples to learn from and examples to be tested with; no first text is in both."""

    train: list[Labeled]
    test: list[Labeled]

    def __post_init__(self) -> None:
        shared = {item.texts[0] for item in self.train} & {item.texts[0] for item in self.test}
        if shared:
            raise ValueError(
                f"train and test share {len(shared)} first texts, such as {min(shared)!r}; put "
                "all examples with the same text into one of them"
            )
