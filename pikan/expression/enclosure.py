"""Interval arithmetic: bounds that hold for a formula everywhere on each of many boxes."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import ARITHMETIC, IMPLEMENTATIONS
from pikan.expression.functions import CONSTANTS
from pikan.expression.tree import Call, Expression, Name, Negative, Number, Operation

Array = Float[np.ndarray, " n"]

# A sum is rounded by half a unit in the last place, functions by a few; erfc(x) by some x^2.
_ULPS, _EPS, _TINY = 8, 2.0**-52, 1e-300
# The largest value of |J0'| and of |J1|, and of |J1'|; the least of J0 (DLMF 10.14.1, 10.21).
_J1_MOST, _J1_STEEPEST, _J0_LEAST = 0.5818653, 0.5, -0.4027594
_ERFC_ROUNDING = 1e-12
_TURN = 2.0 * np.pi


class Interval(NamedTuple):
    """Bounds of a quantity, one pair for each box."""

    lower: Array
    upper: Array


@final
class Enclosure(NamedTuple):
    """Bounds of a formula on boxes, of its derivatives along axes, and of it at their centers.

    `slopes` holds the axes that the formula depends on.
    """

    value: Interval
    slopes: Mapping[int, Interval]
    center: Interval


def enclosure(
    expression: Expression,
    axes: Mapping[str, int],
    constants: Mapping[str, float],
    lower: Float[np.ndarray, "n d"],
    upper: Float[np.ndarray, "n d"],
) -> Enclosure:
    """Bounds of a formula and its slopes on every box lower <= x <= upper, rounded outward.

    At every node the natural extension is met with the mean-value form f(c) + f'(X) (X - c), so
    that a coordinate may stand several times. Where nothing is known the bounds are infinite.

    Source: Moore, Kearfott, Cloud 2009, Introduction to Interval Analysis, Eqs. (5.9), (6.25).
    """
    with np.errstate(all="ignore"):
        return _Boxes(axes, constants, lower, upper).enclosed(expression)


@final
class _Boxes:
    """The boxes on which formulas are enclosed."""

    def __init__(
        self,
        axes: Mapping[str, int],
        constants: Mapping[str, float],
        lower: Float[np.ndarray, "n d"],
        upper: Float[np.ndarray, "n d"],
    ) -> None:
        self._axes, self._constants = axes, {**CONSTANTS, **constants}
        self._lower, self._upper = lower, upper
        self._middle = lower + (upper - lower) / 2
        # The middle is rounded, so that one end may be farther from it than the other.
        half = np.maximum(self._middle - lower, upper - self._middle)
        self._half = half * (1.0 + _ULPS * _EPS)

    def enclosed(self, expression: Expression) -> Enclosure:
        """The enclosure of a formula on the boxes."""
        match expression:
            case Number(value):
                return self._number(value)
            case Name(name) if name in self._axes:
                axis = self._axes[name]
                ends = Interval(self._lower[:, axis], self._upper[:, axis])
                middle = self._middle[:, axis]
                return Enclosure(ends, {axis: _constant(1.0, middle)}, Interval(middle, middle))
            case Name(name):
                return self._number(self._constants[name])
            case Negative(operand):
                value, slopes, center = self.enclosed(operand)
                turned = {axis: _negative(slope) for axis, slope in slopes.items()}
                return Enclosure(_negative(value), turned, _negative(center))
            case Operation("*", left, right) if left == right:
                return self._power(left, Number(2.0))
            case Operation("**", base, exponent):
                return self._power(base, exponent)
            case Operation(operator, left, right):
                return self._binary(operator, self.enclosed(left), self.enclosed(right))
            case Call(name, (argument,)):
                return self._called(_FUNCTIONS[name], self.enclosed(argument))
            case Call(name, (left, right)):
                return self._binary(name, self.enclosed(left), self.enclosed(right))
            case _:
                raise ValueError(f"'{expression}' has no value of its own")

    def _number(self, value: float) -> Enclosure:
        constant = _constant(value, self._middle[:, 0])
        return Enclosure(constant, {}, constant)

    def _binary(self, operator: str, left: Enclosure, right: Enclosure) -> Enclosure:
        combine, derivative = _OPERATIONS[operator]
        zero = _constant(0.0, self._middle[:, 0])
        slopes = {
            axis: derivative(
                left.value,
                right.value,
                left.slopes.get(axis, zero),
                right.slopes.get(axis, zero),
            )
            for axis in sorted({*left.slopes, *right.slopes})
        }
        center = combine(left.center, right.center)
        return self._met(combine(left.value, right.value), slopes, center)

    def _called(self, function: "_Function", argument: Enclosure) -> Enclosure:
        outer = function.slope(argument.value)
        slopes = {axis: _times(outer, inner) for axis, inner in argument.slopes.items()}
        return self._met(function.bounds(argument.value), slopes, function.bounds(argument.center))

    def _power(self, base: Expression, exponent: Expression) -> Enclosure:
        inner, power = self.enclosed(base), self.enclosed(exponent)
        if power.slopes:
            # a^b = exp(b log(a))
            product = self._binary("*", power, self._called(_FUNCTIONS["log"], inner))
            return self._called(_FUNCTIONS["exp"], product)
        number = float(power.value.lower[0]) if len(power.value.lower) else 1.0
        return self._called(_raised(number), inner)

    def _met(
        self, natural: Interval, slopes: Mapping[int, Interval], center: Interval
    ) -> Enclosure:
        """The natural extension met with the mean-value form."""
        lower, upper = center
        for axis, slope in slopes.items():
            half = self._half[:, axis]
            reach = _times(slope, Interval(-half, half))
            lower, upper = _sum(Interval(lower, upper), reach)
        known = np.isfinite(lower) & np.isfinite(upper)
        value = Interval(
            np.where(known, np.maximum(natural.lower, lower), natural.lower),
            np.where(known, np.minimum(natural.upper, upper), natural.upper),
        )
        return Enclosure(value, slopes, center)


class _Function(NamedTuple):
    """Bounds of a function of one argument and of its derivative, from bounds of the argument."""

    bounds: Callable[[Interval], Interval]
    slope: Callable[[Interval], Interval]


def _constant(value: float, like: Array) -> Interval:
    filled = np.full(like.shape, value)
    return Interval(filled, filled)


def _outward(lower: Array, upper: Array) -> Interval:
    """Bounds moved apart by more than rounding; what is no number bounds nothing."""
    largest = np.finfo(float).max
    # A lower bound that has overflowed is at least the largest number there is.
    below, above = np.minimum(lower, largest), np.maximum(upper, -largest)
    below = np.where(np.isfinite(below), below - _ULPS * _EPS * np.abs(below) - _TINY, below)
    above = np.where(np.isfinite(above), above + _ULPS * _EPS * np.abs(above) + _TINY, above)
    return Interval(
        np.where(np.isnan(below), -np.inf, below), np.where(np.isnan(above), np.inf, above)
    )


def _negative(one: Interval) -> Interval:
    return Interval(-one.upper, -one.lower)


def _sum(one: Interval, other: Interval) -> Interval:
    return _outward(one.lower + other.lower, one.upper + other.upper)


def _difference(one: Interval, other: Interval) -> Interval:
    return _sum(one, _negative(other))


def _times(one: Interval, other: Interval) -> Interval:
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
    lower, upper = _times(one, _inverse(other))
    return Interval(np.where(inside, -np.inf, lower), np.where(inside, np.inf, upper))


def _least(one: Interval, other: Interval) -> Interval:
    return Interval(np.minimum(one.lower, other.lower), np.minimum(one.upper, other.upper))


def _largest(one: Interval, other: Interval) -> Interval:
    return Interval(np.maximum(one.lower, other.lower), np.maximum(one.upper, other.upper))


def _either(_a: Interval, _b: Interval, one: Interval, other: Interval) -> Interval:
    return Interval(np.minimum(one.lower, other.lower), np.maximum(one.upper, other.upper))


_Derivative = Callable[[Interval, Interval, Interval, Interval], Interval]
# What an operation makes of two intervals, and its derivative from values and derivatives.
_OPERATIONS: Mapping[str, tuple[Callable[[Interval, Interval], Interval], _Derivative]] = {
    "+": (_sum, lambda _a, _b, da, db: _sum(da, db)),
    "-": (_difference, lambda _a, _b, da, db: _difference(da, db)),
    "*": (_times, lambda a, b, da, db: _sum(_times(da, b), _times(a, db))),
    "/": (
        _quotient,
        lambda a, b, da, db: _quotient(_difference(_times(da, b), _times(a, db)), _square(b)),
    ),
    "minimum": (_least, _either),
    "maximum": (_largest, _either),
}


def _square(one: Interval) -> Interval:
    return _raised(2.0).bounds(one)


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


def _within(low: float, high: float) -> Callable[[Interval], Interval]:
    return lambda x: Interval(np.full(x.lower.shape, low), np.full(x.lower.shape, high))


def _bessel(name: str, steepest: float, low: float, high: float) -> Callable[[Interval], Interval]:
    """A function with a bounded derivative, from its value in the middle."""
    function = IMPLEMENTATIONS[name]

    def bounds(x: Interval) -> Interval:
        middle = x.lower + (x.upper - x.lower) / 2
        value, reach = function(np, middle), steepest * (x.upper - x.lower) / 2
        lower, upper = _outward(value - reach, value + reach)
        return Interval(np.maximum(lower, low), np.minimum(upper, high))

    return bounds


def _clipped(
    bounds: Callable[[Interval], Interval], low: float, high: float
) -> Callable[[Interval], Interval]:
    """Bounds on the part of an interval where the function has a value."""
    return lambda x: bounds(Interval(np.clip(x.lower, low, high), np.clip(x.upper, low, high)))


def _raised(exponent: float) -> _Function:
    """x^exponent."""

    def power(x: Array) -> Array:
        return ARITHMETIC["**"](x, exponent)

    def bounds(x: Interval) -> Interval:
        if exponent < 0:
            return _inverse(_raised(-exponent).bounds(x))
        if exponent % 2 == 0:
            return _outward(*map(power, _sizes(x)))
        if exponent % 1:
            x = Interval(np.maximum(x.lower, 0.0), np.maximum(x.upper, 0.0))
        return _outward(power(x.lower), power(x.upper))

    def slope(x: Interval) -> Interval:
        if exponent == 0:
            return _constant(0.0, x.lower)
        one = _constant(1.0, x.lower) if exponent == 1 else _raised(exponent - 1).bounds(x)
        return _times(_constant(exponent, x.lower), one)

    return _Function(bounds, slope)


def _composed(*parts: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    """The product of functions of the same argument."""

    def bounds(x: Interval) -> Interval:
        found = parts[0](x)
        for part in parts[1:]:
            found = _times(found, part(x))
        return found

    return bounds


def _flat(x: Interval) -> Interval:
    """The derivative of a step, which is zero but where its argument is."""
    jumps = (x.lower <= 0) & (x.upper >= 0)
    return Interval(np.where(jumps, -np.inf, 0.0), np.where(jumps, np.inf, 0.0))


def _sign(x: Interval) -> Interval:
    return Interval(np.sign(x.lower), np.sign(x.upper))


def _step(x: Interval) -> Interval:
    return Interval((x.lower >= 0) * 1.0, (x.upper >= 0) * 1.0)


def _bell(x: Interval) -> Interval:
    """The derivative of erf."""
    near, far = _sizes(x)
    share = 2.0 / np.sqrt(np.pi)
    return _outward(share * np.exp(-far * far), share * np.exp(-near * near))


_SINE, _COSINE = _wave(0.0), _wave(np.pi / 2)
_SECH = _even("sech", peak=True)
_EXP, _LOG = _rising("exp"), _clipped(_rising("log"), 0.0, np.inf)
_SQRT = _clipped(_rising("sqrt"), 0.0, np.inf)
_J0 = _bessel("bessel_j0", _J1_MOST, _J0_LEAST, 1.0)
_J1 = _bessel("bessel_j1", _J1_STEEPEST, -_J1_MOST, _J1_MOST)


def _minus(bounds: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    return lambda x: _negative(bounds(x))


def _arc_slope(x: Interval) -> Interval:
    """1/sqrt(1 - x^2)."""
    rest = _difference(_constant(1.0, x.lower), _square(x))
    return _inverse(_SQRT(rest))


_FUNCTIONS: Mapping[str, _Function] = {
    "sin": _Function(_SINE, _COSINE),
    "cos": _Function(_COSINE, _minus(_SINE)),
    "tan": _Function(_tangent, lambda x: _sum(_constant(1.0, x.lower), _square(_tangent(x)))),
    "asin": _Function(_clipped(_rising("asin"), -1.0, 1.0), _arc_slope),
    "acos": _Function(_clipped(_falling("acos"), -1.0, 1.0), _minus(_arc_slope)),
    "atan": _Function(
        _rising("atan"), lambda x: _inverse(_sum(_constant(1.0, x.lower), _square(x)))
    ),
    "sinh": _Function(_rising("sinh"), _even("cosh", peak=False)),
    "cosh": _Function(_even("cosh", peak=False), _rising("sinh")),
    "tanh": _Function(_rising("tanh"), _composed(_SECH, _SECH)),
    "sech": _Function(_SECH, _minus(_composed(_SECH, _rising("tanh")))),
    "exp": _Function(_EXP, _EXP),
    "log": _Function(_LOG, _clipped(_inverse, 0.0, np.inf)),
    "sqrt": _Function(_SQRT, lambda x: _times(_constant(0.5, x.lower), _inverse(_SQRT(x)))),
    "abs": _Function(_even("abs", peak=False), _sign),
    "sign": _Function(_sign, _flat),
    "step": _Function(_step, _flat),
    "erf": _Function(_rising("erf"), _bell),
    "erfc": _Function(_erfc, _minus(_bell)),
    "bessel_j0": _Function(_J0, _minus(_J1)),
    "bessel_j1": _Function(_J1, _within(-_J1_STEEPEST, _J1_STEEPEST)),
}
