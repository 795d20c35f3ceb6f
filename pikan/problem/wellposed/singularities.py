"""Singularities: points of the domain at which a formula has no value."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from math import inf

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Call, Expression, Number, Operation, names, operands, text
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Problem

# The search ends in a box of this part of the domain, reached in steps that each keep a part.
_ROUNDS, _KEPT, _POINTS = 60, 0.6, 128
# What vanishes at a point is, there, below this part of what it is this far away.
_VANISHED, _BESIDE = 1e-3, 1e-5

Points = Float[np.ndarray, "n d"]


def singularities(problem: Problem) -> Iterator[str]:
    """A sentence for each part of an equation or a condition that is infinite at some point."""
    placed: list[tuple[str, Expression, BoundaryPart]] = [
        (one.label, one.residual, Face(())) for one in problem.equations
    ]
    placed += [(one.label, one.residual, one.faces[0]) for one in problem.conditions]
    told: set[Expression] = set()
    for label, residual, face in placed:
        held = {*partials(problem, residual), *normals(problem, residual)}
        for part, vanishing in _poles(residual, held):
            if part in told:
                continue
            told.add(part)
            place = _zero(problem, vanishing, face) if isinstance(face, Face) else None
            if place is not None:
                yield (
                    f"'{text(part)}' in '{label}' has no value at {place}, a point of the domain; "
                    "choose the domain beside it, or multiply by what is 0 there"
                )


def _poles(
    expression: Expression, held: AbstractSet[str]
) -> Iterator[tuple[Expression, Expression]]:
    """Parts that are infinite where another formula, with none of these names, vanishes."""
    match expression:
        case Operation("/", _, right):
            found = Operation("/", Number(1.0), right), right
        case Operation("**", base, Number(exponent)) if exponent < 0:
            found = expression, base
        case Call("log", (argument,)):
            found = expression, argument
        case Call("tan", (argument,)):
            found = expression, Call("cos", (argument,))
        case _:
            found = None
    if found and names(found[1]).isdisjoint(held):
        yield found
    for operand in operands(expression):
        yield from _poles(operand, held)


def _zero(problem: Problem, expression: Expression, face: Face) -> str | None:
    """Where on a face an expression vanishes at one point, in words; None if nowhere.

    Boxes that shrink around the smallest value seen so far lead to a zero, and to nothing where a
    formula is small without one, as exp(-50 x).
    """
    box = problem.box
    lower, upper = np.array(box.lower), np.array(box.upper)
    for axis, value in face.fixed:
        lower[axis] = upper[axis] = value
    random = np.random.default_rng(0)
    width = upper - lower
    center = lower + width / 2

    def around(half: Float[np.ndarray, " d"]) -> Points:
        unit = random.uniform(-1.0, 1.0, (_POINTS, len(width)))
        # Ends and centers of intervals are where zeros are put.
        unit[::4] = np.round(unit[::4])
        return np.clip(center + half * unit, lower, upper)

    def sizes(points: Points) -> Float[np.ndarray, " n"]:
        values = {**problem.constants, **dict(zip(box.coordinates, points.T, strict=True))}
        found = np.nan_to_num(np.abs(evaluate_on(expression, values, len(points))), nan=np.inf)
        return np.where(problem.domain.covers(points), found, np.inf)

    for turn in range(_ROUNDS):
        points = np.vstack([center, around(width / 2 * _KEPT**turn)])
        center = points[np.argmin(sizes(points))]
    near = sizes(around(_BESIDE * width))
    # What lies outside tells nothing.
    least, beside = (
        float(sizes(center[None])[0]),
        float(np.max(near, where=near < inf, initial=0.0)),
    )
    if not least < _VANISHED * beside:
        return None
    place = np.where(np.abs(center) < _BESIDE * width, 0.0, center)
    held = [(k, at) for k, at in zip(box.coordinates, place, strict=True) if k in names(expression)]
    return ", ".join(f"{name} = {at:.6g}" for name, at in held)
