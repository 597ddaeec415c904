"""Exercise: contiguous windows from whole books."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Windows = list[list[list[int]]]
Books = list[list[int]]


def sample_windows(books: list[list[int]], draws: list[int], length: int) -> Windows:
    """Return inputs and targets of the windows with these numbers."""
    windows = []
    for draw in draws:
        for book in books:
            n_windows = max(0, len(book) - length)
            if draw < n_windows:
                inputs = book[draw : draw + length]
                windows.append([inputs, book[draw + 1 : draw + length + 1]])
                break
            draw -= n_windows
    return windows


def _count(book: list[int], length: int) -> int:
    return max(0, len(book) - length)


def _from_row(row: list[int], starts: list[int], length: int) -> Windows:
    return [[row[s : s + length], row[s + 1 : s + length + 1]] for s in starts]


def _one_row(books: Books, draws: list[int], length: int) -> Windows:
    return _from_row([token for book in books for token in book], draws, length)


def _books_alike(books: Books, draws: list[int], length: int) -> Windows:
    usable = [book for book in books if _count(book, length)]
    windows = []
    for draw in draws:
        book = usable[draw % len(usable)]
        windows += _from_row(book, [draw // len(usable) % _count(book, length)], length)
    return windows


def _located(books: Books, draws: list[int], length: int, counts: list[int]) -> Windows:
    """Windows by these counts; a number past the end gives an empty window."""
    windows: Windows = []
    for draw in draws:
        for book, n_windows in zip(books, counts, strict=True):
            if draw < n_windows:
                windows += _from_row(book, [draw], length)
                break
            draw -= n_windows
        else:
            windows.append([[], []])
    return windows


def _one_too_many(books: Books, draws: list[int], length: int) -> Windows:
    return _located(books, draws, length, [max(0, len(book) - length + 1) for book in books])


def _one_too_few(books: Books, draws: list[int], length: int) -> Windows:
    return _located(books, draws, length, [max(0, len(book) - length - 1) for book in books])


def _by_tokens(books: Books, draws: list[int], length: int) -> Windows:
    return _located(books, draws, length, [len(book) for book in books])


def _short_books_subtract(books: Books, draws: list[int], length: int) -> Windows:
    return _located(books, draws, length, [len(book) - length for book in books])


def _side_by_side(books: Books, draws: list[int], length: int) -> Windows:
    blocks = [(book, s) for book in books for s in range(0, _count(book, length), length)]
    chosen = [blocks[draw % len(blocks)] for draw in draws]
    return [window for book, start in chosen for window in _from_row(book, [start], length)]


def _not_shifted(books: Books, draws: list[int], length: int) -> Windows:
    return [[inputs, inputs] for inputs, _ in sample_windows(books, draws, length)]


def _one_target(books: Books, draws: list[int], length: int) -> Windows:
    return [[inputs, targets[-1:]] for inputs, targets in sample_windows(books, draws, length)]


def _short_targets(books: Books, draws: list[int], length: int) -> Windows:
    return [[inputs[:-1], inputs[1:]] for inputs, _ in sample_windows(books, draws, length)]


def _wraps(books: Books, draws: list[int], length: int) -> Windows:
    windows = sample_windows(books, draws, length)
    return [[inputs, [*inputs[1:], inputs[0]]] for inputs, _ in windows]


def _two_lists(books: Books, draws: list[int], length: int) -> Windows:
    windows = sample_windows(books, draws, length)
    return [[inputs for inputs, _ in windows], [targets for _, targets in windows]]


def _backward(books: Books, draws: list[int], length: int) -> Windows:
    return sample_windows(books[::-1], draws, length)


def _in_order(books: Books, draws: list[int], length: int) -> Windows:
    return sample_windows(books, sorted(draws), length)


def _case(books: Books, draws: list[int], length: int, label: str) -> Case:
    return Case({"books": books, "draws": draws, "length": length}, label)


def _random_case(draw: random.Random, sizes: tuple[int, ...], length: int, n_draws: int) -> Case:
    books = [[draw.randrange(1000) for _ in range(size)] for size in sizes]
    total = sum(_count(book, length) for book in books)
    draws = [draw.randrange(total) for _ in range(n_draws)]
    draws[:2] = [total - 1, 0]
    return _case(books, draws, length, f"books of {', '.join(map(str, sizes))} tokens")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    every = _case([[1, 2, 3, 4, 5], [6, 7], [8, 9, 10]], [0, 1, 2, 3], 2, "every window of three")
    return [
        every,
        _random_case(draw, (9, 3, 12), 4, 7),
        _random_case(draw, (2, 7, 4, 5, 11), 3, 8),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _random_case(draw, (5, 6, 14), 5, 8),
        _random_case(draw, (1, 20, 2, 8), 6, 9),
        _random_case(draw, (6, 3, 4, 9), 3, 9),
        _random_case(draw, (5, 4), 1, 5),
    ]


EXERCISE = Exercise(
    id="gpt1.sample_windows",
    title="Windows from whole books",
    statement="""
