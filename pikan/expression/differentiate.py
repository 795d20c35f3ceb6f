"""The exact derivative of a tree."""

import math
from collections.abc import Callable, Mapping

from pikan.expression.powers import add_exponents, product, scale
from pikan.expression.tree import (
    ONE,
    ZERO,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    Operator,
    add,
    divide,
    multiply,
    names,
    negative,
    operands,
    power,
    subtract,
)

TWO = Number(2.0)
# Source: DLMF (7.2.1).
ERF_SLOPE = Number(2.0 / math.sqrt(math.pi))


def differentiate(expression: Expression, name: str) -> Expression:
    """The derivative with respect to a name, every other name held fixed, folded.

    Jumps count for nothing: the derivative of `step` and `sign` is 0, at the jump too.

    >>> differentiate(Operation("**", Name("x"), Number(3.0)), "x") == Operation(
    ...     "*", Number(3.0), Operation("**", Name("x"), Number(2.0))
    ... )
    True
    """
    match expression:
        case Number():
            return ZERO
        case Name(own):
            return ONE if own == name else ZERO
        case Negative(operand):
            return negative(differentiate(operand, name))
        case Operation(operator, left, right):
            rates = differentiate(left, name), differentiate(right, name)
            return RULES[operator](left, right, *rates)
        case Call(function, (argument,)):
            rate = differentiate(argument, name)
            # What decays faster than any power grows leaves nothing of a pole: exp(-1/x^2).
            vanishes = function in DECAYING and _has_poles(argument)
            return (scale if vanishes else product)(UNARY[function](argument), rate)
        case Call(function, arguments):
            return JOINT[function](*arguments, *(differentiate(each, name) for each in arguments))


def _quotient(
    left: Expression, right: Expression, left_rate: Expression, right_rate: Expression
) -> Expression:
    # The square of the denominator could overflow, and vanish, where it does not.
    if right_rate == ZERO:
        return divide(left_rate, right)
    return divide(subtract(left_rate, product(divide(left, right), right_rate)), right)


def _power(
    base: Expression, exponent: Expression, base_rate: Expression, exponent_rate: Expression
) -> Expression:
    by_base = product(
        scale(exponent, power(base, add_exponents(exponent, Number(-1.0)))), base_rate
    )
    if exponent_rate == ZERO:
        return by_base
    return add(by_base, product(_power_log(base, exponent, ONE), exponent_rate))


# From the operands and their derivatives.
RULES: Mapping[Operator, Callable[..., Expression]] = {
    "+": lambda _a, _b, a_rate, b_rate: add(a_rate, b_rate),
    "-": lambda _a, _b, a_rate, b_rate: subtract(a_rate, b_rate),
    "*": lambda a, b, a_rate, b_rate: add(product(a_rate, b), product(a, b_rate)),
    "/": _quotient,
    "**": _power,
}


def _has_poles(expression: Expression) -> bool:
    """Whether a formula may be infinite somewhere, and not only as slowly as a logarithm."""
    match expression:
        case Call("log", _):
            return False
        case Operation("/", _, divisor) if names(divisor):
            own = True
        case Operation("**", _, exponent):
            own = not (isinstance(exponent, Number) and exponent.value >= 0)
        case _:
            own = False
    return own or any(_has_poles(operand) for operand in operands(expression))


def _call(function: str, *arguments: Expression) -> Call:
    return Call(function, arguments)


def _square(argument: Expression) -> Expression:
    return power(argument, TWO)


def _gaussian(argument: Expression) -> Expression:
    return multiply(ERF_SLOPE, _call("exp", negative(_square(argument))))


# Source: DLMF 4.20, 4.34, 7.2 and (10.6.1).
UNARY: Mapping[str, Callable[[Expression], Expression]] = {
    "sin": lambda a: _call("cos", a),
    "cos": lambda a: negative(_call("sin", a)),
    "tan": lambda a: add(ONE, _square(_call("tan", a))),
    "asin": lambda a: divide(ONE, _call("sqrt", subtract(ONE, _square(a)))),
    "acos": lambda a: negative(divide(ONE, _call("sqrt", subtract(ONE, _square(a))))),
    "atan": lambda a: divide(ONE, add(ONE, _square(a))),
    "sinh": lambda a: _call("cosh", a),
    "cosh": lambda a: _call("sinh", a),
    "tanh": lambda a: _square(_call("sech", a)),
    "sech": lambda a: negative(multiply(_call("sech", a), _call("tanh", a))),
    "exp": lambda a: _call("exp", a),
    "log": lambda a: divide(ONE, a),
    "sqrt": lambda a: divide(ONE, multiply(TWO, _call("sqrt", a))),
    "abs": lambda a: _call("sign", a),
    "sign": lambda _: ZERO,
    "erf": lambda a: _gaussian(a),
    "erfc": lambda a: negative(_gaussian(a)),
    "bessel_j0": lambda a: negative(_call("bessel_j1", a)),
    "bessel_j1": lambda a: divide(subtract(_call("bessel_j0", a), _call("bessel_j", TWO, a)), TWO),
    "step": lambda _: ZERO,
}

# Functions whose derivative is 0 where they have reached their limit at infinity.
DECAYING = frozenset({"exp", "tanh", "sech", "erf", "erfc"})


def _select(
    left: Expression, right: Expression, below: Expression, otherwise: Expression
) -> Expression:
    """One formula where left < right, the other elsewhere; infinite values of neither spread."""
    if below == otherwise:
        return below
    return _call("select", left, right, below, otherwise)


def _power_log(base: Expression, exponent: Expression, count: Expression) -> Expression:
    """The power times a power of the logarithm of the base; 0 at 0, if the exponent is above 0."""
    return _call("power_log", base, exponent, count)


def _power_log_rate(
    base: Expression,
    exponent: Expression,
    count: Expression,
    base_rate: Expression,
    exponent_rate: Expression,
    _: Expression,
) -> Expression:
    lowered = add_exponents(exponent, Number(-1.0))
    fewer = subtract(count, ONE)
    less = power(base, lowered) if fewer == ZERO else _power_log(base, lowered, fewer)
    by_base = add(scale(exponent, _power_log(base, lowered, count)), multiply(count, less))
    by_exponent = _power_log(base, exponent, add(count, ONE))
    return add(product(by_base, base_rate), product(by_exponent, exponent_rate))


def _bessel_rate(
    order: Expression, argument: Expression, _: Expression, rate: Expression
) -> Expression:
    lower = subtract(order, ONE)
    before = _call("bessel_j1", argument) if lower == ONE else _call("bessel_j", lower, argument)
    after = _call("bessel_j", add(order, ONE), argument)
    return product(divide(subtract(before, after), TWO), rate)


# From the arguments and their derivatives; where two are equal, the second one counts.
JOINT: Mapping[str, Callable[..., Expression]] = {
    "minimum": lambda a, b, a_rate, b_rate: _select(a, b, a_rate, b_rate),
    "maximum": lambda a, b, a_rate, b_rate: _select(b, a, a_rate, b_rate),
    "select": lambda a, b, *rest: _select(a, b, *rest[-2:]),
    "scaled": lambda a, b, a_rate, b_rate: add(scale(a_rate, b), scale(a, b_rate)),
    "power_log": _power_log_rate,
    "bessel_j": _bessel_rate,
}
