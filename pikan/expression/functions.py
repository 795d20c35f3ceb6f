"""The words that every formula knows: functions with their number of arguments, and constants."""

import math
from collections.abc import Mapping

FUNCTIONS: Mapping[str, int] = {
    "sin": 1,
    "cos": 1,
    "tan": 1,
    "asin": 1,
    "acos": 1,
    "atan": 1,
    "sinh": 1,
    "cosh": 1,
    "tanh": 1,
    "sech": 1,
    "exp": 1,
    "log": 1,
    "sqrt": 1,
    "abs": 1,
    "sign": 1,
    "erf": 1,
    "erfc": 1,
    "bessel_j0": 1,
    "bessel_j1": 1,
    "step": 1,
    "minimum": 2,
    "maximum": 2,
}

# What jumps, and what has a kink, where its argument is zero, or its two are equal.
JUMPS = frozenset({"step", "sign"})
KINKS = frozenset({"abs", "sqrt", "minimum", "maximum"})

# Written out in partial derivatives before anything is evaluated.
OPERATORS: Mapping[str, int] = {"laplacian": 1, "div": 1, "grad": 1}

# All that stands before parentheses in a file, with its number of arguments.
CALLABLE: Mapping[str, int] = {**FUNCTIONS, **OPERATORS}

# What derivatives hold besides; no formula of a problem file can name these.
OF_DERIVATIVES: Mapping[str, int] = {"bessel_j": 2, "power_log": 3, "scaled": 2, "select": 4}

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e}
