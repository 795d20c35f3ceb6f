"""One slab between characteristics: a small least squares for each cell, in the order of t."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.polynomial import legendre
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.elements import elements, integrate_legendre
from pikan.expression.evaluate import evaluate_on
from pikan.linalg.dense import least_squares, scaled_least_squares
from pikan.network.base import Network
from pikan.network.characteristic import CharacteristicNetwork, chain_rule
from pikan.network.product import FullProduct
from pikan.problem.characteristics import Characteristics
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.residuals.terms import CollocationPoints, Term, condition_terms, equation_terms
from pikan.solvers.spectral_elements.characteristic_cells import (
    CharacteristicCell,
    CharacteristicMesh,
    Side,
)
from pikan.solvers.time_slab import continuity_terms, initial_face

# Singular values of a cell's system below this part of the largest are rounding.
_CUTOFF = 1e-14
# The same where the sides alone leave most of a cell open.
_CUTOFF_OF_SIDES = 1e-8
# Newton's corrections below this part of the solution are the last; no more than so many.
_DONE, _STEPS = 1e-11, 20
# The same in parts of a cell's residual.
_UNRESOLVED = 0.01

_Places = Float[Tensor, "n 2"]


class SlabSolution(NamedTuple):
    """Coefficients [i a j b m] of Legendre polynomials on every cell, zero outside of the slab.

    `left` is the largest residual of each cell, in parts of the largest value of an unknown:
    what a polynomial of the degree cannot do. It is infinite for the first cell without a solution,
    after which none is looked at.
    """

    coefficients: Float[Tensor, "i a j b m"]
    left: Float[Tensor, " c"]


class _PlacedTerm(NamedTuple):
    """A term of a cell, with the functions of the cell that each of its derivatives is made of."""

    term: Term
    designs: Mapping[str, Float[Tensor, "n q"]]


class _Rows(NamedTuple):
    """Rows of a linear system for a cell's coefficients, of one statement."""

    matrix: Float[Tensor, "r p"]
    right: Float[Tensor, " r"]


