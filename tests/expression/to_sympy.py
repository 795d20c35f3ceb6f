"""A tree as an expression of SymPy, built node by node: SymPy's own readers run what they read."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from pikan.expression.tree import Call, Expression, Name, Negative, Number, Operation

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

ARITHMETIC: Mapping[str, Callable[[Symbolic, Symbolic], Symbolic]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}

# Where SymPy has another name for a function of ours.
SYMPY_WORDS: Mapping[str, str] = {
    "abs": "Abs",
    "minimum": "Min",
    "maximum": "Max",
}


def to_sympy(expression: Expression) -> Symbolic:
    """The same formula for SymPy; its names are real symbols, and its whole numbers are exact.

    >>> from pikan.expression.parse import parse
    >>> to_sympy(parse("x*sin(pi/2) + cosh(0)"))
    x + 1
    """
    import sympy

    match expression:
        case Number(value):
            return sympy.Integer(int(value)) if value.is_integer() else sympy.Float(repr(value))
        case Name("pi"):
            return sympy.pi
        case Name("e"):
            return sympy.E
        case Name(name):
            return sympy.Symbol(name, real=True)
        case Negative(operand):
            return -to_sympy(operand)
        case Operation(symbol, left, right):
            return ARITHMETIC[symbol](to_sympy(left), to_sympy(right))
        case Call(function, arguments):
            return _call(function, [to_sympy(argument) for argument in arguments])


def _call(function: str, arguments: list[Symbolic]) -> Symbolic:
    import sympy

    match function:
        case "bessel_j0":
            return sympy.besselj(0, *arguments)
        case "bessel_j1":
            return sympy.besselj(1, *arguments)
        case "step":
            # SymPy's own types allow no value at 0 but 1/2; its documentation allows any.
            return sympy.Heaviside(arguments[0], 1)  # pyright: ignore[reportArgumentType]
        case "laplacian":
            return sympy.Function("laplacian")(*arguments)
        case _:
            return getattr(sympy, SYMPY_WORDS.get(function, function))(*arguments)
