"""Regions by a formula that is negative inside."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression
from pikan.geometry.shape import Points, Shape, Side

# Contours are followed on a grid of so many points along each axis, then moved onto the curve.
_GRID = 256
_STEPS = 8
# Points of one nearer to each other than this part of the longest step are one point; turns below
# this are none [rad].
_SAME = 1e-9
# Where the formula is looked for: boxes about the origin of these half widths.
_REACH = 10.0 ** np.arange(-2, 4)
_SEARCH = 201

Column = Float[np.ndarray, " n"]


@final
@dataclass(frozen=True, eq=False)
class LevelSet:
    """A formula of x and y with its gradient."""

    formula: Expression
    coordinates: tuple[str, str]

    @cached_property
    def _gradient(self) -> tuple[Expression, ...]:
        return tuple(differentiate(self.formula, name) for name in self.coordinates)

    def _at(self, formula: Expression, points: Points) -> Column:
        named = dict(zip(self.coordinates, points.T, strict=True))
        return np.broadcast_to(np.asarray(evaluate(formula, named, np)), len(points))

    def values(self, points: Points) -> Column:
        """The formula; what has no value lies outside."""
        return np.nan_to_num(self._at(self.formula, points), nan=np.inf)

    def gradient(self, points: Points) -> Points:
        """Its gradient."""
        return np.stack([self._at(one, points) for one in self._gradient], axis=1)

    def onto(self, points: Points) -> Points:
        """Points moved onto the zero of the formula by Newton's steps along the gradient."""
        for _ in range(_STEPS):
            slope = self.gradient(points)
            size = np.sum(slope**2, axis=1)
            share = np.where(size > 0, self.values(points) / np.where(size > 0, size, 1.0), 0.0)
            points = points - share[:, None] * slope
        return points


def extent(level: LevelSet) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]] | None:
    """A box around the points at which a formula is negative; None where none is found.

    Infinite where they reach as far as is looked.
    """
    seen = False
    for half in _REACH:
        axis = np.linspace(-half, half, _SEARCH)
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        inside = grid[level.values(grid) < 0.0]
        if not len(inside):
            continue
        seen, lower, upper = True, inside.min(axis=0), inside.max(axis=0)
        step = axis[1] - axis[0]
        if max(np.abs(lower).max(), np.abs(upper).max()) < half - 2 * step:
            return lower - 2 * step, upper + 2 * step
    endless = np.full(2, np.inf)
    return (-endless, endless) if seen else None


@final
@dataclass(frozen=True, eq=False)
class ContourSide(Side):
    """One curve on which a formula vanishes, by a table of points along it.

    That of a closed one ends where it begins. From each point of the table to the next the curve is
    a graph over the chord.
    """

    level: LevelSet
    table: Points

    @property
    def is_closed(self) -> bool:
        """Whether the curve has no ends."""
        return bool(np.array_equal(self.table[0], self.table[-1]))

    @cached_property
    def _arc(self) -> Column:
        """The length of the line through the table until each of its points."""
        steps = np.linalg.norm(np.diff(self.table, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def size(self) -> float:
        """The length of the line through the table."""
        return float(self._arc[-1])

    @property
    def knots(self) -> Column:
        """The parameters of the points of the table, between which the curve is smooth in them."""
        return self._arc / self.size

    def _tangents(self, unit: Float[np.ndarray, "n _"]) -> tuple[Points, Points]:
        """The points of the chords at their share of the length, and the directions of these."""
        at = self.size * unit[:, 0]
        on_chord = np.stack([np.interp(at, self._arc, column) for column in self.table.T], axis=1)
        steps = np.diff(self.table, axis=0) / np.diff(self._arc)[:, None]
        which = np.searchsorted(self._arc, at, side="right") - 1
        return on_chord, steps[np.clip(which, 0, len(steps) - 1)]

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points by their share of the length, moved onto the curve across the chord."""
        points, along = self._tangents(unit)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        for _ in range(_STEPS):
            slope = np.sum(self.level.gradient(points) * across, axis=1)
            share = np.where(slope, self.level.values(points) / np.where(slope, slope, 1.0), 0.0)
            points = points - share[:, None] * across
        return points

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The length of the graph over the chord, by the slope of the graph."""
        _, along = self._tangents(unit)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        gradient = self.level.gradient(self.points(unit))
        rise = np.sum(gradient * along, axis=1) / np.sum(gradient * across, axis=1)
        return self.size * np.hypot(1.0, rise)

    def normals(self, points: Points) -> Points:
        """The gradient, of length one."""
        slope = self.level.gradient(points)
        return slope / np.linalg.norm(slope, axis=1, keepdims=True)


@final
@dataclass(frozen=True, eq=False)
class Implicit(Shape):
    """The points of a box at which a formula is negative."""

    level: LevelSet
    lower: tuple[float, float]
    upper: tuple[float, float]
    kind: str = "formula"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The curves on which the formula vanishes."""
        return self._sides

    @cached_property
    def _sides(self) -> tuple[Side, ...]:
        found = contours(self.level, self.lower, self.upper)
        return tuple(ContourSide(self.level, one) for one in found)

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of these curves, and of points of a grid that lie inside."""
        return self._bounds

    @cached_property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        ends = zip(self.lower, self.upper, strict=True)
        grid = np.stack(np.meshgrid(*(np.linspace(*end, _GRID) for end in ends)), axis=-1)
        inner = grid.reshape(-1, 2)[self.level.values(grid.reshape(-1, 2)) < 0.0]
        tables = np.vstack([inner, *(side.points(_EVEN) for side in self.sides)])
        return tuple(map(float, tables.min(axis=0))), tuple(map(float, tables.max(axis=0)))

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Where the formula is negative, in the box."""
        near = np.all((points > np.array(self.lower)) & (points < np.array(self.upper)), axis=1)
        return near & (self.level.values(points) < 0.0)


_EVEN = (np.arange(4096)[:, None] + 0.5) / 4096


def contours(
    level: LevelSet, lower: tuple[float, float], upper: tuple[float, float]
) -> tuple[Points, ...]:
    """Tables of the curves in a box on which a formula vanishes."""
    from contourpy import contour_generator

    x, y = (np.linspace(a, b, _GRID) for a, b in zip(lower, upper, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    z = level.values(grid.reshape(-1, 2)).reshape(len(y), len(x))
    lines = contour_generator(x, y, np.where(np.isfinite(z), z, np.nan)).lines(0.0)
    return tuple(_simplify(level.onto(np.asarray(line))) for line in lines if len(line) > 3)


def _simplify(table: Points) -> Float[np.ndarray, "_ 2"]:
    """The points of a table without those met twice or on a straight line to the next.

    A curve through a point of the grid is met there along both coordinates.
    """
    lengths = np.linalg.norm(np.diff(table, axis=0), axis=1)
    table = table[np.concatenate([[True], lengths > _SAME * lengths.max()])]
    along = np.diff(table, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    turns = along[:-1, 0] * along[1:, 1] - along[:-1, 1] * along[1:, 0]
    return table[np.concatenate([[True], np.abs(turns) > _SAME, [True]])]
