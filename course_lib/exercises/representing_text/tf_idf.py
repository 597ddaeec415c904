"""Exercise: TF-IDF vectors from lists of words."""

import math
import random
from collections import Counter

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Documents = list[list[str]]
Vectors = list[dict[str, float]]


def tf_idf(documents: list[list[str]]) -> list[dict[str, float]]:
    """Return the TF-IDF vector of each document, with length 1."""
    documents_with = Counter(word for document in documents for word in set(document))
    idf = {word: math.log((1 + len(documents)) / (1 + n)) + 1 for word, n in documents_with.items()}
    vectors = []
    for document in documents:
        weights = {word: count * idf[word] for word, count in Counter(document).items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values()))
        vectors.append({word: weight / length for word, weight in weights.items()})
    return vectors


def _vectors(
    documents: Documents,
    *,
    smooth: int = 1,
    plus: float = 1.0,
    occurrences: bool = False,
    use_idf: bool = True,
    binary: bool = False,
    norm: str = "l2",
    log: float = math.e,
) -> Vectors:
    """The same with one thing done differently."""
    holds = Counter(w for d in documents for w in (d if occurrences else set(d)))
    n = sum(len(d) for d in documents) if occurrences else len(documents)
    idf = {w: math.log((smooth + n) / (smooth + k), log) + plus for w, k in holds.items()}
    vectors = []
    for document in documents:
        counts = {w: 1 if binary else c for w, c in Counter(document).items()}
        weights = {w: c * (idf[w] if use_idf else 1.0) for w, c in counts.items()}
        length = math.sqrt(sum(v**2 for v in weights.values()))
        if norm == "l1":
            length = sum(weights.values())
        elif norm == "none":
            length = 1.0
        vectors.append({w: v / (length or 1.0) for w, v in weights.items()})
    return vectors


def _no_norm(documents: Documents) -> Vectors:
    return _vectors(documents, norm="none")


def _sum_norm(documents: Documents) -> Vectors:
    return _vectors(documents, norm="l1")


def _no_idf(documents: Documents) -> Vectors:
    return _vectors(documents, use_idf=False)


def _not_smooth(documents: Documents) -> Vectors:
    return _vectors(documents, smooth=0)


def _no_plus_one(documents: Documents) -> Vectors:
    return _vectors(documents, plus=0.0)


def _counts_occurrences(documents: Documents) -> Vectors:
    return _vectors(documents, occurrences=True)


def _binary(documents: Documents) -> Vectors:
    return _vectors(documents, binary=True)


def _other_log(documents: Documents) -> Vectors:
    return _vectors(documents, log=10)


def _case(texts: list[str], label: str) -> Case:
    return Case({"documents": [text.split() for text in texts]}, label)


def _random_case(draw: random.Random, n_documents: int) -> Case:
    words = ["peace", "war", "gold", "silver", "treaty", "the", "the", "the", "of", "of"]
    texts = [
        " ".join(draw.choice(words) for _ in range(draw.randint(2, 9))) for _ in range(n_documents)
    ]
    return _case(texts, f"{n_documents} random documents")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(["the cat sat", "the dog sat", "the cat and the dog"], "three sentences"),
        _case(["gold gold silver", "the gold the"], "repeated words"),
        _case(["one lonely document document"], "a single document"),
        _case(["", "the cat", "the"], "a document without words"),
        _random_case(draw, 4),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        *(_random_case(draw, n) for n in (2, 3, 6, 10)),
        _case(["gold", "", "gold silver"], "an empty document in the middle"),
    ]


def _fails_on_empty(documents: Documents) -> Vectors:
    vectors = tf_idf(documents)
    return [v for v in vectors if v]


EXERCISE = Exercise(
    id="representing_text.tf_idf",
    title="TF-IDF by hand",
    statement="""
Turn documents into TF-IDF vectors. A document comes as the list of its words. The weight of word
$w$ in document $d$ is

$$\\text{tf}(w, d) \\cdot \\text{idf}(w), \\qquad \\text{idf}(w) = \\ln\\frac{1 + N}{1 + n(w)} + 1$$

where $\\text{tf}(w, d)$ is how often $w$ stands in $d$, $N$ is the number of documents and $n(w)$
is the number of documents that hold $w$ at least once. Then divide all weights of a document by the
root of the sum of their squares, so that its vector has length 1. A document without words has an
empty vector.

Return one dictionary per document, from word to weight, with the words of that document only. Use
plain Python, not a vectorizer.
""",
    signature=Signature(
        summary="Return the TF-IDF vector of each document, with length 1.",
        parameters=(Parameter("documents", "list of documents, each a list of words (str)"),),
        returns="list of dicts, one per document, from word to weight",
    ),
    forbidden=("sklearn", "course_lib.classical"),
    level="core",
    points=4,
    minutes=12,
    example=_case(["cat cat dog", "dog"], "example"),
    reference=tf_idf,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Three steps: in how many documents does each word occur; the idf of each word; count "
        "times idf, divided by the length.",
        "For n(w), count each word once per document: "
        "`Counter(word for document in documents for word in set(document))`.",
        "`idf[word] = math.log((1 + len(documents)) / (1 + n)) + 1`. The length of a document's "
        "vector is `math.sqrt(sum(weight ** 2 for weight in weights.values()))`.",
    ),
    explanation="A word in every document has idf 1, the least there is; a word of one document "
    "only weighs most. Dividing by the length makes long and short documents comparable, and turns "
    "the dot product of two vectors into their cosine.",
    mutants=(
        Mutant("no_norm", _no_norm, "The weights are not divided by the length of the vector."),
        Mutant(
            "sum_norm",
            _sum_norm,
            "The weights are divided by their sum. The length is the root of the sum of squares.",
        ),
        Mutant("no_idf", _no_idf, "These are plain counts divided by the length: the idf is lost."),
        Mutant(
            "not_smooth",
            _not_smooth,
            "The ones inside the fraction are missing: it is (1 + N) / (1 + n(w)).",
        ),
        Mutant("no_plus_one", _no_plus_one, "The + 1 after the logarithm is missing."),
        Mutant(
            "counts_occurrences",
            _counts_occurrences,
            "n(w) counts documents, each once, however often the word stands in it; and N is the "
            "number of documents.",
        ),
        Mutant("binary", _binary, "Every word counts once. tf is how often it stands there."),
        Mutant("other_log", _other_log, "ln is the natural logarithm: `math.log`, not `log10`."),
        Mutant(
            "fails_on_empty",
            _fails_on_empty,
            "A document without words still has a vector, the empty dictionary.",
        ),
    ),
)
