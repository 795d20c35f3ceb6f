"""Pairs to fit an operator to and to hold out, in frames where an equation has symmetries."""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.operators.frames import Frame, FramedMap
from pikan.operators.maps import Components, Matrix, OperatorMap, components
from pikan.problem.symmetries import symmetries

Array = Float[np.ndarray, "..."]
# Components below these parts of the first are left out: of inputs what is rounding, of outputs
# what no digit needs.
_INPUTS, OUTPUTS = 1e-12, 1e-9
# Least pairs, and one of so many that is held out to choose by.
_LEAST, _HELD_OUT = 10, 10


@final
@dataclass(frozen=True)
class Evolution:
    """Pairs of states of u(x, t): at t = 0, and a `time` later.

    They are given on equally spaced points of one `period` in x, the last of them not repeated.
    `equation` is such as `u_t + u*u_x = 0.01*u_xx`.
    """

    equation: str
    period: float = 1.0
    time: float = 1.0


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


def relative_errors(found: Array, truth: Array) -> RelativeErrors:
    """The relative L2 errors of functions, pairs along the first axis of both."""
    return relative(_rows(found), _rows(truth))


@final
class Split(NamedTuple):
    """Pairs, the numbers of those to fit and of those held out, and components of the first.

    `inside` are all pairs in their `frame`, the same where there is none, and after them their
    mirror images where these are pairs too.
    """

    inputs: Matrix
    outputs: Matrix
    train: Tensor
    held: Tensor
    components: tuple[Components, Components]
    frame: Frame | None
    inside: tuple[Matrix, Matrix]

    def with_images(self, some: Tensor) -> Tensor:
        """The numbers of some pairs, and of their images."""
        mirrored = len(self.inside[0]) > len(self.inputs)
        return torch.cat([some, some + len(self.inputs)]) if mirrored else some

    def whole(self, inner: OperatorMap) -> OperatorMap:
        """A map of functions as they are given, from one in their frames."""
        return inner if self.frame is None else FramedMap(self.frame, inner)

    def held_out_error(self, inner: OperatorMap) -> float:
        """The mean relative error of what comes back, not of its components alone."""
        found = self.whole(inner)(self.inputs[self.held])
        return relative(found, self.outputs[self.held]).mean

    def floor(self) -> float:
        """The mean relative error of held-out outputs cut to the components."""
        leaving, inside = self.components[1], self.inside[1][self.held]
        found = leaving.back(leaving.of(inside))
        if self.frame is not None:
            found = self.frame.back(found, self.frame.moves(self.inputs[self.held]))
        return relative(found, self.outputs[self.held]).mean


def split(a: Array, u: Array, seed: int, evolution: Evolution | None) -> Split:
    """A tenth of the pairs is held out; OperatorError where arrays are no pairs."""
    inputs, outputs = _check_pairs(a, u)
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    held, train = order[: len(order) // _HELD_OUT], order[len(order) // _HELD_OUT :]
    frame, inside = None, (inputs, outputs)
    if evolution is not None:
        frame = _frame(evolution, np.asarray(a), np.asarray(u))
        moves = frame.moves(inputs)
        inside = frame.enter(inputs, moves), frame.follow(outputs, moves)
        if frame.symmetries.mirror:
            images, later = map(frame.images, inside)
            moves = frame.moves(images)
            beside = frame.enter(images, moves), frame.follow(later, moves)
            inside = torch.cat([inside[0], beside[0]]), torch.cat([inside[1], beside[1]])
    mirrored = len(inside[0]) > len(inputs)
    some = torch.cat([train, train + len(inputs)]) if mirrored else train
    both = components(inside[0][some], _INPUTS), components(inside[1][some], OUTPUTS)
    return Split(inputs, outputs, train, held, both, frame, inside)


def _frame(evolution: Evolution, a: Array, u: Array) -> Frame:
    """The frame of an evolution; OperatorError where its pairs are no periodic states of it."""
    if a.ndim != 2 or u.ndim != 2:
        raise OperatorError(
            f"got inputs of {a.ndim - 1} axes and outputs of {u.ndim - 1}, and an evolution takes "
            "the states on a line at two moments, with one axis each"
        )
    if evolution.period <= 0 or evolution.time <= 0:
        raise OperatorError(
            f"got period {evolution.period:g} and time {evolution.time:g}, needs positive numbers"
        )
    try:
        found = symmetries(evolution.equation)
    except ValueError as error:
        raise OperatorError(f"evolution: {error}") from None
    return Frame(found, (found.speed or 0.0) * evolution.time / evolution.period)


def _check_pairs(a: Array, u: Array) -> tuple[Matrix, Matrix]:
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


def relative(found: Matrix, truth: Matrix) -> RelativeErrors:
    """The relative L2 errors of functions, a row each."""
    sizes = truth.norm(dim=1)
    errors = (found - truth).norm(dim=1) / torch.where(sizes > 0, sizes, 1.0)
    worst = int(errors.argmax())
    return RelativeErrors(
        float(errors.mean()), float(errors.median()), float(errors[worst]), worst, len(errors)
    )
