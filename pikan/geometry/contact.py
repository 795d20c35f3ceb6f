"""Contact: a point at which two parts of the boundary of a region touch without crossing."""

from itertools import combinations

import numpy as np
from jaxtyping import Float

from pikan.geometry.polygon import StraightSide
from pikan.geometry.region import Region, RegionPart

# Points of each side at first, of each stretch when one is enlarged, and how often that is done.
_FIRST, _AGAIN, _ROUNDS = 512, 65, 12
# Sides touch if they are this near to each other, in parts of the region's size, and their normals
# this nearly opposite.
_NEAR, _OPPOSITE = 1e-8, 1e-3


def contact(region: Region) -> tuple[RegionPart, RegionPart, tuple[float, ...]] | None:
    """Two parts that touch, with the point; None where none do, and in space.

    Where curves touch the region ends in a cusp, or hangs together by a point.
    """
    if len(region.axes) != 2:
        return None
    unit = (np.arange(_FIRST)[:, None] + 0.5) / _FIRST
    sampled = [(part, part.side.points(unit)) for part in region.parts]
    for (one, first), (other, second) in combinations(sampled, 2):
        # Straight sides that touch without crossing lie in one line, and bound nothing there.
        if one.straight() and other.straight():
            continue
        if all(isinstance(part.side, StraightSide) for part in (one, other)):
            continue
        gap = 4.0 * max(one.side.size, other.side.size) / _FIRST
        low = np.maximum(first.min(axis=0), second.min(axis=0))
        high = np.minimum(first.max(axis=0), second.max(axis=0))
        if np.any(low > high + gap):
            continue
        found = _nearest(one, other)
        if np.linalg.norm(found[0] - found[1]) <= _NEAR * region.size:
            pairs = zip((one, other), found, strict=True)
            normals = [part.sign * part.side.normals(at[None])[0] for part, at in pairs]
            if normals[0] @ normals[1] < -1.0 + _OPPOSITE:
                return one, other, tuple(map(float, found[0]))
    return None


def _nearest(
    one: RegionPart, other: RegionPart
) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
    """The nearest points of two sides, by enlarging the stretches around them."""
    centers, half, count = (0.5, 0.5), 0.5, _FIRST
    first = second = np.zeros((1, 2))
    i = j = 0
    for _ in range(_ROUNDS):
        s, t = (np.clip(c + half * np.linspace(-1.0, 1.0, count), 0.0, 1.0) for c in centers)
        first, second = one.side.points(s[:, None]), other.side.points(t[:, None])
        apart = np.linalg.norm(first[:, None] - second[None], axis=2)
        i, j = np.unravel_index(np.argmin(apart), apart.shape)
        centers, half = (float(s[i]), float(t[j])), half * 4.0 / count
        count = _AGAIN
    return first[i], second[j]
