"""One level of p-refinement: a problem solved with products of given degrees."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from pikan.linalg.dense import column_lengths, smallest_singular_value, triangular_factor
from pikan.network.parameters import with_parameters
from pikan.network.piecewise import Products, parts_of
from pikan.network.product import FullProduct
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.optimize.objective import LeastSquares
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, StageResult
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import balanced_objective
from pikan.residuals.relative_residual import RelativeResidual, largest_relative_residual
from pikan.residuals.terms import Term, terms
from pikan.sampling.held_out import HeldOut
from pikan.solvers.decay import coefficient_decay, tail_size
from pikan.solvers.level import distance, run_stage
from pikan.solvers.newton_homotopy import solve_by_homotopy
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.spectral.basis_recombination import basis_recombination
from pikan.solvers.spectral.graded_basis import graded_coefficients, graded_decay
from pikan.solvers.spectral.initial import (
    NUDGE,
    defined_start,
    fitted_start,
    prolong,
    smooth_start,
)
from pikan.solvers.spectral.product_objective import matching_points, without_value

# Steps that change the residual by less than this part of it change nothing.
_STEADY = 1e-5
# Newton's steps from a level this far from solving its equations may lead to no solution.
_ASTRAY = 1e-2
# A start from a level that solves its equations takes Newton's own steps: damping would hold back
# what the equations hardly feel, and fall no faster than tenfold a step.
_UNDAMPED = 1e-28
# Of what the nudge of such a start leaves, this is the rounding of the solution; further steps
# would only move it about; of functions that are nearly dependent more is rounding.
_ENOUGH, _ENOUGH_FITTED = 1e-10, 1e-7
# Other starts are tried as long as a level has no more functions than this.
_CHEAP = 500
# As many points as show how far polynomials are from each other.
_COMPARED = 512
# A solution is resolved when its last coefficients are below this.
_RESOLVED = 1e-6
# What is left of a nudge where the solution is zero.
_NUDGED_ZERO = 1e-9 * NUDGE
_UNDEFINED = (
    "no start was found at which all formulas have values: {}; see whether the conditions let them "
    "have any"
)
# An unknown this much smaller than another may be nothing but rounding.
_ROUNDED_ZERO = 1e-12


@final
@dataclass(frozen=True)
class PRefinement:
    """Settings of p-refinement.

    `network` makes the product network of given degrees, its coefficients zero, `finite` says that
    no formula is infinite at a point of the domain, `accuracy` is the
    relative L2 error wanted, `largest` the number of coefficients that a level may have, `dense`
    that of one whose matrix is dense, `steps` the Newton steps of a level, `time_limit` the time
    for all [s], infinite if there is no limit, `samples` the points on which levels are compared.
    """

    network: Callable[[tuple[int, ...]], Products]
    finite: bool
    start: tuple[int, ...]
    accuracy: float
    largest: int
    dense: int
    steps: int
    time_limit: float
    samples: HeldOut


class Level(NamedTuple):
    """A level; `largest` is the number of coefficients that the next may have.

    `decay` is that of the coefficients along each axis, in a region that of its graded basis;
    `truncation` is how far it is from itself without the two highest orders along each axis,
    `determined` says that the problem is known to have no other solution of these degrees, `near`
    that Newton's steps from here need no damping.
    """

    network: Products
    outcome: Outcome
    values: Float[Tensor, "n m"]
    decay: tuple[Float[Tensor, " b"], ...]
    truncation: float
    largest: int
    determined: bool
    near: bool

    def is_resolved(self) -> bool:
        """Whether little is left for higher degrees to add."""
        return max(tail_size(decay) for decay in self.decay) < _RESOLVED


def solve_level(
    problem: Problem,
    settings: PRefinement,
    degrees: tuple[int, ...],
    lower: Level | None,
    *,
    direct: bool,
) -> Events[Level | None]:
    """The level of these degrees; None where it takes a dense matrix that is too large.

    `direct` says that the problem is `eliminable`, which no degree changes.
    """
    network = settings.network(degrees)
    name = "degree " + " x ".join(str(degree) for degree in degrees)
    largest = min(settings.largest, settings.dense)
    if direct and isinstance(network, FullProduct):
        # Quick enough to be done again by a run that goes on, and quicker than to be kept.
        solved = yield from _direct_level(problem, settings, network, largest, name)
        if solved is not None:
            return solved
    if network.coefficients.numel() > largest:
        return None
    fitted = yield from memoize(
        _least_squares_level(problem, settings, network, lower, name), _Attempt
    )
    near = fitted.relative_residual.relative < _ASTRAY
    solved = with_parameters(network, fitted.theta)
    if problem.region is None:
        assert isinstance(solved, FullProduct)
        end, samples = fitted.outcome, settings.samples
        return diagnose(solved, end, samples, largest, determined=False, near=near)
    with torch.no_grad():
        values = settings.samples.weight(solved(settings.samples.points[:_COMPARED]))
    decay, truncation = graded_decay(solved, matching_points(problem, solved).interior)
    return Level(solved, fitted.outcome, values, decay, truncation, largest, False, near)


def _direct_level(
    problem: Problem, settings: PRefinement, network: FullProduct, largest: int, name: str
) -> Events[Level | None]:
    """The level with its conditions built in; None where they cannot be."""
    found = basis_recombination(problem, network, largest)
    if found is None:
        return None
    with torch.no_grad():
        network.coefficients.copy_(found.theta.view_as(network.coefficients))
    yield Event(name, _progress(found.theta, problem, found.residual), lambda: network)
    end = Outcome("converged", "the equation holds at its points")
    further = settings.largest if found.diagonalized else largest
    return diagnose(network, end, settings.samples, further, determined=True, near=True)


def _progress(theta: Float[Tensor, " p"], problem: Problem, residual: float) -> StageProgress:
    """A level solved at once: the conditions hold exactly."""
    (equation,) = problem.equations
    blocks = {equation.label: residual, **{one.label: 0.0 for one in problem.conditions}}
    return StageProgress("collocation", 1, 1, theta, 0.5 * residual, blocks)


def diagnose(
    network: FullProduct,
    outcome: Outcome,
    samples: HeldOut,
    largest: int,
    *,
    determined: bool,
    near: bool,
) -> Level:
    """A level from its network; the other arguments as in `Level`."""
    sizes = tuple(basis.size for basis in network.axes())
    decay = tuple(coefficient_decay(network.whole(), sizes, axis) for axis in range(len(sizes)))
    both = _with_and_without(network, sizes, samples.points[:_COMPARED])
    values, without = (samples.weight(each) for each in both)
    truncated = distance(without, values)
    return Level(network, outcome, values, decay, truncated, largest, determined, near)


def _with_and_without(
    network: FullProduct, sizes: tuple[int, ...], samples: Float[Tensor, "n d"]
) -> tuple[Float[Tensor, "n m"], Float[Tensor, "n m"]]:
    """The values on the samples, and those without the two highest orders along each axis."""
    whole = network.whole().detach()
    kept = torch.zeros_like(whole).view(*sizes, -1)
    inner = tuple(slice(max(size - 2, 1)) for size in sizes)
    kept[inner] = whole.view(*sizes, -1)[inner]
    both = torch.cat([whole, kept.view_as(whole)], dim=1)[network.chosen]
    beside = network.coefficients.detach()[len(network.chosen) :]
    both = torch.cat([both, torch.cat([beside, beside], dim=1)])
    with torch.no_grad():
        values = functional_call(network, {"coefficients": both}, samples)
    first, second = values.chunk(2, dim=1)
    return first, second


def freedom(problem: Problem, network: Products) -> float:
    """How far at most a level may be from one that satisfies all rows, relative to its size.

    The length of the residual over the smallest singular value of the Jacobian: the residual is
    orthogonal to all columns, so that no step shows how much of it belongs to a direction that the
    rows hardly see, as that in which a layer moves whose place the conditions determine but for an
    exponentially small part of them. Lengths are those of scaled columns. Cost: one step.

    Source: Kantorovich's theorem, in Deuflhard 2004, Newton Methods for Nonlinear Problems,
    theorem 2.1.
    """
    on_points = terms(problem, matching_points(problem, network))
    theta = network.coefficients.detach().flatten()
    objective = balanced_objective(on_points, network, theta, linear=linear(problem))
    jacobian, left = objective.jacobian(theta), float(objective.residual(theta).norm())
    if problem.region is not None:
        # In a graded basis of the region length is that of values: products are nearly dependent.
        jacobian, theta = graded_coefficients(network, jacobian, theta, problem)
    lengths = column_lengths(jacobian)
    least = smallest_singular_value(triangular_factor(jacobian / lengths))
    size = least * float((lengths * theta).norm())
    return 0.0 if left == 0.0 else left / size if size > 0.0 else inf


class _Attempt(NamedTuple):
    theta: Float[Tensor, " p"]
    outcome: Outcome
    relative_residual: RelativeResidual


def _least_squares_level(
    problem: Problem, settings: PRefinement, network: Products, lower: Level | None, name: str
) -> Events[_Attempt]:
    """Equations and conditions together by least squares."""
    affine = linear(problem)
    on_points = terms(problem, matching_points(problem, network))
    near = lower is not None and lower.near and not affine
    damping = _UNDAMPED if near else LevenbergMarquardt.damping
    newton = LevenbergMarquardt(steps=settings.steps, damping=damping, tolerance=_STEADY)
    stage = LinearLeastSquares() if affine else newton
    best = None if lower is None else lower.network
    found: list[_Attempt] = []
    for way, given in _ways(on_points, network, best, affine, near):
        start, objective = given, balanced_objective(on_points, network, given, linear=affine)
        if not affine and not objective.residual(start).isfinite().all():
            start = defined_start(problem, on_points, network, given)
            objective = balanced_objective(on_points, network, start, linear=affine)
        theta, outcome = yield from way(
            stage, objective, start, lambda p: Event(name, p, lambda: best)
        )
        if outcome.kind == "diverged" and (part := without_value(on_points, network, start)):
            outcome = Outcome("diverged", _UNDEFINED.format(part))
        if lower is not None and not lower.values.any() and theta.abs().max() < _NUDGED_ZERO:
            theta = torch.zeros_like(theta)
        theta = _without_rounding(objective, theta, len(problem.unknowns))
        relative_residual = largest_relative_residual(
            problem, with_parameters(network, theta), settings.samples
        )
        found.append(_Attempt(theta, outcome, relative_residual))
        if relative_residual.relative < _ASTRAY:
            break
    return min(found, key=_merit)


def _merit(found: _Attempt) -> float:
    """How well a start has done, the less the better; the first of those that do not count."""
    left = found.relative_residual.relative
    return inf if found.outcome.kind == "diverged" or isnan(left) else left


def _without_rounding(
    objective: LeastSquares, theta: Float[Tensor, " p"], unknowns: int
) -> Float[Tensor, " p"]:
    """The same with zero for unknowns that are zero but for rounding, if the residual agrees."""
    by_unknown = theta.view(-1, unknowns)
    sizes = by_unknown.abs().amax(dim=0)
    rounded = torch.where(sizes > _ROUNDED_ZERO * sizes.max(), by_unknown, 0.0).flatten()
    left, before = objective.residual(rounded).norm(), objective.residual(theta).norm()
    return rounded if left <= 2.0 * before else theta


Way = Callable[
    [Stage, LeastSquares, Float[Tensor, " p"], Callable[[StageProgress], Event]],
    Events[StageResult],
]


def _ways(
    on_points: Sequence[Term],
    network: Products,
    lower: Products | None,
    affine: bool,
    near: bool,
) -> Iterator[tuple[Way, Float[Tensor, " p"]]]:
    """Ways to go and starts; where Newton's steps lead to no solution the next is tried."""
    zero = network.coefficients.detach().flatten()
    if lower is not None:
        fitted = any(part.additions() for part in parts_of(lower)) and not affine
        start = fitted_start(lower, network, on_points) if fitted else prolong(lower, network)
        enough = _ENOUGH_FITTED if fitted else _ENOUGH
        yield partial(run_stage, enough=enough) if near else run_stage, start
    elif affine:
        yield run_stage, zero
    if not affine and (lower is None or len(zero) <= _CHEAP):
        yield run_stage, smooth_start(on_points, network)
        yield solve_by_homotopy, zero
