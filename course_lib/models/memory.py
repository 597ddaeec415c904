"""Bytes that a model takes on disk, to run, and to train; all sizes in bytes, GB = 10⁹ bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from course_lib.config import check_positive

Precision = Literal["float32", "mixed"]

BYTES_PER_NUMBER: Mapping[str, float] = {
    "float32": 4,
    "bfloat16": 2,
    "float16": 2,
    "int8": 1,
    "int4": 0.5,
}
"""Bytes of one number by its type; int8 and int4 without the few scales stored beside them."""


def bytes_per_number(dtype: str) -> float:
    """Return the bytes of one number.

    Raises:
        ValueError: no such type is known.

    >>> bytes_per_number("bfloat16")
    2
    """
    if dtype not in BYTES_PER_NUMBER:
        raise ValueError(f"dtype must be one of {list(BYTES_PER_NUMBER)}, got {dtype!r}")
    return BYTES_PER_NUMBER[dtype]


def weight_bytes(n_parameters: int, dtype: str = "bfloat16") -> int:
    """Return the bytes of the weights, on disk or in memory: parameters × bytes per number.

    Raises:
        ValueError, TypeError: `n_parameters` is not a positive integer, or `dtype` is unknown.

    >>> weight_bytes(124_439_808, "float32")
    497759232
    """
    check_positive("n_parameters", n_parameters)
    return round(n_parameters * bytes_per_number(dtype))


def training_bytes(n_parameters: int, precision: Precision = "float32") -> dict[str, int]:
    """Return what training with Adam keeps for every parameter, by what it is kept for.

    In float32: weight, gradient and Adam's two running means, 4 bytes each. In mixed precision:
    weight and gradient in 16 bits for the arithmetic, and weight and running means in 32 bits for
    the update. Both add up to 16 bytes a parameter; activations come on top.

    Source: Rajbhandari et al. 2020, section 3.1.

    Raises:
        ValueError, TypeError: `n_parameters` is not a positive integer, or `precision` is unknown.

    >>> sum(training_bytes(1, "mixed").values())
    16
    """
    check_positive("n_parameters", n_parameters)
    per_parameter = {
        "float32": {"weights": 4, "gradients": 4, "Adam's two means": 8},
        "mixed": {"weights": 2, "gradients": 2, "weights in 32 bits": 4, "Adam's two means": 8},
    }
    if precision not in per_parameter:
        raise ValueError(f"precision must be one of {list(per_parameter)}, got {precision!r}")
    return {name: size * n_parameters for name, size in per_parameter[precision].items()}


def kv_cache_bytes(
    n_layers: int,
    n_kv_heads: int,
    d_head: int,
    n_tokens: int,
    *,
    batch_size: int = 1,
    dtype: str = "bfloat16",
) -> int:
    """Return the bytes of the keys and values that a decoder keeps of the tokens it has read.

    2 · n_layers · B · n_kv_heads · n_tokens · d_head numbers: one key and one value each.

    Raises:
        ValueError, TypeError: a size is not a positive integer, or `dtype` is unknown.

    >>> kv_cache_bytes(12, 12, 64, 1024)  # GPT-2 small, a full context
    37748736
    """
    sizes = {
        "n_layers": n_layers,
        "n_kv_heads": n_kv_heads,
        "d_head": d_head,
        "n_tokens": n_tokens,
        "batch_size": batch_size,
    }
    for name, size in sizes.items():
        check_positive(name, size)
    n_numbers = 2 * n_layers * batch_size * n_kv_heads * n_tokens * d_head
    return round(n_numbers * bytes_per_number(dtype))


def activation_bytes(
    d_model: int,
    n_heads: int,
    n_layers: int,
    n_tokens: int,
    *,
    batch_size: int = 1,
    fused_attention: bool = True,
) -> int:
    """Estimate what the forward pass keeps for the backward pass, in 16 bits.

    A rule of thumb for blocks with d_ff = 4 · D: B · T · D · (34 + 5 · H · T / D) bytes a layer.
    Fused attention never stores the T × T weights, and the second term falls away. Embeddings and
    the logits [B T V] come on top.

    Source: Korthikanti et al. 2023, section 4.1, equation 1.

    Raises:
        ValueError, TypeError: a size is not a positive integer.

    >>> activation_bytes(768, 12, 12, 1024)
    320864256
    """
    sizes = {
        "d_model": d_model,
        "n_heads": n_heads,
        "n_layers": n_layers,
        "n_tokens": n_tokens,
        "batch_size": batch_size,
    }
    for name, size in sizes.items():
        check_positive(name, size)
    per_layer = 34 * batch_size * n_tokens * d_model
    if not fused_attention:
        per_layer += 5 * batch_size * n_heads * n_tokens**2
    return n_layers * per_layer
