"""Sequence to sequence with recurrent layers: through one state, or with a look back."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.classical.recurrent import LSTMCell, RecurrentLayer
from course_lib.config import check_positive


class RecurrentEncoderDecoder(nn.Module):
    """An LSTM reads the source, another writes the target from the state the first ends with.

    Without attention the encoder's last state is all that the decoder learns of the source: 2 · M
    numbers, however long the source is. With `attention` each step of the decoder also takes a
    weighted average of all encoder states; the weights come from scaled dot products of these with
    the decoder's state, passed through a learned matrix.

    Source: Sutskever et al. 2014, section 2; attention after Bahdanau et al. 2015, who score by a
    small network, with the bilinear score of Luong et al. 2015, section 3.1.

    Args:
        vocab_size: V, symbols of source and target; the start symbol is added.
        d_state: M, length of embeddings and of hidden states.
        attention: let the decoder look back.
        generator: draws the weights.
    """

    def __init__(
        self,
        vocab_size: int,
        d_state: int,
        *,
        attention: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_positive("vocab_size", vocab_size)
        self.start = vocab_size
        self.attention = attention
        self.embedding = nn.Embedding(vocab_size + 1, d_state)
        nn.init.normal_(self.embedding.weight, generator=generator)
        self.encoder = RecurrentLayer(LSTMCell(d_state, d_state, generator=generator))
        self.decoder = RecurrentLayer(LSTMCell(d_state, d_state, generator=generator))
        self.output = nn.Linear((1 + attention) * d_state, vocab_size)
        bound = d_state**-0.5
        nn.init.uniform_(self.output.weight, -bound, bound, generator=generator)
        nn.init.zeros_(self.output.bias)
        if attention:
            self.query = nn.Linear(d_state, d_state, bias=False)
            nn.init.normal_(self.query.weight, std=bound, generator=generator)

    def forward(
        self, source: Int[Tensor, "B S"], target: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Score each symbol of the target, given the source and the true symbols before it.

        Raises:
            ValueError: a symbol is outside the vocabulary.
        """
        for name, ids in (("source", source), ("target", target)):
            if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < self.start:
                raise ValueError(f"{name} holds ids outside 0 to {self.start - 1}")
        first = target.new_full((len(target), 1), self.start)
        read, state = self.encoder(self.embedding(source))
        written, _ = self.decoder(self.embedding(torch.cat([first, target[:, :-1]], 1)), state)
        return self._scores(written, read)

    @torch.no_grad()
    def write(self, source: Int[Tensor, "B S"], n_symbols: int) -> Int[Tensor, "B T"]:
        """Write `n_symbols`, each the most probable after those written so far."""
        read, state = self.encoder(self.embedding(source))
        written = [source.new_full((len(source), 1), self.start)]
        for _ in range(n_symbols):
            hidden, state = self.decoder(self.embedding(written[-1]), state)
            written.append(self._scores(hidden, read).argmax(-1))
        return torch.cat(written[1:], dim=1)

    def _scores(
        self, written: Float[Tensor, "B T M"], read: Float[Tensor, "B S M"]
    ) -> Float[Tensor, "B T V"]:
        if self.attention:
            found = F.scaled_dot_product_attention(self.query(written), read, read)
            written = torch.cat([written, found], dim=-1)
        scores: Tensor = self.output(written)
        return scores
