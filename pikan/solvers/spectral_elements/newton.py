"""Newton's method for collocation on cells, damped by the monotonicity of its corrections."""

from typing import NamedTuple

import torch

from pikan.linalg.almost_block_diagonal import CondensedSystem
from pikan.solvers.spectral_elements.collocation import Collocation
from pikan.solvers.spectral_elements.space import Coefficients

# Corrections below this part of the solution end the iteration where no other is given; those that
# stop shrinking below the second one are rounding.
_DONE, _ROUNDING = 1e-12, 1e-9
# What a second step of the same matrix may change, rounding being far less, and by how much a
# function may differ from what the system makes of its residual.
_SINGULAR, _OPEN = 1e-3, 1e-2
# Damping below this is no way to a solution, nor are more steps.
_LEAST, _STEPS = 1e-4, 40
# Unknowns below this part of the largest are as good as zero.
NOTHING = 1e-12


class Effort(NamedTuple):
    """When an iteration is given up: a correction of this part of the solution is the last.

    Damping below `least`, and more corrections than `steps`, lead to no solution.
    """

    done: float = _DONE
    least: float = _LEAST
    steps: int = _STEPS


class NewtonResult(NamedTuple):
    """The last coefficients, and whether they solve the equations.

    `rounding` is the size of the last correction, in parts of the solution: what the next one would
    change is no less where the problem is ill-conditioned. `singular` says that an affine problem
    with zero data has solutions that are not zero.
    """

    coefficients: Coefficients
    converged: bool
    rounding: float
    singular: bool = False


def newton(
    collocation: Collocation,
    start: Coefficients,
    *,
    affine: bool,
    drawn: Coefficients | None = None,
    effort: Effort = Effort(),  # noqa: B008  it is immutable
) -> NewtonResult:
    """Newton's steps from a start; two of the same matrix where the problem is affine.

    An affine problem is singular where a function `drawn` without regard to it is not what its
    system makes of its residual. The data need not show that: a homogeneous problem has zero as a
    solution.

    A step is halved until the next one is shorter, by the natural test of monotonicity.

    Source: Deuflhard 2004, Newton Methods for Nonlinear Problems, section 3.3.
    """
    if affine:
        return _affine(collocation, start, drawn)
    here, share = start, 1.0
    change, size = _correction(collocation, here)
    for _ in range(effort.steps):
        if not size < float("inf"):
            return NewtonResult(here, False, size)
        if size < effort.done:
            return NewtonResult(add(here, change, 1.0), True, size)
        while True:
            ahead = add(here, change, share)
            following, shorter = _correction(collocation, ahead)
            if shorter <= (1 - share / 4) * size or (share == 1.0 and shorter < _ROUNDING):
                break
            share /= 2
            if share < effort.least:
                return NewtonResult(here, False, size)
        stagnant = shorter > 0.5 * size and size < _ROUNDING
        here, change, size = ahead, following, shorter
        share = min(1.0, 2 * share)
        if stagnant:
            return NewtonResult(here, True, size)
    return NewtonResult(here, False, size)


def _affine(
    collocation: Collocation, start: Coefficients, drawn: Coefficients | None
) -> NewtonResult:
    """The second step takes off the rounding of the first; where that is large, nothing is solved.

    Of a singular system the first step is as long as rounding makes it, and the second one as well.
    """
    system = collocation.linearize(start)
    first = add(start, collocation.newton_step(system, start), 1.0)
    change = collocation.newton_step(system, first)
    size = correction_size(collocation, first, change)
    singular = drawn is not None and not _recovery(collocation, system, first, drawn) < _OPEN
    return NewtonResult(add(first, change, 1.0), size < _SINGULAR and not singular, size, singular)


def _recovery(
    collocation: Collocation, system: CondensedSystem, solution: Coefficients, drawn: Coefficients
) -> float:
    """How far a function is from what the system makes of its residual, in parts of it."""
    moved = add(solution, drawn, 1.0)
    back = add(drawn, collocation.newton_step(system, moved), 1.0)
    return correction_size(collocation, drawn, back)


def _correction(collocation: Collocation, here: Coefficients) -> tuple[Coefficients, float]:
    """The full Newton step, and its size in parts of the solution; infinite where there is none."""
    change = collocation.correction(here)
    size = correction_size(collocation, here, change)
    return change, size if size == size else float("inf")


def correction_size(collocation: Collocation, here: Coefficients, change: Coefficients) -> float:
    """The largest value of a correction in parts of the unknown's, before or after it."""
    values, moved = (collocation.values(one).flatten(1) for one in (here, change))
    sizes = torch.maximum(values.abs().amax(dim=1), (values + moved).abs().amax(dim=1))
    # Beside others, an unknown that is this small is rounding.
    sizes = sizes.clamp_min(max(NOTHING * float(sizes.max()), 1e-300))
    return float((moved.abs().amax(dim=1) / sizes).max())


def add(here: Coefficients, change: Coefficients, share: float) -> Coefficients:
    """The coefficients and a share of a change of them."""
    return tuple(own + share * step for own, step in zip(here, change, strict=True))
