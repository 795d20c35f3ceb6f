"""Products in which the powers of one base are taken together, so that x/sqrt(x) is 0 at 0."""

from collections.abc import Iterator
from functools import reduce
from typing import TypeGuard

from pikan.expression.tree import (
    ONE,
    ZERO,
    Call,
    Expression,
    Negative,
    Number,
    Operation,
    add,
    divide,
    multiply,
    power,
    subtract,
)

Factor = tuple[Expression, Expression]


def product(left: Expression, right: Expression) -> Expression:
    """The folded left * right, with poles and other powers of one base as one.

    A base goes together with its absolute value and its sign. `scale` comes outermost: where
    its weight is 0, so is the product.

    >>> from pikan.expression.parse import parse
    >>> product(parse("3*x^2"), parse("1/(2*sqrt(x^3))")) == parse("3*x^0.5/2")
    True
    """
    match left, right:
        case (Call("scaled", (weight, inner)), other) | (other, Call("scaled", (weight, inner))):
            return scale(weight, product(inner, other))
        case _:
            factors = [*_factors(left, ONE), *_factors(right, ONE)]
    poles = dict.fromkeys(
        base
        for base, exponent in factors
        if not (isinstance(exponent, Number) and exponent.value >= 0)
    )
    if not poles:
        return multiply(left, right)
    inside = [base.arguments[0] for base in poles if _is_size(base)]
    parts = list[Factor]()
    for base, exponent in factors:
        # A whole power of one of these bases is one of its absolute value, and its sign.
        whole = isinstance(exponent, Number) and exponent.value.is_integer()
        sized = base in inside and whole
        both = (Call("abs", (base,)), Call("sign", (base,)))
        parts += [(one, exponent) for one in (both if sized else (base,))]
    factors = parts
    # Poles alone would only become larger.
    signs = {Call("sign", (base,)) for base in inside}
    joinable = signs | {
        base
        for base, exponent in factors
        if base in poles and not (isinstance(exponent, Number) and exponent.value < 0)
    }
    joined: dict[Expression, Expression] = {}
    others: list[Factor] = []
    for base, exponent in factors:
        if base in joinable:
            joined[base] = add_exponents(joined.get(base, ZERO), exponent)
        else:
            others.append((base, exponent))
    if len(joined) + len(others) == len(factors):
        return multiply(left, right)
    for base in inside:
        _without_signs(joined, base)
    return reduce(_times_power, [*others, *joined.items()], ONE)


def scale(weight: Expression, factor: Expression) -> Expression:
    """The folded weight * factor, which is 0 where the weight is, however large the factor."""
    if _split(weight)[0] == ZERO or isinstance(factor, Number):
        return multiply(weight, factor)
    return Call("scaled", (weight, factor))


def add_exponents(exponent: Expression, more: Expression) -> Expression:
    """The sum of two exponents, with their numbers in one place: n - 2."""
    parts = [_split(each) for each in (exponent, more)]
    symbol, number = add(parts[0][0], parts[1][0]), parts[0][1] + parts[1][1]
    return subtract(symbol, Number(-number)) if number < 0 else add(symbol, Number(number))


def _split(exponent: Expression) -> tuple[Expression, float]:
    """An exponent without its numbers, and their sum."""
    match exponent:
        case Number(value):
            return ZERO, value
        case Operation("/", Number(value), Number(divisor)) if divisor:
            return ZERO, value / divisor
        case Operation("+", symbol, Number(value)):
            rest, number = _split(symbol)
            return rest, number + value
        case Operation("-", symbol, Number(value)):
            rest, number = _split(symbol)
            return rest, number - value
        case _:
            return exponent, 0.0


def _factors(expression: Expression, exponent: Expression) -> Iterator[Factor]:
    """The bases of a product and their exponents, for real values."""
    whole = isinstance(exponent, Number) and exponent.value.is_integer()
    match expression:
        case Negative(operand) if whole:
            yield Number(-1.0), exponent
            yield from _factors(operand, exponent)
        case Operation("*", left, right) if whole:
            yield from _factors(left, exponent)
            yield from _factors(right, exponent)
        case Operation("/", left, right) if whole:
            yield from _factors(left, exponent)
            yield from _factors(right, multiply(Number(-1.0), exponent))
        case Operation("**", base, Number(inner)) if isinstance(exponent, Number):
            # The root of an even power is a power of the absolute value.
            root = inner % 2 == 0 and not whole and not _is_size(base)
            inside = Call("abs", (base,)) if root else base
            yield from _factors(inside, Number(inner * exponent.value))
        case Operation("**", base, inner) if exponent == ONE:
            yield base, add_exponents(inner, ZERO)
        case Call("sqrt", (argument,)) if isinstance(exponent, Number):
            yield from _factors(argument, Number(exponent.value / 2))
        case _:
            yield expression, exponent


def _is_size(base: Expression) -> TypeGuard[Call]:
    return isinstance(base, Call) and base.function == "abs"


def _without_signs(joined: dict[Expression, Expression], base: Expression) -> None:
    """The same back, where absolute value and sign make a whole power of the base again."""
    size, sign = Call("abs", (base,)), Call("sign", (base,))
    match joined.get(size), joined.get(sign, ZERO):
        case Number(exponent), Number(count) if exponent % 2 == count % 2:
            del joined[size]
            joined |= {sign: ZERO, base: add_exponents(joined.get(base, ZERO), Number(exponent))}
        case _, Number(count) if sign in joined:
            joined[sign] = Number(count % 2)
        case _:
            pass


def _times_power(total: Expression, factor: Factor) -> Expression:
    """A fraction times a power, below the line if its exponent is a negative number."""
    base, exponent = factor
    if isinstance(exponent, Number) and exponent.value < 0:
        one = power(base, Number(-exponent.value))
        match total:
            case Operation("/", above, under):
                return divide(above, multiply(under, one))
            case _:
                return divide(total, one)
    match total:
        case Operation("/", above, under):
            return divide(multiply(above, power(base, exponent)), under)
        case _:
            return multiply(total, power(base, exponent))
