"""p-refinement of a tensor-product expansion, until two levels agree."""

from collections.abc import Sequence
from math import inf, prod
from time import monotonic

from pikan.optimize.outcome import Outcome
from pikan.problem.classification import linear
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
from pikan.solvers.spectral.error_estimate import error_estimate, extrapolated_error
from pikan.solvers.spectral.initial import NUDGE
from pikan.solvers.spectral.level import Level, PRefinement, solve_level

# The rounding of a solution relative to its largest coefficient: decay below it is chance.
_ROUNDING = 1e-14
# Coefficients below this part of the accuracy are left out: there are several, and errors of
# conditions grow inside; where three coordinates make levels dear, those below the accuracy.
_NEGLIGIBLE, _NEGLIGIBLE_3D = 1e-2, 1.0
# Levels that differ by this after they have agreed, or whose equations hold, are far apart.
_OPEN = 1e-3 * NUDGE
# What is left open is a smooth function too, and polynomials of lower degree do not show it.
_TELLING = 24
# A level with fewer new coefficients would not show a difference.
_GROWTH = 1.04
# Derivatives are worse than what they are derivatives of: residuals of this part of their terms,
# or of this many times the accuracy, are still small where a solution is resolved.
_MISFIT, _LOOSE = 1e-5, 10.0
# Levels this close tell by how much less than their difference the higher one misses the solution:
# what is left open would hold them further apart.
_CLOSE = 1e-6
# So many levels in a row that differ by this or more do not come nearer to each other, if what
# their last coefficients add is this part of that: polynomials have resolved each of them.
_RESTLESS, _APART, _ADDED = 3, 0.1, 1e-2
# A dense matrix of a level takes with all that is made for it this many times what the matrices
# along one coordinate take, number by number.
_BATCHED = 4
# Small levels take their time for other things than the cube of their size, which no machine goes
# through at a lower rate than this [1/s].
_LEAST_RATE = 1e8
# A nonlinear level may be near after as much fewer steps, and can be ended between them.
_STEPS = 4.0
# Where residuals are below this part of their terms errors are about as small; where they are
# larger, but below that, as around kinks, errors may be much smaller.
_HOLDING, _ROUGH = 1e-3, 0.1
# What falls between the points of so high a degree is read off the formulas as a feature.
_FINE = 2000
# Axes with last coefficients below this part of the accuracy need no higher degrees.
_NEGLIGIBLE_AXIS = 0.1


