"""Quadrature over a domain and over the parts of its boundary."""

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.geometry.cross_section import cross_section, heights
from pikan.geometry.domain import BoundaryPart, Domain, even
from pikan.geometry.double_exponential import double_exponential
from pikan.geometry.implicit import ContourSide
from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Points
from pikan.geometry.stretches import Stretch, arcs, stretches

# Places this near to each other are one, in parts of the region's size.
_SAME = 1e-12
# In more coordinates than this there are no products of points, but evenly spread ones, so many
# for each step.
_PRODUCTS, _SPREAD = 3, 400
# One Gauss point of a cell between breaks, or of a chord of a contour, for so many steps.
_STEPS_OF_ONE = 3
# Points around a closed side, where the trapezoidal rule converges exponentially, for each step.
_AROUND = 4

Column = Float[np.ndarray, " n"]
Breaks = Mapping[int, Sequence[float]]


class Rule(NamedTuple):
    """Points and weights of a quadrature."""

    points: Points
    weights: Column


def rule(domain: Domain, part: BoundaryPart, steps: int, breaks: Breaks, corners: Points) -> Rule:
    """The rule over a part with some steps along each coordinate; Face(()) is the inside.

    `breaks` are where integrands are not smooth along an axis of the box, `corners` points of a
    region at which they may be singular.
    """
    box, region = domain.box, domain.region
    fixed = dict(part.fixed)
    own = () if region is None or set(region.axes) & fixed.keys() else region.axes
    free = [axis for axis in range(box.dimension) if axis not in fixed and axis not in own]
    factors = list[Rule]()
    if isinstance(part, RegionPart):
        factors.append(_side_rule(part, steps, corners))
    elif region is not None and own:
        factors.append(_region_rule(region, steps, corners))
    elif len(free) > _PRODUCTS:
        # Evenly spread points of a face in many coordinates.
        points = domain.sample(part, _SPREAD * steps)
        volume = float(np.prod(np.subtract(box.upper, box.lower)[list(free)]))
        return Rule(points, np.full(len(points), volume / len(points)))
    every = [(box.lower[axis], box.upper[axis], breaks.get(axis, ())) for axis in free]
    factors += [_axis_rule(low, high, cuts, steps) for low, high, cuts in every]
    order = [*(own if factors and own else ()), *free, *fixed]
    values = np.array([[fixed[axis] for axis in fixed]])
    points, weights = reduce(_product, factors, Rule(np.zeros((1, 0)), np.ones(1)))
    points = np.hstack([points, np.repeat(values, len(points), axis=0)])
    return Rule(points[:, np.argsort(order)], weights)


def _product(one: Rule, other: Rule) -> Rule:
    points = np.hstack(
        [
            np.repeat(one.points, len(other.points), axis=0),
            np.tile(other.points, (len(one.points), 1)),
        ]
    )
    return Rule(points, np.outer(one.weights, other.weights).ravel())


