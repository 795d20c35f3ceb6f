"""Whether a problem can have a solution, and but one, as far as that shows without solving it."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from jaxtyping import Float

from pikan.domain.face import Face
from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
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
from pikan.problem import Condition, Problem, normals, partials
from pikan.spec.faults import Check
from pikan.spec.schema import Spec, Where

POINTS = 64
# Values that differ by this part of their size are different, not rounded.
DIFFERENT = 1e-8


def check_sound(spec: Spec, problem: Problem) -> Check[None]:
    """Formulas have values, and no two conditions give different values to one place."""
    places = [i for i, written in enumerate(spec.conditions) if isinstance(written, Where)]
    for index, equation in enumerate(problem.equations):
        for message in _undefined(problem, equation.residual, Face(())):
            yield spec.origin.fault(("equations", index), message)
    for index, condition in zip(places, problem.conditions, strict=True):
        for message in _undefined(problem, condition.residual, condition.faces[0]):
            yield spec.origin.fault(("conditions", index, "that"), message)
    pairs = combinations(zip(places, problem.conditions, strict=True), 2)
    for (_, first), (index, second) in pairs:
        face = _contradiction(problem, first, second)
        if face is not None:
            place = face.label(problem.box)
            message = f"gives another value at '{place}' than the condition '{first.label}'"
            yield spec.origin.fault(("conditions", index), f"{message}; leave one of them out")


def _undefined(problem: Problem, residual: Expression, face: Face) -> Iterator[str]:
    """Parts of a formula without unknowns that have no value at some points of a face."""
    places = places_on(problem, face)
    values = {**problem.constants, **places}
    for part in _known_parts(problem, residual):
        with np.errstate(all="ignore"):
            found = np.broadcast_to(evaluate(part, values, np), POINTS)
        bad = np.flatnonzero(~np.isfinite(found))
        if len(bad):
            where = ", ".join(f"{name} = {at[bad[0]]:.3g}" for name, at in places.items())
            yield f"'{text(part)}' has no value at {where}; choose the domain or write it otherwise"


def _known_parts(problem: Problem, expression: Expression) -> Iterator[Expression]:
    """The largest parts of an expression that hold no unknown."""
    if not partials(problem, expression) and not normals(problem, expression):
        yield expression
        return
    match expression:
        case Negative(operand):
            yield from _known_parts(problem, operand)
        case Operation("/", left, right) if not partials(problem, right):
            yield from _known_parts(problem, left)
            yield Operation("/", Number(1.0), right)
        case Operation(_, left, right):
            yield from _known_parts(problem, left)
            yield from _known_parts(problem, right)
        case Call(_, arguments):
            for argument in arguments:
                yield from _known_parts(problem, argument)
        case Number() | Name():
            return


def _contradiction(problem: Problem, first: Condition, second: Condition) -> Face | None:
    """A face on which two conditions give one unknown different values."""
    shared = [face for face in first.faces if face in second.faces]
    if not shared:
        return None
    one, other = prescribed(problem, first), prescribed(problem, second)
    if one is None or other is None or one[0] != other[0]:
        return None
    for face in shared:
        values = {**problem.constants, **places_on(problem, face)}
        with np.errstate(all="ignore"):
            left, right = (
                np.broadcast_to(evaluate(each[1], values, np), POINTS) for each in (one, other)
            )
        size = max(np.max(np.abs(left)), np.max(np.abs(right)))
        if np.max(np.abs(left - right)) > DIFFERENT * size:
            return face
    return None


def prescribed(problem: Problem, condition: Condition) -> tuple[str, Expression] | None:
    """The unknown whose values a condition gives, and these; None if it is no such condition."""
    found = partials(problem, condition.residual)
    if len(found) != 1 or normals(problem, condition.residual):
        return None
    ((name, one),) = found.items()
    slope = differentiate(condition.residual, name)
    if any(one.orders) or name in names(slope):
        return None
    rest = substitute(condition.residual, {name: Number(0.0)})
    return name, Operation("/", Negative(rest), slope)


def places_on(problem: Problem, face: Face) -> Mapping[str, Float[np.ndarray, " n"]]:
    """The coordinates of random points of a face, the same ones every time."""
    box = problem.box
    unit = np.random.default_rng(0).random((box.dimension, POINTS))
    fixed = dict(face.fixed)
    return {
        name: np.full(POINTS, fixed[axis]) if axis in fixed else low + (high - low) * unit[axis]
        for axis, (name, low, high) in enumerate(
            zip(box.coordinates, box.lower, box.upper, strict=True)
        )
    }
