"""Collocation points at geometric distances from singular points of a region, and their weights."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Side

# Distances fall by this ratio, on the boundary in so many steps for each, as often as that.
_RATIO, _STEPS, _LEVELS = 0.5, 6, 12
# Directions of the points inside; as far out do they begin, in parts of the region's size.
_DIRECTIONS, _FARTHEST = 40, 0.2
# Rows count less within this part of the region's size of a singular point.
_NEAR = 0.1
# A point lies on a side if it is this near, in parts of the region's size.
_ON = 1e-8
# Points of a side among which the nearest is looked for, and how often it is enlarged.
_FIRST, _ROUNDS = 257, 12

Points = Float[np.ndarray, "n d"]


def beside(region: Region, points: Points) -> Float[np.ndarray, "_ 2"]:
    """Points inside, on arcs about singular points."""
    angles = 2 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    radii = _FARTHEST * region.size * _RATIO ** (np.arange(2 * _LEVELS) / 2)
    arcs = points[:, None, None] + radii[:, None, None] * circle
    arcs = arcs.reshape(-1, 2)
    return arcs[region.holds(arcs)]


def along(part: RegionPart, points: Points) -> Float[np.ndarray, "_ 2"]:
    """Points of a side at geometric distances from the singular points on it."""
    found = [np.empty((0, 2))]
    away = 0.5 * _RATIO ** (np.arange(_LEVELS * _STEPS) / _STEPS)
    for u in _parameters(part.side, points, _ON * part.region.size):
        near = np.concatenate([u - away, u + away])
        near = near % 1.0 if part.side.is_closed else near[(near > 0.0) & (near < 1.0)]
        found.append(part.side.points(near[:, None]))
    return np.concatenate(found)


def weight(
    region: Region, points: Points, singular: Float[np.ndarray, "_ 2"], order: int
) -> Float[np.ndarray, " n"]:
    """The share that rows with derivatives of an order keep: a power of the distance, at most 1.

    A function r^a leaves of its derivatives r^(a - order).
    """
    distance = np.min(np.linalg.norm(points[:, None] - singular[None], axis=2), axis=1)
    return np.minimum(1.0, distance / (_NEAR * region.size)) ** order


def _parameters(side: Side, points: Points, near: float) -> Iterator[float]:
    """The parameters of those points that lie on a side."""
    for point in points:
        center, half, apart = 0.5, 0.5, np.full(1, np.inf)
        for _ in range(_ROUNDS):
            u = np.clip(center + half * np.linspace(-1.0, 1.0, _FIRST), 0.0, 1.0)
            apart = np.linalg.norm(side.points(u[:, None]) - point, axis=1)
            center, half = float(u[np.argmin(apart)]), half * 4.0 / _FIRST
        if np.min(apart) < near:
            yield center
