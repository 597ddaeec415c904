"""Exercise: replacing a pair of neighbors by a new token."""

import random
from itertools import pairwise

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def merge_pair(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    """Return the ids with the pair merged."""
    merged: list[int] = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and ids[i] == left and ids[i + 1] == right:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _first_only(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    for i in range(len(ids) - 1):
        if ids[i] == left and ids[i + 1] == right:
            return [*ids[:i], new_id, *ids[i + 2 :]]
    return ids


def _from_the_right(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    return merge_pair(ids[::-1], right, left, new_id)[::-1]


def _right_kept(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = []
    for i, token in enumerate(ids):
        is_pair = i + 1 < len(ids) and token == left and ids[i + 1] == right
        merged.append(new_id if is_pair else token)
    return merged


def _last_lost(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = []
    i = 0
    while i < len(ids) - 1:
        pair = ids[i] == left and ids[i + 1] == right
        merged.append(new_id if pair else ids[i])
        i += 2 if pair else 1
    return merged


def _either_order(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = []
    i = 0
    while i < len(ids):
        pair = ids[i : i + 2] in ([left, right], [right, left])
        merged.append(new_id if pair else ids[i])
        i += 2 if pair else 1
    return merged


def _overlapping(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    inside = [a == left and b == right for a, b in pairwise(ids)]
    merged = []
    for i, token in enumerate(ids):
        if i < len(inside) and inside[i]:
            merged.append(new_id)
        elif i == 0 or not inside[i - 1]:
            merged.append(token)
    return merged


def _no_step(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = []
    i = 0
    while i < len(ids):
        pair = ids[i : i + 2] == [left, right]
        merged.append(new_id if pair else ids[i])
        i += 3 if pair else 1
    return merged


def _one_removed(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = merge_pair(ids, left, right, new_id)
    return [i for i in merged if i != new_id]


def _shrinks_while_walking(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    merged = list(ids)
    for i in range(len(merged) - 1):
        if merged[i] == left and merged[i + 1] == right:
            merged[i : i + 2] = [new_id]
    return merged


def _as_text(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    text = " ".join(map(str, ids)).replace(f"{left} {right}", str(new_id))
    return [int(part) for part in text.split()]


def _each_half(ids: list[int], left: int, right: int, new_id: int) -> list[int]:
    return [new_id if i in (left, right) else i for i in ids]


def _case(ids: list[int], left: int, right: int, label: str) -> Case:
    return Case({"ids": ids, "left": left, "right": right, "new_id": 256}, label)


def _random_case(draw: random.Random, length: int) -> Case:
    ids = [draw.randint(1, 3) for _ in range(length)]
    return _case(ids, draw.randint(1, 3), draw.randint(1, 3), f"{length} random ids")


_FIXED = (
    ([1, 2, 3, 1, 2], 1, 2, "the pair twice"),
    ([4, 1, 2, 5], 1, 2, "the pair in the middle"),
    ([7, 7, 7], 7, 7, "a pair that overlaps itself"),
    ([7, 7, 7, 7, 7, 1], 7, 7, "five equal ids"),
    ([2, 1, 1, 3], 1, 2, "the reverse of the pair"),
    ([1, 2], 1, 2, "nothing but the pair"),
    ([3], 3, 3, "one id"),
    ([11, 2, 1, 2], 1, 2, "an id that ends with the digit of another"),
)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [*(_case(*fixed) for fixed in _FIXED), _random_case(draw, 8), _random_case(draw, 14)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    *fixed, digits = _FIXED
    shifted = [_case([i + 40 for i in ids], a + 40, b + 40, label) for ids, a, b, label in fixed]
    shifted.append(_case(*digits))
    longer = [_case([1, 1] * n + [2, 1, 2], 1, 1, "runs") for n in (2, 5)]
    return [*shifted, *longer, _case([], 1, 2, "no ids"), *(_random_case(draw, n) for n in (9, 40))]


EXERCISE = Exercise(
    id="tokenization.merge_pair",
    title="Merge a pair",
    statement="""
Write the second half of a training step: replace every occurrence of the pair `left`, `right` in
a word by the new token.

Go from left to right. An id that has been used in one merge cannot be used in another, so
`[7, 7, 7]` with the pair (7, 7) becomes `[256, 7]`. A word may hold one id or none. Write it
yourself, without a tokenizer library or the course's own.
""",
    signature=Signature(
        summary="Return the ids with the pair merged.",
        parameters=(
            Parameter("ids", "list of ints, the tokens of one word"),
            Parameter("left", "int, first id of the pair"),
            Parameter("right", "int, second id of the pair"),
            Parameter("new_id", "int, the id of the merged token"),
        ),
        returns="list of ints, a new list",
    ),
    forbidden=("course_lib.tokenizers", "tokenizers", "tiktoken", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case([1, 2, 3, 1, 2], 1, 2, "example"),
    reference=merge_pair,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Build a new list while you walk. At each place there are two possibilities: the pair "
        "stands here, or it does not. How far do you move in each?",
        "A `for` loop always moves by one. Use `while i < len(ids)` and move by 2 after a merge, "
        "by 1 otherwise.",
        "`ids[i : i + 2] == [left, right]` is safe at the end of the list: a slice that runs over "
        "is short, and so not equal.",
    ),
    explanation="After a merge the walk moves on by two, so no id is used twice; at the end of the "
    "list a slice of one id is not equal to a pair, so the last id is copied as it is. Left to "
    "right is a convention, but training and encoding must use the same one.",
    mutants=(
        Mutant("first_only", _first_only, "Only the first occurrence is merged; merge them all."),
        Mutant(
            "from_the_right",
            _from_the_right,
            "Merging goes from right to left; in a run of equal ids the left ones merge first.",
        ),
        Mutant(
            "right_kept",
            _right_kept,
            "The right half of the pair stays in the list after the new token.",
        ),
        Mutant("last_lost", _last_lost, "The last id is lost when no pair ends there."),
        Mutant("either_order", _either_order, "The reverse of the pair is merged too."),
        Mutant(
            "overlapping",
            _overlapping,
            "Occurrences that overlap are both merged: one id is used twice.",
        ),
        Mutant(
            "one_removed",
            _one_removed,
            "The pair is taken out, but the new id is not put in its place.",
        ),
        Mutant(
            "shrinks_while_walking",
            _shrinks_while_walking,
            "The list shrinks while a `for` loop with a fixed range walks over it, so the index "
            "runs past its end. Build a new list.",
        ),
        Mutant(
            "as_text",
            _as_text,
            "The ids are looked for in a text, where the 1 at the end of 11 counts as a 1; compare "
            "the ids themselves.",
        ),
        Mutant(
            "each_half",
            _each_half,
            "Every left and every right id is replaced, also where the two are not neighbors.",
        ),
        Mutant("no_step", _no_step, "After a merge one id too many is skipped: move on by two."),
    ),
)
