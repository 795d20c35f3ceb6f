"""p-refinement of the solution that is taken of several."""

from math import inf

from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events
from pikan.solvers.spectral.branches import Branches, branches
from pikan.solvers.spectral.level import PRefinement, diagnose
from pikan.solvers.spectral.p_refinement import p_refinement

# Where so much is left of an equation, in parts of its terms, there is no solution.
_NONE = 1e-2


def refine_branch(problem: Problem, settings: PRefinement) -> Events[SolverResult]:
    """Levels from the solution that is taken of those found, which every event knows of."""
    found = yield from branches(problem, settings)
    return (yield from refine_found(problem, settings, found))


def refine_near(
    problem: Problem, settings: PRefinement, near: SolverResult
) -> Events[SolverResult | None]:
    """Levels from one of the solution of another problem; None where they do not converge.

    No other solutions are looked for: that near the other problem's is taken.
    """
    if not isinstance(near.lower, FullProduct):
        return None
    # It solves another problem, so that Newton's steps are damped.
    outcome = Outcome("converged", "the solution of another problem")
    largest = min(settings.largest, settings.dense)
    lower = diagnose(near.lower, outcome, settings.samples, largest, determined=False, near=False)
    found = yield from p_refinement(problem, settings, lower)
    return found if found.outcome.kind == "converged" else None


def refine_found(problem: Problem, settings: PRefinement, found: Branches) -> Events[SolverResult]:
    """Levels from the first of the solutions found, or from none."""
    networks = tuple(one.network for one in found.found)
    level = yield from map_events(
        p_refinement(problem, settings, found.lower(settings)),
        lambda event: event._replace(found=networks),
    )
    if found.searched and level.outcome.kind != "converged" and not networks:
        return _without_solution(problem, settings, found, level)
    return level._replace(found=networks)


def _without_solution(
    problem: Problem, settings: PRefinement, found: Branches, level: SolverResult
) -> SolverResult:
    """The level where no start has led to a solution; nothing is known of its error."""
    if level.outcome.kind == "diverged":
        return level._replace(estimate=inf)
    left = largest_relative_residual(problem, level.network, settings.samples)
    if left.relative < _NONE:
        return level
    sentence = (
        "no solution was found: Newton's steps from several starts end where "
        f"'{left.label}' is left with {left.relative:.1e} of its terms"
    )
    if found.factor is not None and found.factor > 1.0:
        sentence += (
            f"; with the highest derivatives multiplied by {found.factor:.3g} there is a solution, "
            "so that there may be none without"
        )
    if level.outcome.kind == "out of budget":
        # It names the key that gives more.
        sentence += f"; {level.outcome.message}"
    return level._replace(outcome=Outcome(level.outcome.kind, sentence), estimate=inf)
