"""Operators from pairs of functions: principal components, and what goes between them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import Literal, NamedTuple, final, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import svd
from pikan.neural_operators import NeuralMethod, OperatorArchitecture
from pikan.operator_maps import (
    ComponentMap,
    Matrix,
    OperatorMap,
    additive_kan,
    kernel_map,
    linear_map,
)
from pikan.operator_training import train

Array = Float[np.ndarray, "..."]
ReducedMethod = Literal["linear", "kan", "kernel"]
Method = Literal[ReducedMethod, NeuralMethod]
METHODS: tuple[ReducedMethod, ...] = get_args(ReducedMethod)
"""What goes between the components: a matrix, an additive KAN, or a matrix and a kernel."""
STEPS = 2000
"""Steps of training of a neural operator, where nothing else is asked for."""
# Components below these parts of the first are left out: of inputs what is rounding, of outputs
# what no digit needs.
_INPUTS, _OUTPUTS = 1e-12, 1e-9
# Least pairs, and one of so many that is held out to choose by.
_LEAST, _HELD_OUT = 10, 10
# Of methods whose errors are so close, or below what the cut of outputs leaves, the simplest is
# taken.
_EQUAL, _NEGLIGIBLE = 1.1, 10 * _OUTPUTS
# How many inputs a method sees, degrees of the edges of a KAN, ridges relative to the largest
# squared singular value.
_COUNTS, _DEGREES = (4, 8, 16, 32, 64, 128, 256), (3.0, 6.0)
_RIDGES = tuple(10.0**-k for k in range(16, 2, -2))
# Inputs are divided by powers of their standard deviation; lengths are in parts of the median
# distance; so many pairs choose among them.
_POWERS, _LENGTHS, _CHOOSING = (0.0, 0.5, 1.0), (1.0, 4.0, 16.0, 64.0), 300
_NUGGETS = (1e-14, 1e-11, 1e-8, 1e-4)
# Axes of the outputs of a Fourier neural operator.
_MOST_AXES = 3


@final
class OperatorError(ValueError):
    """Arrays that are no pairs of functions."""


@final
@dataclass(frozen=True)
class RelativeErrors:
    """Relative L2 errors over pairs."""

    mean: float
    median: float
    worst: float
    worst_pair: int
    pairs: int


@final
@dataclass(frozen=True)
class OperatorReport:
    """An operator in numbers.

    `held_out` are the mean errors of the methods on pairs that none was fitted to, by which the
    `method` was chosen; `floor` is that of the components of the outputs alone, below which none
    can come. `by_pairs` is the error of the method fitted to fewer pairs, `inputs` and `outputs`
    the numbers of components, or of values where a neural operator was trained, in `steps` steps.
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

    def __str__(self) -> str:
        what = "components" if self.steps is None else "values"
        trained = "" if self.steps is None else f", {self.steps} steps of Adam"
        methods = ", ".join(f"{name} {error:.1e}" for name, error in self.held_out.items())
        pairs = ", ".join(f"{count}: {error:.1e}" for count, error in self.by_pairs.items())
        return (
            f"{self.method}, {self.inputs} {what} in, {self.outputs} out{trained}\n"
            f"held-out error: {methods}; floor of the components {self.floor:.1e}\n"
            f"training error: mean {self.train.mean:.1e}, median {self.train.median:.1e}, "
            f"worst {self.train.worst:.1e} (pair {self.train.worst_pair})\n"
            f"held-out error by pairs: {pairs}\n"
            f"{self.seconds:.2g} s, {self.milliseconds:.2g} ms an answer"
        )


@final
class Components(NamedTuple):
    """The mean of functions, and orthonormal ones that span the rest."""

    mean: Float[Tensor, " _"]
    functions: Matrix

    def of(self, values: Matrix) -> Matrix:
        """The components of functions."""
        return (values - self.mean) @ self.functions.mT

    def back(self, numbers: Matrix) -> Matrix:
        """The functions with these components."""
        return self.mean + numbers @ self.functions


@final
@dataclass(frozen=True)
class ReducedMap(OperatorMap):
    """The components of inputs, a map to those of outputs, and the outputs with these."""

    components: tuple[Components, Components]
    between: ComponentMap

    def __call__(self, inputs: Matrix) -> Matrix:
        """The outputs for some inputs."""
        entering, leaving = self.components
        return leaving.back(self.between(entering.of(inputs)))


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
@dataclass(frozen=True)
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


