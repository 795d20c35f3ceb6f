"""Closed curves by formulas of one parameter, or through points."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression
from pikan.geometry.periodic_spline import PeriodicSpline
from pikan.geometry.polygon import is_inside, signed_area
from pikan.geometry.shape import Points, Shape, Side

# As many points show where a curve runs, and start the search for the nearest one.
TABLE = 2048
# Newton steps from the nearest of them: each doubles the digits.
_STEPS = 6
# Every so many of them are corners of a polygon, which tells for points farther from the curve than
# its sides are long.
_COARSE = 8

Column = Float[np.ndarray, " n"]


@final
@dataclass(frozen=True, eq=False)
class ParametricSide(Side):
    """(x(s), y(s)) for first <= s <= last, a curve that ends where it begins.

    By two formulas, or as a spline through points.
    """

    formulas: tuple[Expression, Expression] | PeriodicSpline
    parameter: str
    first: float
    last: float

    @property
    def is_closed(self) -> bool:
        """It has no ends."""
        return True

    @cached_property
    def _derivatives(self) -> tuple[tuple[Expression, Expression], ...]:
        """The formulas, their first and their second derivatives."""
        assert isinstance(self.formulas, tuple)
        found = [self.formulas]
        for _ in range(2):
            x, y = found[-1]
            found.append((differentiate(x, self.parameter), differentiate(y, self.parameter)))
        return tuple(found)

    def at(self, s: Column, order: int = 0) -> Points:
        """The curve, or a derivative of it by its parameter."""
        if isinstance(self.formulas, PeriodicSpline):
            return self.formulas.at(s, order)
        columns = [evaluate(one, {self.parameter: s}, np) for one in self._derivatives[order]]
        return np.stack([np.broadcast_to(column, len(s)) for column in columns], axis=1)

    @cached_property
    def table(self) -> tuple[Column, Points]:
        """Equally spaced parameters and their points."""
        s = self.first + (self.last - self.first) * np.arange(TABLE) / TABLE
        return s, self.at(s)

    @cached_property
    def inside_left(self) -> bool:
        """Whether the inside lies to the left: the curve runs anticlockwise."""
        return signed_area(self.table[1]) > 0

    @property
    def size(self) -> float:
        """The length of the line through the table."""
        points = self.table[1]
        return float(np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1).sum())

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points by their share of the parameter's interval."""
        return self.at(self.first + (self.last - self.first) * unit[:, 0])

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The speed by the parameter, times the length of its interval."""
        width = self.last - self.first
        return width * np.linalg.norm(self.at(self.first + width * unit[:, 0], 1), axis=1)

    def nearest(self, points: Points) -> Column:
        """The parameter of the nearest point of the curve, by Newton's method."""
        from scipy.spatial import KDTree  # slow to import, and seldom needed

        parameters, places = self.table
        step = parameters[1] - parameters[0]
        start = parameters[KDTree(places).query(points)[1]]
        s = start
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                away, speed, bend = self.at(s) - points, self.at(s, 1), self.at(s, 2)
                slope = np.sum(away * speed, axis=1)
                curvature = np.sum(speed**2, axis=1) + np.sum(away * bend, axis=1)
                moved = np.where(curvature > 0, slope / curvature, 0.0)
                s = np.clip(np.nan_to_num(s - moved, nan=0.0), start - step, start + step)
        return s

    def normals(self, points: Points) -> Points:
        """The tangent turned by a right angle, at the nearest points of the curve."""
        speed = self.at(self.nearest(points), 1)
        out = np.stack([speed[:, 1], -speed[:, 0]], axis=1)
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        return out if self.inside_left else -out


@final
@dataclass(frozen=True, eq=False)
class Curve(Shape):
    """The inside of a closed parametric curve."""

    side: ParametricSide
    kind: str = "curve"

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of the curve, as its fine table shows it, and a sagitta more."""
        points = self.side.table[1]
        lower, upper = points.min(axis=0), points.max(axis=0)
        more = (upper - lower) * (4.0 / TABLE) ** 2
        return tuple(map(float, lower - more)), tuple(map(float, upper + more))

    @property
    def sides(self) -> tuple[Side, ...]:
        """The curve."""
        return (self.side,)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """By a polygon through the table, and beside the curve by the nearest point's normal."""
        table = self.side.table[1]
        corners = table[::_COARSE]
        inside = is_inside(corners, points)
        longest = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).max()
        from scipy.spatial import KDTree

        near = np.flatnonzero(KDTree(table).query(points)[0] < longest)
        if len(near):
            beside = points[near]
            foot = self.side.at(self.side.nearest(beside))
            outward = np.sum((beside - foot) * self.side.normals(beside), axis=1)
            inside[near] = np.where(np.isfinite(outward), outward < 0.0, inside[near])
        return inside
