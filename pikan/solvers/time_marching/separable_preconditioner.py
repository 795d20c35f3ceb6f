"""Preconditioner of a time slab: equations with mean coefficients, by fast diagonalization."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import inverse
from pikan.linalg.tensor_product import (
    Factors,
    Solve,
    fast_diagonalization,
    mode_product,
)
from pikan.solvers.time_marching.radau_collocation import RadauCollocation, Slopes

Precondition = Callable[[Float[Tensor, "s r"]], Float[Tensor, " s m *b"]]

# Functions that carry the conditions of a coordinate are the first ones that are not dependent.
_DEPENDENT = 1e8


class _SpaceAxis(NamedTuple):
    """The functions of one coordinate that have none of its conditions, and those with one each.

    `terms` are the numbers of the conditions, `series` leads from values at nodes to coefficients.
    """

    terms: tuple[int, ...]
    conditions: Float[Tensor, "c b"]
    lift: Float[Tensor, "b c"]
    free: Float[Tensor, "b f"]
    series: Float[Tensor, "b b"]


_Part = tuple[tuple[int, ...], int, float]
"""Orders in space, the order in t, and the mean coefficient of what an equation holds."""


class _Separated(NamedTuple):
    """The equation of an unknown with mean coefficients, its conditions, and what solves it."""

    system: RadauCollocation
    equation: int
    parts: list[_Part]
    axes: tuple[_SpaceAxis, _SpaceAxis]
    solve: Solve

    def correction(self, rows: Sequence[Tensor]) -> Float[Tensor, " s *b"]:
        """The change of the unknown that leaves the rows: what meets conditions, then the rest."""
        locus = self.system.loci[self.equation][0]
        first, second = self.axes
        left = rows[self.equation].view(-1, *locus.shape)
        found = left.new_zeros(left.shape)
        if first.terms:
            given = torch.stack([rows[k] for k in first.terms], dim=1)
            found = mode_product(first.lift, given @ second.series.mT, 1)
        if second.terms:
            given = torch.stack([rows[k] for k in second.terms], dim=2)
            given = mode_product(first.series, given, 1)
            found = found + (given - found @ second.conditions.mT) @ second.lift.mT
        for in_space, in_time, mean in self.parts:
            rate = mode_product(self.system.derivative[:, 1:], found, 0) if in_time else found
            tables = zip(locus.tables, in_space, strict=True)
            for axis, (table, order) in enumerate(tables):
                rate = mode_product(table[order], rate, axis + 1)
            left = left - mean * rate
        for axis, one in enumerate(self.axes):
            left = mode_product(one.series[: one.free.shape[1]], left, axis + 1)
        inside = self.solve(left.movedim(0, -1)).movedim(-1, 0)
        for axis, one in enumerate(self.axes):
            inside = mode_product(one.free, inside, axis + 1)
        return found + inside


def separable_preconditioner(system: RadauCollocation, slopes: Slopes) -> Precondition | None:
    """Corrections from rows, unknown by unknown, each from its own equation and conditions.

    Coefficients are means over the slab, and other unknowns are left out, as are derivatives in
    both coordinates. None where an unknown has no equation of its own, or other conditions than its
    orders in space ask for.
    """
    if len(system.space) != 2:
        return None
    unknowns = range(len(system.start))
    solves = [_of_unknown(system, slopes, k) for k in unknowns]
    if any(one is None for one in solves):
        return None
    counts = [len(one.points[0]) // len(system.derivative) for one in system.terms]

    def solve(rows: Float[Tensor, "s r"]) -> Float[Tensor, " s m *b"]:
        parts = rows.split(counts, dim=1)
        return torch.stack([one.correction(parts) for one in solves if one is not None], dim=1)

    return solve


def _of_unknown(system: RadauCollocation, slopes: Slopes, unknown: int) -> _Separated | None:
    """The equation that has the rate of the unknown, where that and its conditions separate."""
    # The terms that hold the derivative of the unknown in t.
    own = list[int]()
    for k in range(system.equations):
        partials = [at.partial for at in system.terms[k].derivatives.values()]
        if any(one.unknown == unknown and system.orders(one)[1] for one in partials):
            own.append(k)
    if len(own) != 1:
        return None
    (equation,) = own
    locus = system.loci[equation][0]
    # The orders in space and in time of what it holds of the unknown, and mean coefficients.
    parts = [
        (*system.orders(at.partial), float(slopes[equation][name].mean()))
        for name, at in system.terms[equation].derivatives.items()
        if at.partial.unknown == unknown and not all(system.orders(at.partial)[0])
    ]
    orders = [max(one[0][axis] for one in parts) for axis in range(2)]
    axes = [_axis(system, slopes, unknown, axis) for axis in range(2)]
    first, second = axes
    if first is None or second is None or [len(one.terms) for one in (first, second)] != orders:
        return None
    solve = _small_system(system, parts, (first, second), locus.tables)
    if solve is None:
        return None

    return _Separated(system, equation, parts, (first, second), solve)


def _axis(system: RadauCollocation, slopes: Slopes, unknown: int, axis: int) -> _SpaceAxis | None:
    """The conditions of an unknown along one coordinate; None where they are dependent."""
    nodes = system.loci[0][0].tables[axis]
    terms, rows = list[int](), list[Float[Tensor, " b"]]()
    for number in range(system.equations, len(system.terms)):
        term, loci = system.terms[number], system.loci[number]
        along = [k for k, count in enumerate(loci[0].shape) if count == 1]
        held = {at.partial.unknown for at in term.derivatives.values()}
        if unknown not in held or along != [axis]:
            continue
        row = torch.zeros_like(nodes[0, 0])
        for name, at in term.derivatives.items():
            in_space, _ = system.orders(at.partial)
            if at.partial.unknown == unknown and in_space[1 - axis] == 0:
                mean = slopes[number][name].mean()
                row = row + mean * loci[at.point_set].tables[axis][in_space[axis], 0]
        terms.append(number)
        rows.append(row)
    size = nodes.shape[2]
    identity = torch.eye(size).to(nodes)
    series = inverse(nodes[0])
    conditions = torch.stack(rows) if rows else identity[:0]
    for chosen in combinations(range(min(len(rows) + 2, size)), len(rows)):
        few = conditions[:, list(chosen)]
        back = inverse(few)
        if not rows or float(few.norm() * back.norm()) < _DEPENDENT:
            lift = identity[:, list(chosen)] @ back
            others = [k for k in range(size) if k not in chosen]
            free = identity[:, others] - lift @ conditions[:, others]
            return _SpaceAxis(tuple(terms), conditions, lift, free, series)
    return None


def _small_system(
    system: RadauCollocation,
    parts: Sequence[_Part],
    axes: Sequence[_SpaceAxis],
    tables: Sequence[Tensor],
) -> Solve | None:
    """The solution for the functions without conditions, from as many first coefficients."""
    identity = torch.eye(len(system.derivative)).to(system.start)

    def small(axis: int, order: int) -> Tensor:
        one = axes[axis]
        return one.series[: one.free.shape[1]] @ tables[axis][order] @ one.free

    masses = tuple(small(axis, 0) for axis in range(2))
    terms: list[Factors] = []
    for in_space, in_time, mean in parts:
        stages = system.derivative[:, 1:] if in_time else identity
        inner = tuple(
            small(axis, order) if order else masses[axis] for axis, order in enumerate(in_space)
        )
        terms.append((*inner, mean * stages))
    return fast_diagonalization(terms)
