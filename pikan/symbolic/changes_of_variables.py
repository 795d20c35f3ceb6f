"""Changes of variables after which scattered values are those of a shorter function.

A function that depends on two coordinates through one sum alone has partial derivatives whose ratio
is the same everywhere; so has one that depends on their product or quotient, in their logarithms.
Along a coordinate a polynomial of a function T of it is a combination of 1, T, T^2, ..., whatever
the others are. And where f is no such polynomial its square or its logarithm may be.

Source: Udrescu, Tan, Feng, Neto, Wu, Tegmark 2020, arXiv 2006.10782, Section 2.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import inf
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from pikan.linalg.dense import svd
from pikan.network.symbolic_functions import activation
from pikan.symbolic.library import LIBRARY, Numbers, library_function
from pikan.symbolic.polynomial_fit import PolynomialFit, fit_polynomial

# How much the cosine between two partial derivatives may lack of one for a sum to be tried, and how
# much worse than in all coordinates a polynomial may be in fewer; how bad it may be at all, and
# polynomials by which a factor is found.
_PARALLEL, _WORSE, _ROUGH, _NEARER = 3e-3, 1.5, 0.1, 18

# Points on a line, parallel lines, and the share of a coordinate's range that lines cover.
_POINTS, _LINES, _COVERED = 64, 30, 0.92

# The highest power of a function of a coordinate, those of its forms that go on after a scan,
# and how many choices there are for each coordinate.
_POWER, _GO_ON, _CHOICES = 3, 2, 2

# Starts of functions that bend faster than points show, what of a space may be left by one that
# goes on, the share of what it has beyond a parabola that an error may be, and how closely it is
# looked at.
_FASTEST, _HOPEFUL, _BENT, _CLOSELY = 10.0, 0.25, 0.1, 250

# What a polynomial may be off at which it is worth a closer look, and how much of it counts as
# its error at the ends of lines.
_COARSE, _ENDS = 1e-3, 20.0

# The degree of polynomials in new variables, and changes of variables that are given for each
# outermost function; an error that is rounding, and one below which errors are not told apart.
_DEGREE, _GIVEN, _ROUNDING, _FINE = 4, 2, 1e-8, 1e-6

_LINE = np.linspace(-_COVERED, _COVERED, _POINTS)

_INNER = ("cos", "sqrt", "1/x", "exp", "log", "1/sqrt(x)", "gaussian", "tanh")


class OuterFunction(NamedTuple):
    """A function of the library that may be the last, and the one that undoes it."""

    name: str
    inverse: str
    lowest: float
    highest: float

    def undo(self, y: Float[Tensor, " n"]) -> Float[Tensor, " n"] | None:
        """The values that it makes these of; None where it cannot have made them."""
        if float(y.min()) <= self.lowest or float(y.max()) >= self.highest:
            return None
        return activation(self.inverse)(y, 0)[0]


OUTER = (
    OuterFunction("x", "x", -inf, inf),
    OuterFunction("sqrt", "x^2", 0.0, inf),
    OuterFunction("exp", "log", 0.0, inf),
    OuterFunction("1/x", "1/x", 0.0, inf),
    OuterFunction("x^2", "sqrt", 0.0, inf),
    OuterFunction("1/sqrt(x)", "1/x^2", 0.0, inf),
    OuterFunction("log", "exp", -20.0, 20.0),
    OuterFunction("arcsin", "sin", -np.pi / 2, np.pi / 2),
    OuterFunction("tanh", "arctanh", -1.0, 1.0),
    OuterFunction("arctan", "tan", -np.pi / 2, np.pi / 2),
)


class Sum(NamedTuple):
    """A sum of coordinates, or of their logarithms, with factors; zero for those not in it."""

    logarithms: bool
    factors: tuple[float, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """The coordinates in it."""
        return tuple(place for place, factor in enumerate(self.factors) if factor)

    def values(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The sum at points."""
        columns = [x[:, k].log() if self.logarithms else x[:, k] for k in self.places]
        factors = (self.factors[k] for k in self.places)
        return torch.stack([f * c for f, c in zip(factors, columns, strict=True)]).sum(dim=0)


