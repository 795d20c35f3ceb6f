"""Collocation of a time slab at Radau points, with products of polynomials in space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.expression.evaluate import evaluate
from pikan.geometry.domain import BoundaryPart
from pikan.linalg.dense import inverse
from pikan.linalg.tensor_product import mode_product
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.problem.classification import equation_order
from pikan.problem.initial_value import initial_values
from pikan.problem.partials import Partial
from pikan.problem.statement import Problem, partials_in_use
from pikan.residuals.evaluation import unit_factors
from pikan.residuals.terms import (
    CollocationPoints,
    Term,
    condition_terms,
    equation_terms,
    periodic_terms,
    used_faces,
)
from pikan.sampling.chebyshev import chebyshev_axis
from pikan.solvers.spectral_elements.stages import radau_points

Slopes = tuple[dict[str, Tensor], ...]
"""For each term the derivatives of its formula by the columns in it."""


class _StageLocus(NamedTuple):
    """A grid in space: for each coordinate the functions' derivatives 0, 1, ... at its nodes."""

    tables: tuple[Float[Tensor, "k n b"], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many nodes each coordinate has."""
        return tuple(table.shape[1] for table in self.tables)


@final
@dataclass(frozen=True)
class RadauCollocation:
    """Equations on a grid in space and the conditions on its faces, at all stages of a slab.

    The unknowns are `coefficients` [s m *b] of the products of the functions in space at each
    stage; `start` has those at the beginning. `derivative` leads from values at the start and at
    the stages to derivatives at the stages. `space` has the axes of space; the first `equations` of
    the terms are those, and conditions the rest.
    """

    space: tuple[int, ...]
    equations: int
    terms: tuple[Term, ...]
    loci: tuple[tuple[_StageLocus, ...], ...]
    derivative: Float[Tensor, "s _"]
    start: Float[Tensor, " m *b"]

    def residual(self, coefficients: Float[Tensor, " s m *b"]) -> Float[Tensor, "s r"]:
        """What is left of every equation and condition, at each stage."""
        stages = len(coefficients)
        rows = [
            one.evaluate(self._columns(one, loci, coefficients, self.start)).view(stages, -1)
            for one, loci in zip(self.terms, self.loci, strict=True)
        ]
        return torch.cat(rows, dim=1)

    def slopes(self, coefficients: Float[Tensor, " s m *b"]) -> Slopes:
        """The derivatives of all formulas at coefficients."""
        return tuple(
            one.column_derivatives(self._columns(one, loci, coefficients, self.start))
            for one, loci in zip(self.terms, self.loci, strict=True)
        )

    def apply(self, slopes: Slopes, change: Float[Tensor, " s m *b"]) -> Float[Tensor, "s r"]:
        """The derivative of the residual along a change of the coefficients."""
        none = torch.zeros_like(self.start)
        rows: list[Float[Tensor, "s _"]] = []
        for one, loci, slope in zip(self.terms, self.loci, slopes, strict=True):
            columns = self._columns(one, loci, change, none)
            products = [slope[name] * column for name, column in columns.items()]
            rows.append(torch.stack(products).sum(dim=0).view(len(change), -1))
        return torch.cat(rows, dim=1)

    def interpolate(self, values: Float[Tensor, " s m *n"]) -> Float[Tensor, " s m *b"]:
        """The coefficients at each stage of what has values on the grid of the equations."""
        for axis, table in enumerate(self.loci[0][0].tables):
            values = mode_product(inverse(table[0]), values, axis + 2)
        return values

    def matrices(self, slopes: Slopes) -> tuple[Float[Tensor, "r p"], Float[Tensor, "r p"]]:
        """The derivatives of the residual by the unknowns' derivatives in t, and by the unknowns.

        Of one stage, with the means of all of them.
        """
        size = self.start[0].numel()
        moving, steady = list[Tensor](), list[Tensor]()
        for one, loci, slope in zip(self.terms, self.loci, slopes, strict=True):
            rows = len(one.points[0]) // len(self.derivative)
            parts = self.start.new_zeros(2, rows, len(self.start), size)
            for name, at in one.derivatives.items():
                in_space, in_time = self.orders(at.partial)
                table = torch.ones(1, 1).to(self.start)
                for along, order in zip(loci[at.point_set].tables, in_space, strict=True):
                    table = torch.kron(table, along[order].contiguous())
                mean = slope[name].view(len(self.derivative), -1).mean(dim=0)
                parts[in_time, :, at.partial.unknown] += mean[:, None] * table
            steady.append(parts[0].flatten(1))
            moving.append(parts[1].flatten(1))
        return torch.cat(moving), torch.cat(steady)

    def row_factors(
        self, moving: Float[Tensor, "r p"], steady: Float[Tensor, "r p"]
    ) -> Float[Tensor, " r"]:
        """The factors by which the rows of each statement have a mean square of one."""
        counts = [len(one.points[0]) // len(self.derivative) for one in self.terms]
        rate = self.derivative[:, 1:].diagonal().abs().min()
        squares = steady.square().sum(dim=1) + (rate * moving).square().sum(dim=1)
        sums = [float(one.sum()) for one in squares.split(counts)]
        ones = [one.rows(slice(count)) for one, count in zip(self.terms, counts, strict=True)]
        factors = unit_factors(ones, sums)
        return torch.cat([squares.new_full((n,), f) for n, f in zip(counts, factors, strict=True)])

    def _columns(
        self,
        term: Term,
        loci: Sequence[_StageLocus],
        coefficients: Float[Tensor, " s m *b"],
        start: Float[Tensor, " m *b"],
    ) -> dict[str, Float[Tensor, " n"]]:
        """The columns of a term, of all stages one after the other."""
        return {
            name: self._partial(loci[at.point_set], at.partial, coefficients, start).flatten()
            for name, at in term.derivatives.items()
        }

    def _partial(
        self,
        locus: _StageLocus,
        partial: Partial,
        coefficients: Float[Tensor, " s m *b"],
        start: Float[Tensor, " m *b"],
    ) -> Float[Tensor, " s *n"]:
        in_space, in_time = self.orders(partial)
        own = coefficients[:, partial.unknown]
        if in_time:
            whole = torch.cat([start[partial.unknown][None], own])
            own = mode_product(self.derivative, whole, 0)
        for axis, (table, order) in enumerate(zip(locus.tables, in_space, strict=True)):
            own = mode_product(table[order], own, axis + 1)
        return own

    def orders(self, partial: Partial) -> tuple[tuple[int, ...], int]:
        """The orders of a partial derivative in space, and in time."""
        in_space = tuple(partial.orders[axis] for axis in self.space)
        return in_space, sum(partial.orders) - sum(in_space)


def radau_collocation(
    part: Problem, network: FullProduct, earlier: Network | None
) -> RadauCollocation:
    """A problem on a slab, in the bases of its network, with as many stages as that has in time.

    It starts from the initial conditions, or from the end of an earlier slab.
    """
    time, space = part.box.evolution, part.box.space
    lower, upper = part.box.lower[time], part.box.upper[time]
    stages = network.axes()[time].degree
    moments, derivative = _radau(lower, upper, stages)
    nodes = tuple(_nodes(part, network.axes()[axis], axis) for axis in space)

    def points_with(fixed: Mapping[int, float]) -> Float[Tensor, "n d"]:
        lines = [
            nodes[k].new_tensor([fixed[axis]]) if axis in fixed else nodes[k]
            for k, axis in enumerate(space)
        ]
        grid = torch.meshgrid(moments, *lines, indexing="ij")
        found = dict(zip((time, *space), grid, strict=True))
        return torch.stack([found[axis].flatten() for axis in range(part.box.dimension)], dim=1)

    lasting = [
        replace(one, faces=tuple(face for face in one.faces if time not in dict(face.fixed)))
        for one in part.conditions
    ]
    lasting_faces = [face for face in used_faces(part) if time not in dict(face.fixed)]
    faces = {face: points_with(dict(face.fixed)) for face in lasting_faces}
    points = CollocationPoints(points_with({}), faces)
    highest = max((max(one.orders) for one in partials_in_use(part)), default=0)
    asked = [(None, one) for one in equation_terms(part, points.interior)]
    asked += [
        (face, one)
        for condition in lasting
        for face in condition.faces
        for one in condition_terms(part, [replace(condition, faces=(face,))], points)
    ]
    asked += [
        (match.axis, one) for match in part.periodic for one in periodic_terms(part, match, points)
    ]

    def locus(fixed: Mapping[int, float]) -> _StageLocus:
        tables = []
        for k, axis in enumerate(space):
            at = nodes[k].new_tensor([fixed[axis]]) if axis in fixed else nodes[k]
            tables.append(_table(network, axis, at, highest))
        return _StageLocus(tuple(tables))

    def loci(where: BoundaryPart | int | None) -> tuple[_StageLocus, ...]:
        if isinstance(where, int):
            ends = (part.box.lower[where], part.box.upper[where])
            return tuple(locus({where: end}) for end in ends)
        return (locus({} if where is None else dict(where.fixed)),)

    start = start_coefficients(part, network, earlier)
    every = tuple(loci(where) for where, _ in asked)
    equations = len(part.equations)
    return RadauCollocation(
        space, equations, tuple(one for _, one in asked), every, derivative, start
    )


def _radau(
    lower: float, upper: float, stages: int
) -> tuple[Float[Tensor, " s"], Float[Tensor, "s _"]]:
    """The moments of the stages, and what derivatives there are made of."""
    points = radau_points(stages)
    nodes = np.append(-1.0, points)
    table = np.polynomial.chebyshev.chebvander(nodes, stages)
    slopes = np.polynomial.chebyshev.chebder(np.eye(stages + 1), axis=0)
    at_stages = np.polynomial.chebyshev.chebval(points, slopes).T * 2 / (upper - lower)
    moments = lower + (upper - lower) * (points + 1) / 2
    derivative = torch.from_numpy(at_stages) @ inverse(torch.from_numpy(table))
    return torch.from_numpy(np.minimum(moments, upper)), derivative


def _nodes(part: Problem, basis: Basis, axis: int) -> Float[Tensor, " n"]:
    """As many points as functions, where polynomials are interpolated best."""
    lower, upper = part.box.lower[axis], part.box.upper[axis]
    return torch.from_numpy(lower + (upper - lower) * chebyshev_axis(basis.size))


def _table(
    network: FullProduct, axis: int, places: Float[Tensor, " n"], order: int
) -> Float[Tensor, "k n b"]:
    """The functions of a coordinate and their derivatives at places."""
    center, scale = network.center[axis], network.scale[axis]
    unit = ((places - center) / scale)[:, None]
    found = network.axes()[axis].derivatives(unit, order)[:, :, 0]
    return found / scale ** torch.arange(order + 1)[:, None, None].to(found)


def start_coefficients(
    part: Problem, network: FullProduct, earlier: Network | None
) -> Float[Tensor, " m *b"]:
    """The unknowns at the first moment; zero for those that have no derivative in t."""
    time, space = part.box.evolution, part.box.space
    moment = part.box.lower[time]
    nodes = [_nodes(part, network.axes()[axis], axis) for axis in space]
    grid = dict(zip(space, torch.meshgrid(*nodes, indexing="ij"), strict=True))
    shape = grid[space[0]].shape
    if earlier is None:
        known = {part.coordinates[axis]: along.numpy() for axis, along in grid.items()}
        known |= {**part.constants, part.coordinates[time]: moment}
        given = initial_values(part)
        rows = [
            torch.from_numpy(
                np.broadcast_to(np.asarray(evaluate(given[k], known, np), float), shape).copy()
            )
            if k in given
            else torch.zeros(shape, dtype=torch.float64)
            for k in range(len(part.unknowns))
        ]
        values = torch.stack(rows)
    else:
        grid[time] = torch.full(shape, moment, dtype=torch.float64)
        places = torch.stack([grid[axis].flatten() for axis in range(part.box.dimension)], dim=1)
        with torch.no_grad():
            values = earlier(places).mT.unflatten(1, shape)
    for k, axis in enumerate(space):
        table = _table(network, axis, nodes[k], 0)[0]
        values = mode_product(inverse(table), values, k + 1)
    return values


def in_time(
    part: Problem, coefficients: Float[Tensor, " s m *b"], start: Float[Tensor, " m *b"]
) -> Float[Tensor, " t m *b"]:
    """Chebyshev coefficients in time of the polynomials through the stages and the start.

    Of unknowns that have no derivative in t through the stages alone.
    """
    stages, time = len(coefficients), part.box.evolution
    points = radau_points(stages)
    found = []
    for k in range(len(part.unknowns)):
        stepped = equation_order(part, k, time) > 0
        nodes = np.append(-1.0, points) if stepped else points
        values = coefficients[:, k]
        values = torch.cat([start[k][None], values]) if stepped else values
        table = np.polynomial.chebyshev.chebvander(nodes, len(nodes) - 1)
        made = mode_product(inverse(torch.from_numpy(table)), values, 0)
        found.append(torch.cat([made, made.new_zeros(stages + 1 - len(made), *made.shape[1:])]))
    return torch.stack(found, dim=1)
