"""Why a solution was not found to the accuracy: the likeliest cause, in one sentence."""

from collections.abc import Iterator

from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.problem.wellposed.notes import notes
from pikan.problem.wellposed.singularities import singularities
from pikan.residuals.relative_residual import RelativeResidual

# Residuals below this part of their terms are those of a solution; above the larger one they are
# no matter of resolution alone.
_SOLVED, _ASTRAY = 1e-5, 1e-2


def cause(problem: Problem, worst: RelativeResidual, *, stalled: bool) -> str | None:
    """What most likely keeps a residual this large; None where it is small or nothing is seen.

    In this order: a formula without a value, a feature that is not resolved, conditions that do not
    fit together or are missing, and a jump or a kink of a known function. Where higher levels have
    `stalled` there is besides a contradiction or, if the problem is nonlinear, a minimum of the
    residual that is no solution.
    """
    if worst.relative <= _SOLVED:
        return None
    return next(_causes(problem, worst, stalled), None)


def _causes(problem: Problem, worst: RelativeResidual, stalled: bool) -> Iterator[str]:
    yield from singularities(problem)
    if worst.feature is not None:
        yield worst.sentence()
    yield from notes(problem)
    if stalled and worst.relative > _ASTRAY and linear(problem):
        yield "do the equations and conditions contradict each other?"
    elif stalled and worst.relative > _ASTRAY:
        yield (
            "the steps may have ended at a minimum of the residual that is no solution; try a "
            "shorter domain or weaker terms first"
        )
