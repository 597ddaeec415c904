"""Rung 7: a whole file of Hugging Face's, under our names and in our shapes."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import load_weights
from course_lib.exercises.build_gpt2.small_models import Sizes, Weights, drawing, model_weights
from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_THEIRS = {
    "token_embedding": "wte",
    "positions.table": "wpe.weight",
    "final_norm": "ln_f",
    "blocks": "h",
    "attention_norm": "ln_1",
    "attention.query_key_value": "attn.c_attn",
    "attention.output": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "feed_forward.widen": "mlp.c_fc",
    "feed_forward.narrow": "mlp.c_proj",
    ".gain": ".weight",
}


def _is_inner_matrix(name: str, tensor: Tensor) -> bool:
    return name.startswith("blocks.") and tensor.ndim == 2


def _changed(theirs: Weights, change: Callable[[str, Tensor], Tensor]) -> Weights:
    return {name: change(name, tensor) for name, tensor in load_weights(theirs).items()}


def _not_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda name, w: w.T if _is_inner_matrix(name, w) else w)


def _square_not_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda name, w: w.T if name.endswith("output.weight") else w)


def _embeddings_turned(theirs: Weights) -> Weights:
    return _changed(theirs, lambda name, w: w.T if w.ndim == 2 and "blocks" not in name else w)


def _reshaped(theirs: Weights) -> Weights:
    def mixed(name: str, w: Tensor) -> Tensor:
        return w.T.reshape(w.shape) if _is_inner_matrix(name, w) else w

    return _changed(theirs, mixed)


def _masks_kept(theirs: Weights) -> Weights:
    masks = {name for name in theirs if name.endswith(("attn.bias", "attn.masked_bias"))}
    kept = {n.removeprefix("transformer.").replace("h.", "blocks.", 1): theirs[n] for n in masks}
    return load_weights(theirs) | {n.replace("attn", "attention"): w for n, w in kept.items()}


def _output_kept(theirs: Weights) -> Weights:
    kept = {name: w for name, w in theirs.items() if name == "lm_head.weight"}
    return load_weights(theirs) | kept


def _with_prefix(theirs: Weights) -> Weights:
    if not any(name.startswith("transformer.") for name in theirs):
        return load_weights(theirs)
    return {f"transformer.{name}": w for name, w in load_weights(theirs).items()}


def _weights_for_gains(theirs: Weights) -> Weights:
    return {name.replace(".gain", ".weight"): w for name, w in load_weights(theirs).items()}


def _positions_weight(theirs: Weights) -> Weights:
    ours = load_weights(theirs)
    return {name.replace("positions.table", "positions.weight"): w for name, w in ours.items()}


def _first_block(theirs: Weights) -> Weights:
    ours = load_weights(theirs)
    return {n: w for n, w in ours.items() if not n.startswith("blocks.") or ".0." in n}


def _exchanged(theirs: Weights, first: str, second: str) -> Weights:
    def moved(name: str) -> str:
        if first in name:
            return name.replace(first, second)
        return name.replace(second, first)

    return {moved(name): w for name, w in load_weights(theirs).items()}


def _norms_exchanged(theirs: Weights) -> Weights:
    return _exchanged(theirs, "attention_norm", "feed_forward_norm")


def _projections_exchanged(theirs: Weights) -> Weights:
    return _exchanged(theirs, "attention.output", "feed_forward.narrow")


def _no_biases(theirs: Weights) -> Weights:
    return {n: w for n, w in load_weights(theirs).items() if not n.endswith(".bias")}


def hugging_face_weights(ours: Weights, *, prefix: str, masks: bool) -> Weights:
    """Return weights as Hugging Face stores them; with the masks that old files hold."""
    theirs: Weights = {}
    for name, tensor in ours.items():
        turned = tensor.T.contiguous() if _is_inner_matrix(name, tensor) else tensor
        other = name
        for mine, word in _THEIRS.items():
            other = other.replace(mine, word)
        theirs[prefix + other] = turned
    n_layers = len({name.split(".")[1] for name in ours if name.startswith("blocks.")})
    if masks:
        context = len(ours["positions.table"])
        for number in range(n_layers):
            theirs[f"{prefix}h.{number}.attn.bias"] = torch.ones(1, 1, context, context).tril()
            theirs[f"{prefix}h.{number}.attn.masked_bias"] = torch.tensor(-1e4)
        theirs["lm_head.weight"] = ours["token_embedding.weight"]
    return theirs


def _case(seed: int, sizes: Sizes, *, prefix: bool, masks: bool, half: bool = False) -> Case:
    draw, _ = drawing(seed)
    ours = model_weights(draw, sizes)
    theirs = hugging_face_weights(ours, prefix="transformer." if prefix else "", masks=masks)
    if half:
        theirs = {name: tensor.half() for name, tensor in theirs.items()}
    words = [f"blocks: {sizes.n_layers}"]
    words += [word for word, said in (("masks", masks), ("16 bits", half)) if said]
    return Case({"theirs": theirs}, ", ".join(words) + (", with prefix" if prefix else ""))


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, Sizes(n_layers=1, d_model=2, d_ff=3), prefix=False, masks=False),
        _case(first + 1, Sizes(n_layers=2, d_model=4, d_ff=5), prefix=True, masks=True),
        _case(first + 2, Sizes(n_layers=2, d_model=3, d_ff=6), prefix=True, masks=False, half=True),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, Sizes(n_layers=2, d_model=4, d_ff=7), prefix=True, masks=True, half=True),
        _case(first + 1, Sizes(n_layers=3, d_model=2, d_ff=5), prefix=False, masks=True),
        _case(first + 2, Sizes(n_layers=11, d_model=2, d_ff=3), prefix=True, masks=False),
    ]


def _example() -> Case:
    counted = iter(range(1, 200))

    def draw(*shape: int) -> Tensor:
        n = int(torch.Size(shape).numel())
        return torch.tensor([float(next(counted)) for _ in range(n)]).reshape(shape)

    ours = model_weights(draw, Sizes(n_layers=1, d_model=2, d_ff=1, vocab_size=2, context_length=1))
    return Case(
        {"theirs": hugging_face_weights(ours, prefix="transformer.", masks=False)}, "example"
    )


EXERCISE = Exercise(
    id="build_gpt2.load_weights",
    title="Rung 7 · somebody else's file, all of it",
    statement="""
