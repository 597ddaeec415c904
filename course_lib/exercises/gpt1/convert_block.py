"""Exercise: a block's weights from Hugging Face's names and shapes to ours."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Weights = dict[str, Tensor]
_NAMES = {
    "attention.output": "attn.c_proj",
    "feed_forward.widen": "mlp.c_fc",
    "feed_forward.narrow": "mlp.c_proj",
}
_NORMS = {"attention_norm": "ln_1", "feed_forward_norm": "ln_2"}
_PARTS = ("query", "key", "value")


def convert_block(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a block under our names and in our shapes."""
    ours = {}
    names = {
        "attention.output": "attn.c_proj",
        "feed_forward.widen": "mlp.c_fc",
        "feed_forward.narrow": "mlp.c_proj",
    }
    for mine, other in names.items():
        ours[f"{mine}.weight"] = theirs[f"{other}.weight"].T
        ours[f"{mine}.bias"] = theirs[f"{other}.bias"]
    for mine, other in (("attention_norm", "ln_1"), ("feed_forward_norm", "ln_2")):
        ours[f"{mine}.gain"] = theirs[f"{other}.weight"]
        ours[f"{mine}.bias"] = theirs[f"{other}.bias"]
    weights = theirs["attn.c_attn.weight"].chunk(3, dim=-1)
    biases = theirs["attn.c_attn.bias"].chunk(3)
    for i, name in enumerate(("query", "key", "value")):
        ours[f"attention.{name}.weight"] = weights[i].T
        ours[f"attention.{name}.bias"] = biases[i]
    return ours


def _changed(theirs: Weights, matrices: Callable[[str, Tensor], Tensor]) -> Weights:
    """Convert, with another idea of what to do with each of our matrices."""
    ours = convert_block(theirs)
    return {name: matrices(name, w) if w.ndim == 2 else w for name, w in ours.items()}


def _not_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda _, weight: weight.T)


def _square_not_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda name, w: w.T if name == "attention.output.weight" else w)


def _attention_not_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda name, w: w.T if name.startswith("attention") else w)


def _reshaped(theirs: Weights) -> Weights:
    return _changed(theirs, lambda _, weight: weight.T.reshape(weight.shape))


def _every_third(theirs: Weights) -> Weights:
    ours = convert_block(theirs)
    for part, name in enumerate(_PARTS):
        ours[f"attention.{name}.weight"] = theirs["attn.c_attn.weight"][:, part::3].T
        ours[f"attention.{name}.bias"] = theirs["attn.c_attn.bias"][part::3]
    return ours


def _cut_by_rows(theirs: Weights) -> Weights:
    ours = convert_block(theirs)
    for name, rows in zip(_PARTS, theirs["attn.c_attn.weight"].tensor_split(3), strict=True):
        ours[f"attention.{name}.weight"] = rows
    return ours


def _reordered(theirs: Weights, order: tuple[str, str, str]) -> Weights:
    ours = convert_block(theirs)
    moved = {
        f"attention.{mine}.{kind}": ours[f"attention.{theirs_is}.{kind}"]
        for mine, theirs_is in zip(_PARTS, order, strict=True)
        for kind in ("weight", "bias")
    }
    return ours | moved


def _keys_first(theirs: Weights) -> Weights:
    return _reordered(theirs, ("key", "query", "value"))


def _values_first(theirs: Weights) -> Weights:
    return _reordered(theirs, ("key", "value", "query"))


def _biases_whole(theirs: Weights) -> Weights:
    return convert_block(theirs) | {
        f"attention.{name}.bias": theirs["attn.c_attn.bias"] for name in _PARTS
    }


def _norms_exchanged(theirs: Weights) -> Weights:
    ours = convert_block(theirs)
    for kind in ("gain", "bias"):
        first, second = f"attention_norm.{kind}", f"feed_forward_norm.{kind}"
        ours[first], ours[second] = ours[second], ours[first]
    return ours


def _projections_exchanged(theirs: Weights) -> Weights:
    ours = convert_block(theirs)
    for kind in ("weight", "bias"):
        first, second = f"feed_forward.widen.{kind}", f"feed_forward.narrow.{kind}"
        ours[first], ours[second] = ours[second], ours[first]
    return ours


def _joined(theirs: Weights) -> Weights:
    ours = {
        name: weight
        for name, weight in convert_block(theirs).items()
        if not any(f".{part}." in name for part in _PARTS)
    }
    ours["attention.query_key_value.weight"] = theirs["attn.c_attn.weight"].T
    return ours | {"attention.query_key_value.bias": theirs["attn.c_attn.bias"]}


def _their_names(theirs: Weights) -> Weights:
    return {name: weight.T if weight.ndim == 2 else weight for name, weight in theirs.items()}


def _weights_for_gains(theirs: Weights) -> Weights:
    ours = convert_block(theirs)
    return {name.replace(".gain", ".weight"): weight for name, weight in ours.items()}


def _no_biases(theirs: Weights) -> Weights:
    return {name: w for name, w in convert_block(theirs).items() if not name.endswith(".bias")}


