"""Operators from pairs of functions: principal components, and what goes between them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, NamedTuple, final, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.operators.choice import ReducedMethod, Settings, choose, fit_map
from pikan.operators.maps import ComponentMap, OperatorMap, ReducedMap
from pikan.operators.neural import NeuralMethod, OperatorArchitecture
from pikan.operators.physics import Physics
from pikan.operators.split import (
    OUTPUTS,
    Array,
    Evolution,
    OperatorError,
    RelativeErrors,
    Split,
    relative,
    relative_errors,
    split,
)
from pikan.operators.training import train

Method = Literal[ReducedMethod, NeuralMethod]
METHODS: tuple[ReducedMethod, ...] = get_args(ReducedMethod)
"""What goes between the components: a matrix, an additive KAN, or a matrix and a kernel."""
STEPS = 2000
"""Steps of training of a neural operator, where nothing else is asked for."""
# Of methods whose errors are so close, or below what the cut of outputs leaves, the simplest is
# taken.
_EQUAL, _NEGLIGIBLE = 1.1, 10 * OUTPUTS
# Axes of the outputs of a Fourier neural operator.
_MOST_AXES = 3


@final
@dataclass(frozen=True)
class OperatorReport:
    """An operator in numbers.

    `held_out` are the mean errors of the methods on pairs that none was fitted to, by which the
    `method` was chosen; `floor` is that of the components of the outputs alone, below which none
    can come. `by_pairs` is the error of the method fitted to fewer pairs, `inputs` and `outputs`
    the numbers of components, or of values where a neural operator was trained, in `steps` steps.
    `symmetries` are those that were taken out, None where no equation is known; `physics` says what
    a DeepONet was trained by, None where that is pairs alone.
    """

    method: Method
    inputs: int
    outputs: int
    held_out: Mapping[str, float]
    floor: float
    train: RelativeErrors
    by_pairs: Mapping[str, float]
    seconds: float
    milliseconds: float
    steps: int | None = None
    symmetries: str | None = None
    physics: Literal["pairs and equations", "equations"] | None = None

    def __str__(self) -> str:
        what = "components" if self.steps is None else "values"
        trained = "" if self.steps is None else f", {self.steps} steps of Adam"
        trained += "" if self.physics is None else f" by {self.physics}"
        taken = f"symmetries of the equation: {self.symmetries}\n" if self.symmetries else ""
        methods = ", ".join(f"{name} {error:.1e}" for name, error in self.held_out.items())
        pairs = ", ".join(f"{count}: {error:.1e}" for count, error in self.by_pairs.items())
        return (
            f"{self.method}, {self.inputs} {what} in, {self.outputs} out{trained}\n{taken}"
            f"held-out error: {methods}; floor of the components {self.floor:.1e}\n"
            f"training error: mean {self.train.mean:.1e}, median {self.train.median:.1e}, "
            f"worst {self.train.worst:.1e} (pair {self.train.worst_pair})\n"
            f"held-out error by pairs: {pairs}\n"
            f"{self.seconds:.2g} s, {self.milliseconds:.2g} ms an answer"
        )


@final
class Correction(NamedTuple):
    """Outputs after some of Newton's steps, and a row of relative residuals for each.

    They are those of the equation or condition that holds worst, as the operator gives it and after
    each step.
    """

    outputs: Array
    residuals: Float[np.ndarray, "n _"]


class Equations(ABC):
    """The equations that the pairs of an operator satisfy."""

    @abstractmethod
    def correct(self, inputs: Array, outputs: Array, steps: int) -> Correction:
        """Newton's steps from some outputs; OperatorError where there are none."""