def relative_errors(found: Array, truth: Array) -> RelativeErrors:
    """The relative L2 errors of functions, pairs along the first axis of both."""
    return _errors(_rows(found), _rows(truth))


def fit(
    a: Array,
    u: Array,
    *,
    method: Method | None = None,
    seed: int = 0,
    steps: int = STEPS,
    axes: Sequence[int] | None = None,
) -> Operator:
    """The operator that takes each a to its u, arrays of values with pairs along the first axis.

    Principal components of both sides, and between them a matrix, an additive KAN, or a matrix and
    a kernel, with all settings and the method itself chosen by the error on a tenth of the pairs.
    The methods deeponet, deepokan, fno and fno_kan, a neural operator trained in so many `steps`
    on the other pairs, are only taken where one is asked for. `axes` are those of an output along
    which an input is a function, for Fourier neural operators; the first ones where left out.
    OperatorError where the arrays do not go together.

    Source: Batlle, Darcy, Hosseini and Owhadi 2024, doi 10.1016/j.jcp.2023.112549.
    """
    began = perf_counter()
    pairs = _split(a, u, seed)
    shapes = np.asarray(a).shape[1:], np.asarray(u).shape[1:]
    match method:
        case "deeponet" | "deepokan" | "fno" | "fno_kan":
            made = _architecture(method, shapes, axes)
            found = _fit_neural(pairs, made, steps, seed)
        case _:
            found = _fit_reduced(pairs, METHODS if method is None else (method,))
    seconds = perf_counter() - began
    began = perf_counter()
    found.map(pairs.inputs[:1])
    milliseconds = 1e3 * (perf_counter() - began)
    leaving, held = pairs.components[1], pairs.outputs[pairs.held]
    report = OperatorReport(
        method=found.method,
        inputs=found.sizes[0],
        outputs=found.sizes[1],
        held_out=found.held_out,
        floor=_errors(leaving.back(leaving.of(held)), held).mean,
        train=_errors(found.map(pairs.inputs), pairs.outputs),
        by_pairs=found.by_pairs,
        seconds=seconds,
        milliseconds=milliseconds,
        steps=found.steps,
    )
    return Operator(shapes, found.map, report)


@final
class _Split(NamedTuple):
    """Pairs, the numbers of those to fit and of those held out, and components of the first."""

    inputs: Matrix
    outputs: Matrix
    train: Tensor
    held: Tensor
    components: tuple[Components, Components]

    def held_out_error(self, made: OperatorMap) -> float:
        """The mean relative error of what comes back, not of its components alone."""
        return _errors(made(self.inputs[self.held]), self.outputs[self.held]).mean


@final
class _Fitted(NamedTuple):
    """A map, and what the report says of it."""

    method: Method
    map: OperatorMap
    held_out: Mapping[str, float]
    by_pairs: Mapping[str, float]
    sizes: tuple[int, int]
    steps: int | None


