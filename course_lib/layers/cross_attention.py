"""Cross-attention: the queries come from one sequence, keys and values from another."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive, check_probability
from course_lib.layers.attention import scaled_dot_product_attention


class CrossAttention(nn.Module):
    """Attention from the T positions of a decoder to the S positions of an encoder's output.

    Source: Vaswani et al. 2017, section 3.2.3 ("encoder-decoder attention").

    Args:
        d_model: D, width of both sequences.
        n_heads: H; must divide D.
        dropout: probability, on the attention weights and on the output.
        bias: whether the four projections have biases.

    Raises:
        ValueError: H does not divide D, or `dropout` is not a probability.
    """

    def __init__(
        self, d_model: int, n_heads: int, *, dropout: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("n_heads", n_heads)
        check_probability("dropout", dropout)
        if d_model % n_heads:
            raise ValueError(f"n_heads={n_heads} must divide d_model={d_model}")
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.dropout = dropout
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key = nn.Linear(d_model, d_model, bias=bias)
        self.value = nn.Linear(d_model, d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)
        self.output_dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        mask: Bool[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Let each position of `x` gather from `memory`.

        Args:
            x: the decoder's residual stream; makes the queries.
            memory: the encoder's output; makes keys and values.
            mask: True where attention is allowed; broadcasts to (B, H, T, S), as
                `padding_mask` or `cross_mask` of the source's tokens does.
        """
        mixed = F.scaled_dot_product_attention(
            self._heads(self.query, x),
            self._heads(self.key, memory),
            self._heads(self.value, memory),
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        out: Tensor = self.output_dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        return out

    def weights(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        mask: Bool[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "B H T S"]:
        """Return the weights with which `forward` mixes the values; computed the clear way."""
        query, key = self._heads(self.query, x), self._heads(self.key, memory)
        _, weights = scaled_dot_product_attention(query, key, key, mask)
        return weights

    def _heads(self, project: nn.Linear, x: Tensor) -> Tensor:
        projected: Tensor = project(x)
        return projected.view(*x.shape[:2], self.n_heads, self.d_head).transpose(1, 2)
