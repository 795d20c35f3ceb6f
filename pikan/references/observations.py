"""Measured values out of a data file, point by point."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from pikan.expression.tree import Expression
from pikan.files.arrays import DataError, read_arrays
from pikan.geometry.box import Box
from pikan.references.data import MOST_POINTS, inside_interval

# What a run keeps its observations in, beside its problem file.
KEPT = "observed.npz"
# The steps of an even grid are equal up to this part of them.
_EVEN = 1e-6


@final
@dataclass(frozen=True, eq=False)
class Observation:
    """Measured values of a formula of the unknowns at points: formula(points) = values + noise.

    `noise` is the standard deviation of each value, None where it is to be estimated. `outside`
    values lay beyond the domain and `missing` ones were not there; both are left out.
    """

    label: str
    formula: Expression
    points: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, " n"]
    noise: Float[np.ndarray, " n"] | None
    outside: int
    missing: int


class MeasuredColumns(NamedTuple):
    """The points of a file inside a box, and the columns there, NaN where a value is missing.

    `outside` points lay beyond the box.
    """

    points: Float[np.ndarray, "n d"]
    values: Mapping[str, Float[np.ndarray, " n"]]
    outside: int


def read_columns(
    path: Path, box: Box, coordinates: Mapping[str, str], columns: Sequence[str]
) -> MeasuredColumns:
    """The columns of a file in a box, or DataError.

    `coordinates` gives each coordinate its name in the file. Either all arrays have one shape, and
    their entries belong together, or every coordinate is one axis of a grid and the columns have an
    axis for each of them, in the order of the box.
    """
    names = [coordinates[name] for name in box.coordinates]
    stored = {
        name: np.squeeze(array)
        for name, array in read_arrays(path, [*names, *columns], missing=columns).items()
    }
    values = {name: stored[name] for name in columns}
    shapes = {array.shape for array in values.values()}
    places = [stored[name] for name in names]
    grid = tuple(array.size for array in places)
    if len(shapes) == 1 and all(array.shape in shapes for array in places):
        points = np.stack([array.ravel() for array in places], axis=-1)
    elif shapes == {grid} or shapes == {tuple(size for size in grid if size > 1)}:
        mesh = np.meshgrid(*(array.ravel() for array in places), indexing="ij")
        points = np.stack([array.ravel() for array in mesh], axis=-1)
    else:
        given = ", ".join(f"{name} {array.shape}" for name, array in stored.items())
        raise DataError(
            f"the arrays of '{path.name}' have the shapes {given}; give them one shape, or the "
            f"values an axis for each of {', '.join(names)}"
        )
    if math.prod(points.shape[:1]) > MOST_POINTS:
        raise DataError(
            f"'{path.name}' has {len(points)} points; at most {MOST_POINTS} are read: thin it out"
        )
    kept = np.logical_and.reduce(
        [inside_interval(points[:, axis], box, axis) for axis in range(box.dimension)]
    )
    if not kept.any():
        ranges = ", ".join(
            f"{name} from {column.min():.6g} to {column.max():.6g}"
            for name, column in zip(names, points.T, strict=True)
        )
        raise DataError(f"no point of '{path.name}' lies in the domain; it has {ranges}")
    return MeasuredColumns(
        np.clip(points[kept], box.lower, box.upper),
        {name: array.ravel()[kept] for name, array in values.items()},
        int((~kept).sum()),
    )


def even_axes(points: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, " _"], ...] | None:
    """The axes of the grid with equal steps that points make, in any order; None for no grid."""
    axes = tuple(np.unique(column) for column in points.T)
    if math.prod(len(axis) for axis in axes) != len(points) or min(map(len, axes)) < 2:
        return None
    if len(np.unique(points, axis=0)) < len(points):
        return None
    for axis in axes:
        steps = np.diff(axis)
        if np.ptp(steps) > _EVEN * steps.mean():
            return None
    return axes


def arrays(
    observations: Sequence[Observation], coordinates: Sequence[str]
) -> Mapping[str, Float[np.ndarray, " _"]]:
    """The arrays of a file that reads back to the same observations, each with a number."""
    found: dict[str, Float[np.ndarray, " _"]] = {}
    for k, one in enumerate(observations):
        found.update({f"{name}{k}": one.points[:, i] for i, name in enumerate(coordinates)})
        found[f"value{k}"] = one.values
        if one.noise is not None:
            found[f"noise{k}"] = one.noise
    return found
