"""A language model that reads a text of any length through a state of fixed size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.classical.recurrent import LSTMCell, RecurrentLayer, RNNCell, State
from course_lib.config import check_positive

ModelState = tuple[State, ...]
"""The state of every layer, from the bottom up."""

Batches = Iterable[tuple[Int[Tensor, "B T"], Int[Tensor, "B T"]]]
"""Inputs and targets; with a carried state, row b of a batch continues row b of the one before."""

_CELLS: dict[str, type[RNNCell] | type[LSTMCell]] = {"rnn": RNNCell, "lstm": LSTMCell}


@dataclass(frozen=True)
class RecurrentConfig:
    """Sizes of a recurrent language model.

    Attributes:
        vocab_size: V, tokens in the vocabulary.
        d_model: D, length of a token's embedding.
        d_state: M, length of a layer's hidden state.
        n_layers: layers, each reading the hidden states of the one below.
        cell: "rnn" or "lstm".

    Raises:
        TypeError, ValueError: a size is no integer of at least 1, or the cell is unknown.
    """

    vocab_size: int
    d_model: int = 64
    d_state: int = 128
    n_layers: int = 1
    cell: str = "lstm"

    def __post_init__(self) -> None:
        for name in ("vocab_size", "d_model", "d_state", "n_layers"):
            check_positive(name, getattr(self, name))
        if self.cell not in _CELLS:
            raise ValueError(f"cell must be one of {sorted(_CELLS)}, got {self.cell!r}")


class RecurrentLanguageModel(nn.Module):
    """Embedding, recurrent layers, and one score for each token of the vocabulary.

    logits_t = h_t W + b, with h_t the top layer's hidden state after tokens 1 … t.

    Source: Mikolov et al. 2010 for the RNN; the LSTM in its place changes nothing else.

    Args:
        config: the sizes.
        generator: draws the weights.
        fused: as in :class:`RecurrentLayer`.
    """

    def __init__(
        self,
        config: RecurrentConfig,
        *,
        generator: torch.Generator | None = None,
        fused: bool = True,
    ) -> None:
        super().__init__()
        self.config = config
        make = _CELLS[config.cell]
        widths = [config.d_model] + [config.d_state] * (config.n_layers - 1)
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        nn.init.normal_(self.embedding.weight, generator=generator)
        self.layers = nn.ModuleList(
            RecurrentLayer(make(width, config.d_state, generator=generator), fused=fused)
            for width in widths
        )
        self.output = nn.Linear(config.d_state, config.vocab_size)
        bound = config.d_state**-0.5
        nn.init.uniform_(self.output.weight, -bound, bound, generator=generator)
        nn.init.zeros_(self.output.bias)

    def forward(
        self, tokens: Int[Tensor, "B T"], state: ModelState | None = None
    ) -> tuple[Float[Tensor, "B T V"], ModelState]:
        """Score every next token; the returned state continues the text.

        Args:
            tokens: the text, or its next piece.
            state: what an earlier call returned; None begins a text.

        Raises:
            ValueError: a token is outside the vocabulary, or the state does not fit.
        """
        if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < self.vocab_size:
            raise ValueError(
                f"tokens run from {int(tokens.min())} to {int(tokens.max())}; the vocabulary has "
                f"ids 0 to {self.vocab_size - 1}"
            )
        if state is not None and len(state) != len(self.layers):
            raise ValueError(f"state is of {len(state)} layers, the model has {len(self.layers)}")
        x = self.embedding(tokens)
        after: list[State] = []
        for index, layer in enumerate(self.layers):
            x, last = layer(x, None if state is None else state[index])
            after.append(last)
        return self.output(x), tuple(after)

    @property
    def vocab_size(self) -> int:
        """V, tokens in the vocabulary."""
        return self.config.vocab_size

    def n_parameters(self) -> int:
        """Return the number of parameters."""
        return sum(parameter.numel() for parameter in self.parameters())


def detach_state(state: ModelState) -> ModelState:
    """Return the same numbers cut off from the graph: remembered, but not learned through."""
    return tuple(tuple(part.detach() for part in layer) for layer in state)


@dataclass(frozen=True)
class TruncatedStep:
    """One step of training.

    Attributes:
        loss: mean over the batch's targets, in nats per token.
        gradient_norm: length of the whole gradient before clipping.
    """

    loss: float
    gradient_norm: float


def truncated_backpropagation(
    model: RecurrentLanguageModel,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    *,
    carry_state: bool,
    max_norm: float | None = 1.0,
) -> Iterator[TruncatedStep]:
    """Train on batch after batch, one step each, and report every step.

    With `carry_state` each batch begins with the state that the one before ended with, cut off from
    its graph: the state knows everything read so far, the gradient only this batch's T steps. This
    is right for batches whose rows continue each other (`SequentialBatches`). Without it each
    batch begins with nothing remembered, as random windows need.

    Source: Williams and Peng 1990; clipping by the global norm: Pascanu et al. 2013, section 3.2.

    Args:
        model: trained in place.
        batches: inputs and targets; endless ones make an endless iterator.
        optimizer: steps on the model's parameters.
        carry_state: see above.
        max_norm: the longest gradient allowed; None never clips.

    Raises:
        ValueError: `max_norm` is not positive.
    """
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, got {max_norm}; None turns clipping off")
    limit = float("inf") if max_norm is None else max_norm
    state: ModelState | None = None
    for inputs, targets in batches:
        logits, state = model(inputs, state if carry_state else None)
        state = detach_state(state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(model.parameters(), limit)
        optimizer.step()
        yield TruncatedStep(float(loss.detach()), float(norm))


@torch.no_grad()
def mean_surprise(
    model: RecurrentLanguageModel, batches: Batches, *, carry_state: bool = True
) -> float:
    """Return the mean −log p(target) over the batches, in nats per token.

    Raises:
        ValueError: there is no batch.
    """
    state: ModelState | None = None
    total, count = 0.0, 0
    for inputs, targets in batches:
        logits, state = model(inputs, state if carry_state else None)
        total += float(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum"))
        count += targets.numel()
    if count == 0:
        raise ValueError("batches holds no batch; give at least one")
    return total / count


@torch.no_grad()
def continue_tokens(
    model: RecurrentLanguageModel,
    prompt: Sequence[int],
    n_tokens: int,
    *,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> list[int]:
    """Sample the next tokens one by one; each costs the same, however long the text is.

    Raises:
        ValueError: the prompt is empty, `n_tokens` is negative or `temperature` is not positive.
    """
    if len(prompt) == 0:
        raise ValueError("prompt is empty; give at least one token to begin with")
    if n_tokens < 0 or not temperature > 0:
        raise ValueError(
            f"n_tokens must be at least 0 and temperature above 0, got {n_tokens} and {temperature}"
        )
    logits, state = model(torch.tensor([list(prompt)]))
    sampled: list[int] = []
    while len(sampled) < n_tokens:
        shares = torch.softmax(logits[0, -1] / temperature, dim=-1)
        sampled.append(int(torch.multinomial(shares, 1, generator=generator)))
        logits, state = model(torch.tensor([sampled[-1:]]), state)
    return sampled


def save_recurrent(
    model: RecurrentLanguageModel, folder: str | Path, *, dtype: torch.dtype = torch.float16
) -> None:
    """Write `config.json` and `model.safetensors` into a folder, made if missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = json.dumps(asdict(model.config), indent=2) + "\n"
    (folder / "config.json").write_text(config, encoding="utf-8")
    weights = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    (folder / "model.safetensors").write_bytes(save(weights))


def load_recurrent(folder: str | Path) -> RecurrentLanguageModel:
    """Read what `save_recurrent` wrote, in float32 and evaluation mode.

    Raises:
        FileNotFoundError: the folder lacks one of the files.
        ValueError: the weights do not fit the configuration.
    """
    folder = Path(folder)
    config = RecurrentConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    model = RecurrentLanguageModel(config)
    weights = {
        name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()
    }
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{folder}: the weights do not fit config.json ({error})") from error
    return model.eval()
