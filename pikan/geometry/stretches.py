"""Stretches of sides that bound a plane region, and their arcs along which y is monotone."""

from collections.abc import Callable
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Points, Side

# At as many parameters of a side it is looked at where a stretch ends or y turns.
_ALONG = 1024
# Halvings, and steps of the golden section, that leave rounding.
_HALVINGS, _GOLDEN = 52, 75
_RATIO = (sqrt(5.0) - 1.0) / 2.0
# Whether a stretch bounds the region is looked at so far beside it, in parts of the region's size.
_BESIDE = 1e-9
# Points of a curve are a given one where they are this near, in parts of the region's size.
_NEAR = 1e-9
# A curve is nearly level where it rises by less than this part of what it rises by elsewhere.
_LEVEL = 0.5

Column = Float[np.ndarray, " n"]


class Stretch(NamedTuple):
    """A stretch of a side by its parameters; `closed` where it is all of a closed side."""

    side: Side
    first: float
    last: float
    closed: bool


def stretches(part: RegionPart, corners: Points) -> tuple[Stretch, ...]:
    """What bounds a region of a side, cut at the corners that lie on it."""
    side = part.side
    middles = (np.arange(_ALONG) + 0.5) / _ALONG

    def bounding(u: Column, beside: float = _BESIDE) -> np.ndarray:
        return part.bounds_own(side.points(u[:, None]), beside)

    def end(low: float, high: float, before: bool, beside: float) -> float:
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            same = bool(bounding(np.array([middle]), beside)[0]) == before
            low, high = (middle, high) if same else (low, middle)
        return high

    held = bounding(middles)
    cuts = [0.0, 1.0]
    for k in np.flatnonzero(held[1:] != held[:-1]):
        between = float(middles[k]), float(middles[k + 1]), bool(held[k])
        # Sides that cross are seen to end too early by as much as one looks beside them.
        near, far = (end(*between, beside) for beside in (_BESIDE, 2.0 * _BESIDE))
        cuts.append(min(max(2.0 * near - far, between[0]), between[1]))
    for corner in corners:
        cuts += _parameters(side, corner, part.region.size)
    cuts = [float(one) for one in np.unique(cuts)]
    closed = len(cuts) == 2 and side.is_closed
    found = [Stretch(side, a, b, closed) for a, b in pairwise(cuts)]
    middle = np.array([(one.first + one.last) / 2 for one in found])
    return tuple(one for one, holds in zip(found, bounding(middle), strict=True) if holds)


def _parameters(side: Side, point: Float[np.ndarray, " 2"], size: float) -> list[float]:
    """The parameters at which a side goes through a point, the ends left out."""

    def distance(u: Column) -> Column:
        return np.linalg.norm(side.points(u[:, None]) - point, axis=1)

    every = np.linspace(0.0, 1.0, _ALONG + 1)
    away = distance(every)
    least = np.flatnonzero((away[1:-1] <= away[:-2]) & (away[1:-1] <= away[2:])) + 1
    found = [_minimum(distance, float(every[k - 1]), float(every[k + 1])) for k in least]
    return [u for u in found if distance(np.array([u]))[0] < _NEAR * size]


def _minimum(function: Callable[[Column], Column], low: float, high: float) -> float:
    """Where a function of one minimum between two ends has it, by the golden section."""
    inner = [high - _RATIO * (high - low), low + _RATIO * (high - low)]
    values = function(np.array(inner))
    for _ in range(_GOLDEN):
        left = bool(values[0] <= values[1])
        low, high = (low, inner[1]) if left else (inner[0], high)
        new = high - _RATIO * (high - low) if left else low + _RATIO * (high - low)
        value = function(np.array([new]))[0]
        inner = [new, inner[0]] if left else [inner[1], new]
        values = np.array([value, values[0]] if left else [values[1], value])
    return (low + high) / 2


class Arc(NamedTuple):
    """A part of a stretch along which y rises or falls from `bottom` to `top`."""

    side: Side
    first: float
    last: float
    bottom: float
    top: float

    def x(self, y: Column) -> Column:
        """The first coordinate where the second is given, by bisection."""
        rising = self._at(np.array([self.last]))[0, 1] > self._at(np.array([self.first]))[0, 1]
        low, high = np.full_like(y, self.first), np.full_like(y, self.last)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            before = (self._at(middle)[:, 1] < y) == rising
            low, high = np.where(before, middle, low), np.where(before, high, middle)
        return self._at((low + high) / 2)[:, 0]

    def _at(self, u: Column) -> Points:
        return self.side.points(u[:, None])


def arcs(region: Region, corners: Points) -> tuple[Arc, ...]:
    """The boundary of a plane region in arcs along which y is monotone, none of them level."""
    found: list[Arc] = []
    for part in region.parts:
        for stretch in stretches(part, corners):
            found += _monotone(stretch)
    return tuple(one for one in found if one.top - one.bottom > 1e-14 * region.size)


def _monotone(stretch: Stretch) -> list[Arc]:
    side = stretch.side

    def height(u: Column) -> Column:
        return side.points(u[:, None])[:, 1]

    every = np.linspace(stretch.first, stretch.last, _ALONG + 1)
    y = height(every)
    steps = np.diff(y)
    steps[np.abs(steps) <= 1e-14 * float(np.ptp(y))] = 0.0
    turns = [stretch.first]
    turning = (steps[1:] * steps[:-1] <= 0.0) & (steps[1:] != steps[:-1])
    # Where the curve is nearly level, beside what it is elsewhere, it is nearly singular as a graph
    # over y.
    level = np.abs(sliding_window_view(np.sign(steps), 5).sum(axis=1)) == 5.0
    sizes = np.abs(steps)[1:-1]
    level &= (sizes[1:-1] < sizes[:-2]) & (sizes[1:-1] < sizes[2:])
    level &= sizes[1:-1] < _LEVEL * sizes.max()
    turning[2:-1] |= level
    for k in np.flatnonzero(turning):
        if steps[k] * steps[k + 1] <= 0.0:
            sign = 1.0 if steps[k] > steps[k + 1] else -1.0
            ends = float(every[k]), float(every[k + 2])
            turns.append(_minimum(lambda u, s=sign: -s * height(u), *ends))
        else:
            turns.append(float(every[k]))
    turns.append(stretch.last)
    ends = height(np.array(turns))
    return [
        Arc(side, a, b, float(min(p, q)), float(max(p, q)))
        for (a, b), (p, q) in zip(pairwise(turns), pairwise(ends), strict=True)
    ]
