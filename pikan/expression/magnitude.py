"""How large the terms of a formula are, before any of them cancel."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Negative, Operation, names

Values = Mapping[str, float | Float[np.ndarray, " n"]]


def magnitude(
    expression: Expression, values: Values, known: AbstractSet[str] = frozenset()
) -> float | Float[np.ndarray, " n"]:
    """The size of the terms of a formula.

    Sums add up and products multiply the sizes of their parts; anything else counts as it is, and
    so does a factor of `known` names alone: x - 1/4 is small near 1/4, however it is written.
    Sizes that are not finite come back as such, without a warning.
    """
    with np.errstate(all="ignore"):
        return _magnitude(expression, values, known)


def _magnitude(
    expression: Expression, values: Values, known: AbstractSet[str]
) -> float | Float[np.ndarray, " n"]:
    match expression:
        case Negative(operand):
            return _magnitude(operand, values, known)
        case Operation("+" | "-", left, right):
            return _magnitude(left, values, known) + _magnitude(right, values, known)
        case Operation("*", left, right):
            return _factor(left, values, known) * _factor(right, values, known)
        case Operation("/", left, right):
            # A float of NumPy may be divided by zero.
            return _factor(left, values, known) / np.abs(evaluate(right, values, np))
        case _:
            return abs(evaluate(expression, values, np))


def _factor(
    expression: Expression, values: Values, known: AbstractSet[str]
) -> float | Float[np.ndarray, " n"]:
    if known and names(expression) <= known:
        return abs(evaluate(expression, values, np))
    return _magnitude(expression, values, known)
