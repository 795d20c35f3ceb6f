"""Why a solution was not found to the accuracy: the likeliest cause, in one sentence."""

from collections.abc import Iterator
from dataclasses import replace

from pikan.problem.characteristics import wave_lines
from pikan.problem.classification import equation_order, is_evolution, linear
from pikan.problem.features import features
from pikan.problem.statement import Problem
from pikan.problem.wellposed.notes import notes
from pikan.problem.wellposed.singularities import singularities
from pikan.residuals.relative_residual import RelativeResidual

# Residuals below this part of their terms are those of a solution; above the larger one they are
# no matter of resolution alone.
_SOLVED, _ASTRAY = 1e-5, 1e-2


def cause(problem: Problem, worst: RelativeResidual, *, stalled: bool) -> str | None:
    """What most likely keeps a residual this large; None where it is small or nothing is seen.

    In this order: a formula without a value, a feature that is not resolved, jumps or kinks that no
    cells follow, conditions that do not fit together or are missing, and a jump or a kink of a
    known function. Where higher levels have `stalled` there is besides a contradiction or, if the
    problem is nonlinear, a minimum of the residual that is no solution.
    """
    if worst.relative <= _SOLVED:
        return None
    return next(_causes(problem, worst, stalled), None)


def _causes(problem: Problem, worst: RelativeResidual, stalled: bool) -> Iterator[str]:
    yield from singularities(problem)
    if worst.feature is not None:
        yield worst.sentence()
    yield from _missing_cells(problem)
    yield from notes(problem)
    if stalled and worst.relative > _ASTRAY and linear(problem):
        yield "do the equations and conditions contradict each other?"
    elif stalled and worst.relative > _ASTRAY:
        yield (
            "the steps may have ended at a minimum of the residual that is no solution; try a "
            "shorter domain or weaker terms first"
        )


def _missing_cells(problem: Problem) -> Iterator[str]:
    """Jumps and kinks that move along characteristics which cells cannot follow."""
    found = features(replace(problem, exact=None))
    if found.places and _is_transport(problem) and wave_lines(problem, found) is None:
        place = found.places[0]
        name = problem.coordinates[place.axis]
        yield (
            f"'{place.formula}' has a {place.kind} at {name} = {place.value:.6g}, which moves "
            "along characteristics; cells follow those of one constant speed alone, not of several "
            "or varying ones, and nothing that stays: make it smooth, or ask for less accuracy"
        )


def _is_transport(problem: Problem) -> bool:
    """Whether an evolution in one coordinate has an unknown that moves and does not spread."""
    if problem.box.dimension != 2 or not is_evolution(problem):
        return False
    time = problem.box.evolution
    orders = [
        (equation_order(problem, k, time), equation_order(problem, k, 1 - time))
        for k in range(len(problem.unknowns))
    ]
    return any(in_time == along > 0 for in_time, along in orders)
