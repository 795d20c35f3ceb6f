"""Regions: shapes joined, cut and taken away, and the named parts of their boundary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression
from pikan.geometry.box import Box
from pikan.geometry.polygon import StraightSide
from pikan.geometry.shape import Points, Shape, Side
from pikan.geometry.solid import PlaneSide

# A point of a side bounds the region if it is this far inside on one hand and outside on the other,
# in parts of the region's size.
_BESIDE = 1e-9
# Sampling of what is left of a side: so many times the number asked for, at most.
_MOST = 64

Draw = Callable[[int, int], Float[np.ndarray, "n _"]]
"""(count, dimension) -> about so many points of the unit cube."""


@final
@dataclass(frozen=True, eq=False)
class Component:
    """A shape, what is taken away from it, and what it is cut down to."""

    shape: Shape
    name: str
    without: tuple["Component", ...] = ()
    within: tuple["Component", ...] = ()

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Inside the shape and one of those it is cut down to, outside of all taken away."""
        found = self.shape.contains(points)
        if self.within:
            found &= union(self.within, points)
        return found & ~union(self.without, points) if self.without else found

    def cut(self, within: tuple["Component", ...], without: tuple["Component", ...]) -> "Component":
        """The same, cut down to some others as well, and with others taken away."""
        inner = tuple(one.cut(within, ()) for one in self.within) if within else self.within
        return replace(self, within=inner or within, without=(*self.without, *without))

    def walk(self, added: bool = True) -> Iterator[tuple["Component", bool]]:
        """Itself and all that bounds it, with whether the region lies inside of it."""
        yield self, added
        for one in self.within:
            yield from one.walk(added)
        for one in self.without:
            yield from one.walk(not added)


def union(components: tuple[Component, ...], points: Points) -> Bool[np.ndarray, " n"]:
    """Whether points lie in one of some components."""
    found = np.zeros(len(points), dtype=bool)
    for one in components:
        found |= one.contains(points)
    return found


