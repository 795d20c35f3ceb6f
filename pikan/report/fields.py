"""A solution on lines and planes through its box, for drawing."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.geometry.box import Box
from pikan.problem.statement import Problem
from pikan.references.reference import ReferenceSolution
from pikan.report.errors import Evaluate, by_chunks

_LINE = 1001
_PLANE = 161
# Three planes fill a page; more would be too small to read.
_PLANES = 3

Residual = Callable[[Float[np.ndarray, "n d"]], Float[np.ndarray, "n e"]]


@final
@dataclass(frozen=True)
class Field:
    """A solution on a line or a plane through the box, on a grid with equal steps.

    `axes` names the one or two coordinates that vary and `grids` holds their values; `fixed`
    says where the others stay. `exact` is NaN for an unknown whose solution is not known, and
    None if none is; `residual` has one column for each equation, and is None if not computed.
    """

    axes: tuple[str, ...]
    grids: tuple[Float[np.ndarray, " _"], ...]
    fixed: tuple[tuple[str, float], ...]
    solution: Float[np.ndarray, "*n m"]
    exact: Float[np.ndarray, "*n m"] | None
    residual: Float[np.ndarray, "*n e"] | None


def fields(
    problem: Problem, evaluate: Evaluate, residual: Residual | None = None
) -> tuple[Field, ...]:
    """The whole line or plane of one or two coordinates; slices of a box that has more.

    With time among them, the plane of the first two other coordinates at the start, the middle
    and the end; without, up to three planes through the middle, each coordinate in turn.
    """
    return tuple(_field(problem, evaluate, residual, cut) for cut in cuts(problem.box))


def cuts(box: Box) -> tuple[tuple[tuple[int, ...], tuple[tuple[int, float], ...]], ...]:
    """The slices to show: the axes that vary, and the others with the value they keep.

    The middle is not quite the middle, where odd functions would vanish on the whole slice.
    """
    every = tuple(range(box.dimension))
    if box.dimension <= 2:
        return ((every, ()),)
    middle = {axis: _between(box, axis, 0.55) for axis in every}
    if box.time is None:
        return tuple((pair, _rest(middle, pair)) for pair in _pairs(box.dimension))
    first, second = [axis for axis in every if axis != box.time][:2]
    moments = [_between(box, box.time, part) for part in (0.0, 0.5, 1.0)]
    return tuple(
        ((first, second), _rest({**middle, box.time: moment}, (first, second)))
        for moment in moments
    )


def _pairs(dimension: int) -> tuple[tuple[int, int], ...]:
    """All pairs of three axes; of more, neighbors, until each has had its turn."""
    if dimension == 3:
        return tuple(combinations(range(3), 2))
    starts = [*range(0, dimension - 1, 2)] + ([dimension - 2] if dimension % 2 else [])
    return tuple((start, start + 1) for start in starts[:_PLANES])


def _between(box: Box, axis: int, part: float) -> float:
    return box.lower[axis] + part * (box.upper[axis] - box.lower[axis])


def _rest(values: dict[int, float], axes: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    return tuple((axis, value) for axis, value in values.items() if axis not in axes)


def _field(
    problem: Problem,
    evaluate: Evaluate,
    residual: Residual | None,
    cut: tuple[tuple[int, ...], tuple[tuple[int, float], ...]],
) -> Field:
    box, (axes, fixed) = problem.box, cut
    grids = _data_grids(problem) if not fixed else None
    if grids is None:
        count = _LINE if len(axes) == 1 else _PLANE
        grids = tuple(np.linspace(box.lower[axis], box.upper[axis], count) for axis in axes)
    points = np.empty((*(len(grid) for grid in grids), box.dimension))
    for axis, values in zip(axes, np.meshgrid(*grids, indexing="ij"), strict=True):
        points[..., axis] = values
    for axis, value in fixed:
        points[..., axis] = value

    rows = points.reshape(-1, box.dimension)
    shape = points.shape[:-1]
    # In one piece, because data are themselves only on all of their points together.
    known = None if problem.exact is None else _known_solution(problem, problem.exact, rows)

    return Field(
        tuple(box.coordinates[axis] for axis in axes),
        grids,
        tuple((box.coordinates[axis], value) for axis, value in fixed),
        by_chunks(evaluate, rows).reshape(*shape, -1),
        None if known is None else known.reshape(*shape, -1),
        None if residual is None else by_chunks(residual, rows).reshape(*shape, -1),
    )


def _data_grids(problem: Problem) -> tuple[Float[np.ndarray, " _"], ...] | None:
    """The grid of reference data if its steps are equal: there nothing is interpolated."""
    points = None if problem.exact is None else problem.exact.points
    if points is None:
        return None
    grids = tuple(np.unique(column) for column in points.T)
    complete = math.prod(len(grid) for grid in grids) == len(points)
    even = all(len(g) > 1 and np.ptp(np.diff(g)) <= 1e-6 * np.ptp(g) for g in grids)
    return grids if complete and even else None


def _known_solution(
    problem: Problem, exact: ReferenceSolution, points: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, "n m"]:
    """The known solution of all unknowns, NaN for those of which none is known."""
    values = np.full((len(points), len(problem.unknowns)), np.nan)
    values[:, [problem.unknowns.index(name) for name in exact.unknowns]] = exact.values(points)
    return values
