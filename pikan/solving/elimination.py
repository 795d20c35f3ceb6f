"""A linear problem with its conditions built into the products: a square system is left."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from math import inf
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.linalg import vector_norm

from pikan.expression.differentiate import differentiate
from pikan.linalg import inverse
from pikan.network.product import FullProduct
from pikan.problem import Problem, in_use, linear, matched, order, partials, residual_on
from pikan.residuals import Points, Sheet, condition_sheets, equation_sheets
from pikan.solving.collocation_grid import chebyshev_nodes, tensor_points
from pikan.solving.separation import (
    Factors,
    Solve,
    along,
    applied,
    product_of_vectors,
    separated,
    whole,
)

# Columns that depend on those before them leave less than this part of themselves.
_DEPENDENT = 1e-3
# A solution of which a correction changes more than this is not determined by its right side.
_OPEN = 1e-2
# One correction removes the rounding of a solve, a second that of an ill-conditioned one, which
# must have become small for the solution to be good.
_CORRECTIONS, _CORRECTED = 2, 1e-8
# A correction this small is rounding itself.
_SETTLED = 1e-16
# Numbers that differ by less than this part of them are the same.
_SAME = 1e-13


class Asked(NamedTuple):
    """A condition on one coordinate: what it makes of each function, and what it is to equal.

    `value` holds coefficients in the other coordinates; its length along this one is one.
    """

    row: Float[Tensor, " b"]
    value: Tensor


class Recombined(NamedTuple):
    """One coordinate's functions: those that meet its conditions, and those that make up for them.

    `free` [b f] holds the coefficients of functions of which every condition makes zero; `lift`
    [b k] those of low degree of which one condition makes one and the others make zero.
    """

    free: Float[Tensor, "b _"]
    lift: Float[Tensor, "b _"]


class Direct(NamedTuple):
    """The coefficients of a solution, and the mean square residual left on its own points.

    `apart` says that they were found along one coordinate after the other.
    """

    theta: Float[Tensor, " p"]
    residual: float
    apart: bool


class Term(NamedTuple):
    """A coefficient on a grid of points times the partial derivative of these orders."""

    orders: tuple[int, ...]
    coefficient: Tensor


def eliminable(problem: Problem) -> bool:
    """Whether there is one linear equation with as many conditions along each axis as its order.

    Conditions must be on whole faces, and the derivatives in them along the axis of the face.
    """
    if len(problem.unknowns) > 1 or len(problem.equations) > 1 or not linear(problem):
        return False
    counts = [0] * problem.box.dimension
    for periodic in problem.periodic:
        counts[periodic.axis] += len(list(matched(problem, periodic)))
    for condition in problem.conditions:
        for face in condition.faces:
            axes = {axis for axis, _ in face.fixed}
            found = partials(problem, residual_on(problem, condition, face)).values()
            used = {axis for one in found for axis, count in enumerate(one.orders) if count}
            if len(axes) > 1 or not used <= axes:
                return False
            counts[face.fixed[0][0]] += 1
    return counts == [order(problem, 0, axis) for axis in range(len(counts))]


def eliminated(problem: Problem, network: FullProduct, largest: int) -> Direct | None:
    """The product that solves an `eliminable` problem.

    The conditions hold whatever the free coefficients are; the equation holds at the Chebyshev
    points of each coordinate, as many as it has free functions. Where all terms are products of
    functions of one coordinate the system is solved along one after the other, elsewhere as a
    whole if it has at most `largest` unknowns.

    None where a condition changes along its face, the solution is not determined, or the system
    is too large.

    Source: Driscoll and Hale 2016, doi 10.1093/imanum/dru062.
    """
    box, sizes = problem.box, tuple(basis.size for basis in network.axes())
    # An eliminable problem has as many conditions along an axis as its order there.
    nodes = tuple(
        chebyshev_nodes(low, high, max(size - order(problem, 0, axis), 0))
        for axis, (low, high, size) in enumerate(zip(box.lower, box.upper, sizes, strict=True))
    )
    full = tuple(map(chebyshev_nodes, box.lower, box.upper, sizes))
    lines = _lines(problem, network, full, nodes)
    asked = _asked(problem, full, lines, network.coefficients)
    if asked is None:
        return None
    tables = [line.inside for line in lines]
    parts = [
        _recombined(conditions, size, network.coefficients)
        for conditions, size in zip(asked, sizes, strict=True)
    ]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    inside = tensor_points((), nodes, network.coefficients)
    terms, right = _equation(problem, inside, tuple(len(axis) for axis in nodes))
    free = [_even(part.free, table) for part, table in zip(known, tables, strict=True)]
    start = _lifted(asked, known, right.new_zeros(sizes))
    for solve, apart in _solvers(terms, tables, free, largest):
        found = _corrected(solve, terms, tables, free, start, right)
        if found is not None:
            left = _left(terms, tables, found, right)
            return Direct(found.flatten(), float(left.square().mean()), apart)
    return None


class _Line(NamedTuple):
    """The functions of one coordinate and their derivatives, [k n b] each, at several points.

    `inverse` leads from values at as many Chebyshev points as functions to coefficients. `inside`
    are the points where the equation is to hold, `ends` those of the box, and `faces` where
    conditions are asked along this coordinate, one after the other.
    """

    inverse: Float[Tensor, "b b"]
    inside: Float[Tensor, "k _ b"]
    ends: Float[Tensor, "k 2 b"]
    faces: Float[Tensor, "k _ b"]


def _lines(
    problem: Problem,
    network: FullProduct,
    full: Sequence[Float[np.ndarray, " _"]],
    inside: Sequence[Float[np.ndarray, " _"]],
) -> list[_Line]:
    box, used = problem.box, in_use(problem)
    fixed = [place for one in problem.conditions for face in one.faces for place in face.fixed]
    found: list[_Line] = []
    for axis, own in enumerate(full):
        ends = [box.lower[axis], box.upper[axis]]
        points = [own, inside[axis], ends, [value for k, value in fixed if k == axis]]
        # One call for all points of an axis: asking costs more than many points do.
        x = torch.from_numpy(np.concatenate(points)).to(network.coefficients)
        table = _table(network, axis, x, max((one.orders[axis] for one in used), default=0))
        values, *rest = table.split([len(some) for some in points], dim=1)
        found.append(_Line(inverse(values[0]), *rest))
    return found


def _asked(
    problem: Problem,
    full: tuple[Float[np.ndarray, " _"], ...],
    lines: Sequence[_Line],
    like: Tensor,
) -> list[list[Asked]] | None:
    """The conditions on each coordinate; None where one changes along its face."""
    sizes = tuple(len(nodes) for nodes in full)
    faces = [face for condition in problem.conditions for face in condition.faces]
    points = tensor_points(faces, full, like)
    found: list[list[Asked]] = [[] for _ in sizes]
    at_faces = [iter(line.faces.unbind(1)) for line in lines]
    for face, sheet in zip(
        faces, condition_sheets(problem, problem.conditions, points), strict=True
    ):
        ((axis, _),) = face.fixed
        slopes, value = _affine(sheet)
        if any(_changes(slope) for slope in slopes.values()):
            return None
        table = next(at_faces[axis])
        row = torch.stack([slope[0] * table[o[axis]] for o, slope in slopes.items()]).sum(dim=0)
        value = value.view(_without(sizes, axis))
        for other, line in enumerate(lines):
            value = value if other == axis else along(line.inverse, value, other)
        found[axis].append(Asked(row, value))
    for periodic in problem.periodic:
        axis = periodic.axis
        for partial in matched(problem, periodic):
            lower, upper = lines[axis].ends[partial.orders[axis]]
            found[axis].append(Asked(lower - upper, lower.new_zeros(_without(sizes, axis))))
    return found


def _without(sizes: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The shape of what does not change along an axis."""
    return tuple(1 if k == axis else size for k, size in enumerate(sizes))


