"""Newton-Krylov method for a time slab."""

from collections.abc import Generator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import orthonormal, solve_triangle
from pikan.linalg.krylov import gmres
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import StageProgress
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.solvers.time_marching.radau_collocation import (
    RadauCollocation,
    in_time,
    radau_collocation,
)
from pikan.solvers.time_marching.separable_preconditioner import (
    Precondition,
    separable_preconditioner,
)

# A system is solved to this part of its right side, with at most so many products.
_SOLVED, _SOLVED_LINEAR, _PRODUCTS = 1e-4, 1e-9, 40
# Corrections below this part of the solution are the end, and above it rounding where they have
# stopped to shrink.
_DONE, _ROUNDING = 1e-12, 1e-8
# An unknown that is smaller than this part of the largest counts as so large.
_SMALL = 1e-4
# The inverse is made anew where corrections shrink by less than this.
_SLOW, _LEAST = 0.1, 0.1
# Unknown numbers of one stage up to which all that couples them is in the preconditioner.
_DENSE, _MOST = 400, 3000
_TOO_MANY = f"unknowns do not separate, and more than {_MOST} coefficients are needed at a moment"


def solve_radau_slab(
    part: Problem,
    network: FullProduct,
    earlier: Network | None,
    known: Network | None,
    steps: int,
) -> Generator[StageProgress, None, tuple[Float[Tensor, " p"], Outcome]]:
    """The coefficients of a slab's network, by collocation at Radau points.

    What remains of the equations is mapped to a correction by an approximate inverse of their
    derivative; that map is the preconditioner, and where it gives zero the slab is solved.
    Sources: Butcher 1976, doi 10.1007/BF01932265 (stages); Knoll and Keyes 2004,
    doi 10.1016/j.jcp.2003.08.010 (Newton-Krylov methods).
    """
    system = radau_collocation(part, network, earlier)
    shape = (len(system.derivative), *system.start.shape)
    here = system.start.expand(shape).clone()
    if known is not None:
        points = system.terms[0].points[0]
        with torch.no_grad():
            values = known(points).unflatten(0, (shape[0], *shape[2:])).movedim(-1, 1)
        here = system.interpolate(values)
    affine = linear(part)
    precondition = _preconditioner(system, here)
    if precondition is None:
        return _theta(part, system, here), Outcome("diverged", _TOO_MANY)
    change, size = _correction(system, precondition, here)
    outcome = Outcome("stalled", f"Newton's method does not end in {steps} steps")
    for step in range(steps):
        parts = {"correction": size}
        yield StageProgress("newton krylov", step, steps, torch.zeros(0), size, parts)
        if not size < float("inf"):
            outcome = Outcome("diverged", "a residual is not finite or a system singular")
            break
        if step and size < _DONE:
            outcome = Outcome("converged", "Newton's corrections are rounding")
            break
        slopes = system.slopes(here)
        ahead = gmres(
            lambda v, p=precondition, s=slopes: p(system.apply(s, v.view(shape))).flatten(),
            change.flatten(),
            _SOLVED_LINEAR if affine else _SOLVED,
            _PRODUCTS,
        ).view(shape)
        moved, following, shorter = _damped_step(system, precondition, here, ahead, size)
        if size < _ROUNDING and not shorter < 0.5 * size:
            outcome = Outcome("converged", "Newton's corrections are rounding")
            here = moved if shorter < size else here
            break
        if not shorter < size:
            outcome = Outcome("diverged", "Newton's corrections grow")
            break
        here, slow = moved, shorter > _SLOW * size
        change, size = following, shorter
        if slow and not affine and size > _ROUNDING:
            precondition = _preconditioner(system, here) or precondition
            change, size = _correction(system, precondition, here)
    return _theta(part, system, here), outcome


class _NewtonStep(NamedTuple):
    """Coefficients after a step, with the correction there and its size."""

    coefficients: Float[Tensor, " s m *b"]
    correction: Float[Tensor, " s m *b"]
    size: float


def _damped_step(
    system: RadauCollocation,
    precondition: Precondition,
    here: Float[Tensor, " s m *b"],
    ahead: Float[Tensor, " s m *b"],
    size: float,
) -> _NewtonStep:
    """As much of a step as makes corrections shorter, by the natural test of monotonicity."""
    share = 1.0
    while True:
        moved = here + share * ahead
        found = _NewtonStep(moved, *_correction(system, precondition, moved))
        if found.size <= (1 - share / 4) * size or size < _ROUNDING or share < _LEAST:
            return found
        share /= 2


def _theta(
    part: Problem, system: RadauCollocation, coefficients: Float[Tensor, " s m *b"]
) -> Float[Tensor, " p"]:
    """The coefficients in the order of the network's."""
    found = in_time(part, coefficients, system.start).movedim(1, -1)
    return found.movedim(0, part.box.evolution).flatten()


def _preconditioner(
    system: RadauCollocation, here: Float[Tensor, " s m *b"]
) -> Precondition | None:
    """Corrections from rows, by the mean over stages of the derivative.

    By fast diagonalization, with means in space too, where unknowns have equations and conditions
    of their own; else, and where that is small, by least squares with all that couples unknowns, at
    one rate in place of the derivative in t at all stages. None where that is too large.
    """
    slopes = system.slopes(here)
    if system.start.numel() > _DENSE:
        found = separable_preconditioner(system, slopes)
        if found is not None:
            return found
        if system.start.numel() > _MOST:
            return None
    moving, steady = system.matrices(slopes)
    factors = system.row_factors(moving, steady)
    rates = torch.linalg.eigvals(system.derivative[:, 1:]).abs()
    rate = float(rates.log().mean().exp())
    Q, R = orthonormal(factors[:, None] * (steady + rate * moving))
    return lambda rows: solve_triangle(R, Q.mT @ (factors * rows).mT).mT.reshape(here.shape)


def _correction(
    system: RadauCollocation, precondition: Precondition, here: Float[Tensor, " s m *b"]
) -> tuple[Float[Tensor, " s m *b"], float]:
    """What the residual asks for, and its size in parts of the unknown that it changes most."""
    change = -precondition(system.residual(here))
    sizes = torch.maximum(_norms(here), _norms(here + change))
    sizes = sizes.clamp_min(max(_SMALL * float(sizes.max()), 1e-300))
    size = float((_norms(change) / sizes).max())
    return change, size if size == size else float("inf")


def _norms(coefficients: Float[Tensor, " s m *b"]) -> Float[Tensor, " m"]:
    return coefficients.transpose(0, 1).flatten(1).norm(dim=1)