@final
@dataclass(frozen=True, repr=False)
class Operator:
    """A map from functions to functions, from their values at the places of the pairs.

    `shapes` are those of an input and an output; `equations` are None where it was fitted to
    arrays alone.
    """

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    map: OperatorMap
    report: OperatorReport
    equations: Equations | None = None

    def __call__(self, a: Array) -> Array:
        """The outputs for some inputs, or for one."""
        many, one = self._inputs(a)
        found = self.map(torch.from_numpy(many.reshape(len(many), -1))).numpy()
        shaped = found.reshape(len(many), *self.shapes[1])
        return shaped[0] if one else shaped

    def correct(self, a: Array, steps: int = 1) -> Correction:
        """Newton's method on the equations from the outputs for some inputs, or for one.

        A step about squares a small error. OperatorError where the equations are not known.

        Source: Deuflhard 2004, Newton Methods for Nonlinear Problems, theorem 2.1.
        """
        if self.equations is None:
            raise OperatorError(
                "this operator knows no equations: it was fitted to arrays; state them in a file "
                "with a law of the input, and take pikan.learn"
            )
        if steps < 1:
            raise OperatorError(f"steps: got {steps}, needs at least 1")
        many, one = self._inputs(a)
        found = self.equations.correct(many, self(many), steps)
        return Correction(found.outputs[0], found.residuals) if one else found

    def __repr__(self) -> str:
        shapes = " to ".join(str(list(one)) for one in self.shapes)
        test = self.report.held_out.get(self.report.method)
        error = "" if test is None else f", held-out relative L2 {test:.1e}"
        return f"Operator({self.report.method}, {shapes}{error})"

    def _inputs(self, a: Array) -> tuple[Array, bool]:
        """Some inputs, or one, as some, and whether it was one."""
        given = np.asarray(a, dtype=np.float64)
        one = given.shape == self.shapes[0]
        many = given[None] if one else given
        if many.shape[1:] != self.shapes[0]:
            needs = ", ".join(map(str, self.shapes[0]))
            raise OperatorError(f"got inputs of shape {given.shape}, needs (n, {needs})")
        return many, one

    def test(self, a: Array, u: Array) -> RelativeErrors:
        """The relative L2 errors on other pairs."""
        return relative_errors(self(a), np.asarray(u, dtype=np.float64))


def fit(
    a: Array,
    u: Array,
    *,
    method: Method | None = None,
    seed: int = 0,
    steps: int = STEPS,
    axes: Sequence[int] | None = None,
    evolution: Evolution | None = None,
    physics: Physics | None = None,
) -> Operator:
    """The operator that takes each a to its u, arrays of values with pairs along the first axis.

    Principal components of both sides, and between them a matrix, an additive KAN, or a matrix and
    a kernel, with all settings and the method itself chosen by the error on a tenth of the pairs.
    The methods deeponet, deepokan, fno and fno_kan, a neural operator trained in so many `steps`
    on the other pairs, are only taken where one is asked for. `axes` are those of an output along
    which an input is a function, for Fourier neural operators; the first ones where left out.
    With an `evolution` the symmetries of its equation are taken out of the pairs first. The
    equations of `physics` are what a DeepONet is trained by besides, or alone.
    OperatorError where the arrays do not go together.

    Source: Batlle, Darcy, Hosseini and Owhadi 2024, doi 10.1016/j.jcp.2023.112549.
    """
    began = perf_counter()
    pairs = split(a, u, seed, evolution)
    shapes = np.asarray(a).shape[1:], np.asarray(u).shape[1:]
    match method:
        case "deeponet" | "deepokan" | "fno" | "fno_kan":
            made = _architecture(method, shapes, axes)
            found = _fit_neural(pairs, made, steps, seed, physics)
        case _:
            found = _fit_reduced(pairs, METHODS if method is None else (method,))
    seconds = perf_counter() - began
    began = perf_counter()
    found.map(pairs.inputs[:1])
    milliseconds = 1e3 * (perf_counter() - began)
    report = OperatorReport(
        method=found.method,
        inputs=found.sizes[0],
        outputs=found.sizes[1],
        held_out=found.held_out,
        floor=pairs.floor(),
        train=relative(found.map(pairs.inputs), pairs.outputs),
        by_pairs=found.by_pairs,
        seconds=seconds,
        milliseconds=milliseconds,
        steps=found.steps,
        symmetries=None if pairs.frame is None else str(pairs.frame.symmetries),
        physics=_trained_by(physics),
    )
    return Operator(shapes, found.map, report)


