"""Exercise: beam search over a table of log-probabilities."""

import itertools
import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def beam_search(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    """Return the texts that beam search ends with, the most probable first."""
    beams: list[tuple[float, list[int]]] = [(0.0, [])]
    for _ in range(length):
        extended = []
        for total, tokens in beams:
            scores = following[tokens[-1]] if tokens else first
            for token, score in enumerate(scores.tolist()):
                extended.append((total + score, [*tokens, token]))
        beams = sorted(extended, key=lambda beam: -beam[0])[:beam_width]
    return [tokens for _, tokens in beams]


_Beams = list[tuple[float, list[int]]]


def _step(first: Tensor, following: Tensor, beams: _Beams) -> _Beams:
    return [
        (total + score, [*tokens, token])
        for total, tokens in beams
        for token, score in enumerate((following[tokens[-1]] if tokens else first).tolist())
    ]


def _greedy(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    del beam_width
    return beam_search(first, following, length, 1)


def _exhaustive(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    return beam_search(first, following, length, len(first) ** length)[:beam_width]


def _one_too_wide(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    return beam_search(first, following, length, beam_width + 1)


def _each_its_best(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    beams = sorted(_step(first, following, [(0.0, [])]), key=lambda beam: -beam[0])[:beam_width]
    for _ in range(length - 1):
        beams = [max(_step(first, following, [beam])) for beam in beams]
    return [tokens for _, tokens in sorted(beams, key=lambda beam: -beam[0])]


def _last_step_only(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    beams: _Beams = [(0.0, [])]
    for _ in range(length):
        fresh = _step(first, following, [(0.0, tokens) for _, tokens in beams])
        beams = sorted(fresh, key=lambda beam: -beam[0])[:beam_width]
    return [tokens for _, tokens in beams]


def _adds_probabilities(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    return beam_search(first.exp(), following.exp(), length, beam_width)


def _worst_first(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    return beam_search(first, following, length, beam_width)[::-1]


def _always_first(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    return beam_search(first, first.expand_as(following), length, beam_width)


def _columns(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    return beam_search(first, following.T, length, beam_width)


def _best_only(first: Tensor, following: Tensor, length: int, beam_width: int) -> list[list[int]]:
    return beam_search(first, following, length, beam_width)[:1]


def _with_totals(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[tuple[float, list[int]]]:
    beams: _Beams = [(0.0, [])]
    for _ in range(length):
        beams = sorted(_step(first, following, beams), key=lambda beam: -beam[0])[:beam_width]
    return beams


def _one_step_less(
    first: Tensor, following: Tensor, length: int, beam_width: int
) -> list[list[int]]:
    return beam_search(first, following, length - 1, beam_width)


def _table(first: list[float], following: list[list[float]]) -> dict[str, Tensor]:
    return {"first": torch.tensor(first).log(), "following": torch.tensor(following).log()}


# Token 0 is the best beginning, token 1 the beginning of the best whole.
_GARDEN_PATH = _table([0.5, 0.4, 0.1], [[0.4, 0.3, 0.3], [0.05, 0.05, 0.9], [0.35, 0.4, 0.25]])

# The products 0.5 · 0.5 and 0.3 · 0.8 rank otherwise than the sums.
_NOT_A_SUM = _table([0.5, 0.3, 0.2], [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])


def _case(table: dict[str, Tensor], length: int, beam_width: int) -> Case:
    label = f"{len(table['first'])} tokens, {length} steps, width {beam_width}"
    return Case({**table, "length": length, "beam_width": beam_width}, label)


def _random_row(draw: random.Random, size: int) -> list[float]:
    weights = [draw.uniform(0.0, 1.0) ** 2 + 0.01 for _ in range(size)]
    return [weight / sum(weights) for weight in weights]


def _random_table(draw: random.Random, size: int) -> dict[str, Tensor]:
    return _table(_random_row(draw, size), [_random_row(draw, size) for _ in range(size)])


def _is_telling(table: dict[str, Tensor], length: int, beam_width: int) -> bool:
    """Whether the answer differs from greedy and from exhaustive search, without near-ties."""
    found = beam_search(table["first"], table["following"], length, beam_width)[0]
    greedy = beam_search(table["first"], table["following"], length, 1)[0]
    if found == greedy:
        return False
    first, following = table["first"].tolist(), table["following"].tolist()
    scores = [
        (first[tokens[0]] + sum(following[a][b] for a, b in itertools.pairwise(tokens)), tokens)
        for tokens in itertools.product(range(len(first)), repeat=length)
    ]
    scores.sort(reverse=True)
    near = any(abs(a[0] - b[0]) < 1e-4 for a, b in itertools.pairwise(scores[:12]))
    return not near and found != list(scores[0][1])


def _random_case(draw: random.Random, size: int, length: int, beam_width: int) -> Case:
    for _ in range(400):
        table = _random_table(draw, size)
        if _is_telling(table, length, beam_width):
            break
    return _case(table, length, beam_width)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_GARDEN_PATH, 2, 1),
        _case(_GARDEN_PATH, 2, 2),
        _case(_GARDEN_PATH, 3, 2),
        _case(_GARDEN_PATH, 1, 2),
        _case(_GARDEN_PATH, 1, 5),
        _case(_NOT_A_SUM, 2, 2),
        _random_case(draw, 5, 4, 2),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(_random_table(draw, 4), 3, 64),
        _case(_NOT_A_SUM, 3, 2),
        _random_case(draw, 5, 4, 2),
        _random_case(draw, 5, 4, 2),
        _random_case(draw, 4, 5, 3),
    ]


EXERCISE = Exercise(
    id="decoding.beam_search",
    title="Beam search over a table",
    statement="""
Here the whole language model is a table of log-probabilities: `first[a]` for a text that begins
with token $a$, and `following[a, b]` for token $b$ right after token $a$. A text's log-probability
is the sum of its entries.

Write beam search. Begin with the empty text. In each of `length` steps, extend **every** kept text
by **every** token, and of all these together keep the `beam_width` most probable. Return the texts
kept after the last step, the most probable first; no two are equally probable. Write it yourself:
the searches of the course and of `transformers` may not be called.
""",
    signature=Signature(
        summary="Return the texts that beam search ends with, the most probable first.",
        parameters=(
            Parameter("first", "float tensor [V], log-probabilities of the first token"),
            Parameter("following", "float tensor [V V], row: previous token, column: next"),
            Parameter("length", "int >= 1, tokens per text"),
            Parameter("beam_width", "int >= 1"),
        ),
        returns="list of at most beam_width texts, each a list of `length` ints",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="stretch",
    points=6,
    minutes=20,
    example=_case(_GARDEN_PATH, 2, 2),
    reference=beam_search,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Keep a list of pairs (total log-probability, tokens); at the start it is `[(0.0, [])]`.",
        "One step makes a longer list of such pairs, with two loops: over the kept texts, and over "
        "the tokens. The scores are `first` for an empty text, else `following[tokens[-1]]`.",
        "Then sort by the total, largest first, and cut: "
        "`sorted(extended, key=lambda beam: -beam[0])[:beam_width]`. Do this `length` times.",
        "At the end return only the token lists: `[tokens for _, tokens in beams]`.",
    ),
    explanation="Sorting all extensions together lets one good beginning take several places of "
    "the beam and a bad one lose its place. The totals are sums of logarithms, so nothing "
    "underflows. Width 1 is greedy decoding; a width of at least V ** (length − 1) keeps "
    "everything and finds the most probable text.",
    mutants=(
        Mutant("greedy", _greedy, "The beam width is not used: this is greedy decoding."),
        Mutant(
            "exhaustive",
            _exhaustive,
            "Nothing is dropped between the steps: this is exhaustive search. Cut to beam_width "
            "after every step.",
        ),
        Mutant("one_too_wide", _one_too_wide, "Off by one: beam_width + 1 texts are kept."),
        Mutant(
            "each_its_best",
            _each_its_best,
            "Each text is extended by its own best token. Put all extensions together, then keep "
            "the best of them.",
        ),
        Mutant(
            "last_step_only",
            _last_step_only,
            "Texts are ranked by their last token alone; add up the log-probabilities.",
        ),
        Mutant(
            "adds_probabilities",
            _adds_probabilities,
            "Probabilities are added. They multiply; their logarithms add.",
        ),
        Mutant(
            "worst_first", _worst_first, "The order is reversed: the most probable comes first."
        ),
        Mutant(
            "always_first",
            _always_first,
            "`first` is used at every step; after the first token, the row of `following` counts.",
        ),
        Mutant(
            "columns",
            _columns,
            "Rows and columns are exchanged: `following[a, b]` is token b after token a.",
        ),
        Mutant(
            "with_totals",
            _with_totals,
            "The totals are returned too; return only the texts.",
        ),
        Mutant(
            "one_step_less",
            _one_step_less,
            "Off by one: the texts are one token short. The first token is a step too.",
        ),
        Mutant(
            "best_only", _best_only, "Only the best text is returned; return all that were kept."
        ),
    ),
)
