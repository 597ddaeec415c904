"""Exercise: a training example from raw text, in two styles."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Pair = tuple[list[int], list[int]]


def training_example(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    """Make inputs and targets from a text, in the style of GPT or of BERT."""
    if style == "autoregressive":
        return tokens[:-1], tokens[1:]
    inputs = [mask_id if i in hidden else token for i, token in enumerate(tokens)]
    targets = [token if i in hidden else -100 for i, token in enumerate(tokens)]
    return inputs, targets


def _not_shifted(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    if style == "autoregressive":
        return tokens[:-1], tokens[:-1]
    return training_example(tokens, style, hidden, mask_id)


def _backwards(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    if style == "autoregressive":
        return tokens[1:], tokens[:-1]
    return training_example(tokens, style, hidden, mask_id)


def _uneven(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    if style == "autoregressive":
        return tokens, tokens[1:]
    return training_example(tokens, style, hidden, mask_id)


def _asks_everywhere(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    inputs, targets = training_example(tokens, style, hidden, mask_id)
    return inputs, targets if style == "autoregressive" else list(tokens)


def _nothing_hidden(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    inputs, targets = training_example(tokens, style, hidden, mask_id)
    return (inputs if style == "autoregressive" else list(tokens)), targets


def _removed(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    inputs, targets = training_example(tokens, style, hidden, mask_id)
    if style != "autoregressive":
        inputs = [token for i, token in enumerate(tokens) if i not in hidden]
    return inputs, targets


def _asks_the_visible(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    inputs, targets = training_example(tokens, style, hidden, mask_id)
    if style != "autoregressive":
        targets = [-100 if i in hidden else token for i, token in enumerate(tokens)]
    return inputs, targets


def _hides_token_ids(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    places = [i for i, token in enumerate(tokens) if token in hidden]
    return training_example(tokens, style, places, mask_id)


def _masks_in_both(tokens: list[int], style: str, hidden: list[int], mask_id: int) -> Pair:
    inputs, targets = training_example(tokens, "autoencoding", hidden, mask_id)
    if style == "autoregressive":
        return inputs[:-1], tokens[1:]
    return inputs, targets


def _case(tokens: list[int], style: str, hidden: list[int], mask_id: int, label: str) -> Case:
    inputs = {"tokens": tokens, "style": style, "hidden": hidden, "mask_id": mask_id}
    return Case(inputs, label)


def _random_case(draw: random.Random, style: str) -> Case:
    n = draw.randint(5, 14)
    tokens = [draw.randint(0, 30) for _ in range(n)]
    hidden = sorted(draw.sample(range(n), draw.randint(1, n // 2)))
    return _case(tokens, style, hidden, 99, f"random, {style}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([5, 3, 8, 3, 1], "autoregressive", [1], 99, "the next token is asked for"),
        _case([5, 3, 8, 3, 1], "autoencoding", [1, 4], 99, "two tokens are hidden"),
        _random_case(draw, "autoregressive"),
        _random_case(draw, "autoencoding"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([7, 7], "autoregressive", [], 50, "two equal tokens"),
        _case([4, 2, 0], "autoencoding", [0, 1, 2], 7, "everything is hidden"),
        _case([4, 2, 0], "autoencoding", [], 7, "nothing is hidden"),
        *(_random_case(draw, style) for style in ("autoregressive", "autoencoding") * 2),
    ]


EXERCISE = Exercise(
    id="what_is_an_llm.training_example",
    title="A training example from raw text",
    statement="""
Make one training example of a text, in the style of GPT or of BERT. Both lists that you return
stand position by position: `targets[i]` is what the model has to predict at `inputs[i]`.

In the style `"autoregressive"`, the target at each position is the token that follows in the text,
so the last token is a target only, and `hidden` and `mask_id` play no part. In the style
`"autoencoding"`, the input has `mask_id` at the positions in `hidden`, and the target there is the
token that was replaced. At all other positions nothing is asked: the target is −100, which
PyTorch's loss passes over.

(BERT's 80/10/10 rule for what stands at hidden positions is left out here.)
""",
    signature=Signature(
        summary="Make inputs and targets from a text, in the style of GPT or of BERT.",
        parameters=(
            Parameter("tokens", "list of ints, the token ids of a text, at least two"),
            Parameter("style", '"autoregressive" or "autoencoding"'),
            Parameter("hidden", "list of ints, positions to hide, counted from 0"),
            Parameter("mask_id", "int, the id that stands for a hidden token"),
        ),
        returns="tuple of two lists of ints, (inputs, targets), of the same length",
    ),
    level="core",
    points=4,
    minutes=8,
    example=_case([11, 12, 13, 14], "autoencoding", [2], 99, "example"),
    reference=training_example,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write the two styles as two cases. Neither needs a label that is not in the text.",
        "For the first style take the list twice, once without its end and once without its "
        "beginning. For the second, go through positions and tokens with `enumerate`.",
        "`tokens[:-1], tokens[1:]`; and `mask_id if i in hidden else token` for the inputs, "
        "`token if i in hidden else -100` for the targets.",
    ),
    explanation="Every text is its own answer key. GPT's style asks one question per position, "
    "BERT's only at the hidden places, but there the model may look at both sides.",
    mutants=(
        Mutant(
            "not_shifted",
            _not_shifted,
            "Each position is asked for the token it already shows. The target is the next one.",
        ),
        Mutant(
            "backwards",
            _backwards,
            "The model is asked for the token before. Inputs end one early, targets begin one "
            "late.",
        ),
        Mutant(
            "uneven",
            _uneven,
            "The last token has no successor in the text, so it cannot be an input: the two lists "
            "must have the same length.",
        ),
        Mutant(
            "asks_everywhere",
            _asks_everywhere,
            "In BERT's style only hidden positions are asked for; elsewhere the target is −100. "
            "Otherwise the model learns to copy what it sees.",
        ),
        Mutant(
            "nothing_hidden",
            _nothing_hidden,
            "The answers still stand in the inputs; put `mask_id` at the hidden positions.",
        ),
        Mutant(
            "removed",
            _removed,
            "Hidden tokens are replaced, not removed: each keeps its position.",
        ),
        Mutant(
            "asks_the_visible",
            _asks_the_visible,
            "The targets are the wrong way round: −100 belongs to the visible positions.",
        ),
        Mutant(
            "hides_token_ids",
            _hides_token_ids,
            "`hidden` holds positions, and was compared with token ids.",
        ),
        Mutant(
            "masks_in_both",
            _masks_in_both,
            "GPT's style hides nothing: the model cannot see later tokens anyway.",
        ),
    ),
)
