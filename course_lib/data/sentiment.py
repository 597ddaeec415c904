"""Short texts with the mean of what some twenty people said about their sentiment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from course_lib.assets import asset_path
from course_lib.data.labeled import Labeled, LabeledSplits

RatedSource = Literal["movies", "tweets", "products"]
_FILES: dict[str, str] = {
    "movies": "movieReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
}


@dataclass(frozen=True)
class RatedText:
    """One short text and its mean rating from −4 (very negative) to 4 (very positive)."""

    text: str
    rating: float


def rated_texts(source: str) -> list[RatedText]:
    """Rated sentences of movie reviews, tweets, or product reviews, each text once.

    10,603 ``"movies"``, 4,153 ``"tweets"`` and 3,697 ``"products"``, in the order of the file. For
    study only: the reviews are third-party text and must not be redistributed. Needs the asset
    ``vader``; raises AssetMissingError, and ValueError for another source.

    Source: Hutto and Gilbert 2014; the sentences of reviews are those of Pang and Lee 2005.
    """
    if source not in _FILES:
        raise ValueError(f"source is {source!r}; use one of {', '.join(_FILES)}")
    found: dict[str, RatedText] = {}
    content = (asset_path("vader") / _FILES[source]).read_text(encoding="utf-8")
    for line in content.split("\n"):
        if not line.strip():
            continue
        _, rating, text = line.split("\t")
        plain = " ".join(text.split())
        found.setdefault(plain.lower(), RatedText(plain, float(rating)))
    return list(found.values())


def sentiment_splits(
    source: str = "movies", *, n_test: int = 1000, margin: float = 0.5
) -> LabeledSplits:
    """Texts that most people agree about: label 1 for a positive rating, 0 for a negative one.

    Left out are ratings between −``margin`` and ``margin``. The order, and with it the split, is
    that of a hash of the texts: any first part of the training examples is a fair sample. Raises
    as ``rated_texts``, and ValueError when ``n_test`` leaves nothing to train on.
    """
    kept = [item for item in rated_texts(source) if abs(item.rating) >= margin]
    if not 0 < n_test < len(kept):
        raise ValueError(f"n_test must be from 1 to {len(kept) - 1}, got {n_test}")
    kept.sort(key=lambda item: hashlib.sha256(item.text.lower().encode()).digest())
    examples = [Labeled((item.text,), int(item.rating > 0)) for item in kept]
    return LabeledSplits(train=examples[n_test:], test=examples[:n_test])
