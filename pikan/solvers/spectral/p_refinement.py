"""p-refinement of a tensor-product expansion, until two levels agree."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from time import monotonic
from typing import NamedTuple

from pikan.network.piecewise import parts_of
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import (
    EQUATION,
    RelativeResidual,
    largest,
    misfits,
)
from pikan.solvers.decay import next_degrees
from pikan.solvers.level import SolverResult, distance
from pikan.solvers.replay import Events
from pikan.solvers.spectral.basis_recombination import is_recombinable
from pikan.solvers.spectral.decision import (
    LIMITS,
    STATES,
    Cost,
    Evidence,
    LevelState,
    Limit,
    decide,
)
from pikan.solvers.spectral.error_estimate import error_estimate, extrapolated_error
from pikan.solvers.spectral.initial import NUDGE
from pikan.solvers.spectral.level import Level, PRefinement, freedom, solve_level
from pikan.solvers.spectral.limits import affordable, size_of, time_of, too_large, too_late

# The rounding of a solution relative to its largest coefficient: decay below it is chance.
_ROUNDING = 1e-14
# Coefficients below this part of the accuracy are left out: there are several, and errors of
# conditions grow inside; where three coordinates make levels dear, those below the accuracy.
_NEGLIGIBLE, _NEGLIGIBLE_3D = 1e-2, 1.0
# Levels that differ by this after they have agreed, or whose equations hold, are far apart.
_OPEN = 1e-3 * NUDGE
# Levels whose residuals are below this part of their difference are both solutions.
_BOTH = 1e-3
# What is left open is a smooth function too, and polynomials of lower degree do not show it.
_TELLING = 24
# A level that may be this far from a solution, as residual and smallest singular value tell, and so
# many times its estimate, need not be near one. Elsewhere it is 1 to 1000 times that.
_FREE, _AMPLIFIED = 1e-3, 1e4
# Derivatives are worse than what they are derivatives of: residuals of this part of their terms,
# or of this many times the accuracy, are still small where a solution is resolved.
_MISFIT, _LOOSE = 1e-5, 10.0
# Levels this close tell by how much less than their difference the higher one misses the solution:
# what is left open would hold them further apart.
_CLOSE = 1e-6
# Levels come nearer to each other where a difference is this part of the one before.
_NEARER = 0.3
# So many levels in a row that differ by this or more do not come nearer to each other, if what
# their last coefficients add is this part of that: polynomials have resolved each of them.
_RESTLESS, _APART, _ADDED = 3, 0.1, 1e-2
# Where residuals are below this part of their terms errors are about as small; where they are
# larger, but below that, as around kinks, errors may be much smaller.
_HOLDING, _ROUGH = 1e-3, 0.1
# What falls between the points of so high a degree is read off the formulas as a feature.
_FINE = 2000
# Axes with last coefficients below this part of the accuracy need no higher degrees.
_NEGLIGIBLE_AXIS = 0.1

_HOW = (
    "difference from the level before, by so much smaller as the last coefficients are; no less "
    "than the highest degrees add and than is left of the equations"
)
_HOW_ROUGH = (
    "differences of some levels from the last one, carried on at the rate at which they fall"
)
_HOW_ALONE = "difference from the same without its highest degrees, and what is left of equations"


def p_refinement(
    problem: Problem, settings: PRefinement, lower: Level | None = None
) -> Events[SolverResult]:
    """Levels of rising degree, each started from the last, until two agree.

    The first is the one above `lower` if there is one. The result holds the level before the last.

    The degree along an axis rises while the coefficients along it have not decayed; when all
    have, one more level confirms, and the difference between the last two, on points that no
    level was fitted to, is the estimate. What follows from a level says the table in `decision`.
    """
    levels: list[Level] = [] if lower is None else [lower]
    degrees = settings.start if lower is None else _above(problem, settings, lower)
    seen: _Observation | None = None
    direct, ends = is_recombinable(problem), monotonic() + settings.time_limit
    while True:
        began = monotonic()
        level = yield from solve_level(problem, settings, degrees, lower, direct=direct)
        took = monotonic() - began
        if level is None or level.outcome.kind == "diverged":
            last = _last_resort(problem, settings, degrees, levels, level)
            return _with_lower(last, levels)
        levels.append(level)
        seen = _observe(problem, settings, levels, degrees, seen)
        aim = _raise(degrees)
        match decide(STATES, seen.evidence):
            case LevelState.AGREED:
                telling = tuple(max(degree, _TELLING) for degree in degrees)
                other = yield from _other_solution(problem, settings, level, degrees, telling)
                if other is None:
                    end = f"two levels agree to {seen.difference:.1e}, the higher one to "
                    outcome = Outcome("converged", f"{end}{seen.error:.1e}")
                    found = SolverResult(level.network, outcome, seen.error, seen.how)
                    return _with_lower(_if_determined(problem, level, found), levels)
                levels, level, seen, degrees = [level, other], other, None, telling
                aim = _raise(degrees)
            case LevelState.ENDED:
                return _with_lower(_end(problem, settings, levels), levels)
            case LevelState.UNSEEN | LevelState.ROUGH as state:
                # Another level shows what agreement is worth, and is of use where much is left.
                aim = tuple(degree + max(2, degree // 2) for degree in degrees)
                seen = seen._replace(restless=0) if state is LevelState.UNSEEN else seen
            case LevelState.RESOLVED:
                pass
            case LevelState.RISING:
                aim = seen.aim
        following = affordable(problem, settings, level, degrees, aim)
        late = time_of(problem, level, took, following) > ends - monotonic()
        cost = Cost(_is_dear(problem, level), late, following == degrees)
        end = too_late(following) if late else too_large(problem, settings, aim, level)
        result = _without_higher(problem, settings, levels, cost, end)
        if result is not None:
            return _with_lower(result, levels)
        lower, degrees = level, following


def _with_lower(result: SolverResult, levels: Sequence[Level]) -> SolverResult:
    """A result of the last of some levels, with the network of the one before."""
    return result._replace(lower=levels[-2].network) if len(levels) > 1 else result


def _above(problem: Problem, settings: PRefinement, lower: Level) -> tuple[int, ...]:
    """The degrees of the first level above one that is given."""
    degrees = tuple(len(decay) - 1 for decay in lower.decay)
    aim = next_degrees(lower.decay, max(_NEGLIGIBLE * settings.accuracy, _ROUNDING))
    wanted = _raise(degrees) if aim == degrees else aim
    return affordable(problem, settings, lower, degrees, wanted)


def _raise(degrees: tuple[int, ...]) -> tuple[int, ...]:
    """Degrees of a level that only confirms: a parity of coefficients may be empty."""
    return tuple(degree + 2 for degree in degrees)


class _Observation(NamedTuple):
    """What is seen of a level beside the one before.

    `aim` are the degrees to which its coefficients decay, `difference` that from the level before,
    None if there is none, `restless` how many levels in a row are far apart, `error` the estimate,
    infinite where it is not known, and `how` that was found.
    """

    aim: tuple[int, ...]
    difference: float | None
    restless: int
    error: float
    how: str
    evidence: Evidence


def _observe(
    problem: Problem,
    settings: PRefinement,
    levels: Sequence[Level],
    degrees: tuple[int, ...],
    before: _Observation | None,
) -> _Observation:
    lower, level = levels[-2] if len(levels) > 1 else None, levels[-1]
    dear = _is_dear(problem, level)
    negligible = _NEGLIGIBLE_3D if dear else _NEGLIGIBLE
    aim = next_degrees(level.decay, max(negligible * settings.accuracy, _ROUNDING))
    if any(part.singular is not None for part in parts_of(level.network)):
        # Beside singular functions the decay of polynomials does not tell, and columns are many.
        aim = tuple(min(k, degree + degree // 2) for k, degree in zip(aim, degrees, strict=True))
    difference, restless, agreeing, stagnant = None, 0, False, False
    if lower is not None:
        difference = distance(lower.values, level.values)
        agreeing = difference <= max(settings.accuracy, _CLOSE)
        earlier = None if before is None else before.difference
        nearer = earlier is not None and difference <= _NEARER * earlier
        resolved = lower.is_resolved() and level.is_resolved()
        stagnant = earlier is not None and not nearer and resolved
        small = max(lower.truncation, level.truncation) < _ADDED * difference
        if difference >= _APART and small and not nearer:
            restless = 1 + (0 if before is None else before.restless)
    left, error, how = (), inf, ""
    if agreeing or dear or stagnant or restless == _RESTLESS:
        left = tuple(misfits(problem, level.network, settings.samples))
        if lower is not None:
            error, how = _error(settings, levels, left)
    # An equation that holds at its own points may leave much elsewhere, or in a feature. Then
    # something falls between the points, and no two levels agree for good before it is seen.
    unseen = False
    if left and largest(left).label.startswith(EQUATION) and largest(left).relative > _MISFIT:
        degree = max(len(decay) for decay in level.decay)
        between = level.determined and settings.finite and degree < _FINE
        unseen = between or largest(left).feature is not None
    evidence = Evidence(
        agreeing=agreeing,
        accurate=error <= settings.accuracy and _conditions_hold(settings, left),
        resolved=aim == degrees,
        rough=bool(left) and largest(left).relative > _MISFIT,
        stagnant=stagnant,
        restless=restless == _RESTLESS,
        unseen=unseen,
    )
    return _Observation(aim, difference, restless, error, how, evidence)


def _is_dear(problem: Problem, level: Level) -> bool:
    """Whether one more level only to confirm is too dear: a dense one in three coordinates."""
    return problem.box.dimension > 2 and not level.determined


def _residuals(
    problem: Problem, level: Level, settings: PRefinement
) -> tuple[RelativeResidual, ...]:
    return tuple(misfits(problem, level.network, settings.samples))


def _error(
    settings: PRefinement, levels: Sequence[Level], left: Sequence[RelativeResidual]
) -> tuple[float, str]:
    """The estimated error of the last level and how it was found; infinite where nothing tells.

    Where equations do not hold everywhere, as beside kinks, the rate at which levels approach it.
    """
    level, worst = levels[-1], largest(left)
    if _MISFIT < worst.relative < _ROUGH:
        carried = extrapolated_error(levels, _NEGLIGIBLE_AXIS * settings.accuracy)
        if carried is not None:
            return carried, _HOW_ROUGH
    if not worst.relative <= max(_HOLDING, settings.accuracy):
        return inf, ""
    if len(levels) == 1:
        return max(level.truncation, worst.relative), _HOW_ALONE
    return error_estimate(levels[-2], level, worst), _HOW


def _conditions_hold(settings: PRefinement, left: Sequence[RelativeResidual]) -> bool:
    """Whether no condition is left with more than derivatives of a resolved solution are."""
    conditions = [one.relative for one in left if not one.label.startswith(EQUATION)]
    return max(conditions, default=0.0) <= max(_MISFIT, _LOOSE * settings.accuracy)


def _other_solution(
    problem: Problem,
    settings: PRefinement,
    level: Level,
    degrees: tuple[int, ...],
    telling: tuple[int, ...],
) -> Events[Level | None]:
    """A level high enough to tell what is left open; None where it is no other solution."""
    size = size_of(problem, telling) * len(problem.unknowns)
    if level.determined or telling == degrees or size > level.largest:
        return None
    direct = is_recombinable(problem)
    other = yield from solve_level(problem, settings, telling, level, direct=direct)
    return None if other is None or distance(level.values, other.values) <= _OPEN else other


def _if_determined(problem: Problem, level: Level, found: SolverResult) -> SolverResult:
    """A result, stalled and without estimate where solutions far from it leave no more."""
    free = 0.0 if level.determined else freedom(problem, level.network)
    if found.estimate is None or free <= max(_FREE, _AMPLIFIED * found.estimate):
        return found
    end = (
        f"{found.outcome.message}, but what is left of the equations does not tell it from "
        "solutions that are far from it: see whether the place of a layer is determined"
    )
    kind = "stalled" if found.outcome.kind == "converged" else found.outcome.kind
    return SolverResult(level.network, Outcome(kind, end), inf, "")


def _end(problem: Problem, settings: PRefinement, levels: Sequence[Level]) -> SolverResult:
    """The last level where higher degrees have stopped helping."""
    lower, level = levels[-2:]
    difference = distance(lower.values, level.values)
    if not (lower.is_resolved() and level.is_resolved()):
        outcome = Outcome(
            "stalled",
            f"refinement does not converge: the last two levels differ by {difference:.1e}, "
            "although the coefficients of each decay",
        )
        return SolverResult(level.network, outcome, inf, _HOW)
    before, after = (_residuals(problem, one, settings) for one in (lower, level))
    worst = largest(after)
    solutions = max(largest(before).relative, worst.relative) < _BOTH * difference
    if solutions and difference > _OPEN:
        outcome = Outcome(
            "stalled",
            "the solution is not unique: two that satisfy all equations and conditions differ by "
            f"{difference:.1e}; a condition is missing",
        )
        return SolverResult(level.network, outcome, inf, _HOW)
    own, how = _error(settings, levels, after)
    rest = (
        worst.sentence()
        if worst.relative > _MISFIT
        else f"rounding leaves {own:.1e}; ask for that accuracy"
    )
    outcome = Outcome("stalled", f"higher degrees no longer help: {rest}")
    return _if_determined(problem, level, SolverResult(level.network, outcome, own, how))


def _without_higher(
    problem: Problem, settings: PRefinement, levels: Sequence[Level], cost: Cost, end: Outcome
) -> SolverResult | None:
    """The last of some levels where it is good by itself, or a limit is reached, which `end` tells.

    None where there may be a higher one.
    """
    if not (cost.dear or cost.late or cost.large):
        return None
    level, left = levels[-1], _residuals(problem, levels[-1], settings)
    alone = max(level.truncation, largest(left).relative)
    limit = decide(LIMITS, replace(cost, sufficient=alone <= settings.accuracy))
    if limit is Limit.NONE:
        return None
    if limit is Limit.SUFFICIENT:
        end = Outcome("converged", f"the highest degrees add no more than {alone:.1e}")
        found = SolverResult(level.network, end, alone, _HOW_ALONE)
        return _if_determined(problem, level, found)
    error, how = _error(settings, levels, left)
    if error <= settings.accuracy and _conditions_hold(settings, left):
        end = Outcome("converged", f"the last level is good to {error:.1e}")
    return _if_determined(problem, level, SolverResult(level.network, end, error, how))


def _last_resort(
    problem: Problem,
    settings: PRefinement,
    degrees: tuple[int, ...],
    levels: Sequence[Level],
    level: Level | None,
) -> SolverResult:
    """The last level that did not diverge or grow too large, or that one if there is no other."""
    if level is not None:
        best = levels[-1].network if levels else level.network
        return SolverResult(best, level.outcome, inf, "")
    end = too_large(problem, settings, degrees, None)
    if not levels:
        return SolverResult(settings.network(degrees), end, inf, "")
    result = _without_higher(problem, settings, levels, Cost(large=True), end)
    assert result is not None
    return result
