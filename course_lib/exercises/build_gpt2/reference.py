"""The reference solutions of the project, from the lowest rung up: together they are GPT-2."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def normalize(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """Return each vector with mean 0 and variance 1, then scaled and shifted."""
    wide = x.float()
    centered = wide - wide.mean(dim=-1, keepdim=True)
    variance = (centered**2).mean(dim=-1, keepdim=True)
    normal = centered / torch.sqrt(variance + 1e-5) * gain.float() + bias.float()
    return normal.to(x.dtype)


def project_heads(
    x: Tensor, weight: Tensor, bias: Tensor, n_heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of all heads."""
    batch, time, width = x.shape
    projected = F.linear(x, weight, bias).view(batch, time, 3, n_heads, width // n_heads)
    query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)
    return query, key, value


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return what the heads gather under the causal mask, side by side."""
    n_queries, n_keys = query.shape[-2], key.shape[-2]
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    future = torch.ones(n_queries, n_keys, dtype=torch.bool).triu(n_keys - n_queries + 1)
    weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
    return (weights @ value).transpose(1, 2).flatten(2)


def block(x: Tensor, weights: dict[str, Tensor], n_heads: int) -> Tensor:
    """Return the stream after one block."""
    return write_back(x, attend(*read(x, weights, n_heads)), weights)


def read(x: Tensor, weights: dict[str, Tensor], n_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of a normalized copy of the stream."""
    copy = normalize(x, weights["attention_norm.gain"], weights["attention_norm.bias"])
    matrix = weights["attention.query_key_value.weight"]
    return project_heads(copy, matrix, weights["attention.query_key_value.bias"], n_heads)


def write_back(x: Tensor, gathered: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Return the stream with both writes: what attention gathered, and the feed-forward layer."""

    def linear(vectors: Tensor, name: str) -> Tensor:
        return F.linear(vectors, weights[f"{name}.weight"], weights[f"{name}.bias"])

    x = x + linear(gathered, "attention.output")
    copy = normalize(x, weights["feed_forward_norm.gain"], weights["feed_forward_norm.bias"])
    wide = F.gelu(linear(copy, "feed_forward.widen"), approximate="tanh")
    return x + linear(wide, "feed_forward.narrow")


def model_logits(
    tokens: Tensor, weights: dict[str, Tensor], n_heads: int, last_only: bool = False
) -> Tensor:
    """Return the scores of all tokens as the next one."""
    x = weights["token_embedding.weight"][tokens] + weights["positions.table"][: tokens.shape[1]]
    for part in blocks_of(weights):
        x = block(x, part, n_heads)
    if last_only:
        x = x[:, -1]
    x = normalize(x, weights["final_norm.gain"], weights["final_norm.bias"])
    return x @ weights["token_embedding.weight"].T


def blocks_of(weights: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the weights of each block, in order, under names without ``blocks.0.``."""
    parts: dict[int, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            parts.setdefault(int(number), {})[rest] = tensor
    return [parts[number] for number in sorted(parts)]


def next_token_loss(logits: Tensor, tokens: Tensor, is_counted: Tensor | None = None) -> Tensor:
    """Return the mean surprise of the counted next tokens, in nats."""
    log_p = logits[:, :-1].log_softmax(dim=-1)
    surprise = -log_p.gather(-1, tokens[:, 1:, None])[..., 0]
    if is_counted is not None:
        surprise = surprise[is_counted[:, 1:]]
    return surprise.mean()


def load_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a whole GPT-2 under our names and in our shapes."""
    outside = {
        "wte.weight": "token_embedding.weight",
        "wpe.weight": "positions.table",
        "ln_f.weight": "final_norm.gain",
        "ln_f.bias": "final_norm.bias",
    }
    inside = {
        "ln_1": "attention_norm",
        "attn.c_attn": "attention.query_key_value",
        "attn.c_proj": "attention.output",
        "ln_2": "feed_forward_norm",
        "mlp.c_fc": "feed_forward.widen",
        "mlp.c_proj": "feed_forward.narrow",
    }
    ours = {}
    for full_name, tensor in theirs.items():
        name = full_name.removeprefix("transformer.")
        if name in outside:
            ours[outside[name]] = tensor.float()
        elif name.startswith("h."):
            _, number, rest = name.split(".", 2)
            layer, _, kind = rest.rpartition(".")
            if layer in inside:  # the rest are stored masks
                if layer.startswith("ln") and kind == "weight":
                    kind = "gain"
                turned = tensor.T if tensor.ndim == 2 else tensor
                ours[f"blocks.{number}.{inside[layer]}.{kind}"] = turned.float()
    return ours


def generate(
    tokens: list[int],
    weights: dict[str, Tensor],
    n_heads: int,
    n_new: int,
    stop: int | None = None,
) -> list[int]:
    """Return the most probable continuation, token by token."""
    context_length = len(weights["positions.table"])
    row = list(tokens)
    for _ in range(n_new):
        window = torch.tensor([row[-context_length:]])
        best = int(model_logits(window, weights, n_heads, last_only=True).argmax())
        if best == stop:
            break
        row.append(best)
    return row[len(tokens) :]


def read_on(
    tokens: Tensor, weights: dict[str, Tensor], n_heads: int, cache: list[Any] | None = None
) -> tuple[Tensor, list[Any]]:
    """Return the next token's scores and the cache, after reading only the new tokens."""
    start = 0 if cache is None else cache[0][0].shape[2]
    positions = weights["positions.table"][start : start + tokens.shape[1]]
    x = weights["token_embedding.weight"][tokens] + positions
    kept = []
    for number, part in enumerate(blocks_of(weights)):
        query, key, value = read(x, part, n_heads)
        if cache is not None:
            key = torch.cat([cache[number][0], key], dim=2)
            value = torch.cat([cache[number][1], value], dim=2)
        kept.append((key, value))
        x = write_back(x, attend(query, key, value), part)
    x = normalize(x[:, -1], weights["final_norm.gain"], weights["final_norm.bias"])
    return x @ weights["token_embedding.weight"].T, kept
