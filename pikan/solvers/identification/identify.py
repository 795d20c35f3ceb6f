"""Constants from data: joint fits on finer and finer bases, until two of them agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.solvers.collocation_grid import project_on_grid
from pikan.solvers.found import NOTHING, FoundFunction, Identification
from pikan.solvers.identification.evidence import LEVEL, assess, interval_quantile
from pikan.solvers.identification.field_features import spline_axis
from pikan.solvers.identification.forecast import forecast
from pikan.solvers.identification.refinement import (
    FitLevel,
    finer_level,
    level_network,
    level_nodes,
    level_points,
)
from pikan.solvers.identification.rows import JointSystem, joint_system
from pikan.solvers.identification.start import regress_constants, smooth_start
from pikan.solvers.identification.tolerance import (
    STAYS,
    ToleranceFit,
    fit_tolerances,
    row_deviations,
    shift_in_deviations,
)
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events, memoize
from pikan.solvers.spectral.initial import prolong

# Bases of which none lets the equations bind more closely than one before them.
_PATIENCE = 3
_CONTRADICTED = (
    "the equations hold only to {:.1e} of their terms: with less, more is left of the data than "
    "noise explains, on a finer basis as well; the equations do not describe the data"
)
# A basis that leaves less than this part of the squares of one before is not in vain.
_LESS = 0.8
# Coefficients of splines, of which few meet, may be so many times more.
_SPARSE = 3
# How much larger than the terms of equations second derivatives of a function may be at first.
_FIRST_SPREAD = 100.0
# Splines begin with equations that hold to this part of their terms, and go on from splines with
# ones that hold more closely: else they follow noise.
_BOUND, _CLOSER = 1e-2, 1e-3
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
    level, before, outcome = FitLevel(settings.start), None, None
    refused: list[ToleranceFit] = []
    told = NOTHING
    while True:
        network = level_network(settings.network, level)
        fit = yield from map_events(
            memoize(_fit_basis(problem, settings, level, before), ToleranceFit),
            lambda event, told=told: event._replace(identification=told),
        )
        now = _compare(fit, None if before is None else before[1].fit)
        theta = _start_of_next(level, fit)
        fitted = with_parameters(network, theta[: network.coefficients.numel()])
        before = fitted, now
        level = finer_level(problem, fitted, level)
        refused = [*refused, fit] if fit.refused else []
        if len(refused) > _PATIENCE and not _gains(fit, refused[-1 - _PATIENCE]):
            outcome = Outcome("stalled", _CONTRADICTED.format(fit.equation))
        elif now.shift < STAYS and fit.shift < STAYS and not fit.refused:
            outcome = Outcome("converged", "two bases and two tolerances agree")
        elif level.size * len(problem.unknowns) > (largest := _largest(settings, level)):
            outcome = Outcome(
                "out of budget",
                f"a finer basis needs more than {largest} coefficients; "
                "`largest` of the stage allows more",
            )
        elif monotonic() - began > settings.time_limit:
            outcome = Outcome("out of budget", "the time limit is over")
        system, end = _system(problem, fitted), outcome or Outcome("out of budget", "")
        told, judged = assess(problem, system, fit, now.apart, now.shift, end)
        if outcome is not None:
            told = replace(told, forecast=_forecast(problem, system, fit, told))
            solution = system.fields_at(fit.theta)
            return SolverResult(solution, judged, None, "", identification=told)


def _largest(settings: IdentificationSettings, level: FitLevel) -> int:
    """The number of coefficients that a basis may have."""
    return settings.largest * (_SPARSE if level.knots else 1)


def _forecast(
    problem: Problem, system: JointSystem, fit: ToleranceFit, told: Identification
) -> dict[str, FoundFunction]:
    """The unknowns after the data, where that is wanted."""
    if problem.forecast is None or told.data is None:
        return {}
    scales = _scales(system, fit.theta)
    system = replace(system, strengths=fit.strengths)
    deviations = row_deviations(system, scales, fit.noise, fit.tolerance)
    factor = system.factorize(system.linearize(fit.theta, deviations))
    terms = {name: tuple(one.terms) for name, one in told.functions.items()}
    quantile = interval_quantile(told.data)
    return forecast(problem, system, factor, fit.theta, terms, quantile, LEVEL)


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
    fitted = system.fields_at(fit.theta)
    found, outcome = assess(problem, system, fit, torch.zeros_like(fit.constants), inf, outcome)
    return SolverResult(fitted, outcome, None, "", identification=found)


def _fit_basis(
    problem: Problem,
    settings: IdentificationSettings,
    level: FitLevel,
    before: tuple[FullProduct, _Basis] | None,
) -> Events[ToleranceFit]:
    """The last fit on a basis, started from the one on the coarser basis, else from the data alone.

    What bent the coarser one to another minimum was refused there.
    """
    network = level_network(settings.network, level)
    system = _system(problem, network)
    noise: Mapping[str, float]
    followed = before is not None and spline_axis(before[0]) is not None
    if before is None or (level.knots and not followed):
        # Splines begin anew, from polynomials through the data that no tolerance has bent.
        smooth = system if before is None else _system(problem, before[0])
        theta, noise = smooth_start(smooth)
        scales = _scales(smooth, theta)
        smooth = replace(smooth, strengths=_first_strengths(smooth, scales))
        theta = regress_constants(smooth, theta, scales)
        system, first = replace(system, strengths=smooth.strengths), 1.0
        if before is not None:
            theta = _prolong(problem, smooth, network, theta)
            first = _BOUND
    else:
        coarser, fit = _system(problem, before[0]), before[1].fit
        theta = _prolong(problem, coarser, network, _start_of_next(level, fit))
        system = replace(system, strengths=fit.strengths)
        # Where a tolerance was refused the data alone say again how noisy they are.
        agreed = fit.shift < STAYS and not fit.refused
        highest = _CLOSER if followed else 1.0
        noise, first = fit.noise, min(highest, _BACK * fit.tolerance) if agreed else highest
    fits = yield from fit_tolerances(
        system, _scales(system, theta), theta, noise, first, settings.steps, level.title
    )
    return fits[-1]


def _start_of_next(level: FitLevel, fit: ToleranceFit) -> Float[Tensor, " p"]:
    """Where the fit on a finer basis begins.

    Polynomials that a tolerance has bent are no start, as they may be near another minimum. Splines
    follow them: fields that obey the equations but for a layer as wide as their cells say where it
    is, which fields through noisy data do not.
    """
    return fit.tried if level.knots and fit.tried is not None else fit.theta


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
    return joint_system(problem, network, level_points(problem, network))


def _prolong(
    problem: Problem, coarser: JointSystem, network: FullProduct, theta: Float[Tensor, " p"]
) -> Float[Tensor, " _"]:
    """θ on a finer basis: the same fields, as far as it has them, and constants."""
    fields = with_parameters(coarser.network, theta[: coarser.fields])
    if spline_axis(network) is None:
        coefficients = prolong(fields, network, 0.0)
    else:
        coefficients = project_on_grid(fields, network, level_nodes(problem, network))
    return torch.cat([coefficients, theta[coarser.fields :]])


def _gains(fit: ToleranceFit, before: ToleranceFit) -> bool:
    """Whether a finer basis lets equations bind more closely, or leaves less of the data."""
    return fit.tolerance < before.tolerance or any(
        left.mean_square() < _LESS * before.left[label].mean_square()
        for label, left in fit.left.items()
    )


def _compare(fit: ToleranceFit, before: ToleranceFit | None) -> _Basis:
    if before is None:
        return _Basis(fit, inf, torch.full_like(fit.constants, inf))
    return _Basis(fit, shift_in_deviations(fit, before), (fit.constants - before.constants).abs())
