"""A solution on lines and planes through its box, for drawing."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.problem.statement import Problem
from pikan.references.reference import ReferenceSolution
from pikan.report.errors import Evaluate, by_chunks
from pikan.report.sections import Section, sections

LINE = 1001
PLANE = 161

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
    """The solution on the lines or planes of `cuts`, and on the grid of data where that is even."""
    grids = _data_grids(problem) if problem.box.dimension <= 2 else None
    planes = sections(problem.box, {}, LINE, PLANE)
    if grids is not None:
        planes = (Section(problem.coordinates, grids, ()),)
    found = list[Field]()
    for plane in planes:
        points = plane.points(problem.box)
        rows, shape = points.reshape(-1, problem.box.dimension), points.shape[:-1]
        # In one piece, because data are themselves only on all of their points together.
        known = None if problem.exact is None else known_solution(problem, problem.exact, rows)
        if known is not None:
            known[~problem.domain.covers(rows)] = np.nan
            known = known.reshape(*shape, -1)
        solution = by_chunks(evaluate, rows).reshape(*shape, -1)
        left = None if residual is None else by_chunks(residual, rows).reshape(*shape, -1)
        found.append(Field(*plane, solution, known, left))
    return tuple(found)


def _data_grids(problem: Problem) -> tuple[Float[np.ndarray, " _"], ...] | None:
    """The grid of reference data if its steps are equal: there nothing is interpolated."""
    points = None if problem.exact is None else problem.exact.points
    if points is None:
        return None
    grids = tuple(np.unique(column) for column in points.T)
    complete = math.prod(len(grid) for grid in grids) == len(points)
    even = all(len(g) > 1 and np.ptp(np.diff(g)) <= 1e-6 * np.ptp(g) for g in grids)
    return grids if complete and even else None


def known_solution(
    problem: Problem, exact: ReferenceSolution, points: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, "n m"]:
    """The known solution of all unknowns, NaN for those of which none is known."""
    values = np.full((len(points), len(problem.unknowns)), np.nan)
    values[:, [problem.unknowns.index(name) for name in exact.unknowns]] = exact.values(points)
    return values
