"""A climb from the solution that is taken of several, with what tells of the others."""

from collections.abc import Sequence
from math import inf

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.optimize.outcome import Alternative, Outcome
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.solvers.level import SolverResult, distance
from pikan.solvers.replay import Events
from pikan.solvers.spectral.branches import SAME, Branch, Branches, apart, branches
from pikan.solvers.spectral.level import PRefinement
from pikan.solvers.spectral.p_refinement import p_refinement

# Where so much is left of an equation, in parts of its terms, there is no solution.
_NONE = 1e-2
_ROUNDING = 1e-9


def climb_from_branches(problem: Problem, settings: PRefinement) -> Events[SolverResult]:
    """Levels from the solution that is taken of those found, and the others beside the last."""
    found = yield from branches(problem, settings)
    level = yield from p_refinement(problem, settings, found.lower(settings))
    if not found.searched:
        return level
    with torch.no_grad():
        values = settings.samples.weight(level.network(settings.samples.points))
    others = [one for one in found.found if apart(one.values, values) > SAME]
    if level.outcome.kind != "converged" and not found.found:
        return _without_solution(problem, settings, found, level)
    if not others:
        return level
    taken = len(others) < len(found.found)
    alternatives = tuple(_alternative(problem, one, values) for one in others)
    said = _several(problem, alternatives, reason=taken)
    outcome = Outcome(level.outcome.kind, f"{level.outcome.message}; {said}")
    return level._replace(outcome=outcome, alternatives=alternatives)


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
    return level._replace(outcome=Outcome(level.outcome.kind, sentence), estimate=inf)


def _alternative(problem: Problem, other: Branch, values: Float[Tensor, "n m"]) -> Alternative:
    """What another solution is known by, beside the values of the one that was taken."""
    sizes = other.values.square().mean(dim=0).sqrt()
    with torch.no_grad():
        middle = other.network(other.network.center[None])[0]
    # Odd solutions are zero in the middle but for rounding.
    middle = torch.where(middle.abs() > _ROUNDING * sizes, middle, 0.0)
    return Alternative(
        size=dict(zip(problem.unknowns, sizes.tolist(), strict=True)),
        middle=dict(zip(problem.unknowns, middle.tolist(), strict=True)),
        distance=distance(other.values, values),
    )


def _several(problem: Problem, others: Sequence[Alternative], *, reason: bool) -> str:
    """That there are several solutions, why this one was taken, and how to know the others."""
    box, unknown = problem.box, problem.unknowns[0]
    middle = ", ".join(
        f"{name} = {(low + high) / 2:g}"
        for name, low, high in zip(box.coordinates, box.lower, box.upper, strict=True)
    )
    known = " and ".join(
        f"{unknown} = {one.middle[unknown]:.4g} (root mean square {one.size[unknown]:.4g})"
        for one in others
    )
    because = ", this one with the smallest highest derivatives on average" if reason else ""
    those = "the other has" if len(others) == 1 else "the others have"
    return f"{len(others) + 1} solutions were found{because}; {those} {known} at {middle}"
