"""Newton's method on an energy, and the active sets of bounds."""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import block_diag, csc_array

from pikan.linalg.sparse import sparse_solve
from pikan.solvers.variational.energy import DiscreteEnergy

Vector = Float[np.ndarray, " _"]
# The sufficient decrease of a step [Armijo], and the shortest step.
_DECREASE, _SHORTEST = 1e-4, 1e-8
# Newton's decrement is rounding where it is this part of the energy and no longer falls tenfold.
_ROUNDING, _STAGNANT = 1e-14, 0.1
# Where a Hessian has a direction of descent that leads up, multiples of the stiffness are added.
_FIRST_SHIFT, _LAST_SHIFT = 1e-3, 1e6
# What an active set weighs a bound with, in parts of the diagonal of the Hessian.
_WEIGHT, _MOST_SETS = 10.0, 80


@final
class NewtonStep(NamedTuple):
    """Where Newton's method stands: coefficients, energy, decrement, and whether it has ended.

    `reason` says why there is no step where there is none.
    """

    c: Vector
    energy: float
    decrement: float
    done: bool
    reason: str = ""


def newton(
    energy: DiscreteEnergy, start: Vector, free: Bool[np.ndarray, " _"], steps: int
) -> Iterator[NewtonStep]:
    """Steps from a start, with a line search, over the coefficients that are free."""
    c, value, last = start, energy.value(start), np.inf
    stiffness = csc_array(block_diag([energy.stiffness] * energy.unknowns, format="csc"))
    for _ in range(steps):
        gradient = energy.gradient(c)[free]
        found = _direction(energy.hessian(c), stiffness, gradient, free)
        if found is None or not np.isfinite(value):
            reason = "the energy has no curvature that leads to a minimum; is it bounded below?"
            yield NewtonStep(c, value, np.inf, done=True, reason=reason)
            return
        direction, slope = found
        share, after, made = 1.0, np.inf, c
        while share > _SHORTEST:
            made = c.copy()
            made[free] += share * direction
            after = energy.value(made)
            if after <= value + _DECREASE * share * slope + 10 * _ROUNDING * abs(value):
                break
            share /= 2
        decrement = abs(slope)
        small = decrement <= _ROUNDING * max(abs(after), 1e-300)
        done = (small and decrement > _STAGNANT * last) or decrement <= _ROUNDING**2 * abs(after)
        if share <= _SHORTEST:
            settled = decrement <= np.sqrt(_ROUNDING) * max(abs(value), 1.0)
            reason = "" if settled else "no step along Newton's direction makes the energy smaller"
            yield NewtonStep(c, value, decrement, done=True, reason=reason)
            return
        c, value, last = made, after, decrement
        yield NewtonStep(c, value, decrement, done=done)
        if done:
            return


def _direction(
    hessian: csc_array, stiffness: csc_array, gradient: Vector, free: Bool[np.ndarray, " _"]
) -> tuple[Vector, float] | None:
    """Newton's direction and the slope along it; None where none leads down."""
    size = np.abs(hessian.diagonal()).max() / np.abs(stiffness.diagonal()).max()
    shift = 0.0
    while shift <= _LAST_SHIFT:
        whole = hessian + shift * size * stiffness if shift else hessian
        direction = -sparse_solve(csc_array(whole[free][:, free]), gradient)
        slope = float(gradient @ direction)
        if np.isfinite(direction).all() and slope <= 0.0:
            return direction, slope
        shift = shift * 10 or _FIRST_SHIFT
    return None


def active_sets(
    energy: DiscreteEnergy,
    start: Vector,
    free: Bool[np.ndarray, " _"],
    lower: Vector,
    upper: Vector,
    steps: int,
) -> Iterator[NewtonStep]:
    """The minimum between bounds of coefficients: those at a bound are fixed until none changes.

    Source: Hintermüller, Ito and Kunisch 2002, doi 10.1137/S1052623401383558 (primal-dual active
    sets).
    """
    c = np.clip(start, lower, upper)
    below, above = free & (start < lower), free & (start > upper)
    for _ in range(_MOST_SETS):
        c = np.where(below, lower, np.where(above, upper, c))
        step = [*newton(energy, c, free & ~below & ~above, steps)][-1]
        c = step.c
        force = energy.gradient(c)
        weight = _WEIGHT * np.abs(energy.hessian(c).diagonal())
        now = free & (force + weight * (lower - c) > 0)
        over = free & (-force + weight * (c - upper) > 0)
        done = bool((now == below).all() and (over == above).all()) or bool(step.reason)
        yield step._replace(done=done)
        if done:
            return
        below, above = now, over
