"""Exercise: find the planted bug, and its block, from what the instruments say."""

import random
import statistics
from typing import Any

import torch

from course_lib.exercises.block.instruments import read_instruments
from course_lib.exercises.block.workshop import BUGS, HEALTHY, PlantedStack, StackSizes
from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Report = dict[str, Any]


def diagnose(report: dict[str, Any]) -> tuple[str, int]:
    """Return the bug and the number of its block."""
    tiny = 1e-4
    for block, repeated in enumerate(report["repeat_evaluation"]):
        if repeated > tiny:
            return "dropout", block
    for block, leak in enumerate(report["from_future"]):
        if leak > tiny:
            return ("norm_axis" if report["from_past"][block] > tiny else "mask"), block
    for block, gradient in enumerate(report["gradients"]["output"]):
        if gradient == 0:
            return "projection", block
    for block, mirror in enumerate(report["mirror"]):
        if mirror < tiny:
            return "activation", block
    for block, kept in enumerate(report["kept"]):
        if kept < 0.3:
            return "residual", block
    for block in range(1, len(report["kept"])):
        if all(sizes[block] == sizes[block - 1] for sizes in report["weights"].values()):
            return "shared", block
    typical = statistics.median(report["scores"])
    for block, spread in enumerate(report["scores"]):
        if spread > 2 * typical:
            return "scaling", block
    return "none", -1


def _first(numbers: list[float], above: float) -> int | None:
    return next((block for block, number in enumerate(numbers) if number > above), None)


