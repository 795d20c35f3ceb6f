"""Basis recombination: conditions built into the basis, then square collocation."""

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
from pikan.linalg.dense import inverse
from pikan.linalg.tensor_product import (
    Factors,
    Solve,
    fast_diagonalization,
    lu,
    mode_product,
    mode_products,
    product_of_vectors,
)
from pikan.network.product import FullProduct
from pikan.problem.classification import equation_order, linear
from pikan.problem.partials import partials
from pikan.problem.statement import Problem, matching_partials, partials_in_use, residual_on
from pikan.residuals.terms import Term, condition_terms, equation_terms
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points

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


class AxisCondition(NamedTuple):
    """A condition on one coordinate: its value for each basis function, and its right side.

    `value` holds coefficients in the other coordinates; its length along this one is one.
    """

    row: Float[Tensor, " b"]
    value: Tensor


class RecombinedBasis(NamedTuple):
    """Recombined functions of one coordinate: homogeneous ones, and lifts of the conditions.

    `free` [b f] holds the coefficients of functions of which every condition makes zero; `lift`
    [b k] those of low degree of which one condition makes one and the others make zero.
    """

    free: Float[Tensor, "b _"]
    lift: Float[Tensor, "b _"]


class DirectSolution(NamedTuple):
    """The coefficients of a solution, and the mean square residual left on its own points.

    `diagonalized` says that they were found along one coordinate after the other.
    """

    theta: Float[Tensor, " p"]
    residual: float
    diagonalized: bool


class DifferentialTerm(NamedTuple):
    """A coefficient on a grid of points times the partial derivative of these orders."""

    orders: tuple[int, ...]
    coefficient: Tensor


def is_recombinable(problem: Problem) -> bool:
    """Whether there is one linear equation with as many conditions along each axis as its order.

    Conditions must be on whole faces of a box, and derivatives in them along the axis of the face.
    """
    if len(problem.unknowns) > 1 or len(problem.equations) > 1 or not linear(problem):
        return False
    if problem.region is not None:
        return False
    counts = [0] * problem.box.dimension
    for periodic in problem.periodic:
        counts[periodic.axis] += len(list(matching_partials(problem, periodic)))
    for condition in problem.conditions:
        for face in condition.faces:
            axes = {axis for axis, _ in face.fixed}
            found = partials(problem, residual_on(problem, condition, face)).values()
            used = {axis for one in found for axis, count in enumerate(one.orders) if count}
            if len(axes) > 1 or not used <= axes:
                return False
            counts[face.fixed[0][0]] += 1
    return counts == [equation_order(problem, 0, axis) for axis in range(len(counts))]


def basis_recombination(
    problem: Problem, network: FullProduct, largest: int
) -> DirectSolution | None:
    """The product that solves an `is_recombinable` problem.

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
        chebyshev_nodes(low, high, max(size - equation_order(problem, 0, axis), 0))
        for axis, (low, high, size) in enumerate(zip(box.lower, box.upper, sizes, strict=True))
    )
    full = tuple(map(chebyshev_nodes, box.lower, box.upper, sizes))
    lines = _axis_tables(problem, network, full, nodes)
    asked = _axis_conditions(problem, full, lines, network.coefficients)
    if asked is None:
        return None
    tables = [line.inside for line in lines]
    parts = [
        _recombine(conditions, size, network.coefficients)
        for conditions, size in zip(asked, sizes, strict=True)
    ]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    inside, shape = tensor_points((), nodes, network.coefficients), tuple(map(len, nodes))
    (equation,) = equation_terms(problem, inside.interior)
    slopes, right = _affine(equation)
    terms = [DifferentialTerm(orders, slope.view(shape)) for orders, slope in slopes.items()]
    right = right.view(shape)
    # The free functions, their highest derivatives of about the same size.
    lengths = [vector_norm(t @ part.free, dim=1) for part, t in zip(known, tables, strict=True)]
    free = [
        part.free / torch.maximum(own[-1], own[0]) for part, own in zip(known, lengths, strict=True)
    ]
    # Coefficients that meet the conditions of all coordinates, those of the last in any case.
    start = right.new_zeros(sizes)
    for axis, (conditions, part) in enumerate(zip(asked, known, strict=True)):
        for number, one in enumerate(conditions):
            missing = one.value - mode_product(one.row[None], start, axis)
            start = start + mode_product(part.lift[:, number : number + 1], missing, axis)
    for solve, apart in _solvers(terms, tables, free, largest):
        found = _correct(solve, terms, tables, free, start, right)
        if found is not None:
            left = _residual(terms, tables, found, right)
            return DirectSolution(found.flatten(), float(left.square().mean()), apart)
    return None


class _AxisTable(NamedTuple):
    """The functions of one coordinate and their derivatives, [k n b] each, at several points.

    `inverse` leads from values at as many Chebyshev points as functions to coefficients. `inside`
    are the points where the equation is to hold, `ends` those of the box, and `faces` where
    conditions are asked along this coordinate, one after the other.
    """

    inverse: Float[Tensor, "b b"]
    inside: Float[Tensor, "k _ b"]
    ends: Float[Tensor, "k 2 b"]
    faces: Float[Tensor, "k _ b"]


def _axis_tables(
    problem: Problem,
    network: FullProduct,
    full: Sequence[Float[np.ndarray, " _"]],
    inside: Sequence[Float[np.ndarray, " _"]],
) -> list[_AxisTable]:
    box, used = problem.box, partials_in_use(problem)
    fixed = [place for one in problem.conditions for face in one.faces for place in face.fixed]
    found: list[_AxisTable] = []
    for axis, own in enumerate(full):
        ends = [box.lower[axis], box.upper[axis]]
        points = [own, inside[axis], ends, [value for k, value in fixed if k == axis]]
        # One call for all points of an axis: asking costs more than many points do.
        x = torch.from_numpy(np.concatenate(points)).to(network.coefficients)
        table = _table(network, axis, x, max((one.orders[axis] for one in used), default=0))
        values, *rest = table.split([len(some) for some in points], dim=1)
        found.append(_AxisTable(inverse(values[0]), *rest))
    return found


def _axis_conditions(
    problem: Problem,
    full: tuple[Float[np.ndarray, " _"], ...],
    lines: Sequence[_AxisTable],
    like: Tensor,
) -> list[list[AxisCondition]] | None:
    """The conditions on each coordinate; None where one changes along its face."""
    sizes = tuple(len(nodes) for nodes in full)
    faces = [face for condition in problem.conditions for face in condition.faces]
    points = tensor_points(faces, full, like)
    found: list[list[AxisCondition]] = [[] for _ in sizes]
    at_faces = [iter(line.faces.unbind(1)) for line in lines]
    for face, term in zip(faces, condition_terms(problem, problem.conditions, points), strict=True):
        ((axis, _),) = face.fixed
        slopes, value = _affine(term)
        spreads = [(slope.max() - slope.min(), slope.abs().max()) for slope in slopes.values()]
        if any(bool(spread > _SAME * size) for spread, size in spreads):
            return None
        table = next(at_faces[axis])
        row = torch.stack([slope[0] * table[o[axis]] for o, slope in slopes.items()]).sum(dim=0)
        value = value.view(_without(sizes, axis))
        for other, line in enumerate(lines):
            value = value if other == axis else mode_product(line.inverse, value, other)
        found[axis].append(AxisCondition(row, value))
    for periodic in problem.periodic:
        axis = periodic.axis
        for partial in matching_partials(problem, periodic):
            lower, upper = lines[axis].ends[partial.orders[axis]]
            found[axis].append(AxisCondition(lower - upper, lower.new_zeros(_without(sizes, axis))))
    return found


def _without(sizes: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The shape of what does not change along an axis."""
    return tuple(1 if k == axis else size for k, size in enumerate(sizes))


