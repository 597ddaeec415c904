"""Calling a function and differentiating through it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from course_lib.exercises import Case, Close, get_exercise, graph_mistakes, with_gradients
from course_lib.exercises.calling import GRADIENTS, call_function
from course_lib.exercises.values import ensure_plain

X = torch.tensor([1.0, 2.0, 3.0])
# The weights of three entries, from the documented range.
WEIGHTS = torch.tensor([-1.25, 0.5, -0.5])


def call(function, **inputs):
    return call_function(function, [name for name in inputs if name != GRADIENTS], inputs)


def gradient(function, x: Tensor = X) -> Tensor:
    return call(function, x=x, gradients_for=["x"])["gradient for x"]


def test_result_and_gradient():
    answer = call(lambda x: x**2, x=X, gradients_for=["x"])
    assert list(answer) == ["result", "gradient for x"]
    torch.testing.assert_close(answer["result"], X**2)
    torch.testing.assert_close(answer["gradient for x"], 2 * X * WEIGHTS)
    assert X.grad is None
    assert not X.requires_grad


@pytest.mark.filterwarnings("ignore:Converting a tensor")  # as PyTorch warns about `float`
@pytest.mark.parametrize(
    "cut",
    [
        lambda x: x.detach() * 2,
        lambda x: x.sum().item(),
        lambda x: [float(entry) for entry in x],
        lambda x: x.detach().numpy() * 2,
        lambda x: torch.tensor(x.tolist()),
        torch.no_grad()(lambda x: x * 2),
        torch.inference_mode()(lambda x: x * 2),
        lambda x: torch.ones(3, requires_grad=True) * 3,
        lambda x: "text",
    ],
)
def test_a_result_that_is_cut_off_has_a_gradient_of_zeros(cut):
    torch.testing.assert_close(gradient(cut), torch.zeros(3))


def test_a_caller_without_gradients_changes_nothing():
    with torch.no_grad():
        torch.testing.assert_close(gradient(lambda x: 3 * x), 3 * WEIGHTS)
    with torch.inference_mode():
        torch.testing.assert_close(gradient(lambda x: 3 * x, X.clone()).clone(), 3 * WEIGHTS)


def test_what_is_missing_stays_missing():
    assert call(lambda x: None, x=X, gradients_for=["x"]) is None
    assert call(lambda x: ..., x=X, gradients_for=["x"]) is ...


def test_inputs_may_be_changed_in_place():
    def doubled(x):
        x *= 2
        return x

    torch.testing.assert_close(gradient(doubled), 2 * WEIGHTS)
    with pytest.raises(RuntimeError, match="inplace"):
        gradient(lambda x: x.exp().mul_(2).exp().add_(1).exp_().exp().mul_(0))


def test_answers_in_16_bits_keep_the_gradient():
    torch.testing.assert_close(gradient(lambda x: (x**2).half()), 2 * X * WEIGHTS)


def test_nested_inputs_and_several_results():
    weights = {"a": torch.ones(2), "blocks": [{"b": torch.ones(2), "ids": torch.tensor([1, 2])}]}
    answer = call(
        lambda w, n: (n * w["a"], [w["blocks"][0]["b"] * w["blocks"][0]["ids"]]),
        w=weights,
        n=3,
        gradients_for=["w"],
    )
    found = answer["gradient for w"]
    pair = torch.tensor([-1.25, 0.5])
    torch.testing.assert_close(found["a"], 3 * pair)
    torch.testing.assert_close(found["blocks"][0]["b"], pair * torch.tensor([1.0, 2.0]))
    ensure_plain(answer, "answer")


def test_layout_and_default_arguments_are_kept():
    def strides(x, y=None, z=5):
        assert y is None
        return torch.tensor([*x.stride(), z])

    x = torch.ones(2, 3).T
    answer = call_function(strides, ["x", "y", "z"], {"x": x, "z": 7, GRADIENTS: ["x"]})
    assert answer["result"].tolist() == [1, 3, 7]


def test_gradients_in_words():
    expected = {"result": X, "gradient for x": 100 * X}
    close = Close()
    assert close.difference({"result": X, "gradient for x": 100 * X + 1e-3}, expected) is None
    words = close.difference({"result": X, "gradient for x": 101 * X}, expected)
    assert words is not None
    assert words.startswith("gradient for x: at [0]: got 101, expected 100")
    words = close.difference({"result": X, "gradient for x": 0 * X}, expected)
    assert words == (
        "gradient for x: all zeros: the result does not depend on it or is cut off from the graph"
    )
    words = close.difference({"result": X + 1, "gradient for x": 100 * X}, expected)
    assert words is not None
    assert words.startswith("result: at [0]")
    nested = {"result": X, "gradient for w": {"a": [X]}}
    words = close.difference({"result": X, "gradient for w": {"a": [0 * X]}}, nested)
    assert words is not None
    assert words.startswith("gradient for w, key 'a', item 0: all zeros")
    assert close.difference(None, expected) is not None
    assert (
        close.difference(
            {"result": X, "gradient for x": 0 * X}, {**expected, "gradient for x": 0 * X}
        )
        is None
    )


def test_a_case_with_gradients():
    case = with_gradients(Case({"x": X}, "three numbers"), "x")
    assert case.inputs[GRADIENTS] == ["x"]
    assert case.label == "three numbers, with gradients"
    with pytest.raises(ValueError, match=r"no input 'y'; it has \['x'\]"):
        with_gradients(Case({"x": X}, "label"), "y")


def test_mistakes_with_the_graph():
    cut_off, not_differentiable = graph_mistakes(lambda x, n: (x * n, x + n))
    assert not any(item.requires_grad for item in cut_off.function(X.requires_grad_(), 2))
    plain = X.detach()
    torch.testing.assert_close(not_differentiable.function(plain, 2)[0], 2 * plain)
    with pytest.raises(RuntimeError):
        not_differentiable.function(plain.clone().requires_grad_(), 2)
    X.requires_grad_(False)


def test_a_list_of_tensors_is_compared_one_by_one():
    expected = [torch.zeros(2, 3), torch.ones(2, 3)]
    assert Close().difference(torch.stack(expected), expected) is None
    assert Close().difference(np.stack(expected), expected) is None
    words = Close().difference([torch.zeros(2, 3), torch.zeros(2, 3)], expected)
    assert words == "item 1: at [0, 0]: got 0, expected 1, off by 1; 6 of 6 entries differ"


def test_forbidden_names_are_checked():
    base = get_exercise("attention.softmax")
    with pytest.raises(ValueError, match="must hold families such as 'softmax'"):
        replace(base, forbidden=("torch softmax",))
