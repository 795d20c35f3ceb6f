"""Finer and finer bases of a joint fit: polynomials first, splines where these do not suffice."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pikan.bases.basis import Basis
from pikan.bases.bspline import BSpline
from pikan.jets.jet import by_index, closure, coordinates
from pikan.network.product import FullProduct
from pikan.problem.statement import Problem
from pikan.residuals.terms import CollocationPoints, used_faces
from pikan.sampling.gauss import gauss_cells
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points
from pikan.solvers.decay import coefficient_decay, tail_size
from pikan.solvers.identification.field_features import spline_axis

# Degrees grow by this factor along every axis whose last coefficients are not far smaller than
# those of another.
_GROWTH, _SMALLER = 1.5, 0.01
# Points beside functions along an axis, by the number of coordinates: least squares needs more.
_POINTS = {1: 1.4, 2: 1.3, 3: 1.2}
# Above this degree along an axis of two, splines take less work than polynomials.
_SPLINES = 24
# Their degree and the collocation points of a cell.
_DEGREE, _PER_CELL = 5, 2
# By how much cells and the degrees beside them grow: layers get sharper as far as cells let them.
_MORE = 1.25
# Points at which curvature is looked at, and the part of the cells that it does not move.
_LOOKS, _EVEN = 1000, 0.3

MakeNetwork = Callable[[tuple[int, ...]], FullProduct]


class FitLevel(NamedTuple):
    """A basis: degrees along the axes; along one of them may be splines on `knots` from -1 to 1."""

    degrees: tuple[int, ...]
    axis: int = 0
    knots: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """The number of functions."""
        sizes = [degree + 1 for degree in self.degrees]
        if self.knots:
            sizes[self.axis] = len(self.knots) - 1 + _DEGREE
        return prod(sizes)

    @property
    def title(self) -> str:
        """What the basis is called while it is in use."""
        names = [str(degree) for degree in self.degrees]
        if self.knots:
            names[self.axis] = f"{len(self.knots) - 1} cells"
        return f"degree {' x '.join(names)}"


def level_network(make: MakeNetwork, level: FitLevel) -> FullProduct:
    """The network of a level, all zero."""
    network = make(level.degrees)
    if not level.knots:
        return network
    bases: list[Basis] = list(network.axes())
    knots = torch.tensor([level.knots]).to(network.coefficients)
    bases[level.axis] = BSpline(knots, _DEGREE)
    lower, upper = network.center - network.scale, network.center + network.scale
    unknowns = network.coefficients.shape[1]
    made = FullProduct(bases, unknowns, lower.tolist(), upper.tolist())
    return made.to(network.coefficients)


def level_nodes(problem: Problem, network: FullProduct) -> tuple[Float[np.ndarray, " _"], ...]:
    """Somewhat more points along every axis than a network has functions."""
    box, share, axis = problem.box, _POINTS.get(problem.box.dimension, 1.2), spline_axis(network)
    found: list[Float[np.ndarray, " _"]] = []
    for k, basis in enumerate(network.axes()):
        low, high = box.lower[k], box.upper[k]
        if k == axis:
            knots = (low + high) / 2 + (high - low) / 2 * basis.knots[0].cpu().numpy()
            found.append(gauss_cells(knots, _PER_CELL))
        else:
            found.append(chebyshev_nodes(low, high, int(share * basis.size) + 1))
    return tuple(found)


def level_points(problem: Problem, network: FullProduct) -> CollocationPoints:
    """Points that match a network, inside and on the faces in use."""
    nodes = level_nodes(problem, network)
    return tensor_points(used_faces(problem), nodes, network.coefficients)


def finer_level(problem: Problem, network: FullProduct, level: FitLevel) -> FitLevel:
    """The basis after one: more along the axes that leave most, on splines above some degree."""
    sizes = tuple(basis.size for basis in network.axes())
    tails = [
        tail_size(coefficient_decay(network.coefficients, sizes, axis))
        for axis in range(len(sizes))
    ]
    if level.knots:
        cells = int(_MORE * (len(level.knots) - 1))
        rising = [k != level.axis and tail >= _SMALLER * max(tails) for k, tail in enumerate(tails)]
        degrees = tuple(
            int(_MORE * degree + 0.5) if rises else degree
            for degree, rises in zip(level.degrees, rising, strict=True)
        )
        return FitLevel(degrees, level.axis, _graded_knots(network, level.axis, cells))
    degrees = tuple(
        int(_GROWTH * degree + 0.5) if tail >= _SMALLER * max(tails) else degree
        for degree, tail in zip(level.degrees, tails, strict=True)
    )
    fields = not any(not one.coefficients for one in problem.functions)
    plane = problem.box.dimension == 2 and problem.region is None and fields
    if plane and max(degrees) > _SPLINES:
        axis = _sharpest_axis(network)
        return FitLevel(level.degrees, axis, _graded_knots(network, axis, degrees[axis]))
    return FitLevel(degrees)


def _curvature(network: FullProduct, axis: int) -> Float[np.ndarray, " n"]:
    """The root of the largest second derivative along an axis, in parts of fields and the axis."""
    count = [_LOOKS if k == axis else 40 for k in range(2)]
    lines = [torch.linspace(-1.0, 1.0, n).to(network.coefficients) for n in count]
    points = network.center + network.scale * torch.cartesian_prod(*lines)
    second = tuple(2 * (k == axis) for k in range(2))
    with torch.no_grad():
        made = by_index(network.jet(coordinates(points, closure(frozenset({second, (0, 0)})))))
    size = made[0, 0].std(dim=0)
    relative = made[second].abs() * network.scale[axis] ** 2 / torch.where(size > 0, size, 1.0)
    return relative.amax(dim=1).view(*count).amax(dim=1 - axis).sqrt().cpu().numpy()


def _sharpest_axis(network: FullProduct) -> int:
    return int(_curvature(network, 1).max() > _curvature(network, 0).max())


def _graded_knots(network: FullProduct, axis: int, cells: int) -> tuple[float, ...]:
    """Cells of equal integrals of the curvature's root; a part of them is even."""
    density = _curvature(network, axis)
    density = density / density.mean() + _EVEN / (1 - _EVEN)
    reached = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    even = np.linspace(-1.0, 1.0, len(density))
    knots = np.interp(np.linspace(0.0, reached[-1], cells + 1), reached, even)
    knots[0], knots[-1] = -1.0, 1.0
    return tuple(knots.tolist())
