"""Interval arithmetic: bounds that hold for a formula everywhere on each of many boxes."""

from collections.abc import Mapping
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from pikan.expression.functions import CONSTANTS
from pikan.expression.interval import (
    EPS,
    FUNCTIONS,
    OPERATIONS,
    ULPS,
    Interval,
    IntervalFunction,
    constant,
    negative,
    power_of,
    product,
    total,
)
from pikan.expression.tree import Call, Expression, Name, Negative, Number, Operation


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

    Source: Moore, Kearfott, Cloud 2009, Introduction to Interval Analysis, on both forms.
    """
    with np.errstate(all="ignore"):
        return _Boxes(axes, constants, lower, upper).enclose(expression)


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
        self._half = half * (1.0 + ULPS * EPS)

    def enclose(self, expression: Expression) -> Enclosure:
        """The enclosure of a formula on the boxes."""
        match expression:
            case Number(value):
                return self._number(value)
            case Name(name) if name in self._axes:
                axis = self._axes[name]
                ends = Interval(self._lower[:, axis], self._upper[:, axis])
                middle = self._middle[:, axis]
                return Enclosure(ends, {axis: constant(1.0, middle)}, Interval(middle, middle))
            case Name(name):
                return self._number(self._constants[name])
            case Negative(operand):
                value, slopes, center = self.enclose(operand)
                turned = {axis: negative(slope) for axis, slope in slopes.items()}
                return Enclosure(negative(value), turned, negative(center))
            case Operation("*", left, right) if left == right:
                return self._power(left, Number(2.0))
            case Operation("**", base, exponent):
                return self._power(base, exponent)
            case Operation(operator, left, right):
                return self._binary(operator, self.enclose(left), self.enclose(right))
            case Call(name, (argument,)):
                return self._evaluate_call(FUNCTIONS[name], self.enclose(argument))
            case Call(name, (left, right)):
                return self._binary(name, self.enclose(left), self.enclose(right))
            case _:
                raise ValueError(f"'{expression}' has no value of its own")

    def _number(self, value: float) -> Enclosure:
        known = constant(value, self._middle[:, 0])
        return Enclosure(known, {}, known)

    def _binary(self, operator: str, left: Enclosure, right: Enclosure) -> Enclosure:
        combine, derivative = OPERATIONS[operator]
        zero = constant(0.0, self._middle[:, 0])
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

    def _evaluate_call(self, function: IntervalFunction, argument: Enclosure) -> Enclosure:
        outer = function.slope(argument.value)
        slopes = {axis: product(outer, inner) for axis, inner in argument.slopes.items()}
        return self._met(function.bounds(argument.value), slopes, function.bounds(argument.center))

    def _power(self, base: Expression, exponent: Expression) -> Enclosure:
        inner, power = self.enclose(base), self.enclose(exponent)
        if power.slopes:
            # a^b = exp(b log(a))
            exponent_times_log = self._binary(
                "*", power, self._evaluate_call(FUNCTIONS["log"], inner)
            )
            return self._evaluate_call(FUNCTIONS["exp"], exponent_times_log)
        number = float(power.value.lower[0]) if len(power.value.lower) else 1.0
        return self._evaluate_call(power_of(number), inner)

    def _met(
        self, natural: Interval, slopes: Mapping[int, Interval], center: Interval
    ) -> Enclosure:
        """The natural extension met with the mean-value form."""
        lower, upper = center
        for axis, slope in slopes.items():
            half = self._half[:, axis]
            reach = product(slope, Interval(-half, half))
            lower, upper = total(Interval(lower, upper), reach)
        known = np.isfinite(lower) & np.isfinite(upper)
        value = Interval(
            np.where(known, np.maximum(natural.lower, lower), natural.lower),
            np.where(known, np.minimum(natural.upper, upper), natural.upper),
        )
        return Enclosure(value, slopes, center)
