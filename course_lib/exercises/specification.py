"""What an exercise is: its words, its cases, its reference solution and its known mistakes."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from course_lib.exercises.calling import GRADIENTS, call_function, call_object
from course_lib.exercises.comparison import Close, Comparator
from course_lib.exercises.values import clone, detached, ensure_plain, requires_grad

Level = Literal["core", "stretch"]
Kind = Literal["function", "class"]
MINIMUM_MUTANTS = 5
MINIMUM_HINTS = 3


@dataclass(frozen=True)
class Parameter:
    """One parameter of the learner's function.

    ``meaning`` says type, shape and sense, as in ``"float tensor [T K], one query a row"``;
    ``default`` is source text, as in ``"None"``.
    """

    name: str
    meaning: str
    default: str | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name must be a Python identifier, got {self.name!r}")


@dataclass(frozen=True)
class Signature:
    """What the learner writes: a one-sentence purpose, parameters in order, and the result."""

    summary: str
    parameters: tuple[Parameter, ...]
    returns: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, in order."""
        return tuple(parameter.name for parameter in self.parameters)


@dataclass(frozen=True, eq=False)
class Case:
    """One set of inputs, plain data only (no pickle is ever needed), with a few words about it."""

    inputs: Mapping[str, Any]
    label: str

    def __post_init__(self) -> None:
        ensure_plain(self.inputs, "inputs")


def with_gradients(case: Case, *names: str) -> Case:
    """Return the case with the gradients for these inputs asked for too.

    The answer is then ``{"result": …, "gradient for x": …}``, see
    :func:`~course_lib.exercises.calling.call_function`.
    """
    for name in names:
        if name not in case.inputs:
            raise ValueError(f"names: the case has no input {name!r}; it has {list(case.inputs)}")
    label = f"{case.label}, with gradients"
    return Case({**case.inputs, GRADIENTS: list(names)}, label)


@dataclass(frozen=True, eq=False)
class Mutant:
    """A plausible wrong solution and what to tell a learner whose answers equal its answers."""

    name: str
    function: Callable[..., Any]
    diagnosis: str

    def __post_init__(self) -> None:
        if not self.diagnosis.strip():
            raise ValueError(f"diagnosis of the mutant {self.name!r} must not be empty")


def graph_mistakes(reference: Callable[..., Any]) -> tuple[Mutant, Mutant]:
    """Return the mutants whose values are right but whose gradients are not: for every exercise
    with cases from :func:`with_gradients`.
    """

    def cut_off(*arguments: Any) -> Any:
        return detached(reference(*arguments))

    def not_differentiable(*arguments: Any) -> Any:
        answer = reference(*arguments)
        if requires_grad(answer):
            raise RuntimeError("as PyTorch raises it, on the way forward or back")
        return answer

    return (
        Mutant(
            "cut_off",
            cut_off,
            "The values are right, but the result is cut off from the graph, so nothing before it "
            "can learn. `.detach()`, `.item()`, `torch.tensor(...)`, `torch.no_grad()` and NumPy "
            "do that.",
        ),
        Mutant(
            "not_differentiable",
            not_differentiable,
            "The values are right, but PyTorch cannot differentiate the way to them. Use its own "
            "functions in place of NumPy's, and make new tensors instead of changing one in place.",
        ),
    )


@dataclass(frozen=True, eq=False)
class Exercise:
    """One graded exercise.

    The parts that must stay apart are apart: ``Case.inputs`` and :meth:`run` may enter a sandbox;
    ``reference``, ``comparator`` and ``mutants`` never do. ``public_cases`` and ``hidden_cases``
    take a seed; ``check`` uses the public ones, grading a class the hidden ones too. ``forbidden``
    names what a solution may not call: families of calls such as ``"softmax"``, and modules such as
    ``"course_lib.layers"``.
    """

    id: str
    title: str
    statement: str
    signature: Signature
    level: Level
    points: int
    minutes: int
    example: Case
    reference: Callable[..., Any]
    public_cases: Callable[[int], list[Case]]
    hidden_cases: Callable[[int], list[Case]]
    hints: tuple[str, ...]
    explanation: str
    mutants: tuple[Mutant, ...]
    comparator: Comparator = field(default_factory=Close)
    kind: Kind = "function"
    stub_body: str = "..."
    seconds_per_case: float = 5.0
    forbidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*", self.id):
            raise ValueError(f"id must look like 'chapter.name', got {self.id!r}")
        if self.level not in ("core", "stretch"):
            raise ValueError(f"level of {self.id} must be 'core' or 'stretch', got {self.level!r}")
        for name in ("points", "minutes", "seconds_per_case"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} of {self.id} must be > 0, got {getattr(self, name)}")
        if len(self.hints) < MINIMUM_HINTS:
            raise ValueError(f"hints of {self.id}: at least {MINIMUM_HINTS}, got {len(self.hints)}")
        for entry in self.forbidden:
            if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", entry):
                raise ValueError(
                    f"forbidden of {self.id} must hold families such as 'softmax' and modules such "
                    f"as 'course_lib.layers', got {entry!r}"
                )
        names = [mutant.name for mutant in self.mutants]
        if len(set(names)) < max(MINIMUM_MUTANTS, len(names)):
            raise ValueError(
                f"mutants of {self.id}: at least {MINIMUM_MUTANTS} with different names, "
                f"got {len(set(names))} of {len(names)}"
            )
        if self.reference.__name__ != self.name:
            raise ValueError(
                f"reference of {self.id} must be called {self.name!r}, so that the solution fits "
                f"the stub; got {self.reference.__name__!r}"
            )
        if self.kind == "function":
            parameters = tuple(inspect.signature(self.reference).parameters)
            if parameters != self.signature.names:
                raise ValueError(
                    f"signature of {self.id} names {self.signature.names}, "
                    f"its reference takes {parameters}; make them equal"
                )

    @property
    def chapter(self) -> str:
        """The chapter's name: the first part of the id."""
        return self.id.split(".")[0]

    @property
    def name(self) -> str:
        """The name of the function or class to write: the second part of the id."""
        return self.id.split(".")[1]

    def run(self, candidate: Callable[..., Any], inputs: Mapping[str, Any]) -> Any:
        """Call the candidate on a copy of the inputs, so that edits in place do no harm."""
        fresh = clone(inputs)
        if self.kind == "class":
            return call_object(candidate, fresh)
        return call_function(candidate, self.signature.names, fresh)

    def expected(self, case: Case) -> Any:
        """Return the reference solution's answer to a case."""
        return self.run(self.reference, case.inputs)
