"""Numbers that follow from a solution: integrals, values at points, largest and least values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, nan
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Name
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.extrema import largest_value
from pikan.geometry.quadrature import rule
from pikan.geometry.region import RegionPart
from pikan.network.base import Network
from pikan.network.partials import partials as network_partials
from pikan.network.piecewise import PiecewiseProduct
from pikan.network.product import FullProduct, LowRank
from pikan.network.time_slabs import TimeSlabs
from pikan.problem.partials import Partial, partials
from pikan.problem.pieces import (
    of_piece,
    owners,
    piece_of,
    side_constants,
    side_partials,
    written_out,
)
from pikan.problem.statement import Functional, Problem, residual_on
from pikan.report.errors import by_chunks
from pikan.report.report import FunctionalValue
from pikan.solvers.time_slab import end_of

# Steps of the quadrature, doubled until two agree to this part of the integral of the absolute
# value, or points are too many by themselves or times the parameters of the network.
_STEPS, _AGREED, _MOST, _WORK = (6, 12, 24, 48, 96, 192, 384), 1e-13, 300_000, 2_000_000_000
# Rounding of a sum.
_ROUNDING = 1e-15
_BY_LEVELS = "difference from the level before"
_BY_ERROR = "estimated error of the solution times the derivatives of the formula by the unknowns"
_BY_RULE = "difference of two quadratures"

Points = Float[np.ndarray, "n d"]
Density = Callable[[Points], Float[np.ndarray, " n"]]


class _Result(NamedTuple):
    """A number with the error of the rule that made it, and where it is taken."""

    value: float
    error: float
    place: tuple[float, ...] = ()


def functional_values(
    problem: Problem, network: Network, lower: Network | None, error: float | None
) -> Mapping[str, FunctionalValue]:
    """All that is wanted of a solution, each with its estimate.

    `lower` is the network of the level before, None where there is none; `error` is the estimated
    relative error of the solution, None where none is known.
    """
    values = dict[str, FunctionalValue]()
    for wanted in problem.functionals:
        found, formula = _result(problem, network, wanted), wanted.formula
        estimate, how = found.error, _BY_RULE
        if any(_slots(problem, _on(problem, wanted, part)) for part in formula.faces):
            if lower is not None:
                before = _result(problem, lower, wanted)
                estimate, how = estimate + abs(found.value - before.value), _BY_LEVELS
            else:
                further = _propagated_error(problem, network, error, wanted)
                estimate, how = estimate + further, _BY_ERROR
        place = dict(zip(problem.coordinates, found.place, strict=False))
        values[wanted.name] = FunctionalValue(
            found.value, estimate, how, wanted.kind, formula.label, place
        )
    return values


def _result(problem: Problem, network: Network, wanted: Functional) -> _Result:
    if end_of(problem, network) is not None:
        # Cut short, a march has no value over all of the time.
        return _Result(nan, nan)
    views = [view for part in wanted.formula.faces for view in _views(problem, network, part)]
    if wanted.kind == "integral":
        several = [_integral(view, _density(view, wanted)) for view in views]
        return _Result(sum(one.value for one in several), sum(one.error for one in several))
    if wanted.kind == "value":
        point = np.array([[value for _, value in sorted(views[0].part.fixed)]])
        found = float(_density(views[0], wanted)(point)[0])
        return _Result(found, _ROUNDING * abs(found), tuple(map(float, point[0])))
    sign = 1.0 if wanted.kind == "maximum" else -1.0
    densities = [_density(view, wanted) for view in views]
    every = [
        largest_value(view.problem.domain, view.part, lambda at, f=density: sign * f(at))
        for view, density in zip(views, densities, strict=True)
    ]
    best = max(every, key=lambda one: one.value)
    return _Result(sign * best.value, _ROUNDING * abs(best.value), best.place)


class _View(NamedTuple):
    """A part of a domain with the problem and the network there."""

    problem: Problem
    network: Network
    part: BoundaryPart


def _views(problem: Problem, network: Network, part: BoundaryPart) -> list[_View]:
    """A part as it is, of a region in pieces as each of them sees it."""
    if not isinstance(network, PiecewiseProduct) or (
        isinstance(part, RegionPart) and part.outer is not None
    ):
        return [_View(problem, network, part)]
    every = range(len(problem.pieces))
    if isinstance(part, RegionPart):
        every = [piece_of(problem, part)]
    elif len(part.fixed) == problem.box.dimension:
        every = owners(problem, np.array([[value for _, value in sorted(part.fixed)]])).tolist()
    return [_View(of_piece(problem, k), network.pieces()[k], part) for k in every]


def _on(problem: Problem, wanted: Functional, part: BoundaryPart) -> Expression:
    """The formula on a part, the normal of a face put in."""
    if isinstance(part, RegionPart) and part.outer is not None:
        return written_out(problem, wanted.formula.residual)
    return residual_on(problem, wanted.formula, part)


def _slots(problem: Problem, formula: Expression) -> Mapping[str, tuple[int | None, Partial]]:
    """Every partial in a formula, and from which side of an interface it is seen."""
    own = {name: (None, one) for name, one in partials(problem, formula).items()}
    return {**own, **side_partials(problem, formula)}


def _density(view: _View, wanted: Functional) -> Density:
    """The formula of a functional as a function of points of a part."""
    return _values(view, _on(view.problem, wanted, view.part))


def _values(view: _View, formula: Expression) -> Density:
    problem, network, part = view
    slots = _slots(problem, formula)
    orders = {one.orders for _, one in slots.values()}
    like, constants, sides = next(network.parameters()), dict(problem.constants), {None: None}
    for one in (each for condition in problem.interfaces for each in condition.interfaces):
        if one.part is part:
            constants |= side_constants(problem, one)
            sides = {0: one.first, 1: one.second}

    def columns(points: Points) -> Float[np.ndarray, "n _"]:
        at = torch.from_numpy(points).to(like)
        with torch.no_grad():
            found = {k: network_partials(network, at, orders, piece) for k, piece in sides.items()}
        every = [found[side][one.orders][:, one.unknown] for side, one in slots.values()]
        return torch.stack(every, dim=1).double().cpu().numpy()

    def density(points: Points) -> Float[np.ndarray, " n"]:
        named = dict(zip(problem.coordinates, points.T, strict=True))
        named |= problem.domain.normal_columns(part, points)
        if slots:
            named |= dict(zip(slots, by_chunks(columns, points).T, strict=True))
        with np.errstate(all="ignore"):
            found = np.asarray(evaluate(formula, {**constants, **named}, np), dtype=float)
        return np.broadcast_to(found, len(points))

    return density


def _integral(view: _View, density: Density) -> _Result:
    """By rules of ever more steps until two agree; its error is the last change."""
    problem, network, part = view
    breaks, corners = _breaks(network), _corners(problem, network)
    before, change = None, inf
    most = min(_MOST, _WORK // sum(one.numel() for one in network.parameters()))
    for steps in _STEPS:
        points, weights = rule(problem.domain, part, steps, breaks, corners)
        if before is not None and change < inf and len(points) > most:
            break
        values = density(points) if len(points) else np.zeros(0)
        now, size = float(weights @ values), float(weights @ np.abs(values))
        change = inf if before is None else abs(now - before)
        before = now
        if not change > _AGREED * size:
            break
    assert before is not None
    return _Result(before, max(change, _ROUNDING * abs(before)))


def _corners(problem: Problem, network: Network) -> Points:
    """The points at which a network of a plane region has singular functions."""
    if isinstance(network, FullProduct) and network.singular is not None:
        return np.unique(network.singular.points.cpu().numpy().round(12), axis=0)
    return np.zeros((0, 2 if problem.region is None else len(problem.region.axes)))


def _breaks(network: Network) -> Mapping[int, Sequence[float]]:
    """Where a network is not smooth along each axis."""
    found: dict[int, list[float]] = {}
    for axis, values in _knots(network):
        found.setdefault(axis, []).extend(values)
    return {axis: sorted(set(values)) for axis, values in found.items()}


def _knots(network: Network) -> Iterator[tuple[int, list[float]]]:
    if isinstance(network, TimeSlabs):
        yield network.axis, network.edges.tolist()
        for slab in network.slabs():
            yield from _knots(slab)
    elif isinstance(network, FullProduct | LowRank):
        for axis, basis in enumerate(network.axes()):
            center, scale = float(network.center[axis]), float(network.scale[axis])
            yield axis, [center + scale * float(one) for one in basis.knots[0, 1:-1]]


def _propagated_error(
    problem: Problem, network: Network, error: float | None, wanted: Functional
) -> float:
    """The error of a functional to first order, of partials that are as far off as the solution."""
    if error is None:
        return inf
    total = 0.0
    views = [view for part in wanted.formula.faces for view in _views(problem, network, part)]
    for view in views:
        stated, known, part = view
        formula = _on(stated, wanted, part)
        for name in _slots(stated, formula):
            slope = _values(view, differentiate(formula, name))
            points, weights = rule(stated.domain, part, _STEPS[1], {}, _corners(stated, known))
            own = _values(view, Name(name))(points)
            size = float(np.sqrt(np.mean(own**2))) if len(own) else 0.0
            by = np.abs(slope(points))
            total += size * (
                float(weights @ by) if wanted.kind == "integral" else float(by.max(initial=0.0))
            )
    return error * total
