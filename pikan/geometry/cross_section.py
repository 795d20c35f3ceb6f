"""Cross-sections of solid regions at one value of their third coordinate."""

from dataclasses import replace
from math import sqrt

import numpy as np

from pikan.geometry.ellipse import Ellipse
from pikan.geometry.region import Component, Region
from pikan.geometry.shape import Shape
from pikan.geometry.solid import Ball, Cuboid, Cylinder


def heights(region: Region) -> list[float]:
    """Where shapes of a solid region begin and end along the third coordinate, in order."""
    low, high = (float(end[2]) for end in region.bounds)
    every = [
        end[2] for one in region.components for part, _ in one.walk() for end in part.shape.bounds
    ]
    return [float(z) for z in np.unique([low, high, *(z for z in every if low < z < high)])]


def cross_section(region: Region, z: float) -> Region | None:
    """The plane region at one height; None where nothing is left."""
    found = [flat for one in region.components if (flat := _component(one, z)) is not None]
    return Region(tuple(found), (0, 1)) if found else None


def _component(one: Component, z: float) -> Component | None:
    shape = _shape(one.shape, z)
    within = [flat for part in one.within if (flat := _component(part, z)) is not None]
    without = [flat for part in one.without if (flat := _component(part, z)) is not None]
    if shape is None or (one.within and not within):
        return None
    return replace(one, shape=shape, within=tuple(within), without=tuple(without))


def _shape(shape: Shape, z: float) -> Shape | None:
    if not shape.bounds[0][2] < z < shape.bounds[1][2]:
        return None
    match shape:
        case Ball(center=(x, y, height), radius=radius):
            own = sqrt((radius - z + height) * (radius + z - height))
            return Ellipse((x, y), (own, own))
        case Cylinder(center=center, radius=radius):
            return Ellipse(center, (radius, radius))
        case Cuboid(lower=lower, upper=upper):
            return Cuboid(lower[:2], upper[:2])
        case _:
            raise TypeError(f"a solid has no cross-section known: {shape.kind}")
