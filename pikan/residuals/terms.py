"""Residual terms: labeled formulas that must vanish, collocated on points."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Name, multiply, subtract
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.jets.jet import MultiIndex
from pikan.problem.partials import Partial, normal_components, partial_name, partials
from pikan.problem.pieces import (
    of_piece,
    owners,
    piece_of,
    side_constants,
    side_partials,
    written_out,
)
from pikan.problem.statement import (
    Condition,
    InterfaceCondition,
    Periodic,
    Problem,
    matching_partials,
    residual_on,
)

Partials = Mapping[MultiIndex, Float[Tensor, "n m"]]

# No formula that is read from a file has a name with a space in it.
_FACTOR = "row factor"


@final
@dataclass(frozen=True)
class CollocationPoints:
    """Where a problem is asked to hold: inside the domain, and on each part of the boundary in use.

    `weights` says how much the square at each interior point counts, None that all count alike;
    `face_weights` the same of conditions on derivatives, on the parts that it holds.
    """

    interior: Float[Tensor, "n d"]
    faces: Mapping[BoundaryPart, Float[Tensor, "_ d"]]
    weights: Float[Tensor, " n"] | None = None
    face_weights: Mapping[BoundaryPart, Float[Tensor, " _"]] = field(
        default_factory=lambda: MappingProxyType({})
    )


class DerivativeAt(NamedTuple):
    """What a name in a formula stands for: a partial derivative at one of the point sets."""

    point_set: int
    partial: Partial


@final
@dataclass(frozen=True)
class Term:
    """One formula that must vanish at every row of `points`.

    `points` holds point sets of equal length: one for an equation or a condition, two for
    a periodic match or an interface. In a region of `pieces` it says from which of them each point
    set is seen. `known` holds numbers and columns that are data, such as constants,
    coordinates, or the state that an earlier time window ended in.
    """

    label: str
    formula: Expression
    points: tuple[Float[Tensor, "n d"], ...]
    derivatives: Mapping[str, DerivativeAt]
    known: Mapping[str, float | Float[Tensor, " n"]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    pieces: tuple[int, ...] = ()

    def needed_partials(self, point_set: int) -> frozenset[MultiIndex]:
        """The partial derivatives that the formula needs on one of its point sets."""
        return frozenset(
            s.partial.orders for s in self.derivatives.values() if s.point_set == point_set
        )

    @property
    def statement(self) -> tuple[object, ...]:
        """What terms have in common that differ in nothing but their points."""
        return self.label, self.formula, frozenset(self.derivatives.items()), self.pieces

    def place_in(self, point_set: int) -> int | None:
        """The piece that a point set is seen from; None where there are no pieces."""
        return self.pieces[point_set] if self.pieces else None

    def rows(self, part: slice | Bool[Tensor, " n"]) -> "Term":
        """The same formula at some of the rows."""
        known = {n: v[part] if isinstance(v, Tensor) else v for n, v in self.known.items()}
        return replace(self, points=tuple(place[part] for place in self.points), known=known)

    def residual(self, fields: tuple[Partials, ...]) -> Float[Tensor, " n"]:
        """The residual, from the partial derivatives on each point set."""
        return self.evaluate(self.columns(fields))

    def columns(self, fields: tuple[Partials, ...]) -> dict[str, Float[Tensor, " n"]]:
        """The columns that the names of the formula stand for."""
        return {
            name: fields[place][partial.orders][:, partial.unknown]
            for name, (place, partial) in self.derivatives.items()
        }

    def column_derivatives(
        self, columns: Mapping[str, Float[Tensor, " n"]]
    ) -> dict[str, Float[Tensor, " n"]]:
        """The derivative of the formula with respect to each of its columns, row by row."""
        return self.value_and_derivatives(columns)[1]

    def value_and_derivatives(
        self, columns: Mapping[str, Float[Tensor, " n"]]
    ) -> tuple[Float[Tensor, " n"], dict[str, Float[Tensor, " n"]]]:
        """The formula on given columns, with its derivative with respect to each of them."""
        leaves = {name: column.detach().requires_grad_() for name, column in columns.items()}
        with torch.enable_grad():
            value = self.evaluate(leaves)
            # What a formula holds in jumps alone has no slope; where that is all, it has no graph.
            found = (
                torch.autograd.grad(value.sum(), tuple(leaves.values()), materialize_grads=True)
                if value.requires_grad
                else tuple(torch.zeros_like(leaf) for leaf in leaves.values())
            )
        return value.detach(), {
            name: slope if bool(slope.isfinite().all()) else self._slope(name, leaves)
            for name, slope in zip(leaves, found, strict=True)
        }

    def _slope(self, name: str, columns: Mapping[str, Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
        """The derivative by its own formula: finite where autograd meets 0 times infinity."""
        return replace(self, formula=differentiate(self.formula, name)).evaluate(columns).detach()

    def evaluate(self, columns: Mapping[str, Float[Tensor, " n"]]) -> Float[Tensor, " n"]:
        """The formula on given columns; a formula without a name in it is spread over the rows."""
        value = evaluate(self.formula, {**self.known, **columns}, torch)
        like = self.points[0]
        # In one go: by way of torch's own precision a number would lose half its digits.
        return torch.as_tensor(value, dtype=like.dtype, device=like.device).expand(len(like))


def terms(problem: Problem, points: CollocationPoints) -> tuple[Term, ...]:
    """Every equation, condition and match of the problem on its points."""
    return (
        *equation_terms(problem, points.interior, points.weights),
        *condition_terms(problem, problem.conditions, points),
        *(term for match in problem.periodic for term in periodic_terms(problem, match, points)),
        *(term for one in problem.interfaces for term in interface_terms(problem, one, points)),
    )


def merge(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The same rows in fewer terms: those of one statement become one.

    A network is asked once for each term, and asking costs more than a few points do.
    """
    groups: dict[object, list[Term]] = {}
    for one in terms:
        groups.setdefault(one.statement, []).append(one)
    merged = list[Term]()
    for first, *others in groups.values():
        group, known = [first, *others], dict(first.known)
        points = zip(*(one.points for one in group), strict=True)
        places = tuple(torch.cat(own) if others else own[0] for own in points)
        for name, value in first.known.items():
            if others and isinstance(value, Tensor):
                known[name] = torch.cat([torch.as_tensor(one.known[name]) for one in group])
        merged.append(replace(first, points=places, known=known))
    return tuple(merged)


