"""Refit of the constants of an expression, recognized where the fit allows it.

A number is known to how far it can move, the others following, before the expression moves by
what it leaves of the values.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pikan.linalg.dense import damped_least_squares, svd
from pikan.symbolic.constants import recognize

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

# Steps of a fit, and how far a number may be from a recognized one, in lengths it is known to.
_STEPS, _NEAR = 60, 3.0

# What is left may grow by this factor for each number that is recognized.
_WORSE = 1.3

# What is left of the values at least, relative to them: rounding.
_ROUNDING = 1e-14


class ConstantSamples(NamedTuple):
    """Where expressions are to have which values, a column for each of them."""

    symbols: tuple[Symbolic, ...]
    inputs: Float[np.ndarray, "n d"]
    values: Float[np.ndarray, "n m"]

    def column(self, number: int) -> "ConstantSamples":
        """The points with the values of one expression."""
        return self._replace(values=self.values[:, number : number + 1])


class ConstantFit(NamedTuple):
    """An expression without its numbers, these, how far each is known, and the rest's size."""

    bare: Symbolic
    unknowns: tuple[Symbolic, ...]
    numbers: Float[np.ndarray, " _"]
    known_to: Float[np.ndarray, " _"]
    left: float

    def whole(self) -> Symbolic:
        """The expression with its numbers."""
        import sympy

        pairs = zip(self.unknowns, self.numbers.tolist(), strict=True)
        return self.bare.xreplace({unknown: sympy.Float(number) for unknown, number in pairs})


def refit_constants(
    expression: Symbolic, points: ConstantSamples, constants: bool = True
) -> Symbolic:
    """The expression with its decimal numbers refit, and recognized if `constants` are wanted.

    `points` have a single column of values.
    """
    import sympy

    fit = fit_constants(expression, points)
    if not constants:
        return fit.whole()
    floor = _ROUNDING * float(np.sqrt(np.mean(points.values**2)))
    refused: set[Symbolic] = set()
    while waiting := [k for k, name in enumerate(fit.unknowns) if name not in refused]:
        # The best known number first: the others are known better once it is exact.
        sizes = np.abs(fit.numbers[waiting]) + 1e-300
        place = waiting[int(np.argmin(fit.known_to[waiting] / sizes))]
        refused.add(fit.unknowns[place])
        value = float(fit.numbers[place])
        coarser = max(1.0, floor / max(fit.left, 1e-300))
        tolerance = _NEAR * coarser * float(fit.known_to[place]) + 1e-11 * abs(value)
        exact = recognize(value, tolerance) if np.isfinite(tolerance) else None
        if exact is None:
            continue
        bare = fit.bare.xreplace({fit.unknowns[place]: exact})
        kept = [k for k in range(len(fit.unknowns)) if fit.unknowns[k] in bare.free_symbols]
        kept = [k for k in kept if k != place]
        unknowns = tuple(fit.unknowns[k] for k in kept)
        shorter = ConstantFit(bare, unknowns, fit.numbers[kept], fit.known_to[kept], fit.left)
        # A zero may stand where something is divided by it.
        if shorter.bare.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
            continue
        tried = refit(shorter, points)
        if tried.left <= _WORSE * max(fit.left, floor):
            fit, refused = tried, set[Symbolic]()
    return fit.whole()


def fit_constants(expression: Symbolic, points: ConstantSamples) -> ConstantFit:
    """The expression with its decimal numbers taken out and fitted."""
    import sympy

    numbers = sorted(expression.atoms(sympy.Float), key=float)
    unknowns = tuple(sympy.Dummy(f"p{k}", real=True) for k in range(len(numbers)))
    bare = expression.xreplace(dict(zip(numbers, unknowns, strict=True)))
    values = np.array([float(number) for number in numbers])
    return refit(ConstantFit(bare, unknowns, values, np.zeros_like(values), np.inf), points)


def refit(fit: ConstantFit, points: ConstantSamples) -> ConstantFit:
    """The numbers after damped Gauss-Newton steps from where they are."""
    at = _linearize(fit, points)
    numbers, damping = fit.numbers.copy(), 1e-6
    residual, matrix = at(numbers)
    left = _size(residual)
    for _ in range(_STEPS if len(numbers) else 0):
        if not np.isfinite(matrix).all():
            break
        lengths = np.linalg.norm(matrix, axis=0) + 1e-300
        scaled, right = torch.from_numpy(matrix / lengths), torch.from_numpy(residual)
        tried = numbers - damped_least_squares(scaled, right, damping).numpy() / lengths
        ahead, slopes = at(tried)
        size = _size(ahead)
        if size < left:
            slow = size > 0.999 * left
            numbers, residual, matrix, left, damping = tried, ahead, slopes, size, damping / 10
            if slow:
                break
        elif damping > 1e3:
            break
        else:
            damping *= 100
    return ConstantFit(fit.bare, fit.unknowns, numbers, _known_to(matrix, numbers, left), left)


_Linearized = Callable[
    [Float[np.ndarray, " p"]], tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n p"]]
]


def values_at(
    expression: Symbolic, symbols: Sequence[Symbolic], inputs: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    """What an expression gives at points; not a number where it is not real."""
    import sympy

    function = sympy.lambdify(tuple(symbols), expression, ["scipy", "numpy"], dummify=True)
    with np.errstate(all="ignore"):
        return _real(function(*inputs.T), len(inputs))


def _linearize(fit: ConstantFit, points: ConstantSamples) -> _Linearized:
    """What the expression leaves of the values with some numbers, and its derivatives by them."""
    import sympy

    names = (*points.symbols, *fit.unknowns)
    wanted = [fit.bare, *(sympy.diff(fit.bare, unknown) for unknown in fit.unknowns)]
    function = sympy.lambdify(names, wanted, ["scipy", "numpy"], cse=True, dummify=True)
    count = len(points.inputs)

    def at(
        numbers: Float[np.ndarray, " p"],
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n p"]]:
        with np.errstate(all="ignore"):
            found = [_real(each, count) for each in function(*points.inputs.T, *numbers)]
        slopes = np.stack(found[1:], axis=1) if len(numbers) else np.empty((count, 0))
        return found[0] - points.values[:, 0], slopes

    return at


def _real(values: object, count: int) -> Float[np.ndarray, " n"]:
    """So many numbers; not a number where one is not real."""
    found = np.asarray(values)
    real = np.where(np.abs(np.imag(found)) > 0, np.nan, np.real(found))
    return np.broadcast_to(real.astype(np.float64), (count,))


def _size(residual: Float[np.ndarray, " n"]) -> float:
    """The root of the mean square; infinite where something is not a number."""
    with np.errstate(all="ignore"):
        size = float(np.sqrt(np.mean(residual**2)))
    return size if np.isfinite(size) else np.inf


def _known_to(
    matrix: Float[np.ndarray, "n p"], numbers: Float[np.ndarray, " p"], left: float
) -> Float[np.ndarray, " p"]:
    """How far each number can move, the others following, for the expression to move by `left`."""
    if not len(numbers) or not np.isfinite(left):
        return np.full_like(numbers, np.inf)
    if not np.isfinite(matrix).all():
        return np.full_like(numbers, np.inf)
    lengths = np.linalg.norm(matrix, axis=0) + 1e-300
    _, sizes, right = (part.numpy() for part in svd(torch.from_numpy(matrix / lengths)))
    inverse = (right.T / np.maximum(sizes, 1e-14)) / lengths[:, None]
    return np.linalg.norm(inverse, axis=1) * max(left, 1e-300) * np.sqrt(len(matrix))
