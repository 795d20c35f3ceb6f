"""hp-refinement for problems of one coordinate: cells halved until two degrees agree."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, pi
from typing import Literal, NamedTuple, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.network.base import Network
from pikan.optimize.stage import StageProgress
from pikan.problem.classification import equation_order, linear
from pikan.problem.statement import Problem
from pikan.solvers.replay import Event, Events
from pikan.solvers.spectral_elements.collocation import steady_collocation
from pikan.solvers.spectral_elements.mesh import divisible, grade_toward, halve, turning_points
from pikan.solvers.spectral_elements.newton import newton
from pikan.solvers.spectral_elements.space import (
    Coefficients,
    Function,
    Space,
    gauss,
    zero,
)

# The second level has so many points more in each cell.
_MORE = 3
# Cells whose last coefficients are above this part of the largest are halved in one round: the
# first part as long as anything is far from resolved, the second one later.
_FIRST, _LATER, _COARSE = 0.2, 0.01, 1e-2
# A cell may leave this part of its share of the accuracy.
_SHARE = 0.3
# Cells with residuals above this part of the largest are halved where two levels differ.
_RESIDUAL = 0.1
# So many rounds in which levels come no nearer to each other by this factor are the end.
_NEARER, _PATIENCE, _ROUNDS = 0.5, 3, 80
# So many coefficients of a cell are its last ones; so many tell an even from an odd solution.
_TAIL, _LAST = 3, 2
# The power of how much smaller these are of the higher degree, by which it is thought nearer.
_CAUTION = 0.25
# How far a smooth function goes along the interval.
_RADIANS = 2.0

HOW = (
    "difference of two degrees on the same cells, in the mean over all, as far as the last "
    "coefficients of the higher one are no smaller"
)


class ElementSolution(NamedTuple):
    """Piecewise polynomials, and how refinement ended.

    `rounding` is the size of Newton's last correction, `apart` how far two degrees on the same
    cells are apart, `estimate` the error; the last two are infinite where unknown.
    """

    space: Space
    coefficients: Coefficients
    end: Literal["agreed", "rounding", "too many", "newton", "singular"]
    rounding: float
    apart: float = inf
    estimate: float = inf

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return sum(own.numel() for own in self.coefficients)


@final
@dataclass(frozen=True)
class CellRefinement:
    """Settings of hp-refinement: `accuracy` in relative L2, `points` in a cell.

    `largest` is the most coefficients. Unless `graded`, no cells are added toward ends.
    """

    accuracy: float
    points: int
    largest: int
    graded: bool = True


def refine_cells(
    problem: Problem,
    settings: CellRefinement,
    edges: Float[Tensor, " _"],
    guess: Function | None,
    level: str,
    best_network: Callable[[], Network | None],
) -> Events[ElementSolution]:
    """Cells that are halved until their last coefficients are small and two degrees agree.

    The difference of two solutions on the same cells is the estimate, in relative L2. Where it is
    too large, cells are chosen by the residual: the difference is polluted by errors from
    elsewhere. Linear problems measure cells in L2; in others a spike without weight still decides
    whether Newton's method ends, and coefficients count in full.
    """
    affine, best, before, stuck, number = linear(problem), None, inf, 0, -1
    while True:
        number += 1
        lower = _solve(problem, edges, settings.points, guess, affine=affine)
        unsolved = lower.end in ("newton", "singular")
        if unsolved and affine and number == 0 and settings.graded:
            # On cells that are wide beside a layer equations are as good as contradictory.
            edges = grade_toward(edges, turning_points(problem))
            continue
        if unsolved:
            return lower if best is None else best
        tails = _tails(lower, in_mean=affine)
        total = float(tails.norm() if affine else tails.max())
        yield _event(level, number, total, best_network)
        if number == 0 and settings.graded and float(tails.max()) > _COARSE:
            # Nothing is resolved: layers may be anywhere, of any width.
            edges, guess = grade_toward(edges, turning_points(problem)), _guess(lower, affine)
            continue
        limit = _SHARE * settings.accuracy / len(tails) ** 0.5 if affine else settings.accuracy
        share = _FIRST if float(tails.max()) > _COARSE else _LATER
        marked = (tails > limit) & (tails > share * tails.max()) & divisible(edges)
        if total <= settings.accuracy or not bool(marked.any()):
            moved = lower.space.function(lower.coefficients)
            higher = _solve(problem, edges, settings.points + _MORE, moved, affine=affine)
            apart = difference(lower, higher) if higher.end == "agreed" else inf
            if best is None or apart < best.apart:
                left, after = (float(_tails(one, count=_LAST).norm()) for one in (lower, higher))
                estimate = error_on_cells(apart, left, after)
                best = higher._replace(apart=apart, estimate=max(estimate, higher.rounding))
            if apart <= settings.accuracy:
                return best._replace(end="agreed")
            stuck = 0 if apart < _NEARER * before else stuck + 1
            before = min(before, apart)
            marked = _large_residuals(problem, lower) & divisible(edges)
            if stuck == _PATIENCE or not bool(marked.any()):
                return best._replace(end="rounding")
        larger = lower.size + int(marked.sum()) * settings.points
        if larger > settings.largest or number == _ROUNDS:
            left = best or lower
            return left._replace(end="too many")
        edges, guess = halve(edges, marked), _guess(lower, affine)


def _guess(lower: ElementSolution, affine: bool) -> Function | None:
    """Where Newton's method starts on the next cells."""
    return None if affine else lower.space.function(lower.coefficients)


