"""Exercise: one round of speculative decoding, from drafts to tokens of the target."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def check_draft(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    """Return the tokens that one round of speculative decoding writes."""
    kept: list[int] = []
    shares = p[len(guesses)]  # if nothing is rejected: one token more, from the target
    for i, token in enumerate(guesses):
        if u[i] * q[i, token] >= p[i, token]:
            shares = (p[i] - q[i]).clamp(min=0)
            break
        kept.append(token)
    total = shares.cumsum(dim=0)
    return [*kept, int((total <= v * total[-1]).sum())]


def _pick(shares: Tensor, v: float) -> int:
    total = shares.cumsum(dim=0)
    return min(int((total <= v * total[-1]).sum()), len(shares) - 1)


def _n_kept(guesses: list[int], p: Tensor, q: Tensor, u: list[float]) -> int:
    """Count the drafts before the first one that is rejected."""
    tests = [bool(u[i] * q[i, token] < p[i, token]) for i, token in enumerate(guesses)]
    return tests.index(False) if False in tests else len(guesses)


def _replaced(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float, shares: Tensor
) -> list[int]:
    """The right answer with other shares for what comes in place of a rejected draft."""
    n = _n_kept(guesses, p, q, u)
    if n == len(guesses):
        return check_draft(guesses, p, q, u, v)
    return [*guesses[:n], _pick(shares[n], v)]


def _keeps_all(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    del q, u
    return [*guesses, _pick(p[-1], v)]


def _from_the_target(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    return _replaced(guesses, p, q, u, v, p)


def _distance(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    return _replaced(guesses, p, q, u, v, (p[:-1] - q).abs())


def _other_way_round(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    return _replaced(guesses, p, q, u, v, (q - p[:-1]).clamp(min=0))


def _not_normalized(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    n = _n_kept(guesses, p, q, u)
    if n == len(guesses):
        return check_draft(guesses, p, q, u, v)
    missing = (p[n] - q[n]).clamp(min=0).cumsum(dim=0)
    return [*guesses[:n], min(int((missing <= v).sum()), p.shape[1] - 1)]


def _ratio_reversed(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    for i, token in enumerate(guesses):
        if u[i] * p[i, token] >= q[i, token]:
            return [*guesses[:i], _pick((p[i] - q[i]).clamp(min=0), v)]
    return [*guesses, _pick(p[-1], v)]


def _draft_ignored(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    for i, token in enumerate(guesses):
        if u[i] >= p[i, token]:
            return [*guesses[:i], _pick((p[i] - q[i]).clamp(min=0), v)]
    return [*guesses, _pick(p[-1], v)]


def _favorites_only(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    del u
    for i, token in enumerate(guesses):
        if token != int(p[i].argmax()):
            return [*guesses[:i], _pick((p[i] - q[i]).clamp(min=0), v)]
    return [*guesses, _pick(p[-1], v)]


def _goes_on(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    written = []
    for i, token in enumerate(guesses):
        rejected = bool(u[i] * q[i, token] >= p[i, token])
        written.append(_pick((p[i] - q[i]).clamp(min=0), v) if rejected else token)
    return [*written, _pick(p[-1], v)]


def _no_bonus(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> list[int]:
    return check_draft(guesses, p, q, u, v)[: len(guesses)]


def _no_replacement(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    n = _n_kept(guesses, p, q, u)
    return guesses[:n] if n < len(guesses) else check_draft(guesses, p, q, u, v)


def _rejected_kept_too(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    n = _n_kept(guesses, p, q, u)
    return [*guesses[: n + 1], check_draft(guesses, p, q, u, v)[-1]]


def _bonus_from_the_last_draft(
    guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float
) -> list[int]:
    if _n_kept(guesses, p, q, u) < len(guesses):
        return check_draft(guesses, p, q, u, v)
    return [*guesses, _pick(p[len(guesses) - 1], v)]


def _case(
    guesses: list[int], p: list[list[float]], q: list[list[float]], u: list[float], v: float,
    label: str,
) -> Case:  # fmt: skip
    tables = {"p": torch.tensor(p), "q": torch.tensor(q)}
    return Case({"guesses": guesses, **tables, "u": u, "v": v}, label)


def _shares(draw: random.Random, size: int) -> list[float]:
    """Probabilities in 64ths, some of them 0."""
    cuts = sorted(draw.choices(range(65), k=size - 1))
    return [(b - a) / 64 for a, b in zip([0, *cuts], [*cuts, 64], strict=True)]


def _is_clear(guesses: list[int], p: Tensor, q: Tensor, u: list[float], v: float) -> bool:
    """Whether no comparison is so close that rounding could decide it."""
    shares = [*(p[:-1] - q).clamp(min=0), p[-1], *p[:-1]]
    totals = [row.cumsum(dim=0) / row.sum() for row in shares if row.sum() > 0]
    ratios = [p[i, g] / q[i, g] - u[i] for i, g in enumerate(guesses)]
    near = [*((total - v).abs().min() for total in totals), *(ratio.abs() for ratio in ratios)]
    return min(map(float, near)) > 1e-3


def _random_case(draw: random.Random, size: int, n_kept: int, n_drafts: int) -> Case:
    """Drafts of which so many are kept; if all are, there is a token more."""
    while True:
        p = [_shares(draw, size) for _ in range(n_drafts + 1)]
        q = [_shares(draw, size) for _ in range(n_drafts)]
        guesses = [draw.choices(range(size), row)[0] for row in q]
        u, v = [round(draw.random(), 3) for _ in guesses], round(draw.random(), 3)
        tables = torch.tensor(p), torch.tensor(q)
        if _n_kept(guesses, *tables, u) == n_kept and _is_clear(guesses, *tables, u, v):
            label = f"{n_drafts} drafts, {n_kept} kept, {size} tokens"
            return _case(guesses, p, q, u, v, label)


_P = [[0.25, 0.5, 0.25], [0.125, 0.125, 0.75], [0.5, 0.25, 0.25]]
_Q = [[0.5, 0.25, 0.25], [0.75, 0.125, 0.125]]


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([1, 2], _P, _Q, [0.9, 0.9], 0.6, "both kept: the target gives more"),
        _case([0, 2], _P, _Q, [0.4, 0.5], 0.9, "the first is kept with p/q = 1/2"),
        _case([0, 2], _P, _Q, [0.6, 0.5], 0.6, "the first is rejected at p/q = 1/2"),
        _case([1, 0], _P, _Q, [0.3, 0.4], 0.2, "the second is rejected"),
        _random_case(draw, 4, 1, 3),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case([2], [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], [[0.0, 0.5, 0.5]], [0.0], 0.3,
              "the target never writes the draft"),
        *(_random_case(draw, 5, n_kept, 3) for n_kept in (0, 1, 2, 3)),
        *(_random_case(draw, 4, n_kept, 1) for n_kept in (0, 1)),
        _in_64_bits(_random_case(draw, 6, 2, 4)),
    ]  # fmt: skip


def _in_64_bits(case: Case) -> Case:
    tables = {name: case.inputs[name].double() for name in ("p", "q")}
    return Case({**case.inputs, **tables}, f"{case.label}, float64")


EXERCISE = Exercise(
    id="decoding.check_draft",
    title="Accept or resample: one round of speculative decoding",
    statement="""
