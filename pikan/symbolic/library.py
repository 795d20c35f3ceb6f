"""The functions that formulas are looked for among: how complex, where to begin, one form for all.

A formula c f(a x + b) + d is looked for where x runs from -1 to 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import copysign, exp, log, pi, remainder
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np
import torch
from jaxtyping import Float

from pikan.network.activation import Activation
from pikan.network.symbolic_functions import activation, exponent, own_function, own_names

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic: TypeAlias = Any

Starts: TypeAlias = Float[np.ndarray, "_ 2"]
"""Pairs of a and b to begin with."""


class Numbers(NamedTuple):
    """The numbers of a formula c f(a x + b) + d."""

    a: float
    b: float
    c: float
    d: float


@final
@dataclass(frozen=True)
class LibraryFunction:
    """A function: how complex it is, where to begin, and which of equal numbers are its own.

    Complexities are pykan's. `symbolic` gives the function of a SymPy expression.
    """

    complexity: int
    starts: Callable[[], Starts]
    canonical: Callable[[Numbers], Numbers]
    symbolic: Callable[[Symbolic], Symbolic]


def _flat() -> Starts:
    return np.array([[1.0, 0.0]])


def _shifts() -> Starts:
    """Vertices in, beside and far from the interval."""
    far = np.array([1.3, 1.7, 2.5, 4.0, 8.0])
    return _pairs([1.0], np.concatenate([np.linspace(-1, 1, 17), far, -far]))


def _outer() -> Starts:
    """Poles and ends of the domain on either side of the interval."""
    gaps = 1 + np.geomspace(1e-3, 20, 24)
    return np.concatenate([_pairs([1.0], gaps), _pairs([-1.0], gaps)])


def _rates() -> Starts:
    rates = np.geomspace(0.03, 30, 30)
    return _pairs(np.concatenate([rates, -rates]), [0.0])


def _kinks() -> Starts:
    return _pairs([1.0], np.linspace(-0.98, 0.98, 50))


def _waves() -> Starts:
    """A quarter of what two frequencies have to differ by to be told apart on the interval."""
    return _pairs(np.arange(0.1, 50, 0.4), np.arange(6) * pi / 6)


def _ripples() -> Starts:
    """Frequencies as for waves, about the middle and beside it."""
    return _pairs(np.arange(0.1, 50, 0.4), [0.0, -3.0, 3.0])


def _steps() -> Starts:
    """Widths, and places in and beside the interval."""
    widths, places = np.geomspace(0.15, 30, 18), np.linspace(-2.0, 2.0, 25)
    return np.array([(a, -a * place) for a in widths for place in places])


def _anywhere() -> Starts:
    """All scales and places, and waves, for functions of which nothing is known."""
    steps = _steps()
    return np.concatenate([steps, -steps, _ripples()])


def _inside(end: float) -> Starts:
    """All of the interval between -end and end."""
    shares, sides = np.linspace(0.1, 0.98, 12), np.linspace(-0.98, 0.98, 9)
    return end * np.array([(a, (1 - a) * side) for a in shares for side in sides])


def _pairs(a: Sequence[float] | Float[np.ndarray, " _"], b: object) -> Starts:
    return np.stack([each.ravel() for each in np.meshgrid(a, np.asarray(b))], axis=1)


def _straight(numbers: Numbers) -> Numbers:
    a, b, c, d = numbers
    return Numbers(1.0, 0.0, c * a, c * b + d)


def _of_degree(degree: float, numbers: Numbers) -> Numbers:
    """One or minus one for a, by c f(a x + b) = c |a|^p f((a x + b)/|a|)."""
    a, b, c, d = numbers
    if a == 0.0:
        return numbers
    sign = copysign(1.0, a)
    if degree == int(degree):
        return Numbers(1.0, b / a, c * a**degree, d)
    return Numbers(sign, b / abs(a), c * abs(a) ** degree, d)


def _of_size(even: bool, numbers: Numbers) -> Numbers:
    """One for a, or minus one unless the function is even, by f(a x + b) = |a| f((a x + b)/|a|)."""
    a, b, c, d = numbers
    if a == 0.0:
        return numbers
    if even:
        return Numbers(1.0, b / a, c * abs(a), d)
    return Numbers(copysign(1.0, a), b / abs(a), c * abs(a), d)


def _of_step(numbers: Numbers) -> Numbers:
    """One for a, by step(a x + b) = step(x + b/a), or one minus that where a is negative."""
    a, b, c, d = numbers
    if a == 0.0:
        return numbers
    return Numbers(1.0, b / a, c, d) if a > 0 else Numbers(1.0, b / a, -c, d + c)


def _of_exp(numbers: Numbers) -> Numbers:
    a, b, c, d = numbers
    return Numbers(a, 0.0, c * exp(b), d) if abs(b) < 100 else numbers


def _of_log(numbers: Numbers) -> Numbers:
    a, b, c, d = numbers
    if a == 0.0:
        return numbers
    return Numbers(copysign(1.0, a), b / abs(a), c, d + c * log(abs(a)))


def _of_odd(numbers: Numbers) -> Numbers:
    a, b, c, d = numbers
    return numbers if a >= 0 else Numbers(-a, -b, -c, d)


def _of_even(numbers: Numbers) -> Numbers:
    a, b, c, d = numbers
    return numbers if a >= 0 else Numbers(-a, -b, c, d)


def _of_wave(even: bool, numbers: Numbers) -> Numbers:
    """No negative frequency, and a phase from -pi/2 to pi/2."""
    a, b, c, d = _of_even(numbers) if even else _of_odd(numbers)
    phase = remainder(b, 2 * pi)
    if abs(phase) > pi / 2 + 1e-9:
        return Numbers(a, phase - copysign(pi, phase), -c, d)
    return Numbers(a, phase, c, d)


def _of_tan(numbers: Numbers) -> Numbers:
    a, b, c, d = _of_odd(numbers)
    return Numbers(a, remainder(b, pi), c, d)


def _same(numbers: Numbers) -> Numbers:
    return numbers


def _sympy_function(name: str, *arguments: Symbolic) -> Symbolic:
    import sympy

    return getattr(sympy, name)(*arguments)


def _rational_power(top: int, bottom: int, argument: Symbolic) -> Symbolic:
    from sympy import Rational

    return argument ** Rational(top, bottom)


def _composition(outer: str, inner: str, factor: int, term: int, argument: Symbolic) -> Symbolic:
    """The function f(factor g(x) + term) for two functions of the library."""
    within = factor * LIBRARY[inner].symbolic(argument) + term
    return LIBRARY[outer].symbolic(within)


def _numerical(name: str, argument: Symbolic) -> Symbolic:
    return _numerical_function(name, activation(name), 0)(argument)


@cache
def _numerical_function(name: str, function: Activation, order: int) -> Symbolic:
    """A function that SymPy knows by its values alone, and its derivative likewise."""
    from sympy.core.function import UndefinedFunction

    def values(x: Symbolic) -> float | Float[np.ndarray, "*n"]:
        inside = torch.from_numpy(np.array(x, dtype=np.float64))
        found = function(inside, order)[order].numpy()
        return found if found.ndim else float(found)

    def fdiff(applied: Symbolic, _: int = 1) -> Symbolic:
        return _numerical_function(name, function, order + 1)(applied.args[0])

    own = name if order == 0 else f"{name}_derivative_{order}"
    return UndefinedFunction(own, _imp_=staticmethod(values), fdiff=fdiff)


def _decaying(outer: str, factor: int, term: int, argument: Symbolic) -> Symbolic:
    return _composition(outer, "exp", factor, term, -argument)


def _rises() -> Starts:
    """Exponentials of all rates that are of the size of one somewhere beside the interval."""
    rates, ends = np.geomspace(0.2, 8, 9), np.linspace(-3, 3, 13)
    return np.concatenate([_pairs(rates, ends), _pairs(-rates, ends)])


def _decays() -> Starts:
    """Exponentials of all rates that stay below one on the interval."""
    gaps = np.geomspace(1e-3, 3, 10)
    return np.array(
        [(s * a, a + gap) for a in np.geomspace(0.1, 8, 12) for gap in gaps for s in _SIGNS]
    )


def _two_outer() -> Starts:
    """Two poles or ends of the domain on one side of the interval."""
    gaps = np.geomspace(1e-2, 5, 12)
    return np.array(
        [(s * a, a * (1 + gap)) for a in np.geomspace(0.1, 10, 12) for gap in gaps for s in _SIGNS]
    )


def _of_two(
    outer: str, inner: str, starts: Callable[[], Starts], even: bool, term: int, factor: int = 1
) -> LibraryFunction:
    canonical = _of_even if even else _same
    return LibraryFunction(5, starts, canonical, partial(_composition, outer, inner, factor, term))


def _power(
    complexity: int, starts: Callable[[], Starts], top: int, bottom: int = 1
) -> LibraryFunction:
    return LibraryFunction(
        complexity, starts, partial(_of_degree, top / bottom), partial(_rational_power, top, bottom)
    )


def _word(
    complexity: int,
    starts: Callable[[], Starts],
    canonical: Callable[[Numbers], Numbers],
    name: str,
) -> LibraryFunction:
    return LibraryFunction(complexity, starts, canonical, partial(_sympy_function, name))


_SIGNS = (1.0, -1.0)

# Denominators of exponents that are simple.
_SIMPLE, _TENTHS = 6, 10

_tangents, _units = partial(_inside, pi / 2), partial(_inside, 1.0)
_arches = partial(_inside, pi)

COMPOSED: Mapping[str, LibraryFunction] = {
    "log(1+1/x)": _of_two("log", "1/x", _two_outer, False, 1),
    "log(1+x^2)": _of_two("log", "x^2", _steps, True, 1),
    "log(1-x^2)": _of_two("log", "x^2", _units, True, 1, -1),
    "log(cos)": _of_two("log", "cos", _tangents, True, 0),
    "log(cosh)": _of_two("log", "cosh", _steps, True, 0),
    "log(1+exp)": _of_two("log", "exp", _rises, False, 1),
    "log(1-exp(-x))": LibraryFunction(5, _decays, _same, partial(_decaying, "log", -1, 1)),
    "sqrt(1+exp)": _of_two("sqrt", "exp", _rises, False, 1),
    "sqrt(1+x^2)": _of_two("sqrt", "x^2", _steps, True, 1),
    "sqrt(1-x^2)": _of_two("sqrt", "x^2", _units, True, 1, -1),
    "arcsin(exp(-x))": LibraryFunction(5, _decays, _same, partial(_decaying, "arcsin", 1, 0)),
    "sin(exp)": _of_two("sin", "exp", _rises, False, 0),
    "exp(-exp)": _of_two("exp", "exp", _rises, False, 0, -1),
    "log(sinc)": LibraryFunction(
        5, _arches, _of_even, lambda x: _sympy_function("log", _sympy_function("sin", x) / x)
    ),
}
"""Functions of functions, as sums of logarithms in place of products make them."""

LIBRARY: Mapping[str, LibraryFunction] = {
    "0": LibraryFunction(0, _flat, lambda given: Numbers(1.0, 0.0, 0.0, given.d), lambda x: 0 * x),
    "x": LibraryFunction(1, _flat, _straight, partial(_rational_power, 1, 1)),
    "x^2": _power(2, _shifts, 2),
    "x^3": _power(3, _shifts, 3),
    "x^4": _power(3, _shifts, 4),
    "x^5": _power(3, _shifts, 5),
    "1/x": _power(2, _outer, -1),
    "1/x^2": _power(2, _outer, -2),
    "1/x^3": _power(3, _outer, -3),
    "sqrt": _power(2, _outer, 1, 2),
    "1/sqrt(x)": _power(2, _outer, -1, 2),
    "x^1.5": _power(4, _outer, 3, 2),
    "exp": _word(2, _rates, _of_exp, "exp"),
    "log": _word(2, _outer, _of_log, "log"),
    "abs": _word(3, _kinks, partial(_of_size, True), "Abs"),
    "sin": _word(2, _waves, partial(_of_wave, False), "sin"),
    "cos": _word(2, _waves, partial(_of_wave, True), "cos"),
    "tan": _word(3, _tangents, _of_tan, "tan"),
    "tanh": _word(3, _steps, _of_odd, "tanh"),
    "gaussian": LibraryFunction(3, _steps, _of_even, lambda x: _sympy_function("exp", -(x**2))),
    "arcsin": _word(4, _units, _of_odd, "asin"),
    "arccos": _word(4, _units, _same, "acos"),
    "arctan": _word(4, _steps, _of_odd, "atan"),
    "arctanh": _word(4, _units, _of_odd, "atanh"),
    "sinh": _word(3, _steps, _of_odd, "sinh"),
    "cosh": _word(3, _steps, _of_even, "cosh"),
    "1/(1+x^2)": LibraryFunction(4, _steps, _of_even, partial(_composition, "1/x", "x^2", 1, 1)),
    "x*log(x)": LibraryFunction(4, _outer, _same, lambda x: x * _sympy_function("log", x)),
    "relu": LibraryFunction(
        3,
        lambda: np.concatenate([_kinks(), -_kinks()]),
        partial(_of_size, False),
        partial(_sympy_function, "Max", 0),
    ),
    "step": LibraryFunction(2, _flat, _of_step, partial(_numerical, "step")),
    "bessel_j0": LibraryFunction(4, _ripples, _of_even, partial(_sympy_function, "besselj", 0)),
    **COMPOSED,
}
"""The functions by the names that `ELEMENTARY` has for them."""

STEP = "step"
"""The step, whose place no descent finds."""

REAL_POWER = "x^p"
"""The name that stands for all real powers in a search: x^0.7, x^(1/3), ..."""


def library_function(name: str) -> LibraryFunction:
    """The function of this name, one of the library, a real power or one of the user's own."""
    power = exponent(name)
    if power is not None:
        simple = power.denominator <= _SIMPLE or power.denominator == _TENTHS
        return _power(5 if simple else 6, _outer, power.numerator, power.denominator)
    own = own_function(name)
    if own is None:
        return LIBRARY[name]
    return LibraryFunction(own.complexity, _anywhere, _same, partial(_numerical, name))


def usual_names() -> tuple[str, ...]:
    """The functions that are looked for where nothing else is said."""
    return (*USUAL, REAL_POWER, *own_names())


# The arccosine is an arcsine turned round, a constant is what is left where nothing else is, and
# the Bessel function costs as much as all the others.
USUAL = tuple(name for name in LIBRARY if name not in ("0", "arccos", "bessel_j0"))