def _solve(
    problem: Problem,
    edges: Float[Tensor, " _"],
    points: int,
    guess: Function | None,
    *,
    affine: bool,
) -> ElementSolution:
    """The solution on cells, from a guess or from zero; an end by Newton where there is none."""
    joined = tuple(equation_order(problem, k, 0) for k in range(len(problem.unknowns)))
    space = Space(edges, joined, points)
    start = zero(space) if guess is None or affine else space.interpolate(guess)
    drawn = space.interpolate(_wave(edges)) if affine else None
    found = newton(steady_collocation(problem, space), start, affine=affine, drawn=drawn)
    end = "agreed" if found.converged else "singular" if found.singular else "newton"
    return ElementSolution(space, found.coefficients, end, found.rounding)


def _wave(edges: Float[Tensor, " _"]) -> Function:
    """Smooth functions that have nothing to do with any problem."""
    lower, number = edges[0], _RADIANS / (edges[-1] - edges[0])

    def wave(unknown: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, "s n"]:
        phase = number * (x - lower) + unknown + 1.0 + order * pi / 2
        return (torch.sin(phase) * number**order)[None]

    return wave


def _tails(
    solution: ElementSolution, *, in_mean: bool = True, count: int = _TAIL
) -> Float[Tensor, " c"]:
    """The last Legendre coefficients of each cell, in parts of the largest unknown's norm."""
    space = solution.space
    widths = space.edges.diff()
    worst = torch.zeros_like(widths)
    for k, own in enumerate(solution.coefficients):
        found = space.legendre(k, own)[0]
        degrees = torch.arange(found.shape[1])
        means = (found.square() / (2 * degrees + 1)).sum(dim=1)
        norm = ((means * widths).sum() / widths.sum()).sqrt()
        tail = found[:, -count:].abs().amax(dim=1) / norm.clamp_min(1e-300)
        worst = torch.maximum(worst, tail)
    return worst * (widths / widths.sum()).sqrt() if in_mean else worst


def difference(lower: ElementSolution, higher: ElementSolution) -> float:
    """The relative L2 difference of two solutions on the same cells, of the worst unknown."""
    unit, weights = gauss(higher.space.points + max(higher.space.joined) + 1)
    one, other = (each.space.values(each.coefficients, unit)[:, 0] for each in (lower, higher))
    weighted = higher.space.half * weights
    apart, size = (
        (weighted * field.square()).sum(dim=(1, 2)).sqrt() for field in (one - other, other)
    )
    size = torch.where(size > 1e-11 * size.max(), size, size.max().clamp_min(1e-300))
    found = float((apart / size).max())
    return found if found == found else inf


def error_on_cells(apart: float, before: float, after: float, more: int = _MORE) -> float:
    """The relative L2 error of the higher of two degrees, `more` apart, on the same cells.

    What the lower one misses is how far they are apart. The higher one misses less as its last
    coefficients are smaller, by the fourth root of how much smaller: those of one cell need not
    fall as those of another. It misses no less than the next one adds, as they fall geometrically.
    """
    if not apart < inf:
        return inf
    share = min(after / before, 1.0) if before > 0.0 else 1.0
    return max(share**_CAUTION * apart, min(after * share ** (1.0 / more), apart))


def _large_residuals(problem: Problem, solution: ElementSolution) -> Bool[Tensor, " c"]:
    """The cells whose residuals between the points of collocation weigh the most."""
    space = solution.space
    finer = Space(space.edges, space.joined, space.points + _MORE)
    moved = finer.interpolate(space.function(solution.coefficients))
    left = steady_collocation(problem, finer).residual(moved)[:, 0]
    local = (space.half * left.square().mean(dim=2).sqrt()).amax(dim=0)
    return local > _RESIDUAL * local.max()


def _event(level: str, number: int, left: float, best: Callable[[], Network | None]) -> Event:
    nothing = torch.zeros(0)
    progress = StageProgress("elements", number, _ROUNDS, nothing, left, {"coefficients": left})
    return Event(level, progress, best)
