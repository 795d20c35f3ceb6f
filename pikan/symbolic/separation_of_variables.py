"""Separation of variables: a short sum of products of known functions of one coordinate.

Along one coordinate a sum of r products is, whatever the others are, a combination of r
functions; a singular value decomposition of the function on parallel lines gives the space of
these. Where it has one dimension its function is looked for as c f(a x + b) + d, otherwise
as many known functions are looked for as lie in the space. What remains are the coefficients of
all products, which follow by least squares.
"""

from collections.abc import Callable
from functools import reduce
from itertools import product
from math import inf
from operator import mul
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import Polynomial
from scipy.optimize import minimize

from pikan.linalg.dense import column_lengths, least_squares, scaled_least_squares, svd
from pikan.network.elementary import ELEMENTARY
from pikan.symbolic.candidates import candidates
from pikan.symbolic.exponentials import Exponential, exponentials, shift_space
from pikan.symbolic.library import LIBRARY, USUAL, Numbers, Starts, library_function
from pikan.symbolic.refit import values_at

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

OfPoints = Callable[[Float[np.ndarray, "n d"]], Float[np.ndarray, " n"]]

# Points on a line, parallel lines, points for the coefficients, functions of one coordinate, and
# the highest degree of polynomials that stand for one.
_POINTS, _LINES, _SCATTERED, _MOST, _HIGHEST = 160, 24, 1500, 4, 8

# Exponentials in a sum, of which a wave has two: few before polynomials are tried, and many.
_FEW, _MANY = 2, 6

# What of a function may be out of a space after a scan for it to be looked at more closely, and
# how closely.
_HOPEFUL, _CLOSELY = 0.5, 250

# Functions in the order in which they are looked for in a space of several.
_IN_SPACES = ("x", "x^2", "x^3", "exp", "sin", "cos", "tanh", "gaussian", "1/x", "sqrt", "log")

_SIMPLE = 0.8


class SampledBox(NamedTuple):
    """A box, its coordinates as symbols, and how far functions are known, relative to them."""

    lower: Float[np.ndarray, " d"]
    upper: Float[np.ndarray, " d"]
    symbols: tuple[Symbolic, ...]
    noise: float

    def random_points(self, count: int, seed: int) -> Float[np.ndarray, "n d"]:
        """Random points in the box."""
        shares = np.random.default_rng(seed).random((count, len(self.lower)))
        return self.lower + (self.upper - self.lower) * shares


def separate_variables(function: OfPoints, place: SampledBox) -> Symbolic | None:
    """The function as an expression with decimal numbers; None where it is no such sum."""
    import sympy

    axes: list[list[Symbolic]] = []
    for axis, symbol in enumerate(place.symbols):
        found = _functions(function, place, axis, symbol)
        if found is None:
            return None
        axes.append(found)
    terms = [reduce(mul, factors) for factors in product(*axes)]
    points = place.random_points(_SCATTERED, seed=2)
    values = function(points)
    matrix = np.stack([values_at(term, place.symbols, points) for term in terms], axis=1)
    columns = torch.from_numpy(matrix)
    cutoff = len(points) * np.finfo(float).eps
    coefficients = scaled_least_squares(columns, torch.from_numpy(values), cutoff).solution.numpy()
    # A product that moves the sum by no more than is known of it is none.
    moved = np.abs(coefficients) * column_lengths(columns).numpy()
    counts = moved > 10 * place.noise * np.linalg.norm(values)
    pairs = zip(terms, coefficients, counts, strict=True)
    found = sympy.Add(*(sympy.Float(c) * term for term, c, kept in pairs if kept))
    # Factors of polynomials would have one number too many.
    return sympy.expand_mul(found)


