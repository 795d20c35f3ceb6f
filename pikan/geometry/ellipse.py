"""Discs, ellipses and annuli."""

from dataclasses import dataclass
from math import cos, hypot, pi, sin, sqrt
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.geometry.shape import Points, Shape, Side


@final
@dataclass(frozen=True)
class EllipseSide(Side):
    """c + R(angle) (a cos s, b sin s), the ellipse with semi-axes a, b turned by an angle [rad]."""

    center: tuple[float, float]
    axes: tuple[float, float]
    angle: float = 0.0
    inward: bool = False

    @property
    def is_closed(self) -> bool:
        """It has no ends."""
        return True

    @property
    def size(self) -> float:
        """Ramanujan's approximation of the circumference, 1914, exact for circles."""
        a, b = self.axes
        return pi * (3 * (a + b) - sqrt((3 * a + b) * (a + 3 * b)))

    @property
    def turn(self) -> Float[np.ndarray, "2 2"]:
        """The rotation of the axes."""
        return np.array([[cos(self.angle), -sin(self.angle)], [sin(self.angle), cos(self.angle)]])

    def level(self, points: Points) -> Float[np.ndarray, " n"]:
        """(x/a)² + (y/b)² - 1 in the ellipse's own axes: negative inside."""
        own = (points - np.array(self.center)) @ self.turn / np.array(self.axes)
        return np.sum(own**2, axis=1) - 1.0

    def points(self, unit: Float[np.ndarray, "n _"]) -> Points:
        """Points by the angle s = 2 pi unit."""
        s = 2 * pi * unit[:, 0]
        own = np.stack([np.cos(s), np.sin(s)], axis=1) * np.array(self.axes)
        return np.array(self.center) + own @ self.turn.T

    def density(self, unit: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """2 pi times the speed by the angle."""
        (a, b), s = self.axes, 2 * pi * unit[:, 0]
        return 2 * pi * np.hypot(a * np.sin(s), b * np.cos(s))

    def normals(self, points: Points) -> Points:
        """The gradient of `level`, of length one."""
        own = (points - np.array(self.center)) @ self.turn / np.array(self.axes) ** 2
        out = (own / np.linalg.norm(own, axis=1, keepdims=True)) @ self.turn.T
        return -out if self.inward else out


@final
@dataclass(frozen=True)
class Ellipse(Shape):
    """The inside of an ellipse; a disc where both semi-axes are equal."""

    center: tuple[float, float]
    axes: tuple[float, float]
    angle: float = 0.0
    kind: str = "ellipse"

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of a turned ellipse."""
        (x, y), (a, b), c, s = self.center, self.axes, cos(self.angle), sin(self.angle)
        wide, high = hypot(a * c, b * s), hypot(a * s, b * c)
        return (x - wide, y - high), (x + wide, y + high)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The ellipse."""
        return (EllipseSide(self.center, self.axes, self.angle),)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Where the level is negative."""
        return EllipseSide(self.center, self.axes, self.angle).level(points) < 0.0


@final
@dataclass(frozen=True)
class Annulus(Shape):
    """The points between two circles of one center."""

    center: tuple[float, float]
    inner: float
    outer: float
    kind: str = "annulus"
    words = ("outer", "inner")

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The extent of the outer circle."""
        (x, y), r = self.center, self.outer
        return (x - r, y - r), (x + r, y + r)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The outer circle, then the inner one."""
        outer = EllipseSide(self.center, (self.outer, self.outer))
        return outer, EllipseSide(self.center, (self.inner, self.inner), inward=True)

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Between the radii."""
        radius = np.linalg.norm(points - np.array(self.center), axis=1)
        return (radius > self.inner) & (radius < self.outer)
