"""p-refinement in a region: polynomials alone, then with functions of its corners and holes."""

from dataclasses import replace
from math import inf

from pikan.network.piecewise import parts_of
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral.level import PRefinement
from pikan.solvers.spectral.p_refinement import p_refinement

# So many coefficients of each unknown show whether polynomials alone will do.
_ALONE = 400
# Where they do they give digits away: this part of the accuracy is asked of them.
_STRICTER = 1e-3


def refine_in_region(
    problem: Problem, settings: PRefinement, singular: PRefinement | None
) -> Events[SolverResult]:
    """Levels of polynomials; where these do not agree soon, of `singular` functions beside them.

    Newton's steps start from the conditions: families of problems stretch boxes, not regions. About
    holes, where polynomials seldom do, nonlinear problems have no levels of these alone; about
    another piece, which is no hole of the whole, they have. Of two
    results that have not converged the one with the lower estimate is taken.
    """
    if singular is None:
        return (yield from p_refinement(problem, settings))
    series = any(part.laurent is not None for part in parts_of(singular.network(singular.start)))
    if series and not linear(problem) and not problem.pieces:
        return (yield from p_refinement(problem, singular))
    several = len(problem.unknowns) * (len(problem.pieces) or 1)
    alone = min(settings.largest, _ALONE * several)
    stricter = replace(settings, largest=alone, accuracy=_STRICTER * settings.accuracy)
    plain = yield from p_refinement(problem, stricter)
    if plain.outcome.kind == "converged":
        return plain
    beside = yield from p_refinement(problem, singular)
    if beside.outcome.kind == "converged":
        return beside
    estimates = [inf if one.estimate is None else one.estimate for one in (plain, beside)]
    return plain if estimates[0] < estimates[1] else beside
