"""Linearization at a random state: how many conditions are required, and the null space left."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Expression
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.linalg.null_space import echelon_null_space
from pikan.problem.partials import Partial, partials
from pikan.problem.statement import Problem, matching_partials, residual_on
from pikan.problem.wellposed.compatibility import POINTS, places_on

# What is left of numbers of size one that cancel.
_NOTHING = 1e-9
# Two wave numbers so large that the highest power of them is all that counts.
_WAVES = 1e4, 1e6
# More functions than this are too many to look at in a moment.
_MODES = 300
_PLACES = 500
# At how many points a residual is asked whether it sees a function.
_SEEN = 4

Column = Float[np.ndarray, " n"]


class Linear(NamedTuple):
    """The derivative of a residual by each partial in it, at some points; the largest is 1."""

    points: Float[np.ndarray, "n d"]
    slopes: Mapping[Partial, Column]


class Mode(NamedTuple):
    """A share of 1, or of the coordinate of an axis, in an unknown."""

    unknown: int
    shape: int | None
    share: float


def linear(problem: Problem, residual: Expression, face: BoundaryPart) -> Linear:
    """A residual near random values of all partials, the same ones every time."""
    found = partials(problem, residual)
    points = places_on(problem, face)
    random = np.random.default_rng(1)
    state = {name: random.normal(size=POINTS) for name in found}
    values = {**problem.constants, **points, **state}
    with np.errstate(all="ignore"):
        slopes = {
            one: evaluate_on(differentiate(residual, name), values, POINTS)
            for name, one in found.items()
        }
        largest = np.max(np.abs([*slopes.values(), np.full(POINTS, 1e-300)]), axis=0)
        scaled = {one: slope / largest for one, slope in slopes.items()}
    places = [points[name] for name in problem.coordinates]
    return Linear(np.stack(places, axis=-1), scaled)


def required_conditions(problem: Problem) -> tuple[int, ...]:
    """How many conditions the equations ask for across each axis; 0 where that is not clear.

    It is the degree, in the wave number along the axis, of the determinant of what the equations
    make of waves: 2 for Laplace's equation, 4 for those of Stokes, in which the pressure asks for
    none of its own.

    Source: Agmon, Douglis, Nirenberg, Comm. Pure Appl. Math. 17 (1964) 35, section 1.
    """
    if len(problem.equations) != len(problem.unknowns):
        return (0,) * problem.box.dimension
    rows = [linear(problem, one.residual, Face(())).slopes for one in problem.equations]
    sizes = np.array(
        [
            [_determinant(problem, rows, axis, wave) for wave in _WAVES]
            for axis in range(problem.box.dimension)
        ]
    )
    with np.errstate(all="ignore"):
        degrees = (sizes[:, 1] - sizes[:, 0]) / np.log(_WAVES[1] / _WAVES[0])
    return tuple(round(float(degree)) if np.isfinite(degree) else 0 for degree in degrees)


def _determinant(
    problem: Problem, rows: Sequence[Mapping[Partial, Column]], axis: int, wave: float
) -> float:
    """The logarithm of the determinant for one wave."""
    random = np.random.default_rng(2)
    waves = random.normal(size=problem.box.dimension) + 1j * random.normal(
        size=problem.box.dimension
    )
    waves[axis] = wave
    matrix = np.zeros((len(rows), len(problem.unknowns)), dtype=complex)
    for row, slopes in enumerate(rows):
        for one, slope in slopes.items():
            matrix[row, one.unknown] += slope[0] * np.prod(waves ** np.array(one.orders))
    with np.errstate(all="ignore"):
        return float(np.linalg.slogdet(matrix)[1])


def null_space(problem: Problem) -> Iterator[tuple[Mode, ...]]:
    """What can be added to a solution without any equation or condition seeing it.

    Looked for are constants, and multiples of one coordinate, in each unknown: p + c where nothing
    says how large p is, u + c y and v - c x at once where all may turn.
    """
    unknowns, axes = range(len(problem.unknowns)), range(problem.box.dimension)
    every = [Mode(unknown, shape, 1.0) for unknown in unknowns for shape in (None, *axes)]
    constants = [mode for mode in every if mode.shape is None]
    # All that is looked for, or only constants where that is too much; nothing beyond that.
    modes = next((some for some in (every, constants) if len(some) <= _MODES), [])
    placed: list[tuple[Expression, BoundaryPart]] = [
        (equation.residual, Face(())) for equation in problem.equations
    ]
    for condition in problem.conditions:
        placed += [(residual_on(problem, condition, face), face) for face in condition.faces]
    if len(placed) > _PLACES:
        return
    seen = [linear(problem, residual, face) for residual, face in placed]
    columns = np.array([[*_changes(problem, mode, seen)] for mode in modes])
    sizes = np.linalg.norm(columns, axis=1)
    if not modes or not np.all(np.isfinite(sizes)):
        return
    # What nothing sees by itself is told by itself.
    alone = sizes <= _NOTHING
    yield from ((mode,) for mode, free in zip(modes, alone, strict=True) if free)
    rest = [mode for mode, free in zip(modes, alone, strict=True) if not free]
    matrix = columns[~alone] / sizes[~alone, None]
    for shares in echelon_null_space(matrix.T, _NOTHING) / sizes[~alone]:
        first = shares[np.flatnonzero(shares)[0]]
        pairs = zip(rest, shares / first, strict=True)
        yield tuple(mode._replace(share=float(x)) for mode, x in pairs if x)


def _changes(problem: Problem, mode: Mode, seen: Sequence[Linear]) -> Iterator[float]:
    """What a function added to an unknown changes in every residual, at some points."""
    for near in seen:
        change = np.zeros(_SEEN)
        for one, slope in near.slopes.items():
            if one.unknown == mode.unknown:
                # The partial of 1, or of one coordinate.
                if not any(one.orders):
                    value = 1.0 if mode.shape is None else near.points[:_SEEN, mode.shape]
                else:
                    first = mode.shape is not None and one.orders[mode.shape] == 1
                    value = float(first and sum(one.orders) == 1)
                change += slope[:_SEEN] * value
        yield from change
    for periodic in problem.periodic:
        for one in matching_partials(problem, periodic):
            yield float(one == Partial(mode.unknown, (0,) * problem.box.dimension)) * float(
                periodic.axis == mode.shape
            )
