"""Exercise: read both orders at their extract tokens, and add."""

import torch
from torch import Tensor

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def similarity_logits(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the logits of pairs of texts from both orders of each pair."""
    n_pairs, n_orders = extract.shape
    pair = torch.arange(n_pairs)[:, None]
    order = torch.arange(n_orders)[None, :]
    read = hidden[pair, order, extract]  # [B 2 D]
    return read.sum(dim=1) @ weight.T + bias


def _read(hidden: Tensor, extract: Tensor) -> Tensor:
    return hidden[torch.arange(len(extract))[:, None], torch.arange(2)[None, :], extract]


def _last_position(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    del extract
    return hidden[:, :, -1].sum(dim=1) @ weight.T + bias


def _first_position(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    del extract
    return hidden[:, :, 0].sum(dim=1) @ weight.T + bias


def _one_order(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _read(hidden, extract)[:, 0] @ weight.T + bias


def _mean(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _read(hidden, extract).mean(dim=1) @ weight.T + bias


def _logits_added(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (_read(hidden, extract) @ weight.T + bias).sum(dim=1)


def _product(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _read(hidden, extract).prod(dim=1) @ weight.T + bias


def _difference(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    read = _read(hidden, extract)
    return (read[:, 0] - read[:, 1]) @ weight.T + bias


def _no_bias(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return similarity_logits(hidden, extract, weight, 0 * bias)


def _same_place(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return similarity_logits(hidden, extract[:, :1].expand(-1, 2), weight, bias)


def _sum_of_positions(hidden: Tensor, extract: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    real = torch.arange(hidden.shape[2]) <= extract[..., None]
    return (hidden * real[..., None]).sum(dim=(1, 2)) @ weight.T + bias


def _case(
    generator: torch.Generator, n_pairs: int, length: int, n_classes: int, label: str
) -> Case:
    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).round(decimals=1)

    # The two orders end at different places, and before the padding.
    extract = torch.randint(1, length - 2, (n_pairs, 1), generator=generator) + torch.arange(2)
    return Case(
        {
            "hidden": draw(n_pairs, 2, length, 4),
            "extract": extract,
            "weight": draw(n_classes, 4),
            "bias": draw(n_classes) + 0.25,
        },
        label,
    )


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    small = _case(generator, 2, 6, 2, "two pairs")
    three = _case(generator, 3, 5, 3, "three pairs, three classes")
    return [small, three, with_gradients(small, "hidden", "weight")]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, 1, 4, 2, "one pair"),
        _case(generator, 5, 9, 3, "five pairs, three classes"),
        with_gradients(_case(generator, 3, 7, 2, "three pairs"), "hidden", "bias"),
    ]


def _example() -> Case:
    hidden = torch.zeros(1, 2, 3, 2)
    hidden[0, 0, 2] = torch.tensor([1.0, 2.0])
    hidden[0, 1, 1] = torch.tensor([3.0, 0.0])
    hidden[0, 1, 2] = 9.0
    return Case(
        {
            "hidden": hidden,
            "extract": torch.tensor([[2, 1]]),
            "weight": torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
            "bias": torch.tensor([0.5, 0.0]),
        },
        "example",
    )


EXERCISE = Exercise(
    id="gpt1_finetuning.similarity_logits",
    title="Both orders, added",
    statement="""
Two texts that say the same do so in either order, so GPT-1 reads a pair twice, once in each order.
With $h_1$ and $h_2$ the vectors of the last block at the two extract tokens, the logits
are

$$z = (h_1 + h_2)\\,W^\\top + b$$

The rows of a batch are padded on the right, so each has its extract token somewhere else:
`extract` says where. A model learns through this, so PyTorch must be able to differentiate it:
some cases compare gradients.
""",
    signature=Signature(
        summary="Return the logits of pairs of texts from both orders of each pair.",
        parameters=(
            Parameter("hidden", "float tensor [B 2 T D], what the last block says"),
            Parameter("extract", "int tensor [B 2], the position of each row's extract token"),
            Parameter("weight", "float tensor [C D]"),
            Parameter("bias", "float tensor [C]"),
        ),
        returns="float tensor [B C]",
    ),
    forbidden=("course_lib.finetuning", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_example(),
    reference=similarity_logits,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two steps: pick one vector of each row, then add the two vectors of a pair.",
        "To pick, index with three tensors that broadcast to [B 2]: which pair, which order, "
        "which position. (`hidden.gather` does it too.)",
        "`hidden[torch.arange(B)[:, None], torch.arange(2)[None, :], extract]` is [B 2 D]; sum it "
        "over dimension 1, then `@ weight.T + bias`.",
    ),
    explanation="The vectors are added before the linear layer, so the bias counts once. Because a "
    "sum does not know its order, the answer cannot depend on which text was named first. Only "
    "the vectors at the extract tokens get a gradient from the task.",
    mutants=(
        Mutant(
            "last_position",
            _last_position,
            "The last position of each row is read; with padding that is not the extract token.",
        ),
        Mutant(
            "first_position",
            _first_position,
            "The first position is read; under a causal mask it has seen nothing of the texts.",
        ),
        Mutant(
            "one_order", _one_order, "Only the first order is used; add the second one's vector."
        ),
        Mutant("mean", _mean, "The two vectors are averaged; they are to be added."),
        Mutant(
            "logits_added",
            _logits_added,
            "The logits of both orders are added, and with them the bias twice; add the vectors "
            "before the linear layer.",
        ),
        Mutant("product", _product, "The two vectors are multiplied entry by entry; add them."),
        Mutant(
            "difference",
            _difference,
            "The second vector is subtracted, so the answer depends on the order; add it.",
        ),
        Mutant("no_bias", _no_bias, "The bias is missing."),
        Mutant(
            "same_place",
            _same_place,
            "Both orders are read at the first order's position; each row has its own.",
        ),
        Mutant(
            "sum_of_positions",
            _sum_of_positions,
            "All positions up to the extract token are summed; only the extract token's is read.",
        ),
        *graph_mistakes(similarity_logits),
    ),
)