def _affine(sheet: Sheet) -> tuple[dict[tuple[int, ...], Tensor], Tensor]:
    """The coefficient of each partial derivative in a formula, and what these are to add up to."""
    zero = sheet.places[0].new_zeros(len(sheet.places[0]))
    slopes = {
        symbol.partial.orders: replace(sheet, formula=differentiate(sheet.formula, name)).evaluated(
            {}
        )
        for name, symbol in sheet.symbols.items()
    }
    return slopes, -sheet.evaluated(dict.fromkeys(sheet.symbols, zero))


def _changes(slope: Float[Tensor, " n"]) -> bool:
    return bool(slope.max() - slope.min() > _SAME * slope.abs().max())


def _table(
    network: FullProduct, axis: int, x: Float[Tensor, " n"], highest: int
) -> Float[Tensor, "k n b"]:
    """The functions of one coordinate and their derivatives up to the highest order."""
    scale = network.scale[axis]
    basis = network.axes()[axis]
    # Without the wrapping that makes it differentiable, which costs as much again.
    made = basis.evaluate((x[None] - network.center[axis]) / scale, basis.knots, highest)[:, 0].mT
    powers = scale ** torch.arange(highest + 1, device=scale.device)
    return made / powers[:, None, None]


def _recombined(asked: Sequence[Asked], size: int, like: Tensor) -> Recombined | None:
    """Functions with and without the conditions; None where these depend on one another."""
    rows = torch.stack([one.row for one in asked]) if asked else like.new_zeros(0, size)
    chosen: list[int] = []
    directions: list[Tensor] = []
    for place, column in enumerate(rows.mT):
        if len(chosen) == len(asked):
            break
        rest = reduce(lambda left, known: left - known * (known @ left), directions, column)
        length = vector_norm(rest)
        if length > _DEPENDENT * vector_norm(column):
            chosen.append(place)
            directions.append(rest / length)
    if len(chosen) < len(asked):
        return None
    others = [place for place in range(size) if place not in chosen]
    identity = torch.eye(size).to(rows)
    lift = identity[:, chosen] @ inverse(rows[:, chosen])
    return Recombined(identity[:, others] - lift @ rows[:, others], lift)


