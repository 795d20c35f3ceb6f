"""How far a solution is from the known one, on points it was never trained on."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain, as_domain
from pikan.problem.features import features
from pikan.problem.graded_cells import grade
from pikan.problem.partials import partials
from pikan.problem.statement import Problem
from pikan.problem.wellposed.corners import jumps
from pikan.references.data import ROUNDING
from pikan.references.reference import ReferenceSolution
from pikan.report.report import Errors
from pikan.sampling.sobol import sobol

# Prime numbers of intervals: a grid of training points with another number of intervals shares
# none of these points but the corners, and Sobol points, which are dyadic, none at all.
_INTERVALS = {1: 1009, 2: 163, 3: 37}
# A power of two keeps Sobol points balanced.
_SCATTERED = 2**14
# So many points keep the memory of wide networks small and still are worth the call.
_CHUNK = 8192

Evaluate = Callable[[Float[np.ndarray, "n d"]], Float[np.ndarray, "n m"]]


def errors(problem: Problem, evaluate: Evaluate) -> Mapping[str, Errors]:
    """The errors of `evaluate` by unknown; none where the problem knows no solution.

    An exact formula is compared on `check_points`, data where they lie in the box. Where known
    functions jump, bend or are narrow, or conditions contradict each other in a corner, points are
    the midpoints of such a grid, closer together where something is narrow: on an edge a solution
    may have no single value, and edges are of no measure. An unknown that the problem pins only up
    to a constant is compared up to that constant.
    """
    exact = problem.exact
    if exact is None:
        return {}
    points, truth = comparison_points(problem.domain, exact)
    parts, known = None, features(problem)
    rough = known.places or not known.smooth or any(jumps(problem))
    if exact.points is None and rough:
        middles = _unit_points(problem.box.dimension, middles=True)
        points, parts = grade(middles, problem.box, known.edges)
        inside = problem.domain.covers(points)
        points, parts = points[inside], parts[inside]
        truth = exact.values(points)
    if not len(points):
        return {}
    found = by_chunks(evaluate, points)
    free = floating(problem)
    return {
        name: distance(
            found[:, problem.unknowns.index(name)],
            truth[:, column],
            against=exact.against,
            free=name in free,
            parts=parts,
        )
        for column, name in enumerate(exact.unknowns)
    }


def comparison_points(
    domain: Domain | Box, exact: ReferenceSolution
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    """Where solutions in a box are compared with the known one, and its values there."""
    domain = as_domain(domain)
    box = domain.box
    points = check_points(box) if exact.points is None else exact.points
    # Off the region a known solution may have no value.
    points = points if domain.region is None else points[domain.covers(points)]
    truth = exact.values(points)
    # Of a march that was cut short only a part of the data can be compared.
    rounding = ROUNDING * np.subtract(box.upper, box.lower)
    inside = (points >= box.lower - rounding) & (points <= box.upper + rounding)
    return points[inside.all(axis=1)], truth[inside.all(axis=1)]


def check_points(box: Box) -> Float[np.ndarray, "n d"]:
    """A dense set of points in `box`: a tensor grid with its boundary up to 3 coordinates.

    1010 points, 164 x 164 or 38 x 38 x 38; in more coordinates 16384 scrambled Sobol points.
    """
    lower, upper = np.asarray(box.lower), np.asarray(box.upper)
    return lower + (upper - lower) * _unit_points(box.dimension)


def _unit_points(dimension: int, *, middles: bool = False) -> Float[np.ndarray, "n d"]:
    if dimension not in _INTERVALS:
        return sobol(_SCATTERED, dimension, np.random.default_rng(20_260_731))
    axis = np.linspace(0.0, 1.0, _INTERVALS[dimension] + 1)
    axis = (axis[:-1] + axis[1:]) / 2 if middles else axis
    unit = np.stack(np.meshgrid(*[axis] * dimension, indexing="ij"), axis=-1)
    return unit.reshape(-1, dimension)


def distance(
    found: Float[np.ndarray, " n"],
    truth: Float[np.ndarray, " n"],
    against: str,
    free: bool = False,
    parts: Float[np.ndarray, " n"] | None = None,
) -> Errors:
    """The three norms of `found - truth`; up to a constant where `free`.

    `parts` says how much each square counts, None that all count alike.

    The relative L2 error is |found - truth| / |truth|, and where the truth is zero everywhere
    the root mean square error, which is then the only scale there is.

    >>> distance(np.array([1.0, 2.0, 2.1]), np.array([1.0, 2.0, 2.0]), "exact").maximum
    0.10000000000000009
    """
    with np.errstate(invalid="ignore", over="ignore"):
        difference = found - truth
        if free:
            difference, truth = difference - difference.mean(), truth - truth.mean()
        rmse = float(np.sqrt(np.average(difference**2, weights=parts)))
        scale = float(np.sqrt(np.average(truth**2, weights=parts))) or 1.0
        maximum = float(np.max(np.abs(difference)))
    return Errors(rmse / scale, maximum, rmse, against, len(truth))


def floating(problem: Problem) -> frozenset[str]:
    """The unknowns of which only derivatives occur: they are known up to a constant."""
    residuals = [part.residual for part in (*problem.equations, *problem.conditions)]
    pinned = {
        partial.unknown
        for residual in residuals
        for partial in partials(problem, residual).values()
        if not any(partial.orders)
    }
    return frozenset(name for i, name in enumerate(problem.unknowns) if i not in pinned)


def by_chunks(evaluate: Evaluate, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
    """`evaluate` of many points, some thousand at a time."""
    pieces = [evaluate(points[i : i + _CHUNK]) for i in range(0, len(points) or 1, _CHUNK)]
    return np.concatenate(pieces)
