"""What a figure of a solution shows: unknowns, derivatives, known ones, errors, residuals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Float

from pikan.plots.labels import block_label, labels_of
from pikan.problem.statement import Problem
from pikan.report.fields import Field

Kind = Literal["value", "exact", "error", "residual"]


@final
@dataclass(frozen=True)
class Quantity:
    """One quantity on all sections of a figure; `of` is the place of its unknown or equation.

    `title` is as it is drawn; `plain` says that it is the value of an unknown itself.
    """

    kind: Kind
    of: int
    title: str
    parts: tuple[Float[np.ndarray, "*_"], ...]
    plain: bool = False

    @property
    def finite(self) -> bool:
        """Whether there is anything to draw."""
        return any(bool(np.isfinite(part).any()) for part in self.parts)


def quantities(problem: Problem, fields: Sequence[Field]) -> tuple[Quantity, ...]:
    """All that fields hold: solution, known one and error of each unknown, and residuals."""
    found = list[Quantity]()
    known = [field.exact for field in fields if field.exact is not None]
    for index in range(len(problem.unknowns)):
        values = tuple(field.solution[..., index] for field in fields)
        found.append(value(problem, index, values))
        if problem.exact is not None and known:
            truth = exact(problem, index, tuple(each[..., index] for each in known))
            found += [truth, error(problem, index, values, truth)] if truth.finite else []
    left = [field.residual for field in fields if field.residual is not None]
    for index in range(len(problem.equations) if left else 0):
        found.append(residual(problem, index, tuple(each[..., index] for each in left)))
    return tuple(found)


def value(
    problem: Problem, index: int, parts: tuple[Float[np.ndarray, "*_"], ...], name: str = ""
) -> Quantity:
    """An unknown, or the derivative of it that has a name."""
    unknown = problem.unknowns[index]
    shown = labels_of(problem)(name or unknown)
    return Quantity("value", index, shown, parts, plain=name in ("", unknown))


def exact(problem: Problem, index: int, parts: tuple[Float[np.ndarray, "*_"], ...]) -> Quantity:
    """What an unknown should be."""
    against = "" if problem.exact is None else problem.exact.against
    shown = labels_of(problem)(problem.unknowns[index])
    return Quantity("exact", index, f"{shown}, {against}", parts)


def error(
    problem: Problem, index: int, values: tuple[Float[np.ndarray, "*_"], ...], truth: Quantity
) -> Quantity:
    """The size of the difference of the two."""
    parts = tuple(np.abs(one - other) for one, other in zip(values, truth.parts, strict=True))
    shown = labels_of(problem)(problem.unknowns[index])
    return Quantity("error", index, f"error of {shown}", parts)


def residual(problem: Problem, index: int, parts: tuple[Float[np.ndarray, "*_"], ...]) -> Quantity:
    """What is left of an equation: `residual`, and of which where there are several."""
    several = f" of {block_label(problem.equations[index].label)}"
    title = "residual" + several * (len(problem.equations) > 1)
    return Quantity("residual", index, title, tuple(np.abs(part) for part in parts))