A `model.safetensors` of a GPT-2 is a flat dictionary under Hugging Face's names, often with
`transformer.` before each. Bring it to ours.

| theirs | ours |
|---|---|
| `wte.weight`, `wpe.weight` | `token_embedding.weight`, `positions.table` |
| `h.0.` … | `blocks.0.` …, for every block |
| … `ln_1`, `ln_2` | … `attention_norm`, `feed_forward_norm` |
| … `attn.c_attn`, `attn.c_proj` | … `attention.query_key_value`, `attention.output` |
| … `mlp.c_fc`, `mlp.c_proj` | … `feed_forward.widen`, `feed_forward.narrow` |
| `ln_f` | `final_norm` |

Each layer has a `.weight` and a `.bias`; the `.weight` of a norm is our `.gain`. The four matrices
of a block are stored there as [inputs outputs] and here as [outputs inputs]; the two tables of
embeddings are the same in both. Files may be in 16 bits; ours are in 32.

Old files also hold each block's mask, as `attn.bias` and `attn.masked_bias`, and some a second copy
of the embedding, `lm_head.weight`. None of these three belongs into our dictionary.
""",
    signature=Signature(
        summary="Return the weights of a whole GPT-2 under our names and in our shapes.",
        parameters=(Parameter("theirs", "dict of float tensors, 32 or 16 bits, named as above"),),
        returns="dict of float tensors in 32 bits",
    ),
    forbidden=("course_lib.models", "transformers"),
    level="core",
    points=6,
    minutes=15,
    example=_example(),
    reference=load_weights,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Go through `theirs.items()` once. For each name: take the prefix off, leave out what does "
        "not belong, translate, turn the matrix if it is one of the four.",
        "`name.split('.', 2)` makes `h.3.attn.c_attn.weight` into `'h'`, `'3'` and the rest, and "
        "`rest.rpartition('.')` parts the layer from `weight` or `bias`. A stored mask is then "
        "layer `attn`, which no table knows.",
        "A dictionary with the six layers of a block, `{'ln_1': 'attention_norm', "
        "'attn.c_attn': 'attention.query_key_value', …}`, and `if layer in inside:` skips the "
        "masks. Inside a block turn what has two axes: `tensor.T if tensor.ndim == 2 else tensor`; "
        "last of all `.float()`.",
    ),
    explanation="`attn.bias` is a trap with a history: it looks like the bias of a layer and is a "
    "triangle of ones that early versions saved with the model. And of the four matrices only "
    "`c_proj` of attention is square, so its missing transpose is the one that no shape reports.",
    mutants=(
        Mutant("not_turned", _not_turned, "The matrices of the blocks are not turned."),
        Mutant(
            "square_not_turned",
            _square_not_turned,
            "`attention.output` is not turned. It is square, so its shape cannot tell.",
        ),
        Mutant(
            "embeddings_turned",
            _embeddings_turned,
            "The tables of embeddings are turned too; only the four matrices of a block are.",
        ),
        Mutant(
            "reshaped",
            _reshaped,
            "The matrices are reshaped, which mixes up their numbers; transpose them.",
        ),
        Mutant("masks_kept", _masks_kept, "The stored masks are kept; they are no weights."),
        Mutant("output_kept", _output_kept, "`lm_head.weight` is kept; it is the embedding again."),
        Mutant("with_prefix", _with_prefix, "The prefix `transformer.` is still there."),
        Mutant(
            "weights_for_gains",
            _weights_for_gains,
            "The gains of the norms are called `.weight`; ours are called `.gain`.",
        ),
        Mutant(
            "positions_weight",
            _positions_weight,
            "The positions are called `positions.weight`; ours are called `positions.table`.",
        ),
        Mutant("first_block", _first_block, "Only block 0 is there; the file has more."),
        Mutant("norms_exchanged", _norms_exchanged, "`ln_1` and `ln_2` are exchanged."),
        Mutant(
            "projections_exchanged",
            _projections_exchanged,
            "The two layers called `c_proj` are exchanged; look at what stands before the name.",
        ),
        Mutant("no_biases", _no_biases, "The biases are missing."),
    ),
)