def p_refinement(
    problem: Problem, settings: PRefinement, lower: Level | None = None
) -> Events[SolverResult]:
    """Levels of rising degree, each started from the last, until two agree.

    The first is the one above `lower` if there is one.

    The degree along an axis rises while the coefficients along it have not decayed; when all
    have, one more level confirms, and the difference between the last two, on points that no
    level was fitted to, is the estimate.
    """
    levels: list[Level] = [] if lower is None else [lower]
    degrees, estimate, restless = _first(problem, settings, lower), None, 0
    direct, ends = is_recombinable(problem), monotonic() + settings.time_limit
    while True:
        began = monotonic()
        level = yield from solve_level(problem, settings, degrees, lower, direct=direct)
        took = monotonic() - began
        if level is None or level.outcome.kind == "diverged":
            return _last_resort(problem, settings, degrees, levels, level)
        levels.append(level)
        dear = problem.box.dimension > 2 and not level.determined
        negligible = _NEGLIGIBLE_3D if dear else _NEGLIGIBLE
        wanted = next_degrees(level.decay, max(negligible * settings.accuracy, _ROUNDING))
        before, estimate = estimate, None if lower is None else distance(lower.values, level.values)
        settled = lower is not None and _stagnates(lower, level, before, estimate)
        restless = _restless(restless, lower, level, before, estimate)
        near = estimate is not None and estimate <= max(settings.accuracy, _CLOSE)
        ended = settled or restless == _RESTLESS
        left = _residuals(problem, level, settings) if near or dear or ended else None
        own, how = (inf, "") if lower is None or left is None else _error(settings, levels, left)
        held = left is not None and _held(settings, left)
        if own <= settings.accuracy and near and held and (settled or wanted == degrees):
            told = yield from _uniqueness_level(problem, settings, degrees, level)
            if told is None:
                return SolverResult(level.network, _agreement(estimate, own), own, how)
            lower, level, before, estimate = level, told, None, None
            degrees = wanted = _uniqueness_degrees(degrees)
            levels = [lower, level]
        elif left is not None and ended and _unseen(settings, level, left):
            restless = 0
            wanted = tuple(d + max(2, d // 2) for d in degrees)
        elif ended and lower is not None and estimate is not None:
            return _end(problem, settings, levels, estimate)
        rough = near and left is not None and largest(left).relative > _MISFIT
        if wanted == degrees:
            # Another level shows what agreement is worth, and is of use where much is left.
            wanted = tuple(d + (max(2, d // 2) if rough else 2) for d in degrees)
        affordable = _affordable(problem, settings, degrees, wanted, level)
        late = _time_of(problem, level, took, affordable) > ends - monotonic()
        end = _too_large(problem, settings, wanted, level) if affordable == degrees else None
        end = _time_is_up(affordable) if late else end
        if end is not None or dear:
            result = _without_higher(problem, settings, levels, end)
            if result is not None:
                return result
        lower, degrees = level, affordable


def _first(problem: Problem, settings: PRefinement, lower: Level | None) -> tuple[int, ...]:
    """The degrees of the first level."""
    if lower is None:
        return settings.start
    degrees = tuple(len(decay) - 1 for decay in lower.decay)
    wanted = next_degrees(lower.decay, max(_NEGLIGIBLE * settings.accuracy, _ROUNDING))
    higher = tuple(d + 2 for d in degrees) if wanted == degrees else wanted
    return _affordable(problem, settings, degrees, higher, lower)


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


def _held(settings: PRefinement, left: Sequence[RelativeResidual]) -> bool:
    """Whether no condition is left with more than derivatives of a resolved solution are."""
    conditions = [one.relative for one in left if not one.label.startswith(EQUATION)]
    return max(conditions, default=0.0) <= max(_MISFIT, _LOOSE * settings.accuracy)


def _uniqueness_degrees(degrees: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(degree, _TELLING) for degree in degrees)


def _uniqueness_level(
    problem: Problem, settings: PRefinement, degrees: tuple[int, ...], level: Level
) -> Events[Level | None]:
    """A level that is high enough to tell what is left open; None where it tells of nothing."""
    telling = _uniqueness_degrees(degrees)
    size = prod(degree + 1 for degree in telling) * len(problem.unknowns)
    if level.determined or telling == degrees or size > level.largest:
        return None
    told = yield from solve_level(
        problem, settings, telling, level, direct=is_recombinable(problem)
    )
    if told is None or distance(level.values, told.values) <= _OPEN:
        return None
    return told


_HOW = (
    "difference from the level before, by so much smaller as the last coefficients are; no less "
    "than the highest degrees add and than is left of the equations"
)
_HOW_ROUGH = (
    "differences of some levels from the last one, carried on at the rate at which they fall"
)
_HOW_ALONE = "difference from the same without its highest degrees, and what is left of equations"


def _affordable(
    problem: Problem,
    settings: PRefinement,
    degrees: tuple[int, ...],
    wanted: tuple[int, ...],
    level: Level,
) -> tuple[int, ...]:
    """The degrees wanted, or as much of the way to them as the limits after a level allow."""
    for share in range(20, 0, -1):
        found = tuple(d + (w - d) * share // 20 for d, w in zip(degrees, wanted, strict=True))
        size = prod(degree + 1 for degree in found)
        few = size * len(problem.unknowns) <= level.largest
        if few and _in_memory(settings, found, level):
            telling = size > _GROWTH * prod(degree + 1 for degree in degrees)
            return found if telling or found == wanted else degrees
    return degrees


def _in_memory(settings: PRefinement, degrees: tuple[int, ...], level: Level) -> bool:
    """Whether the matrices fit that are left where one coordinate is solved after the other.

    They are those of each coordinate, and one along the largest for all functions of the others.
    """
    sizes = [degree + 1 for degree in degrees]
    if not level.determined:
        return True
    return max(sizes) <= settings.dense and prod(sizes) * max(sizes) <= _BATCHED * settings.dense**2


def _time_of(problem: Problem, level: Level, took: float, degrees: tuple[int, ...]) -> float:
    """The time that a level of these degrees takes at the rate of one that `took` its time [s].

    Nothing ends a dense solve early; along one of several coordinates after the other it is cheap.
    """
    if level.determined and len(degrees) > 1:
        return 0.0
    size = prod(degree + 1 for degree in degrees) * len(problem.unknowns)
    before = prod(len(decay) for decay in level.decay) * len(problem.unknowns)
    at_rate = min(took * (size / before) ** 3, size**3 / _LEAST_RATE)
    return at_rate if linear(problem) else at_rate / _STEPS


def _stagnates(lower: Level, level: Level, before: float | None, estimate: float | None) -> bool:
    """Whether more degrees have stopped helping although nothing is left to resolve."""
    improving = before is None or estimate is None or estimate <= 0.3 * before
    return not improving and lower.is_resolved() and level.is_resolved()


def _restless(
    count: int, lower: Level | None, level: Level, before: float | None, estimate: float | None
) -> int:
    """How many levels in a row seem resolved, far from the one before and no nearer than that.

    As many as `count` before this one.
    """
    if lower is None or estimate is None or estimate < _APART:
        return 0
    near = before is not None and estimate <= 0.3 * before
    resolved = max(lower.truncation, level.truncation) < _ADDED * estimate
    return count + 1 if resolved and not near else 0


def _no_convergence(estimate: float) -> Outcome:
    return Outcome(
        "stalled",
        f"refinement does not converge: the last two levels differ by {estimate:.1e}, although the "
        "coefficients of each decay",
    )


def _agreement(estimate: float | None, own: float) -> Outcome:
    return Outcome("converged", f"two levels agree to {estimate:.1e}, the higher one to {own:.1e}")


def _truncation(estimate: float) -> Outcome:
    return Outcome("converged", f"the highest degrees add no more than {estimate:.1e}")


def _end(
    problem: Problem, settings: PRefinement, levels: Sequence[Level], estimate: float
) -> SolverResult:
    """The last level where higher degrees have stopped helping."""
    lower, level = levels[-2:]
    if not (lower.is_resolved() and level.is_resolved()):
        return SolverResult(level.network, _no_convergence(estimate), inf, _HOW)
    before, after = (_residuals(problem, one, settings) for one in (lower, level))
    worst = largest(after)
    # Levels that differ by more than what either leaves explains are both solutions.
    fits = max(largest(before).relative, worst.relative) < 1e-3 * estimate
    if fits and estimate > _OPEN:
        outcome = Outcome(
            "stalled",
            "the solution is not unique: two that satisfy all equations and conditions differ by "
            f"{estimate:.1e}; a condition is missing",
        )
        return SolverResult(level.network, outcome, inf, _HOW)
    own, how = _error(settings, levels, after)
    rest = (
        worst.sentence()
        if worst.relative > _MISFIT
        else f"rounding leaves {own:.1e}; ask for that accuracy"
    )
    outcome = Outcome("stalled", f"higher degrees no longer help: {rest}")
    return SolverResult(level.network, outcome, own, how)


def _unseen(settings: PRefinement, level: Level, left: Sequence[RelativeResidual]) -> bool:
    """Whether an equation that holds at its own points leaves much elsewhere, or in a feature.

    Then something falls between the points, and no two levels agree for good before it is seen.
    """
    worst = largest(left)
    degree = max(len(decay) for decay in level.decay)
    between = level.determined and settings.finite and degree < _FINE
    found = between or worst.feature is not None
    return found and worst.label.startswith(EQUATION) and worst.relative > _MISFIT


def _without_higher(
    problem: Problem, settings: PRefinement, levels: Sequence[Level], end: Outcome | None
) -> SolverResult | None:
    """The last of some levels where it shows by itself that it is good, or where there is an `end`.

    Levels of three coordinates are too dear for a higher one only to confirm them.
    """
    level = levels[-1]
    left = _residuals(problem, level, settings)
    alone = max(level.truncation, largest(left).relative)
    if alone <= settings.accuracy:
        return SolverResult(level.network, _truncation(alone), alone, _HOW_ALONE)
    if end is None:
        return None
    error, how = _error(settings, levels, left)
    if error <= settings.accuracy and _held(settings, left):
        end = Outcome("converged", f"the last level is good to {error:.1e}")
    return SolverResult(level.network, end, error, how)


def _too_large(
    problem: Problem, settings: PRefinement, degrees: tuple[int, ...], level: Level | None
) -> Outcome:
    """That the next level is too large, by which limit, and the key that raises it.

    `level` is the level before; None where this one takes a dense matrix.
    """
    size = prod(degree + 1 for degree in degrees) * len(problem.unknowns)
    largest = min(settings.largest, settings.dense) if level is None else level.largest
    if size > largest == settings.largest:
        limit = f"'largest' allows {largest:,}; raise it (training: [climb: {{largest: {size}}}])"
    elif size > largest:
        limit = f"'memory' allows {largest:,} in a dense matrix; raise it (such as memory: 16 GB)"
    else:
        limit = "'memory' does not allow matrices that large; raise it (such as memory: 16 GB)"
    return Outcome(
        "out of budget",
        f"the next level has {size:,} coefficients, of degree {' x '.join(map(str, degrees))}, and "
        f"{limit}, or ask for less accuracy",
    )


def _time_is_up(degrees: tuple[int, ...]) -> Outcome:
    return Outcome(
        "out of budget",
        f"the next level, of degrees {degrees}, would outlast the time limit; give it more time",
    )


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
    end = _too_large(problem, settings, degrees, None)
    result = _without_higher(problem, settings, levels, end) if levels else None
    return result or SolverResult(settings.network(degrees), end, inf, "")
