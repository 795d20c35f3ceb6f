"""The part of a formula that has no value where its operands have one."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, names, operands, text

Values = Mapping[str, float | Float[np.ndarray, " n"]]


def undefined_part(expression: Expression, values: Values) -> str | None:
    """The smallest part that is not finite at some point, with the values there; None if all is.

    >>> from pikan.expression.parse import parse
    >>> undefined_part(parse("1 + y^1.5"), {"y": np.array([4.0, -0.5])})
    'y^1.5 has no value where y = -0.5'
    """
    for operand in operands(expression):
        if (found := undefined_part(operand, values)) is not None:
            return found
    finite = np.isfinite(evaluate(expression, values, np))
    if finite.all():
        return None
    # A number stands for itself at every point.
    first = np.argmin(finite)
    there = {
        name: np.broadcast_to(values[name], np.shape(finite)).flat[first]
        for name in sorted(names(expression) & values.keys())
    }
    where = " and ".join(f"{name} = {number:.3g}" for name, number in there.items())
    # As people write powers.
    part = text(expression).replace("**", "^")
    return f"{part} has no value" + (f" where {where}" if where else "")
