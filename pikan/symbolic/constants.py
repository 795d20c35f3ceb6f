"""Numbers such as pi²/10 or sqrt(2), recognized from their digits where these suffice."""

from math import gcd, log, log2, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

# How many simpler numbers may be expected so near by chance.
_CHANCE = 0.02

_DENOMINATORS = (*range(1, 13), 15, 16, 18, 20, 24, 25, 32, 40, 50, 64, 100, 200, 1000)


class Unit(NamedTuple):
    """What rationals are multiplied by: the root of a whole number and of a power of pi."""

    bits: float
    value: float
    radicand: int
    pi_halves: int


_UNITS = (
    Unit(0.0, 1.0, 1, 0),
    Unit(1.0, pi, 1, 2),
    Unit(2.0, pi**2, 1, 4),
    Unit(2.0, 1 / pi, 1, -2),
    Unit(2.5, sqrt(2), 2, 0),
    Unit(3.0, sqrt(3), 3, 0),
    Unit(3.5, sqrt(5), 5, 0),
    Unit(3.5, sqrt(pi), 1, 1),
    Unit(3.5, 1 / sqrt(pi), 1, -1),
    Unit(4.0, 1 / pi**2, 1, -4),
    Unit(4.0, sqrt(2) * pi, 2, 2),
    Unit(4.5, sqrt(2) / sqrt(pi), 2, -1),
    Unit(4.5, sqrt(2) * sqrt(pi), 2, 1),
    Unit(5.0, pi**3, 1, 6),
    Unit(6.0, pi**4, 1, 8),
)


class KnownConstant(NamedTuple):
    """A number that can be written down, top/bottom times a unit."""

    bits: float
    value: float
    top: int
    bottom: int
    unit: Unit


_KNOWN = tuple(
    KnownConstant(log2(top * bottom) + unit.bits, top / bottom * unit.value, top, bottom, unit)
    for unit in _UNITS
    for bottom in _DENOMINATORS
    for top in (*range(1, 41), 50, 64, 100, 1000)
    if gcd(top, bottom) == 1
)
_VALUES = np.array([each.value for each in _KNOWN])
_BITS = np.array([each.bits for each in _KNOWN])


def recognize(value: float, tolerance: float) -> Symbolic | None:
    """The simplest known number so near, None if there is none or it may well be there by chance.

    By chance means that among all numbers as simple or simpler one would be expected as near to
    any value of this size.

    >>> recognize(-0.98696044, 1e-7)
    -pi**2/10
    >>> recognize(0.997, 0.005)
    1
    >>> recognize(0.7314159, 1e-3) is None
    True
    """
    import sympy

    if abs(value) <= tolerance:
        return sympy.Integer(0)
    size = abs(value)
    near = np.nonzero(np.abs(_VALUES - size) <= tolerance)[0]
    if not len(near):
        return None
    found = _KNOWN[int(near[np.argmin(_BITS[near])])]
    around = (found.bits >= _BITS) & (np.abs(np.log2(_VALUES / size)) < 1)
    expected = np.count_nonzero(around) * 2 * tolerance / (2 * log(2) * size)
    if expected > _CHANCE:
        return None
    import sympy

    root = sympy.sqrt(found.unit.radicand)
    power = sympy.pi ** sympy.Rational(found.unit.pi_halves, 2)
    return (1 if value > 0 else -1) * (sympy.Rational(found.top, found.bottom) * root * power)
