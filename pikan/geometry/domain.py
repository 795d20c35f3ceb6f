"""The domain of a problem: a box, or the part of it whose points lie in a region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.geometry.region import Region, RegionPart

# The inside of a region is looked for among so many times the points wanted.
_MOST = 1024

BoundaryPart = Face | RegionPart
"""A part of the boundary: a face of the box, or what bounds a region."""


@final
@dataclass(frozen=True)
class Domain:
    """The points of a box, of those with a region the ones that lie in it.

    The box of a region is the smallest around it; coordinates that are none of the region's, such
    as time, run through all of their intervals. A region may fall into `pieces`.
    """

    box: Box
    region: Region | None = None
    pieces: tuple[Region, ...] = ()

    def contains(self, points: Float[np.ndarray, "n d"]) -> Bool[np.ndarray, " n"]:
        """Whether points of the box lie inside."""
        if self.region is None:
            return np.ones(len(points), dtype=bool)
        return self.region.contains(points)

    def covers(self, points: Float[np.ndarray, "n d"]) -> Bool[np.ndarray, " n"]:
        """Whether points of the box lie inside or on the boundary, but for rounding."""
        if self.region is None:
            return np.ones(len(points), dtype=bool)
        return self.region.covers(points)

    def sample(self, part: BoundaryPart, count: int) -> Float[np.ndarray, "n d"]:
        """Exactly `count` points of a part, the same ones every time; Face(()) is the inside."""
        if isinstance(part, RegionPart):
            found = part.points(self.box, count, even)
        else:
            lower, upper = np.array(self.box.lower), np.array(self.box.upper)
            wanted = count
            while True:
                found = lower + (upper - lower) * even(wanted, self.box.dimension)
                found = found[self.contains(found)]
                if len(found) >= count or wanted >= _MOST * count:
                    break
                wanted *= 2
        if not len(found):
            return np.full((count, self.box.dimension), np.nan)
        # Where there are fewer, some of them stand there twice.
        found = found[np.arange(count) % len(found)]
        for axis, value in part.fixed:
            found[:, axis] = value
        return found

    def normal_columns(
        self, part: BoundaryPart, points: Float[np.ndarray, "n d"]
    ) -> Mapping[str, Float[np.ndarray, " n"]]:
        """The components of the normal at points of a part of a region; none on faces."""
        if not isinstance(part, RegionPart):
            return {}
        columns = zip(self.box.coordinates, part.normals(points).T, strict=True)
        return {f"n_{name}": column for name, column in columns}


def even(count: int, dimension: int) -> Float[np.ndarray, "n _"]:
    """The first points of an additive recurrence, spread evenly over the unit cube.

    Source: Roberts 2018, The unreasonable effectiveness of quasirandom sequences, R_d.
    """
    root = 2.0
    for _ in range(30):
        root = (1.0 + root) ** (1.0 / (dimension + 1))
    steps = root ** -np.arange(1.0, dimension + 1)
    return (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0


def as_domain(given: Domain | Box) -> Domain:
    """A box is a domain too."""
    return given if isinstance(given, Domain) else Domain(given)
