"""Piecewise polynomials of one coordinate of the plane, and what meets conditions at four sides."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.elements import Elements, elements
from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Expression
from pikan.linalg.dense import inverse
from pikan.problem.separable import Separated
from pikan.problem.statement import Problem
from pikan.solvers.spectral_elements.space import gauss


class PlaneAxis(NamedTuple):
    """The functions of one coordinate, and what the equation and the conditions make of them.

    The functions are those of the basis times `sizes`. `values` are theirs at Gauss points, and
    `operator` what the equation has of this coordinate there. The functions `free` have none of the
    `conditions` at the ends, those of `lift` one each. `coefficients` leads to a function from its
    values at `nodes`, `finer` to as many values in each cell as tell its polynomial.
    """

    edges: Float[Tensor, " _"]
    basis: Elements
    sizes: Float[Tensor, " b"]
    points: Float[Tensor, " n"]
    weights: Float[Tensor, " n"]
    values: Float[Tensor, "n b"]
    operator: Float[Tensor, "n b"]
    free: Float[Tensor, "b _"]
    lift: Float[Tensor, "b 2"]
    conditions: Float[Tensor, "2 b"]
    nodes: Float[Tensor, " b"]
    coefficients: Float[Tensor, "b b"]
    finer: Float[Tensor, "_ b"]


def plane_axis(
    problem: Problem, parts: Separated, edges: Float[Tensor, " _"], points: int, axis: int
) -> PlaneAxis:
    """The functions on cells of one coordinate of space, the first or the second."""
    own = problem.box.space[axis]
    lower, upper = problem.box.lower[own], problem.box.upper[own]
    center, scale = (lower + upper) / 2, (upper - lower) / 2
    joined = max(parts.operators[axis])
    basis = elements((edges - center) / scale, points + joined - 1, joined)
    unit, weights = gauss(points)
    half = edges.diff()[:, None] / 2
    places = (edges[:-1, None] + half * (unit + 1)).flatten()

    def table(x: Float[Tensor, " n"]) -> Float[Tensor, "k n b"]:
        found = basis.derivatives(((x - center) / scale)[:, None], joined)[:, :, 0]
        powers = torch.arange(joined + 1).to(found)[:, None, None]
        return found / scale**powers

    inside, at_ends = table(places), table(edges[[0, -1]])
    # Of the size of one, so that no function outweighs another.
    sizes = inside[0].abs().amax(dim=0).reciprocal()
    inside, at_ends = inside * sizes, at_ends * sizes
    coordinate = problem.coordinates[own]
    operator = torch.zeros_like(inside[0])
    for order, coefficient in parts.operators[axis].items():
        values = formula_values(coefficient, problem, {coordinate: places.numpy()}, places.shape)
        operator = operator + values[:, None] * inside[order]
    rows = list[Float[Tensor, " b"]]()
    for one in parts.conditions[axis]:
        at = at_ends[:, one.end]
        rows.append(sum((w * at[order] for order, w in one.weights.items()), 0.0 * at[0]))
    conditions = torch.stack(rows)
    # Functions of the end's own cell alone: a jump in a corner stays in its cell.
    chosen = [int(row.abs().argmax()) for row in conditions]
    others = [k for k in range(basis.size) if k not in chosen]
    identity = torch.eye(basis.size, dtype=edges.dtype)
    lift = identity[:, chosen] @ inverse(conditions[:, chosen])
    free = identity[:, others] - lift @ conditions[:, others]
    nodes = torch.cat([places, edges[[0, -1]]])
    coefficients = inverse(torch.cat([inside[0], at_ends[0]]))
    return PlaneAxis(
        edges,
        basis,
        sizes,
        places,
        (half * weights).flatten(),
        inside[0],
        operator,
        free,
        lift,
        conditions,
        nodes,
        coefficients,
        table((edges[:-1, None] + half * (gauss(basis.degree + 1)[0] + 1)).flatten())[0] * sizes,
    )


def formula_values(
    formula: Expression,
    problem: Problem,
    grid: Mapping[str, np.ndarray | float],
    shape: tuple[int, ...],
) -> Tensor:
    """A formula at points of a grid."""
    return torch.from_numpy(evaluate_on(formula, {**problem.constants, **grid}, shape))


def boundary_lift(
    problem: Problem,
    parts: Separated,
    axes: tuple[PlaneAxis, PlaneAxis],
    known: Mapping[str, float],
) -> Float[Tensor, "_ _"]:
    """Coefficients that meet the conditions of both coordinates.

    At a moment that is `known` where there is time. Where both give values in a corner it has those
    of the ends of the first coordinate.
    """
    first, second = axes
    given: list[Float[Tensor, "2 _"]] = []
    for axis, other in ((0, second), (1, first)):
        name = problem.coordinates[problem.box.space[1 - axis]]
        along = {**known, name: other.nodes.numpy()}
        rows = [
            formula_values(one.value, problem, along, tuple(other.nodes.shape))
            for one in parts.conditions[axis]
        ]
        given.append(torch.stack(rows))
    for row, one in enumerate(parts.conditions[1]):
        for column, its in enumerate(parts.conditions[0]):
            if max(one.weights) == max(its.weights) == 0:
                corner = given[0][column, row - 2] / its.weights[0]
                given[1][row, column - 2] = corner * one.weights[0]
    at_first = given[0] @ second.coefficients.mT
    at_second = given[1] @ first.coefficients.mT
    found = first.lift @ at_first
    return found + (at_second.mT - found @ second.conditions.mT) @ second.lift.mT
