"""A solution written down as a formula for each unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Expression
from pikan.references.reference import ReferenceSolution


@final
@dataclass(frozen=True)
class FormulaSolution(ReferenceSolution):
    """Formulas in the coordinates and constants of a problem.

    >>> from pikan.expression.parse import parse
    >>> plane = FormulaSolution(("x", "y"), {"u": parse("a*x - y")}, {"a": 2.0})
    >>> plane.values(np.array([[1.0, 0.5], [3.0, 1.0]]))
    array([[1.5],
           [5. ]])
    """

    coordinates: tuple[str, ...]
    formulas: Mapping[str, Expression]
    constants: Mapping[str, float]

    @property
    def against(self) -> Literal["exact"]:
        """A formula is exact to rounding."""
        return "exact"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The unknowns that have a formula."""
        return tuple(self.formulas)

    @property
    def points(self) -> None:
        """A formula is as good anywhere."""
        return

    def values(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        """The value of each formula; not finite where a formula is not."""
        named = {**self.constants, **dict(zip(self.coordinates, points.T, strict=True))}
        columns = [evaluate_on(one, named, len(points)) for one in self.formulas.values()]
        return np.stack(columns, axis=-1)
