"""Exercise: which finished hypothesis of a beam search wins."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Beams = list[list[float]]
Answer = tuple[int, float]


def choose_translation(hypotheses: list[list[float]], alpha: float) -> tuple[int, float]:
    """Return the place of the hypothesis with the best score, and the score."""
    scores = [sum(steps) / len(steps) ** alpha for steps in hypotheses]
    best = max(scores)
    return scores.index(best), best


def _best(scores: list[float]) -> Answer:
    return scores.index(max(scores)), max(scores)


def _at(hypotheses: Beams, alpha: float, chosen: list[float]) -> Answer:
    return hypotheses.index(chosen), sum(chosen) / len(chosen) ** alpha


def _place_only(hypotheses: Beams, alpha: float) -> int:
    return choose_translation(hypotheses, alpha)[0]


def _no_penalty(hypotheses: Beams, alpha: float) -> Answer:
    del alpha
    return _best([sum(steps) for steps in hypotheses])


def _mean(hypotheses: Beams, alpha: float) -> Answer:
    del alpha
    return _best([sum(steps) / len(steps) for steps in hypotheses])


def _multiplied(hypotheses: Beams, alpha: float) -> Answer:
    return _best([sum(steps) * len(steps) ** alpha for steps in hypotheses])


def _smallest(hypotheses: Beams, alpha: float) -> Answer:
    scores = [sum(steps) / len(steps) ** alpha for steps in hypotheses]
    return scores.index(min(scores)), min(scores)


def _times_alpha(hypotheses: Beams, alpha: float) -> Answer:
    return _best([sum(steps) / (len(steps) * alpha or 1.0) for steps in hypotheses])


def _last_step(hypotheses: Beams, alpha: float) -> Answer:
    return _best([steps[-1] / len(steps) ** alpha for steps in hypotheses])


def _longest(hypotheses: Beams, alpha: float) -> Answer:
    return _at(hypotheses, alpha, max(hypotheses, key=len))


def _shortest(hypotheses: Beams, alpha: float) -> Answer:
    return _at(hypotheses, alpha, min(hypotheses, key=len))


def _penalized_longest(hypotheses: Beams, alpha: float) -> Answer:
    return _best([sum(steps) - alpha * len(steps) for steps in hypotheses])


def _case(hypotheses: Beams, alpha: float, label: str) -> Case:
    return Case({"hypotheses": hypotheses, "alpha": alpha}, label)


def _random_case(draw: random.Random, alpha: float) -> Case:
    """Hypotheses of many lengths, whose totals grow about as their length to the power alpha."""
    rows = []
    for length in draw.sample(range(1, 12), 6):
        total = -(length**alpha) * draw.uniform(1.0, 1.6)
        cuts = [draw.uniform(0.2, 1.0) for _ in range(length)]
        rows.append([round(total * cut / sum(cuts), 4) for cut in cuts])
    return _case(rows, alpha, f"six random hypotheses, α = {alpha}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    pair = [[-0.5, -0.5], [-0.4, -0.4, -0.4]]
    return [
        _case(pair, 0.0, "no penalty: the most probable one"),
        _case(pair, 1.0, "α = 1: the best mean"),
        _case([[-0.7]], 0.6, "a single one"),
        _random_case(draw, 0.6),
        _random_case(draw, 0.3),
        _random_case(draw, 1.5),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    long = [[-1.0], [-0.9] * 2, [-0.8] * 4, [-0.75] * 9]
    return [
        *(_case(long, alpha, f"growing lengths, α = {alpha}") for alpha in (0.0, 0.6, 0.9, 2.0)),
        *(_random_case(draw, alpha) for alpha in (0.2, 0.4, 0.5, 0.7, 0.8, 1.2)),
    ]


EXERCISE = Exercise(
    id="encoder_decoder.choose_translation",
    title="Long or short?",
    statement="""
A beam search ends with several finished hypotheses. Each is given as the list of the
log-probabilities of its tokens, one for each token, the end token included. The score of a
hypothesis of $n$ tokens is the sum of its log-probabilities divided by the length penalty
$n^\\alpha$. Return the place (from 0) of the hypothesis with the highest score, and that score. No
two scores are equal.

Log-probabilities are negative. Which way does a larger $\\alpha$ push the choice?
""",
    signature=Signature(
        summary="Return the place of the hypothesis with the best score, and the score.",
        parameters=(
            Parameter("hypotheses", "list of lists of negative numbers, one number for each token"),
            Parameter("alpha", "float >= 0"),
        ),
        returns="(place, score): an int and a float",
    ),
    level="core",
    points=2,
    minutes=4,
    example=_case([[-1.0], [-0.6, -0.6]], 1.0, "example"),
    reference=choose_translation,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "With α = 0 the penalty is 1 and the most probable hypothesis wins. Start from there: what "
        "is the log-probability of a whole hypothesis?",
        "Probabilities multiply, so log-probabilities add up: `sum(steps)`.",
        "`scores = [sum(steps) / len(steps) ** alpha for steps in hypotheses]`; the largest is "
        "`max(scores)`, and its place `scores.index(max(scores))`.",
    ),
    explanation="Each token makes a hypothesis less probable, so a plain sum prefers short ones. "
    "The sums are negative: dividing by a larger number brings them nearer to 0, which helps long "
    "hypotheses more. α = 1 compares means; beyond it, length itself is rewarded.",
    mutants=(
        Mutant("no_penalty", _no_penalty, "α is not used: the sums are compared as they are."),
        Mutant("mean", _mean, "The means are compared, which is right for α = 1 only."),
        Mutant("multiplied", _multiplied, "The sum is multiplied by the penalty; divide by it."),
        Mutant("smallest", _smallest, "The lowest score is taken; the highest is the best."),
        Mutant("times_alpha", _times_alpha, "The length is multiplied by α; it is raised to it."),
        Mutant(
            "last_step", _last_step, "Only the last token's log-probability is used; add up all."
        ),
        Mutant("longest", _longest, "The longest hypothesis is taken, however improbable."),
        Mutant("shortest", _shortest, "The shortest hypothesis is taken, however improbable."),
        Mutant(
            "place_only",
            _place_only,
            "Only the place is returned; return the score too: `return place, score`.",
        ),
        Mutant(
            "penalized_longest",
            _penalized_longest,
            "α times the length is subtracted; the sum is divided by the length to the power α.",
        ),
    ),
)