def equation_terms(
    problem: Problem, interior: Float[Tensor, "n d"], weights: Float[Tensor, " n"] | None = None
) -> tuple[Term, ...]:
    """Each equation on the interior points, with `weights` as in `CollocationPoints`.

    Piece by piece where the region has pieces.
    """
    if problem.pieces:
        return tuple(
            replace(found, pieces=(number,))
            for number, rows in _rows_by_piece(problem, interior)
            for found in equation_terms(
                of_piece(problem, number),
                interior[rows],
                None if weights is None else weights[rows],
            )
        )
    found = tuple(term(problem, e.label, e.residual, interior) for e in problem.equations)
    return found if weights is None else tuple(weight_rows(one, weights) for one in found)


def weight_rows(one: Term, weights: Float[Tensor, " n"]) -> Term:
    """The same term, where the square of each row counts as much as its weight says."""
    formula = multiply(Name(_FACTOR), one.formula)
    return replace(one, formula=formula, known={**one.known, _FACTOR: weights.sqrt()})


def condition_terms(
    problem: Problem, conditions: Iterable[Condition], points: CollocationPoints
) -> tuple[Term, ...]:
    """Each condition on each of its faces, where `u_n` is the outward normal derivative."""
    if problem.pieces:
        return tuple(_conditions_by_pieces(problem, conditions, points))
    asked = [(condition, face) for condition in conditions for face in condition.faces]
    made = list[Term]()
    for condition, face in asked:
        own, weights = points.faces[face], points.face_weights.get(face)
        found = term(problem, condition.label, residual_on(problem, condition, face), own)
        if weights is not None and any(map(any, found.needed_partials(0))):
            found = weight_rows(found, weights)
        used = normal_components(problem, found.formula)
        if not isinstance(face, Face) and used:
            out = torch.from_numpy(face.normals(own.cpu().numpy().astype(np.float64))).to(own)
            columns = zip(problem.coordinates, out.unbind(1), strict=True)
            named = {f"n_{name}": column for name, column in columns if f"n_{name}" in used}
            found = replace(found, known={**found.known, **named})
        made.append(found)
    return tuple(made)


