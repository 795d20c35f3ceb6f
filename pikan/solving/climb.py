"""A product of polynomials whose degrees rise until two levels of them agree."""

from math import inf, prod
from time import monotonic

from pikan.outcome import Outcome
from pikan.problem import Problem, linear
from pikan.solving.elimination import eliminable
from pikan.solving.estimate import remaining
from pikan.solving.event import Events
from pikan.solving.level import Level, distance
from pikan.solving.misfit import Misfit, worst
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
# Small levels are this much slower than the cube of their size says.
_OVERHEAD = 4.0
# Residuals of this part of their terms are no matter of resolution alone.
_ASTRAY = 1e-2


def climb(problem: Problem, ladder: Ladder) -> Events[Level]:
    """Levels of rising degree, each started from the last, until two agree.

    The degree along an axis rises while the coefficients along it have not decayed; when all
    have, one more level confirms, and the difference between the last two, on points that no
    level was fitted to, is the estimate.
    """
    lower: Rung | None = None
    degrees, estimate, restless = ladder.start, None, 0
    direct, ends = eliminable(problem), monotonic() + ladder.time_limit
    while True:
        began = monotonic()
        rung = yield from stand(problem, ladder, degrees, lower, direct=direct)
        took = monotonic() - began
        if rung is None or rung.outcome.kind == "diverged":
            return _given_up(ladder, degrees, lower, rung, estimate)
        dear = problem.box.dimension > 2 and not rung.determined
        negligible = _NEGLIGIBLE_3D if dear else _NEGLIGIBLE
        wanted = next_degrees(rung.decay, max(negligible * ladder.accuracy, _ROUNDING))
        before, estimate = estimate, None if lower is None else distance(lower.values, rung.values)
        settled = lower is not None and _settled(lower, rung, before, estimate)
        restless = _restless(restless, lower, rung, before, estimate)
        near = estimate is not None and estimate <= ladder.accuracy
        close = estimate is not None and estimate <= _CLOSE
        misfit = _misfit(problem, rung, ladder) if near or close or dear else None
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
        elif (settled or restless == _RESTLESS) and lower is not None and estimate is not None:
            return _end(problem, ladder, lower, rung, estimate)
        higher = tuple(d + 2 for d in degrees) if wanted == degrees else wanted
        affordable = _affordable(degrees, higher, rung.largest // len(problem.unknowns))
        late = linear(problem) and _slow(rung, took, affordable) > ends - monotonic()
        if affordable == degrees or dear or late:
            misfit = misfit or _misfit(problem, rung, ladder)
            alone = max(rung.truncation, misfit.relative)
            if alone <= ladder.accuracy:
                return Level(rung.network, _truncated(alone), alone, _HOW_ALONE)
            if affordable == degrees or late:
                if lower is not None:
                    estimate = remaining(lower, rung, misfit)
                end = _late(affordable) if late else _too_large(higher, rung.largest, misfit)
                return Level(rung.network, end, estimate, _HOW)
        lower, degrees = rung, affordable


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
_HOW_ALONE = "difference from the same without its highest degrees, and what is left of equations"


def _affordable(degrees: tuple[int, ...], wanted: tuple[int, ...], largest: int) -> tuple[int, ...]:
    """The degrees wanted, or as much of the way to them as `largest` products allow."""
    for share in range(20, 0, -1):
        found = tuple(d + (w - d) * share // 20 for d, w in zip(degrees, wanted, strict=True))
        size = prod(degree + 1 for degree in found)
        if size <= largest:
            telling = size > _GROWTH * prod(degree + 1 for degree in degrees)
            return found if telling or found == wanted else degrees
    return degrees


def _slow(rung: Rung, took: float, degrees: tuple[int, ...]) -> float:
    """The least time that a dense level of these degrees takes, after one that `took` its time [s].

    Nothing ends a dense solve early; others are cheap.
    """
    more = prod(degree + 1 for degree in degrees) / prod(len(decay) for decay in rung.decay)
    return 0.0 if rung.determined else took * more**3 / _OVERHEAD


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
        f"higher degrees lead to ever other solutions: the last two differ by {estimate:.1e}, "
        "though the coefficients of each decay",
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
    own = remaining(lower, rung, after)
    return Level(rung.network, _rounded(estimate, after), own, _HOW)


def _rounded(estimate: float, rung: Misfit) -> Outcome:
    if rung.relative > _MISFIT:
        return Outcome("stalled", f"higher degrees no longer help: {rung.sentence()}")
    return Outcome(
        "stalled",
        f"higher degrees no longer help: rounding leaves {estimate:.1e}; ask for that accuracy",
    )


def _too_large(degrees: tuple[int, ...], largest: int, misfit: Misfit | None) -> Outcome:
    size = prod(degree + 1 for degree in degrees)
    left = f"; {misfit.sentence()}" if misfit and misfit.relative > _ASTRAY else ""
    return Outcome(
        "out of budget",
        f"the next level needs {size} products of degrees {degrees}, more than {largest}; "
        f"ask for less accuracy or choose a network with fewer parameters{left}",
    )


def _late(degrees: tuple[int, ...]) -> Outcome:
    return Outcome(
        "out of budget",
        f"the next level, of degrees {degrees}, would outlast the time limit; give it more time",
    )


def _given_up(
    ladder: Ladder,
    degrees: tuple[int, ...],
    lower: Rung | None,
    rung: Rung | None,
    estimate: float | None,
) -> Level:
    """The last level that did not diverge or grow too large, or that one if there is no other."""
    best = ladder.network(degrees) if lower is None else lower.network
    if rung is None:
        return Level(best, _too_large(degrees, ladder.largest, None), estimate, _HOW)
    return Level(rung.network if lower is None else best, rung.outcome, estimate, _HOW)
