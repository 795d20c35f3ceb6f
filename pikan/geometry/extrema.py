"""The largest value of a function over a part of a domain, and where it is taken."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.geometry.domain import BoundaryPart, Domain, even
from pikan.geometry.face import Face
from pikan.geometry.region import RegionPart
from pikan.geometry.shape import Points

# Points along each parameter at first, by the number of parameters; so many points in more.
_FIRST, _SPREAD = {1: 801, 2: 61, 3: 17}, 8000
# The best few are searched about, on grids of so many points a parameter, halved so many times.
_BEST, _GRID, _HALVINGS = 4, {1: 5, 2: 5, 3: 3}, 28
# Steps about points in many coordinates go along one of these at a time.
_FULL = 3

Function = Callable[[Points], Float[np.ndarray, " n"]]


class Extremum(NamedTuple):
    """The largest value, and a point at which it is taken."""

    value: float
    place: tuple[float, ...]


class _Chart(NamedTuple):
    """A part by parameters in the unit cube; what is not of the part has no value."""

    parameters: int
    points: Callable[[Float[np.ndarray, "n _"]], Points]
    holds: Callable[[Points], np.ndarray]


def largest_value(domain: Domain, part: BoundaryPart, function: Function) -> Extremum:
    """The largest value over a part, Face(()) being all of the domain with its boundary.

    The best points of a grid, then finer grids about these: what is narrower is missed.
    """
    charts = [_chart(domain, part)]
    if domain.region is not None and isinstance(part, Face) and not part.fixed:
        charts += [_chart(domain, side) for side in domain.region.parts]
    return max((_search(chart, function) for chart in charts), key=lambda one: one.value)


def _chart(domain: Domain, part: BoundaryPart) -> _Chart:
    box = domain.box
    lower, upper = np.array(box.lower), np.array(box.upper)
    if isinstance(part, RegionPart):
        own = len(part.region.axes) - 1
        others = [axis for axis in range(box.dimension) if axis not in part.region.axes]

        def on_side(unit: Float[np.ndarray, "n _"]) -> Points:
            points = np.empty((len(unit), box.dimension))
            points[:, list(part.region.axes)] = part.side.points(unit[:, :own])
            points[:, others] = lower[others] + (upper - lower)[others] * unit[:, own:]
            return points

        return _Chart(own + len(others), on_side, lambda points: part.bounds(box, points))
    fixed = dict(part.fixed)
    free = [axis for axis in range(box.dimension) if axis not in fixed]

    def on_face(unit: Float[np.ndarray, "n _"]) -> Points:
        points = np.empty((len(unit), box.dimension))
        points[:, free] = lower[free] + (upper - lower)[free] * unit
        for axis, value in fixed.items():
            points[:, axis] = value
        return points

    return _Chart(len(free), on_face, domain.contains if free else domain.covers)


def _search(chart: _Chart, function: Function) -> Extremum:
    def values(unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        points = chart.points(unit)
        held = chart.holds(points)
        found = np.full(len(unit), -np.inf)
        if held.any():
            found[held] = np.nan_to_num(function(points[held]), nan=-np.inf)
        return found

    count = chart.parameters
    if count == 0:
        return _extremum(chart, np.zeros(0), float(values(np.zeros((1, 0)))[0]))
    first = _FIRST.get(count)
    unit = even(_SPREAD, count) if first is None else _grid(np.linspace(0.0, 1.0, first), count)
    step = _SPREAD ** (-1.0 / count) if first is None else 1.0 / (first - 1)
    found = values(unit)
    best = np.argsort(-found, kind="stable")[:_BEST]
    places, heights = unit[best], found[best]
    # Steps to the points about one: a grid, in many coordinates along each of them alone.
    moves = np.vstack([np.eye(count), -np.eye(count)])
    if count <= _FULL:
        along = np.arange(_GRID[count]) - _GRID[count] // 2
        moves = _grid(along.astype(float), count)
    for _ in range(_HALVINGS):
        near = np.clip(places[:, None] + step * moves[None], 0.0, 1.0)
        beside = values(near.reshape(-1, count)).reshape(len(places), -1)
        which = beside.argmax(axis=1)
        rows = np.arange(len(places))
        better = beside[rows, which] > heights
        places = np.where(better[:, None], near[rows, which], places)
        heights = np.where(better, beside[rows, which], heights)
        step *= 0.5
    top = int(heights.argmax())
    return _extremum(chart, places[top], float(heights[top]))


def _extremum(chart: _Chart, unit: Float[np.ndarray, " _"], value: float) -> Extremum:
    return Extremum(value, tuple(map(float, chart.points(unit[None])[0])))


def _grid(along: Float[np.ndarray, " _"], count: int) -> Float[np.ndarray, "n _"]:
    return np.stack(np.meshgrid(*[along] * count, indexing="ij"), axis=-1).reshape(-1, count)
