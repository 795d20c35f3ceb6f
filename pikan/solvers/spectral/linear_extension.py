"""Problems that lead to a nonlinear one: one to start from, and families that end in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from math import prod

from pikan.expression.tree import Expression, Name, Number, add, multiply, substitute, subtract
from pikan.problem.partials import Partial, normals, partial_name, partials
from pikan.problem.statement import Equation, Problem, partials_in_use

Family = Callable[[Problem, float], Problem]
"""A problem for every factor from one upwards: with one it is the problem itself."""


def highest(problem: Problem) -> Mapping[int, int]:
    """The total order of the highest derivatives of each unknown in the equations."""
    used = {p for e in problem.equations for p in partials(problem, e.residual).values()}
    return {
        unknown: max((sum(p.orders) for p in used if p.unknown == unknown), default=0)
        for unknown in range(len(problem.unknowns))
    }


def highest_partials(problem: Problem, unknown: int) -> tuple[Partial, ...]:
    """The highest derivatives of an unknown: those along one coordinate, or the mixed if alone."""
    top = highest(problem)[unknown]
    found = sorted(
        p for p in partials_in_use(problem) if p.unknown == unknown and sum(p.orders) == top
    )
    return tuple(p for p in found if top in p.orders) or tuple(found)


def extension_label(unknown: int) -> str:
    """The label of the equations of an `extension` for one unknown."""
    return f"equation {unknown + 1}"


def extension(problem: Problem) -> Problem:
    """The same conditions with equations that are linear: the highest derivatives vanish.

    In one coordinate the solution is the polynomial of least degree through the conditions; in more
    it is harmonic where the equations are of second order.
    """
    equations: list[Equation] = []
    for unknown in range(len(problem.unknowns)):
        lengths = [
            high - low for low, high in zip(problem.box.lower, problem.box.upper, strict=True)
        ]
        terms: list[Expression] = []
        for one in highest_partials(problem, unknown):
            scale = prod(length**k for length, k in zip(lengths, one.orders, strict=True))
            terms.append(multiply(Number(scale), Name(partial_name(problem, one))))
        # A sum of derivatives of odd order would be a transport along the diagonal.
        even = highest(problem)[unknown] % 2 == 0
        for residual in [reduce(add, terms)] if even and terms else terms:
            equations.append(Equation(extension_label(unknown), residual))
    return replace(problem, equations=tuple(equations))


def strengthen(problem: Problem, factor: float) -> Problem:
    """The problem with the highest derivatives of its equations multiplied by a factor.

    The larger it is, the nearer the solution is to that of `extension`.
    """
    top = highest(problem)

    def scale(residual: Expression) -> Expression:
        return substitute(
            residual,
            {
                name: multiply(Number(factor), Name(name))
                for name, one in partials(problem, residual).items()
                if 0 < sum(one.orders) == top[one.unknown]
            },
        )

    return replace(
        problem, equations=tuple(replace(e, residual=scale(e.residual)) for e in problem.equations)
    )


def shorten(problem: Problem, factor: float) -> Problem:
    """The problem on a domain shorter by a factor, from its lower end, stretched to the old one."""
    moved = {
        name: add(Number(low), multiply(Number(1.0 / factor), subtract(Name(name), Number(low))))
        for name, low in zip(problem.box.coordinates, problem.box.lower, strict=True)
    }

    def scale(residual: Expression) -> Expression:
        orders = {name: sum(one.orders) for name, one in partials(problem, residual).items()}
        orders |= dict.fromkeys(normals(problem, residual), 1)
        slopes = {name: multiply(Number(factor**k), Name(name)) for name, k in orders.items()}
        return substitute(residual, {**moved, **slopes})

    return replace(
        problem,
        equations=tuple(replace(e, residual=scale(e.residual)) for e in problem.equations),
        conditions=tuple(replace(c, residual=scale(c.residual)) for c in problem.conditions),
    )
