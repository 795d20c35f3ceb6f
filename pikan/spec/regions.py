"""The region of a spec: its shapes joined, cut and taken away from each other."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pikan.expression.wording import word_list
from pikan.geometry.box import Box
from pikan.geometry.contact import contact
from pikan.geometry.domain import even
from pikan.geometry.region import Component, Region
from pikan.geometry.roles import TIME
from pikan.geometry.solid import Cuboid
from pikan.spec.boundaries import BOX
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Keys
from pikan.spec.piece_settings import PieceSettings
from pikan.spec.schema import Spec, Where
from pikan.spec.shape_reader import ShapeReader, around_all, as_list
from pikan.spec.shapes import ShapeSettings

# As many points show whether anything of a side bounds the region.
_PROBES = 64
_SOLID = ("ball", "cylinder")
_FLAT_NAMES, _SOLID_NAMES = ("x", "y"), ("x", "y", "z")


def region(spec: Spec, given: Box, known: Constants) -> Check[tuple[Box, Region | None]]:
    """The box of all coordinates, those of the region first, and the region; None without one.

    `given` is the box of the domain.
    """
    if spec.region is None and spec.without is None and spec.within is None:
        return given, _whole(spec, given)
    written = [one for key in ("region", "without", "within") for one in _each(spec, key)]
    coordinates = yield from _coordinates(spec, given, [shape for _, shape in written])
    if coordinates is None:
        return given, None
    reader = ShapeReader(spec.origin, coordinates, known)
    added = yield from reader.components(_each(spec, "region"), None)
    axes = tuple(map(given.axis, coordinates)) if spec.region is None else ()
    lower = tuple(given.lower[axis] for axis in axes)
    upper = tuple(given.upper[axis] for axis in axes)
    around = around_all([(lower, upper)] if axes else [one.shape.bounds for one in added])
    without = yield from reader.components(_each(spec, "without"), around)
    within = yield from reader.components(_each(spec, "within"), around)
    yield from reader.check_names()
    if spec.region is None:
        added = (Component(Cuboid(lower, upper), BOX, without, within),)
        box = given
    else:
        added = tuple(one.cut(within, without) for one in added)
        axes, box = tuple(range(len(coordinates))), given
    count = len(written)
    if reader.faulty or any(map(math.isnan, (*given.lower, *given.upper))) or not count:
        return _stand_in(spec, given, coordinates), None
    found = Region(added, axes, boxed=spec.region is None)
    yield from _check_parts(spec, reader, found, box)
    if spec.region is not None:
        low, high = found.bounds
        if not np.all(low < high):
            yield spec.origin.fault(("region",), "is empty; nothing is left of its shapes")
            return _stand_in(spec, given, coordinates), None
        box = Box(
            (*coordinates, *given.coordinates),
            (*map(float, low), *given.lower),
            (*map(float, high), *given.upper),
        )
    return box, found


def _check_parts(spec: Spec, reader: ShapeReader, found: Region, box: Box) -> Check[None]:
    """Every shape bounds the region, and no two sides touch without crossing."""
    if spec.region is not None:
        low, high = found.bounds
        box = Box(reader.coordinates, tuple(map(float, low)), tuple(map(float, high)))
        found = replace(found, axes=tuple(range(len(reader.coordinates))))
    bounding = {part.side for part in found.parts if len(part.points(box, _PROBES, even))}
    for keys, sides in reader.sides:
        if bounding.isdisjoint(sides):
            message = "bounds nothing of the region; it lies outside, or within another shape"
            yield spec.origin.fault(keys, f"{message}; leave it out")
    touching = contact(found)
    if touching is not None:
        one, other, at = touching
        place = ", ".join(f"{n} = {x:.4g}" for n, x in zip(reader.coordinates, at, strict=True))
        message = f"'{one.label(box)}' touches '{other.label(box)}' at {place}; move them apart"
        yield spec.origin.fault(("region",) if spec.region is not None else ("without",), message)


def _whole(spec: Spec, given: Box) -> Region | None:
    """All of a box, where conditions speak of parts of its sides or constants of pieces."""
    restricted = any(isinstance(one, Where) and one.only is not None for one in spec.conditions)
    restricted |= any(isinstance(one, PieceSettings) for one in spec.constants.values())
    ends = (*given.lower, *given.upper)
    if not restricted or len(given.space) not in (2, 3) or any(map(math.isnan, ends)):
        return None
    lower = tuple(given.lower[axis] for axis in given.space)
    upper = tuple(given.upper[axis] for axis in given.space)
    return Region((Component(Cuboid(lower, upper), BOX),), given.space, boxed=True)


def _stand_in(spec: Spec, given: Box, coordinates: tuple[str, ...]) -> Box:
    """A box with all coordinates where a region is at fault, so that the rest can be checked."""
    if spec.region is None:
        return given
    nothing = (math.nan,) * len(coordinates)
    names = (*coordinates, *given.coordinates)
    return Box(names, (*nothing, *given.lower), (*nothing, *given.upper))


def _each(spec: Spec, key: str) -> list[tuple[Keys, ShapeSettings]]:
    return as_list((key,), getattr(spec, key))


def _dimension(shape: ShapeSettings) -> int | None:
    """The number of coordinates of a shape; None for a formula, which fits any."""
    if shape.formula is not None:
        return None
    if shape.box is not None:
        return len(shape.box)
    return 3 if any(getattr(shape, kind) is not None for kind in _SOLID) else 2


def _coordinates(
    spec: Spec, given: Box, shapes: Sequence[ShapeSettings]
) -> Check[tuple[str, ...] | None]:
    """The names of the coordinates of all shapes."""
    found = {d for d in map(_dimension, shapes) if d is not None} or {2}
    key = "region" if spec.region is not None else "without" if spec.without else "within"
    if len(found) > 1:
        message = "holds shapes of the plane and of space; take those of one of them"
        yield spec.origin.fault((key,), message)
        return None
    (dimension,) = found
    space = [name for name in given.coordinates if name != TIME]
    if spec.region is None:
        if spec.coordinates is not None:
            names = spec.coordinates
            strange = [name for name in names if name not in space]
            if strange or len(names) != dimension:
                message = (
                    f"got {list(names)}, needs {dimension} of the domain's: {word_list(space)}"
                )
                yield spec.origin.fault(("coordinates",), message)
                return None
            return names
        if len(space) < dimension:
            message = f"a shape has {dimension} coordinates; the domain has {len(space)} in space"
            yield spec.origin.fault((key,), message)
            return None
        return tuple(space[:dimension])
    usual = _FLAT_NAMES if dimension == 2 else _SOLID_NAMES
    names = spec.coordinates or usual
    if len(names) != dimension:
        message = f"got {list(names)}, needs {dimension} names, one for each coordinate"
        yield spec.origin.fault(("coordinates",), message)
        return None
    for name in names:
        if name in given.coordinates:
            message = f"'{name}' is a coordinate of the region already; leave it out here"
            yield spec.origin.fault(("domain", name), message)
            return None
    return tuple(names)
