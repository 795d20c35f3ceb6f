"""Separation of a linear equation in the plane into operators of one coordinate each."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Negative, Number, add, fold, names, substitute
from pikan.problem.classification import linear
from pikan.problem.initial_value import is_first_order_from_values
from pikan.problem.partials import partials
from pikan.problem.statement import Problem, residual_on

Operator = Mapping[int, Expression]
"""The coefficient of each derivative along one coordinate."""


class EndCondition(NamedTuple):
    """A condition at an end of a coordinate, 0 the lower.

    `weights` are those of the derivatives, `value` what they add up to, a formula of the other
    coordinate.
    """

    end: int
    weights: Mapping[int, float]
    value: Expression


class Separated(NamedTuple):
    """An equation r u_t + A_1 u + A_2 u = f, each A of one coordinate, with conditions at its ends.

    The `rate` r is a constant, zero where there is no time. Values of conditions and the source may
    change in time, operators do not.
    """

    operators: tuple[Operator, Operator]
    source: Expression
    conditions: tuple[tuple[EndCondition, ...], tuple[EndCondition, ...]]
    rate: float


def separate(problem: Problem) -> Separated | None:
    """The operators of a linear equation of second order in two coordinates of space, without time.

    None where there are more equations or coordinates, a coefficient of both coordinates, mixed
    derivatives, or not one condition at each of the four ends.
    """
    return _separate(problem) if problem.box.time is None else None


def separate_evolution(problem: Problem) -> Separated | None:
    """The same of an equation of first order in t from a given start."""
    return _separate(problem) if is_first_order_from_values(problem) else None


def _separate(problem: Problem) -> Separated | None:
    box, space = problem.box, problem.box.space
    single = len(problem.equations) == 1 and len(problem.unknowns) == 1 and not problem.periodic
    if len(space) != 2 or box.dimension > 3 or not single or not linear(problem):
        return None
    (equation,) = problem.equations
    operators: tuple[dict[int, Expression], dict[int, Expression]] = ({}, {})
    rate = 0.0
    found = partials(problem, equation.residual)
    for name, one in found.items():
        slope = fold(differentiate(equation.residual, name))
        held = set(box.coordinates) & names(slope)
        if box.time is not None and one.orders[box.time]:
            if held or sum(one.orders) > 1:
                return None
            rate = float(evaluate(slope, problem.constants, np))
            continue
        along = [k for k, axis in enumerate(space) if one.orders[axis]]
        along = along or [k for k, axis in enumerate(space) if box.coordinates[axis] in held] or [0]
        if len(along) > 1 or held - {box.coordinates[space[along[0]]]}:
            return None
        own, order = operators[along[0]], one.orders[space[along[0]]]
        own[order] = add(own[order], slope) if order in own else slope
    conditions = _conditions(problem)
    if conditions is None or any(max(own, default=0) != 2 for own in operators):
        return None
    source = fold(Negative(substitute(equation.residual, dict.fromkeys(found, Number(0.0)))))
    return Separated(operators, source, conditions, rate)


def _conditions(
    problem: Problem,
) -> tuple[tuple[EndCondition, ...], tuple[EndCondition, ...]] | None:
    box, space = problem.box, problem.box.space
    sides: tuple[dict[int, EndCondition], dict[int, EndCondition]] = ({}, {})
    for condition in problem.conditions:
        for face in condition.faces:
            if len(face.fixed) != 1:
                return None
            ((axis, value),) = face.fixed
            if axis not in space:
                continue
            number = space.index(axis)
            others = [box.coordinates[k] for k in range(box.dimension) if k != axis]
            ends = [box.lower[axis], box.upper[axis]]
            residual = residual_on(problem, condition, face)
            found = partials(problem, residual)
            known = {**problem.constants, box.coordinates[axis]: value}
            slopes = {name: fold(differentiate(residual, name)) for name in found}
            plain = all(
                sum(one.orders) == one.orders[axis] and names(slopes[name]).isdisjoint(others)
                for name, one in found.items()
            )
            if value not in ends or ends.index(value) in sides[number] or not plain:
                return None
            weights = {
                one.orders[axis]: float(evaluate(slopes[name], known, np))
                for name, one in found.items()
            }
            rest = substitute(residual, dict.fromkeys(found, Number(0.0)))
            given = fold(substitute(Negative(rest), {box.coordinates[axis]: Number(value)}))
            end = ends.index(value)
            sides[number][end] = EndCondition(end, weights, given)
    if any(len(own) != 2 or max(max(one.weights) for one in own.values()) > 1 for own in sides):
        return None
    return (sides[0][0], sides[0][1]), (sides[1][0], sides[1][1])