class Inner(NamedTuple):
    """A function f(a u + b) of a new coordinate."""

    name: str
    a: float
    b: float

    def values(self, u: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """The function at points."""
        return activation(self.name)(self.a * u + self.b, 0)[0]


class ChangeOfVariables(NamedTuple):
    """New coordinates, each a function of a sum of old ones, and the outermost function.

    `error` is what a polynomial of low degree in them is off from what the outermost function
    gets, relative to its spread.
    """

    sums: tuple[Sum, ...]
    inner: tuple[Inner, ...]
    outer: OuterFunction
    error: float

    def apply(
        self, x: Float[Tensor, "n d"], y: Float[Tensor, " n"]
    ) -> tuple[Float[Tensor, "n _"], Float[Tensor, " n"]]:
        """Points in the new coordinates, and the values that the outermost function gets."""
        pairs = zip(self.inner, self.sums, strict=True)
        new = [inner.values(each.values(x)) for inner, each in pairs]
        z = self.outer.undo(y)
        assert z is not None
        return torch.stack(new, dim=1), z


SAME = Inner("x", 1.0, 0.0)


def find_sums(
    x: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    outer: Sequence[OuterFunction],
    names: Sequence[str],
) -> tuple[Sum, ...]:
    """Sums of coordinates, or of logarithms if `names` allow, that the labels depend on.

    They are looked for where a polynomial is nearest: in the labels, or in what one of the
    `outer` functions makes them of.
    """
    undone = [z for each in outer if (z := each.undo(labels)) is not None]
    y = min(undone, key=lambda z: fit_polynomial(x, z).error)
    dimension = x.shape[1]
    unit = [tuple(float(k == own) for k in range(dimension)) for own in range(dimension)]
    sums = [Sum(False, factors) for factors in unit]
    before = fit_polynomial(x, y)
    while len(sums) > 1:
        best, least = None, _ROUGH
        for first, second, logarithms in _parallel(sums, x, before, names):
            others = [each for k, each in enumerate(sums) if k not in (first, second)]
            tried = _join(sums[first], sums[second], logarithms, others, x, y)
            if tried is not None and tried[1].error <= least:
                best, least = ([*others, tried[0]], tried[1]), tried[1].error
        if best is None:
            break
        sums, before = best
    return tuple(sorted(sums, key=lambda each: each.places))


def _parallel(
    sums: Sequence[Sum], x: Float[Tensor, "n d"], fit: PolynomialFit, names: Sequence[str]
) -> Iterator[tuple[int, int, bool]]:
    """Pairs of coordinates by which the derivatives are parallel, in them or their logarithms."""
    u = torch.stack([each.values(x) for each in sums], dim=1)
    inside = (fit.scale(u).abs() < _COVERED).all(dim=1)
    inside = inside if int(inside.sum()) >= _LINES else torch.ones_like(inside)
    slopes = fit.gradient(u[inside])
    for first, second in combinations(range(len(sums)), 2):
        pair = sums[first], sums[second]
        for logarithms in (False, True)[: 1 + ("log" in names)]:
            # A sum of logarithms goes on as one, and so does one of several coordinates.
            if any(len(each.places) > 1 and each.logarithms != logarithms for each in pair):
                continue
            one, two = slopes[:, first], slopes[:, second]
            if logarithms:
                if any(float(x[:, each.places].min()) <= 0 for each in pair):
                    continue
                for k, each in enumerate(pair):
                    if not each.logarithms:
                        factor = u[inside][:, (first, second)[k]]
                        one, two = (one * factor, two) if k == 0 else (one, two * factor)
            size = float(one.norm() * two.norm())
            if size > 0 and abs(float(one @ two)) > (1 - _PARALLEL) * size:
                yield first, second, logarithms


def _join(
    one: Sum,
    two: Sum,
    logarithms: bool,
    others: Sequence[Sum],
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
) -> tuple[Sum, PolynomialFit] | None:
    """The sum of two with the factor of the second that leaves the least, and the fit by it.

    None where that is worse than by both of them.
    """
    rest = [each.values(x) for each in others]
    columns = Sum(logarithms, one.factors).values(x), Sum(logarithms, two.factors).values(x)
    # The factor by the directions in which the values do not change, then by what is left.
    fit = fit_polynomial(torch.stack([*columns, *rest], dim=1), y)
    slopes = fit.gradient(torch.stack([*columns, *rest], dim=1))
    factor = float(slopes[:, 0] @ slopes[:, 1] / (slopes[:, 0] @ slopes[:, 0]))
    if not abs(factor) > _FINE:
        return None

    def fit_with(by: float) -> PolynomialFit:
        return fit_polynomial(torch.stack([columns[0] + by * columns[1], *rest], dim=1), y)

    settings = {"initial_simplex": [[0.985 * factor], [1.015 * factor]], "maxfev": _NEARER}
    run = minimize(
        lambda by: fit_with(float(by[0])).error, [factor], method="Nelder-Mead", options=settings
    )
    factor = float(run.x[0])
    near, simple = fit_with(factor), round(2 * factor) / 2
    if simple and abs(simple - factor) < 0.05 * abs(factor):
        exact = fit_with(simple)
        factor, near = (simple, exact) if exact.error <= 2 * near.error else (factor, near)
    if near.error > max(_WORSE * fit.error, _FINE):
        return None
    pairs = zip(one.factors, two.factors, strict=True)
    return Sum(logarithms, tuple(a + factor * b for a, b in pairs)), near


def changes_of_variables(
    x: Float[Tensor, "n d"],
    y: Float[Tensor, " n"],
    sums: tuple[Sum, ...],
    outer: Sequence[OuterFunction],
    names: Sequence[str],
) -> Iterator[ChangeOfVariables]:
    """Those after which a polynomial of low degree is as near as any of high degree was before.

    For each of the outermost functions in turn the shortest ones first; functions of coordinates
    are among `names`.
    """
    u = torch.stack([each.values(x) for each in sums], dim=1)
    for last in outer:
        z = last.undo(y)
        if z is None:
            continue
        fit = fit_polynomial(u, z)
        for inner in _inner_functions(fit, u, names):
            new = torch.stack([f.values(c) for f, c in zip(inner, u.mT, strict=True)], dim=1)
            if not bool(new.isfinite().all()):
                continue
            error = fit_polynomial(new, z, _DEGREE).error
            if error <= _WORSE * fit.error + _ROUNDING:
                yield ChangeOfVariables(sums, inner, last, error)


def possible_outer(y: Float[Tensor, " n"], names: Sequence[str]) -> list[OuterFunction]:
    """The identity, and the functions of these names that can have made the values of others."""
    made = ((each, each.undo(y)) for each in OUTER if each.name in ("x", *names))
    return [each for each, z in made if z is not None and bool(z.isfinite().all())]


def _inner_functions(
    fit: PolynomialFit, u: Float[Tensor, "n d"], names: Sequence[str]
) -> list[tuple[Inner, ...]]:
    """Functions of each coordinate of which all is a polynomial, the simplest first."""
    if fit.error > _COARSE:
        return []
    spaces = [_lines_along(fit, u, axis) for axis in range(u.shape[1])]
    if any(not 1 <= space.shape[1] <= _POWER for space in spaces):
        return []
    tolerance = max(_ENDS * fit.error, _FINE)
    choices = list[list[tuple[float, Inner]]]()
    for axis, space in enumerate(spaces):
        choices.append(_along(fit, space, axis, tolerance, names))
        if not choices[-1]:
            return []
    chosen = sorted(product(*choices), key=lambda each: sum(score for score, _ in each))
    return [tuple(inner for _, inner in each) for each in chosen[:_GIVEN]]


def _lines_along(
    fit: PolynomialFit, u: Float[Tensor, "n d"], axis: int
) -> Float[np.ndarray, "t r"]:
    """The functions along one coordinate that all lines are combinations of, but for constants."""
    lines = u[:_LINES].unsqueeze(1).repeat(1, _POINTS, 1)
    middle, half = (fit.low + fit.high)[axis] / 2, (fit.high - fit.low)[axis] / 2
    lines[:, :, axis] = middle + half * torch.from_numpy(_LINE).to(u)
    values = fit.values(lines.flatten(0, 1)).view(-1, _POINTS).mT
    left, sizes, _ = svd(values - values.mean(dim=0))
    rank = int((sizes > max(_ENDS * fit.error, _FINE) * sizes[0]).sum())
    return (left[:, :rank] * sizes[:rank] / sizes[:rank].norm()).cpu().numpy()


def _along(
    fit: PolynomialFit,
    space: Float[np.ndarray, "t r"],
    axis: int,
    tolerance: float,
    names: Sequence[str],
) -> list[tuple[float, Inner]]:
    """The simplest functions of one coordinate of which a space is made of polynomials."""
    low, high = float(fit.low[axis]), float(fit.high[axis])
    middle, half = (low + high) / 2, (high - low) / 2
    powers = range(1, _POWER + 1)
    plain = [k for k in powers if float(_outside(_LINE[None], space, k)[0]) <= tolerance]
    found = [(2.0 * plain[0] - 1, SAME)] if plain else []
    # Another function is of use where its powers are lower.
    highest = plain[0] - 1 if plain else _POWER
    for name in [each for each in _INNER if each in names] if highest else ():
        starts = LIBRARY[name].starts()
        starts = starts[np.abs(starts[:, 0]) <= _FASTEST]
        shapes = _shapes(name, starts, _LINE)
        for power in range(1, highest + 1):
            out = _outside(shapes, space, power)
            rows = [row for row in np.argsort(out)[:_GO_ON] if out[row] < _HOPEFUL]
            tried = [_refine(name, starts[row], _LINE, space, power) for row in rows]
            left, (a, b) = min(tried, default=(inf, (1.0, 0.0)))
            if left > tolerance:
                continue
            # One that is as good as a parabola, as a slow wave is, shows nothing.
            shape = _shapes(name, np.array([[a, b]]), _LINE)
            bent = (shape - shape.mean()).T / (np.linalg.norm(shape - shape.mean()) + 1e-300)
            if tolerance < _BENT * float(_outside(_LINE[None], bent, 2)[0]):
                placed = Numbers(a / half, b - a * middle / half, 1.0, 0.0)
                numbers = library_function(name).canonical(placed)
                score = 2.0 * power - 1 + LIBRARY[name].complexity
                found.append((score, Inner(name, numbers.a, numbers.b)))
            break
    return sorted(found, key=lambda pair: pair[0])[:_CHOICES]


def _shapes(
    name: str, pairs: Float[np.ndarray, "_ 2"], t: Float[np.ndarray, " t"]
) -> Float[np.ndarray, "_ t"]:
    """A function of a t + b for pairs of a and b."""
    return activation(name)(torch.from_numpy(pairs[:, :1] * t + pairs[:, 1:]), 0)[0].numpy()


def _refine(
    name: str,
    start: Float[np.ndarray, " _"],
    t: Float[np.ndarray, " t"],
    space: Float[np.ndarray, "t r"],
    power: int,
) -> tuple[float, tuple[float, float]]:
    """What lies outside for the best a and b near these, and those."""

    def outside(pair: Float[np.ndarray, " _"]) -> float:
        return float(_outside(_shapes(name, pair[None], t), space, power)[0])

    settings = {"xatol": 1e-10, "fatol": 1e-11, "maxfev": _CLOSELY}
    run = minimize(outside, start, method="Nelder-Mead", options=settings)
    return float(run.fun), (float(run.x[0]), float(run.x[1]))


def _outside(
    shapes: Float[np.ndarray, "_ t"], space: Float[np.ndarray, "t r"], power: int
) -> Float[np.ndarray, " _"]:
    """What of a space is no combination of 1 and the first powers of shapes, relative to it.

    Infinite for a shape that is not finite or is constant.
    """
    with np.errstate(all="ignore"):
        low, high = shapes.min(axis=1, keepdims=True), shapes.max(axis=1, keepdims=True)
        scaled = (2 * shapes - low - high) / (high - low)
        rest, columns, power_of = np.broadcast_to(space, (len(shapes), *space.shape)), [], 1.0
        for _ in range(power):
            power_of = power_of * scaled
            new = power_of - power_of.mean(axis=1, keepdims=True)
            for old in (*columns, *columns):
                new = new - (new * old).sum(axis=1, keepdims=True) * old
            new = new / np.sqrt((new * new).sum(axis=1, keepdims=True))
            columns.append(new)
            rest = rest - new[:, :, None] * (new[:, None] @ rest)
        left = np.sqrt((rest * rest).sum(axis=(1, 2)))
    return np.where(np.isfinite(left), left, inf)
