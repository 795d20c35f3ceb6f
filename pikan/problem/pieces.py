"""A problem piece by piece: what it is in each of them, and what holds where two of them meet."""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

import numpy as np
from jaxtyping import Float, Int

from pikan.expression.functions import CONSTANTS
from pikan.expression.tree import (
    ZERO,
    Call,
    Expression,
    Name,
    Negative,
    Operation,
    add,
    calls,
    divide,
    multiply,
    names,
    negative,
    operands,
    substitute,
    subtract,
)
from pikan.geometry.pieces import Interface, owner
from pikan.geometry.region import RegionPart
from pikan.geometry.roles import space_axes
from pikan.problem.partials import (
    NORMAL,
    HasNames,
    Partial,
    normals,
    partial,
)
from pikan.problem.statement import Problem
from pikan.problem.vector_calculus import canonical, component
from pikan.references.piecewise import PiecewiseSolution

SIDES = ("inside", "outside")
_FLUXES = frozenset({"div", "laplacian"})


def of_piece(problem: Problem, number: int) -> Problem:
    """The problem in one of its pieces, with the conditions on its part of the boundary."""
    piece = problem.pieces[number]
    held = [
        replace(
            one,
            faces=tuple(
                part
                for part in one.faces
                if not isinstance(part, RegionPart) or part.inner is piece.region
            ),
        )
        for one in problem.conditions
    ]
    return replace(
        problem,
        box=piece.box,
        region=piece.region,
        constants={**problem.constants, **piece.constants},
        conditions=tuple(one for one in held if one.faces),
        exact=problem.exact.parts[number]
        if isinstance(problem.exact, PiecewiseSolution)
        else problem.exact,
        functionals=(),
        pieces=(),
        interfaces=(),
    )


def pieces_of(problem: Problem) -> tuple[Problem, ...]:
    """The problem in each of its pieces; itself where there are none."""
    return tuple(of_piece(problem, k) for k in range(len(problem.pieces))) or (problem,)


def owners(problem: Problem, points: Float[np.ndarray, "n d"]) -> Int[np.ndarray, " n"]:
    """The number of the piece that each point of the region lies in."""
    return owner([one.region for one in problem.pieces], points)


def piece_of(problem: Problem, part: RegionPart) -> int:
    """The number of the piece that a part of the boundary bounds."""
    return next(k for k, one in enumerate(problem.pieces) if one.region is part.inner)


def at_side(named: HasNames, expression: Expression, side: str) -> Expression:
    """The same formula as seen from one side of an interface.

    Coordinates, components of the normal, pi and e are the same from both.
    """
    bare = {*named.coordinates, *(f"{NORMAL}_{name}" for name in named.coordinates), *CONSTANTS}
    seen = {name: Name(f"{name} {side}") for name in names(expression) - bare}
    return substitute(expression, seen)


def side_partials(named: HasNames, expression: Expression) -> Mapping[str, tuple[int, Partial]]:
    """Every partial in a formula on an interface: from which side, 0 or 1, and what it is."""
    found: dict[str, tuple[int, Partial]] = {}
    for name in sorted(names(expression)):
        base, _, side = name.partition(" ")
        one = partial(named, base) if side in SIDES else None
        if one is not None:
            found[name] = SIDES.index(side), one
    return found


def written_out(problem: HasNames, residual: Expression) -> Expression:
    """A formula on an interface with `u_n inside` written by components of the normal."""
    slopes: dict[str, Expression] = {}
    for side in SIDES:
        bases = {name.partition(" ")[0] for name in names(residual) if name.endswith(f" {side}")}
        for base in bases:
            for found, unknown in normals(problem, Name(base)).items():
                normal = _outward(problem, Call("grad", (Name(problem.unknowns[unknown]),)))
                slopes[f"{found} {side}"] = at_side(problem, normal, side)
    return substitute(residual, slopes)


def side_constants(problem: Problem, interface: Interface) -> Mapping[str, float]:
    """The constants of both pieces at an interface, each under its name and side."""
    first, second = (problem.pieces[k] for k in (interface.first, interface.second))
    return {
        f"{name} {side}": value
        for side, piece in zip(SIDES, (first, second), strict=True)
        for name, value in {**problem.constants, **piece.constants}.items()
    }


def normal_flux(
    named: HasNames, expression: Expression, varied: frozenset[str] = frozenset()
) -> Expression:
    """The normal component of what an expression is the divergence of, zero where that is nothing.

    Of c div(F) + d laplacian(u) + ... it is c n F + d u_n. A factor that is `varied` from piece to
    piece is left out, as where an equation with one divergence is divided by it.
    """
    match expression:
        case Call("div", (vector,)):
            return _outward(named, vector)
        case Call("laplacian", (argument,)):
            return _outward(named, Call("grad", (argument,)))
        case Negative(operand):
            return negative(normal_flux(named, operand, varied))
        case Operation("+", left, right):
            return add(normal_flux(named, left, varied), normal_flux(named, right, varied))
        case Operation("-", left, right):
            return subtract(normal_flux(named, left, varied), normal_flux(named, right, varied))
        case Operation("*" | "/" as operator, left, right):
            flowing, factor = (left, right) if calls(left) & _FLUXES else (right, left)
            flux = normal_flux(named, flowing, varied)
            if flux == ZERO or (operator == "/" and flowing is right):
                return ZERO
            if names(factor) & varied:
                return flux
            own = canonical(named, factor)
            return multiply(own, flux) if operator == "*" else divide(flux, own)
        case _:
            return ZERO


def _outward(named: HasNames, vector: Expression) -> Expression:
    """The component of a vector along a normal."""
    axes = space_axes(named.coordinates)
    columns = (Name(f"n_{named.coordinates[axis]}") for axis in axes)
    along = (component(named, vector, axis) for axis in axes)
    return reduce(add, map(multiply, columns, along))


def divergences(expression: Expression) -> int:
    """How many divergences stand in an expression."""
    own = isinstance(expression, Call) and expression.function in _FLUXES
    return own + sum(map(divergences, operands(expression)))


def jump(named: HasNames, expression: Expression) -> Expression:
    """What a formula differs by from one side of an interface to the other."""
    return subtract(*(at_side(named, expression, side) for side in SIDES))
