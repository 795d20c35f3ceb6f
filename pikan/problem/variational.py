"""Calculus of variations: equations and natural conditions of the minimum of an energy."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.problem.partials import NORMAL, HasNames, Partial, partial_name, partials, raise_order
from pikan.problem.statement import Condition, Energy, Equation, Obstacle, Problem
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
    parts: Sequence[BoundaryPart],
    energy: Energy,
    essential: Sequence[Condition],
) -> Iterator[Condition]:
    """On parts where an unknown is free: n_i de/du_i + d/du of the densities there = 0."""
    for unknown, name in enumerate(named.unknowns):
        held = {
            part
            for one in essential
            for part in one.faces
            if any(p.unknown == unknown for p in partials(named, one.residual).values())
        }
        slopes = [
            differentiate(energy.density, _slope(named, unknown, axis))
            for axis in range(len(named.coordinates))
        ]
        for part in parts:
            if part in held:
                continue
            total = _flux(named, box, part, slopes)
            for one in energy.on_faces:
                if part in one.faces:
                    total = add(total, differentiate(one.residual, name))
            if total != ZERO:
                beside = f" for {name}" if len(named.unknowns) > 1 else ""
                yield Condition(f"{part.label(box)}: natural{beside}", (part,), total)


def _flux(
    named: HasNames, box: Box, part: BoundaryPart, slopes: Sequence[Expression]
) -> Expression:
    """The sum of n_i times the slope along each axis."""
    if isinstance(part, Face):
        ((axis, value),) = part.fixed
        return slopes[axis] if value == box.upper[axis] else multiply(Number(-1.0), slopes[axis])
    total: Expression = ZERO
    for name, slope in zip(named.coordinates, slopes, strict=True):
        total = add(total, multiply(Name(f"{NORMAL}_{name}"), slope))
    return total


def _slope(named: HasNames, unknown: int, axis: int) -> str:
    flat = Partial(unknown, (0,) * len(named.coordinates))
    return partial_name(named, raise_order(flat, axis, 1))


def essential_part(problem: Problem) -> Problem:
    """The problem without the conditions that follow from its energy."""
    if problem.energy is None:
        return problem
    return replace(problem, conditions=problem.conditions[: problem.energy.essential])


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
