"""A product of polynomials whose degrees rise until two levels of them agree."""

from collections.abc import Sequence
from math import inf, prod
from time import monotonic

from pikan.outcome import Outcome
from pikan.problem import Problem, linear
from pikan.solving.elimination import eliminable
from pikan.solving.estimate import extrapolated, remaining
from pikan.solving.event import Events
from pikan.solving.level import Level, distance
from pikan.solving.misfit import EQUATION, Misfit, misfits, worst
from pikan.solving.rung import Ladder, Rung, stand
from pikan.solving.starts import NUDGE
from pikan.solving.tails import next_degrees

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
# Small levels are this much slower than the cube of their size says.
_OVERHEAD = 4.0
# Where residuals are below this part of their terms errors are about as small; where they are
# larger, but below that, as around kinks, errors may be much smaller.
_HOLDING, _ROUGH = 1e-3, 0.1
# Axes with last coefficients below this part of the accuracy need no higher degrees.
_NEGLIGIBLE_AXIS = 0.1


def climb(problem: Problem, ladder: Ladder, lower: Rung | None = None) -> Events[Level]:
    """Levels of rising degree, each started from the last, until two agree.

    The first is the one above `lower` if there is one.

    The degree along an axis rises while the coefficients along it have not decayed; when all
    have, one more level confirms, and the difference between the last two, on points that no
    level was fitted to, is the estimate.
    """
    levels: list[Rung] = [] if lower is None else [lower]
    degrees, estimate, restless = _first(problem, ladder, lower), None, 0
    direct, ends = eliminable(problem), monotonic() + ladder.time_limit
    while True:
        began = monotonic()
        rung = yield from stand(problem, ladder, degrees, lower, direct=direct)
        took = monotonic() - began
        if rung is None or rung.outcome.kind == "diverged":
            return _given_up(problem, ladder, degrees, levels, rung)
        levels.append(rung)
        dear = problem.box.dimension > 2 and not rung.determined
        negligible = _NEGLIGIBLE_3D if dear else _NEGLIGIBLE
        wanted = next_degrees(rung.decay, max(negligible * ladder.accuracy, _ROUNDING))
        before, estimate = estimate, None if lower is None else distance(lower.values, rung.values)
        settled = lower is not None and _settled(lower, rung, before, estimate)
        restless = _restless(restless, lower, rung, before, estimate)
        near = estimate is not None and estimate <= ladder.accuracy
        close = estimate is not None and estimate <= _CLOSE
        misfit = _misfit(problem, rung, ladder) if near or close or dear or settled else None
        fits = misfit is not None and misfit.relative <= max(_MISFIT, _LOOSE * ladder.accuracy)
        own = _missed(lower, rung, misfit)
        carried = close and wanted == degrees and own <= ladder.accuracy
        if fits and (carried or (near and (settled or wanted == degrees))):
            told = yield from _told(problem, ladder, degrees, rung)
            if told is None:
                own = min(own, ladder.accuracy)
                return Level(rung.network, _agreed(estimate, own), own, _HOW)
            lower, rung, before, estimate = rung, told, None, None
            degrees = wanted = _telling(degrees)
            levels = [lower, rung]
        elif misfit is not None and settled and _unseen(rung, misfit):
            wanted = tuple(d + max(2, d // 2) for d in degrees)
        elif (settled or restless == _RESTLESS) and lower is not None and estimate is not None:
            return _end(problem, ladder, lower, rung, estimate)
        higher = tuple(d + 2 for d in degrees) if wanted == degrees else wanted
        affordable = _affordable(problem, ladder, degrees, higher, rung)
        late = linear(problem) and _slow(rung, took, affordable) > ends - monotonic()
        if affordable == degrees or dear or late:
            misfit = misfit or _misfit(problem, rung, ladder)
            alone = max(rung.truncation, misfit.relative)
            if alone <= ladder.accuracy:
                return Level(rung.network, _truncated(alone), alone, _HOW_ALONE)
            if affordable == degrees or late:
                end = _late(affordable) if late else _too_large(problem, ladder, higher, rung)
                return _cut(problem, ladder, levels, end)
        lower, degrees = rung, affordable


def _first(problem: Problem, ladder: Ladder, lower: Rung | None) -> tuple[int, ...]:
    """The degrees of the first level."""
    if lower is None:
        return ladder.start
    degrees = tuple(len(decay) - 1 for decay in lower.decay)
    wanted = next_degrees(lower.decay, max(_NEGLIGIBLE * ladder.accuracy, _ROUNDING))
    higher = tuple(d + 2 for d in degrees) if wanted == degrees else wanted
    return _affordable(problem, ladder, degrees, higher, lower)


def _misfit(problem: Problem, rung: Rung, ladder: Ladder) -> Misfit:
    return worst(problem, rung.network, ladder.samples)


def _missed(lower: Rung | None, rung: Rung, misfit: Misfit | None) -> float:
    """What remains; infinite where nothing tells of it yet."""
    return inf if lower is None or misfit is None else remaining(lower, rung, misfit)


def _telling(degrees: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(degree, _TELLING) for degree in degrees)


def _told(
    problem: Problem, ladder: Ladder, degrees: tuple[int, ...], rung: Rung
) -> Events[Rung | None]:
    """A level that is high enough to tell what is left open; None where it tells of nothing."""
    telling = _telling(degrees)
    size = prod(degree + 1 for degree in telling) * len(problem.unknowns)
    if rung.determined or telling == degrees or size > rung.largest:
        return None
    told = yield from stand(problem, ladder, telling, rung, direct=eliminable(problem))
    if told is None or distance(rung.values, told.values) <= _OPEN:
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
    ladder: Ladder,
    degrees: tuple[int, ...],
    wanted: tuple[int, ...],
    rung: Rung,
) -> tuple[int, ...]:
    """The degrees wanted, or as much of the way to them as the limits after a level allow."""
    for share in range(20, 0, -1):
        found = tuple(d + (w - d) * share // 20 for d, w in zip(degrees, wanted, strict=True))
        size = prod(degree + 1 for degree in found)
        few = size * len(problem.unknowns) <= rung.largest
        if few and _in_memory(ladder, found, rung):
            telling = size > _GROWTH * prod(degree + 1 for degree in degrees)
            return found if telling or found == wanted else degrees
    return degrees


def _in_memory(ladder: Ladder, degrees: tuple[int, ...], rung: Rung) -> bool:
    """Whether the matrices fit that are left where one coordinate is solved after the other.

    They are those of each coordinate, and one along the largest for all functions of the others.
    """
    sizes = [degree + 1 for degree in degrees]
    if not rung.determined:
        return True
    return max(sizes) <= ladder.dense and prod(sizes) * max(sizes) <= _BATCHED * ladder.dense**2


def _slow(rung: Rung, took: float, degrees: tuple[int, ...]) -> float:
    """The least time that a level of these degrees takes, after one that `took` its time [s].

    Nothing ends a dense solve early; along one of several coordinates after the other it is cheap.
    """
    more = prod(degree + 1 for degree in degrees) / prod(len(decay) for decay in rung.decay)
    return 0.0 if rung.determined and len(degrees) > 1 else took * more**3 / _OVERHEAD


def _settled(lower: Rung, rung: Rung, before: float | None, estimate: float | None) -> bool:
    """Whether more degrees have stopped helping although nothing is left to resolve."""
    improving = before is None or estimate is None or estimate <= 0.3 * before
    return not improving and lower.resolved() and rung.resolved()


def _restless(
    count: int, lower: Rung | None, rung: Rung, before: float | None, estimate: float | None
) -> int:
    """How many levels in a row seem resolved, far from the one before and no nearer than that.

    As many as `count` before this one.
    """
    if lower is None or estimate is None or estimate < _APART:
        return 0
    near = before is not None and estimate <= 0.3 * before
    resolved = max(lower.truncation, rung.truncation) < _ADDED * estimate
    return count + 1 if resolved and not near else 0


def _unsteady(estimate: float) -> Outcome:
    return Outcome(
        "stalled",
        f"refinement does not converge: the last two levels differ by {estimate:.1e}, although the "
        "coefficients of each decay",
    )


def _agreed(estimate: float | None, own: float) -> Outcome:
    return Outcome("converged", f"two levels agree to {estimate:.1e}, the higher one to {own:.1e}")


def _truncated(estimate: float) -> Outcome:
    return Outcome("converged", f"the highest degrees add no more than {estimate:.1e}")


def _end(problem: Problem, ladder: Ladder, lower: Rung, rung: Rung, estimate: float) -> Level:
    """The last level where higher degrees have stopped helping."""
    if not (lower.resolved() and rung.resolved()):
        return Level(rung.network, _unsteady(estimate), inf, _HOW)
    before, after = (_misfit(problem, one, ladder) for one in (lower, rung))
    # Levels that differ by more than what either leaves explains are both solutions.
    fits = max(before.relative, after.relative) < 1e-3 * estimate
    if fits and estimate > _OPEN:
        outcome = Outcome(
            "stalled",
            "the equations and conditions hold, and still leave the solution open: "
            f"two that fit differ by {estimate:.1e}; a condition is missing",
        )
        return Level(rung.network, outcome, inf, _HOW)
    own = remaining(lower, rung, after) if after.relative <= _HOLDING else inf
    return Level(rung.network, _rounded(estimate, after), own, _HOW)


def _rounded(estimate: float, rung: Misfit) -> Outcome:
    if rung.relative > _MISFIT:
        return Outcome("stalled", f"higher degrees no longer help: {rung.sentence()}")
    return Outcome(
        "stalled",
        f"higher degrees no longer help: rounding leaves {estimate:.1e}; ask for that accuracy",
    )


def _unseen(rung: Rung, misfit: Misfit) -> bool:
    """Whether an equation that holds at its own points leaves much elsewhere, or in a feature.

    Then something falls between the points, and no two levels agree for good before it is seen.
    """
    seen = not rung.determined and misfit.feature is None
    return not seen and misfit.label.startswith(EQUATION) and misfit.relative > _MISFIT


def _cut(problem: Problem, ladder: Ladder, levels: Sequence[Rung], outcome: Outcome) -> Level:
    """The last of some levels where there cannot be a higher one, for the reason in `outcome`.

    It has converged if the levels before approach it so that it is good to the accuracy, and no
    condition is left with more.
    """
    rung = levels[-1]
    left = list(misfits(problem, rung.network, ladder.samples))
    worst = max(left, key=lambda one: one.relative)
    if worst.relative <= _HOLDING and len(levels) > 1:
        error, how = remaining(levels[-2], rung, worst), _HOW
    elif worst.relative <= _HOLDING:
        error, how = max(rung.truncation, worst.relative), _HOW_ALONE
    else:
        error, how = extrapolated(levels, _NEGLIGIBLE_AXIS * ladder.accuracy), _HOW_ROUGH
    if error is None or not worst.relative < _ROUGH:
        return Level(rung.network, outcome, inf, how)
    conditions = [one.relative for one in left if not one.label.startswith(EQUATION)]
    held = max(conditions, default=0.0) <= max(_MISFIT, _LOOSE * ladder.accuracy)
    if held and error <= ladder.accuracy:
        outcome = Outcome("converged", f"the last level is good to {error:.1e}")
    return Level(rung.network, outcome, error, how)


def _too_large(
    problem: Problem, ladder: Ladder, degrees: tuple[int, ...], rung: Rung | None
) -> Outcome:
    """That the next level is too large, by which limit, and the key that raises it.

    `rung` is the level before; None where this one takes a dense matrix.
    """
    size = prod(degree + 1 for degree in degrees) * len(problem.unknowns)
    largest = min(ladder.largest, ladder.dense) if rung is None else rung.largest
    if size > largest == ladder.largest:
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


def _late(degrees: tuple[int, ...]) -> Outcome:
    return Outcome(
        "out of budget",
        f"the next level, of degrees {degrees}, would outlast the time limit; give it more time",
    )


def _given_up(
    problem: Problem,
    ladder: Ladder,
    degrees: tuple[int, ...],
    levels: Sequence[Rung],
    rung: Rung | None,
) -> Level:
    """The last level that did not diverge or grow too large, or that one if there is no other."""
    if rung is not None:
        best = levels[-1].network if levels else rung.network
        return Level(best, rung.outcome, inf, "")
    end = _too_large(problem, ladder, degrees, None)
    if not levels:
        return Level(ladder.network(degrees), end, inf, "")
    return _cut(problem, ladder, levels, end)
