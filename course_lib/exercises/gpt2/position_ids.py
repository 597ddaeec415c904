"""Exercise: positions of a batch with padding on the left."""

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def position_ids(is_token: Tensor) -> Tensor:
    """Return the position of each token, counted over real tokens only."""
    return (is_token.long().cumsum(dim=1) - 1) * is_token


def _ignores_padding(is_token: Tensor) -> Tensor:
    return torch.arange(is_token.shape[1]).repeat(len(is_token), 1)


def _zeroed_only(is_token: Tensor) -> Tensor:
    return _ignores_padding(is_token) * is_token


def _from_one(is_token: Tensor) -> Tensor:
    return is_token.long().cumsum(dim=1) * is_token


def _negative(is_token: Tensor) -> Tensor:
    return torch.where(is_token, is_token.long().cumsum(dim=1) - 1, -1)


def _not_masked(is_token: Tensor) -> Tensor:
    return is_token.long().cumsum(dim=1) - 1


def _down_the_batch(is_token: Tensor) -> Tensor:
    return (is_token.long().cumsum(dim=0) - 1).clamp(min=0) * is_token


def _from_the_end(is_token: Tensor) -> Tensor:
    count = is_token.long().flip(1).cumsum(dim=1).flip(1)
    return (count - 1).clamp(min=0) * is_token


def _same_shift(is_token: Tensor) -> Tensor:
    shift = int((~is_token).sum(dim=1).max())
    return (_ignores_padding(is_token) - shift).clamp(min=0) * is_token


def _flattened(is_token: Tensor) -> Tensor:
    counted = is_token.long().flatten().cumsum(dim=0).view(is_token.shape) - 1
    return counted.clamp(min=0) * is_token


def _last_repeats(is_token: Tensor) -> Tensor:
    return (is_token.long().cumsum(dim=1) - 1).clamp(min=0)


def _reversed_ids(is_token: Tensor) -> Tensor:
    return (is_token.long().cumsum(dim=1) - 1) * ~is_token


def _tokens_before(is_token: Tensor) -> Tensor:
    return is_token.long().cumsum(dim=1) - is_token.long()


def _shifted_only(is_token: Tensor) -> Tensor:
    start = is_token.int().argmax(dim=1, keepdim=True)
    return (_ignores_padding(is_token) - start).clamp(min=0)


def _rows(*rows: tuple[int, int, int]) -> Tensor:
    """Rows of padding, tokens, padding."""
    parts = [[False] * left + [True] * tokens + [False] * right for left, tokens, right in rows]
    return torch.tensor(parts)


def _case(is_token: Tensor, label: str) -> Case:
    return Case({"is_token": is_token}, label)


def _random_case(generator: torch.Generator, length: int) -> Case:
    def below(limit: int) -> int:
        return int(torch.randint(limit, (), generator=generator))

    rows = []
    for row in range(4):
        tokens = 2 + below(length - 5)
        right = 1 + below(2) if row == 0 else below(min(3, length - tokens))
        rows.append((length - tokens - right, tokens, right))
    return _case(_rows(*rows), "lengths drawn at random, padding on either side")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(_rows((0, 4, 0)), "no padding"),
        _case(_rows((2, 3, 0), (0, 5, 0)), "padding on the left"),
        _case(_rows((0, 3, 2), (1, 3, 1)), "padding on the right, and on both sides"),
        _case(_rows((3, 0, 0), (2, 1, 0)), "a row of nothing but padding"),
        _random_case(generator, 9),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(_rows((0, 1, 0)), "one token"),
        _case(_rows((0, 0, 1), (1, 0, 0), (0, 1, 0)), "three rows of one place"),
        _case(_rows((0, 4, 2), (3, 2, 1), (1, 5, 0)).T.contiguous().T, "three rows"),
        *(_random_case(generator, length) for length in (7, 8, 16)),
    ]


EXERCISE = Exercise(
    id="gpt2.position_ids",
    title="Positions under padding",
    statement="""
To generate for several prompts at once, the shorter ones are padded **on the left**, so that all
end at the same place. The first real token must still get position 0: its position vector was
trained with the beginning of a text, not with the fourth place.

Return the position of every token, counted over real tokens only. At padding return 0 (any valid
row of the table would do; the mask hides it). Padding may also stand on the right.
""",
    signature=Signature(
        summary="Return the position of each token, counted over real tokens only.",
        parameters=(Parameter("is_token", "bool tensor [B T], True at tokens, False at padding"),),
        returns="int tensor [B T]",
    ),
    level="core",
    points=3,
    minutes=8,
    example=_case(_rows((2, 2, 0), (0, 4, 0)), "example"),
    reference=position_ids,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "A token's position is the number of real tokens before it in its row.",
        "A running sum along each row, `is_token.long().cumsum(dim=1)`, counts the tokens up to "
        "and including each place.",
        "Subtract 1 to count only those before. Padding on the left then has −1 and padding on "
        "the right repeats the last position: multiply by the mask, which makes both 0.",
    ),
    explanation="The running sum counts tokens and skips padding, so each row starts at 0 at its "
    "own first token, wherever that stands. Without this a padded prompt gets other position "
    "vectors than the same prompt alone, and other logits: a bug that no exception reports.",
    mutants=(
        Mutant(
            "ignores_padding",
            _ignores_padding,
            "Padding is counted: these are the places in the row, for padded rows too.",
        ),
        Mutant(
            "zeroed_only",
            _zeroed_only,
            "Padding is set to 0, but the tokens after it are still counted from the row's start.",
        ),
        Mutant("from_one", _from_one, "Off by one: the first token has position 0, not 1."),
        Mutant(
            "negative",
            _negative,
            "Padding has position −1, which is no row of the table; return 0 there.",
        ),
        Mutant(
            "not_masked",
            _not_masked,
            "Tokens are counted rightly, but padding is not set to 0: −1 on the left, and on the "
            "right the last position again.",
        ),
        Mutant(
            "reversed_ids",
            _reversed_ids,
            "The mask is used the wrong way round: tokens get 0 and padding gets a count.",
        ),
        Mutant(
            "tokens_before",
            _tokens_before,
            "The number of tokens before each place is right for tokens, but padding on the right "
            "has it too; return 0 at all padding.",
        ),
        Mutant(
            "shifted_only",
            _shifted_only,
            "Each row is shifted by its padding on the left, but the count goes on through padding "
            "on the right; return 0 at all padding.",
        ),
        Mutant("down_the_batch", _down_the_batch, "The sum runs down the batch, not along a row."),
        Mutant("from_the_end", _from_the_end, "The tokens are counted from the end of the row."),
        Mutant(
            "same_shift",
            _same_shift,
            "All rows are shifted by the longest padding; each row has its own.",
        ),
        Mutant(
            "flattened", _flattened, "The count goes on from one row to the next; begin each at 0."
        ),
        Mutant(
            "last_repeats",
            _last_repeats,
            "Padding on the right repeats the last position; return 0 at all padding.",
        ),
    ),
)
