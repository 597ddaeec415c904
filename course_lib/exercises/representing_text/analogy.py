"""Exercise: solve an analogy with word vectors."""

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def analogy(vectors: Tensor, a: int, b: int, c: int) -> int:
    """Return the word that is to c as b is to a."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    target = unit[b] - unit[a] + unit[c]
    scores = unit @ target
    scores[[a, b, c]] = -torch.inf
    return int(scores.argmax())


def _answer(vectors: Tensor, target: Tensor, left_out: list[int], unit: Tensor) -> int:
    scores = unit @ target
    scores[left_out] = -torch.inf
    del vectors
    return int(scores.argmax())


def _unit(vectors: Tensor) -> Tensor:
    unit: Tensor = vectors / vectors.norm(dim=1, keepdim=True)
    return unit


def _all_words(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    return int((unit @ (unit[b] - unit[a] + unit[c])).argmax())


def _turned(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    return _answer(vectors, unit[a] - unit[b] + unit[c], [a, b, c], unit)


def _added(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    return _answer(vectors, unit[a] + unit[b] + unit[c], [a, b, c], unit)


def _by_dot(vectors: Tensor, a: int, b: int, c: int) -> int:
    target = vectors[b] - vectors[a] + vectors[c]
    return _answer(vectors, target, [a, b, c], vectors)


def _not_normalized_first(vectors: Tensor, a: int, b: int, c: int) -> int:
    target = vectors[b] - vectors[a] + vectors[c]
    return _answer(vectors, target, [a, b, c], _unit(vectors))


def _neighbor_of_c(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    return _answer(vectors, unit[c], [a, b, c], unit)


def _only_c_out(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    return _answer(vectors, unit[b] - unit[a] + unit[c], [c], unit)


def _farthest(vectors: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(vectors)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = torch.inf
    return int(scores.argmin())


def _case(seed: int, n_words: int, d_vector: int) -> Case:
    """Vectors with pairs that differ by one direction and very different lengths."""
    generator = torch.Generator().manual_seed(seed)
    base = torch.randn(n_words // 2, d_vector, generator=generator)
    step = torch.randn(d_vector, generator=generator)
    blur = 0.35 * torch.randn(n_words // 2, d_vector, generator=generator)
    vectors = torch.cat([base, base + 0.7 * step + blur])
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    vectors *= torch.empty(len(vectors), 1).uniform_(0.4, 3.0, generator=generator)
    first, second = torch.randperm(n_words // 2, generator=generator)[:2].tolist()
    inputs = {"vectors": vectors, "a": first, "b": first + n_words // 2, "c": second}
    return Case(inputs, f"{n_words} words with {d_vector} entries")


def _known() -> Case:
    vectors = torch.tensor(
        [[1.0, 0.0, 0.2], [1.0, 1.0, 0.2], [0.0, 0.2, 4.0], [0.0, 4.0, 4.0], [9.0, 9.0, 9.0]]
    )
    return Case({"vectors": vectors, "a": 0, "b": 1, "c": 2}, "five words by hand")


def _near_b() -> Case:
    """The first and the third word are alike, so the sum ends near the second."""
    rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.9, 0.1, 0.3], [0.1, 1.0, 0.6], [1.0, 1.0, 1.0]]
    vectors = torch.tensor(rows)
    return Case({"vectors": vectors, "a": 0, "b": 1, "c": 2}, "a and c are alike")


def _public(seed: int) -> list[Case]:
    return [_known(), _near_b(), *(_case(100 * seed + i, 20, 6) for i in range(1, 6))]


def _hidden(seed: int) -> list[Case]:
    drawn = [_case(20_000 + 100 * seed + i, n, d) for i, (n, d) in enumerate(_SIZES)]
    return [_near_b(), *drawn]


_SIZES = ((8, 3), (20, 6), (20, 6), (30, 8), (40, 5), (60, 10), (60, 10), (30, 6))


EXERCISE = Exercise(
    id="representing_text.analogy",
    title="Solve an analogy",
    statement="""
"a is to b as c is to …": the usual answer is the word whose vector has the highest cosine
similarity with

$$\\hat{v}_b - \\hat{v}_a + \\hat{v}_c$$

where $\\hat{v}$ is a vector divided by its length. The three words of the question may not be the
answer. Row i of the matrix is the vector of word i; none is zero. Return the number of the answer.
""",
    signature=Signature(
        summary="Return the word that is to c as b is to a.",
        parameters=(
            Parameter("vectors", "float tensor [V D], one row per word"),
            Parameter("a", "int, number of the first word"),
            Parameter("b", "int, number of the second word"),
            Parameter("c", "int, number of the third word"),
        ),
        returns="int, number of the answer",
    ),
    forbidden=("course_lib.data",),
    level="core",
    points=4,
    minutes=10,
    example=_known(),
    reference=analogy,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Divide every row by its length first: `vectors / vectors.norm(dim=1, keepdim=True)`.",
        "With rows of length 1, `unit @ target` ranks the words as the cosine does: the length of "
        "the target is the same for all.",
        "Before `argmax`, set the scores of a, b and c to `-torch.inf`.",
    ),
    explanation="Without the last step the answer is usually c itself or b: the sum starts at c "
    "and moves by a small step. Lengths matter because frequent words tend to have other lengths "
    "than rare ones, and the direction is what carries the meaning.",
    mutants=(
        Mutant(
            "all_words",
            _all_words,
            "The words of the question may not be the answer; one of them is nearest as a rule.",
        ),
        Mutant("turned", _turned, "The difference is turned around: it is b minus a, plus c."),
        Mutant("added", _added, "All three vectors are added; a is subtracted."),
        Mutant(
            "by_dot",
            _by_dot,
            "The vectors keep their lengths, so long ones win. Divide each by its length.",
        ),
        Mutant(
            "not_normalized_first",
            _not_normalized_first,
            "The candidates are divided by their lengths, but b − a + c is made of the raw "
            "vectors. Divide first.",
        ),
        Mutant(
            "neighbor_of_c",
            _neighbor_of_c,
            "This is the neighbor of c alone; the step from a to b is missing.",
        ),
        Mutant("only_c_out", _only_c_out, "b may not be the answer either."),
        Mutant("farthest", _farthest, "This is the least similar word: use `argmax`."),
    ),
)
