"""Linear equations in two coordinates of space that separate, on products of cells."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import torch
from jaxtyping import Float
from numpy.polynomial import legendre
from torch import Tensor

from pikan.linalg.tensor_product import sylvester
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import StageProgress
from pikan.problem.separable import Separated, separate
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Event, Events
from pikan.solvers.spectral_elements.boundary_value import ElementSettings
from pikan.solvers.spectral_elements.mesh import divisible, grade_toward, halve, read_mesh
from pikan.solvers.spectral_elements.plane_axis import (
    PlaneAxis,
    boundary_lift,
    formula_values,
    plane_axis,
)
from pikan.solvers.spectral_elements.refinement import HOW, error_on_cells
from pikan.solvers.spectral_elements.space import gauss

# Points in each cell of the first level, and so many more in the second.
_POINTS, _MORE = 8, 2
# Cells are halved that leave more than this part of the largest, or of their share.
_LATER, _SHARE, _ROUNDS, _TAIL = 0.05, 0.5, 40, 2
# Where last coefficients are larger at first, cells are graded toward the sides, down to this many
# times the accuracy: a corner of that size holds as much in relative L2.
_COARSE, _CORNER = 1e-2, 0.1
# Functions of one coordinate that a level may have: Schur forms take their cube.
_MOST = 900
# Steps of iterative refinement with the residual of the whole equation.
_CORRECTIONS = 2


class _Level(NamedTuple):
    """A solution: its axes, and the coefficient of every product."""

    axes: tuple[PlaneAxis, PlaneAxis]
    coefficients: Float[Tensor, "_ _"]


def solve_in_plane(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """Cells of each coordinate halved by themselves, until two degrees agree on the same ones.

    The estimate is the difference in relative L2. Where two sides give different values in a
    corner, the side that lies along the second coordinate has it.
    """
    parts = separate(problem)
    assert parts is not None
    edges = tuple(read_mesh(problem, settings.features, axis) for axis in range(2))
    goal, best, nearest = settings.accuracy, None, inf
    number = -1
    while True:
        number += 1
        level = _solve(problem, parts, edges, _POINTS)
        tails = [_tails(level, axis) for axis in range(2)]
        total = float(torch.cat(tails).norm())
        yield _event(number, total, problem, settings, best)
        if not total < inf:
            break
        if number == 0 and total > _COARSE:
            # As where conditions contradict each other in a corner, which holds little.
            smallest = _CORNER * settings.accuracy
            edges = tuple(grade_toward(along, (), smallest) for along in edges)
            continue
        if total <= goal:
            higher = _solve(problem, parts, edges, _POINTS + _MORE)
            apart = _difference(level, higher)
            if best is None or apart < nearest:
                best, nearest = (higher, _error(total, higher, apart)), apart
            elif number:
                break
            if apart <= settings.accuracy:
                break
            goal = total / 4
        limit = max(
            _SHARE * goal / sum(map(len, tails)) ** 0.5,
            _LATER * max(float(one.max()) for one in tails),
        )
        finer = tuple(
            halve(along, (left > limit) & divisible(along))
            for along, left in zip(edges, tails, strict=True)
        )
        larger = max(map(len, finer)) * (_POINTS + _MORE) if number < _ROUNDS else _MOST + 1
        if larger > _MOST or sum(map(len, finer)) == sum(map(len, edges)):
            break
        edges = finer
    found, estimate = (level, inf) if best is None else best
    network = _network(problem, found, settings.like)
    estimate = max(estimate, torch.finfo(settings.like.dtype).eps)
    return SolverResult(network, _end(found, nearest, settings.accuracy), estimate, HOW)


def _solve(
    problem: Problem, parts: Separated, edges: Sequence[Float[Tensor, " _"]], points: int
) -> _Level:
    """The solution on cells: conditions built in, then a Sylvester equation, then refinement."""
    first, second = (plane_axis(problem, parts, edges[axis], points, axis) for axis in range(2))
    grid = {
        problem.coordinates[0]: first.points[:, None].numpy(),
        problem.coordinates[1]: second.points[None].numpy(),
    }
    source = formula_values(parts.source, problem, grid, (len(first.points), len(second.points)))
    start = boundary_lift(problem, parts, (first, second), {})

    def residual(found: Tensor) -> Tensor:
        across = first.operator @ found @ second.values.mT
        return source - across - first.values @ found @ second.operator.mT

    small = [(one.operator @ one.free, one.values @ one.free) for one in (first, second)]
    solve = sylvester(*small)
    found = start
    for _ in range(1 + _CORRECTIONS):
        found = found + first.free @ solve(residual(found)) @ second.free.mT
    return _Level((first, second), found)


def _tails(level: _Level, axis: int) -> Float[Tensor, " c"]:
    """The last Legendre coefficients along an axis in each cell, in parts of the norm, in L2."""
    own, other = level.axes[axis], level.axes[1 - axis]
    coefficients = level.coefficients if axis == 0 else level.coefficients.mT
    sampled = coefficients @ other.values.mT
    cells = len(own.edges) - 1
    unit, weights = gauss(own.basis.degree + 1)
    at_points = (own.finer @ sampled).unflatten(0, (cells, -1))
    degrees = torch.arange(len(unit))
    polynomials = torch.from_numpy(legendre.legvander(unit.numpy(), len(unit) - 1))
    projection = polynomials * (weights[:, None] * (2 * degrees + 1) / 2)
    series = torch.einsum("cny,nj->cjy", at_points, projection)
    norm = ((own.weights @ (own.values @ sampled).square()) @ other.weights).sqrt()
    last = series[:, -_TAIL:].abs().amax(dim=1).square() @ other.weights
    return (last * own.edges.diff()).sqrt() / norm.clamp_min(1e-300)


def _error(before: float, higher: _Level, apart: float) -> float:
    """The error of the higher degree, from the last coefficients of both."""
    after = float(torch.cat([_tails(higher, axis) for axis in range(2)]).norm())
    return error_on_cells(apart, before, after, _MORE)


def _difference(lower: _Level, higher: _Level) -> float:
    """The relative L2 difference of two levels on the same cells, at points of the higher one."""
    tables = []
    for one, other in zip(lower.axes, higher.axes, strict=True):
        edges = one.edges
        center, scale = (edges[0] + edges[-1]) / 2, (edges[-1] - edges[0]) / 2
        unit = ((other.points - center) / scale)[:, None]
        tables.append(one.basis.derivatives(unit, 0)[0, :, 0] * one.sizes)
    coarse = tables[0] @ lower.coefficients @ tables[1].mT
    fine = higher.axes[0].values @ higher.coefficients @ higher.axes[1].values.mT
    weights = higher.axes[0].weights[:, None] * higher.axes[1].weights
    size = (weights * fine.square()).sum().sqrt()
    found = float((weights * (fine - coarse).square()).sum().sqrt() / size)
    return found if found == found else inf


def _network(problem: Problem, level: _Level, like: Tensor) -> FullProduct:
    first, second = level.axes
    box = problem.box
    network = FullProduct([first.basis, second.basis], 1, box.lower, box.upper)
    with torch.no_grad():
        sized = first.sizes[:, None] * level.coefficients * second.sizes
        network.coefficients.copy_(sized.reshape(-1, 1))
    return network.to(like)


def _event(
    number: int,
    left: float,
    problem: Problem,
    settings: ElementSettings,
    best: tuple[_Level, float] | None,
) -> Event:
    progress = StageProgress(
        "elements", number, _ROUNDS, torch.zeros(0), left, {"coefficients": left}
    )
    return Event(
        "", progress, lambda: None if best is None else _network(problem, best[0], settings.like)
    )


def _end(level: _Level, apart: float, accuracy: float) -> Outcome:
    counts = " x ".join(str(len(axis.edges) - 1) for axis in level.axes)
    sentence = f"on {counts} cells, polynomials of two degrees agree to {apart:.1e}"
    if apart <= accuracy:
        return Outcome("converged", sentence)
    if not bool(level.coefficients.isfinite().all()):
        return Outcome("diverged", "the equation on cells has no single solution")
    return Outcome("stalled", f"{sentence}, and finer cells no longer help or are too many")