def _functions(
    function: OfPoints, place: SampledBox, axis: int, symbol: Symbolic
) -> list[Symbolic] | None:
    """Functions of one coordinate that those on all lines along it are combinations of."""
    import sympy

    t = np.linspace(place.lower[axis], place.upper[axis], _POINTS)
    lines = np.repeat(place.random_points(_LINES, seed=1)[:, None], _POINTS, axis=1)
    lines[:, :, axis] = t
    values = function(lines.reshape(-1, lines.shape[2])).reshape(_LINES, _POINTS).T
    space, sizes, _ = (part.numpy() for part in svd(torch.from_numpy(values)))
    rank = int(np.count_nonzero(sizes > 10 * place.noise * sizes[0]))
    if rank == 0:
        return [sympy.Integer(1)]
    if rank > _MOST:
        return None
    if rank == 1:
        return _single(t, space[:, 0], place.noise, symbol)
    return _several(t, space[:, :rank], place.noise, symbol)


def _single(
    t: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], noise: float, symbol: Symbolic
) -> list[Symbolic] | None:
    """One function that is a formula, up to a factor."""
    import sympy

    if float(values.std()) <= 10 * noise * float(np.abs(values).max()):
        return [sympy.Integer(1)]
    # The lines along other coordinates weigh what is left of this one.
    found = candidates(torch.from_numpy(t.copy()), torch.from_numpy(values.copy()), USUAL)
    best = min(found, key=lambda each: each.score(_SIMPLE, noise**2))
    if best.left > (30 * noise) ** 2:
        # The fewer numbers the better: two for a wave, nine for the highest polynomial.
        return (
            _waves(t, values[:, None], noise, _FEW, symbol)
            or _polynomial(t, values, noise, symbol)
            or _waves(t, values[:, None], noise, _MANY, symbol)
        )
    (a, b, c, d), spread = best.numbers, float(values.std())
    shift = _number(d / c if abs(d) > 10 * noise * spread else 0.0)
    if best.name == "x":
        return [symbol + shift]
    argument = _number(a) * symbol + _number(b if abs(b) > 10 * noise else 0.0)
    return [library_function(best.name).symbolic(argument) + shift]


def _waves(
    t: Float[np.ndarray, " n"],
    values: Float[np.ndarray, "n _"],
    noise: float,
    most: int,
    symbol: Symbolic,
) -> list[Symbolic] | None:
    """The exponentials and damped waves that functions are sums of, `most` at most, if they are."""
    space = shift_space(values, noise, most)
    found = [] if space is None else exponentials(t[1] - t[0], space)
    if not found:
        return None
    columns = np.stack([column for each in found for column in each.values(t)], axis=1)
    if not np.isfinite(columns).all():
        return None
    lengths = np.linalg.norm(columns, axis=0)
    scaled, wanted = torch.from_numpy(columns / lengths), torch.from_numpy(values.copy())
    left = (scaled @ least_squares(scaled, wanted, 1e-14) - wanted).numpy()
    if float(np.abs(left).max()) > 100 * noise * float(np.abs(values).max()):
        return None
    tolerance = 1e4 * noise / (t[-1] - t[0])
    return [term for each in found for term in _wave(each, symbol, tolerance)]


def _wave(each: Exponential, symbol: Symbolic, tolerance: float) -> list[Symbolic]:
    """The same as expressions, without a rate that is zero as far as it is known."""
    import sympy

    rate = 0.0 if abs(each.rate) < tolerance else each.rate
    size = symbol**each.power * sympy.exp(_number(rate) * symbol)
    if each.frequency == 0.0:
        return [size]
    angle = sympy.Float(each.frequency) * symbol
    return [size * sympy.cos(angle), size * sympy.sin(angle)]


def _polynomial(
    t: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], noise: float, symbol: Symbolic
) -> list[Symbolic] | None:
    """The polynomial of lowest degree that is as near as the values are known."""
    import sympy

    spread = float(values.std())
    for degree in range(2, _HIGHEST + 1):
        found = Polynomial.fit(t, values, degree)
        if float(np.std(found(t) - values)) <= 30 * noise * spread:
            powers = found.convert().coef.tolist()
            return [sympy.Add(*(sympy.Float(c) * symbol**k for k, c in enumerate(powers)))]
    return None


