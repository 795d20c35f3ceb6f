"""Singular functions of a problem in the plane: where its boundary or its conditions have corners.

Beside a corner of angle w a solution of Laplace's equation is a sum of r^a sin(a t) and
r^a cos(a t): a = k pi / w where both sides have conditions of one kind, a = (k - 1/2) pi / w
where one has values and the other a derivative; where a is an integer, logarithms may come in.

Source: Grisvard 1985, Elliptic Problems in Nonsmooth Domains, section 4.4.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import atan2, cos, inf, pi, sin
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.tree import Expression, Number, substitute
from pikan.geometry.face import Face
from pikan.geometry.holes import Hole, holes
from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Side
from pikan.problem.classification import is_laplacian
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Condition, Problem
from pikan.problem.wellposed.compatibility import givens, on

# Parameters of a side at which its conditions are looked at, and halvings that find where these
# change.
_ALONG, _HALVINGS = 257, 50
# The region around a corner is looked at on a circle of this radius, in parts of its size.
_AROUND, _DIRECTIONS = 1e-4, 1440
# So many points opposite to it show whether the region begins again there.
_OPPOSITE = 4001
# Corners nearer to each other than this are one; angles this near to each other are the same.
_SAME, _ANGLE = 1e-6, 2e-4
# Powers above this are as good as smooth; so many different ones are taken at a corner.
_SMOOTH, _MOST = 4.0, 3
# Values that differ by less than this part of their size are one.
_EVEN = 1e-12


class _Kind(NamedTuple):
    """Whether a condition gives values, and the one constant that it gives, None if it varies."""

    values: bool
    constant: float | None


class SingularPoint(NamedTuple):
    """A corner: its angle, the direction into the region, and the exponents, 0 for a logarithm.

    `cut` is how far one may go opposite to the direction and stay outside, with as much to spare.
    """

    point: tuple[float, float]
    angle: float
    direction: float
    exponents: tuple[float, ...]
    cut: float

    def words(self, coordinates: Sequence[str]) -> str:
        """The corner and its functions in words."""
        place = ", ".join(f"{n} = {x:.4g}" for n, x in zip(coordinates, self.point, strict=True))
        powers = [f"r^{a:.4g}" if a else "log r" for a in self.exponents]
        return f"{', '.join(powers)} at {place} (angle {self.angle / pi:.4g} pi)"


def singular_points(problem: Problem) -> tuple[SingularPoint, ...]:
    """The corners of a problem at which solutions are not smooth; none where that is not known.

    Known is one equation of second order in the plane whose highest part is the Laplacian.
    """
    region = problem.region
    if region is None or problem.box.dimension != 2 or not is_laplacian(problem):
        return ()
    source, found = _source(problem), list[SingularPoint]()
    for point, kinds in _meeting_points(problem, region):
        sector = _sector(region, point)
        if sector is None or len(kinds) != 2:
            continue
        angle, direction = sector
        one, other = kinds
        exponents = _exponents(angle, same=one.values == other.values)
        known = one.constant is not None and other.constant is not None
        if known and not source and (one.constant == other.constant or one.values != other.values):
            # Constants that fit together bring no logarithm.
            exponents = tuple(a for a in exponents if a)
        if exponents:
            place, cut = (point[0], point[1]), _cut(region, point, direction)
            found.append(SingularPoint(place, angle, direction, exponents, cut))
    return tuple(found)


def holes_of(problem: Problem) -> tuple[Hole, ...]:
    """The holes about which solutions have Laurent series; none where that is not known.

    Known is what is so of corners.
    """
    region = problem.region
    if region is None or problem.box.dimension != 2 or not is_laplacian(problem):
        return ()
    return holes(region)


def _meeting_points(
    problem: Problem, region: Region
) -> Iterator[tuple[Float[np.ndarray, " 2"], list[_Kind]]]:
    """Ends of sides and places where conditions on them change, each with the kinds of conditions.

    The kind is whether a condition gives values.
    """
    met: list[tuple[Float[np.ndarray, " 2"], list[_Kind]]] = []
    values = {id(one.condition): one.value for one in givens(problem)}
    for side in dict.fromkeys(part.side for part in region.parts):
        given = [
            (part, _kind(problem, condition, part, values.get(id(condition))))
            for condition in problem.conditions
            for part in condition.faces
            if isinstance(part, RegionPart) and part.side == side
        ]
        for u, kinds in _changes(problem, side, given):
            point = side.points(np.array([[u]]))[0]
            for other, known in met:
                if np.linalg.norm(other - point) < _SAME * region.size:
                    known.extend(kinds)
                    break
            else:
                met.append((point, list(kinds)))
    yield from met


def _kind(
    problem: Problem, condition: Condition, part: RegionPart, value: Expression | None
) -> _Kind:
    """Whether a condition gives values, and the constant: of derivatives only zero."""
    if value is not None:
        found = on(problem, value, part)
        size = float(np.max(np.abs(found)))
        even = bool(np.ptp(found) <= _EVEN * size)
        return _Kind(values=True, constant=round(float(found[0]), 12) if even else None)
    unknown = {*partials(problem, condition.residual), *normals(problem, condition.residual)}
    rest = substitute(condition.residual, dict.fromkeys(unknown, Number(0.0)))
    zero = not np.any(on(problem, rest, part))
    return _Kind(values=False, constant=0.0 if zero else None)


def _source(problem: Problem) -> bool:
    """Whether the equation has a part without the unknown."""
    (equation,) = problem.equations
    rest = substitute(
        equation.residual, dict.fromkeys(partials(problem, equation.residual), Number(0.0))
    )
    return bool(np.any(on(problem, rest, Face(()))))


def _changes(
    problem: Problem, side: Side, given: Sequence[tuple[RegionPart, _Kind]]
) -> Iterator[tuple[float, list[_Kind]]]:
    """Parameters of a side at which a stretch with conditions begins or ends, and their kinds."""

    def held_at(u: Float[np.ndarray, " n"]) -> list[tuple[bool, ...]]:
        points = side.points(u[:, None])
        columns = [part.bounds(problem.box, points) for part, _ in given]
        return [tuple(bool(column[k]) for column in columns) for k in range(len(u))]

    def held_by(u: float) -> tuple[bool, ...]:
        return held_at(np.array([u]))[0]

    def kinds(here: tuple[bool, ...]) -> list[_Kind]:
        own = [kind for (_, kind), holds in zip(given, here, strict=True) if holds]
        return own[:1]

    every = np.linspace(0.0, 1.0, _ALONG)
    inner = (every[:-1] + every[1:]) / 2
    labels = held_at(inner)
    if side.is_closed:
        inner, labels = np.append(inner, inner[0] + 1.0), [*labels, labels[0]]
    else:
        ends = ((0.0, labels[0]), (1.0, labels[-1]))
        yield from ((u, kinds(label)) for u, label in ends if any(label))
    for k, (before, after) in enumerate(pairwise(labels)):
        if before != after:
            first, last = float(inner[k]), float(inner[k + 1])
            for _ in range(_HALVINGS):
                middle = (first + last) / 2
                first, last = (middle, last) if held_by(middle % 1.0) == before else (first, middle)
            yield last % 1.0, [*kinds(before), *kinds(after)]


def _sector(region: Region, point: Float[np.ndarray, " 2"]) -> tuple[float, float] | None:
    """The one angle that the region fills at a point, and its middle direction."""

    def inside(angles: Float[np.ndarray, " n"]) -> np.ndarray:
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return region.holds(point + _AROUND * region.size * circle)

    angles = 2 * pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
    here = inside(angles)
    turns = np.flatnonzero(here != np.roll(here, -1))
    if len(turns) != 2:
        return None
    ends: list[float] = []
    for k in turns:
        low, high = angles[k], angles[k] + 2 * pi / _DIRECTIONS
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            same = bool(inside(np.array([middle]))[0]) == bool(here[k])
            low, high = (middle, high) if same else (low, middle)
        ends.append(float(high))
    # The region begins where it was outside before.
    first, last = (ends[1], ends[0] + 2 * pi) if here[turns[0]] else (ends[0], ends[1])
    angle = last - first
    nearest = round(angle / pi * 360) / 360 * pi
    angle = nearest if abs(angle - nearest) < _ANGLE else angle
    middle = (first + last) / 2
    return angle, atan2(sin(middle), cos(middle))


def _cut(region: Region, point: Float[np.ndarray, " 2"], direction: float) -> float:
    """Half the way from a corner, opposite to a direction, until the region begins again."""
    lower, upper = region.bounds
    away = 2.0 * float(np.linalg.norm(upper - lower)) * (np.arange(_OPPOSITE) + 1) / _OPPOSITE
    on_way = point - away[:, None] * np.array([cos(direction), sin(direction)])
    inside = np.flatnonzero(region.holds(on_way))
    return float(away[inside[0]]) / 2 if len(inside) else inf


def _exponents(angle: float, *, same: bool) -> tuple[float, ...]:
    """The powers at a corner that polynomials times others do not have; 0 for a logarithm."""
    if same and abs(angle - pi) < _ANGLE:
        return ()
    found: list[float] = []
    for k in range(1, 60):
        exponent = (k if same else k - 0.5) * pi / angle
        if exponent >= _SMOOTH:
            break
        whole = round(exponent)
        if abs(exponent - whole) < _ANGLE:
            exponent = 0.0
        if all(abs((exponent - one) - round(exponent - one)) > _ANGLE for one in found):
            found.append(exponent)
    return tuple(found[:_MOST])
