"""The exponents with which a real power c (a x + b)^p + d comes nearest to a function.

Place and exponent are found by damped Gauss-Newton steps, c and d follow in closed form (variable
projection); then exponents that can be written down near it are named.
"""

from fractions import Fraction

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares
from torch import Tensor

from pikan.network.elementary import ELEMENTARY
from pikan.network.symbolic_functions import power_name

# Where to begin: exponents, and how far the end of the domain is from the interval. How many of
# these are followed, and how far.
_EXPONENTS = (-2.5, -1.5, -0.7, -0.3, 0.3, 0.7, 1.3, 1.7, 2.5, 3.5)
_GAPS, _FOLLOWED, _STEPS = (1e-3, 0.03, 0.3, 2.0), 2, 40

# Denominators that exponents are written with, and the largest of them.
_DENOMINATORS, _LARGEST = (3, 4, 5, 6, 10, 100), 9.0


def real_powers(
    u: Float[Tensor, " n"], v: Float[Tensor, " n"], weight: Float[Tensor, " n"]
) -> list[str]:
    """The names of powers near to the values v, for u from -1 to 1; none that the library has."""
    x, y, size = u.numpy(), v.numpy(), np.sqrt(weight.numpy())
    best, least = None, np.inf
    for sign in (1.0, -1.0):

        def residual(
            unknown: Float[np.ndarray, " 2"], turned: Float[np.ndarray, " n"] = sign * x
        ) -> Float[np.ndarray, " n"]:
            return _residual(unknown, turned, y, size)

        starts = [np.array([np.log(gap), p]) for gap in _GAPS for p in _EXPONENTS]
        ranked = sorted(starts, key=lambda start: float(np.square(residual(start)).sum()))
        for start in ranked[:_FOLLOWED]:
            run = least_squares(residual, start, max_nfev=_STEPS, xtol=1e-12, ftol=1e-12)
            if run.cost < least:
                best, least = float(run.x[1]), float(run.cost)
    if best is None or abs(best) > _LARGEST:
        return []
    near = {Fraction(round(best * bottom), bottom) for bottom in _DENOMINATORS}
    names = (power_name(p) for p in sorted(near, key=lambda p: (p.denominator, p)) if p)
    return [name for name in names if name not in ELEMENTARY]


def _residual(
    unknown: Float[np.ndarray, " 2"],
    turned: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " n"],
    size: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """What is left of the values with the best c and d, weighed."""
    gap, p = np.clip(unknown, [-30.0, -20.0], [5.0, 20.0])
    power = (1.0 + np.exp(gap) + turned) ** p
    share = size**2 / (size @ size)
    power, level = power - share @ power, y - share @ y
    square = share @ power**2
    if not np.isfinite(square) or square < 1e-28:
        return size * level
    return size * (level - (share @ (power * level)) / square * power)
