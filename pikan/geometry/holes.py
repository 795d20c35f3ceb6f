"""Holes of a region of the plane, each by an ellipse about as large."""

from collections.abc import Callable, Iterator, Sequence
from math import atan2, cos, hypot, inf, sin, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from pikan.geometry.ellipse import EllipseSide
from pikan.geometry.polygon import is_inside
from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Points

# As many points show whether a side bounds the region, and what it encloses.
_AROUND = 256
# As many points along each axis give the moments of a hole.
_GRID = 128
# As many points between the foci of an ellipse are looked at.
_BETWEEN = 33
# A hole that is no ellipse has points of its own as far as this from it.
_OWN = 1.01
# A point beside a side is so far from it, in parts of the extent of the side.
_BESIDE = 1e-4

Contains = Callable[[Points], Bool[np.ndarray, " n"]]


class Hole(NamedTuple):
    """An ellipse that fills a hole as well as one can: its semi-axes fall, its angle in [rad].

    `clearance` is the least |w| outside of it on the boundary, of the map w of its outside to that
    of the unit circle: of a disc the distance of its center from what is around it, in radii.
    """

    name: str
    center: tuple[float, float]
    axes: tuple[float, float]
    angle: float
    clearance: float = inf

    def words(self, coordinates: Sequence[str]) -> str:
        """What a solution has about the hole, in words."""
        place = ", ".join(f"{n} = {x:.4g}" for n, x in zip(coordinates, self.center, strict=True))
        return f"a logarithm and poles in the hole '{self.name}' about {place}"


def holes(region: Region) -> tuple[Hole, ...]:
    """What a closed side, or all sides of one shape, enclose that lies outside of a plane region.

    A hole that several shapes bound together is none of these.
    """
    probes = [part.side.points(_even()) for part in region.parts]
    kept = [at[part.bounds_own(at)] for part, at in zip(region.parts, probes, strict=True)]
    boundary = np.concatenate(kept) if kept else np.zeros((0, 2))
    return tuple(one._replace(clearance=_clearance(one, boundary)) for one in _holes(region))


def _clearance(hole: Hole, boundary: Points) -> float:
    """The least |w| of points of the boundary that are not the hole's own."""
    (a, b), turn = hole.axes, np.exp(-1j * hole.angle)
    z = ((boundary[:, 0] - hole.center[0]) + 1j * (boundary[:, 1] - hole.center[1])) * turn
    focus = sqrt(a * a - b * b)
    size = np.abs(z + np.sqrt(z - focus) * np.sqrt(z + focus)) / (a + b)
    return float(np.min(size[size > _OWN], initial=inf))


def _holes(region: Region) -> Iterator[Hole]:
    parts = {part.side: part for part in region.parts}
    seen = set[int]()
    for component in region.components:
        for one, added in component.walk():
            if id(one) in seen:
                continue
            seen.add(id(one))
            own = [parts[side] for side in one.shape.sides if _is_whole(parts[side])]
            closed = [part for part in own if part.side.is_closed]
            for part in closed:
                points = part.side.points(_even())
                beside = _BESIDE * np.ptp(points, axis=0).max() * part.normals(points)
                # Out of the region is into what it encloses.
                if is_inside(points, points[:1] + beside[:1])[0]:
                    yield _within(region, part, points)
            if not added and not closed and len(own) == len(one.shape.sides):
                low, high = map(np.array, one.shape.bounds)
                yield _moment_ellipse(region, one.name, one.shape.contains, low, high)


def _even() -> Float[np.ndarray, "n 1"]:
    return (np.arange(_AROUND)[:, None] + 0.5) / _AROUND


def _is_whole(part: RegionPart) -> bool:
    """Whether all of a side bounds the region."""
    return bool(part.bounds_own(part.side.points(_even())).all())


def _within(region: Region, part: RegionPart, points: Points) -> Hole:
    """The hole inside of a closed side, by points around it."""
    side = part.side
    if isinstance(side, EllipseSide):
        (a, b), angle = side.axes, side.angle
        return Hole(part.name, side.center, (max(a, b), min(a, b)), angle + (a < b) * np.pi / 2)
    low, high = points.min(axis=0), points.max(axis=0)
    return _moment_ellipse(region, part.name, lambda at: is_inside(points, at), low, high)


def _moment_ellipse(
    region: Region,
    name: str,
    contains: Contains,
    low: Float[np.ndarray, " 2"],
    high: Float[np.ndarray, " 2"],
) -> Hole:
    """The ellipse with the center and the second moments of a hole.

    A disc as large where the segment between the foci would leave the hole.
    """
    steps = (np.arange(_GRID) + 0.5) / _GRID
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    at = low + (high - low) * grid
    at = at[contains(at)]
    x, y = at.mean(axis=0)
    (xx, xy), (_, yy) = np.cov(at.T)
    mean, half = (xx + yy) / 2, hypot((xx - yy) / 2, xy)
    a, b = 2 * sqrt(mean + half), 2 * sqrt(max(mean - half, 0.0))
    angle, focus = 0.5 * atan2(2 * xy, xx - yy), sqrt(a * a - b * b)
    along = focus * np.linspace(-1.0, 1.0, _BETWEEN)[:, None] * [[cos(angle), sin(angle)]]
    if region.holds(np.array([x, y]) + along).any():
        a = b = sqrt(a * b)
    return Hole(name, (float(x), float(y)), (a, b), angle)
