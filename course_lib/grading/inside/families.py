"""Families of calls that an exercise may forbid, by name and by the kernels behind the names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Names of functions, methods and classes, and torch's operators that compute the same."""

    names: frozenset[str]
    kernels: tuple[str, ...] = ()

    def __or__(self, other: "Family") -> "Family":
        """Return both together."""
        return Family(self.names | other.names, (*self.kernels, *other.kernels))


class ForbiddenCallError(RuntimeError):
    """The code called what the exercise does not allow."""


class ForbiddenImportError(ForbiddenCallError, ImportError):
    """The code imported what the exercise does not allow."""


def _family(names: str, kernels: str = "") -> Family:
    return Family(frozenset(names.split()), tuple(kernels.split()))


# Where these names mean the library's functions.
LIBRARIES = frozenset(("torch", "scipy", "sklearn", "transformers", "jax", "tensorflow", "keras"))

_ATTENTION = _family(
    "scaled_dot_product_attention multi_head_attention_forward MultiheadAttention "
    "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention_for_cpu "
    "_native_multi_head_attention flex_attention TransformerEncoderLayer TransformerDecoderLayer "
    "TransformerEncoder TransformerDecoder Transformer",
    "scaled_dot_product_attention _scaled_dot_product_attention_math "
    "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_fused_attention_overrideable "
    "_native_multi_head_attention _transformer_encoder_layer_fwd",
)
_SOFTMAX = _family(
    "softmax log_softmax softmin gumbel_softmax _softmax _log_softmax _safe_softmax "
    "_masked_softmax special_softmax special_log_softmax Softmax LogSoftmax Softmin Softmax2d "
    "AdaptiveLogSoftmaxWithLoss SoftmaxTransform _sparse_softmax _sparse_log_softmax",
    "softmax.int log_softmax.int special_softmax special_log_softmax _softmax _log_softmax "
    "_safe_softmax _masked_softmax _sparse_softmax _sparse_log_softmax",
)
_CROSS_ENTROPY = _family(
    "cross_entropy cross_entropy_loss nll_loss nll_loss_nd CrossEntropyLoss NLLLoss NLLLoss2d "
    "linear_cross_entropy nll_loss_forward",
    "cross_entropy_loss nll_loss_nd nll_loss nll_loss_forward nll_loss2d nll_loss2d_forward",
)

FAMILIES: dict[str, Family] = {
    "softmax": _SOFTMAX | _ATTENTION,
    "log_softmax": _SOFTMAX | _ATTENTION | _CROSS_ENTROPY,
    "cross_entropy": _CROSS_ENTROPY,
    "scaled_dot_product_attention": _ATTENTION,
    "layer_norm": _family(
        "layer_norm native_layer_norm LayerNorm group_norm native_group_norm GroupNorm "
        "instance_norm InstanceNorm1d InstanceNorm2d InstanceNorm3d batch_norm native_batch_norm "
        "BatchNorm1d BatchNorm2d BatchNorm3d",
        "layer_norm native_layer_norm group_norm native_group_norm instance_norm batch_norm "
        "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit.no_stats",
    ),
    "gelu": _family("gelu gelu_ GELU", "gelu gelu_"),
    "topk": _family("topk kthvalue", "topk kthvalue"),
    "sort": _family(
        "sort argsort msort topk kthvalue",
        "sort sort.stable argsort argsort.stable msort topk kthvalue",
    ),
    "multinomial": _family("multinomial Categorical", "multinomial"),
    "adam": _family(
        "Adam AdamW NAdam RAdam Adamax SparseAdam adam adamw nadam radam adamax sparse_adam "
        "_fused_adam_ _fused_adamw_",
        "_fused_adam_ _fused_adam_.tensor_lr _fused_adamw_ _fused_adamw_.tensor_lr",
    ),
    "logsumexp": _family("logsumexp special_logsumexp", "logsumexp special_logsumexp"),
    "recurrent": _family(
        "RNN RNNBase RNNCell RNNCellBase LSTM LSTMCell GRU GRUCell rnn_tanh rnn_relu lstm gru "
        "rnn_tanh_cell rnn_relu_cell lstm_cell gru_cell mkldnn_rnn_layer",
        "rnn_tanh.input rnn_tanh.data rnn_relu.input rnn_relu.data lstm.input lstm.data "
        "gru.input gru.data rnn_tanh_cell rnn_relu_cell lstm_cell gru_cell mkldnn_rnn_layer",
    ),
    "clip_grad_norm": _family("clip_grad_norm_ clip_grad_norm clip_grads_with_norm_"),
}


def families_of(forbidden: tuple[str, ...]) -> Family:
    """Return all families that the entries name, as one."""
    together = Family(frozenset())
    for entry in forbidden:
        together |= FAMILIES.get(entry, Family(frozenset()))
    return together


def modules_of(forbidden: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries that are modules."""
    return tuple(entry for entry in forbidden if entry not in FAMILIES)


def is_inside(name: str, modules: tuple[str, ...]) -> bool:
    """Tell whether a dotted name is one of the modules or lies in one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)
