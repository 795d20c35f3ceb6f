"""How large the terms of a formula are, before any of them cancel."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Negative, Operation

Values = Mapping[str, float | Float[np.ndarray, " n"]]


def magnitude(expression: Expression, values: Values) -> float | Float[np.ndarray, " n"]:
    """The size of the terms of a formula.

    Sums add up and products multiply the sizes of their parts; anything else counts as it is.
    Sizes that are not finite come back as such, without a warning.
    """
    with np.errstate(all="ignore"):
        return _magnitude(expression, values)


def _magnitude(expression: Expression, values: Values) -> float | Float[np.ndarray, " n"]:
    match expression:
        case Negative(operand):
            return _magnitude(operand, values)
        case Operation("+" | "-", left, right):
            return _magnitude(left, values) + _magnitude(right, values)
        case Operation("*", left, right):
            return _magnitude(left, values) * _magnitude(right, values)
        case Operation("/", left, right):
            # A float of NumPy may be divided by zero.
            return _magnitude(left, values) / np.abs(evaluate(right, values, np))
        case _:
            return abs(evaluate(expression, values, np))