def _split(a: Array, u: Array, seed: int) -> _Split:
    inputs, outputs = _pairs(a, u)
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    held, train = order[: len(order) // _HELD_OUT], order[len(order) // _HELD_OUT :]
    components = _components(inputs, train, _INPUTS), _components(outputs, train, _OUTPUTS)
    return _Split(inputs, outputs, train, held, components)


def _fit_reduced(pairs: _Split, methods: Sequence[ReducedMethod]) -> _Fitted:
    """The best of some methods between components, fitted to all pairs."""
    train, (entering, leaving) = pairs.train, pairs.components
    x, y = entering.of(pairs.inputs), leaving.of(pairs.outputs)
    choices: dict[ReducedMethod, tuple[ComponentMap, Settings]] = {
        one: _choice(one, x, y, train, pairs.held) for one in methods
    }
    errors: dict[ReducedMethod, float] = {
        one: pairs.held_out_error(ReducedMap(pairs.components, made))
        for one, (made, _) in choices.items()
    }
    # Methods are listed with the simplest first, which wins among equals.
    level = max(_EQUAL * min(errors.values()), _NEGLIGIBLE)
    chosen: ReducedMethod = next(one for one, error in errors.items() if error <= level)

    def fitted(some: Tensor | slice) -> ReducedMap:
        between = _fit(chosen, choices[chosen][1], x[some], y[some])
        return ReducedMap(pairs.components, between)

    counts = sorted({len(train) // 4, len(train) // 2, len(train)} - {0})
    by_pairs = {str(count): pairs.held_out_error(fitted(train[:count])) for count in counts}
    sizes = x.shape[1], y.shape[1]
    return _Fitted(
        chosen,
        fitted(slice(None)),
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


def _fit_neural(pairs: _Split, made: OperatorArchitecture, steps: int, seed: int) -> _Fitted:
    """A neural operator, which is trained once, and the linear baseline beside it."""
    linear = _fit_reduced(pairs, ("linear",))
    trained = train(made, pairs.inputs[pairs.train], pairs.outputs[pairs.train], steps, seed)
    error = pairs.held_out_error(trained)
    sizes = pairs.inputs.shape[1], pairs.outputs.shape[1]
    errors = {**linear.held_out, str(made.kind): error}
    return _Fitted(made.kind, trained, errors, {str(len(pairs.train)): error}, sizes, steps)


def _pairs(a: Array, u: Array) -> tuple[Matrix, Matrix]:
    given = {"a": np.asarray(a, dtype=np.float64), "u": np.asarray(u, dtype=np.float64)}
    shapes = {name: one.shape for name, one in given.items()}
    if any(len(shape) < 2 for shape in shapes.values()) or shapes["a"][0] != shapes["u"][0]:
        raise OperatorError(
            f"got a of shape {shapes['a']} and u of shape {shapes['u']}, needs the same number of "
            "pairs along the first axis of both, and values along the others"
        )
    if shapes["a"][0] < _LEAST:
        raise OperatorError(f"got {shapes['a'][0]} pairs, needs at least {_LEAST}")
    for name, one in given.items():
        if not np.isfinite(one).all():
            bad = int(np.argwhere(~np.isfinite(one))[0][0])
            raise OperatorError(
                f"{name}: pair {bad} holds a value that is not finite; leave it out"
            )
    return _rows(given["a"]), _rows(given["u"])


def _rows(values: Array) -> Matrix:
    return torch.from_numpy(values.reshape(len(values), -1).copy())


def _components(values: Matrix, train: Tensor, cut: float) -> Components:
    mean = values[train].mean(dim=0)
    _, sizes, functions = svd(values[train] - mean)
    kept = int((sizes > cut * sizes[0]).sum()) if float(sizes[0]) > 0 else 1
    return Components(mean, functions[: max(kept, 1)])


def _errors(found: Matrix, truth: Matrix) -> RelativeErrors:
    sizes = truth.norm(dim=1)
    errors = (found - truth).norm(dim=1) / torch.where(sizes > 0, sizes, 1.0)
    worst = int(errors.argmax())
    return RelativeErrors(
        float(errors.mean()), float(errors.median()), float(errors[worst]), worst, len(errors)
    )


Settings = tuple[float, ...]


def _choice(
    method: ReducedMethod, x: Matrix, y: Matrix, train: Tensor, held: Tensor
) -> tuple[ComponentMap, Settings]:
    """The settings of a method that are best on held-out pairs, and what it is with these."""
    some = train[:_CHOOSING] if method == "kernel" else train
    best, settings = inf, _candidates(method, x)[0]
    for one in _candidates(method, x):
        made = _fit(method, one, x[some], y[some])
        error = float((made(x[held]) - y[held]).norm())
        if error < best:
            best, settings = error, one
    return _fit(method, settings, x[train], y[train]), settings


def _candidates(method: ReducedMethod, x: Matrix) -> Sequence[Settings]:
    counts = sorted({float(min(count, x.shape[1])) for count in _COUNTS})
    match method:
        case "linear":
            return [(count, ridge) for count in [*counts, float(x.shape[1])] for ridge in _RIDGES]
        case "kan":
            few = [count for count in counts if count <= 32]
            return [(c, degree, r) for c in few for degree in _DEGREES for r in _RIDGES[::2]]
        case "kernel":
            lengths = [(k, p, s) for k in (0.0, 1.0) for p in _POWERS for s in _LENGTHS]
            return [(*one, nugget) for one in lengths for nugget in _NUGGETS]


def _fit(method: ReducedMethod, settings: Settings, x: Matrix, y: Matrix) -> ComponentMap:
    """A method with its settings, fitted to pairs of components."""
    match method:
        case "linear":
            return linear_map(x, y, int(settings[0]), settings[1])
        case "kan":
            return additive_kan(x, y, int(settings[0]), int(settings[1]), settings[2])
        case "kernel":
            return kernel_map(x, y, settings[0] > 0, *settings[1:])
