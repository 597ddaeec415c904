"""Exercise: count the parameters of a Llama."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Sizes = dict[str, int]


def llama_parameters(sizes: dict[str, int], tied: bool) -> int:
    """Return the number of parameters of a model of Llama's kind."""
    d, f = sizes["d_model"], sizes["d_ff"]
    d_kv = d // sizes["n_heads"] * sizes["n_kv_heads"]
    attention = 2 * d * d + 2 * d * d_kv
    block = attention + 3 * d * f + 2 * d
    tables = sizes["vocab_size"] * d * (1 if tied else 2)
    return tables + sizes["n_layers"] * block + d


def _more(sizes: Sizes, tied: bool, extra: int) -> int:
    return llama_parameters(sizes, tied) + extra


def _tied_always(sizes: Sizes, tied: bool) -> int:
    del tied
    return llama_parameters(sizes, True)


def _untied_always(sizes: Sizes, tied: bool) -> int:
    del tied
    return llama_parameters(sizes, False)


def _all_heads(sizes: Sizes, tied: bool) -> int:
    return llama_parameters(sizes | {"n_kv_heads": sizes["n_heads"]}, tied)


def _two_matrices(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, -sizes["n_layers"] * sizes["d_model"] * sizes["d_ff"])


def _four_matrices(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, sizes["n_layers"] * sizes["d_model"] * sizes["d_ff"])


def _no_final_norm(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, -sizes["d_model"])


def _one_norm(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, -sizes["n_layers"] * sizes["d_model"])


def _shifts(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, (2 * sizes["n_layers"] + 1) * sizes["d_model"])


def _one_key_head(sizes: Sizes, tied: bool) -> int:
    return llama_parameters(sizes | {"n_kv_heads": 1}, tied)


def _no_output(sizes: Sizes, tied: bool) -> int:
    return _more(sizes, tied, -sizes["n_layers"] * sizes["d_model"] ** 2)


def _biases(sizes: Sizes, tied: bool) -> int:
    d, f = sizes["d_model"], sizes["d_ff"]
    d_kv = d // sizes["n_heads"] * sizes["n_kv_heads"]
    return _more(sizes, tied, sizes["n_layers"] * (2 * d + 2 * d_kv + 2 * f + d))


def _case(
    vocab_size: int, d_model: int, n_layers: int, heads: tuple[int, int], d_ff: int, tied: bool
) -> Case:
    sizes = {
        "vocab_size": vocab_size,
        "d_model": d_model,
        "n_layers": n_layers,
        "n_heads": heads[0],
        "n_kv_heads": heads[1],
        "d_ff": d_ff,
    }
    return Case({"sizes": sizes, "tied": tied}, f"width {d_model}, {n_layers} layers")


def _random_case(draw: random.Random, tied: bool) -> Case:
    n_kv_heads = draw.randint(2, 4)
    n_heads = n_kv_heads * draw.randint(2, 4)
    d_model = n_heads * draw.choice([8, 16, 32])
    return _case(
        draw.randint(500, 50_000),
        d_model,
        draw.randint(2, 40),
        (n_heads, n_kv_heads),
        draw.randint(2, 4) * d_model + 8 * draw.randint(1, 3),
        tied,
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [_random_case(draw, tied) for tied in (True, False, True)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _random_case(draw, True),
        _random_case(draw, False),
        _case(49_152, 576, 30, (9, 3), 1536, True),
        _case(32_000, 4096, 32, (32, 32), 11_008, False),
    ]


EXERCISE = Exercise(
    id="beyond_gpt2.llama_parameters",
    title="Count a Llama",
    statement="""
Count the parameters of a decoder of Llama's kind. `sizes` holds `vocab_size` V, `d_model` D,
`n_layers`, `n_heads` H, `n_kv_heads`, and `d_ff` F; each head is D / H wide. There are **no
biases** anywhere, and no table of positions (rotary ones have no parameters).

- The embedding, V · D; an output matrix of the same size, unless it is tied.
- In each block: queries and output from D to D; keys and values from D to the width of the
  key-value heads together; the three matrices of SwiGLU, two from D to F and one back; two norms.
- A norm is an RMSNorm: one gain for each feature, nothing else. One more stands after the last
  block.
""",
    signature=Signature(
        summary="Return the number of parameters of a model of Llama's kind.",
        parameters=(
            Parameter("sizes", "dict of six ints, named as above; H divides D"),
            Parameter("tied", "bool: the output matrix is the embedding"),
        ),
        returns="int",
    ),
    forbidden=("course_lib.models", "transformers"),
    level="core",
    points=3,
    minutes=10,
    example=_case(10, 4, 1, (2, 1), 6, True),
    reference=llama_parameters,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Write one line for each matrix of a block, then multiply by the number of layers.",
        "The key-value heads together are `d_model // n_heads * n_kv_heads` wide; keys and values "
        "are two matrices of D times that.",
        "A block has 2·D² + 2·D·D_kv + 3·D·F + 2·D; all blocks, one more D for the last norm, and "
        "V·D once or twice.",
    ),
    explanation="With the sizes of SmolLM2-135M this gives 134,515,008: 28 million of them are "
    "the embedding, which is why so small a model ties it. SwiGLU has three matrices where GPT-2's "
    "feed-forward part has two; at F = 8/3 · D they weigh as much as two at 4 · D.",
    mutants=(
        Mutant(
            "tied_always", _tied_always, "Where it is not tied, the output matrix has V · D more."
        ),
        Mutant(
            "untied_always", _untied_always, "A tied output matrix is the embedding: count it once."
        ),
        Mutant(
            "all_heads",
            _all_heads,
            "Keys and values are counted with all heads; they have `n_kv_heads` only.",
        ),
        Mutant("two_matrices", _two_matrices, "SwiGLU has three matrices, not two."),
        Mutant("four_matrices", _four_matrices, "SwiGLU has three matrices, not four."),
        Mutant("no_final_norm", _no_final_norm, "The norm after the last block is missing."),
        Mutant("one_norm", _one_norm, "A block has two norms."),
        Mutant("shifts", _shifts, "An RMSNorm has a gain and no bias: D numbers, not 2 · D."),
        Mutant("one_key_head", _one_key_head, "Keys and values are counted with one head only."),
        Mutant("no_output", _no_output, "Attention's output matrix, D · D, is missing."),
        Mutant("biases", _biases, "Biases are counted; there are none."),
    ),
)
