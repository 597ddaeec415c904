"""Word vectors by name, and the published questions they are tested with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from course_lib.assets import asset_path, checkpoint_path

Question = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class WordVectors:
    """One vector for each word.

    Attributes:
        words: V different words; of frequent and rare ones, the frequent first.
        matrix: [V D], one row per word, of any length.

    Raises:
        ValueError: the number of words is not that of the rows, or a word comes twice.
    """

    words: Sequence[str]
    matrix: Float[np.ndarray, "V D"]
    positions: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        positions = {word: index for index, word in enumerate(self.words)}
        if not len(positions) == len(self.words) == len(self.matrix):
            raise ValueError(
                f"words has {len(self.words)} entries, {len(positions)} of them different, and "
                f"matrix {len(self.matrix)} rows; the three must be equal"
            )
        object.__setattr__(self, "positions", positions)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.positions

    def __getitem__(self, word: str) -> Float[np.ndarray, " D"]:
        """Return the vector of a word.

        Raises:
            ValueError: the word has none.
        """
        if word not in self.positions:
            raise ValueError(f"{word!r} is not among the {len(self):,} words; try lower case")
        row: Float[np.ndarray, " D"] = np.asarray(self.matrix[self.positions[word]])
        return row

    def first(self, n: int) -> WordVectors:
        """Return the first `n` words only."""
        return WordVectors(self.words[:n], self.matrix[:n])

    def unit(self) -> Float[np.ndarray, "V D"]:
        """Return the matrix with every row divided by its length; rows of zeros stay."""
        lengths = np.linalg.norm(self.matrix, axis=1, keepdims=True)
        result: Float[np.ndarray, "V D"] = self.matrix / np.where(lengths == 0, 1, lengths)
        return result

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine similarity of two words."""
        u, v = self[a], self[b]
        return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))

    def nearest(
        self, target: str | Float[np.ndarray, " D"], n: int = 5, *, exclude: Iterable[str] = ()
    ) -> list[tuple[str, float]]:
        """Return the `n` words most similar to a word or a vector, with their cosines.

        A word is not its own neighbor; further words can be excluded.

        Raises:
            ValueError: the word is unknown, or `n` is below 1.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}")
        left_out = set(exclude)
        if isinstance(target, str):
            left_out.add(target)
        vector = self[target] if isinstance(target, str) else np.asarray(target)
        lengths = np.linalg.norm(self.matrix, axis=1) * np.linalg.norm(vector)
        scores = self.matrix @ vector / np.where(lengths == 0, 1, lengths)
        found: list[tuple[str, float]] = []
        for index in np.argsort(-scores, kind="stable"):
            if self.words[index] not in left_out:
                found.append((self.words[index], float(scores[index])))
            if len(found) == n:
                break
        return found

    def analogy(self, a: str, b: str, c: str, n: int = 1) -> list[tuple[str, float]]:
        """Return what is to c as b is to a: the words nearest to b − a + c, these three excluded.

        All vectors are divided by their lengths first (Mikolov, Yih and Zweig 2013).
        """
        x, y, z = (v / np.linalg.norm(v) for v in (self[a], self[b], self[c]))
        return self.nearest(y - x + z, n, exclude=(a, b, c))


def glove() -> WordVectors:
    """400,000 published vectors of 50 entries, from six billion words (Pennington et al. 2014).

    The rows stay on the disk until they are used. Needs the asset ``glove``; raises
    AssetMissingError.
    """
    import pyarrow.parquet  # comes with `datasets`

    folder = asset_path("glove")
    words = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    return WordVectors(words, np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r"))


def course_vectors() -> WordVectors:
    """The course's own word2vec vectors, trained on the speeches and the Bible in Basic English.

    `scripts/word2vec_seeds.py` made them; they ship with the course.
    """
    from safetensors.numpy import load_file

    folder = checkpoint_path("word2vec")
    words = (folder / "words.txt").read_text(encoding="utf-8").split()
    return WordVectors(
        words, load_file(folder / "vectors.safetensors")["inputs"].astype(np.float32)
    )


def analogy_questions() -> dict[str, list[Question]]:
    """The 19,544 analogies of Mikolov et al. 2013, in lower case, by section.

    A question (a, b, c, d) reads: a is to b as c is to d. Five sections ask for facts, such as
    capitals; the nine whose names begin with ``gram`` ask for word forms. Needs the asset
    ``enwiki``; raises AssetMissingError.
    """
    sections: dict[str, list[Question]] = {}
    lines = (asset_path("enwiki") / "questions-words.txt").read_text(encoding="utf-8")
    for line in lines.lower().splitlines():
        if line.startswith(":"):
            current = sections.setdefault(line[1:].strip(), [])
        elif line.strip():
            a, b, c, d = line.split()
            current.append((a, b, c, d))
    return sections


def word_similarities() -> list[tuple[str, str, float]]:
    """353 pairs of words, in lower case, with people's mean rating of their relatedness, 0–10.

    WordSim-353 (Finkelstein et al. 2002). Needs the asset ``enwiki``; raises AssetMissingError.
    """
    lines = (asset_path("enwiki") / "wordsim353.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(a.lower(), b.lower(), float(rating)) for a, b, rating in (row[:3] for row in rows)]
