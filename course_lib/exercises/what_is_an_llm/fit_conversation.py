"""Exercise: what a chat program does when the window is full."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def fit_conversation(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    """Choose the messages that the model will see."""
    room = context_length - reserve - lengths[0]
    if room < 0:
        return []
    kept: list[int] = []
    for place in range(len(lengths) - 1, 0, -1):
        if lengths[place] > room:
            break
        room -= lengths[place]
        kept.append(place)
    return [0, *reversed(kept)]


def _no_reserve(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    del reserve
    return fit_conversation(lengths, context_length, 0)


def _oldest(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    room = context_length - reserve
    kept: list[int] = []
    for place, length in enumerate(lengths):
        if length > room:
            break
        room -= length
        kept.append(place)
    return kept


def _no_instructions(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    room = context_length - reserve
    kept: list[int] = []
    for place in range(len(lengths) - 1, -1, -1):
        if lengths[place] > room:
            break
        room -= lengths[place]
        kept.append(place)
    return kept[::-1]


def _with_gaps(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    room = context_length - reserve - lengths[0]
    if room < 0:
        return []
    kept: list[int] = []
    for place in range(len(lengths) - 1, 0, -1):
        if lengths[place] <= room:
            room -= lengths[place]
            kept.append(place)
    return [0, *reversed(kept)]


def _instructions_free(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    return fit_conversation([0, *lengths[1:]], context_length, reserve)


def _one_short(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    return fit_conversation(lengths, context_length - 1, reserve)


def _newest_first(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    kept = fit_conversation(lengths, context_length, reserve)
    return kept[:1] + kept[:0:-1]


def _instructions_always(lengths: list[int], context_length: int, reserve: int) -> list[int]:
    return fit_conversation(lengths, context_length, reserve) or [0]


def _case(lengths: list[int], context_length: int, reserve: int, label: str) -> Case:
    inputs = {"lengths": lengths, "context_length": context_length, "reserve": reserve}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    lengths = [draw.randint(5, 60) for _ in range(draw.randint(4, 12))]
    reserve = draw.randint(5, 40)
    context_length = lengths[0] + reserve + draw.randint(0, sum(lengths[1:]))
    return _case(lengths, context_length, reserve, "random")


def _public(seed: int) -> list[Case]:
    return [
        _case([20, 30, 40, 10], 1024, 100, "everything fits"),
        _case([20, 30, 40, 10], 100, 25, "the oldest message has to go"),
        _case([20, 5, 200, 10, 15], 100, 25, "a long message in the middle"),
        _case([20, 30, 40], 90, 0, "all fits to the last token"),
        _case([50, 5], 55, 10, "not even the instructions fit"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([50], 64, 10, "nothing but instructions"),
        _case([60, 5], 63, 4, "the instructions miss by one token"),
        _case([50, 30], 70, 10, "the only question is too long"),
        _case([12, 9, 300, 8, 11], 90, 30, "a long message in the middle"),
        _case([15, 25, 35], 85, 10, "all fits to the last token"),
        *(_random_case(draw) for _ in range(5)),
    ]


EXERCISE = Exercise(
    id="what_is_an_llm.fit_conversation",
    title="When the window is full",
    statement="""
A chat program sends the whole conversation to the model again for every answer. Soon it does not
fit any more. Choose what the model will see.

`lengths[0]` is the length of the instructions that stand before everything, and they are always
kept. The others are messages from the oldest to the newest. Of these keep the **newest**, whole
and without a gap: go back from the end and stop at the first message that does not fit. Together
with `reserve`, the tokens set aside for the answer, all must fit into `context_length`. If not
even the instructions fit beside the reserve, return an empty list.
""",
    signature=Signature(
        summary="Choose the messages that the model will see.",
        parameters=(
            Parameter("lengths", "list of ints, tokens of each message; the first: instructions"),
            Parameter("context_length", "int, the most tokens that the model can read and write"),
            Parameter("reserve", "int, tokens to leave free for the answer"),
        ),
        returns="list of ints, the places of the kept messages in `lengths`, ascending",
    ),
    level="core",
    points=4,
    minutes=12,
    example=_case([10, 50, 20, 30], 100, 30, "example"),
    reference=fit_conversation,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "What room is left for messages once the instructions and the answer have theirs?",
        "Go from the last place down to 1. While the message fits, note its place and make the "
        "room smaller by its length; at the first that does not fit, stop.",
        "`for place in range(len(lengths) - 1, 0, -1)`, with `break`. At the end put 0 in front "
        "and turn the noted places around. The example: room 60, so messages 3 and 2 fit.",
    ),
    explanation="What does not fit is gone: the model has no other memory of the conversation. "
    "That is what happens when a long chat forgets how it began.",
    mutants=(
        Mutant(
            "no_reserve",
            _no_reserve,
            "No room is left for the answer: what is written counts in the window as well.",
        ),
        Mutant("oldest", _oldest, "The oldest messages were kept; the newest matter more."),
        Mutant(
            "no_instructions",
            _no_instructions,
            "The instructions were treated as a message; they are always kept.",
        ),
        Mutant(
            "with_gaps",
            _with_gaps,
            "A message was left out and an older one kept: stop at the first that does not fit.",
        ),
        Mutant(
            "instructions_free",
            _instructions_free,
            "The instructions take room as well.",
        ),
        Mutant("one_short", _one_short, "A conversation that fills the window exactly fits."),
        Mutant("newest_first", _newest_first, "The places must ascend: the model reads in order."),
        Mutant(
            "instructions_always",
            _instructions_always,
            "If the instructions do not fit beside the reserve, the answer is an empty list.",
        ),
    ),
)
