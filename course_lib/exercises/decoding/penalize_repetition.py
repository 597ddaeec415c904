"""Exercise: the repetition penalty."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def penalize_repetition(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    """Make the tokens that already occurred less probable."""
    penalized = logits.clone()
    for token in set(previous_ids):
        value = logits[token]
        penalized[token] = value * penalty if value < 0 else value / penalty
    return penalized


def _always_divides(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    penalized = logits.clone()
    for token in set(previous_ids):
        penalized[token] = logits[token] / penalty
    return penalized


def _always_multiplies(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    return _always_divides(logits, previous_ids, 1 / penalty)


def _once_per_occurrence(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    for token in previous_ids:
        logits = penalize_repetition(logits, [token], penalty)
    return logits


def _everything(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    del previous_ids
    return penalize_repetition(logits, list(range(len(logits))), penalty)


def _last_token_only(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    return penalize_repetition(logits, previous_ids[-1:], penalty)


def _subtracts(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    penalized = logits.clone()
    for token in set(previous_ids):
        penalized[token] = logits[token] - penalty
    return penalized


def _rewards(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    return penalize_repetition(logits, previous_ids, 1 / penalty)


def _forbids(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    del penalty
    penalized = logits.clone()
    for token in set(previous_ids):
        penalized[token] = -torch.inf
    return penalized


def _negatives_left(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    penalized = penalize_repetition(logits, previous_ids, penalty)
    return torch.where(logits < 0, logits, penalized)


def _probabilities(logits: Tensor, previous_ids: list[int], penalty: float) -> Tensor:
    return penalize_repetition(logits, previous_ids, penalty).softmax(dim=-1)


def _case(logits: list[float], previous: list[int], penalty: float, label: str) -> Case:
    inputs = {"logits": torch.tensor(logits), "previous_ids": previous, "penalty": penalty}
    return Case(inputs, label)


def _random_case(generator: torch.Generator, size: int, penalty: float) -> Case:
    logits = (torch.randn(size, generator=generator) * 3).round(decimals=1).tolist()
    previous = torch.randint(size // 2, (size,), generator=generator).tolist()
    return _case(logits, previous, penalty, f"{size} tokens, penalty {penalty}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case([2.0, 1.0, 4.0], [2], 2.0, "one token seen, positive logit"),
        _case([2.0, -1.0, -4.0], [1], 2.0, "one token seen, negative logit"),
        _case([3.0, -2.0, 1.0], [0, 1, 0, 0], 1.5, "one token seen three times"),
        _case([1.0, 2.0, -3.0], [], 2.0, "nothing seen yet"),
        _random_case(generator, 6, 1.2),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case([-1.0, 0.0, 5.0], [1, 0], 1.3, "a logit of 0 and a negative one"),
        _case([1.0, 2.0], [0, 0], 1.0, "penalty 1 changes nothing"),
        *(_random_case(generator, size, 1.3) for size in (8, 12, 16)),
        _case([-2.5], [0, 0, 0], 1.5, "a vocabulary of one token"),
        _in_64_bits(_random_case(generator, 9, 1.7)),
    ]


def _in_64_bits(case: Case) -> Case:
    return Case({**case.inputs, "logits": case.inputs["logits"].double()}, f"{case.label}, float64")


EXERCISE = Exercise(
    id="decoding.penalize_repetition",
    title="The repetition penalty and the sign of a logit",
    statement="""
Write the repetition penalty. Each token that occurs in `previous_ids` gets a smaller logit, by the
factor $\\theta$ (`penalty`): a positive logit is **divided** by $\\theta$, a negative one is
**multiplied** by it. A token is penalized **once**, however often it occurred. The other logits
stay as they are. Write it without the penalties of the course or of `transformers`.
""",
    signature=Signature(
        summary="Make the tokens that already occurred less probable.",
        parameters=(
            Parameter("logits", "float tensor [V], 32 or 64 bits"),
            Parameter("previous_ids", "list of int, the tokens so far; may be empty"),
            Parameter("penalty", "float >= 1"),
        ),
        returns="float tensor [V]",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="core",
    points=3,
    minutes=8,
    example=_case([2.0, -2.0, 2.0], [0, 1], 2.0, "example"),
    reference=penalize_repetition,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "What does dividing −4 by 2 do to the token's probability: does it fall or rise?",
        "Go through `set(previous_ids)`, so that each token comes up once, and look at the sign "
        "of its logit.",
        "`penalized = logits.clone()`, then for each token "
        "`penalized[token] = value * penalty if value < 0 else value / penalty`.",
    ),
    explanation="The paper divides every seen logit; a negative one divided by 2 comes closer to "
    "0, that is, becomes more probable. Implementations therefore look at the sign. Reading from "
    "`logits` and writing to a copy, once per distinct token, keeps the penalty from compounding.",
    mutants=(
        Mutant(
            "always_divides",
            _always_divides,
            "Negative logits are divided too, which brings them nearer to 0: a reward. Multiply "
            "them.",
        ),
        Mutant(
            "always_multiplies",
            _always_multiplies,
            "Positive logits are multiplied, which makes the tokens more probable. Divide them.",
        ),
        Mutant(
            "once_per_occurrence",
            _once_per_occurrence,
            "A token seen several times is penalized several times; once is enough: use a set.",
        ),
        Mutant(
            "everything",
            _everything,
            "Every token of the vocabulary is penalized; only those in previous_ids should be.",
        ),
        Mutant(
            "last_token_only",
            _last_token_only,
            "Only the last token is penalized; all tokens so far should be.",
        ),
        Mutant(
            "subtracts", _subtracts, "The penalty is subtracted; it is a factor on the logit here."
        ),
        Mutant(
            "negatives_left",
            _negatives_left,
            "Negative logits stay as they are; they are to be multiplied by the penalty.",
        ),
        Mutant(
            "probabilities", _probabilities, "These are probabilities; logits are to be returned."
        ),
        Mutant(
            "rewards",
            _rewards,
            "Multiplication and division are exchanged: repetition is rewarded.",
        ),
        Mutant(
            "forbids",
            _forbids,
            "Seen tokens are forbidden altogether; a penalty only makes them less probable.",
        ),
    ),
)
