"""Point symmetries of an evolution equation of u(x, t), read off its formula."""

from dataclasses import dataclass
from math import comb
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from pikan.expression.evaluate import evaluate
from pikan.expression.functions import CONSTANTS
from pikan.expression.parse import read_equation
from pikan.expression.tree import names, subtract
from pikan.problem.partials import partial

# So many random places of all names decide whether two formulas are equal, to this part of the
# larger: analytic ones that differ agree on a set of measure zero.
_PLACES, _EQUAL = 50, 1e-9


class _Evolution(NamedTuple):
    """The names in the equation of an evolution."""

    coordinates: tuple[str, ...] = ("x", "t")
    unknowns: tuple[str, ...] = ("u",)


Values = dict[tuple[int, int], Float[np.ndarray, " n"]]
"""Derivatives of u at some places, by their orders in x and t."""


@final
@dataclass(frozen=True)
class Symmetries:
    """The symmetries of an equation that a frame can take out.

    `translation` is u(x + s, t). With a `speed` c, u(x - c m t, t) + m is a solution where u is one
    (Galilean invariance of Burgers' equation for c = 1); None without. `mirror` is the sign of
    u(-x, t) where that is a solution, 0 where neither is.

    Source: Olver 1993, Applications of Lie Groups to Differential Equations, section 2.4.
    """

    translation: bool
    speed: float | None
    mirror: int

    def __str__(self) -> str:
        sign = "-" if self.mirror < 0 else ""
        said = [
            "translation" * self.translation,
            "" if self.speed is None else f"shift of values at speed {self.speed:.6g}",
            f"mirror {sign}u(-x)" * bool(self.mirror),
        ]
        return ", ".join(filter(None, said)) or "none"


def symmetries(equation: str) -> Symmetries:
    """The symmetries of an equation, whose names are those of x, t, u and its derivatives.

    ValueError where it is none, or has other names.

    >>> str(symmetries("u_t + u*u_x = 0.01*u_xx"))
    'translation, shift of values at speed 1, mirror -u(-x)'
    >>> str(symmetries("u_t = x*u_xx + u^2"))
    'none'
    """
    reading = read_equation(equation)
    if reading.faults:
        raise ValueError(str(reading.faults[0]))
    residual = subtract(*reading.sides)
    found = names(residual) - CONSTANTS.keys()
    read = {name: partial(_Evolution(), name) for name in found}
    orders = {name: one.orders for name, one in read.items() if one is not None}
    if others := found - orders.keys() - {"x", "t"}:
        raise ValueError(
            f"unknown name '{min(others)}'; an evolution is of u, x, t and derivatives such as u_xx"
        )
    chance = np.random.default_rng(0)
    most = max(map(sum, orders.values()), default=0) + 1
    base: Values = {
        (i, j): chance.uniform(0.5, 2.0, _PLACES) * chance.choice([-1.0, 1.0], _PLACES)
        for i in range(most)
        for j in range(most)
    }
    x, t, shift = chance.uniform(0.5, 2.0, (3, _PLACES))

    def value(own: Values, place: Float[np.ndarray, " n"] = x) -> Float[np.ndarray, " n"]:
        columns = {name: own[order[0], order[1]] for name, order in orders.items()}
        with np.errstate(all="ignore"):
            return np.zeros(_PLACES) + evaluate(residual, {**columns, "x": place, "t": t}, np)

    before, mirror, speed = value(base), 0, None
    for sign in (-1, 1):
        turned = {key: sign * (-1.0) ** key[0] * each for key, each in base.items()}
        after = value(turned, -x)
        if _equal(after, before) or _equal(after, -before):
            mirror = sign
    translation = "x" not in found
    if translation:
        still, moved = (value(_shift(base, shift, one)) for one in (0.0, 1.0))
        # Of first order in t the formula is affine in the speed.
        change = moved[0] - still[0]
        guess = float((before[0] - still[0]) / change) if change != 0.0 else 0.0
        if np.isfinite(guess) and _equal(value(_shift(base, shift, guess)), before):
            speed = guess
    return Symmetries(translation, speed, mirror)


def _shift(base: Values, shift: Float[np.ndarray, " n"], speed: float) -> Values:
    """The derivatives of u(x - speed m t, t) + m, for shifts m."""
    by = -speed * shift
    most = 1 + max(i for i, _ in base)
    made = {
        (i, j): sum(
            (comb(j, k) * by**k * base[i + k, j - k] for k in range(j + 1)),
            start=np.zeros_like(shift),
        )
        for i in range(most)
        for j in range(most - i)
    }
    return {**base, **made, (0, 0): base[0, 0] + shift}


def _equal(one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> bool:
    size = np.maximum(np.abs(one), np.abs(other)).max()
    return bool(np.abs(one - other).max() <= _EQUAL * size)
