"""A function of unknowns in Newton's form: products of distances to nodes, with coefficients.

r(u) = c_0 + (s - s_0) (c_1 + (s - s_1) (c_2 + ...)) on s = (u - center) / half width, in each
argument, with Chebyshev points in Leja's order as nodes, which keeps high degrees well conditioned.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np
from jaxtyping import Float
from numpy.polynomial import chebyshev

from pikan.expression.tree import (
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    add,
    divide,
    multiply,
    subtract,
)
from pikan.problem.statement import Problem, UnknownFunction


def nodes(count: int) -> Float[np.ndarray, " _"]:
    """Chebyshev points on [-1, 1], each as far from those before it as can be (Leja)."""
    rest = list(np.cos(np.pi * (np.arange(count) + 0.5) / count))
    found: list[float] = []
    while rest:
        away = [np.prod([abs(one - other) for other in found] or [abs(one)]) for one in rest]
        found.append(rest.pop(int(np.argmax(away))))
    return np.array(found)


def coefficient_names(name: str, arguments: int, degree: int) -> tuple[str, ...]:
    """The names of the coefficients, the last argument running fastest.

    No formula that is read from a file has a name with a space in it.

    >>> coefficient_names("r", 1, 2)
    ('r 0', 'r 1', 'r 2')
    """
    orders = product(range(degree + 1), repeat=arguments)
    return tuple(" ".join([name, *map(str, one)]) for one in orders)


def scale_names(function: UnknownFunction, argument: str) -> tuple[str, str]:
    """The names of the center and of the half width of an argument's values."""
    return f"{function.name} center {argument}", f"{function.name} width {argument}"


def formula(function: UnknownFunction) -> Expression:
    """The function as a formula of its arguments, coefficients and scales."""
    count = function.degree + 1
    return _nest(function, list(map(Name, function.coefficients)), nodes(count).tolist())


def _nest(
    function: UnknownFunction, coefficients: Sequence[Expression], at: Sequence[float]
) -> Expression:
    """The coefficients folded argument by argument, the last one first."""
    folded = list(coefficients)
    for argument in reversed(function.arguments):
        center, width = map(Name, scale_names(function, argument))
        scaled = divide(subtract(Name(argument), center), width)
        groups = [folded[k : k + len(at)] for k in range(0, len(folded), len(at))]
        folded = [
            reduce(
                lambda inner, pair: add(pair[1], multiply(pair[0], inner)),
                zip(
                    [subtract(scaled, Number(one)) for one in reversed(at[:-1])],
                    list(reversed(group))[1:],
                    strict=True,
                ),
                group[-1],
            )
            for group in groups
        ]
    return folded[0]


def abbreviate(problem: Problem, expression: Expression) -> Expression:
    """The formula with functions of unknowns by their names again, as they were written."""
    written = {formula(one): Name(one.name) for one in problem.functions if one.coefficients}

    def abbreviate(one: Expression) -> Expression:
        if one in written:
            return written[one]
        match one:
            case Negative(operand):
                return Negative(abbreviate(operand))
            case Operation(operator, left, right):
                return Operation(operator, abbreviate(left), abbreviate(right))
            case Call(function, arguments):
                return Call(function, tuple(map(abbreviate, arguments)))
            case _:
                return one

    return abbreviate(expression) if written else expression


def columns(
    function: UnknownFunction, scaled: Float[np.ndarray, "n d"], orders: Sequence[int]
) -> Float[np.ndarray, "n q"]:
    """What each coefficient is multiplied by in a derivative, at arguments scaled to [-1, 1]."""
    at = nodes(function.degree + 1)
    series = [chebyshev.chebfromroots(at[:k]) for k in range(len(at))]
    made = np.ones((len(scaled), 1))
    for argument, order in zip(scaled.T, orders, strict=True):
        derivatives = [chebyshev.chebder(one, order) for one in series]
        factors = np.stack([chebyshev.chebval(argument, one) for one in derivatives], axis=1)
        made = (made[:, :, None] * factors[:, None, :]).reshape(len(scaled), -1)
    return made


def scales(
    function: UnknownFunction, ranges: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """The centers and half widths of arguments that were measured from one value to another."""
    found: dict[str, float] = {}
    for argument in function.arguments if function.coefficients else ():
        low, high = ranges.get(argument, (-1.0, 1.0))
        center, width = scale_names(function, argument)
        found |= {center: 0.5 * (low + high), width: 0.5 * (high - low) or 1.0}
    return found
