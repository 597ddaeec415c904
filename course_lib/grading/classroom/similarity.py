"""Submissions so alike that a human should look at them; never a verdict.

What is compared are fingerprints: for each function the hashes of the 5-grams of its syntax tree,
in which names are replaced in order of appearance, so that renaming, comments, layout and the order
of functions do not matter. What honest solutions share is left out before anything is compared:
grams of the reference solution, of the stub and of known mistakes, and grams that many submissions
of the class have. A gram that ``d`` of ``n`` submissions have weighs ``log(n/d) / log(n/2)``: 1 if
only two have it, little where it is one of a few usual ways to write a line. Two functions are
alike when the weighted Jaccard index of what is left, ``w(A ∩ B) / w(A ∪ B)``, reaches a threshold;
a pair is reported when what its alike functions share weighs enough.

Pairs are found with an inverted index over prefixes (Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins", 2006): a pair that reaches the threshold ``t`` shares one of the
rarest grams of each set, those before the rest weighs less than ``t · w(A)``. Only these are looked
up, and few submissions have them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from course_lib.exercises import Exercise, chapters, solution_source, stub_source
from course_lib.grading.classroom.known_code import mutant_sources
from course_lib.grading.classroom.results import SubmissionMarks
from course_lib.grading.inside.cells import read_cells
from course_lib.grading.inside.fingerprints import fingerprints

THRESHOLD = 0.7
COMMON_SHARE = 0.3
COMMON_COUNT = 3
MINIMUM_SHARED = 10
MINIMUM_WEIGHT = 40.0
SMALL_CLASS = 20
_ROUNDING = 1e-9

Grams = frozenset[int]
Fingerprint = Callable[[Sequence[str], Sequence[str]], Mapping[str, Sequence[int]]]


@dataclass(frozen=True)
class SimilarPair:
    """Two students whose functions in one chapter are alike.

    ``evidence`` is how many distinctive grams of the named functions both have, ``weight`` what
    these weigh, rare ones more, and ``share`` their part of the weight of all.
    ``first`` sorts before ``second``.
    """

    chapter: str
    first: str
    second: str
    share: float
    evidence: int
    weight: float
    functions: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {self.share}")


@dataclass(frozen=True)
class _Alike:
    shared: int
    weight: float
    union_weight: float
    function: str


def similar_pairs(
    marks: Sequence[SubmissionMarks],
    *,
    threshold: float = THRESHOLD,
    minimum_weight: float = MINIMUM_WEIGHT,
    known: Mapping[str, Collection[int]] | None = None,
) -> list[SimilarPair]:
    """Return the pairs of submissions for a human to look at, those that share most first.

    ``known`` gives, by exercise id, the grams that say nothing; by default those of
    :func:`known_grams` for the exercises of the course. Raises ``ValueError`` for a threshold
    outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    pairs = [
        pair
        for chapter, submissions in _by_chapter(marks).items()
        for pair in _chapter_pairs(chapter, submissions, threshold, known)
        if pair.weight >= minimum_weight
    ]
    return sorted(pairs, key=lambda p: (-p.weight, -p.share, p.chapter, p.first, p.second))


def _chapter_pairs(
    chapter: str,
    submissions: Sequence[SubmissionMarks],
    threshold: float,
    known: Mapping[str, Collection[int]] | None,
) -> Iterator[SimilarPair]:
    alike: dict[tuple[str, str], list[_Alike]] = defaultdict(list)
    functions = sorted({name for mark in submissions for name in mark.fingerprints})
    excused = _course_grams(chapter, functions) if known is None else known
    for function in functions:
        grams = [frozenset(mark.fingerprints.get(function, ())) for mark in submissions]
        telling = distinctive(grams, excused.get(f"{chapter}.{function}", ()))
        for left, right, found in _join(telling, threshold, function):
            first, second = submissions[left].student, submissions[right].student
            if first != second:
                alike[first, second].append(found)
    for (first, second), found_alike in alike.items():
        yield _pair(chapter, first, second, found_alike)