@final
@dataclass(frozen=True)
class CharacteristicSlab:
    """A problem on a slab, with polynomials of one degree on the cells of a mesh.

    It starts from the conditions of the problem where there is no `earlier` network.
    """

    part: Problem
    lines: Characteristics
    mesh: CharacteristicMesh
    degree: int
    earlier: Network | None

    @cached_property
    def cells(self) -> tuple[CharacteristicCell, ...]:
        """The cells of the slab, those before others first."""
        return tuple(self.mesh.cells(self.degree + 2))

    @cached_property
    def _integrals(self) -> Float[np.ndarray, "a a"]:
        """One and integrals of Legendre polynomials, by columns, as Legendre polynomials.

        In a cell that boundaries cut equations of these are well conditioned: derivatives of high
        degrees outweigh none.
        """
        found = integrate_legendre(np.eye(self.degree + 1))
        return np.concatenate([np.eye(self.degree + 1, 1), found[:, :-1]], axis=1)

    @cached_property
    def _series(self) -> tuple[Float[Tensor, "a a"], ...]:
        """The same and their derivatives as Legendre polynomials."""
        found, count = list[Tensor](), self.degree + 1
        for order in range(self.lines.order + 1):
            made = legendre.legder(self._integrals, order, axis=0)
            found.append(torch.from_numpy(np.pad(made, ((0, count - len(made)), (0, 0)))))
        return tuple(found)

    @cached_property
    def _chosen(self) -> tuple[Int[Tensor, " q"], Int[Tensor, " q"]]:
        """The degrees of products of total degree, which Gauss points of a triangle tell apart."""
        degrees = torch.arange(self.degree + 1)
        first, second = (degrees[:, None] + degrees <= self.degree).nonzero(as_tuple=True)
        return first, second

    @property
    def size(self) -> int:
        """The number of coefficients that are solved for."""
        return len(self.cells) * len(self._chosen[0]) * len(self.part.unknowns)

    def solve(self) -> SlabSolution:
        """Every cell from those before it, by Newton's method; one step where it is linear."""
        counts = [len(own) - 1 for own in self.mesh.edges]
        size, unknowns = self.degree + 1, len(self.part.unknowns)
        found = torch.zeros(counts[0], size, counts[1], size, unknowns, dtype=torch.float64)
        left, largest = list[Tensor](), torch.zeros(unknowns, dtype=torch.float64)
        for cell in self.cells:
            i, j = cell.place
            own, residual = self._solve_cell(cell, found, float(largest.max()))
            found[i, :, j] = own
            largest = torch.maximum(
                largest, self.values(found, cell, cell.inside).abs().amax(dim=0)
            )
            left.append(residual)
            if not bool(residual.isfinite()):
                # Those after it are none of a solution.
                left += [torch.zeros_like(residual)] * (len(self.cells) - len(left))
                break
        scale = largest.clamp_min(float(largest.max()) * 1e-12).clamp_min(1e-300).min()
        return SlabSolution(found, torch.stack(left) / scale)

    def values(
        self, coefficients: Float[Tensor, "i a j b m"], cell: CharacteristicCell, places: _Places
    ) -> Float[Tensor, "n m"]:
        """The unknowns of one cell at places of it."""
        i, j = cell.place
        return self._functions(cell.place, places, 0, 0) @ coefficients[i, :, j][self._chosen]

    def network(self, coefficients: Float[Tensor, "i a j b m"]) -> CharacteristicNetwork:
        """The solution as a network of x and t, on the cells that meet the slab."""
        box, mesh = self.part.box, self.mesh
        first, second = mesh.edges
        kept = first[:-1] < mesh.upper, second[1:] > mesh.lower
        turn = torch.from_numpy(self._integrals)
        made = torch.einsum("ab,ibjdm,cd->iajcm", turn, coefficients, turn)
        made = made[kept[0]][:, :, kept[1]]
        lines = first[: len(made) + 1], second[-made.shape[2] - 1 :]
        bases: list[Basis] = []
        for own in lines:
            center, scale = (own[0] + own[-1]) / 2, (own[-1] - own[0]) / 2
            unit = ((own - center) / scale).clone()
            unit[0], unit[-1] = -1.0, 1.0
            bases.append(elements(unit, self.degree, 0))
        corners = [[float(own[end]) for own in lines] for end in (0, -1)]
        product = FullProduct(bases, made.shape[-1], *corners)
        with torch.no_grad():
            product.coefficients.copy_(made.flatten(0, 3))
        return CharacteristicNetwork(product, mesh.speed, box.lower, box.upper, box.evolution)

    def _solve_cell(
        self, cell: CharacteristicCell, found: Float[Tensor, "i a j b m"], size: float
    ) -> tuple[Float[Tensor, "a b m"], Float[Tensor, ""]]:
        """The coefficients of a cell, and the largest residual of its rows.

        Others have values of a `size`.
        """
        joins = [self._join(cell, side, at, found) for side, at in cell.sides if side in _SHARED]
        joins += self._corner(cell, found)
        asked = [self._place(cell, one, at) for one, at in self._terms(cell)]
        unknowns = len(self.part.unknowns)
        here = torch.zeros(len(self._chosen[0]) * unknowns, dtype=torch.float64)
        affine, inside = linear(self.part), self._functions(cell.place, cell.inside, 0, 0)
        if not affine:
            # From what comes in, whatever the equations make of it.
            known = asked[len(self.part.equations) :]
            sides = [_linearize(one, here) for one in known]
            # By its size: columns of functions that vanish on the sides are rounding.
            matrix, right = _stack([*joins, *sides], here)
            here = least_squares(matrix, right[:, None], _CUTOFF_OF_SIDES)[:, 0]
        left = torch.full_like(here[0], torch.inf)
        for _ in range(1 if affine else _STEPS):
            rows = [_linearize(one, here) for one in asked]
            before = here
            here, left = _solve([*joins, *rows], here)
            # What a polynomial of the degree cannot do need not come to rest.
            enough = max(_DONE * size, _UNRESOLVED * float(left))
            moved = inside @ (here - before).view(-1, unknowns)
            size = max(size, float((inside @ here.view(-1, unknowns)).abs().max()))
            if not affine and float(moved.abs().max()) <= enough:
                break
        else:
            left = left if affine else torch.full_like(left, torch.inf)
        made = here.new_zeros(self.degree + 1, self.degree + 1, unknowns)
        made[self._chosen] = here.view(-1, unknowns)
        return made, left

    def _terms(self, cell: CharacteristicCell) -> Iterator[tuple[Term, _Places]]:
        """The equations inside, then what is known on sides, each with its places."""
        for one in equation_terms(self.part, self._points(cell.inside, None)):
            yield one, cell.inside
        for side, places in cell.sides:
            if side in _SHARED:
                continue
            points = self._points(places, side)
            if side == "start" and self.earlier is not None:
                asked = continuity_terms(self.part, points, self.earlier)
            else:
                space = 1 - self.part.box.evolution
                ends = {"lower": self.part.box.lower, "upper": self.part.box.upper}
                wanted = (
                    initial_face(self.part).fixed
                    if side == "start"
                    else ((space, ends[side][space]),)
                )
                conditions = [
                    replace(one, faces=tuple(face for face in one.faces if face.fixed == wanted))
                    for one in self.part.conditions
                ]
                every = {face: points for one in conditions for face in one.faces}
                asked = condition_terms(self.part, conditions, CollocationPoints(points[:0], every))
            for one in asked:
                yield one, places

    def _points(self, places: _Places, side: Side | None) -> Float[Tensor, "n d"]:
        """Places (ξ, η) as points of the problem; those on sides lie there exactly."""
        mesh, box = self.mesh, self.part.box
        x, moved = places.mean(dim=1), (places[:, 1] - places[:, 0]) / 2
        if mesh.periodic:
            x = mesh.lower + torch.remainder(x - mesh.lower, mesh.upper - mesh.lower)
        x = x.clamp(mesh.lower, mesh.upper)
        begin, end = box.lower[box.evolution], box.upper[box.evolution]
        t = (begin + moved / mesh.speed).clamp(begin, end)
        x = torch.full_like(x, getattr(mesh, side)) if side in ("lower", "upper") else x
        t = torch.full_like(t, begin) if side == "start" else t
        return torch.stack([x, t] if box.evolution == 1 else [t, x], dim=1)

    def _functions(
        self, place: tuple[int, int], places: _Places, along: int, in_time: int
    ) -> Float[Tensor, "n q"]:
        """The products of a cell, differentiated by x and t, at places."""
        order, tables = along + in_time, list[list[Tensor]]()
        for axis, number in enumerate(place):
            low, high = self.mesh.edges[axis][number : number + 2].tolist()
            half = (high - low) / 2
            unit = (places[:, axis] - low) / half - 1
            made = torch.from_numpy(legendre.legvander(unit.numpy(), self.degree))
            chosen = self._chosen[axis]
            tables.append([made @ self._series[k][:, chosen] / half**k for k in range(order + 1)])
        weights = chain_rule(along, in_time)
        parts = [w * tables[0][k] * tables[1][order - k] for k, w in enumerate(weights) if w]
        return torch.stack(parts).sum(dim=0) * self.mesh.speed**in_time

    def _place(self, cell: CharacteristicCell, term: Term, places: _Places) -> _PlacedTerm:
        """A term with what its derivatives are made of at places of a cell."""
        time = self.part.box.evolution
        orders = {name: at.partial.orders for name, at in term.derivatives.items()}
        return _PlacedTerm(
            term,
            {
                name: self._functions(cell.place, places, own[1 - time], own[time])
                for name, own in orders.items()
            },
        )

    def _join(
        self,
        cell: CharacteristicCell,
        side: Side,
        places: _Places,
        found: Float[Tensor, "i a j b m"],
    ) -> _Rows:
        """Rows by which what crosses a side goes on from the cell before."""
        before = self._before(cell, side)
        crossing = self.lines.backward if side == "forward" else self.lines.forward
        weights = torch.from_numpy(crossing)
        own, other = (self._functions_across(at, side, places) for at in (cell.place, before))
        given = other @ found[before[0], :, before[1]][self._chosen]
        matrix = torch.einsum("nq,wm->nwqm", own, weights)
        return _Rows(matrix.flatten(2).flatten(0, 1), (given @ weights.mT).flatten())

    def _before(self, cell: CharacteristicCell, side: Side) -> tuple[int, int]:
        """The cell beyond a side."""
        i, j = cell.place
        return (i + 1, j) if side == "forward" else (i, j - 1)

    def _functions_across(
        self, place: tuple[int, int], side: Side, places: _Places
    ) -> Float[Tensor, "n q"]:
        """The functions of a cell as they go on across a side: by value, or as jumps do."""
        values = self._functions(place, places, 0, 0)
        if self.lines.jumps is None:
            return values
        along, in_time = (self._functions(place, places, *orders) for orders in ((1, 0), (0, 1)))
        turned = in_time / self.mesh.speed * (1.0 if side == "forward" else -1.0)
        points = self._points(places, None).numpy()
        known = {**self.part.constants, **dict(zip(self.part.coordinates, points.T, strict=True))}
        rate = evaluate_on(self.lines.jumps.rates[side != "forward"], known, (len(points),))
        return (along + turned) / 2 - torch.from_numpy(rate)[:, None] * values

    def _corner(self, cell: CharacteristicCell, found: Float[Tensor, "i a j b m"]) -> list[_Rows]:
        """The value in the earliest corner of a cell, where unknowns jump across its sides.

        The jump across one line is the same on both sides of the line that it crosses; from an end
        it comes back with a factor.
        """
        i, j = cell.place
        shared: list[Side] = [side for side, _ in cell.sides if side in _SHARED]
        ends = [side for side, _ in cell.sides if side in ("lower", "upper")]
        if self.lines.jumps is None or not shared or (len(shared) == 1 and not ends):
            return []
        reflected = self.lines.jumps.reflected[ends[0] == "upper"] if len(shared) == 1 else 1.0
        if reflected is None:
            return []
        at = torch.stack([self.mesh.edges[0][i + 1], self.mesh.edges[1][j]])[None]

        def value(place: tuple[int, int]) -> Float[Tensor, " _"]:
            own = found[place[0], :, place[1]][self._chosen]
            return (self._functions(place, at, 0, 0) @ own)[0]

        beside = torch.stack([value(self._before(cell, side)) for side in shared])
        if float(at[0, 1] - at[0, 0]) > _AT_START * (self.mesh.upper - self.mesh.lower):
            before = value((i + 1, j - 1))
        elif self.earlier is None:
            before = beside.mean(dim=0)
        else:
            before = self._just_before(self.earlier, at)
        wanted = beside[0] + reflected * (beside[-1] - before)
        return [_Rows(self._functions(cell.place, at, 0, 0), wanted)]

    def _just_before(self, earlier: Network, at: _Places) -> Float[Tensor, " m"]:
        """The limit of an earlier solution at a place where the slab begins."""
        points, time = self._points(at.repeat(2, 1), "start"), self.part.box.evolution
        soon = _SOON * (self.mesh.upper - self.mesh.lower) / self.mesh.speed
        points[:, time] -= soon * torch.arange(1.0, 3.0).to(points)
        with torch.no_grad():
            near, far = earlier(points.to(earlier.center)).to(points)
        return 2 * near - far


