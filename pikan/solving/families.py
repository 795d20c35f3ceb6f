"""A linear problem from which a nonlinear one is started."""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from math import prod

from pikan.expression.tree import Expression, Name, Number, add, multiply
from pikan.problem import (
    Equation,
    Partial,
    Problem,
    in_use,
    partial_name,
    partials,
)


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
    found = sorted(p for p in in_use(problem) if p.unknown == unknown and sum(p.orders) == top)
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
