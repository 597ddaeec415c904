"""Exercise: memory to fine-tune a model of which a part is frozen."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}


def memory_gb(n_frozen: int, n_trained: int, frozen_dtype: str) -> float:
    """Return the memory for weights, gradients and Adam's state, in GB."""
    bytes_per_number = {"float32": 4, "bfloat16": 2, "int8": 1}
    return (n_frozen * bytes_per_number[frozen_dtype] + n_trained * 16) / 1e9


def _no_adam(frozen: int, trained: int, dtype: str) -> float:
    return (frozen * _BYTES[dtype] + trained * 8) / 1e9


def _one_mean(frozen: int, trained: int, dtype: str) -> float:
    return (frozen * _BYTES[dtype] + trained * 12) / 1e9


def _weights_only(frozen: int, trained: int, dtype: str) -> float:
    return (frozen * _BYTES[dtype] + trained * 4) / 1e9


def _all_trained(frozen: int, trained: int, dtype: str) -> float:
    del dtype
    return (frozen + trained) * 16 / 1e9


def _frozen_in_float32(frozen: int, trained: int, dtype: str) -> float:
    del dtype
    return (frozen * 4 + trained * 16) / 1e9


def _powers_of_two(frozen: int, trained: int, dtype: str) -> float:
    return (frozen * _BYTES[dtype] + trained * 16) / 2**30


def _bits(frozen: int, trained: int, dtype: str) -> float:
    return 8 * memory_gb(frozen, trained, dtype)


def _in_megabytes(frozen: int, trained: int, dtype: str) -> float:
    return 1000 * memory_gb(frozen, trained, dtype)


def _trained_in_dtype(frozen: int, trained: int, dtype: str) -> float:
    return (frozen + 4 * trained) * _BYTES[dtype] / 1e9


def _frozen_forgotten(frozen: int, trained: int, dtype: str) -> float:
    del frozen, dtype
    return trained * 16 / 1e9


def _case(frozen: int, trained: int, dtype: str, label: str) -> Case:
    inputs = {"n_frozen": frozen, "n_trained": trained, "frozen_dtype": dtype}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    frozen, trained = draw.randint(10**8, 10**11), draw.randint(10**7, 10**10)
    return _case(frozen, trained, draw.choice(list(_BYTES)), "random")


def _public(seed: int) -> list[Case]:
    return [
        _case(0, 124_439_808, "float32", "GPT-2 small, all of it trained"),
        _case(174_604_259_328, 18_000_000, "bfloat16", "GPT-3 with a small trained addition"),
        _case(6_700_000_000, 40_000_000, "int8", "frozen weights in 8 bits"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    only_run = _case(1_557_611_200, 0, "bfloat16", "nothing is trained")
    return [only_run, *(_random_case(draw) for _ in range(5))]


EXERCISE = Exercise(
    id="what_is_an_llm.memory_gb",
    title="Does the training fit?",
    statement="""
A model is trained with Adam, but only a part of it: `n_frozen` parameters stay as they are. How
much memory do parameters take, in GB of 10⁹ bytes?

A frozen parameter needs its value only, stored as `frozen_dtype`. A trained one needs four numbers
in float32: its value, its gradient, and Adam's two running means. Activations are left out.
""",
    signature=Signature(
        summary="Return the memory for weights, gradients and Adam's state, in GB.",
        parameters=(
            Parameter("n_frozen", "int, parameters that training does not change; may be 0"),
            Parameter("n_trained", "int, parameters that it changes; may be 0"),
            Parameter("frozen_dtype", '"float32", "bfloat16" or "int8", of the frozen ones'),
        ),
        returns="float, GB",
    ),
    forbidden=("course_lib.models",),
    level="core",
    points=3,
    minutes=6,
    example=_case(1_000_000_000, 100_000_000, "bfloat16", "example"),
    reference=memory_gb,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Count bytes for one frozen parameter and for one trained parameter; then multiply.",
        "float32 has 32 bits, which is 4 bytes; bfloat16 has 2 and int8 has 1.",
        "A trained parameter takes 4 · 4 = 16 bytes. The example: 2 · 10⁹ + 16 · 10⁸ = 3.6 · 10⁹ "
        "bytes, 3.6 GB.",
    ),
    explanation="Training all of GPT-3 takes 2.8 TB; with its weights frozen in 16 bits and a few "
    "million trained ones beside them it takes 350 GB. That difference is why most fine-tuning "
    "today trains a small addition.",
    mutants=(
        Mutant("no_adam", _no_adam, "Adam's two running means are missing: 8 bytes each trained."),
        Mutant("one_mean", _one_mean, "Adam keeps two running means, not one."),
        Mutant(
            "weights_only",
            _weights_only,
            "Only the values of the trained parameters are counted; gradients and Adam's means "
            "come on top.",
        ),
        Mutant(
            "all_trained",
            _all_trained,
            "Frozen parameters have neither a gradient nor Adam's means.",
        ),
        Mutant(
            "frozen_in_float32",
            _frozen_in_float32,
            "Frozen parameters are stored as `frozen_dtype`, not always in float32.",
        ),
        Mutant(
            "powers_of_two",
            _powers_of_two,
            "That is GiB, of 2³⁰ bytes; a GB here is 10⁹ bytes.",
        ),
        Mutant("bits", _bits, "Bits are counted in place of bytes: the answer is 8 times too big."),
        Mutant("in_megabytes", _in_megabytes, "That is in MB; a GB is 10⁹ bytes."),
        Mutant(
            "trained_in_dtype",
            _trained_in_dtype,
            "The four numbers of a trained parameter are in float32, whatever `frozen_dtype` is.",
        ),
        Mutant(
            "frozen_forgotten",
            _frozen_forgotten,
            "Frozen parameters take memory too: their values are needed to compute anything.",
        ),
    ),
)