def _equation(
    problem: Problem, inside: Points, shape: tuple[int, ...]
) -> tuple[list[Term], Tensor]:
    """The terms of the equation on the points, and its right side."""
    (sheet,) = equation_sheets(problem, inside.interior)
    slopes, right = _affine(sheet)
    terms = [Term(orders, slope.view(shape)) for orders, slope in slopes.items()]
    return terms, right.view(shape)


def _even(free: Float[Tensor, "b _"], table: Float[Tensor, "k n b"]) -> Float[Tensor, "b _"]:
    """The free functions, their highest derivatives of about the same size."""
    sizes = vector_norm(table @ free, dim=1)
    return free / torch.maximum(sizes[-1], sizes[0])


def _lifted(asked: Sequence[Sequence[Asked]], parts: Sequence[Recombined], start: Tensor) -> Tensor:
    """Coefficients that meet the conditions of all coordinates, those of the last in any case."""
    for axis, (conditions, part) in enumerate(zip(asked, parts, strict=True)):
        for number, one in enumerate(conditions):
            missing = one.value - along(one.row[None], start, axis)
            start = start + along(part.lift[:, number : number + 1], missing, axis)
    return start


def _solvers(
    terms: Sequence[Term], tables: Sequence[Tensor], free: Sequence[Tensor], largest: int
) -> Iterator[tuple[Solve, bool]]:
    """Ways of solving for the free coefficients, and whether that is one coordinate at a time."""
    small = [table @ functions for table, functions in zip(tables, free, strict=True)]
    products = [_of(small, term.orders) for term in terms]
    vectors = [product_of_vectors(term.coefficient) for term in terms]
    factors = [
        tuple(vector[:, None] * matrix for vector, matrix in zip(given, product, strict=True))
        for given, product in zip(vectors, products, strict=True)
        if given is not None
    ]
    if len(factors) == len(terms):
        solve = separated(factors)
        if solve is not None:
            yield solve, True
    if terms[0].coefficient.numel() <= largest:
        matrices = [
            term.coefficient.flatten()[:, None] * reduce(torch.kron, product)
            for term, product in zip(terms, products, strict=True)
        ]
        yield whole(reduce(torch.add, matrices)), False


def _of(tables: Sequence[Float[Tensor, "_ _ _"]], orders: tuple[int, ...]) -> Factors:
    """The matrix of one derivative along each axis."""
    return tuple(table[count] for table, count in zip(tables, orders, strict=True))


def _corrected(
    solve: Solve,
    terms: Sequence[Term],
    tables: Sequence[Tensor],
    free: Sequence[Tensor],
    start: Tensor,
    right: Tensor,
) -> Tensor | None:
    """The solution from a start that meets the conditions; None where it is not determined."""
    if _open(solve, terms, tables, free):
        return None
    found, size, change = start, float(vector_norm(start)), inf
    for _ in range(1 + _CORRECTIONS):
        correction = applied(tuple(free), solve(_left(terms, tables, found, right)))
        found, change = found + correction, float(vector_norm(correction))
        size = max(size, change)
        if change <= _SETTLED * size:
            break
    return found if change <= _CORRECTED * size else None


def _left(terms: Sequence[Term], tables: Sequence[Tensor], found: Tensor, right: Tensor) -> Tensor:
    """What coefficients leave of the equation on the points."""
    for term in terms:
        right = right - term.coefficient * applied(_of(tables, term.orders), found)
    return right


def _open(
    solve: Solve, terms: Sequence[Term], tables: Sequence[Tensor], free: Sequence[Tensor]
) -> bool:
    """Whether the solution for a random right side changes as it is corrected.

    Where it is determined, the change is rounding times the condition of the system.
    """
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(terms[0].coefficient.shape, generator=generator).to(free[0])
    first = solve(drawn)
    again = solve(_left(terms, tables, applied(tuple(free), first), drawn))
    return not float(vector_norm(again)) <= _OPEN * float(vector_norm(first))
