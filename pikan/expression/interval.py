"""Interval arithmetic: bounds of operations and functions, rounded outward."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import ARITHMETIC, IMPLEMENTATIONS

Array = Float[np.ndarray, " n"]

# A sum is rounded by half a unit in the last place, functions by a few; erfc(x) by some x^2.
ULPS, EPS, _TINY = 8, 2.0**-52, 1e-300
# The largest value of |J0'| and of |J1|, and of |J1'|; the least of J0 (DLMF 10.21).
_J1_MOST, _J1_STEEPEST, _J0_LEAST = 0.5818653, 0.5, -0.4027594
_ERFC_ROUNDING = 1e-12
_TURN = 2.0 * np.pi


class Interval(NamedTuple):
    """Bounds of a quantity, one pair for each box."""

    lower: Array
    upper: Array


class IntervalFunction(NamedTuple):
    """Bounds of a function of one argument and of its derivative, from bounds of the argument."""

    bounds: Callable[[Interval], Interval]
    slope: Callable[[Interval], Interval]


def constant(value: float, like: Array) -> Interval:
    """A number on as many boxes as there are."""
    filled = np.full(like.shape, value)
    return Interval(filled, filled)


def _outward(lower: Array, upper: Array) -> Interval:
    """Bounds moved apart by more than rounding; what is no number bounds nothing."""
    largest = np.finfo(float).max
    # A lower bound that has overflowed is at least the largest number there is.
    below, above = np.minimum(lower, largest), np.maximum(upper, -largest)
    below = np.where(np.isfinite(below), below - ULPS * EPS * np.abs(below) - _TINY, below)
    above = np.where(np.isfinite(above), above + ULPS * EPS * np.abs(above) + _TINY, above)
    return Interval(
        np.where(np.isnan(below), -np.inf, below), np.where(np.isnan(above), np.inf, above)
    )


def negative(one: Interval) -> Interval:
    """Bounds of -x."""
    return Interval(-one.upper, -one.lower)


def total(one: Interval, other: Interval) -> Interval:
    """Bounds of a sum."""
    return _outward(one.lower + other.lower, one.upper + other.upper)


def _difference(one: Interval, other: Interval) -> Interval:
    return total(one, negative(other))


def product(one: Interval, other: Interval) -> Interval:
    """Bounds of a product."""
    corners = np.stack([a * b for a in one for b in other])
    # Zero times what is not bounded is zero: the factor is exact.
    corners = np.where(np.isnan(corners), 0.0, corners)
    return _outward(corners.min(axis=0), corners.max(axis=0))


def _inverse(one: Interval) -> Interval:
    """1/x; one end may be zero."""
    lower = np.where((one.upper > 0) & (one.lower <= 0), -np.inf, 1.0 / one.upper)
    upper = np.where((one.lower < 0) & (one.upper >= 0), np.inf, 1.0 / one.lower)
    lower = np.where(one.lower >= 0, np.where(one.upper > 0, 1.0 / one.upper, -np.inf), lower)
    upper = np.where(one.upper <= 0, np.where(one.lower < 0, 1.0 / one.lower, np.inf), upper)
    return _outward(lower, np.where(one.lower == 0, np.inf, upper))


def _quotient(one: Interval, other: Interval) -> Interval:
    inside = (other.lower < 0) & (other.upper > 0)
    lower, upper = product(one, _inverse(other))
    return Interval(np.where(inside, -np.inf, lower), np.where(inside, np.inf, upper))


def _either(_a: Interval, _b: Interval, one: Interval, other: Interval) -> Interval:
    return Interval(np.minimum(one.lower, other.lower), np.maximum(one.upper, other.upper))


_Derivative = Callable[[Interval, Interval, Interval, Interval], Interval]
# What an operation makes of two intervals, and its derivative from values and derivatives.
OPERATIONS: Mapping[str, tuple[Callable[[Interval, Interval], Interval], _Derivative]] = {
    "+": (total, lambda _a, _b, da, db: total(da, db)),
    "-": (_difference, lambda _a, _b, da, db: _difference(da, db)),
    "*": (product, lambda a, b, da, db: total(product(da, b), product(a, db))),
    "/": (
        _quotient,
        lambda a, b, da, db: _quotient(_difference(product(da, b), product(a, db)), _square(b)),
    ),
    "minimum": (lambda a, b: Interval(*map(np.minimum, a, b)), _either),
    "maximum": (lambda a, b: Interval(*map(np.maximum, a, b)), _either),
}


def _square(one: Interval) -> Interval:
    return power_of(2.0).bounds(one)


def _rising(name: str) -> Callable[[Interval], Interval]:
    function = IMPLEMENTATIONS[name]
    return lambda x: _outward(function(np, x.lower), function(np, x.upper))


def _falling(name: str) -> Callable[[Interval], Interval]:
    function = IMPLEMENTATIONS[name]
    return lambda x: _outward(function(np, x.upper), function(np, x.lower))


def _erfc(x: Interval) -> Interval:
    lower, upper = _falling("erfc")(x)
    # Beyond x = 27 erfc is zero in double precision.
    return Interval(lower * (1.0 - _ERFC_ROUNDING), upper * (1.0 + _ERFC_ROUNDING))


def _even(name: str, *, peak: bool) -> Callable[[Interval], Interval]:
    """An even function that falls away from its peak at zero, or rises from its trough there."""
    function = IMPLEMENTATIONS[name]

    def bounds(x: Interval) -> Interval:
        near, far = _sizes(x)
        ends = function(np, near), function(np, far)
        return _outward(*(reversed(ends) if peak else ends))

    return bounds


def _sizes(x: Interval) -> Interval:
    """The bounds of |x|."""
    inside = (x.lower < 0) & (x.upper > 0)
    ends = np.abs(x.lower), np.abs(x.upper)
    return Interval(np.where(inside, 0.0, np.minimum(*ends)), np.maximum(*ends))


def _wave(shift: float) -> Callable[[Interval], Interval]:
    """sin(x + shift)."""

    def bounds(x: Interval) -> Interval:
        # The argument is rounded too, and by more the larger it is.
        a, b = _outward(x.lower + shift, x.upper + shift)
        lower, upper = _outward(np.minimum(np.sin(a), np.sin(b)), np.maximum(np.sin(a), np.sin(b)))
        top = np.floor((b - np.pi / 2) / _TURN) >= np.ceil((a - np.pi / 2) / _TURN)
        low = np.floor((b + np.pi / 2) / _TURN) >= np.ceil((a + np.pi / 2) / _TURN)
        unknown = ~(np.isfinite(a) & np.isfinite(b))
        return Interval(
            np.where(low | unknown, -1.0, np.maximum(lower, -1.0)),
            np.where(top | unknown, 1.0, np.minimum(upper, 1.0)),
        )

    return bounds


def _tangent(x: Interval) -> Interval:
    poles = np.floor((x.upper - np.pi / 2) / np.pi) >= np.ceil((x.lower - np.pi / 2) / np.pi)
    lower, upper = _outward(np.tan(x.lower), np.tan(x.upper))
    return Interval(np.where(poles, -np.inf, lower), np.where(poles, np.inf, upper))


def _bessel(name: str, steepest: float, low: float, high: float) -> Callable[[Interval], Interval]:
    """A function with a bounded derivative, from its value in the middle."""
    function = IMPLEMENTATIONS[name]

    def bounds(x: Interval) -> Interval:
        middle = x.lower + (x.upper - x.lower) / 2
        value, reach = function(np, middle), steepest * (x.upper - x.lower) / 2
        lower, upper = _outward(value - reach, value + reach)
        return Interval(np.maximum(lower, low), np.minimum(upper, high))

    return bounds


def _clip(
    bounds: Callable[[Interval], Interval], low: float, high: float
) -> Callable[[Interval], Interval]:
    """Bounds on the part of an interval where the function has a value."""
    return lambda x: bounds(Interval(np.clip(x.lower, low, high), np.clip(x.upper, low, high)))


def power_of(exponent: float) -> IntervalFunction:
    """The function x^exponent."""

    def power(x: Array) -> Array:
        return ARITHMETIC["**"](x, exponent)

    def bounds(x: Interval) -> Interval:
        if exponent < 0:
            return _inverse(power_of(-exponent).bounds(x))
        if exponent % 2 == 0:
            return _outward(*map(power, _sizes(x)))
        if exponent % 1:
            x = Interval(np.maximum(x.lower, 0.0), np.maximum(x.upper, 0.0))
        return _outward(power(x.lower), power(x.upper))

    def slope(x: Interval) -> Interval:
        if exponent == 0:
            return constant(0.0, x.lower)
        one = constant(1.0, x.lower) if exponent == 1 else power_of(exponent - 1).bounds(x)
        return product(constant(exponent, x.lower), one)

    return IntervalFunction(bounds, slope)


def _composition(*parts: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    """The product of functions of the same argument."""

    def bounds(x: Interval) -> Interval:
        found = parts[0](x)
        for part in parts[1:]:
            found = product(found, part(x))
        return found

    return bounds


def _flat(x: Interval) -> Interval:
    """The derivative of a step, which is zero but where its argument is."""
    jumps = (x.lower <= 0) & (x.upper >= 0)
    return Interval(np.where(jumps, -np.inf, 0.0), np.where(jumps, np.inf, 0.0))


def _bell(x: Interval) -> Interval:
    """The derivative of erf."""
    near, far = _sizes(x)
    share = 2.0 / np.sqrt(np.pi)
    return _outward(share * np.exp(-far * far), share * np.exp(-near * near))


_SINE, _COSINE = _wave(0.0), _wave(np.pi / 2)
_SIGN: Callable[[Interval], Interval] = lambda x: Interval(np.sign(x.lower), np.sign(x.upper))  # noqa: E731
_SECH = _even("sech", peak=True)
_EXP, _LOG = _rising("exp"), _clip(_rising("log"), 0.0, np.inf)
_SQRT = _clip(_rising("sqrt"), 0.0, np.inf)
_J0 = _bessel("bessel_j0", _J1_MOST, _J0_LEAST, 1.0)
_J1 = _bessel("bessel_j1", _J1_STEEPEST, -_J1_MOST, _J1_MOST)


def _minus(bounds: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    return lambda x: negative(bounds(x))


def _arc_slope(x: Interval) -> Interval:
    """1/sqrt(1 - x^2)."""
    rest = _difference(constant(1.0, x.lower), _square(x))
    return _inverse(_SQRT(rest))


FUNCTIONS: Mapping[str, IntervalFunction] = {
    "sin": IntervalFunction(_SINE, _COSINE),
    "cos": IntervalFunction(_COSINE, _minus(_SINE)),
    "tan": IntervalFunction(
        _tangent, lambda x: total(constant(1.0, x.lower), _square(_tangent(x)))
    ),
    "asin": IntervalFunction(_clip(_rising("asin"), -1.0, 1.0), _arc_slope),
    "acos": IntervalFunction(_clip(_falling("acos"), -1.0, 1.0), _minus(_arc_slope)),
    "atan": IntervalFunction(
        _rising("atan"), lambda x: _inverse(total(constant(1.0, x.lower), _square(x)))
    ),
    "sinh": IntervalFunction(_rising("sinh"), _even("cosh", peak=False)),
    "cosh": IntervalFunction(_even("cosh", peak=False), _rising("sinh")),
    "tanh": IntervalFunction(_rising("tanh"), _composition(_SECH, _SECH)),
    "sech": IntervalFunction(_SECH, _minus(_composition(_SECH, _rising("tanh")))),
    "exp": IntervalFunction(_EXP, _EXP),
    "log": IntervalFunction(_LOG, _clip(_inverse, 0.0, np.inf)),
    "sqrt": IntervalFunction(_SQRT, lambda x: product(constant(0.5, x.lower), _inverse(_SQRT(x)))),
    "abs": IntervalFunction(_even("abs", peak=False), _SIGN),
    "sign": IntervalFunction(_SIGN, _flat),
    "step": IntervalFunction(lambda x: Interval((x.lower >= 0) * 1.0, (x.upper >= 0) * 1.0), _flat),
    "erf": IntervalFunction(_rising("erf"), _bell),
    "erfc": IntervalFunction(_erfc, _minus(_bell)),
    "bessel_j0": IntervalFunction(_J0, _minus(_J1)),
    "bessel_j1": IntervalFunction(
        _J1,
        lambda x: Interval(
            np.full(x.lower.shape, -_J1_STEEPEST), np.full(x.lower.shape, _J1_STEEPEST)
        ),
    ),
}
