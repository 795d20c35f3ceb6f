"""Pieces of a region: what shapes divide it into, and the interfaces where two pieces meet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from pikan.geometry.domain import even
from pikan.geometry.region import Component, Region, RegionPart, union
from pikan.geometry.shape import Points, Side

# As many points of a region show which pieces there are, and on either hand of every side of a
# shape as many this far beside it, in parts of the region's size.
_PROBES, _ALONG, _BESIDE = 8192, 256, 1e-6
# As many points of a side show which pieces meet on it, and how far a piece reaches.
_MEETING, _EXTENT = 64, 4096


@final
@dataclass(frozen=True, eq=False)
class Cell:
    """A piece of a region, a point inside it, and the smallest box around it."""

    region: Region
    inside: Float[np.ndarray, " d"]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


class Interface(NamedTuple):
    """Where two pieces meet, by their numbers; the normal of the part leads out of the first."""

    part: RegionPart
    first: int
    second: int


def cells(region: Region, dividers: Sequence[tuple[Component, ...]]) -> tuple[Cell, ...]:
    """The pieces into which shapes divide a region, each divider a union of components.

    Two points are of one piece if they lie inside of the same dividers. Pieces come in the order
    of these, what lies inside first.
    """
    points = _probes(region, dividers)
    held = np.stack([union(one, points) for one in dividers], axis=1)
    found: list[Cell] = []
    for signature in sorted(set(map(tuple, held.tolist())), reverse=True):
        within = [one for one, inside in zip(dividers, signature, strict=True) if inside]
        without = [one for one, inside in zip(dividers, signature, strict=True) if not inside]
        components = region.components
        for one in within:
            components = tuple(each.cut(one, ()) for each in components)
        taken = tuple(each for one in without for each in one)
        components = tuple(each.cut((), taken) for each in components)
        own = points[(held == signature).all(axis=1)]
        piece = Region(components, region.axes)
        found.append(Cell(piece, own[0], *_extent(piece, own)))
    return tuple(found)


def disjoint(region: Region, components: tuple[Component, ...]) -> bool:
    """Whether no two of some components have points of a region in common."""
    points = _probes(region, [components])
    held = [one.contains(points) for one in components]
    return not any((one & other).any() for one, other in combinations(held, 2))


def _probes(region: Region, dividers: Sequence[tuple[Component, ...]]) -> Points:
    """Points of a region, spread evenly and on both hands of every side of some shapes."""
    lower, upper = region.bounds
    spread = [lower + (upper - lower) * even(_PROBES, len(lower))]
    for side in {side for one in dividers for each in one for side in _sides(each)}:
        at = side.points(even(_ALONG, len(lower) - 1))
        step = _BESIDE * region.size * np.nan_to_num(side.normals(at))
        spread += [at - step, at + step]
    points = np.concatenate(spread)
    return points[region.holds(points)]


def _sides(component: Component) -> Iterator[Side]:
    """All sides of a component and of what it is made with."""
    for one, _ in component.walk():
        yield from one.shape.sides


def _extent(piece: Region, inside: Points) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The smallest box around the points of a piece and those of its boundary."""
    every = [inside]
    count = _EXTENT if inside.shape[1] == 2 else _ALONG
    for part in piece.parts:
        unit = even(count, inside.shape[1] - 1)
        unit = np.vstack([unit, np.zeros_like(unit[:1]), np.ones_like(unit[:1])])
        at = part.side.points(unit)
        every.append(at[part.bounds_own(at)])
    points = np.concatenate(every)
    return tuple(map(float, points.min(axis=0))), tuple(map(float, points.max(axis=0)))


def interfaces(region: Region, pieces: Sequence[Cell]) -> tuple[Interface, ...]:
    """Every side along which two pieces meet, seen from the one that lies inside of its shape."""
    found: list[Interface] = []
    for number, piece in enumerate(pieces):
        for part in piece.region.parts:
            for other, beyond in enumerate(pieces):
                seen = replace(part, outer=beyond.region)
                at = seen.side.points(even(_MEETING * 16, len(region.axes) - 1))
                if other == number or not seen.bounds_own(at).any():
                    continue
                same = [
                    k
                    for k, one in enumerate(found)
                    if {one.first, one.second} == {number, other} and one.part.side == part.side
                ]
                if not same:
                    found.append(Interface(seen, number, other))
                elif part.sign > 0:
                    found[same[0]] = Interface(seen, number, other)
    return tuple(found)


def owner(pieces: Sequence[Region], points: Points) -> Int[np.ndarray, " n"]:
    """The number of the piece that each point lies in; on a boundary of one beside it."""
    found = np.full(len(points), -1)
    for test in (Region.contains, Region.covers):
        for number, piece in enumerate(pieces):
            left = found < 0
            found[left] = np.where(test(piece, points[left]), number, -1)
    return np.maximum(found, 0)
