"""Singular functions where interfaces end, bend or meet: the powers that several materials share.

Beside a point at which pieces of conductivities c meet in sectors, a solution of div(c grad u) = f
is a sum of r^a p(t), where -(c p')' = a^2 c p around the point; p and c p' are continuous, and at
sides of the boundary p or p' is zero as the condition there says. In each sector p is a sum of
sin(a t) and cos(a t); what makes these fit together are the conditions on interfaces.

Source: Kellogg 1974, Applicable Analysis 4, 101, On the Poisson equation with intersecting
interfaces.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.polynomial import Legendre

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import value
from pikan.expression.functions import CONSTANTS
from pikan.expression.tree import names
from pikan.geometry.pieces import Interface
from pikan.linalg.pencil import symmetric_values
from pikan.problem.classification import is_laplacian
from pikan.problem.corner_singularities import (
    Kind,
    Sector,
    SingularPoint,
    essential,
    meeting_points,
    sectors_at,
    singular_point,
    singular_points,
)
from pikan.problem.pieces import pieces_of, side_constants, side_partials, written_out
from pikan.problem.statement import Problem

# Sectors nearer to each other than this [rad] touch; points nearer than this part of the region's
# size are one.
_TOUCH, _SAME = 1e-3, 1e-6
# The polynomials of p on arcs of at most this angle: exact to rounding for all powers below 4.
_DEGREE, _ARC = 14, pi / 4
# Powers below this are those of a constant.
_CONSTANT = 1e-4


class _Wedge(NamedTuple):
    """A piece by its number, the sector that it has, and the conditions on sides of it."""

    piece: int
    sector: Sector
    kinds: tuple[bool, ...]


def singular_points_of_pieces(problem: Problem) -> tuple[tuple[SingularPoint, ...], ...]:
    """For each piece, or for the one region, the points at which solutions are not smooth in it.

    Those of corners, and of junctions where pieces meet.
    """
    each = pieces_of(problem)
    found = [list(singular_points(one)) for one in each]
    if problem.pieces and problem.box.dimension == 2 and all(map(is_laplacian, each)):
        for point, wedges in _junctions(problem):
            exponents = _exponents(problem, point, wedges)
            for piece, sector, _ in wedges if exponents else ():
                region = problem.pieces[piece].region
                found[piece].append(singular_point(region, point, sector, exponents))
    return tuple(map(tuple, found))


def _junctions(
    problem: Problem,
) -> list[tuple[Float[np.ndarray, " 2"], list[_Wedge]]]:
    """Points at which interfaces end, with the pieces there in counterclockwise order.

    Where there is a boundary it lies before the first. Left out are points at which a piece has
    several sectors.
    """
    every = [each for one in problem.interfaces for each in one.interfaces]
    met: list[tuple[Float[np.ndarray, " 2"], dict[int, list[Kind]]]] = []
    for number, own in enumerate(pieces_of(problem)):
        assert own.region is not None
        joined = [each.part for each in every if number in (each.first, each.second)]
        for point, kinds in meeting_points(own, own.region, joined):
            if all(kind.values is not None for kind in kinds):
                continue
            for other, known in met:
                if np.linalg.norm(other - point) < _SAME * own.region.size:
                    known[number] = kinds
                    break
            else:
                met.append((point, {number: kinds}))
    found = [(point, _in_order(problem, point, kinds)) for point, kinds in met]
    return [(point, wedges) for point, wedges in found if wedges]


def _in_order(
    problem: Problem, point: Float[np.ndarray, " 2"], kinds: Mapping[int, Sequence[Kind]]
) -> list[_Wedge]:
    """The pieces around a point; none where there is more than one gap, or a piece twice."""
    wedges: list[_Wedge] = []
    for number, piece in enumerate(problem.pieces):
        for sector in sectors_at(piece.region, point):
            own = tuple(k.values for k in kinds.get(number, ()) if k.values is not None)
            wedges.append(_Wedge(number, sector, own))
    wedges.sort(key=lambda one: one.sector.first % (2 * pi))
    gaps = [k for k, one in enumerate(wedges) if not _touch(wedges[k - 1].sector, one.sector)]
    several = len({one.piece for one in wedges}) < len(wedges)
    if several or len(wedges) < 2 or len(gaps) > 1:
        return []
    first = gaps[0] if gaps else 0
    wedges = wedges[first:] + wedges[:first]
    ends = len(wedges[0].kinds), len(wedges[-1].kinds)
    return wedges if ends == ((1, 1) if gaps else (0, 0)) else []


def _touch(one: Sector, other: Sector) -> bool:
    """Whether a sector ends where another begins."""
    away = (other.first - one.first - one.angle) % (2 * pi)
    return min(away, 2 * pi - away) < _TOUCH


def _exponents(
    problem: Problem, point: Float[np.ndarray, " 2"], wedges: Sequence[_Wedge]
) -> tuple[float, ...]:
    """The powers at a junction that polynomials do not have; none where they are not known."""
    closed = not wedges[0].kinds
    smooth = len(wedges) == 2 and all(abs(one.sector.angle - pi) < _TOUCH for one in wedges)
    if closed and smooth:
        return ()
    sizes, rounds = [1.0], [*wedges, wedges[0]] if closed else wedges
    for one, other in pairwise(rounds):
        ratio = _conductivities(problem, point, one.piece, other.piece)
        if ratio is None or not 0 < ratio < np.inf:
            return ()
        sizes.append(sizes[-1] * ratio)
    if closed and abs(sizes.pop() - 1.0) > _SAME:
        return ()
    ends = None if closed else (wedges[0].kinds[0], wedges[-1].kinds[0])
    found = powers([one.sector.angle for one in wedges], sizes, ends)
    return essential(found, values=ends is not None and any(ends))


def _conductivities(
    problem: Problem, point: Float[np.ndarray, " 2"], one: int, other: int
) -> float | None:
    """The conductivity of another piece at a point, in parts of that of the one.

    None where anything but values and fluxes is continuous between them.
    """
    found = list[float]()
    for interface in {each for held in problem.interfaces for each in held.interfaces}:
        if {interface.first, interface.second} == {one, other}:
            ratio = _ratio(problem, point, interface)
            if ratio is None:
                return None
            found.append(ratio if interface.first == one else 1.0 / ratio)
    # One interface may be seen from either side, so that ratios differ by rounding.
    return found[0] if found and np.ptp(found) <= _SAME * abs(found[0]) else None


def _ratio(problem: Problem, point: Float[np.ndarray, " 2"], interface: Interface) -> float | None:
    """What the second piece conducts, in parts of the first, where values and fluxes are joined."""
    known = {
        **side_constants(problem, interface),
        **problem.constants,
        **dict(zip(problem.coordinates, point.tolist(), strict=True)),
        # So each component of a flux counts by itself.
        **{f"n_{name}": 1.0 for name in problem.coordinates},
    }
    joined, ratios = 0, list[float]()
    for condition in problem.interfaces:
        if interface not in condition.interfaces:
            continue
        residual = written_out(problem, condition.residual)
        sides: tuple[list[float], list[float]] = ([], [])
        found = side_partials(problem, residual)
        for name, (side, _) in found.items():
            slope = differentiate(residual, name)
            if not names(slope) <= {*known, *CONSTANTS}:
                return None
            sides[side].append(value(slope, known))
        even = all(len(own) and np.ptp(own) <= _SAME * abs(own[0]) for own in sides)
        orders = {sum(one.orders) for _, one in found.values()}
        if not even or len(orders) != 1 or sides[0][0] == 0.0:
            return None
        ratio = -sides[1][0] / sides[0][0]
        if orders == {0}:
            joined += abs(ratio - 1.0) < _SAME
        else:
            ratios.append(ratio)
    return ratios[0] if joined == 1 and len(ratios) == 1 else None


def powers(
    angles: Sequence[float], conductivities: Sequence[float], ends: tuple[bool, bool] | None
) -> list[float]:
    """All a > 0 with -(c p')' = a^2 c p on arcs one after the other, in rising order.

    `ends` says whether p is zero at the first and at the last end, where its slope is zero
    otherwise; None joins the ends. By polynomials on arcs, at Lobatto's points.

    >>> [round(a, 12) for a in powers([pi / 2, pi], [1.0, 1.0], (True, True))[:2]]
    [0.666666666667, 1.333333333333]
    """
    highest, ends_slope = Legendre.basis(_DEGREE), _DEGREE * (_DEGREE + 1) / 4
    nodes = np.concatenate([[-1.0], highest.deriv().roots(), [1.0]])
    tops = highest(nodes)
    weights = 2.0 / (_DEGREE * (_DEGREE + 1) * tops**2)
    away = nodes[:, None] - nodes + np.eye(len(nodes))
    along = tops[:, None] / (tops * away) - np.eye(len(nodes))
    along[0, 0], along[-1, -1] = -ends_slope, ends_slope
    stiffness = along.T @ (weights[:, None] * along)
    arcs = [
        (angle / ceil(angle / _ARC) / 2, c)
        for angle, c in zip(angles, conductivities, strict=True)
        for _ in range(ceil(angle / _ARC))
    ]
    count = len(arcs) * _DEGREE + 1
    stiff, mass = np.zeros((count, count)), np.zeros(count)
    for k, (half, c) in enumerate(arcs):
        own = slice(k * _DEGREE, (k + 1) * _DEGREE + 1)
        stiff[own, own] += c / half * stiffness
        mass[own] += c * half * weights
    if ends is None:
        stiff[0] += stiff[-1]
        stiff[:, 0] += stiff[:, -1]
        mass[0] += mass[-1]
    first, last = (0, count - 1) if ends is None else (int(ends[0]), count - int(ends[1]))
    squares = symmetric_values(mass[first:last], stiff[first:last, first:last])
    found: list[float] = np.sqrt(np.maximum(squares, 0.0)).tolist()
    return [power for power in found if power > _CONSTANT]