def _trained_by(
    physics: Physics | None,
) -> Literal["pairs and equations", "equations"] | None:
    if physics is None:
        return None
    return "equations" if physics.alone else "pairs and equations"


@final
class _Fitted(NamedTuple):
    """A map, and what the report says of it."""

    method: Method
    map: OperatorMap
    held_out: Mapping[str, float]
    by_pairs: Mapping[str, float]
    sizes: tuple[int, int]
    steps: int | None


def _fit_reduced(pairs: Split, methods: Sequence[ReducedMethod]) -> _Fitted:
    """The best of some methods between components, fitted to all pairs."""
    entering, leaving = pairs.components
    train = pairs.with_images(pairs.train)
    x, y = entering.of(pairs.inside[0]), leaving.of(pairs.inside[1])
    choices: dict[ReducedMethod, tuple[ComponentMap, Settings]] = {
        one: choose(one, x, y, train, pairs.held) for one in methods
    }
    errors: dict[ReducedMethod, float] = {
        one: pairs.held_out_error(ReducedMap(pairs.components, made))
        for one, (made, _) in choices.items()
    }
    # Methods are listed with the simplest first, which wins among equals.
    level = max(_EQUAL * min(errors.values()), _NEGLIGIBLE)
    chosen: ReducedMethod = next(one for one, error in errors.items() if error <= level)

    def fit_to(some: Tensor) -> ReducedMap:
        rows = pairs.with_images(some)
        between = fit_map(chosen, choices[chosen][1], x[rows], y[rows])
        return ReducedMap(pairs.components, between)

    count = len(pairs.train)
    by_pairs = {
        str(few): pairs.held_out_error(fit_to(pairs.train[:few]))
        for few in sorted({count // 4, count // 2} - {0})
    }
    by_pairs[str(count)] = errors[chosen]
    sizes = x.shape[1], y.shape[1]
    return _Fitted(
        chosen,
        pairs.whole(fit_to(torch.arange(len(pairs.inputs)))),
        {str(one): error for one, error in errors.items()},
        by_pairs,
        sizes,
        None,
    )


def _architecture(
    method: NeuralMethod,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    axes: Sequence[int] | None,
) -> OperatorArchitecture:
    """The neural operator between functions of these shapes; OperatorError where there is none."""
    entering, leaving = shapes
    along = tuple(range(len(entering)) if axes is None else sorted(axes))
    if method in ("fno", "fno_kan"):
        if len(leaving) > _MOST_AXES:
            raise OperatorError(
                f"got outputs of {len(leaving)} axes, and {method} needs {_MOST_AXES} or fewer; "
                "take deeponet or leave method out"
            )
        if len(along) != len(entering) or not set(along) <= set(range(len(leaving))):
            raise OperatorError(
                f"got inputs of {len(entering)} axes and axes {list(along)}, and {method} needs "
                f"for each of them one of the {len(leaving)} axes of an output"
            )
    return OperatorArchitecture(method, entering, leaving, along)


def _fit_neural(
    pairs: Split, made: OperatorArchitecture, steps: int, seed: int, physics: Physics | None
) -> _Fitted:
    """A neural operator, which is trained once, and the linear baseline beside it."""
    linear = _fit_reduced(pairs, ("linear",))
    some = pairs.with_images(pairs.train)
    trained = train(made, pairs.inside[0][some], pairs.inside[1][some], steps, seed, physics)
    error = pairs.held_out_error(trained)
    sizes = pairs.inputs.shape[1], pairs.outputs.shape[1]
    errors = {**linear.held_out, str(made.kind): error}
    return _Fitted(
        made.kind, pairs.whole(trained), errors, {str(len(pairs.train)): error}, sizes, steps
    )