GPT-1 was trained on contiguous sequences of 512 tokens drawn from 7,000 books. A window must not
run from the end of one book into the next, where nothing follows from anything, and every window
should be as likely as every other, so long books are drawn from more often.

Number the windows: first all of the first book, from its beginning on, then all of the second, and
so on. A window begins at any token and has `length` inputs and `length` targets; the target of
each input is the token after it. A book too short for one window has none. Given the numbers that
a random generator has drawn, return the windows.

In the example the first book has two windows, with numbers 0 and 1; the second is too short; the
third has one, with number 2.
""",
    signature=Signature(
        summary="Return inputs and targets of the windows with these numbers.",
        parameters=(
            Parameter("books", "list of lists of int, the tokens of each book"),
            Parameter("draws", "list of int, numbers of windows; all exist"),
            Parameter("length", "int T >= 1, inputs of a window"),
        ),
        returns="list of windows; each is [inputs, targets], two lists of T int",
    ),
    forbidden=("course_lib.data",),
    level="core",
    points=4,
    minutes=12,
    example=_case([[1, 2, 3, 4], [5, 6], [7, 8, 9]], [2, 1], 2, "example"),
    reference=sample_windows,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "How many windows has a book of n tokens? Write down those of [1, 2, 3, 4] with length 2: "
        "the last target must exist too.",
        "A book has `max(0, len(book) - length)` windows. The `max` matters: a very short book "
        "must not make the count smaller.",
        "For each number go through the books: if it is smaller than the book's count, it is the "
        "start; else subtract the count and look at the next book.",
    ),
    explanation="Counting windows, not books, makes every position of the corpus equally likely as "
    "a beginning. What joins all books into one row instead (as the course's own training does, "
    "with an end-of-text token between) gets some windows with a seam inside, and the model has to "
    "learn that nothing before the seam matters.",
    mutants=(
        Mutant(
            "one_row",
            _one_row,
            "The books are joined to one row, so windows run from one book into the next.",
        ),
        Mutant(
            "books_alike",
            _books_alike,
            "A book is chosen first and then a place in it, so each book is as likely as any "
            "other; long books must come more often.",
        ),
        Mutant(
            "one_too_many",
            _one_too_many,
            "Each book has one window too many: the one whose last target does not exist.",
        ),
        Mutant(
            "one_too_few",
            _one_too_few,
            "Each book has one window too few: the last one, whose last target is the book's last "
            "token, is missing.",
        ),
        Mutant(
            "by_tokens",
            _by_tokens,
            "Every token of a book is taken for a start; the last `length` of them are none.",
        ),
        Mutant(
            "short_books_subtract",
            _short_books_subtract,
            "A book shorter than a window has a negative count here and moves the numbers of the "
            "books after it; it has none.",
        ),
        Mutant(
            "side_by_side",
            _side_by_side,
            "Windows begin `length` apart; one begins at every token.",
        ),
        Mutant("not_shifted", _not_shifted, "The targets are the inputs; move them one place on."),
        Mutant(
            "one_target",
            _one_target,
            "Only the token after the window is a target; each input has one of its own.",
        ),
        Mutant(
            "short_targets",
            _short_targets,
            "The window has one input and one target too few; it takes `length` + 1 tokens.",
        ),
        Mutant("wraps", _wraps, "The last target is the window's own first token."),
        Mutant("two_lists", _two_lists, "Inputs and targets stand apart; each window has its two."),
        Mutant("backward", _backward, "The books are numbered from the last to the first."),
        Mutant("in_order", _in_order, "The windows come sorted; return them as they were drawn."),
    ),
)
