"""Collocation by piecewise polynomials: terms on cells, and at the stages of a time step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.geometry.domain import BoundaryPart
from pikan.linalg.almost_block_diagonal import (
    Blocks,
    BorderRow,
    CondensedSystem,
    condense,
)
from pikan.problem.partials import Partial
from pikan.problem.statement import Problem, partials_in_use
from pikan.residuals.terms import (
    CollocationPoints,
    Term,
    condition_terms,
    equation_terms,
    lower_face,
    periodic_terms,
)
from pikan.solvers.spectral_elements.space import Coefficients, Space, gauss

Start = Callable[[int, int, int, Float[Tensor, " n"]], Float[Tensor, " n"]]
"""Derivative `order` in x of derivative `level` in t: `start(unknown, level, order, places)`."""


@final
@dataclass(frozen=True)
class Stages:
    """The moments of a time step, and what derivatives in t at these are made of.

    For an unknown of some order in t, derivative k at the moments is `weights[order][k]` applied
    to its values there, plus `starts[order][k]` applied to its value and derivatives below the
    order at the start of the step.
    """

    moments: Float[Tensor, " s"]
    weights: Mapping[int, Float[Tensor, "k s s"]]
    starts: Mapping[int, Float[Tensor, "k s _"]]


class _Locus(NamedTuple):
    """Places in some of the cells, and the unknowns' functions and their derivatives there."""

    cells: Int[Tensor, " c"]
    places: Float[Tensor, "c n"]
    functions: tuple[Float[Tensor, "k c n w"], ...]


class _Placed(NamedTuple):
    """A term at all stages, with the places of each of its point sets.

    `known` is what the start adds to some of its derivatives by t, by name.
    """

    term: Term
    loci: tuple[_Locus, ...]
    known: Mapping[str, Float[Tensor, "s _ n"]]


class _Linearized(NamedTuple):
    """A term near some coefficients: its derivative by what the cells of each locus hold.

    Columns run over unknowns, their stages, and the functions of the cell.
    """

    value: Float[Tensor, "s _ n"]
    designs: list[Float[Tensor, "_ s n q"]]


