"""Limits of levels: the degrees that fit, the time they take, and the words for what does not."""

from collections.abc import Sequence
from math import prod

from pikan.optimize.outcome import Outcome
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.solvers.spectral import region_points
from pikan.solvers.spectral.level import Level, PRefinement

# A level with fewer new coefficients would not show a difference.
_GROWTH = 1.04
# A dense matrix of a level takes with all that is made for it this many times what the matrices
# along one coordinate take, number by number.
_BATCHED = 4
# Small levels take their time for other things than the cube of their size, which no machine goes
# through at a lower rate than this [1/s].
_LEAST_RATE = 1e8
# A nonlinear level may be near after as much fewer steps, and can be ended between them.
_STEPS = 4.0
# As many parts of the way to the degrees wanted are tried.
_PARTS = 20


def size_of(problem: Problem, degrees: Sequence[int]) -> int:
    """The number of products of these degrees; in a region they are of total degree.

    Of pieces that of all, whose degrees follow each other.
    """
    if problem.pieces:
        own = len(degrees) // len(problem.pieces)
        parts = [degrees[k : k + own] for k in range(0, len(degrees), own)]
        return sum(map(region_points.size_of, parts))
    if problem.region is not None:
        return region_points.size_of(degrees)
    return prod(degree + 1 for degree in degrees)


def affordable(
    problem: Problem,
    settings: PRefinement,
    level: Level,
    degrees: tuple[int, ...],
    wanted: tuple[int, ...],
) -> tuple[int, ...]:
    """The degrees wanted, or as much of the way to them as the limits after a level allow."""
    for part in range(_PARTS, 0, -1):
        found = tuple(d + (w - d) * part // _PARTS for d, w in zip(degrees, wanted, strict=True))
        size, longest = size_of(problem, found), max(found) + 1
        few = size * len(problem.unknowns) <= level.largest
        # Where one coordinate is solved after the other, matrices are left of each of them, and
        # one along the largest for all functions of the others.
        batches = size * longest <= _BATCHED * settings.dense**2
        if few and (not level.determined or (longest <= settings.dense and batches)):
            grown = size > _GROWTH * size_of(problem, degrees)
            return found if grown or found == wanted else degrees
    return degrees


def time_of(problem: Problem, level: Level, took: float, degrees: tuple[int, ...]) -> float:
    """The time that a level of these degrees takes at the rate of one that `took` its time [s].

    Nothing ends a dense solve early; along one of several coordinates after the other it is cheap.
    """
    if level.determined and len(degrees) > 1:
        return 0.0
    size = size_of(problem, degrees) * len(problem.unknowns)
    before = size_of(problem, [len(decay) - 1 for decay in level.decay]) * len(problem.unknowns)
    at_rate = min(took * (size / before) ** 3, size**3 / _LEAST_RATE)
    return at_rate if linear(problem) else at_rate / _STEPS


def too_large(
    problem: Problem, settings: PRefinement, degrees: tuple[int, ...], level: Level | None
) -> Outcome:
    """That the next level is too large, by which limit, and the key that raises it.

    `level` is the level before; None where this one takes a dense matrix.
    """
    size = size_of(problem, degrees) * len(problem.unknowns)
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


def too_late(degrees: tuple[int, ...]) -> Outcome:
    """That the next level would outlast the time limit."""
    return Outcome(
        "out of budget",
        f"the next level, of degrees {degrees}, would outlast the time limit; give it more time",
    )
