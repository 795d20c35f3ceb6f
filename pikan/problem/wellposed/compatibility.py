"""Compatibility of conditions: values that contradict each other or do not exist."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import (
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    names,
    substitute,
    text,
)
from pikan.geometry.domain import BoundaryPart
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Condition, Problem

POINTS = 64
# Values that differ by this part of their size are different, not rounded.
DIFFERENT = 1e-8
# So many pairs of conditions are compared: more than a problem that is meant can have.
_PAIRS = 2000


def undefined_parts(problem: Problem, residual: Expression, face: BoundaryPart) -> Iterator[str]:
    """Parts of a formula without unknowns that have no value at some points of a face."""
    places = places_on(problem, face)
    values = {**problem.constants, **places}
    held = {*partials(problem, residual), *normals(problem, residual)}
    for part in _known_parts(residual, held):
        found = evaluate_on(part, values, POINTS)
        bad = np.flatnonzero(~np.isfinite(found))
        if len(bad):
            where = ", ".join(f"{name} = {at[bad[0]]:.3g}" for name, at in places.items())
            yield f"'{text(part)}' has no value at {where}; choose the domain or write it otherwise"


def _known_parts(expression: Expression, held: AbstractSet[str]) -> Iterator[Expression]:
    """The largest parts of an expression that hold none of these names."""
    if names(expression).isdisjoint(held):
        yield expression
        return
    match expression:
        case Negative(operand):
            yield from _known_parts(operand, held)
        case Operation("/", left, right) if names(right).isdisjoint(held):
            yield from _known_parts(left, held)
            yield Operation("/", Number(1.0), right)
        case Operation(_, left, right):
            yield from _known_parts(left, held)
            yield from _known_parts(right, held)
        case Call(_, arguments):
            for argument in arguments:
                yield from _known_parts(argument, held)
        case Number() | Name():
            return


class PrescribedValue(NamedTuple):
    """A condition that gives the values of an unknown, its number, and these values."""

    number: int
    condition: Condition
    unknown: str
    value: Expression


def pairs(problem: Problem) -> Iterator[tuple[PrescribedValue, PrescribedValue]]:
    """Any two conditions that give values of the same unknown; not all where there are many."""
    found = list(givens(problem))
    same = (pair for pair in combinations(found, 2) if pair[0].unknown == pair[1].unknown)
    yield from islice(same, _PAIRS)


def givens(problem: Problem) -> Iterator[PrescribedValue]:
    """The conditions that give the values of an unknown."""
    for index, condition in enumerate(problem.conditions):
        found = partials(problem, condition.residual)
        if len(found) != 1 or normals(problem, condition.residual):
            continue
        ((name, one),) = found.items()
        slope = differentiate(condition.residual, name)
        # Not those about derivatives, nor what can be solved for none.
        if not any(one.orders) and name not in names(slope):
            rest = substitute(condition.residual, {name: Number(0.0)})
            values = Operation("/", Negative(rest), slope)
            yield PrescribedValue(index, condition, name, values)


def on(problem: Problem, formula: Expression, face: BoundaryPart) -> Float[np.ndarray, " n"]:
    """A formula without unknowns at points of a face; not finite where it is not."""
    values = {**problem.constants, **places_on(problem, face)}
    return evaluate_on(formula, values, POINTS)


def contradiction(
    problem: Problem, first: PrescribedValue, second: PrescribedValue
) -> BoundaryPart | None:
    """A face on which two conditions give one unknown different values."""
    there = frozenset(second.condition.faces)
    for face in first.condition.faces:
        if face in there:
            values = np.stack([on(problem, each.value, face) for each in (first, second)])
            if np.max(np.abs(values[0] - values[1])) > DIFFERENT * np.max(np.abs(values)):
                return face
    return None


def places_on(problem: Problem, face: BoundaryPart) -> Mapping[str, Float[np.ndarray, " n"]]:
    """The coordinates of random points of a face, the same ones every time.

    On a part of the boundary of a region the components of the normal too.
    """
    box, domain = problem.box, problem.domain
    if domain.region is not None:
        points = domain.sample(face, POINTS)
        columns = dict(zip(box.coordinates, points.T, strict=True))
        return {**columns, **domain.normal_columns(face, points)}
    unit = np.random.default_rng(0).random((box.dimension, POINTS))
    fixed = dict(face.fixed)
    return {
        name: np.full(POINTS, fixed[axis]) if axis in fixed else low + (high - low) * unit[axis]
        for axis, (name, low, high) in enumerate(
            zip(box.coordinates, box.lower, box.upper, strict=True)
        )
    }