@final
@dataclass(frozen=True)
class Collocation:
    """The equations at Gauss points of every cell and the conditions, at all stages.

    `orders` are those of the unknowns in t; `axis` is that of space, None where there is none;
    `ends` are what `Space.end_functions` says of each unknown, `continuation` what each cell makes
    of its left edge and of its inside at its right edge.
    """

    space: Space
    stages: Stages
    orders: tuple[int, ...]
    axis: int | None
    equations: tuple[_Placed, ...]
    conditions: tuple[_Placed, ...]
    ends: tuple[Float[Tensor, "c _ _"], ...]
    continuation: tuple[Float[Tensor, "c e e"], Float[Tensor, "c e i"]]

    @property
    def overlap(self) -> int:
        """How many unknown numbers neighboring cells share, as many as there are conditions."""
        return len(self.stages.moments) * sum(self.space.joined)

    @property
    def is_square(self) -> bool:
        """Whether there are as many conditions as the smoothness of the unknowns asks for."""
        return len(self.conditions) == sum(self.space.joined)

    def values(self, coefficients: Coefficients) -> Float[Tensor, "m s c n"]:
        """The unknowns at the points of the equations."""
        functions = self.equations[0].loci[0].functions
        made = zip(functions, coefficients, strict=True)
        return torch.stack([torch.einsum("cnw,scw->scn", one[0], own) for one, own in made])

    def residual(self, coefficients: Coefficients) -> Float[Tensor, "e s c n"]:
        """What is left of each equation, at each stage and point."""
        return torch.stack([self._term_residual(one, coefficients) for one in self.equations])

    def boundary_residual(self, coefficients: Coefficients) -> Float[Tensor, "b s"]:
        """What is left of each condition at each stage."""
        return self._stack(
            [self._term_residual(one, coefficients)[:, 0, 0] for one in self.conditions]
        )

    def _stack(self, border: Sequence[Float[Tensor, " s"]]) -> Float[Tensor, "b s"]:
        """Rows of conditions, also where there are none."""
        nothing = self.space.edges.new_zeros(0, len(self.stages.moments))
        return torch.stack(list(border)) if border else nothing

    def _term_residual(self, placed: _Placed, coefficients: Coefficients) -> Float[Tensor, "s _ n"]:
        shape = (len(self.stages.moments), *placed.loci[0].places.shape)
        return placed.term.evaluate(self._columns(placed, coefficients)).view(shape)

    def _columns(
        self, placed: _Placed, coefficients: Coefficients
    ) -> dict[str, Float[Tensor, " n"]]:
        found: dict[str, Float[Tensor, " n"]] = {}
        for name, at in placed.term.derivatives.items():
            column = self._partial(placed.loci[at.point_set], at.partial, coefficients)
            if name in placed.known:
                column = column + placed.known[name]
            found[name] = column.flatten()
        return found

    def _partial(
        self, locus: _Locus, partial: Partial, coefficients: Coefficients
    ) -> Float[Tensor, "s _ n"]:
        """What coefficients make of a partial derivative at all stages and places."""
        k, (in_space, in_time) = partial.unknown, _split(partial, self.axis)
        own = coefficients[k][:, locus.cells]
        found = torch.einsum("cnw,scw->scn", locus.functions[k][in_space], own)
        if in_time == 0:
            return found
        return torch.einsum("ij,jcn->icn", self.stages.weights[self.orders[k]][in_time], found)

    def linearize(self, coefficients: Coefficients) -> CondensedSystem:
        """The factored derivative of all that is left, by the coefficients."""
        return self._system(*self._linearize_all(coefficients))

    def correction(self, coefficients: Coefficients) -> Coefficients:
        """The step of Newton's method at some coefficients."""
        equations, conditions = self._linearize_all(coefficients)
        rows = torch.stack([one.value for one in equations])
        border = [one.value[:, 0, 0] for one in conditions]
        system = self._system(equations, conditions)
        return self._solve(system, coefficients, rows, self._stack(border))

    def _linearize_all(
        self, coefficients: Coefficients
    ) -> tuple[list[_Linearized], list[_Linearized]]:
        """All equations, and all conditions."""
        return (
            [self._linearize(one, coefficients) for one in self.equations],
            [self._linearize(one, coefficients) for one in self.conditions],
        )

    def _system(
        self, equations: Sequence[_Linearized], conditions: Sequence[_Linearized]
    ) -> CondensedSystem:
        at_edge, inside = self._columns_at_edge()
        rows = torch.cat([one.designs[0].flatten(1, 2) for one in equations], dim=1)
        border: list[BorderRow] = []
        for placed, one in zip(self.conditions, conditions, strict=True):
            cells = tuple(int(locus.cells[0]) for locus in placed.loci)
            parts = torch.stack([design[0, :, 0] for design in one.designs])
            ordered = parts[..., [*at_edge, *inside]]
            border += [BorderRow(cells, ordered[:, stage]) for stage in range(parts.shape[1])]
        across, out = self.continuation
        return condense(Blocks(rows[..., at_edge], rows[..., inside], across, out, tuple(border)))

    def _linearize(self, placed: _Placed, coefficients: Coefficients) -> _Linearized:
        stages, (count, points) = len(self.stages.moments), placed.loci[0].places.shape
        widths = [self.space.width(k) for k in range(len(self.orders))]
        designs = [
            [placed.loci[0].places.new_zeros(count, stages, points, stages, w) for w in widths]
            for _ in placed.loci
        ]
        value, slopes = placed.term.value_and_derivatives(self._columns(placed, coefficients))
        for name, slope in slopes.items():
            at = placed.term.derivatives[name]
            k, (in_space, in_time) = at.partial.unknown, _split(at.partial, self.axis)
            weights = self.stages.weights[self.orders[k]][in_time]
            functions = placed.loci[at.point_set].functions[k][in_space]
            by_place = slope.view(stages, count, points)
            designs[at.point_set][k] += torch.einsum(
                "icn,ij,cnw->cinjw", by_place, weights, functions
            )
        ordered = [torch.cat([one.flatten(3) for one in made], dim=3) for made in designs]
        return _Linearized(value.view(stages, count, points), ordered)

    def _columns_at_edge(self) -> tuple[list[int], list[int]]:
        """The columns of a design that belong to a left edge, and those inside."""
        at_edge, inside, first = list[int](), list[int](), 0
        for k, joined in enumerate(self.space.joined):
            for _ in self.stages.moments:
                at_edge += range(first, first + joined)
                inside += range(first + joined, first + self.space.width(k))
                first += self.space.width(k)
        return at_edge, inside

    def newton_step(self, system: CondensedSystem, coefficients: Coefficients) -> Coefficients:
        """The change of the coefficients that a factored derivative promises to leave nothing."""
        border = self.boundary_residual(coefficients)
        return self._solve(system, coefficients, self.residual(coefficients), border)

    def _solve(
        self,
        system: CondensedSystem,
        coefficients: Coefficients,
        residual: Float[Tensor, "e s c n"],
        border: Float[Tensor, "b s"],
    ) -> Coefficients:
        """The change of coefficients that leaves these residuals, and gaps between cells."""
        rows = residual.permute(2, 0, 1, 3).flatten(1)
        gaps = [
            (
                torch.einsum("cew,scw->cse", ends[:-1], own[:, :-1])
                - own[:, 1:, :joined].transpose(0, 1)
            ).flatten(1)
            for own, ends, joined in zip(coefficients, self.ends, self.space.joined, strict=True)
        ]
        left, inner = system.solve(-rows, torch.cat(gaps, dim=1), -border.flatten())
        return self._scatter(left, inner)

    def _scatter(self, left: Float[Tensor, "c e"], inner: Float[Tensor, "c i"]) -> Coefficients:
        """The coefficients of each unknown, from all that are at edges and all inside."""
        stages, points = len(self.stages.moments), self.space.points
        edge_parts = left.split([stages * joined for joined in self.space.joined], dim=1)
        inner_parts = inner.split(stages * points, dim=1)
        return tuple(
            torch.cat(
                [one.unflatten(1, (stages, joined)), other.unflatten(1, (stages, points))], dim=2
            ).transpose(0, 1)
            for one, other, joined in zip(edge_parts, inner_parts, self.space.joined, strict=True)
        )