_SHARED = ("forward", "backward")
# A corner so near to the start, in parts of the interval, lies there; the limit of an earlier
# solution is taken from moments so much, and twice as much, before.
_AT_START, _SOON = 1e-9, 1e-7


def _linearize(placed: _PlacedTerm, here: Float[Tensor, " p"]) -> _Rows:
    """Rows for the coefficients themselves by which a term vanishes to first order."""
    term, designs = placed
    coefficients = here.view(next(iter(designs.values())).shape[1], -1)
    unknowns = {name: at.partial.unknown for name, at in term.derivatives.items()}
    columns = {name: design @ coefficients[:, unknowns[name]] for name, design in designs.items()}
    value, slopes = term.value_and_derivatives(columns)
    matrix = here.new_zeros(len(value), *coefficients.shape)
    for name, slope in slopes.items():
        matrix[:, :, unknowns[name]] += slope[:, None] * designs[name]
    rows = matrix.flatten(1)
    return _Rows(rows, rows @ here - value)


def _solve(
    rows: Sequence[_Rows], like: Float[Tensor, " p"]
) -> tuple[Float[Tensor, " p"], Float[Tensor, ""]]:
    """The least squares of all rows, and the largest residual."""
    matrix, right = _stack(rows, like)
    found = scaled_least_squares(matrix, right, _CUTOFF).solution
    return found, (matrix @ found - right).abs().max()


def _stack(rows: Sequence[_Rows], like: Float[Tensor, " p"]) -> _Rows:
    """All rows, those of a statement of mean length one."""
    matrices, rights = [like.new_zeros(0, len(like))], [like.new_zeros(0)]
    for one in rows:
        length = one.matrix.square().sum(dim=1).mean().sqrt().clamp_min(1e-300)
        matrices.append(one.matrix / length)
        rights.append(one.right / length)
    return _Rows(torch.cat(matrices), torch.cat(rights))
