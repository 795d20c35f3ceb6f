"""Initial-value problems of first order in t: what they start from, and whether they are closed."""

from collections.abc import Mapping
from math import inf

import numpy as np

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Number
from pikan.geometry.face import Face
from pikan.problem.classification import equation_order, is_evolution, linear
from pikan.problem.partials import partials
from pikan.problem.statement import Problem
from pikan.problem.wellposed.compatibility import givens


def space_axis(problem: Problem) -> int | None:
    """The axis of the one coordinate beside t; None where there is none."""
    return 1 - problem.box.axis("t") if problem.box.dimension == 2 else None


def initial_values(problem: Problem) -> Mapping[int, Expression]:
    """What the conditions at the first moment say of unknowns, by their number."""
    axis = problem.box.axis("t")
    first = Face(((axis, problem.box.lower[axis]),))
    return {
        problem.unknowns.index(given.unknown): given.value
        for given in givens(problem)
        if first in given.condition.faces
    }


def is_first_order_in_time(problem: Problem) -> bool:
    """Whether an evolution in at most one coordinate of space can be stepped from its start.

    There is one equation for each unknown, of at most first order in t and without slopes in x of
    derivatives in t; a start for all of first order, and as many conditions at places as the
    equations' orders in space ask for.
    """
    if not is_evolution(problem) or problem.box.dimension > 2:
        return False
    time, space = problem.box.axis("t"), space_axis(problem)
    unknowns = range(len(problem.unknowns))
    orders = [equation_order(problem, k, time) for k in unknowns]
    started = initial_values(problem)
    across = sum(equation_order(problem, k, space) for k in unknowns) if space is not None else 0
    lasting = sum(sum(match.orders) for match in problem.periodic)
    for condition in problem.conditions:
        for face in condition.faces:
            fixed = [axis for axis, _ in face.fixed]
            if fixed not in ([time], [space]):
                return False
            lasting += fixed == [space]
    residuals = [one.residual for one in (*problem.equations, *problem.conditions)]
    mixed = any(
        sum(one.orders) > 1 and one.orders[time]
        for residual in residuals
        for one in partials(problem, residual).values()
    )
    starts = sum(time in dict(f.fixed) for c in problem.conditions for f in c.faces)
    return (
        len(problem.equations) == len(problem.unknowns)
        and max(orders) == 1
        and not mixed
        and all(k in started for k in unknowns if orders[k])
        and starts == sum(orders)
        and lasting == across
    )


def is_first_order_from_values(problem: Problem) -> bool:
    """Whether an evolution is of first order in t, from given values of all that have a rate.

    Conditions are at the start, without more, or at places for all times.
    """
    if not is_evolution(problem) or problem.region is not None:
        return False
    time = problem.box.evolution
    unknowns = range(len(problem.unknowns))
    orders = [equation_order(problem, k, time) for k in unknowns]
    started = initial_values(problem)
    faces = [face for one in problem.conditions for face in one.faces]
    starts = [face for face in faces if isinstance(face, Face) and time in dict(face.fixed)]
    return (
        all(isinstance(face, Face) for face in faces)
        and all(len(face.fixed) == 1 for face in starts)
        and max(orders) == 1
        and all((k in started) == bool(orders[k]) for k in unknowns)
        and len(starts) == sum(orders)
    )


def is_stepped(problem: Problem) -> bool:
    """Whether cells are for the time steps of a problem: its equations in t alone may be linear.

    Those are boundary-value problems like any other, and solved at once.
    """
    alone = problem.box.dimension == 1 and linear(problem)
    return is_first_order_in_time(problem) and not alone


def largest_rate(problem: Problem) -> float:
    """By how much the unknowns' own sizes change their derivatives in t at the start.

    The largest sum over unknowns, for problems in t alone with one derivative in each equation;
    zero where there are more, and infinite where it is not defined.
    """
    started = initial_values(problem)
    known: dict[str, float] = {**problem.constants, "t": problem.box.lower[0]}
    for k, name in enumerate(problem.unknowns):
        value = float(evaluate(started.get(k, Number(0.0)), known, np))
        known |= {name: value, f"{name}_t": 0.0}
    rates = [0.0]
    for equation in problem.equations:
        found = partials(problem, equation.residual)
        with np.errstate(all="ignore"):
            slopes = {
                name: abs(float(evaluate(differentiate(equation.residual, name), known, np)))
                for name in found
            }
        in_time = [slopes[name] for name, one in found.items() if one.orders[0]]
        if len(in_time) == 1:
            own = sum(slopes[name] for name, one in found.items() if not one.orders[0])
            rates.append(own / in_time[0] if in_time[0] else inf)
    return max(rates)
