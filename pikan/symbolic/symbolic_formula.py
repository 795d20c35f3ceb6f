"""The formulas of a symbolic model, with their errors and their edges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pikan.network.kan import KANNetwork
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.symbolic.expressions import expressions
from pikan.symbolic.refit import ConstantSamples, refit_constants, values_at
from pikan.symbolic.rounding import ex_round as rounded
from pikan.symbolic.shortest import shortest
from pikan.symbolic.snap import Edge, symbolic_edges

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any


@final
@dataclass(frozen=True)
class SymbolicFormula:
    """Formulas for all outputs; it unpacks into `expressions` and `variables`, as pykan's does.

    `errors` are the relative L2 errors of the outputs at fresh points, against what `against`
    says: labels, or the model itself.
    """

    expressions: tuple[Symbolic, ...]
    variables: tuple[Symbolic, ...]
    errors: tuple[float, ...]
    against: str
    edges: tuple[tuple[Edge, SymbolicEdge], ...]

    def __iter__(self) -> Iterator[tuple[Symbolic, ...]]:
        return iter((self.expressions, self.variables))

    def __getitem__(self, number: int) -> tuple[Symbolic, ...]:
        return (self.expressions, self.variables)[number]

    def __repr__(self) -> str:
        lines = [
            f"{expression}   (relative L2 error {error:.1e} against {self.against})"
            for expression, error in zip(self.expressions, self.errors, strict=True)
        ]
        edges = [
            f"  edge {tuple(edge)}: {found.name}, R2 {found.r2:.9f}" for edge, found in self.edges
        ]
        return "\n".join([*lines, *edges])

    def _repr_latex_(self) -> str:
        from sympy import latex

        return "$$" + r" \\ ".join(latex(each) for each in self.expressions) + "$$"


def symbolic_formula(
    network: KANNetwork,
    variables: Sequence[Symbolic],
    known: ConstantSamples,
    fresh: ConstantSamples,
    against: str,
    digits: int | None,
) -> SymbolicFormula:
    """The formulas of a network in their shortest form, their numbers refit and recognized.

    `known.values` and `fresh.values` have a column for each output. Decimal numbers that are left
    are rounded to so many `digits`; None leaves them as they are.
    """
    made, errors = list[Symbolic](), list[float]()
    for column, expression in enumerate(expressions(network, known.symbols)):
        found = shortest(refit_constants(expression, known.column(column)), known.column(column))
        found = found if digits is None else rounded(found, digits)
        errors.append(relative_l2(found, fresh.column(column)))
        made.append(found.xreplace(dict(zip(known.symbols, variables, strict=True))))
    return SymbolicFormula(
        tuple(made), tuple(variables), tuple(errors), against, symbolic_edges(network)
    )


def relative_l2(expression: Symbolic, fresh: ConstantSamples) -> float:
    """|formula - values| / |values| over the points; infinite where the formula has no value."""
    wanted = fresh.values[:, 0]
    away = values_at(expression, fresh.symbols, fresh.inputs) - wanted
    size = float(np.linalg.norm(wanted))
    error = float(np.linalg.norm(away)) / (size or 1.0)
    return error if np.isfinite(error) else np.inf
