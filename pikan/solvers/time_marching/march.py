"""Time-marching: slab by slab, each with the grid and the length that it needs."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import Network
from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.outcome import Outcome
from pikan.problem.classification import linear
from pikan.problem.features import Features
from pikan.problem.initial_value import is_first_order_from_values
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import balanced_objective
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import SolverResult, distance, run_stage
from pikan.solvers.replay import Event, Events, memoize, progress_events
from pikan.solvers.spectral.product_objective import without_value
from pikan.solvers.time_marching.newton_krylov import solve_radau_slab
from pikan.solvers.time_marching.slab import (
    Grid,
    SlabAssessment,
    assess_slab,
    first_grid,
    project_values,
    slab_network,
    slab_points,
    start_values,
)
from pikan.solvers.time_marching.spline_objective import spline_objective
from pikan.solvers.time_slab import restrict_time, slab_terms

# The first slab's share of the time, halved until it works; polynomials in the plane take long
# slabs, which cost no more than short ones.
_FIRST, _FIRST_IN_PLANE = 0.1, 0.5
# A slab this much shorter than the whole is a sign of something else than a steep solution.
_SHORTEST = 1e-9
# After so many slabs that were too long the next ones get shorter faster and faster.
_PATIENCE = 2
# A grid that is not found in so many attempts is not to be found for a slab of that length.
_TRIES = 8
# A coarser march than this wanders off; the next one is so much finer.
_COARSEST, _FINER = 1e-4, 10.0
# What a slab may leave out, in parts of the accuracy: marches come out better than that.
_SHARE, _SHARE_IN_PLANE = 10.0, 3.0
# Steps that change a residual of truncation by less than this part of it change nothing.
_STEADY = 1e-5
# A slab's polynomials resolve so many cells on each of which known functions vary little.
_CELLS = 4.0
# Marches that differ by more, and come no nearer, may be anywhere.
_NEAR = 1e-2
_HOW = "difference from the march before, of coarser tolerance, on fresh points"


@final
@dataclass(frozen=True)
class TimeMarching:
    """Settings of time-marching.

    `accuracy` is the relative L2 error wanted, `largest` the number of coefficients that a
    slab may have, `steps` the Newton steps in a slab, `samples` the points on which two
    marches are compared, `features` what the known functions tell of places in time.
    """

    accuracy: float
    largest: int
    steps: int
    samples: HeldOut
    features: Features


class _SlabSolution(NamedTuple):
    """A slab's network, and how its training ended."""

    network: FullProduct
    outcome: Outcome


class _MarchResult(NamedTuple):
    """One march from beginning to end, or as far as it came."""

    network: TimeSlabs
    outcome: Outcome
    values: Float[Tensor, "n m"]


def march_in_time(problem: Problem, marching: TimeMarching) -> Events[SolverResult]:
    """Marches of falling tolerance, until two of them agree.

    The difference of the last two, on points that none was fitted to, is the estimate: it is
    the error of the coarser one, and the finer one is what comes back.
    """
    before: _MarchResult | None = None
    share = _SHARE if len(problem.box.space) < 2 else _SHARE_IN_PLANE
    tolerance = min(share * marching.accuracy, _COARSEST)
    estimate: float | None = None
    number = 0
    while True:
        found = yield from memoize(
            _one_march(problem, marching, tolerance, before, number), _MarchResult
        )
        if found.outcome.kind != "converged":
            if before is None:
                return SolverResult(found.network, found.outcome, None, _HOW)
            return SolverResult(before.network, found.outcome, estimate, _HOW)
        if before is not None:
            earlier, estimate = estimate, distance(before.values, found.values)
            if estimate <= marching.accuracy:
                end = Outcome("converged", f"two marches agree to {estimate:.1e}")
                return SolverResult(found.network, end, estimate, _HOW)
            if earlier is not None and estimate > 0.3 * earlier:
                apart = max(earlier, estimate)
                end = f"finer marches no longer help: {apart:.1e} is left; ask for that accuracy"
                known_to = apart if apart < _NEAR else inf
                return SolverResult(found.network, Outcome("stalled", end), known_to, _HOW)
        before = found
        tolerance /= _FINER
        number += 1


