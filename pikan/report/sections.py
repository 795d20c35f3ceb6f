"""Lines and planes through a box, and the points on them."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.geometry.box import Box

# Three planes fill a page; more would be too small to read.
_PLANES = 3

Number = float | int
At = Mapping[str, Number | Sequence[Number] | Float[np.ndarray, " _"]]


class Section(NamedTuple):
    """A line or a plane through a box: the coordinates that vary, on grids, and the others."""

    axes: tuple[str, ...]
    grids: tuple[Float[np.ndarray, " _"], ...]
    fixed: tuple[tuple[str, float], ...]

    def points(self, box: Box) -> Float[np.ndarray, "*n d"]:
        """The points of the section, along its axes in their order."""
        points = np.empty((*(len(grid) for grid in self.grids), box.dimension))
        for name, values in zip(self.axes, np.meshgrid(*self.grids, indexing="ij"), strict=True):
            points[..., box.axis(name)] = values
        for name, value in self.fixed:
            points[..., box.axis(name)] = value
        return points


def sections(box: Box, at: At, line: int, plane: int) -> tuple[Section, ...]:
    """The lines or planes where some coordinates have the values in `at`, each in turn.

    Where more than two coordinates are left, those beyond the first two stay in the middle. Without
    `at` they are those of `cuts`. A line has `line` points, a plane `plane` along each axis.
    ValueError for a name that is no coordinate, and for a value outside of the box.
    """
    _check(box, at)
    if not at:
        return tuple(_section(box, axes, fixed, line, plane) for axes, fixed in cuts(box))
    left = [axis for axis, name in enumerate(box.coordinates) if name not in at]
    if not left:
        raise ValueError(f"at: fixes {', '.join(at)}; leave one or two coordinates to vary")
    varying, middle = left[:2], {axis: between(box, axis, 0.55) for axis in left[2:]}
    values = [np.atleast_1d(np.asarray(at[name], dtype=np.float64)).tolist() for name in at]
    places = [box.axis(name) for name in at]
    return tuple(
        _section(
            box,
            tuple(varying),
            tuple({**dict(zip(places, chosen, strict=True)), **middle}.items()),
            line,
            plane,
        )
        for chosen in product(*values)
    )


def cuts(box: Box) -> tuple[tuple[tuple[int, ...], tuple[tuple[int, float], ...]], ...]:
    """The slices to show: the axes that vary, and the others with the value they keep.

    The whole line or plane of one or two coordinates. With time among more, the plane of the first
    two others at the start, the middle and the end; without, up to three planes through the middle,
    each coordinate in turn. The middle is not quite the middle, where odd functions would vanish on
    the whole slice.
    """
    every = tuple(range(box.dimension))
    if box.dimension <= 2:
        return ((every, ()),)
    middle = {axis: between(box, axis, 0.55) for axis in every}
    if box.time is None:
        pairs = list(combinations(every, 2))
        if box.dimension > 3:
            # Neighbors, until each has had its turn.
            odd = [box.dimension - 2] if box.dimension % 2 else []
            starts = [*range(0, box.dimension - 1, 2), *odd][:_PLANES]
            pairs = [(start, start + 1) for start in starts]
        return tuple((pair, _rest(middle, pair)) for pair in pairs)
    first, second = [axis for axis in every if axis != box.time][:2]
    moments = [between(box, box.time, part) for part in (0.0, 0.5, 1.0)]
    return tuple(
        ((first, second), _rest({**middle, box.time: moment}, (first, second)))
        for moment in moments
    )


def between(box: Box, axis: int, part: float) -> float:
    """The value of a coordinate at a part of its range."""
    return box.lower[axis] + part * (box.upper[axis] - box.lower[axis])


def _check(box: Box, at: At) -> None:
    for name, given in at.items():
        if name not in box.coordinates:
            raise ValueError(f"at: got '{name}', needs one of {', '.join(box.coordinates)}")
        low, high = box.lower[box.axis(name)], box.upper[box.axis(name)]
        for value in np.atleast_1d(np.asarray(given, dtype=np.float64)).tolist():
            if not low <= value <= high:
                raise ValueError(f"at: got {name} = {value:g}, needs from {low:g} to {high:g}")


def _section(
    box: Box,
    axes: tuple[int, ...],
    fixed: tuple[tuple[int, float], ...],
    line: int,
    plane: int,
) -> Section:
    count = line if len(axes) == 1 else plane
    return Section(
        tuple(box.coordinates[axis] for axis in axes),
        tuple(np.linspace(box.lower[axis], box.upper[axis], count) for axis in axes),
        tuple((box.coordinates[axis], value) for axis, value in fixed),
    )


def _rest(values: dict[int, float], axes: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    return tuple((axis, value) for axis, value in values.items() if axis not in axes)