def _axis_rule(low: float, high: float, breaks: Sequence[float], steps: int) -> Rule:
    """Double exponential on an interval; Gauss on cells where it has breaks."""
    inner = [one for one in breaks if low < one < high]
    if not inner:
        x, w = double_exponential(steps)
        return Rule(low + (high - low) * x[:, None], (high - low) * w)
    return _on_cells(np.unique([low, *inner, high]), steps // _STEPS_OF_ONE)


def _on_cells(edges: Column, count: int) -> Rule:
    """Gauss points of cells."""
    x, w = np.polynomial.legendre.leggauss(count)
    widths = np.diff(edges)[:, None]
    points = edges[:-1, None] + widths * (x + 1.0) / 2.0
    return Rule(points.reshape(-1, 1), (widths * w / 2.0).ravel())


def _side_rule(part: RegionPart, steps: int, corners: Points) -> Rule:
    """Over the part of a side that bounds the region, in the region's own coordinates."""
    if len(part.region.axes) == 2:
        return _join([_stretch_rule(one, steps) for one in stretches(part, corners)], 2)
    x, w = double_exponential(steps)
    along = Rule(x[:, None], w)
    unit, weights = _product(along, along)
    if not np.all(part.bounds_own(part.side.points(even(steps**2, 2)))):
        unit = even(_SPREAD * steps, 2)
        weights = np.full(len(unit), 1.0 / len(unit))
    points = part.side.points(unit)
    weights = weights * part.side.density(unit)
    kept = part.bounds_own(points)
    return Rule(points[kept], weights[kept]) if not np.all(kept) else Rule(points, weights)


def _stretch_rule(stretch: Stretch, steps: int) -> Rule:
    first, width = stretch.first, stretch.last - stretch.first
    if isinstance(stretch.side, ContourSide):
        knots = stretch.side.knots
        inner = knots[(knots > first) & (knots < stretch.last)]
        cells = _on_cells(np.array([first, *inner, stretch.last]), steps // _STEPS_OF_ONE)
        u, w = (cells.points[:, 0] - first) / width, cells.weights / width
    elif stretch.closed:
        count = _AROUND * steps
        u, w = (np.arange(count) + 0.5) / count, np.full(count, 1.0 / count)
    else:
        u, w = double_exponential(steps)
    unit = first + width * u[:, None]
    return Rule(stretch.side.points(unit), w * width * stretch.side.density(unit))


def _join(rules: Sequence[Rule], dimension: int) -> Rule:
    if not rules:
        return Rule(np.zeros((0, dimension)), np.zeros(0))
    return Rule(
        np.concatenate([one.points for one in rules]),
        np.concatenate([one.weights for one in rules]),
    )


def _region_rule(region: Region, steps: int, corners: Points) -> Rule:
    """Over a region in its own coordinates."""
    if len(region.axes) == 2:
        return _plane_rule(region, steps, corners)
    found = list[Rule]()
    x, w = double_exponential(steps)
    for low, high in pairwise(heights(region)):
        for z, weight in zip(low + (high - low) * x, (high - low) * w, strict=True):
            flat = cross_section(region, float(z))
            if flat is not None:
                plane = _plane_rule(flat, steps, np.zeros((0, 2)))
                points = np.column_stack([plane.points, np.full(len(plane.points), z)])
                found.append(Rule(points, weight * plane.weights))
    return _join(found, 3)


def _plane_rule(region: Region, steps: int, corners: Points) -> Rule:
    """Over a plane region, cut into slabs of y and each of these into chords of x.

    Between the heights at which arcs of the boundary end the chords lie between the same arcs.
    """
    boundary, size = arcs(region, corners), region.size
    ends = [
        [arc.side.points(np.array([[u]]))[0] for u in (arc.first, arc.last)] for arc in boundary
    ]
    places = np.concatenate([corners, *map(np.array, ends)])
    ordered = np.sort(
        np.array([*(y for arc in boundary for y in (arc.bottom, arc.top)), *corners[:, 1]])
    )
    kept = np.concatenate([[True], np.diff(ordered) > _SAME * size])
    levels = [float(one) for one in ordered[kept]]
    v, w = double_exponential(steps)
    found = list[Rule]()
    for low, high in pairwise(levels):
        near = _SAME * size
        active = [one for one in boundary if one.bottom <= low + near and one.top >= high - near]
        y = low + (high - low) * v
        every = np.concatenate([y, [(low + high) / 2, low, high]])
        columns = sorted((one.x(every) for one in active), key=lambda column: float(column[-3]))
        for left, right in pairwise(columns):
            middle = np.array([[(left[-3] + right[-3]) / 2, (low + high) / 2]])
            if not region.holds(middle)[0]:
                continue
            cuts = _cuts(places, (low, high), left[-2:], right[-2:], near)
            for a, b in pairwise(cuts):
                across = (right - left)[:-3, None]
                x = left[:-3, None] + across * (a + (b - a) * v)
                weights = (high - low) * (b - a) * w[:, None] * w * across
                points = np.stack([x, np.repeat(y[:, None], len(v), axis=1)], axis=-1)
                found.append(Rule(points.reshape(-1, 2), weights.ravel()))
    return _join(found, 2)


def _cuts(
    places: Float[np.ndarray, "_ 2"],
    ends: tuple[float, float],
    left: Float[np.ndarray, " 2"],
    right: Float[np.ndarray, " 2"],
    near: float,
) -> list[float]:
    """Shares of a chord at which places lie on one of its two end chords, with 0 and 1."""
    found = [0.0, 1.0]
    for y, first, last in zip(ends, left, right, strict=True):
        if last - first > 1e3 * near:
            on = places[np.abs(places[:, 1] - y) <= near, 0]
            shares = (on - first) / (last - first)
            found += [float(one) for one in shares if 1e-9 < one < 1.0 - 1e-9]
    ordered = np.unique(found)
    return [float(one) for one in ordered[np.concatenate([[True], np.diff(ordered) > 1e-9])]]
