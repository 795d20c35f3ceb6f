"""Piecewise polynomials for a problem: in one coordinate, in the plane, or step by step."""

from math import inf

from pikan.optimize.outcome import Outcome
from pikan.problem.classification import linear
from pikan.problem.initial_value import is_stepped
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events
from pikan.solvers.spectral_elements.boundary_value import ElementSettings, solve_on_cells
from pikan.solvers.spectral_elements.plane import solve_in_plane
from pikan.solvers.spectral_elements.time_steps import march_by_steps


def solve_by_elements(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """The solution by piecewise polynomials, on cells that are halved as they are needed."""
    if is_stepped(problem):
        return march_by_steps(problem, settings)
    if problem.box.dimension == 2:
        return solve_in_plane(problem, settings)
    return solve_on_cells(problem, settings)


def solve_by_elements_after(
    first: Events[SolverResult], problem: Problem, settings: ElementSettings
) -> Events[SolverResult]:
    """The result of another solver where that has converged, else the better one of the two.

    Where the first finds nothing but zero, whether that is the only solution is looked at on cells.
    """
    level = yield from first
    converged = level.outcome.kind == "converged"
    zero = not any(own.any() for own in level.network.parameters())
    if converged and not (zero and linear(problem) and problem.box.dimension == 1):
        return level
    found = yield from map_events(
        solve_by_elements(problem, settings),
        lambda event: event._replace(best=lambda: level.network, found=level.found),
    )
    if converged:
        return level if found.outcome.kind == "converged" else found
    known, before = found.estimate, level.estimate
    if found.outcome.kind == "converged" or (known is not None and known < (before or inf)):
        return found._replace(found=level.found)
    message = f"{level.outcome.message}; {found.outcome.message}"
    # The budget of the first is no more than a share of the whole.
    kind = found.outcome.kind if level.outcome.kind == "out of budget" else level.outcome.kind
    return level._replace(outcome=Outcome(kind, message))
