"""A tree evaluated on arrays: of NumPy or of torch, whichever library is handed in."""

import math
import operator
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from pikan.expression.bessel import bessel
from pikan.expression.error import FormulaError
from pikan.expression.functions import CONSTANTS
from pikan.expression.tree import Call, Expression, Name, Negative, Number, Operation, text

Array = TypeVar("Array")
# A value is a float or an array of a library known only at run time: no static type says that.
Value = Any


def evaluate(
    expression: Expression, values: Mapping[str, Array | float], library: ModuleType
) -> Array | float:
    """The formula's value at every point; a float where no array takes part in it.

    `library` is the module `numpy` or `torch`. `values` come before the constants `pi` and `e`.
    Values that are not finite come back as such, without a warning. FormulaError for a name
    without a value.

    >>> evaluate(Operation("*", Number(2.0), Name("x")), {"x": np.array([1.0, 3.0])}, np)
    array([2., 6.])
    """
    with np.errstate(all="ignore"):
        return _evaluate(expression, {**CONSTANTS, **values}, library)


def evaluate_on(
    expression: Expression, values: Mapping[str, np.ndarray | float], shape: int | tuple[int, ...]
) -> Float[np.ndarray, "*_"]:
    """The formula's values as an array of a shape, whether an array takes part in it or not.

    >>> evaluate_on(Number(2.0), {}, 3)
    array([2., 2., 2.])
    """
    found = np.asarray(evaluate(expression, values, np), dtype=np.float64)
    return np.broadcast_to(found, shape).copy()


def value(expression: Expression, constants: Mapping[str, float]) -> float:
    """The one number that a formula of constants stands for; FormulaError if it is not finite.

    >>> value(Operation("/", Number(1.0), Name("n")), {"n": 4.0})
    0.25
    """
    number = float(evaluate(expression, constants, np))
    if not math.isfinite(number):
        raise FormulaError(f"{text(expression)!r} has the value {number}; it needs a finite one")
    return number


def _evaluate(expression: Expression, values: Mapping[str, Value], library: ModuleType) -> Value:
    match expression:
        case Number(number):
            return number
        case Name(name):
            if name not in values:
                known = ", ".join(sorted(values))
                raise FormulaError(f"the name {name!r} has no value; known are {known}")
            return values[name]
        case Negative(operand):
            return -_evaluate(operand, values, library)
        case Operation(symbol, left, right):
            first, second = _evaluate(left, values, library), _evaluate(right, values, library)
            if _scalar(first) and _scalar(second):
                return float(ARITHMETIC[symbol](np.float64(first), np.float64(second)))
            return ARITHMETIC[symbol](first, second)
        case Call(function, arguments):
            return _call(
                function, [_evaluate(each, values, library) for each in arguments], library
            )


def _call(function: str, arguments: list[Value], library: ModuleType) -> Value:
    if function not in IMPLEMENTATIONS:
        raise FormulaError(f"'{function}' has no value of its own; it needs to be expanded first")
    if all(_scalar(argument) for argument in arguments):
        return float(IMPLEMENTATIONS[function](np, *(np.float64(each) for each in arguments)))
    return IMPLEMENTATIONS[function](library, *arguments)


def _scalar(operand: Value) -> bool:
    return isinstance(operand, int | float)


def _power(base: Value, exponent: Value) -> Value:
    # Both libraries multiply out a small whole power, and are slow and less exact on a float one.
    whole = isinstance(exponent, float) and exponent.is_integer() and not _scalar(base)
    return base ** (int(exponent) if whole else exponent)


ARITHMETIC: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": _power,
}


def _library_function(name: str) -> Callable[[ModuleType, Value], Value]:
    return lambda library, argument: getattr(library, name)(argument)


def _special(name: str) -> Callable[[ModuleType, Value], Value]:
    def function(library: ModuleType, argument: Value) -> Value:
        if library is np:
            import scipy.special  # slow to import, and few formulas need it

            return getattr(scipy.special, name)(argument)
        return getattr(library.special, name)(argument)

    return function


def _sech(library: ModuleType, argument: Value) -> Value:
    # 1/cosh would overflow on the way for large arguments.
    decay = library.exp(-library.abs(argument))
    return 2.0 * decay / (1.0 + decay * decay)


def _select(library: ModuleType, left: Value, right: Value, below: Value, other: Value) -> Value:
    if _scalar(left) and _scalar(right):
        return below if left < right else other
    # Of two numbers torch would make single precision.
    return library.where(left < right, below + library.zeros_like(left - right), other)


def _scale(library: ModuleType, weight: Value, factor: Value) -> Value:
    found = weight * factor
    nothing = library.zeros_like(found)
    return library.where(weight + nothing == 0, nothing, found)


def _power_log(library: ModuleType, base: Value, exponent: Value, count: Value) -> Value:
    found = _power(base, exponent) * _call("log", [base], library) ** int(count)
    return library.where((base == 0) & (exponent > 0), library.zeros_like(found), found)


IMPLEMENTATIONS: Mapping[str, Callable[..., Value]] = {
    "sin": _library_function("sin"),
    "cos": _library_function("cos"),
    "tan": _library_function("tan"),
    "asin": _library_function("arcsin"),
    "acos": _library_function("arccos"),
    "atan": _library_function("arctan"),
    "sinh": _library_function("sinh"),
    "cosh": _library_function("cosh"),
    "tanh": _library_function("tanh"),
    "sech": _sech,
    "exp": _library_function("exp"),
    "log": _library_function("log"),
    "sqrt": _library_function("sqrt"),
    "abs": _library_function("abs"),
    "sign": _library_function("sign"),
    "erf": _special("erf"),
    "erfc": _special("erfc"),
    "bessel_j0": lambda library, x: bessel(0, x, library),
    "bessel_j1": lambda library, x: bessel(1, x, library),
    "step": lambda library, x: library.where(x >= 0, library.ones_like(x), library.zeros_like(x)),
    "minimum": lambda library, a, b: library.where(a < b, a, b),
    "maximum": lambda library, a, b: library.where(a > b, a, b),
    "bessel_j": lambda library, order, x: bessel(int(order), x, library),
    "power_log": _power_log,
    "scaled": _scale,
    "select": _select,
}
