"""Boxes of any dimension, balls and cylinders."""

from dataclasses import dataclass
from math import pi, prod
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.geometry.shape import Points, Shape, Side


@final
@dataclass(frozen=True)
class PlaneSide(Side):
    """The part of a box on which the coordinate `axis` has the value `value`."""

    axis: int
    value: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def is_closed(self) -> bool:
        """It has ends."""
        return False

    @property
    def size(self) -> float:
        """Length or area."""
        pairs = zip(self.lower, self.upper, strict=True)
        return prod(high - low for k, (low, high) in enumerate(pairs) if k != self.axis)

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points by their share of the way along the other coordinates."""
        lower, upper = np.array(self.lower), np.array(self.upper)
        at = np.insert(unit, self.axis, 0.0, axis=1)
        found = lower + (upper - lower) * at
        found[:, self.axis] = self.value
        return found

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The same everywhere."""
        return np.full(len(unit), self.size)

    def normals(self, points: Points) -> Points:
        """The direction of the axis, out of the box."""
        out = np.zeros_like(points)
        out[:, self.axis] = 1.0 if self.value == self.upper[self.axis] else -1.0
        return out


@final
@dataclass(frozen=True)
class Cuboid(Shape):
    """lower < coordinates < upper; its sides run axis by axis, the lower end first."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    kind: str = "box"

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Itself."""
        return self.lower, self.upper

    @property
    def sides(self) -> tuple[Side, ...]:
        """Both ends of every axis."""
        ends = enumerate(zip(self.lower, self.upper, strict=True))
        return tuple(PlaneSide(k, v, self.lower, self.upper) for k, pair in ends for v in pair)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Between the ends of every axis."""
        return np.all((points > np.array(self.lower)) & (points < np.array(self.upper)), axis=1)


@final
@dataclass(frozen=True)
class SphereSide(Side):
    """A sphere, by the height and the longitude: equal areas of the square are equal areas."""

    center: tuple[float, float, float]
    radius: float

    @property
    def is_closed(self) -> bool:
        """It has no ends."""
        return True

    @property
    def size(self) -> float:
        """The area."""
        return 4 * pi * self.radius**2

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Archimedes: the height is as even as the area."""
        height, longitude = 1.0 - 2.0 * unit[:, 0], 2.0 * pi * unit[:, 1]
        across = np.sqrt(np.maximum(1.0 - height**2, 0.0))
        own = np.stack([across * np.cos(longitude), across * np.sin(longitude), height], axis=1)
        return np.array(self.center) + self.radius * own

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The same everywhere."""
        return np.full(len(unit), self.size)

    def normals(self, points: Points) -> Points:
        """Away from the center."""
        own = points - np.array(self.center)
        return own / np.linalg.norm(own, axis=1, keepdims=True)


@final
@dataclass(frozen=True)
class Ball(Shape):
    """The inside of a sphere."""

    center: tuple[float, float, float]
    radius: float
    kind: str = "ball"

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """A radius to each side of the center."""
        return (
            tuple(c - self.radius for c in self.center),
            tuple(c + self.radius for c in self.center),
        )

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sphere."""
        return (SphereSide(self.center, self.radius),)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Nearer to the center than the radius."""
        return np.linalg.norm(points - np.array(self.center), axis=1) < self.radius


@final
@dataclass(frozen=True)
class MantleSide(Side):
    """The curved side of a cylinder along z."""

    center: tuple[float, float]
    radius: float
    ends: tuple[float, float]

    @property
    def is_closed(self) -> bool:
        """It has ends."""
        return False

    @property
    def size(self) -> float:
        """The area."""
        return 2 * pi * self.radius * (self.ends[1] - self.ends[0])

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """By longitude and height."""
        s = 2 * pi * unit[:, 0]
        z = self.ends[0] + (self.ends[1] - self.ends[0]) * unit[:, 1]
        x, y = self.center
        return np.stack([x + self.radius * np.cos(s), y + self.radius * np.sin(s), z], axis=1)

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The same everywhere."""
        return np.full(len(unit), self.size)

    def normals(self, points: Points) -> Points:
        """Away from the axis."""
        out = points - np.array([*self.center, 0.0])
        out[:, 2] = 0.0
        return out / np.linalg.norm(out, axis=1, keepdims=True)


@final
@dataclass(frozen=True)
class LidSide(Side):
    """A flat end of a cylinder along z; `up` says that the cylinder lies below."""

    center: tuple[float, float]
    radius: float
    height: float
    up: bool

    @property
    def is_closed(self) -> bool:
        """It has ends."""
        return False

    @property
    def size(self) -> float:
        """The area."""
        return pi * self.radius**2

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """By longitude and the square of the distance from the axis, evenly in area."""
        s, r = 2 * pi * unit[:, 0], self.radius * np.sqrt(unit[:, 1])
        x, y = self.center
        return np.stack([x + r * np.cos(s), y + r * np.sin(s), np.full_like(s, self.height)], 1)

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The same everywhere."""
        return np.full(len(unit), self.size)

    def normals(self, points: Points) -> Points:
        """Along the axis."""
        return np.tile([0.0, 0.0, 1.0 if self.up else -1.0], (len(points), 1))


@final
@dataclass(frozen=True)
class Cylinder(Shape):
    """A disc in x and y times an interval of z."""

    center: tuple[float, float]
    radius: float
    ends: tuple[float, float]
    kind: str = "cylinder"
    words = ("mantle", "bottom", "top")

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of the disc, and the interval."""
        (x, y), r, (low, high) = self.center, self.radius, self.ends
        return (x - r, y - r, low), (x + r, y + r, high)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The mantle, the bottom and the top."""
        low, high = self.ends
        mantle = MantleSide(self.center, self.radius, self.ends)
        bottom = LidSide(self.center, self.radius, low, up=False)
        return mantle, bottom, LidSide(self.center, self.radius, high, up=True)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Within the radius and between the ends."""
        near = np.linalg.norm(points[:, :2] - np.array(self.center), axis=1) < self.radius
        return near & (points[:, 2] > self.ends[0]) & (points[:, 2] < self.ends[1])