def _number(number: float) -> Symbolic:
    """A number, whole where it is one or zero: what is so by its form is exact."""
    import sympy

    return sympy.Integer(int(number)) if number in (-1.0, 0.0, 1.0) else sympy.Float(number)


def _several(
    t: Float[np.ndarray, " n"], space: Float[np.ndarray, "n _"], noise: float, symbol: Symbolic
) -> list[Symbolic] | None:
    """As many functions as the space has dimensions, each in it and not a combination of others."""
    import sympy

    made: list[Symbolic] = []
    columns = np.empty((len(t), 0))
    constant = np.ones_like(t)
    if _relative_distance(constant, space, columns) < (30 * noise) ** 2:
        made, columns = [sympy.Integer(1)], _with(columns, constant)
    while len(made) < space.shape[1]:
        best, least = None, inf
        for name in _IN_SPACES:
            a, b, left = _nearest(name, t, space, columns, noise)
            # A shift is as much as another function.
            score = _SIMPLE * (LIBRARY[name].complexity + (b != 0.0))
            score += (1 - _SIMPLE) * float(np.log2(left + noise**2 + 1e-30))
            if left < (30 * noise) ** 2 and score < least:
                best, least = (name, a, b), score
        if best is None:
            return _waves(t, space, 10 * noise, _MANY, symbol)
        name, a, b = best
        columns = _with(columns, _values(name, a, b, t))
        made.append(LIBRARY[name].symbolic(_number(a) * symbol + _number(b)))
    return made


def _nearest(
    name: str,
    t: Float[np.ndarray, " n"],
    space: Float[np.ndarray, "n _"],
    columns: Float[np.ndarray, "n _"],
    noise: float,
) -> tuple[float, float, float]:
    """The a and b with which a function lies nearest to a space, and what of it does not."""
    middle, half = (t[0] + t[-1]) / 2, (t[-1] - t[0]) / 2

    def relative_distance(pair: Float[np.ndarray, " _"]) -> float:
        a, b = pair
        return _relative_distance(_values(name, a / half, b - a * middle / half, t), space, columns)

    if name == "x":
        return 1.0, 0.0, _relative_distance(t, space, columns)
    starts: Starts = LIBRARY[name].starts()
    ranked = sorted((relative_distance(np.asarray(pair)), *pair) for pair in starts.tolist())[:2]
    hopeful = [pair for out, *pair in ranked if out < _HOPEFUL]
    if not hopeful:
        return 1.0, 0.0, inf
    settings = {"xatol": 1e-13, "fatol": 1e-32, "maxfev": _CLOSELY}
    runs = [
        minimize(relative_distance, pair, method="Nelder-Mead", options=settings)
        for pair in hopeful
    ]
    best = min(runs, key=lambda run: float(run.fun))
    a, b = (float(number) for number in best.x)
    numbers = LIBRARY[name].canonical(Numbers(a / half, b - a * middle / half, 1.0, 0.0))
    plain = _relative_distance(_values(name, numbers.a, 0.0, t), space, columns)
    if plain < (30 * noise) ** 2:
        return numbers.a, 0.0, plain
    return numbers.a, numbers.b, float(best.fun)


def _values(name: str, a: float, b: float, t: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return ELEMENTARY[name](torch.from_numpy(a * t + b), 0)[0].numpy()


def _relative_distance(
    values: Float[np.ndarray, " n"],
    space: Float[np.ndarray, "n _"],
    columns: Float[np.ndarray, "n _"],
) -> float:
    """What of a function is out of a space, relative to what is not in the columns' span."""
    if not np.isfinite(values).all():
        return inf
    new = values - columns @ (columns.T @ values)
    size = float(new @ new)
    if size <= 1e-4 * float(values @ values):
        return inf
    out = new - space @ (space.T @ new)
    return float(out @ out) / size


def _with(
    columns: Float[np.ndarray, "n _"], values: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n _"]:
    """Orthonormal columns with the new direction of one function more, by Gram and Schmidt."""
    for _ in range(2):
        values = values - columns @ (columns.T @ values)
    return np.column_stack([columns, values / np.linalg.norm(values)])
