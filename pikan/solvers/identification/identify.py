"""Constants from data: joint fits on finer and finer bases, until two of them agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, prod
from time import monotonic
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.residuals.terms import used_faces
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points
from pikan.solvers.decay import coefficient_decay, tail_size
from pikan.solvers.found import NOTHING
from pikan.solvers.identification.evidence import assess
from pikan.solvers.identification.rows import JointSystem, joint_system
from pikan.solvers.identification.start import regress_constants, smooth_start
from pikan.solvers.identification.tolerance import (
    STAYS,
    ToleranceFit,
    fit_tolerances,
    shift_in_deviations,
)
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events, memoize
from pikan.solvers.spectral.initial import prolong

# Degrees grow by this factor along every axis whose last coefficients are not far smaller than
# those of another.
_GROWTH, _SMALLER = 1.5, 0.01
# Points beside functions along an axis, by the number of coordinates: least squares needs more.
_POINTS = {1: 1.4, 2: 1.3, 3: 1.2}
# Bases of which none lets the equations bind more closely than one before them.
_PATIENCE = 3
_CONTRADICTED = (
    "the equations hold only to {:.1e} of their terms: with less, more is left of the data than "
    "noise explains, on a finer basis as well; the equations do not describe the data"
)
# How much larger than the terms of equations second derivatives of a function may be at first.
_FIRST_SPREAD = 100.0
# A finer basis begins this much above the tolerance that the coarser one ended with.
_BACK = 100.0


@final
@dataclass(frozen=True)
class IdentificationSettings:
    """Settings of an identification.

    `network` makes the product network of given degrees, which start at `start`; `largest` is the
    number of coefficients that it may have, `steps` the steps of one joint fit, `time_limit` the
    time for all [s].
    """

    network: Callable[[tuple[int, ...]], FullProduct]
    start: tuple[int, ...]
    largest: int
    steps: int
    time_limit: float


class _Basis(NamedTuple):
    """The last fit on one basis, and how far its constants are from those of the basis before.

    `shift` is in standard errors, infinite for the first basis; `apart` is the difference itself.
    """

    fit: ToleranceFit
    shift: float
    apart: Float[Tensor, " c"]


def identify(problem: Problem, settings: IdentificationSettings) -> Events[SolverResult]:
    """The fields and the constants of a problem that its observations tell."""
    began = monotonic()
    degrees, before, outcome = settings.start, None, None
    refused: list[float] = []
    told = NOTHING
    while True:
        network = settings.network(degrees)
        fit = yield from map_events(
            memoize(_fit_basis(problem, settings, network, before), ToleranceFit),
            lambda event, told=told: event._replace(identification=told),
        )
        now = _compare(fit, None if before is None else before[1].fit)
        fitted = with_parameters(network, fit.theta[: network.coefficients.numel()])
        before = fitted, now
        degrees = _next_degrees(fitted, degrees)
        refused = [*refused, fit.tolerance] if fit.refused else []
        if len(refused) > _PATIENCE and fit.tolerance >= refused[-1 - _PATIENCE]:
            outcome = Outcome("stalled", _CONTRADICTED.format(fit.equation))
        elif now.shift < STAYS and fit.shift < STAYS and not fit.refused:
            outcome = Outcome("converged", "two bases and two tolerances agree")
        elif prod(degree + 1 for degree in degrees) * len(problem.unknowns) > settings.largest:
            outcome = Outcome(
                "out of budget",
                f"a finer basis needs more than {settings.largest} coefficients; "
                "`largest` of the stage allows more",
            )
        elif monotonic() - began > settings.time_limit:
            outcome = Outcome("out of budget", "the time limit is over")
        system, end = _system(problem, fitted), outcome or Outcome("out of budget", "")
        told, judged = assess(problem, system, fit, now.apart, now.shift, end)
        if outcome is not None:
            solution = system.fitted(fit.theta)
            return SolverResult(solution, judged, None, "", identification=told)


def fit_on_basis(
    problem: Problem, settings: IdentificationSettings, degrees: tuple[int, ...], first: float
) -> Events[SolverResult]:
    """Fields and constants on one basis, from guesses that are good; `first` is the tolerance."""
    network = settings.network(degrees)
    system = _system(problem, network)
    theta, noise = smooth_start(system)
    shape = " x ".join(map(str, degrees))
    fits = yield from fit_tolerances(
        system, _scales(system, theta), theta, noise, first, settings.steps, f"degree {shape}"
    )
    fit = fits[-1]
    outcome = Outcome("converged", "two tolerances agree")
    if fit.refused or not fit.shift < STAYS:
        outcome = Outcome("stalled", f"on degree {shape} no two tolerances agree")
    fitted = system.fitted(fit.theta)
    found, outcome = assess(problem, system, fit, torch.zeros_like(fit.constants), inf, outcome)
    return SolverResult(fitted, outcome, None, "", identification=found)


def _fit_basis(
    problem: Problem,
    settings: IdentificationSettings,
    network: FullProduct,
    before: tuple[FullProduct, _Basis] | None,
) -> Events[ToleranceFit]:
    """The last fit on a basis, started from the one on the coarser basis, else from the data alone.

    What bent the coarser one to another minimum was refused there.
    """
    system = _system(problem, network)
    noise: Mapping[str, float]
    if before is None:
        theta, noise = smooth_start(system)
        scales = _scales(system, theta)
        system = replace(system, strengths=_first_strengths(system, scales))
        theta = regress_constants(system, theta, scales)
        first = 1.0
    else:
        coarser, fit = before[0], before[1].fit
        constants = fit.theta[coarser.coefficients.numel() :]
        theta = torch.cat([prolong(coarser, network, 0.0), constants])
        system = replace(system, strengths=fit.strengths)
        # Where a tolerance was refused the data alone say again how noisy they are.
        agreed = fit.shift < STAYS and not fit.refused
        noise, first = fit.noise, min(1.0, _BACK * fit.tolerance) if agreed else 1.0
    shape = " x ".join(str(basis.degree) for basis in network.axes())
    fits = yield from fit_tolerances(
        system, _scales(system, theta), theta, noise, first, settings.steps, f"degree {shape}"
    )
    return fits[-1]


def _first_strengths(system: JointSystem, scales: Sequence[float]) -> dict[str, float]:
    """Weak priors of functions: second derivatives may be far larger than terms of equations."""
    pairs = zip(system.groups, scales, strict=True)
    largest = max(scale for group, scale in pairs if group.kind == "equation")
    return {
        one.known.name: (_FIRST_SPREAD * (1.0 if one.known.positive else largest)) ** -2
        for one in system.functions
    }


def _scales(system: JointSystem, theta: Float[Tensor, " p"]) -> list[float]:
    """The size of the terms of every group of rows, one where all are zero."""
    return [system.magnitude(group, theta) or 1.0 for group in system.groups]


def _system(problem: Problem, network: FullProduct) -> JointSystem:
    """The rows of a problem on points that match a network."""
    box, share = problem.box, _POINTS.get(problem.box.dimension, 1.2)
    nodes = tuple(
        chebyshev_nodes(low, high, int(share * basis.size) + 1)
        for low, high, basis in zip(box.lower, box.upper, network.axes(), strict=True)
    )
    points = tensor_points(used_faces(problem), nodes, network.coefficients)
    return joint_system(problem, network, points)


def _compare(fit: ToleranceFit, before: ToleranceFit | None) -> _Basis:
    if before is None:
        return _Basis(fit, inf, torch.full_like(fit.constants, inf))
    return _Basis(fit, shift_in_deviations(fit, before), (fit.constants - before.constants).abs())


def _next_degrees(network: FullProduct, degrees: tuple[int, ...]) -> tuple[int, ...]:
    """Higher degrees along the axes whose last coefficients are not small beside the others'."""
    sizes = tuple(basis.size for basis in network.axes())
    tails = [
        tail_size(coefficient_decay(network.coefficients, sizes, axis))
        for axis in range(len(sizes))
    ]
    return tuple(
        int(_GROWTH * degree + 0.5) if tail >= _SMALLER * max(tails) else degree
        for degree, tail in zip(degrees, tails, strict=True)
    )