def _leak_is_mask(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    return ("mask" if bug == "norm_axis" else bug), block


def _leak_is_norm(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    return ("norm_axis" if bug == "mask" else bug), block


def _leak_first(report: Report) -> tuple[str, int]:
    leak = _first(report["from_future"], 1e-4)
    if leak is None:
        return diagnose(report)
    return ("norm_axis" if report["from_past"][leak] > 1e-4 else "mask"), leak


def _repeats_in_training(report: Report) -> tuple[str, int]:
    return diagnose({**report, "repeat_evaluation": report["repeat_training"]})


def _exactly_zero(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    leak = _first(report["from_future"], 0.0)
    if bug == "dropout" or leak is None:
        return bug, block
    return ("norm_axis" if report["from_past"][leak] > 0 else "mask"), leak


def _from_one(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    return bug, block if bug == "none" else block + 1


def _earlier_twin(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    return bug, block - 1 if bug == "shared" else block


def _twins_unseen(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    return ("none", -1) if bug == "shared" else (bug, block)


def _largest_scores(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    scores = report["scores"]
    return ("scaling", scores.index(max(scores))) if bug == "none" else (bug, block)


def _high_scores(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    high = _first(report["scores"], 1.0)
    return ("scaling", high) if high is not None and bug in ("none", "scaling") else (bug, block)


def _little_kept(report: Report) -> tuple[str, int]:
    bug, block = diagnose(report)
    low = next((i for i, kept in enumerate(report["kept"]) if kept < 0.95), None)
    if low is None or bug in ("dropout", "mask", "norm_axis", "projection", "activation"):
        return bug, block
    return "residual", low


def _always_healthy(report: Report) -> tuple[str, int]:
    del report
    return "none", -1


def _bug_only(report: Report) -> tuple[str, int]:
    return diagnose(report)[0], 0


def _case(draw: random.Random, bug: str, n_blocks: int) -> Case:
    """Measure a stack with the bug somewhere; blocks also differ in ways that do no harm."""
    n_heads = draw.randint(2, 4)
    sizes = StackSizes(n_blocks, 16 * n_heads, n_heads, 64, 0.1)
    place = draw.randint(int(bug == "shared"), n_blocks - 1)
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw.randrange(2**31))  # what dropout draws
        model = PlantedStack(sizes, 40, 16, bug=bug, place=place)
        model.draw(sizes.d_model**-0.5, generator)
        with torch.no_grad():
            model.embedding.weight.normal_(0.0, 1.0, generator=generator)
            for block in model.planted_blocks():
                block.attention_gain.fill_(draw.uniform(0.92, 1.08))
                block.feed_forward_gain.fill_(draw.uniform(0.92, 1.08))
        tokens = torch.randint(40, (4, 17), generator=generator)
        report = read_instruments(model, tokens[:, :-1], tokens[:, 1:])
    return Case({"report": report}, f"a stack of {n_blocks} blocks")


def _ward(draw: random.Random, extra: int) -> list[Case]:
    bugs = [HEALTHY, *BUGS, *draw.sample(BUGS, extra)]
    draw.shuffle(bugs)
    return [_case(draw, bug, draw.randint(4, 7)) for bug in bugs]


def _public(seed: int) -> list[Case]:
    return _ward(random.Random(seed), 0)


def _hidden(seed: int) -> list[Case]:
    return _ward(random.Random(10_000 + seed), 3)


EXERCISE = Exercise(
    id="block.diagnose",
    title="Failure lab, the diagnosis",
    statement="""
Somebody has edited **one block** of a stack, or none. Write the function that reads the
instruments and says what was done and where. The bugs, by the names your function returns:

| name | what was done to the block |
|---|---|
| `"residual"` | what attention writes replaces the stream; it should be added |
| `"norm_axis"` | statistics run over the positions; they should run over the features |
| `"scaling"` | scores are not divided by $\\sqrt{d_k}$ |
| `"mask"` | each position sees itself and what comes *after* it |
| `"dropout"` | drops in evaluation too |
| `"shared"` | has the very weights of the block before it (name the later block) |
| `"projection"` | the joined heads skip the output matrix |
| `"activation"` | nothing between widen and narrow |
| `"none"` | healthy |

The report is a dictionary of lists, one number for each block, measured before training on the
stream that reaches the block. Changes are relative to the size of the stream, and so is the
rounding that keeps them from being exactly 0:

| key | what was measured |
|---|---|
| `kept` | cosine between the stream before the block and after it |
| `repeat_training` | change of the output when run again on the same input, in training |
| `repeat_evaluation` | the same in evaluation |
| `from_future` | change of the first half of the positions when the last gets another vector |
| `from_past` | change of the last position when the first one gets another vector |
| `scores` | standard deviation of what the softmax receives |
| `mirror` | size of $f(h) + f(-h)$ relative to $f(h)$, for feed-forward $f$ |
| `gradients` | size of the gradient of each matrix, by its name in the code: a list each |
| `weights` | the sizes of these matrices themselves |

Heads have 16 features. Blocks of a healthy stack differ too, by their weights and gains: their
scores stay within a factor of 2 of each other, and each block keeps most of its stream. Return the
name and the number of the block, from 0, or `("none", -1)`. The hidden reports come from other
stacks.
""",
    signature=Signature(
        summary="Return the bug and the number of its block.",
        parameters=(Parameter("report", "dict of lists, one number for each block, see above"),),
        returns='tuple (str, int), such as ("mask", 2), or ("none", -1)',
    ),
    level="stretch",
    points=9,
    minutes=30,
    example=_case(random.Random(7), "activation", 4),
    reference=diagnose,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "For each bug ask which measurement it cannot help changing. Feed-forward without an "
        "activation is linear, so $f(-h) = -f(h)$. A matrix that is skipped gets no gradient.",
        "Three bugs make early positions change when the last one does. One of them changes them "
        "even when nothing does (look at the repetitions in evaluation first). Of the other two, "
        "only one hides the past.",
        "Rounding leaves about 1e-7 where the truth is 0, and real effects are above 1e-3: compare "
        "with 1e-4. Dropout is allowed in training. Weights shared with the block before: all four "
        "sizes equal.",
        "Without $\\sqrt{d_k}$ the scores are at least 4 times too large: compare each block with "
        "the median of all. A block without its residual keeps next to nothing: its cosine is "
        "below 0.3.",
    ),
    explanation="Each test asks what the bug cannot hide. The order matters where one bug imitates "
    "another: dropout in evaluation makes every comparison of two runs differ, so it is looked for "
    "first; a reversed mask and statistics over positions both let the future in, and only the "
    "mask shuts the past out. The scores have no absolute measure, so each block is compared with "
    "the median, which the sick block cannot move.",
    mutants=(
        Mutant(
            "leak_is_mask",
            _leak_is_mask,
            "Every leak of the future is called a mask; see whether the past still arrives.",
        ),
        Mutant(
            "leak_is_norm",
            _leak_is_norm,
            "Every leak of the future is called a wrong axis; see whether the past still arrives.",
        ),
        Mutant(
            "leak_first",
            _leak_first,
            "Dropout in evaluation changes the output from one run "
            "to the next, so it looks like a leak. Look for it first.",
        ),
        Mutant(
            "repeats_in_training",
            _repeats_in_training,
            "Two runs in training differ in every "
            "block, as they should; only differences in evaluation are a bug.",
        ),
        Mutant(
            "exactly_zero",
            _exactly_zero,
            "Sums are rounded, so a change that is none is about "
            "1e-7, not 0. Compare with a small number.",
        ),
        Mutant("from_one", _from_one, "The bugs are right, but blocks count from 0."),
        Mutant(
            "earlier_twin",
            _earlier_twin,
            "Of two blocks with the same weights, name the later one.",
        ),
        Mutant(
            "twins_unseen",
            _twins_unseen,
            "Blocks with the same weights are not found; look "
            "for neighbors whose four matrices have equal sizes.",
        ),
        Mutant(
            "largest_scores",
            _largest_scores,
            "Some block always has the largest scores. In a "
            "healthy stack it is less than twice the typical one.",
        ),
        Mutant(
            "high_scores",
            _high_scores,
            "There is no absolute limit for scores; compare each "
            "block with the typical one of its stack.",
        ),
        Mutant(
            "little_kept",
            _little_kept,
            "Healthy blocks change their stream too. Without a "
            "residual next to nothing of it is kept.",
        ),
        Mutant("always_healthy", _always_healthy, "Everything is called healthy."),
        Mutant("bug_only", _bug_only, "The bugs are right, the blocks are not looked for."),
    ),
)
