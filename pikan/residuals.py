"""How far a field is from solving a problem: named formulas that must vanish on points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.domain.face import Face
from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Name, multiply, subtract
from pikan.jet import MultiIndex
from pikan.problem import (
    Condition,
    Partial,
    Periodic,
    Problem,
    matched,
    partial_name,
    partials,
    residual_on,
)

Partials = Mapping[MultiIndex, Float[Tensor, "n m"]]

# No formula that is read from a file has a name with a space in it.
_FACTOR = "row factor"


@final
@dataclass(frozen=True)
class Points:
    """Where a problem is asked to hold: inside the box, and on each face in use.

    `weights` says how much the square at each interior point counts, None that all count alike.
    """

    interior: Float[Tensor, "n d"]
    faces: Mapping[Face, Float[Tensor, "_ d"]]
    weights: Float[Tensor, " n"] | None = None


class Symbol(NamedTuple):
    """What a name in a formula stands for: a partial derivative at one of the places."""

    place: int
    partial: Partial


@final
@dataclass(frozen=True)
class Sheet:
    """One formula that must vanish at every row of `places`.

    `places` holds point sets of equal length: one for an equation or a condition, two for
    a periodic match. `known` holds numbers and columns that are data, such as constants,
    coordinates, or the state that an earlier time window ended in.
    """

    label: str
    formula: Expression
    places: tuple[Float[Tensor, "n d"], ...]
    symbols: Mapping[str, Symbol]
    known: Mapping[str, float | Float[Tensor, " n"]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def wanted(self, place: int) -> frozenset[MultiIndex]:
        """The partial derivatives that the formula needs at one of its places."""
        return frozenset(s.partial.orders for s in self.symbols.values() if s.place == place)

    def rows(self, part: slice) -> "Sheet":
        """The same formula at some of the rows."""
        known = {n: v[part] if isinstance(v, Tensor) else v for n, v in self.known.items()}
        return replace(self, places=tuple(place[part] for place in self.places), known=known)

    def residual(self, fields: tuple[Partials, ...]) -> Float[Tensor, " n"]:
        """What is left of the formula, with the partial derivatives at each place given."""
        return self.evaluated(self.columns(fields))

    def columns(self, fields: tuple[Partials, ...]) -> dict[str, Float[Tensor, " n"]]:
        """The columns that the names of the formula stand for."""
        return {
            name: fields[place][partial.orders][:, partial.unknown]
            for name, (place, partial) in self.symbols.items()
        }

    def slopes(self, columns: Mapping[str, Float[Tensor, " n"]]) -> dict[str, Float[Tensor, " n"]]:
        """The derivative of the formula with respect to each of its columns, row by row."""
        leaves = {name: column.detach().requires_grad_() for name, column in columns.items()}
        with torch.enable_grad():
            total = self.evaluated(leaves).sum()
            found = torch.autograd.grad(total, tuple(leaves.values()))
        return {
            name: slope if bool(slope.isfinite().all()) else self._slope(name, leaves)
            for name, slope in zip(leaves, found, strict=True)
        }

    def _slope(self, name: str, columns: Mapping[str, Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
        """The derivative by its own formula: finite where autograd meets 0 times infinity."""
        return replace(self, formula=differentiate(self.formula, name)).evaluated(columns).detach()

    def evaluated(self, columns: Mapping[str, Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
        """The formula on given columns; a formula without a name in it is spread over the rows."""
        value = evaluate(self.formula, {**self.known, **columns}, torch)
        like = self.places[0]
        # In one go: by way of torch's own precision a number would lose half its digits.
        return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(len(like))


def sheets(problem: Problem, points: Points) -> tuple[Sheet, ...]:
    """Every equation, condition and periodic match of the problem on its points."""
    return (
        *equation_sheets(problem, points.interior, points.weights),
        *condition_sheets(problem, problem.conditions, points),
        *(sheet for match in problem.periodic for sheet in periodic_sheets(problem, match, points)),
    )


def merged(sheets: Iterable[Sheet]) -> tuple[Sheet, ...]:
    """The same rows in fewer sheets: those of one label and one formula become one.

    A network is asked once for each sheet, and asking costs more than a few points do.
    """
    groups: dict[tuple[str, Expression, frozenset[tuple[str, Symbol]]], list[Sheet]] = {}
    for one in sheets:
        groups.setdefault((one.label, one.formula, frozenset(one.symbols.items())), []).append(one)
    return tuple(_together(group) for group in groups.values())


def _together(group: list[Sheet]) -> Sheet:
    first = group[0]
    if len(group) == 1:
        return first
    places = tuple(torch.cat(points) for points in zip(*(one.places for one in group), strict=True))
    columns = [name for name, value in first.known.items() if isinstance(value, Tensor)]
    known = {
        name: torch.cat([torch.as_tensor(one.known[name]) for one in group]) for name in columns
    }
    return replace(first, places=places, known={**first.known, **known})


def equation_sheets(
    problem: Problem, interior: Float[Tensor, "n d"], weights: Float[Tensor, " n"] | None = None
) -> tuple[Sheet, ...]:
    """Each equation on the interior points, with `weights` as in `Points`."""
    found = tuple(sheet(problem, e.label, e.residual, interior) for e in problem.equations)
    return found if weights is None else tuple(weighted(one, weights) for one in found)


def weighted(one: Sheet, weights: Float[Tensor, " n"]) -> Sheet:
    """The same sheet, where the square of each row counts as much as its weight says."""
    formula = multiply(Name(_FACTOR), one.formula)
    return replace(one, formula=formula, known={**one.known, _FACTOR: weights.sqrt()})


def condition_sheets(
    problem: Problem, conditions: Iterable[Condition], points: Points
) -> tuple[Sheet, ...]:
    """Each condition on each of its faces, where `u_n` is the outward normal derivative."""
    return tuple(
        sheet(problem, condition.label, residual_on(problem, condition, face), points.faces[face])
        for condition in conditions
        for face in condition.faces
    )


def periodic_sheets(problem: Problem, match: Periodic, points: Points) -> tuple[Sheet, ...]:
    """The value and the lower derivatives agree on the two faces of a periodic axis."""
    left = points.faces[lower_face(problem, match)]
    right = left.clone()
    right[:, match.axis] = problem.box.upper[match.axis]
    difference = subtract(Name("left"), Name("right"))
    return tuple(
        Sheet(
            match.label,
            difference,
            (left, right),
            {"left": Symbol(0, partial), "right": Symbol(1, partial)},
        )
        for partial in matched(problem, match)
    )


def lower_face(problem: Problem, match: Periodic) -> Face:
    """The face of a periodic axis whose points stand for both."""
    return Face(((match.axis, problem.box.lower[match.axis]),))


def used_faces(problem: Problem) -> tuple[Face, ...]:
    """The faces, edges and points on which some condition of the problem is asked."""
    asked = [face for condition in problem.conditions for face in condition.faces]
    matched = [lower_face(problem, match) for match in problem.periodic]
    return tuple(dict.fromkeys([*asked, *matched]))


def sheet(problem: Problem, label: str, formula: Expression, points: Float[Tensor, "n d"]) -> Sheet:
    """A formula of the problem on points."""
    symbols = {name: Symbol(0, found) for name, found in partials(problem, formula).items()}
    coordinates = dict(zip(problem.box.coordinates, points.unbind(1), strict=True))
    return Sheet(label, formula, (points,), symbols, {**problem.constants, **coordinates})


def match_sheet(
    problem: Problem,
    label: str,
    points: Float[Tensor, "n d"],
    partial: Partial,
    target: Float[Tensor, " n"],
) -> Sheet:
    """A partial derivative equals given values, as at the start of a time window."""
    name = partial_name(problem, partial)
    formula = subtract(Name(name), Name("target"))
    return Sheet(label, formula, (points,), {name: Symbol(0, partial)}, {"target": target})
