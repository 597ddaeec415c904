"""Exercise: rank documents by the cosine of their vectors with a query."""

import math
import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Bag = dict[str, float]


def rank_by_cosine(query: dict[str, float], documents: list[dict[str, float]]) -> list[int]:
    """Return the positions of the documents that share a word with the query, best first."""

    def length(bag: dict[str, float]) -> float:
        return math.sqrt(sum(weight**2 for weight in bag.values()))

    scores = {}
    for position, document in enumerate(documents):
        dot = sum(weight * document[word] for word, weight in query.items() if word in document)
        if dot > 0:
            scores[position] = dot / (length(query) * length(document))
    return sorted(scores, key=lambda position: -scores[position])


def _dot(a: Bag, b: Bag) -> float:
    return sum(weight * b[word] for word, weight in a.items() if word in b)


def _length(bag: Bag) -> float:
    return math.sqrt(sum(weight**2 for weight in bag.values()))


def _by_dot(query: Bag, documents: list[Bag]) -> list[int]:
    scores = {i: _dot(query, d) for i, d in enumerate(documents) if _dot(query, d) > 0}
    return sorted(scores, key=lambda i: -scores[i])


def _worst_first(query: Bag, documents: list[Bag]) -> list[int]:
    return rank_by_cosine(query, documents)[::-1]


def _with_strangers(query: Bag, documents: list[Bag]) -> list[int]:
    found = rank_by_cosine(query, documents)
    return found + [i for i in range(len(documents)) if i not in found]


def _by_sum(query: Bag, documents: list[Bag]) -> list[int]:
    scores = {
        i: _dot(query, d) / sum(d.values()) for i, d in enumerate(documents) if _dot(query, d) > 0
    }
    return sorted(scores, key=lambda i: -scores[i])


def _by_squares(query: Bag, documents: list[Bag]) -> list[int]:
    scores = {
        i: _dot(query, d) / _length(d) ** 2 for i, d in enumerate(documents) if _dot(query, d) > 0
    }
    return sorted(scores, key=lambda i: -scores[i])


def _by_shared_words(query: Bag, documents: list[Bag]) -> list[int]:
    scores = {i: len(query.keys() & d.keys()) for i, d in enumerate(documents)}
    return sorted((i for i in scores if scores[i]), key=lambda i: -scores[i])


def _ties_from_the_end(query: Bag, documents: list[Bag]) -> list[int]:
    n = len(documents)
    return [n - 1 - i for i in rank_by_cosine(query, documents[::-1])]


def _only_the_best(query: Bag, documents: list[Bag]) -> list[int]:
    return rank_by_cosine(query, documents)[:1]


def _case(query: Bag, documents: list[Bag], label: str) -> Case:
    return Case({"query": query, "documents": documents}, label)


def _random_case(draw: random.Random, n_documents: int) -> Case:
    words = ["peace", "war", "gold", "silver", "treaty", "canal", "tariff"]

    def bag(most: int) -> Bag:
        chosen = draw.sample(words, draw.randint(1, most))
        return {word: float(draw.randint(1, 9)) for word in sorted(chosen)}

    return _case(bag(3), [bag(6) for _ in range(n_documents)], f"{n_documents} random documents")


_LONG: Bag = {"gold": 6.0, "silver": 6.0, "war": 9.0, "peace": 8.0}
_TIED: list[Bag] = [{"war": 1.0}, {"gold": 2.0}, {"gold": 2.0}, {"peace": 1.0}]
_MIXED: list[Bag] = [
    {"gold": 1.0, "war": 0.5},
    {"gold": 0.1, "war": 0.1},
    {"gold": 3.0, "war": 1.0, "peace": 1.0, "treaty": 1.0},
    {"gold": 4.0, "war": 3.0},
    {"peace": 2.0},
]


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case({"gold": 1.0, "silver": 1.0}, [_LONG, {"gold": 1.0}, {"war": 2.0}], "long and short"),
        _case({"gold": 3.0}, _TIED, "two equally good documents"),
        _case({"zebra": 1.0}, [{"gold": 1.0}], "a query that nothing matches"),
        _case({"gold": 2.0}, _MIXED, "small and large weights"),
        _random_case(draw, 8),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        *(_random_case(draw, n) for n in (1, 4, 8, 12)),
        _case({}, [{"gold": 1.0}], "an empty query"),
        _case({"war": 2.0, "gold": 1.0}, [*_TIED, *_TIED], "several equally good documents"),
        _case({"gold": 1.0}, [{}, {"gold": 5.0, "war": 1.0}, {}], "empty documents"),
    ]


EXERCISE = Exercise(
    id="representing_text.rank_by_cosine",
    title="A search engine in ten lines",
    statement="""
A query and some documents are given as vectors: dictionaries from word to weight, all weights
positive. Rank the documents by cosine similarity with the query,

$$\\cos(q, d) = \\frac{q \\cdot d}{|q| \\, |d|}$$

and return their positions in the list, the best first. Leave out documents that share no word with
the query. Of two with equal scores, the one that comes first in the list stays first. A query or a
document may be empty.
""",
    signature=Signature(
        summary="Return the positions of the documents that share a word with the query, best "
        "first.",
        parameters=(
            Parameter("query", "dict from word (str) to weight > 0"),
            Parameter("documents", "list of such dicts"),
        ),
        returns="list of ints, positions in documents",
    ),
    forbidden=("sklearn", "course_lib.classical"),
    level="core",
    points=4,
    minutes=10,
    example=_case(
        {"gold": 1.0},
        [{"gold": 2.0, "war": 9.0}, {"peace": 1.0}, {"gold": 1.0, "war": 1.0}],
        "example",
    ),
    reference=rank_by_cosine,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write the dot product first: only words in both dictionaries add to it.",
        "Divide the dot product by the root of the sum of squares of the document. (The query's "
        "length is the same for all documents and cannot change their order.)",
        "Keep the positions whose dot product is above 0 and use "
        "`sorted(positions, key=lambda i: -score[i])`: `sorted` keeps equals in order.",
    ),
    explanation="A document that shares nothing has a dot product of 0 and need not be looked at "
    "again; real engines find the others through a list of documents per word. Without the "
    "division a long document would win by its length alone.",
    mutants=(
        Mutant(
            "by_dot",
            _by_dot,
            "This ranks by the dot product: long documents win. Divide by the document's length.",
        ),
        Mutant("worst_first", _worst_first, "The order is turned around: the best comes first."),
        Mutant(
            "with_strangers",
            _with_strangers,
            "Documents that share no word with the query are to be left out.",
        ),
        Mutant(
            "by_sum",
            _by_sum,
            "The dot product is divided by the sum of the weights; the length is the root of the "
            "sum of squares.",
        ),
        Mutant(
            "by_squares",
            _by_squares,
            "The root is missing: the length is the root of the sum of squares.",
        ),
        Mutant(
            "by_shared_words",
            _by_shared_words,
            "This counts shared words and ignores the weights.",
        ),
        Mutant(
            "ties_from_the_end",
            _ties_from_the_end,
            "Of two equally good documents, the first in the list comes first. `sorted(..., "
            "reverse=True)` over reversed data turns them around.",
        ),
        Mutant("only_the_best", _only_the_best, "All matching documents are asked for."),
    ),
)