def _conditions_by_pieces(
    problem: Problem, conditions: Iterable[Condition], points: CollocationPoints
) -> Iterator[Term]:
    """The same piece by piece: a part of the boundary bounds one, a face may cut through all."""
    for condition in conditions:
        for face in condition.faces:
            alone, own = replace(condition, faces=(face,)), points.faces[face]
            if isinstance(face, Face):
                parts = list(_rows_by_piece(problem, own))
            else:
                parts = [(piece_of(problem, face), slice(None))]
            for number, rows in parts:
                there = replace(points, faces={face: own[rows]})
                for one in condition_terms(of_piece(problem, number), [alone], there):
                    yield replace(one, pieces=(number,))


def _rows_by_piece(
    problem: Problem, points: Float[Tensor, "n d"]
) -> Iterator[tuple[int, Bool[Tensor, " n"]]]:
    """Every piece that holds some of the points, and which these are."""
    found = torch.from_numpy(owners(problem, points.cpu().numpy().astype(np.float64)))
    for number in found.unique().tolist():
        yield number, (found == number).to(points.device)


def interface_terms(
    problem: Problem, condition: InterfaceCondition, points: CollocationPoints
) -> Iterator[Term]:
    """A condition on each of its interfaces, whose points are seen from one side or from both."""
    residual = written_out(problem, condition.residual)
    found = side_partials(problem, residual)
    used = sorted({side for side, _ in found.values()})
    for interface in condition.interfaces:
        own = points.faces[interface.part]
        out = torch.from_numpy(interface.part.normals(own.cpu().numpy().astype(np.float64))).to(own)
        columns = zip(problem.coordinates, own.unbind(1), out.unbind(1), strict=True)
        known: dict[str, float | Float[Tensor, " n"]] = {}
        known |= {**problem.constants, **side_constants(problem, interface)}
        for name, at, normal in columns:
            known |= {name: at, f"n_{name}": normal}
        symbols = {n: DerivativeAt(used.index(side), p) for n, (side, p) in found.items()}
        pieces = (interface.first, interface.second)
        weights = points.face_weights.get(interface.part)
        made = Term(
            condition.label,
            residual,
            (own,) * len(used),
            symbols,
            known,
            tuple(pieces[side] for side in used),
        )
        steep = any(any(one.orders) for _, one in found.values())
        yield made if weights is None or not steep else weight_rows(made, weights)


def periodic_terms(
    problem: Problem, match: Periodic, points: CollocationPoints
) -> tuple[Term, ...]:
    """The value and the lower derivatives agree on the two faces of a periodic axis."""
    left = points.faces[lower_face(problem, match)]
    right = left.clone()
    right[:, match.axis] = problem.box.upper[match.axis]
    difference = subtract(Name("left"), Name("right"))
    return tuple(
        Term(
            match.label,
            difference,
            (left, right),
            {"left": DerivativeAt(0, partial), "right": DerivativeAt(1, partial)},
        )
        for partial in matching_partials(problem, match)
    )


def lower_face(problem: Problem, match: Periodic) -> Face:
    """The face of a periodic axis whose points stand for both."""
    return Face(((match.axis, problem.box.lower[match.axis]),))


def used_faces(problem: Problem) -> tuple[BoundaryPart, ...]:
    """The parts of the boundary, and interfaces, on which some condition is asked."""
    asked = [face for condition in problem.conditions for face in condition.faces]
    matched = [lower_face(problem, match) for match in problem.periodic]
    met = [each.part for one in problem.interfaces for each in one.interfaces]
    return tuple(dict.fromkeys([*asked, *matched, *met]))


def term(problem: Problem, label: str, formula: Expression, points: Float[Tensor, "n d"]) -> Term:
    """A formula of the problem on points."""
    symbols = {name: DerivativeAt(0, found) for name, found in partials(problem, formula).items()}
    coordinates = dict(zip(problem.box.coordinates, points.unbind(1), strict=True))
    return Term(label, formula, (points,), symbols, {**problem.constants, **coordinates})


def matching_term(
    problem: Problem,
    label: str,
    points: Float[Tensor, "n d"],
    partial: Partial,
    target: Float[Tensor, " n"],
) -> Term:
    """A partial derivative equals given values, as at the start of a time window."""
    name = partial_name(problem, partial)
    formula = subtract(Name(name), Name("target"))
    return Term(label, formula, (points,), {name: DerivativeAt(0, partial)}, {"target": target})