def _block(draw: Callable[..., Tensor], d_model: int, d_ff: int) -> Weights:
    sizes = {
        "attn.c_attn": (d_model, 3 * d_model),
        "attn.c_proj": (d_model, d_model),
        "mlp.c_fc": (d_model, d_ff),
        "mlp.c_proj": (d_ff, d_model),
    }
    theirs = {}
    for name, (n_in, n_out) in sizes.items():
        theirs[f"{name}.weight"], theirs[f"{name}.bias"] = draw(n_in, n_out), draw(n_out)
    for name in _NORMS.values():
        theirs[f"{name}.weight"], theirs[f"{name}.bias"] = draw(d_model), draw(d_model)
    return theirs


def _case(seed: int, d_model: int, d_ff: int) -> Case:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=2)

    return Case({"theirs": _block(draw, d_model, d_ff)}, f"D = {d_model}, F = {d_ff}")


def _public(seed: int) -> list[Case]:
    return [_case(9 * seed, 2, 3), _case(9 * seed + 1, 6, 24), _case(9 * seed + 2, 3, 5)]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 9 * seed
    return [_case(first, 4, 7), _case(first + 1, 9, 12), _case(first + 2, 5, 5)]


def _example() -> Case:
    counted = iter(range(1, 100))

    def draw(*shape: int) -> Tensor:
        n = int(torch.Size(shape).numel())
        return torch.tensor([float(next(counted)) for _ in range(n)]).reshape(shape)

    return Case({"theirs": _block(draw, 2, 1)}, "example")


EXERCISE = Exercise(
    id="gpt1.convert_block",
    title="Read somebody else's weights",
    statement="""
A file of Hugging Face holds a block of GPT-1 under these names. Its matrices come from a layer
called `Conv1D`, which computes `x @ weight + bias`, so they are stored as [in, out]. `nn.Linear`
computes `x @ weight.T + bias` and stores [out, in].

| theirs | shape | ours |
|---|---|---|
| `attn.c_attn` | [D 3D] | `attention.query`, `attention.key`, `attention.value`, in this order |
| `attn.c_proj` | [D D] | `attention.output` |
| `mlp.c_fc` | [D F] | `feed_forward.widen` |
| `mlp.c_proj` | [F D] | `feed_forward.narrow` |
| `ln_1` | [D] | `attention_norm` |
| `ln_2` | [D] | `feed_forward_norm` |

Each has a `.weight` and a `.bias`. Ours are called the same, except that the `.weight` of a norm is
our `.gain`. Of the joined matrix the first D **outputs** make the queries, the next D the keys, the
last D the values. Return all 16 of our tensors by name.
""",
    signature=Signature(
        summary="Return the weights of a block under our names and in our shapes.",
        parameters=(Parameter("theirs", "dict of 12 float tensors, named and shaped as above"),),
        returns="dict of 16 float tensors",
    ),
    forbidden=("course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=12,
    example=_example(),
    reference=convert_block,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Do the four tables that keep their number first, then the norms, then cut the joined one. "
        "Every matrix is turned over, every vector stays.",
        "Their outputs are columns: `theirs['attn.c_attn.weight'].chunk(3, dim=-1)` gives three "
        "[D D] matrices, still as [in, out]. The bias is cut the same way.",
        "A loop over `{'attention.output': 'attn.c_proj', …}` with "
        "`ours[f'{mine}.weight'] = theirs[f'{other}.weight'].T` does three of the four; "
        "`attention.output` is square, so that a forgotten `.T` there gives no error.",
    ),
    explanation="Shapes catch most mistakes, not the worst: a square matrix fits either way, and "
    "queries fit where keys belong. `reshape` makes the right shape out of the wrong numbers. Only "
    "equal logits show that all is right, which is why every loader in this course is tested so.",
    mutants=(
        Mutant("not_turned", _not_turned, "No matrix is turned; ours are [out, in]."),
        Mutant(
            "square_not_turned",
            _square_not_turned,
            "`attention.output` is not turned. It is square, so its shape cannot tell.",
        ),
        Mutant(
            "attention_not_turned",
            _attention_not_turned,
            "The matrices of attention are not turned. All four are square once the joined one is "
            "cut, so their shapes cannot tell.",
        ),
        Mutant(
            "reshaped",
            _reshaped,
            "The matrices are reshaped, which makes the right shape and mixes up the numbers; "
            "transpose them.",
        ),
        Mutant(
            "every_third",
            _every_third,
            "Every third output is taken; the queries are the first D outputs in one piece.",
        ),
        Mutant(
            "cut_by_rows",
            _cut_by_rows,
            "The joined matrix is cut along its inputs; cut the last axis, the outputs.",
        ),
        Mutant("keys_first", _keys_first, "Queries and keys are exchanged."),
        Mutant("values_first", _values_first, "The three parts are moved round by one."),
        Mutant("biases_whole", _biases_whole, "The joined bias is not cut; each part has D of it."),
        Mutant("norms_exchanged", _norms_exchanged, "`ln_1` and `ln_2` are exchanged."),
        Mutant(
            "projections_exchanged",
            _projections_exchanged,
            "`c_fc` widens and the feed-forward `c_proj` narrows; they are exchanged.",
        ),
        Mutant(
            "joined", _joined, "Queries, keys and values are still one matrix; cut it in three."
        ),
        Mutant("their_names", _their_names, "The tensors have their old names."),
        Mutant(
            "weights_for_gains",
            _weights_for_gains,
            "The gains of the norms are called `.weight`; ours are called `.gain`.",
        ),
        Mutant("no_biases", _no_biases, "The biases are missing."),
    ),
)
