"""Calculus of variations: equations and natural conditions of the minimum of an energy."""

from collections.abc import Iterator, Sequence

from pikan.expression.differentiate import differentiate
from pikan.expression.tree import (
    ZERO,
    Call,
    Expression,
    Name,
    Number,
    add,
    multiply,
    substitute,
    subtract,
)
from pikan.geometry.box import Box
from pikan.problem.partials import HasNames, Partial, partial_name, partials, raise_order
from pikan.problem.statement import Condition, Equation, Obstacle
from pikan.problem.vector_calculus import total_derivative


def euler_lagrange(named: HasNames, density: Expression) -> tuple[Equation, ...]:
    """de/du = sum over i of d/dx_i de/du_i, one equation for each unknown.

    Source: Gelfand and Fomin 1963, Calculus of Variations, sections 5 and 35.

    >>> from types import SimpleNamespace as Names
    >>> from pikan.expression.parse import parse
    >>> from pikan.expression.tree import text
    >>> named = Names(coordinates=("x",), unknowns=("u",))
    >>> text(euler_lagrange(named, parse("0.5*u_x^2 - u"))[0].residual)
    '-1 - u_xx'
    """
    found: list[Equation] = []
    for unknown, name in enumerate(named.unknowns):
        total = differentiate(density, name)
        for axis in range(len(named.coordinates)):
            slope = differentiate(density, _slope(named, unknown, axis))
            total = subtract(total, total_derivative(named, slope, axis))
        label = f"equation {unknown + 1}" if len(named.unknowns) > 1 else "equation"
        found.append(Equation(label, total))
    return tuple(found)


def complementarity(
    named: HasNames, equations: Sequence[Equation], obstacles: Sequence[Obstacle]
) -> tuple[Equation, ...]:
    """u = max(bound, u - residual): where the bound is not touched nothing is left of the equation.

    Source: Kinderlehrer and Stampacchia 1980, Introduction to Variational Inequalities, chapter 2.
    """
    found = list(equations)
    for one in obstacles:
        own = found[one.unknown]
        value = Name(named.unknowns[one.unknown])
        nearest = Call(
            "minimum" if one.above else "maximum", (one.bound, subtract(value, own.residual))
        )
        found[one.unknown] = Equation(own.label, subtract(value, nearest))
    return tuple(found)


def natural_conditions(
    named: HasNames,
    box: Box,
    density: Expression,
    on_faces: Sequence[Condition],
    essential: Sequence[Condition],
) -> Iterator[Condition]:
    """On faces where an unknown is free: n_i de/du_i + d/du of the densities there = 0."""
    for unknown, name in enumerate(named.unknowns):
        held = {
            face
            for one in essential
            for face in one.faces
            if any(p.unknown == unknown for p in partials(named, one.residual).values())
        }
        for face in box.boundary():
            if face in held:
                continue
            ((axis, value),) = face.fixed
            outward = 1.0 if value == box.upper[axis] else -1.0
            flux = differentiate(density, _slope(named, unknown, axis))
            total = multiply(Number(outward), flux) if outward < 0 else flux
            for one in on_faces:
                if face in one.faces:
                    total = add(total, differentiate(one.residual, name))
            if total != ZERO:
                beside = f" for {name}" if len(named.unknowns) > 1 else ""
                yield Condition(f"{face.label(box)}: natural{beside}", (face,), total)


def _slope(named: HasNames, unknown: int, axis: int) -> str:
    flat = Partial(unknown, (0,) * len(named.coordinates))
    return partial_name(named, raise_order(flat, axis, 1))


def given_value(named: HasNames, condition: Expression) -> tuple[int, Expression] | None:
    """The unknown and its value in an essential condition; None where it is none.

    >>> from types import SimpleNamespace as Names
    >>> from pikan.expression.parse import parse
    >>> named = Names(coordinates=("x",), unknowns=("u",))
    >>> given_value(named, parse("u - 2"))[0], given_value(named, parse("u_x"))
    (0, None)
    """
    found = partials(named, condition)
    if len(found) != 1:
        return None
    ((name, one),) = found.items()
    slope = differentiate(condition, name)
    if any(one.orders) or not isinstance(slope, Number) or slope.value == 0.0:
        return None
    rest = substitute(condition, {name: Number(0.0)})
    return one.unknown, multiply(Number(-1.0 / slope.value), rest)
