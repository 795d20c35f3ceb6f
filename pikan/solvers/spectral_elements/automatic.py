"""Piecewise polynomials for a problem: in one coordinate, in the plane, or step by step."""

from math import inf

from pikan.optimize.outcome import Outcome
from pikan.problem.characteristics import follow_characteristics
from pikan.problem.classification import linear
from pikan.problem.initial_value import is_stepped
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events
from pikan.solvers.spectral.branch_refinement import refine_found
from pikan.solvers.spectral.branches import branches
from pikan.solvers.spectral.level import PRefinement
from pikan.solvers.spectral_elements.boundary_value import ElementSettings, solve_on_cells
from pikan.solvers.spectral_elements.characteristic_march import (
    march_along_characteristics,
)
from pikan.solvers.spectral_elements.plane import solve_in_plane
from pikan.solvers.spectral_elements.plane_steps import march_in_plane
from pikan.solvers.spectral_elements.time_steps import march_by_steps


def solve_by_elements(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """The solution by piecewise polynomials, on cells that are halved as they are needed."""
    if follow_characteristics(problem, settings.features):
        return march_along_characteristics(problem, settings)
    if is_stepped(problem):
        return march_by_steps(problem, settings)
    if problem.box.dimension == 1:
        return solve_on_cells(problem, settings)
    if problem.box.time is None:
        return solve_in_plane(problem, settings)
    if problem.box.dimension == 3:
        return march_in_plane(problem, settings)
    return march_along_characteristics(problem, settings)


def solve_by_polynomials_or_elements(
    problem: Problem, climb: PRefinement, settings: ElementSettings
) -> Events[SolverResult]:
    """The result of one polynomial where that has converged, else the better of it and cells.

    Where no start leads to a solution on levels of few coefficients, one polynomial seldom does it:
    then cells come first. Where there is nothing but zero, whether that is the only solution is
    looked at on cells.
    """
    branches_found = yield from branches(problem, climb)
    cells: SolverResult | None = None
    if branches_found.searched and not branches_found.found:
        cells = yield from solve_by_elements(problem, settings)
        if cells.outcome.kind == "converged":
            return cells
    level = yield from refine_found(problem, climb, branches_found)
    converged = level.outcome.kind == "converged"
    zero = not any(own.any() for own in level.network.parameters())
    if converged and not (zero and linear(problem) and problem.box.dimension == 1):
        return level
    if cells is None:
        cells = yield from map_events(
            solve_by_elements(problem, settings),
            lambda event: event._replace(best=lambda: level.network, found=level.found),
        )
    if converged:
        return level if cells.outcome.kind == "converged" else cells
    return _better(level, cells)


def _better(level: SolverResult, cells: SolverResult) -> SolverResult:
    """The one of two results with the smaller estimate, and what is to be said of both."""
    known, before = cells.estimate, level.estimate
    if cells.outcome.kind == "converged" or (known is not None and known < (before or inf)):
        return cells._replace(found=cells.found if len(cells.found) > 1 else level.found)
    message = f"{level.outcome.message}; {cells.outcome.message}"
    # The budget of the first is no more than a share of the whole.
    kind = cells.outcome.kind if level.outcome.kind == "out of budget" else level.outcome.kind
    return level._replace(outcome=Outcome(kind, message))