def distinctive(grams: Sequence[Grams], known: Collection[int]) -> list[Grams]:
    """Return what is left of each set without the known grams and those that many sets have."""
    counts = Counter(gram for own in grams for gram in own)
    present = sum(bool(own) for own in grams)
    many = max(COMMON_COUNT, COMMON_SHARE * present)
    common = {gram for gram, number in counts.items() if number > many} | set(known)
    return [own - common for own in grams]


def known_grams(exercises: Iterable[Exercise], fingerprint: Fingerprint) -> dict[str, Grams]:
    """Return, by exercise id, the grams of stub, reference solution and known mistakes.

    ``fingerprint`` takes cells and names, as ``Sandbox.fingerprint`` does.
    """
    found = {}
    for exercise in exercises:
        sources = [stub_source(exercise.id), solution_source(exercise), *mutant_sources(exercise)]
        found[exercise.id] = frozenset(
            gram
            for source in sources
            for grams in fingerprint([source], [exercise.name]).values()
            for gram in grams
        )
    return found


def fingerprint_source(cells: Sequence[str], names: Sequence[str]) -> dict[str, list[int]]:
    """Fingerprint code of the course itself: read, not run, and therefore without a sandbox."""
    return fingerprints(read_cells(cells), names)


def _course_grams(chapter: str, functions: Collection[str]) -> dict[str, Grams]:
    exercises = [e for e in chapters().get(chapter, ()) if e.name in functions]
    return known_grams(exercises, fingerprint_source)


def _by_chapter(marks: Sequence[SubmissionMarks]) -> dict[str, list[SubmissionMarks]]:
    grouped: dict[str, list[SubmissionMarks]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (mark.student, mark.file)):
        if mark.chapter and mark.fingerprints:
            grouped[mark.chapter].append(mark)
    return grouped


def _pair(chapter: str, first: str, second: str, alike: Sequence[_Alike]) -> SimilarPair:
    weight = math.fsum(item.weight for item in alike)
    return SimilarPair(
        chapter=chapter,
        first=first,
        second=second,
        share=round(min(1.0, weight / math.fsum(item.union_weight for item in alike)), 3),
        evidence=sum(item.shared for item in alike),
        weight=round(weight, 1),
        functions=tuple(i.function for i in sorted(alike, key=lambda i: (-i.shared, i.function))),
    )


def _join(
    sets: Sequence[Grams], threshold: float, function: str
) -> Iterator[tuple[int, int, _Alike]]:
    """Yield all pairs of sets with such a Jaccard index, and what they share."""
    weights = gram_weights(sets)
    totals = [math.fsum(weights[gram] for gram in own) for own in sets]
    order = sorted(
        (i for i, own in enumerate(sets) if len(own) >= MINIMUM_SHARED), key=lambda i: totals[i]
    )
    index: dict[int, list[int]] = defaultdict(list)
    for right in order:
        own = sets[right]
        prefix = _prefix(own, weights, threshold * totals[right])
        candidates = {left for gram in prefix for left in index[gram]}
        for left in sorted(candidates):
            if totals[left] < threshold * totals[right] - _ROUNDING:
                continue
            both = own & sets[left]
            weight = math.fsum(weights[gram] for gram in both)
            union = totals[left] + totals[right] - weight
            if len(both) >= MINIMUM_SHARED and weight >= threshold * union - _ROUNDING:
                alike = _Alike(len(both), weight, union, function)
                yield min(left, right), max(left, right), alike
        for gram in prefix:
            index[gram].append(right)


def gram_weights(sets: Sequence[Grams]) -> dict[int, float]:
    """Return what each gram weighs as evidence; a small class counts as one of 20."""
    counts = Counter(gram for own in sets for gram in own)
    size = max(SMALL_CLASS, sum(bool(own) for own in sets))
    unit = math.log(size / 2)
    return {gram: min(1.0, math.log(size / number) / unit) for gram, number in counts.items()}


def _prefix(own: Grams, weights: Mapping[int, float], needed: float) -> list[int]:
    """Return the heaviest grams, so many that the rest weighs less than ``needed``."""
    rest, kept = 0.0, len(own)
    ordered = sorted(own, key=lambda gram: (-weights[gram], gram))
    for gram in reversed(ordered):
        rest += weights[gram]
        if rest >= needed - _ROUNDING:
            break
        kept -= 1
    return ordered[:kept]
