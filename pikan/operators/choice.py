"""Settings of what goes between components, chosen by the error on held-out pairs."""

from collections.abc import Sequence
from math import inf
from typing import Literal

from torch import Tensor

from pikan.operators.maps import ComponentMap, Matrix, additive_kan, kernel_map, linear_map

ReducedMethod = Literal["linear", "kan", "kernel"]
# How many inputs a method sees, degrees of the edges of a KAN, ridges relative to the largest
# squared singular value.
_COUNTS, _DEGREES = (4, 8, 16, 32, 64, 128, 256), (3.0, 6.0)
_RIDGES = tuple(10.0**-k for k in range(16, 2, -2))
# Inputs are divided by powers of their standard deviation; lengths are in parts of the median
# distance; so many pairs choose among them.
_POWERS, _LENGTHS, _CHOOSING = (0.0, 0.5, 1.0), (1.0, 4.0, 16.0, 64.0), 300
_NUGGETS = (1e-14, 1e-11, 1e-8, 1e-4)

Settings = tuple[float, ...]


def choose(
    method: ReducedMethod, x: Matrix, y: Matrix, train: Tensor, held: Tensor
) -> tuple[ComponentMap, Settings]:
    """The settings of a method that are best on held-out pairs, and what it is with these."""
    some = train[:_CHOOSING] if method == "kernel" else train
    best, settings = inf, _candidates(method, x)[0]
    for one in _candidates(method, x):
        made = fit_map(method, one, x[some], y[some])
        error = float((made(x[held]) - y[held]).norm())
        if error < best:
            best, settings = error, one
    return fit_map(method, settings, x[train], y[train]), settings


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


def fit_map(method: ReducedMethod, settings: Settings, x: Matrix, y: Matrix) -> ComponentMap:
    """A method with its settings, fitted to pairs of components."""
    match method:
        case "linear":
            return linear_map(x, y, int(settings[0]), settings[1])
        case "kan":
            return additive_kan(x, y, int(settings[0]), int(settings[1]), settings[2])
        case "kernel":
            return kernel_map(x, y, settings[0] > 0, *settings[1:])
