"""Rung 8: greedy generation with a window that slides at the end of the context."""

import random
from dataclasses import dataclass
from functools import partial

import torch

from course_lib.exercises.build_gpt2.reference import generate, model_logits
from course_lib.exercises.build_gpt2.small_models import (
    Sizes,
    Weights,
    drawing,
    identity_model,
    model_weights,
)
from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


@dataclass(frozen=True)
class _Slips:
    """What may be different about the loop."""

    window: str = "last"
    feeds_back: bool = True
    position: int = -1
    worst: bool = False
    whole: bool = False
    stop: str = "left_out"
    n_more: int = 0


def _variant(
    tokens: list[int],
    weights: Weights,
    n_heads: int,
    n_new: int,
    stop: int | None = None,
    *,
    slips: _Slips,
) -> list[int]:
    context = len(weights["positions.table"])
    row, new = list(tokens), list[int]()
    for _ in range(n_new + slips.n_more):
        windows = {
            "last": row[-context:],
            "first": row[:context],
            "one_less": row[-(context - 1) :],
            "all": row,
            "new": row[len(tokens) :][-context:] or row[-context:],
            "half": row if len(row) <= context else row[-(context // 2) :],
        }
        logits = model_logits(torch.tensor([windows[slips.window]]), weights, n_heads)
        scores = logits[0, slips.position]
        best = int(scores.argmin() if slips.worst else scores.argmax())
        if best == stop and slips.stop != "ignored":
            new += [best] if slips.stop == "kept" else []
            break
        new.append(best)
        row += [best] if slips.feeds_back else []
    return [*tokens, *new] if slips.whole else new


def _with(**slips: str | bool | int) -> partial[list[int]]:
    return partial(_variant, slips=_Slips(**slips))  # type: ignore[arg-type]


def _case(
    seed: int, n_tokens: int, n_new: int, label: str, *, n_layers: int = 1, stops: bool = False
) -> Case:
    sizes = Sizes(n_layers=n_layers, d_model=6, d_ff=8, vocab_size=23, context_length=5)
    # A greedy text may fall into a loop at once: take the first model whose text is a text. Turned
    # round by the last norm, a tied model seldom repeats the token it has just read.
    for attempt in range(200):
        draw, _ = drawing(1000 * seed + attempt)
        dice = random.Random(1000 * seed + attempt)
        weights = model_weights(draw, sizes)
        weights["final_norm.gain"] = -weights["final_norm.gain"].abs() - 0.5
        tokens = [dice.randrange(sizes.vocab_size) for _ in range(n_tokens)]
        text = generate(tokens, weights, 2, n_new)
        if len(set(text)) >= min(n_new, 3):
            break
    inputs = {"tokens": tokens, "weights": weights, "n_heads": 2, "n_new": n_new}
    if stops:
        inputs["stop"] = text[min(2, n_new - 1)]
    return Case(inputs, label)


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, 2, 3, "within the window"),
        _case(first + 1, 4, 6, "past the window", n_layers=2),
        _case(first + 2, 8, 4, "a prompt longer than the window"),
        _case(first + 3, 3, 5, "a stop token", stops=True),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, 1, 4, "from one token"),
        _case(first + 1, 5, 5, "past the window", n_layers=2),
        _case(first + 2, 11, 4, "a prompt longer than the window"),
        _case(first + 3, 2, 6, "a stop token", stops=True),
    ]


def _example() -> Case:
    weights = identity_model(3, 2)
    weights["positions.table"] = torch.tensor([[0.0, 5.0, 0.0], [0.0, 0.0, 5.0]])
    inputs = {"tokens": [0], "weights": weights, "n_heads": 1, "n_new": 3}
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="build_gpt2.generate",
    title="Rung 8 · write",
    statement="""
Continue a text: ask for the logits after its last token, take the most probable token, append it,
ask again, `n_new` times. Return the new tokens only.

The model has vectors for $C$ positions, the rows of `positions.table`, and no more. Once the text
is longer, hand it the **last** $C$ tokens, which then stand at positions 0 to $C-1$. If a chosen
token equals `stop`, the text ends before it: `stop` itself is not returned.

In the example there is no block, and the position's vector decides: after one token the answer is
token 1, and after two or more token 2.
""",
    signature=Signature(
        summary="Return the most probable continuation, token by token.",
        parameters=(
            Parameter("tokens", "list of int, the prompt; at least one"),
            Parameter("weights", "dict of float tensors, as in rung 5"),
            Parameter("n_heads", "int H"),
            Parameter("n_new", "int, how many tokens to add at most"),
            Parameter("stop", "int, the token that ends the text", "None"),
        ),
        returns="list of int, the new tokens",
    ),
    forbidden=("course_lib.generation", "course_lib.models", "transformers"),
    level="core",
    points=5,
    minutes=12,
    example=_example(),
    reference=generate,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Keep one growing list. In each turn: cut its end to the window, make a tensor [1, T] of "
        "it, call your `model_logits` with `last_only=True`.",
        "`row[-context:]` is the whole list while it is short, and its last C tokens afterwards. "
        "`context` is `len(weights['positions.table'])`.",
        "`best = int(model_logits(torch.tensor([row[-context:]]), weights, n_heads, "
        "last_only=True).argmax())`; compare it with `stop` before appending, and return "
        "`row[len(tokens):]`.",
    ),
    explanation="The window slides by one token in each turn, so every token moves one position "
    "down and all of the work is done anew. `course_lib.generation` goes on with the newer half "
    "instead, which lets it keep its cache for a while. Within the window both are the same.",
    mutants=(
        Mutant(
            "no_window",
            _with(window="all"),
            "The whole text is handed over, and past C tokens there is no position for it.",
        ),
        Mutant("first_tokens", _with(window="first"), "The first C tokens are kept, not the last."),
        Mutant("one_less", _with(window="one_less"), "The window has C − 1 tokens; C fit."),
        Mutant(
            "newer_half",
            _with(window="half"),
            "Past the window only its newer half is kept; keep the last C tokens.",
        ),
        Mutant("forgets_prompt", _with(window="new"), "After the first token the prompt is gone."),
        Mutant(
            "same_question",
            _with(feeds_back=False),
            "The chosen token is not appended, so each turn asks the same question.",
        ),
        Mutant(
            "first_position",
            _with(position=0),
            "The logits of the first position are read; the last one tells what comes next.",
        ),
        Mutant("least", _with(worst=True), "The least probable token is taken."),
        Mutant("whole_text", _with(whole=True), "The prompt is returned too; only new tokens are."),
        Mutant("stop_kept", _with(stop="kept"), "The stop token is returned; leave it out."),
        Mutant("stop_ignored", _with(stop="ignored"), "`stop` is not looked at."),
        Mutant("one_more", _with(n_more=1), "There is one token too many."),
    ),
)
