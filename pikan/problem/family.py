"""A problem for all values of its parameters, and its members for one value of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pikan.expression.differentiate import differentiate
from pikan.expression.tree import Number, fold, names, substitute
from pikan.geometry.box import Box
from pikan.problem.classification import linear
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Parameter, Problem
from pikan.references.formula import FormulaSolution

_INSIDE = 0.2


def family(problem: Problem, parameters: Sequence[Parameter]) -> Problem:
    """The problem in which some constants are coordinates, the last ones of its box."""
    if not parameters:
        return problem
    own, box = tuple(one.name for one in parameters), problem.box
    wider = Box(
        (*box.coordinates, *own),
        (*box.lower, *(one.lower for one in parameters)),
        (*box.upper, *(one.upper for one in parameters)),
        own,
    )
    constants = {name: value for name, value in problem.constants.items() if name not in own}
    exact = problem.exact
    if isinstance(exact, FormulaSolution):
        exact = FormulaSolution(wider.coordinates, exact.formulas, constants)
    return replace(
        problem, box=wider, constants=constants, exact=exact, parameters=tuple(parameters)
    )


def member(problem: Problem, values: Mapping[str, float]) -> Problem:
    """The problem for one value of each parameter, which is a constant in it."""
    box, count = problem.box, problem.box.dimension - len(problem.parameters)
    own = Box(box.coordinates[:count], box.lower[:count], box.upper[:count])
    constants = {**problem.constants, **values}
    exact = problem.exact
    if isinstance(exact, FormulaSolution):
        exact = FormulaSolution(own.coordinates, exact.formulas, constants)
    return replace(problem, box=own, constants=constants, exact=exact, parameters=())


def inner_values(parameters: Sequence[Parameter]) -> Mapping[str, float]:
    """A value inside each interval; in the middle there may be zero, as nowhere else."""
    return {one.name: one.value(_INSIDE) for one in parameters}


def affine_parameters(problem: Problem) -> frozenset[str]:
    """The parameters in which the solution is affine: amplitudes, sources, boundary values.

    So it is in a linear problem where the derivative of no equation and condition by the parameter
    holds an unknown or the parameter again.
    """
    if not linear(problem):
        return frozenset()
    stated = [one.residual for one in (*problem.equations, *problem.conditions)]
    found: set[str] = set()
    for one in problem.parameters:
        slopes = [differentiate(residual, one.name) for residual in stated]
        held = frozenset[str]().union(*map(names, slopes))
        unknowns = {n for s in slopes for n in (*partials(problem, s), *normals(problem, s))}
        if one.name not in held and not unknowns:
            found.add(one.name)
    return frozenset(found)


def multiplies_unknowns(problem: Problem) -> bool:
    """Whether a parameter stands beside an unknown of a linear problem, as in nu*u_xx or u(p)."""
    stated = [one.residual for one in (*problem.equations, *problem.conditions)]
    slopes = [differentiate(each, one.name) for one in problem.parameters for each in stated]
    return any(partials(problem, one) or normals(problem, one) for one in slopes)


def orders(problem: Problem, values: Mapping[str, float]) -> tuple[tuple[int, ...], ...]:
    """The highest order of each unknown along each coordinate, for some values of parameters."""
    numbers = {name: Number(value) for name, value in values.items()}
    held = [
        partials(problem, fold(substitute(one.residual, numbers))).values()
        for one in problem.equations
    ]
    found = [one for group in held for one in group]
    return tuple(
        tuple(
            max((p.orders[axis] for p in found if p.unknown == unknown), default=0)
            for axis in range(len(problem.coordinates))
        )
        for unknown in range(len(problem.unknowns))
    )