def _one_march(
    problem: Problem,
    marching: TimeMarching,
    tolerance: float,
    before: _MarchResult | None,
    number: int,
) -> Events[_MarchResult]:
    """March `number` with its tolerance."""
    axis = problem.box.evolution
    begin, end = problem.box.lower[axis], problem.box.upper[axis]
    first = None if before is None else before.network.slabs()[0]
    assert isinstance(first, FullProduct | None)
    grid = first_grid(problem, marching.accuracy, number, first)
    length = (_FIRST if len(problem.box.space) < 2 else _FIRST_IN_PLANE) * (end - begin)
    if first is not None and grid.knots is None:
        length = float(2 * first.scale[axis])
    edges, networks = [begin], list[FullProduct]()
    outcome = Outcome("converged", "every time slab converged")
    while edges[-1] < end and outcome.kind == "converged":
        # The best whole solution: the march before, or this one as far as it has come.
        best = TimeSlabs(edges, networks, axis) if networks else None
        best = best if before is None else before.network
        lower = edges[-1]
        earlier = networks[-1] if networks else None
        known = None if before is None else before.network
        again, long, regridded = False, 0, 0
        while True:
            upper = _cut(lower, _end(lower, length, end, again), marching.features, axis)
            network, outcome = yield from memoize(
                _solve_slab(problem, marching, grid, (lower, upper), earlier, known, best),
                _SlabSolution,
            )
            converged = outcome.kind == "converged"
            known = network if converged else None
            if outcome.kind == "diverged":
                verdict = SlabAssessment(False, grid, 0.5)
            else:
                verdict = assess_slab(problem, network, grid, tolerance, marching.largest)
            refused = not verdict.accepted
            too_long = refused and verdict.stretch < 1.0
            # Where a solution starts with a singularity, shorter slabs help but slowly.
            long += too_long
            hurry = 0.5 ** max(long - _PATIENCE, 0) if too_long else 1.0
            regridded = regridded + 1 if refused and not too_long else 0
            # A slab that can be told nothing but to try the same again is tried shorter.
            same = regridded > 0 and (verdict.grid is grid or regridded % _TRIES == 0)
            shorter = 0.5 if same or not converged else verdict.stretch * hurry
            length = (upper - lower) * shorter
            grid = verdict.grid if converged else grid
            if converged and verdict.accepted:
                break
            if length < _SHORTEST * (end - begin):
                said = f"is short enough or fine enough ({outcome.message}); the solution may end"
                outcome = Outcome(
                    "diverged" if outcome.kind == "diverged" else "stalled",
                    f"no time slab after t = {lower:.6g} {said} there, or needs less accuracy",
                )
                break
            again = True
        # A slab that was given up is no part of the solution, unless there is no other.
        if outcome.kind == "converged" or not networks:
            edges.append(upper)
            networks.append(network)
    whole, samples = TimeSlabs(edges, networks, axis), marching.samples
    with torch.no_grad():
        return _MarchResult(whole, outcome, samples.weight(whole(samples.points)))


def _end(lower: float, length: float, end: float, refused: bool) -> float:
    """Where a slab ends: at the very end if that is near, unless that was just refused."""
    if refused:
        return min(lower + length, end)
    return lower + length if lower + 1.3 * length < end else end


def _cut(lower: float, upper: float, features: Features, axis: int) -> float:
    """The end of a slab that holds no jump or kink, nor cells much narrower than itself."""
    places = [p.value for p in features.places if p.axis == axis and lower < p.value < upper]
    upper = min([upper, *places])
    edges = features.edges[axis]
    inside = edges[(edges > lower) & (edges < upper)]
    for end in (upper, *inside[::-1]):
        held = np.diff(edges)[(edges[1:] > lower) & (edges[:-1] < end)]
        if end - lower <= _CELLS * held.min(initial=np.inf):
            return float(end)
    return float(inside[0])


def _solve_slab(
    problem: Problem,
    marching: TimeMarching,
    grid: Grid,
    window: tuple[float, float],
    earlier: FullProduct | None,
    known: Network | None,
    best: TimeSlabs | None,
) -> Events[_SlabSolution]:
    """The network of one slab, from what is known of it or a constant continuation."""
    part = restrict_time(problem, *window)
    network = slab_network(part, grid, marching.samples.points)
    name = f"t = {window[0]:.4g} to {window[1]:.4g}"
    if len(part.box.space) == 2 and is_first_order_from_values(problem):
        run = solve_radau_slab(part, network, earlier, known, marching.steps)
        theta, outcome = yield from progress_events(run, lambda p: Event(name, p, lambda: best))
        return _SlabSolution(with_parameters(network, theta), outcome)
    points = slab_points(part, grid, marching.samples.points)
    terms = slab_terms(part, points, earlier)
    if known is None:
        theta = start_values(problem, terms.start, network)
    else:
        theta = project_values(part, grid, network, known)
    # Splines know only of their neighbors, polynomials of all points.
    objective = (
        balanced_objective(terms.all, network, theta, linear=linear(problem))
        if grid.knots is None
        else spline_objective(terms.all, network, 1 - problem.box.evolution, linear=linear(problem))
    )
    stage = LevenbergMarquardt(steps=marching.steps, damping=1e-20, tolerance=_STEADY)
    theta, outcome = yield from run_stage(
        stage, objective, theta, lambda p: Event(name, p, lambda: best)
    )
    if outcome.kind == "diverged" and (part := without_value(terms.all, network, theta)):
        outcome = Outcome("diverged", part)
    return _SlabSolution(with_parameters(network, theta), outcome)
