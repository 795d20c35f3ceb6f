"""Newton's method for collocation on cells, damped by the monotonicity of its corrections."""

from typing import NamedTuple

import torch

from pikan.solvers.spectral_elements.collocation import Collocation
from pikan.solvers.spectral_elements.space import Coefficients

# Corrections below this part of the solution end the iteration; those that stop shrinking below
# the second one are rounding.
_DONE, _ROUNDING = 1e-12, 1e-9
# What a second step of the same matrix may change, rounding being far less.
_SINGULAR = 1e-3
# Damping below this is no way to a solution, nor are more steps.
_LEAST, _STEPS = 1e-4, 40
# Unknowns below this part of the largest are as good as zero.
NOTHING = 1e-12


class NewtonResult(NamedTuple):
    """The last coefficients, and whether they solve the equations.

    `rounding` is the size of the last correction, in parts of the solution: what the next one would
    change is no less where the problem is ill-conditioned.
    """

    coefficients: Coefficients
    converged: bool
    rounding: float


def newton(collocation: Collocation, start: Coefficients, *, affine: bool) -> NewtonResult:
    """Newton's steps from a start; two of the same matrix where the problem is affine.

    A step is halved until the next one is shorter, by the natural test of monotonicity.

    Source: Deuflhard 2004, Newton Methods for Nonlinear Problems, section 3.3.
    """
    if affine:
        return _affine(collocation, start)
    here, share = start, 1.0
    change, size = _correction(collocation, here)
    for _ in range(_STEPS):
        if not size < float("inf"):
            return NewtonResult(here, False, size)
        if size < _DONE:
            return NewtonResult(_add(here, change, 1.0), True, size)
        while True:
            ahead = _add(here, change, share)
            following, shorter = _correction(collocation, ahead)
            if shorter <= (1 - share / 4) * size or (share == 1.0 and shorter < _ROUNDING):
                break
            share /= 2
            if share < _LEAST:
                return NewtonResult(here, False, size)
        stagnant = shorter > 0.5 * size and size < _ROUNDING
        here, change, size = ahead, following, shorter
        share = min(1.0, 2 * share)
        if stagnant:
            return NewtonResult(here, True, size)
    return NewtonResult(here, False, size)


def _affine(collocation: Collocation, start: Coefficients) -> NewtonResult:
    """The second step takes off the rounding of the first; where that is large, nothing is solved.

    Of a singular system the first step is as long as rounding makes it, and the second one as well.
    """
    system = collocation.linearize(start)
    first = _add(start, collocation.newton_step(system, start), 1.0)
    change = collocation.newton_step(system, first)
    size = correction_size(collocation, first, change)
    return NewtonResult(_add(first, change, 1.0), size < _SINGULAR, size)


def _correction(collocation: Collocation, here: Coefficients) -> tuple[Coefficients, float]:
    """The full Newton step, and its size in parts of the solution; infinite where there is none."""
    change = collocation.newton_step(collocation.linearize(here), here)
    size = correction_size(collocation, here, change)
    return change, size if size == size else float("inf")


def correction_size(collocation: Collocation, here: Coefficients, change: Coefficients) -> float:
    """The largest value of a correction in parts of the unknown's, before or after it."""
    values, moved = (collocation.values(one).flatten(1) for one in (here, change))
    sizes = torch.maximum(values.abs().amax(dim=1), (values + moved).abs().amax(dim=1))
    # Beside others, an unknown that is this small is rounding.
    sizes = sizes.clamp_min(max(NOTHING * float(sizes.max()), 1e-300))
    return float((moved.abs().amax(dim=1) / sizes).max())


def _add(here: Coefficients, change: Coefficients, share: float) -> Coefficients:
    return tuple(own + share * step for own, step in zip(here, change, strict=True))