STEADY = Stages(
    torch.zeros(1, dtype=torch.float64), {0: torch.ones(1, 1, 1, dtype=torch.float64)}, {}
)
"""The one stage of a problem without time."""


def steady_collocation(problem: Problem, space: Space) -> Collocation:
    """A problem of one coordinate on a space."""
    orders = (0,) * len(problem.unknowns)
    return collocation(problem, space, STEADY, orders, 0, _no_start)


def _no_start(unknown: int, level: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    raise ValueError(f"unknown {unknown} has no start of order {level} at {len(x)} places: {order}")


def collocation(
    problem: Problem,
    space: Space,
    stages: Stages,
    orders: tuple[int, ...],
    axis: int | None,
    start: Start,
) -> Collocation:
    """A problem on a space and on the stages of a time step."""
    highest = [_highest(problem, k, axis) for k in range(len(orders))]
    unit, _ = gauss(space.points)
    inside = _Locus(
        torch.arange(space.cells),
        space.places(unit),
        tuple(space.functions(k, unit, highest[k]) for k in range(len(orders))),
    )
    points = _points(inside.places.flatten(), stages, axis, problem.box.dimension)

    def place(term: Term, loci: tuple[_Locus, ...]) -> _Placed:
        known: dict[str, Float[Tensor, "s _ n"]] = {}
        for name, at in term.derivatives.items():
            k, (in_space, in_time) = at.partial.unknown, _split(at.partial, axis)
            places = loci[at.point_set].places
            if in_time == 0:
                continue
            for level, weight in enumerate(stages.starts[orders[k]][in_time].mT):
                own = start(k, level, in_space, places.flatten()).view(places.shape)
                known[name] = known.get(name, 0.0) + weight[:, None, None] * own
        return _Placed(term, loci, known)

    equations = tuple(place(one, (inside,)) for one in equation_terms(problem, points))
    faces = [face for one in problem.conditions for face in one.faces if _lasts(face, axis)]
    faces += [lower_face(problem, match) for match in problem.periodic]
    places = {
        face: _points(
            inside.places.new_tensor([face.fixed[0][1]]), stages, axis, problem.box.dimension
        )
        for face in dict.fromkeys(faces)
    }
    lasting = [
        replace(one, faces=tuple(face for face in one.faces if _lasts(face, axis)))
        for one in problem.conditions
    ]
    on_faces = CollocationPoints(points[:0], places)
    found = [
        *condition_terms(problem, lasting, on_faces),
        *(one for match in problem.periodic for one in periodic_terms(problem, match, on_faces)),
    ]
    conditions = tuple(
        place(one, tuple(_locus(space, x[0, axis], highest) for x in one.points))
        for one in found
        if axis is not None
    )
    ends = tuple(map(space.end_functions, range(len(orders))))
    onward = _continuation(space, len(stages.moments), ends)
    return Collocation(space, stages, orders, axis, equations, conditions, ends, onward)


def _continuation(
    space: Space, stages: int, ends: Sequence[Float[Tensor, "c _ _"]]
) -> tuple[Float[Tensor, "c e e"], Float[Tensor, "c e i"]]:
    """What each cell makes of its left edge and of its inside at its right edge."""
    overlap = stages * sum(space.joined)
    across = space.edges.new_zeros(space.cells, overlap, overlap)
    inner = stages * space.points * len(space.joined)
    out = space.edges.new_zeros(space.cells, overlap, inner)
    at_edge = at_inside = 0
    for k, joined in enumerate(space.joined):
        for _ in range(stages):
            rows = slice(at_edge, at_edge + joined)
            across[:, rows, rows] = ends[k][:, :, :joined]
            out[:, rows, at_inside : at_inside + space.points] = ends[k][:, :, joined:]
            at_edge, at_inside = at_edge + joined, at_inside + space.points
    return across, out


def _split(partial: Partial, axis: int | None) -> tuple[int, int]:
    """The orders of a partial derivative in space, along an axis, and in time."""
    in_space = 0 if axis is None else partial.orders[axis]
    return in_space, sum(partial.orders) - in_space


def _highest(problem: Problem, unknown: int, axis: int | None) -> int:
    """The highest derivative of an unknown along the coordinate that there is anywhere."""
    if axis is None:
        return 0
    used = [one.orders[axis] for one in partials_in_use(problem) if one.unknown == unknown]
    return max(used, default=0)


def _lasts(face: BoundaryPart, axis: int | None) -> bool:
    """Whether a face is a place in space at all times."""
    return [fixed for fixed, _ in face.fixed] == [axis]


def _points(
    places: Float[Tensor, " n"], stages: Stages, axis: int | None, dimension: int
) -> Float[Tensor, "_ d"]:
    """All places at the first moment, then at the next."""
    points = places.new_empty(len(stages.moments), len(places), dimension)
    points[:] = stages.moments[:, None, None]
    if axis is not None:
        points[:, :, axis] = places
    return points.flatten(0, 1)


def _locus(space: Space, place: Float[Tensor, ""], highest: Sequence[int]) -> _Locus:
    """One place, in the cell that holds it."""
    cell = torch.searchsorted(space.edges[1:-1].contiguous(), place[None], right=True)
    part = replace(space, edges=space.edges[int(cell) : int(cell) + 2])
    unit = (place[None] - part.edges[0]) / part.half[0] - 1
    functions = tuple(part.functions(k, unit, order) for k, order in enumerate(highest))
    return _Locus(cell, place[None, None], functions)