def _affine(term: Term) -> tuple[dict[tuple[int, ...], Tensor], Tensor]:
    """The coefficient of each partial derivative in a formula, and what these are to add up to."""
    zero = term.points[0].new_zeros(len(term.points[0]))
    slopes = {
        symbol.partial.orders: replace(term, formula=differentiate(term.formula, name)).evaluate({})
        for name, symbol in term.derivatives.items()
    }
    return slopes, -term.evaluate(dict.fromkeys(term.derivatives, zero))


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


def _recombine(asked: Sequence[AxisCondition], size: int, like: Tensor) -> RecombinedBasis | None:
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
    return RecombinedBasis(identity[:, others] - lift @ rows[:, others], lift)


def _solvers(
    terms: Sequence[DifferentialTerm],
    tables: Sequence[Tensor],
    free: Sequence[Tensor],
    largest: int,
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
        solve = fast_diagonalization(factors)
        if solve is not None:
            yield solve, True
    if terms[0].coefficient.numel() <= largest:
        matrices = [
            term.coefficient.flatten()[:, None] * reduce(torch.kron, product)
            for term, product in zip(terms, products, strict=True)
        ]
        yield lu(reduce(torch.add, matrices)), False


def _of(tables: Sequence[Float[Tensor, "_ _ _"]], orders: tuple[int, ...]) -> Factors:
    """The matrix of one derivative along each axis."""
    return tuple(table[count] for table, count in zip(tables, orders, strict=True))


def _correct(
    solve: Solve,
    terms: Sequence[DifferentialTerm],
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
        correction = mode_products(tuple(free), solve(_residual(terms, tables, found, right)))
        found, change = found + correction, float(vector_norm(correction))
        size = max(size, change)
        if change <= _SETTLED * size:
            break
    return found if change <= _CORRECTED * size else None


def _residual(
    terms: Sequence[DifferentialTerm], tables: Sequence[Tensor], found: Tensor, right: Tensor
) -> Tensor:
    """What coefficients leave of the equation on the points."""
    for term in terms:
        right = right - term.coefficient * mode_products(_of(tables, term.orders), found)
    return right


def _open(
    solve: Solve,
    terms: Sequence[DifferentialTerm],
    tables: Sequence[Tensor],
    free: Sequence[Tensor],
) -> bool:
    """Whether the solution for a random right side changes as it is corrected.

    Where it is determined, the change is rounding times the condition of the system.
    """
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(terms[0].coefficient.shape, generator=generator).to(free[0])
    first = solve(drawn)
    again = solve(_residual(terms, tables, mode_products(tuple(free), first), drawn))
    return not float(vector_norm(again)) <= _OPEN * float(vector_norm(first))