@final
@dataclass(frozen=True, eq=False)
class Region:
    """Some components joined, in the coordinates `axes` of a box.

    `boxed` says that it is a box from which something is taken away, so that its sides are those of
    the box.
    """

    components: tuple[Component, ...]
    axes: tuple[int, ...]
    boxed: bool = False

    @cached_property
    def bounds(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """A box around it: of every component the shape's, cut with those it is cut down to."""
        lower, upper = [], []
        for one in self.components:
            low, high = map(np.array, one.shape.bounds)
            if one.within:
                ends = [other.shape.bounds for other in one.within]
                low = np.maximum(low, np.min([end[0] for end in ends], axis=0))
                high = np.minimum(high, np.max([end[1] for end in ends], axis=0))
            lower.append(low)
            upper.append(high)
        return np.min(lower, axis=0), np.max(upper, axis=0)

    @property
    def size(self) -> float:
        """The longest side of the box around it."""
        lower, upper = self.bounds
        return float(np.max(upper - lower))

    def holds(self, own: Points) -> Bool[np.ndarray, " n"]:
        """Whether points of its own coordinates lie inside."""
        return union(self.components, own)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Whether points of the box lie inside."""
        return self.holds(points[:, list(self.axes)])

    def covers(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Whether points of the box lie inside or on the boundary, but for rounding."""
        own = points[:, list(self.axes)]
        found = self.holds(own)
        # Along each coordinate and between them: at a corner none along one of them leads inside.
        for way in product((-1.0, 0.0, 1.0), repeat=own.shape[1]):
            found[~found] = self.holds(own[~found] + _BESIDE * self.size * np.array(way))
        return found

    @cached_property
    def parts(self) -> tuple["RegionPart", ...]:
        """Every side of every shape, as far as it bounds the region, each shape once."""
        found: list[RegionPart] = []
        counts, seen = dict[str, int](), set[int]()
        for component in self.components:
            for one, added in component.walk():
                if id(one.shape) in seen:
                    continue
                seen.add(id(one.shape))
                words = one.shape.words or ("",) * len(one.shape.sides)
                for side, word in zip(one.shape.sides, words, strict=True):
                    counts[one.name] = counts.get(one.name, 0) + 1
                    sign = 1.0 if added else -1.0
                    part = RegionPart(one.name, counts[one.name], word, side, sign, self)
                    found.append(part)
        return tuple(found)


@final
@dataclass(frozen=True, eq=False)
class RegionPart:
    """The part of a side that bounds a region, as far as all formulas `only` are negative.

    `name` is that of the shape, `number` that of the side among all of that name, `word` its own
    word if it has one. `sign` is 1 where the region lies inside of the side's shape, else -1.
    Formulas hold coordinates of the box alone. No coordinate is `fixed` on it, as one is on a face.
    Where there is an `inner` region, the part is the one beside which that lies inside of the side,
    and where there is an `outer` one, the part beyond which that lies.
    """

    name: str
    number: int
    word: str
    side: Side
    sign: float
    region: Region
    only: tuple[Expression, ...] = ()
    fixed: tuple[tuple[int, float], ...] = ()
    inner: Region | None = None
    outer: Region | None = None

    def label(self, box: Box) -> str:
        """The part in the words of a problem file."""
        place = self.straight()
        if place is not None:
            return f"{box.coordinates[place[0]]} = {place[1]:.6g}"
        several = sum(one.name == self.name for one in self.region.parts) > 1
        return f"{self.name} {self.word or f'side {self.number}'}" if several else self.name

    def straight(self) -> tuple[int, float] | None:
        """The coordinate of the box that has one value all along it, with the value."""
        if not isinstance(self.side, StraightSide | PlaneSide):
            return None
        own = len(self.region.axes) - 1
        corners = self.side.points(np.vstack([np.zeros(own), np.eye(own)]))
        flat = np.flatnonzero(np.ptp(corners, axis=0) <= _BESIDE * self.region.size)
        if len(flat) != 1:
            return None
        return self.region.axes[flat[0]], float(corners[0, flat[0]])

    def points(self, box: Box, count: int, draw: Draw) -> Points:
        """About `count` points of the part, fewer where hardly anything is left of the side.

        Coordinates of the box that are none of the region's have all their values.
        """
        others = [axis for axis in range(box.dimension) if axis not in self.region.axes]
        own = len(self.region.axes) - 1
        wanted = count
        while True:
            unit = draw(wanted, own + len(others))
            points = np.empty((len(unit), box.dimension))
            points[:, list(self.region.axes)] = self.side.points(unit[:, :own])
            for column, axis in enumerate(others, start=own):
                low, high = box.lower[axis], box.upper[axis]
                points[:, axis] = low + (high - low) * unit[:, column]
            kept = points[self.bounds(box, points)]
            if len(kept) >= 0.75 * count or wanted >= _MOST * count:
                return kept
            wanted *= 2 if len(kept) > 0.2 * count else 4

    def bounds(self, box: Box, points: Points) -> Bool[np.ndarray, " n"]:
        """Which points of the side bound the region and satisfy the formulas."""
        found = self.bounds_own(points[:, list(self.region.axes)])
        named = dict(zip(box.coordinates, points.T, strict=True))
        for formula in self.only:
            found &= np.asarray(evaluate(formula, named, np)) < 0.0
        return found

    def bounds_own(self, own: Points, beside: float = _BESIDE) -> Bool[np.ndarray, " n"]:
        """Which points of the side, in the region's own coordinates, bound the region.

        It is looked at so far `beside` them, in parts of the region's size.
        """
        step = beside * self.region.size * np.nan_to_num(self._outward(own))
        before, beyond = own - step, own + step
        found = self.region.holds(before) & ~self.region.holds(beyond)
        if self.inner is not None:
            found &= self.inner.holds(before)
        return found if self.outer is None else found & self.outer.holds(beyond)

    def _outward(self, own: Points) -> Points:
        """The normals in the region's own coordinates."""
        return self.sign * self.side.normals(own)

    def normals(self, points: Points) -> Points:
        """The outward normals of the region, zero along all other coordinates."""
        out = np.zeros_like(points)
        own = list(self.region.axes)
        out[:, own] = self._outward(points[:, own])
        return out