A draft model has proposed $k$ tokens, `guesses`. Row $i$ of `q` is the distribution that it drew
`guesses[i]` from; row $i$ of `p` is the target's distribution at the same place, after the guesses
before it. `p` has one row more, for the token behind the last guess.

Write down what the round writes. Go through the guesses in order:

- Guess $x$ in place $i$ is **kept** if $u_i < p_i(x)/q_i(x)$.
- At the first one that is not, one token is drawn from $\\max(0, p_i - q_i)$, divided by its sum.
  It takes the place of the guess, and the round **ends**.
- If all are kept, one token more is drawn from the last row of `p`.

So there is one draw, whatever happens. Make it with the given $v$: of shares that add up to 1, it
is the first token at which their running total **exceeds** $v$. (In a program $u$ and $v$ would be
random; given numbers make the answer checkable.) Write it without the course's own generation and
that of `transformers`.
""",
    signature=Signature(
        summary="Return the tokens that one round of speculative decoding writes.",
        parameters=(
            Parameter("guesses", "list of k ints, the drafted tokens; k >= 1"),
            Parameter("p", "float tensor [k+1 V], the target's distributions"),
            Parameter("q", "float tensor [k V], the draft's; q[i, guesses[i]] > 0"),
            Parameter("u", "list of k floats in [0, 1), for keeping or not"),
            Parameter("v", "float in [0, 1), for the one draw at the end"),
        ),
        returns="list of 1 to k+1 ints",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="stretch",
    points=6,
    minutes=20,
    example=_case([0, 2], _P, _Q, [0.6, 0.5], 0.4, "example"),
    reference=check_draft,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "In the example the draft gives token 0 the probability 0.5, twice what the target gives "
        "it, so it may stay in half of all cases: if u is below 0.5. What is left of p after "
        "taking q away is (0, 0.25, 0): the token that the draft proposes too rarely.",
        "One loop over `enumerate(guesses)` with a list of kept tokens. Inside: compare "
        "`u[i] * q[i, x]` with `p[i, x]`; on a rejection draw from `(p[i] - q[i]).clamp(min=0)` "
        "and return at once.",
        "A draw from `shares`: `total = shares.cumsum(dim=0)`, then "
        "`int((total <= v * total[-1]).sum())` counts the tokens that do not exceed v. Comparing "
        "with v times the sum saves the division.",
        "After the loop, when nothing was rejected, return the kept tokens and a draw from "
        "`p[len(guesses)]`.",
    ),
    explanation="A token x is drafted with q(x) and kept with min(1, p(x)/q(x)): that makes "
    "min(p, q) in all. What p has beyond that is max(0, p − q), and its sum is exactly the "
    "probability of a rejection, so drawing from it fills the gap: the two add up to p. After a "
    "rejection the later guesses continue a text that is not there any more, so the round ends. "
    "Writing u · q < p avoids dividing.",
    mutants=(
        Mutant(
            "keeps_all",
            _keeps_all,
            "Every guess is kept, so the text is the draft's. Compare u with p/q.",
        ),
        Mutant(
            "from_the_target",
            _from_the_target,
            "In place of a rejected guess a token is drawn from p. Tokens that the draft likes "
            "then come too often: they had their chance already. Draw from max(0, p − q).",
        ),
        Mutant(
            "distance",
            _distance,
            "|p − q| gives a share to tokens that the draft proposes too often; they should get 0.",
        ),
        Mutant(
            "other_way_round",
            _other_way_round,
            "The difference is taken the other way round: what is missing is p − q.",
        ),
        Mutant(
            "not_normalized",
            _not_normalized,
            "max(0, p − q) does not add up to 1; divide by its sum before comparing with v.",
        ),
        Mutant(
            "ratio_reversed",
            _ratio_reversed,
            "The ratio is reversed: a guess stays for sure where the target likes it more, p ≥ q.",
        ),
        Mutant(
            "draft_ignored",
            _draft_ignored,
            "u is compared with p alone. A guess that is drafted with q need only be thinned out "
            "by p/q.",
        ),
        Mutant(
            "favorites_only",
            _favorites_only,
            "A guess is kept if it is the target's favorite. That is greedy decoding; the draw "
            "with u makes it a draw from p.",
        ),
        Mutant(
            "goes_on",
            _goes_on,
            "The round goes on behind a rejected guess. The later ones were drafted for a text "
            "that is not there any more; return.",
        ),
        Mutant(
            "no_bonus",
            _no_bonus,
            "Where all guesses are kept, the last row of p gives one token more.",
        ),
        Mutant(
            "no_replacement",
            _no_replacement,
            "A rejected guess is dropped without anything in its place: the round could write "
            "nothing at all, and its tokens would not be draws from p.",
        ),
        Mutant(
            "rejected_kept_too",
            _rejected_kept_too,
            "The rejected guess stays in the text, before the token that replaces it.",
        ),
        Mutant(
            "bonus_from_the_last_draft",
            _bonus_from_the_last_draft,
            "The token behind the last guess is drawn from the row before; p has k + 1 rows.",
        ),
    ),
)
