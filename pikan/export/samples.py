"""The values of a solution on a grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.problem.partials import partial
from pikan.problem.statement import Problem
from pikan.report.errors import Evaluate, by_chunks

Number = float | int
Grid = int | Mapping[str, int | Sequence[Number] | Float[np.ndarray, " _"]]

# Points along each coordinate where nobody says how many, by the number of coordinates.
_POINTS = {1: 1001, 2: 201, 3: 61}
_FEW = 11
# So many numbers take 800 MB.
_LARGEST = 100_000_000


@final
@dataclass(frozen=True)
class Samples:
    """Unknowns and derivatives on a grid: each an array with an axis for each coordinate.

    `grids` are the values of the coordinates in the order of the axes; `title`, `source` and
    `units` are those of the problem.
    """

    title: str
    source: str
    grids: Mapping[str, Float[np.ndarray, " _"]]
    values: Mapping[str, Float[np.ndarray, "*_"]]
    units: Mapping[str, str]

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the order of the axes."""
        return tuple(self.grids)


def samples(
    problem: Problem,
    grid: Grid | None,
    derivatives: Sequence[str],
    unknowns: Evaluate,
    derivative: Callable[[str], Evaluate],
) -> Samples:
    """The unknowns and the derivatives named, on a grid over the whole box.

    `grid` is the number of points along each coordinate, or the number or the values by name.
    ValueError for names, values and numbers that the box does not have.
    """
    grids = grids_of(problem, grid)
    every = np.stack(np.meshgrid(*grids.values(), indexing="ij"), axis=-1)
    rows, shape = every.reshape(-1, problem.box.dimension), every.shape[:-1]
    found = by_chunks(unknowns, rows)
    values = {name: found[:, i].reshape(shape) for i, name in enumerate(problem.unknowns)}
    check_derivatives(problem, derivatives)
    for name in derivatives:
        values[name] = by_chunks(derivative(name), rows)[:, 0].reshape(shape)
    return Samples(problem.title, problem.source, grids, values, problem.units)


def first_derivatives(problem: Problem) -> tuple[str, ...]:
    """The names of all first derivatives in space."""
    space = [name for name in problem.coordinates if name != "t"]
    return tuple(f"{unknown}_{name}" for unknown in problem.unknowns for name in space)


def check_derivatives(problem: Problem, names: Sequence[str]) -> None:
    """ValueError for a name that is no derivative of an unknown."""
    for name in names:
        if partial(problem, name) is None:
            first = f"{problem.unknowns[0]}_{problem.coordinates[0]}"
            raise ValueError(f"derivatives: got '{name}', needs a derivative such as {first}")


def grids_of(problem: Problem, grid: Grid | None) -> dict[str, Float[np.ndarray, " _"]]:
    """The values of each coordinate that a grid has; ValueError for those that no box has."""
    box = problem.box
    few = _POINTS.get(box.dimension, _FEW)
    given: Mapping[str, object] = grid if isinstance(grid, Mapping) else {}
    for name in given:
        if name not in box.coordinates:
            raise ValueError(f"grid: got '{name}', needs one of {', '.join(box.coordinates)}")
    counts = few if grid is None or isinstance(grid, Mapping) else grid
    found: dict[str, Float[np.ndarray, " _"]] = {}
    for axis, name in enumerate(box.coordinates):
        ends = box.lower[axis], box.upper[axis]
        wanted = given.get(name, counts)
        if not isinstance(wanted, int):
            found[name] = _values(name, *ends, wanted)
        elif 2 <= wanted <= _LARGEST:
            found[name] = np.linspace(*ends, wanted)
        else:
            raise ValueError(f"grid: got {wanted} points along {name}, needs at least 2")
    size = prod(len(values) for values in found.values())
    if size > _LARGEST:
        raise ValueError(f"grid: got {size} points, needs at most {_LARGEST}; take fewer a side")
    return found


def _values(name: str, low: float, high: float, given: object) -> Float[np.ndarray, " _"]:
    values = np.atleast_1d(np.asarray(given, dtype=np.float64))
    rising = values.ndim == 1 and bool((np.diff(values) > 0).all())
    if values.size == 0 or not rising:
        raise ValueError(f"grid: {name}: got {given}, needs rising numbers")
    slack = 1e-12 * (high - low)
    if values[0] < low - slack or values[-1] > high + slack:
        worst = values[0] if values[0] < low - slack else values[-1]
        raise ValueError(f"grid: got {name} = {worst:g}, needs from {low:g} to {high:g}")
    return values
