"""Polygons, by their corners."""

from dataclasses import dataclass
from math import hypot
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.geometry.shape import Points, Shape, Side

Corner = tuple[float, float]


@final
@dataclass(frozen=True)
class StraightSide(Side):
    """The segment between two points; `left` says that the shape lies to its left."""

    start: Corner
    end: Corner
    left: bool

    @property
    def is_closed(self) -> bool:
        """It has ends."""
        return False

    @property
    def size(self) -> float:
        """The length."""
        return hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points by their share of the way."""
        start, end = np.array(self.start), np.array(self.end)
        return start + unit[:, :1] * (end - start)

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The same everywhere."""
        return np.full(len(unit), self.size)

    def normals(self, points: Points) -> Points:
        """The direction of the segment turned by a right angle."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        sign = 1.0 if self.left else -1.0
        return np.tile(sign * np.array([dy, -dx]) / self.size, (len(points), 1))


def signed_area(corners: Float[np.ndarray, "n 2"]) -> float:
    """The area of a polygon, positive where its corners run anticlockwise.

    >>> signed_area(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    0.5
    """
    x, y = corners.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def is_inside(corners: Float[np.ndarray, "_ 2"], points: Points) -> Bool[np.ndarray, " n"]:
    """Whether points lie inside a polygon: a ray to the right crosses an odd number of sides."""
    inside = np.zeros(len(points), dtype=bool)
    px, py = points.T
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay != by:
            crossing = ax + (bx - ax) * (py - ay) / (by - ay)
            inside ^= ((ay > py) != (by > py)) & (px < crossing)
    return inside


def crossing(corners: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " 2"] | None:
    """A point in which two sides of a closed line cross or touch; None where it is simple.

    Neighbors may meet in their common corner alone. Cost: n² of memory.
    """
    start, along = corners, np.roll(corners, -1, axis=0) - corners
    between = start[None] - start[:, None]
    cross = along[:, None, 0] * along[None, :, 1] - along[:, None, 1] * along[None, :, 0]
    with np.errstate(all="ignore"):
        at = (between[..., 0] * along[None, :, 1] - between[..., 1] * along[None, :, 0]) / cross
        by = (between[..., 0] * along[:, None, 1] - between[..., 1] * along[:, None, 0]) / cross
    meet = (at >= 0) & (at <= 1) & (by >= 0) & (by <= 1)
    count = len(corners)
    index = np.arange(count)
    apart = np.abs(index[:, None] - index[None])
    meet &= (apart > 1) & (apart < count - 1)
    found = np.argwhere(meet)
    if not len(found):
        return None
    first, second = found[0]
    return start[first] + at[first, second] * along[first]


@final
@dataclass(frozen=True)
class Polygon(Shape):
    """The inside of a simple polygon; side k joins corner k with the next one."""

    corners: tuple[Corner, ...]
    kind: str = "polygon"

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of its corners."""
        x, y = zip(*self.corners, strict=True)
        return (min(x), min(y)), (max(x), max(y))

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides in the order of the corners."""
        left = signed_area(np.array(self.corners)) > 0
        following = (*self.corners[1:], self.corners[0])
        return tuple(StraightSide(a, b, left) for a, b in zip(self.corners, following, strict=True))

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """By the number of sides that a ray crosses."""
        return is_inside(np.array(self.corners), points)
