"""Integration by parts of a candidate: derivatives go from measured fields to test functions."""

from collections.abc import Sequence
from math import factorial
from typing import NamedTuple

from pikan.expression.differentiate import differentiate
from pikan.expression.tree import (
    ZERO,
    Expression,
    Name,
    Number,
    add,
    fold,
    multiply,
    names,
    power,
    size,
    substitute,
)
from pikan.problem.partials import HasNames, Partial, partial_name, partials

# The highest power of an unknown before its derivative, as in u^8*u_x.
_HIGHEST_POWER = 8
# Terms of the series that takes the mean effect of noise out of a formula; exact to u^5.
_SERIES = 2
# A term of the series that has more nodes is left out with those after it.
_LONGEST = 300


class WeakTerm(NamedTuple):
    """A candidate that is the derivative of a flux: its orders along the coordinates, the flux.

    A flux holds derivatives itself only where they cannot be moved, as in u_x^2.
    """

    orders: tuple[int, ...]
    flux: Expression


def weak_term(named: HasNames, candidate: Expression) -> WeakTerm:
    """A candidate as a derivative of a flux: u_xx of u, u*u_x = (u^2/2)_x, u^3 of itself.

    >>> from types import SimpleNamespace as Names
    >>> from pikan.expression.parse import parse
    >>> from pikan.expression.tree import text
    >>> plane = Names(coordinates=("x", "t"), unknowns=("u",))
    >>> found = weak_term(plane, parse("u*u_x"))
    >>> found.orders, text(found.flux)
    ((1, 0), '0.5*u**2')
    """
    flat = (0,) * len(named.coordinates)
    differentiated = {
        name: one for name, one in partials(named, candidate).items() if any(one.orders)
    }
    if len(differentiated) == 1:
        ((name, one),) = differentiated.items()
        flux = _flux(named, candidate, name, one)
        if flux is not None:
            return WeakTerm(one.orders, flux)
    return WeakTerm(flat, candidate)


def _flux(named: HasNames, candidate: Expression, name: str, one: Partial) -> Expression | None:
    """The flux of c(u) u_x or c u_xx; None for a candidate of another form."""
    factor = fold(differentiate(candidate, name))
    rest = fold(substitute(candidate, {name: ZERO}))
    if rest != ZERO or name in names(factor):
        return None
    unknown = named.unknowns[one.unknown]
    held = names(factor) & {*named.unknowns, *named.coordinates}
    if not held:
        return multiply(factor, Name(unknown))
    if held != frozenset({unknown}) or sum(one.orders) != 1:
        return None
    return _antiderivative(factor, unknown)


def _antiderivative(factor: Expression, unknown: str) -> Expression | None:
    """The integral of a polynomial in an unknown; None for anything else."""
    total, current = ZERO, factor
    for order in range(_HIGHEST_POWER + 1):
        at_zero = fold(substitute(current, {unknown: ZERO}))
        weight = 1.0 / factorial(order + 1)
        power_of = power(Name(unknown), Number(order + 1.0))
        total = add(total, multiply(multiply(Number(weight), at_zero), power_of))
        current = fold(differentiate(current, unknown))
        if current == ZERO:
            return fold(total)
    return None


def without_noise(named: HasNames, flux: Expression, variances: Sequence[Expression]) -> Expression:
    """A formula whose mean over noisy values is the flux of the values without noise.

    For Gaussian noise it is exp(-v/2 d²/du²) f: u^2 - v, u^3 - 3 v u. Derivatives in a flux are
    taken as they are.
    """
    total, current = flux, flux
    for order in range(1, _SERIES + 1):
        heat: Expression = ZERO
        for unknown, variance in enumerate(variances):
            name = partial_name(named, Partial(unknown, (0,) * len(named.coordinates)))
            second = differentiate(differentiate(current, name), name)
            heat = add(heat, multiply(multiply(Number(0.5), variance), second))
        current = fold(heat)
        if size(current) > _LONGEST:
            break
        sign = Number((-1.0) ** order / factorial(order))
        total = add(total, multiply(sign, current))
    return fold(total)
