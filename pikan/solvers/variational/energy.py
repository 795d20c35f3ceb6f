"""An energy on a space of functions: its value, gradient and Hessian by Gauss points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array, csc_array, csr_array, diags_array

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate, evaluate_on
from pikan.expression.tree import ZERO, Expression
from pikan.geometry.face import Face
from pikan.problem.partials import Partial, partial_name, raise_order
from pikan.problem.statement import Problem
from pikan.solvers.variational.space import ProductSpace, Quadrature

Vector = Float[np.ndarray, " _"]


class _Slot(NamedTuple):
    """What a name in a density stands for: an unknown, and the number of its table."""

    name: str
    unknown: int
    table: int


@final
@dataclass(frozen=True)
class _Integral:
    """A density at Gauss points, with its first and second derivatives by each slot."""

    density: Expression
    slots: tuple[_Slot, ...]
    first: tuple[Expression, ...]
    second: Mapping[tuple[int, int], Expression]
    quadrature: Quadrature
    known: Mapping[str, float | Vector]


@final
class DiscreteEnergy:
    """The energy of a problem as a function of the coefficients, those of one unknown together."""

    def __init__(self, problem: Problem, space: ProductSpace, gauss: int) -> None:
        assert problem.energy is not None
        self.space, self.unknowns = space, len(problem.unknowns)
        slots = list[_Slot]()
        for unknown in range(self.unknowns):
            flat = Partial(unknown, (0,) * problem.box.dimension)
            slopes = [raise_order(flat, axis, 1) for axis in range(problem.box.dimension)]
            for table, one in enumerate([flat, *slopes]):
                slots.append(_Slot(partial_name(problem, one), unknown, table))
        inside = space.quadrature(gauss)
        self._integrals = [_integral(problem, problem.energy.density, slots, inside)]
        values = [one for one in slots if one.table == 0]
        self._integrals += [
            _integral(problem, one.residual, values, space.quadrature(gauss, face))
            for one in problem.energy.on_faces
            for face in one.faces
            if isinstance(face, Face)
        ]
        mass, *slopes = inside.tables
        weights = diags_array(inside.weights)
        stiffness = sum((one.T @ weights @ one for one in slopes), start=0 * (mass.T @ mass))
        self.stiffness = csr_array(stiffness)

    def value(self, c: Vector) -> float:
        """The energy; not finite where a density is not."""
        total = 0.0
        for one in self._integrals:
            weights = one.quadrature.weights
            density = evaluate_on(one.density, self._values(one, c), weights.shape)
            total += float(weights @ density)
        return total

    def gradient(self, c: Vector) -> Vector:
        """The derivative by each coefficient."""
        total = np.zeros((self.unknowns, self.space.size))
        for one in self._integrals:
            values = self._values(one, c)
            for slot, slope in zip(one.slots, one.first, strict=True):
                if slope != ZERO:
                    rows = one.quadrature.weights * evaluate(slope, values, np)
                    total[slot.unknown] += one.quadrature.tables[slot.table].T @ rows
        return total.ravel()

    def hessian(self, c: Vector) -> csc_array:
        """The second derivatives."""
        count = self.unknowns * self.space.size
        rows, columns, entries = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
        for one in self._integrals:
            values = self._values(one, c)
            for (i, j), curvature in one.second.items():
                left, right = one.slots[i], one.slots[j]
                factor = one.quadrature.weights * evaluate(curvature, values, np)
                tables = one.quadrature.tables
                block = coo_array(
                    tables[left.table].T @ (diags_array(factor) @ tables[right.table])
                )
                pairs = [(left.unknown, right.unknown, block.row, block.col)]
                if i != j:
                    pairs.append((right.unknown, left.unknown, block.col, block.row))
                for a, b, row, column in pairs:
                    rows.append(row + a * self.space.size)
                    columns.append(column + b * self.space.size)
                    entries.append(block.data)
        places = (np.concatenate(rows), np.concatenate(columns))
        return csc_array(coo_array((np.concatenate(entries), places), shape=(count, count)))

    def _values(self, one: _Integral, c: Vector) -> Mapping[str, float | Vector]:
        parts = c.reshape(self.unknowns, -1)
        found = {s.name: one.quadrature.tables[s.table] @ parts[s.unknown] for s in one.slots}
        return {**one.known, **found}


def _integral(
    problem: Problem, density: Expression, slots: Sequence[_Slot], quadrature: Quadrature
) -> _Integral:
    first = tuple(differentiate(density, one.name) for one in slots)
    second = {
        (i, j): curvature
        for i, slope in enumerate(first)
        for j, one in enumerate(slots)
        if i <= j and (curvature := differentiate(slope, one.name)) != ZERO
    }
    columns = dict(zip(problem.coordinates, quadrature.points.T, strict=True))
    known = {**problem.constants, **columns}
    return _Integral(density, tuple(slots), first, second, quadrature, known)
