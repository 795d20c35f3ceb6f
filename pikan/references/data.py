"""A reference solution out of a data file: values on a grid, or on scattered points."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from pikan.files.arrays import Array, DataError, read_arrays
from pikan.geometry.box import Box
from pikan.references.reference import ReferenceSolution

# How far a coordinate may lie outside of the box, in parts of its width: rounding of a file.
ROUNDING = 1e-9
# The points are listed one by one, whatever the number of their coordinates.
MOST_POINTS = 10**7
# One point is no solution to compare with.
FEWEST_POINTS = 2
# What a run keeps the data in, beside its problem file.
KEPT = "compared.npz"


@final
@dataclass(frozen=True)
class ReferenceData(ReferenceSolution):
    """The data of a file inside the box: `table[name][i]` is the value at `places[i]`.

    Where the data fill a grid, `grid` has its axes, and the points run through them with the last
    axis fastest; otherwise it is None. Elsewhere the values are interpolated linearly between
    points of a grid, and taken from the nearest of scattered points: good enough to be drawn.
    """

    places: Float[np.ndarray, "n d"]
    table: Mapping[str, Float[np.ndarray, " n"]]
    grid: tuple[Float[np.ndarray, " _"], ...] | None

    @property
    def against(self) -> Literal["reference"]:
        """A data file has an error of its own."""
        return "reference"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The unknowns that the file has values of."""
        return tuple(self.table)

    @property
    def points(self) -> Float[np.ndarray, "n d"]:
        """Where the file has values."""
        return self.places

    def values(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """The values of the file at its own points, to the bit; interpolated elsewhere."""
        stored = np.stack(list(self.table.values()), axis=-1)
        if np.array_equal(points, self.places):
            return stored
        from scipy.interpolate import NearestNDInterpolator, RegularGridInterpolator

        if self.grid is None:
            return NearestNDInterpolator(self.places, stored, rescale=True)(points)
        wide = [axis for axis, ticks in enumerate(self.grid) if len(ticks) > 1]
        ticks = tuple(self.grid[axis] for axis in wide)
        field = stored.reshape(*map(len, ticks), -1)
        between = RegularGridInterpolator(
            ticks,
            field,
            bounds_error=False,
            fill_value=None,  # pyright: ignore[reportArgumentType]  SciPy's word for extrapolating
        )
        return between(points[:, wide])


def arrays(data: ReferenceData, coordinates: Iterable[str]) -> Mapping[str, Array]:
    """The arrays of a file that reads back to the same reference, under the problem's names."""
    if data.grid is None:
        return {**dict(zip(coordinates, data.places.T, strict=True)), **data.table}
    shape = [len(ticks) for ticks in data.grid]
    fields = {name: values.reshape(shape) for name, values in data.table.items()}
    return {**dict(zip(coordinates, data.grid, strict=True)), **fields}


class Columns(NamedTuple):
    """The arrays of a file without axes of length 1: coordinates by name, then unknowns."""

    file: str
    coordinates: Mapping[str, Array]
    unknowns: Mapping[str, Array]


def reference(
    path: Path, box: Box, coordinates: Mapping[str, str], unknowns: Mapping[str, str]
) -> ReferenceData:
    """The data of a file, or DataError.

    The mappings give each coordinate and unknown its name in the file. Either every coordinate is
    one axis of a grid, and an unknown has an axis for each of them in any order, where coordinates
    of equal length come in the order of the mapping. Or all arrays have the same shape, and their
    entries belong together. Points outside of the box are left out.
    """
    if set(coordinates) != set(box.coordinates):
        raise DataError(
            f"the data of '{path.name}' name the coordinates {', '.join(coordinates) or 'none'};"
            f" name each of {', '.join(box.coordinates)} once"
        )
    stored = read_arrays(path, [*coordinates.values(), *unknowns.values()])
    squeezed = {name: np.atleast_1d(np.squeeze(array)) for name, array in stored.items()}
    columns = Columns(
        path.name,
        {name: squeezed[inside] for name, inside in coordinates.items()},
        {name: squeezed[inside] for name, inside in unknowns.items()},
    )
    shapes = {array.shape for array in squeezed.values()}
    listed = len(shapes) == 1 and box.dimension > 1
    return _scattered_reference(columns, box) if listed else _grid_reference(columns, box)


def _scattered_reference(columns: Columns, box: Box) -> ReferenceData:
    every = [columns.coordinates[name].ravel() for name in box.coordinates]
    _check_count(columns, every[0].size)
    inside = [inside_interval(ticks, box, axis) for axis, ticks in enumerate(every)]
    kept = np.logical_and.reduce(inside)
    if kept.sum() < FEWEST_POINTS:
        raise _outside(columns, box, every, int(kept.sum()))
    places = np.stack([ticks[kept] for ticks in every], axis=-1)
    table = {name: array.ravel()[kept] for name, array in columns.unknowns.items()}
    return ReferenceData(np.clip(places, box.lower, box.upper), table, None)


def _grid_reference(columns: Columns, box: Box) -> ReferenceData:
    ticks = [_ticks(columns, name) for name in box.coordinates]
    orders = [np.argsort(each) for each in ticks]
    kept = [
        order[inside_interval(each[order], box, axis)]
        for axis, (each, order) in enumerate(zip(ticks, orders, strict=True))
    ]
    count = math.prod(map(len, kept))
    if count < FEWEST_POINTS:
        raise _outside(columns, box, ticks, count)
    grid = tuple(
        np.clip(each[chosen], box.lower[axis], box.upper[axis])
        for axis, (each, chosen) in enumerate(zip(ticks, kept, strict=True))
    )
    table = {
        name: _in_order(columns, name, box.coordinates)[np.ix_(*kept)].ravel()
        for name in columns.unknowns
    }
    places = np.stack([each.ravel() for each in np.meshgrid(*grid, indexing="ij")], axis=-1)
    return ReferenceData(places, table, grid)


def _ticks(columns: Columns, name: str) -> Float[np.ndarray, " _"]:
    ticks = columns.coordinates[name]
    if ticks.ndim != 1:
        raise DataError(
            f"the coordinate {name} in '{columns.file}' has the shape {ticks.shape}; give it one"
            " axis, or the shape of the unknowns"
        )
    if len(np.unique(ticks)) < len(ticks):
        raise DataError(
            f"the coordinate {name} in '{columns.file}' repeats a value; each may stand once on a"
            " grid, and scattered points need arrays of one length"
        )
    return ticks


def _in_order(columns: Columns, name: str, coordinates: Iterable[str]) -> Array:
    """An unknown with its axes in the order of the box, those of length 1 among them."""
    array = columns.unknowns[name]
    # Of equal lengths, the first coordinate in the mapping that is left has the first axis.
    left = {key: len(ticks) for key, ticks in columns.coordinates.items() if len(ticks) > 1}
    axes: dict[str, int] = {}
    for axis, length in enumerate(array.shape if array.size > 1 else ()):
        fitting = [key for key, ticks in left.items() if ticks == length]
        if not fitting:
            raise _size_fault(columns, name)
        axes[fitting[0]] = axis
        del left[fitting[0]]
    if left:
        raise _size_fault(columns, name)
    _check_count(columns, array.size)
    turned = array.reshape(array.shape if axes else ()).transpose(
        [axes[key] for key in coordinates if key in axes]
    )
    return turned.reshape([len(columns.coordinates[key]) for key in coordinates])


def inside_interval(ticks: Float[np.ndarray, " _"], box: Box, axis: int) -> Bool[np.ndarray, " _"]:
    """Which values of a coordinate lie in the box, but for rounding."""
    margin = ROUNDING * (box.upper[axis] - box.lower[axis])
    return (ticks >= box.lower[axis] - margin) & (ticks <= box.upper[axis] + margin)


def _size_fault(columns: Columns, name: str) -> DataError:
    lengths = ", ".join(f"{key} {array.size}" for key, array in columns.coordinates.items())
    return DataError(
        f"the unknown {name} in '{columns.file}' has the shape {columns.unknowns[name].shape}, and"
        f" the coordinates have lengths {lengths}; give it one axis for each of them"
    )


def _outside(
    columns: Columns, box: Box, ticks: list[Float[np.ndarray, " _"]], inside: int
) -> DataError:
    ranges = ", ".join(
        f"{name} from {each.min():.6g} to {each.max():.6g}"
        for name, each in zip(box.coordinates, ticks, strict=True)
    )
    points = "one point" if inside else "no point"
    return DataError(f"{points} of '{columns.file}' lies in the domain; it has {ranges}")


def _check_count(columns: Columns, count: int) -> None:
    if count > MOST_POINTS:
        raise DataError(
            f"'{columns.file}' has {count} points; at most {MOST_POINTS} are read: thin it out"
        )
