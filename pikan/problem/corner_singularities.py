"""Singular functions of a problem in the plane: where its boundary or its conditions have corners.

Beside a corner of angle w a solution of Laplace's equation is a sum of r^a sin(a t) and
r^a cos(a t): a = k pi / w where both sides have conditions of one kind, a = (k - 1/2) pi / w
where one has values and the other a derivative; where a is an integer, logarithms may come in.

Source: Grisvard 1985, Elliptic Problems in Nonsmooth Domains, section 4.4.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import atan2, cos, inf, pi, sin
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.tree import Expression, Number, substitute
from pikan.expression.wording import word_list
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


class Kind(NamedTuple):
    """Whether a condition gives values, and the one constant that it gives, None if it varies.

    Of an interface, on which neither is given, `values` is None.
    """

    values: bool | None
    constant: float | None


class SingularPoint(NamedTuple):
    """A corner: its angle, the direction into the region, and the exponents.

    Whole ones have a logarithm as a factor.
    `cut` is how far one may go opposite to the direction and stay outside, with as much to spare.
    """

    point: tuple[float, float]
    angle: float
    direction: float
    exponents: tuple[float, ...]
    cut: float


def in_words(points: Iterable[SingularPoint], coordinates: Sequence[str]) -> list[str]:
    """Corners and their functions in words, each once with the angles of all pieces there."""
    angles: dict[tuple[tuple[float, float], tuple[float, ...]], list[float]] = {}
    for one in points:
        angles.setdefault((one.point, one.exponents), []).append(one.angle / pi)
    said: list[str] = []
    for (point, exponents), own in angles.items():
        place = ", ".join(
            f"{n} = {round(x, 9) + 0.0:.4g}" for n, x in zip(coordinates, point, strict=True)
        )
        powers = [_power(a) for a in exponents]
        sizes = word_list([f"{angle:.4g} pi" for angle in own])
        said.append(f"{', '.join(powers)} at {place} (angle{'s' * (len(own) > 1)} {sizes})")
    return said


def _power(a: float) -> str:
    """What a solution is in the distance, but for a factor."""
    if a.is_integer():
        return "r log r" if a else "log r"
    return f"r^{a:.4g}"


def singular_points(problem: Problem) -> tuple[SingularPoint, ...]:
    """The corners of a problem at which solutions are not smooth; none where that is not known.

    Known is one equation of second order in the plane whose highest part is the Laplacian.
    """
    region = problem.region
    if region is None or problem.box.dimension != 2 or not is_laplacian(problem):
        return ()
    source, found = _source(problem), list[SingularPoint]()
    for point, kinds in meeting_points(problem, region):
        sectors = sectors_at(region, point)
        if len(sectors) != 1 or len(kinds) != 2:
            continue
        (sector,) = sectors
        angle, (one, other) = sector.angle, kinds
        exponents = _exponents(angle, one, other)
        known = one.constant is not None and other.constant is not None
        if known and not source and (one.constant == other.constant or one.values != other.values):
            # Constants that fit together bring no logarithm.
            exponents = tuple(a for a in exponents if not a.is_integer())
        if exponents:
            found.append(singular_point(region, point, sector, exponents))
    return tuple(found)


def singular_point(
    region: Region, point: Float[np.ndarray, " 2"], sector: "Sector", exponents: tuple[float, ...]
) -> SingularPoint:
    """A point at which a region has one sector, with the exponents of its solutions there."""
    direction = sector.first + sector.angle / 2
    direction = atan2(sin(direction), cos(direction))
    cut = _cut(region, point, direction)
    return SingularPoint((point[0], point[1]), sector.angle, direction, exponents, cut)


def holes_of(problem: Problem) -> tuple[Hole, ...]:
    """The holes about which solutions have Laurent series; none where that is not known.

    Known is what is so of corners.
    """
    region = problem.region
    if region is None or problem.box.dimension != 2 or not is_laplacian(problem):
        return ()
    return holes(region)


def meeting_points(
    problem: Problem, region: Region, interfaces: Sequence[RegionPart] = ()
) -> Iterator[tuple[Float[np.ndarray, " 2"], list[Kind]]]:
    """Ends of sides and places where what holds on them changes, each with the kinds of that.

    Conditions hold on parts of the boundary; `interfaces` are parts of it as well.
    """
    met: list[tuple[Float[np.ndarray, " 2"], list[Kind]]] = []
    values = {id(one.condition): one.value for one in givens(problem)}
    for side in dict.fromkeys(part.side for part in region.parts):
        given = [
            (part, _kind(problem, condition, part, values.get(id(condition))))
            for condition in problem.conditions
            for part in condition.faces
            if isinstance(part, RegionPart) and part.side == side
        ]
        given += [(part, Kind(None, None)) for part in interfaces if part.side == side]
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
) -> Kind:
    """Whether a condition gives values, and the constant: of derivatives only zero."""
    if value is not None:
        found = on(problem, value, part)
        size = float(np.max(np.abs(found)))
        even = bool(np.ptp(found) <= _EVEN * size)
        return Kind(values=True, constant=round(float(found[0]), 12) if even else None)
    unknown = {*partials(problem, condition.residual), *normals(problem, condition.residual)}
    rest = substitute(condition.residual, dict.fromkeys(unknown, Number(0.0)))
    zero = not np.any(on(problem, rest, part))
    return Kind(values=False, constant=0.0 if zero else None)


def _source(problem: Problem) -> bool:
    """Whether the equation has a part without the unknown."""
    (equation,) = problem.equations
    rest = substitute(
        equation.residual, dict.fromkeys(partials(problem, equation.residual), Number(0.0))
    )
    return bool(np.any(on(problem, rest, Face(()))))


def _changes(
    problem: Problem, side: Side, given: Sequence[tuple[RegionPart, Kind]]
) -> Iterator[tuple[float, list[Kind]]]:
    """Parameters of a side at which a stretch with conditions begins or ends, and their kinds."""

    def held_at(u: Float[np.ndarray, " n"]) -> list[tuple[bool, ...]]:
        points = side.points(u[:, None])
        columns = [part.bounds(problem.box, points) for part, _ in given]
        return [tuple(bool(column[k]) for column in columns) for k in range(len(u))]

    def held_by(u: float) -> tuple[bool, ...]:
        return held_at(np.array([u]))[0]

    def kinds(here: tuple[bool, ...]) -> list[Kind]:
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


class Sector(NamedTuple):
    """What a region fills at a point: from the direction `first` on, counterclockwise."""

    first: float
    angle: float


def sectors_at(region: Region, point: Float[np.ndarray, " 2"]) -> list[Sector]:
    """All sectors that a region has at a point, none where that lies inside or outside."""

    def inside(angles: Float[np.ndarray, " n"]) -> np.ndarray:
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return region.holds(point + _AROUND * region.size * circle)

    step = 2 * pi / _DIRECTIONS
    angles = step * (np.arange(_DIRECTIONS) + 0.5)
    here = inside(angles)
    begins: list[float] = []
    ends: list[float] = []
    for k in np.flatnonzero(here != np.roll(here, -1)):
        low, high = angles[k], angles[k] + step
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            same = bool(inside(np.array([middle]))[0]) == bool(here[k])
            low, high = (middle, high) if same else (low, middle)
        (ends if here[k] else begins).append(float(high))
    if begins and ends[0] < begins[0]:
        ends = [*ends[1:], ends[0] + 2 * pi]
    found: list[Sector] = []
    for first, last in zip(begins, ends, strict=True):
        angle = last - first
        nearest = round(angle / pi * 360) / 360 * pi
        found.append(Sector(first, nearest if abs(angle - nearest) < _ANGLE else angle))
    return found


def _cut(region: Region, point: Float[np.ndarray, " 2"], direction: float) -> float:
    """Half the way from a corner, opposite to a direction, until the region begins again."""
    lower, upper = region.bounds
    away = 2.0 * float(np.linalg.norm(upper - lower)) * (np.arange(_OPPOSITE) + 1) / _OPPOSITE
    on_way = point - away[:, None] * np.array([cos(direction), sin(direction)])
    inside = np.flatnonzero(region.holds(on_way))
    return float(away[inside[0]]) / 2 if len(inside) else inf


def _exponents(angle: float, one: Kind, other: Kind) -> tuple[float, ...]:
    """The powers at a corner that polynomials times others do not have."""
    same = one.values == other.values
    if same and abs(angle - pi) < _ANGLE:
        return ()
    powers = ((k if same else k - 0.5) * pi / angle for k in range(1, 60))
    return essential(powers, values=bool(one.values or other.values))


def essential(powers: Iterable[float], *, values: bool) -> tuple[float, ...]:
    """Of rising powers those that are no other times a polynomial, a whole one for all whole ones.

    That stands for a logarithm. It is 0 where values are given, which may jump; where none are,
    log r is of a source at the point, and r log r comes first. Only the first few powers that are
    not as good as smooth.
    """
    found: list[float] = []
    for power in powers:
        if power >= _SMOOTH:
            break
        whole = abs(power - round(power)) < _ANGLE
        exponent = (0.0 if values else 1.0) if whole else power
        if all(abs((exponent - one) - round(exponent - one)) > _ANGLE for one in found):
            found.append(exponent)
    return tuple(found[:_MOST])
