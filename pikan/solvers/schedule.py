"""A schedule of stages on one network, which grows and gets new points on the way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.box import Box
from pikan.network.base import FeatureNetwork, Network
from pikan.network.parameters import last_layer, parameter_vector, with_parameters
from pikan.network.partials import partials
from pikan.network.product import FullProduct, LowRank
from pikan.network.refine import adapt, raise_rank, refine
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.optimize.objective import LeastSquares, Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress
from pikan.problem.classification import linear
from pikan.problem.statement import Problem, with_constants
from pikan.residuals.last_layer import features_size, last_layer_objective
from pikan.residuals.network_objective import network_objective
from pikan.residuals.row_partition import partition_objective
from pikan.residuals.terms import CollocationPoints, Term, equation_terms, merge, terms
from pikan.residuals.weights import row_factors
from pikan.sampling.adaptive import resample
from pikan.sampling.points import interior
from pikan.sampling.uniform import uniform
from pikan.solvers.level import SolverResult, run_stage
from pikan.solvers.output_scale import fit_output_scale, scale_outputs
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.time_slab import restrict_time, slab_terms
from pikan.solvers.variational.descent import energy_objective, minimizes_energy

# RAD draws from a set of candidates several times larger than what it keeps.
_CANDIDATES = 10
# As many points as show where hidden values lie.
_FOLLOWED = 10_000
# Candidates whose residuals are in memory together.
_AT_ONCE = 4096


@final
@dataclass(frozen=True)
class Refinement:
    """The same function in a bigger network; None leaves a number as it is.

    `adapt` moves the bases of hidden layers to where the values at the points lie, which keeps
    the function as nearly as they allow.
    """

    degree: int | None = None
    grid: int | None = None
    rank: int | None = None
    adapt: bool = False


@final
@dataclass(frozen=True)
class Resampling:
    """New interior points where the residual is large; `points` None keeps their number.

    `weighted` lets each point count as the inverse of its density, so that the loss stays the
    mean square over the box: else it is the mean over the points, where large residuals count
    twice, for their size and for their points.

    Source: Nabian, Gladstone, Meidani 2021, doi 10.1111/mice.12685.
    """

    points: int | None = None
    k: float = 1.0
    c: float = 1.0
    weighted: bool = True


@final
@dataclass(frozen=True)
class RedrawingStage:
    """A stage on points that are drawn anew before it and, as it says when, on its way."""

    stage: Stage
    resampling: Resampling


@final
@dataclass(frozen=True)
class Continuation:
    """A stage for one value of a constant after the other: these multiples of its own.

    Each starts where the one before ended.
    """

    constant: str
    factors: tuple[float, ...]
    step: Stage | RedrawingStage


Step = Stage | Refinement | Resampling | RedrawingStage | Continuation


TermsOn = Callable[[Problem, CollocationPoints], tuple[Term, ...]]
"""From a problem, with any of its constants, and points to what must vanish there."""


@final
@dataclass(frozen=True)
class ScheduleSettings:
    """What a schedule works on, made for the whole box or for one slab of it.

    `weights` gives the weight of every label, `memory` is how much training may take [bytes].
    """

    network: Callable[[Box], Network]
    points: Callable[[Box], CollocationPoints]
    weights: Callable[[Sequence[str]], Mapping[str, float]]
    steps: tuple[Step, ...]
    generator: torch.Generator
    memory: int


class _ScheduleResult(NamedTuple):
    network: Network
    outcome: Outcome


def run_schedule(problem: Problem, parts: ScheduleSettings) -> Events[SolverResult]:
    """All steps one after the other, on the whole box."""
    done = yield from _one(
        problem, parts, "", lambda stated, points: terms(stated, points), lambda network: network
    )
    return SolverResult(done.network, done.outcome, None, "")


def run_slabs(
    problem: Problem, parts: ScheduleSettings, edges: Sequence[float]
) -> Events[SolverResult]:
    """All steps in one slab after the other, each started from the end of the one before."""
    axis = problem.box.evolution
    networks: list[Network] = []
    outcome = Outcome("converged", "there is no time slab")
    for lower, upper in pairwise(edges):
        part = restrict_time(problem, lower, upper)
        earlier = networks[-1] if networks else None

        def terms_on(
            stated: Problem, points: CollocationPoints, earlier: Network | None = earlier
        ) -> tuple[Term, ...]:
            return slab_terms(stated, points, earlier).all

        def join(network: Network, upper: float = upper) -> TimeSlabs:
            return TimeSlabs((*edges[: len(networks) + 1], upper), (*networks, network), axis)

        level = f"t = {lower:.4g} to {upper:.4g}"
        done = yield from memoize(_one(part, parts, level, terms_on, join), _ScheduleResult)
        networks.append(done.network)
        outcome = done.outcome
        if outcome.kind == "diverged":
            break
    whole = TimeSlabs(edges[: len(networks) + 1], networks, axis)
    return SolverResult(whole, outcome, None, "")


def _one(
    problem: Problem,
    parts: ScheduleSettings,
    level: str,
    terms_on: TermsOn,
    join: Callable[[Network], Network],
) -> Events[_ScheduleResult]:
    """The schedule on one box; `join` puts a network beside those of earlier slabs."""
    points = parts.points(problem.box)
    network = _start(problem, parts, points, terms_on)
    outcome = Outcome("converged", "the schedule has no stage")
    for part, where, step in _single_steps(problem, level, parts.steps):
        match step:
            case Refinement():
                network = _refine_network(network, step, points, parts.generator)
            case Resampling():
                points = _resample_points(part, network, points, step, parts.generator)
            case Stage() | RedrawingStage():
                stage, redraw = (
                    (step.stage, step.resampling)
                    if isinstance(step, RedrawingStage)
                    else (step, None)
                )
                if redraw is not None:
                    points = _resample_points(part, network, points, redraw, parts.generator)
                made = _assemble(part, parts, network, points, terms_on, stage, redraw)
                shown = partial(_stage_event, where, join, made)
                theta, outcome = yield from run_stage(stage, made.objective, made.start, shown)
                network = made.network(theta)
                if outcome.kind == "diverged":
                    break
    return _ScheduleResult(network, outcome)


def _start(
    problem: Problem,
    parts: ScheduleSettings,
    points: CollocationPoints,
    terms_on: TermsOn,
) -> Network:
    """The network of a box, of the size of the solution there."""
    network = parts.network(problem.box)
    found = merge(terms_on(problem, points))
    weights = parts.weights(list(dict.fromkeys(one.label for one in found)))
    factors = row_factors(found, weights)
    return scale_outputs(network, fit_output_scale(network, found, factors))


def _stage_event(
    level: str, join: Callable[[Network], Network], made: "_Assembly", now: StageProgress
) -> Event:
    """The event of a stage's progress."""
    return Event(level, now, lambda: join(made.network(now.theta)))


def _single_steps(
    problem: Problem, level: str, steps: Sequence[Step]
) -> Iterator[tuple[Problem, str, Stage | Refinement | Resampling | RedrawingStage]]:
    """The steps, each with its problem and what it is called; one for each value of a constant."""
    for step in steps:
        if not isinstance(step, Continuation):
            yield problem, level, step
            continue
        for factor in step.factors:
            value = factor * problem.constants[step.constant]
            where = f"{step.constant} = {value:.4g}"
            part = with_constants(problem, {step.constant: value})
            yield part, f"{level}, {where}" if level else where, step.step


class _Assembly(NamedTuple):
    """What a stage works on, and the way back from its parameters to a network."""

    objective: Objective
    start: Float[Tensor, " p"]
    network: Callable[[Float[Tensor, " p"]], Network]


def _assemble(
    problem: Problem,
    parts: ScheduleSettings,
    network: Network,
    points: CollocationPoints,
    terms_on: TermsOn,
    stage: Stage,
    redraw: Resampling | None,
) -> _Assembly:
    """The last layer alone where that is all there is or all the stage asks for, else the whole.

    With a `redraw` the objective can be drawn anew, by a seed of its own and not by what else is
    drawn, so that a stage that goes on comes to the same points.
    """
    if minimizes_energy(problem, stage, network):
        made = energy_objective(problem, network, points, parts.weights, parts.memory // 2)
        return _Assembly(
            made, parameter_vector(network), lambda free: with_parameters(network, free)
        )
    found = merge(terms_on(problem, points))
    weights = parts.weights(list(dict.fromkeys(one.label for one in found)))
    affine, theta, time = linear(problem), parameter_vector(network), problem.box.time
    alone = isinstance(stage, LinearLeastSquares) or (
        isinstance(network, FullProduct) and features_size(found, network) <= parts.memory // 2
    )
    part = slice(0, len(theta))
    if alone and isinstance(network, FeatureNetwork):
        part = last_layer(network)
        make = partial(last_layer_objective, network=network, linear=affine)
    else:
        make = partial(
            network_objective, network=network, linear=affine, time=time, memory=parts.memory // 2
        )

    def objective_of(found: tuple[Term, ...]) -> LeastSquares:
        factors = row_factors(found, weights)
        return partition_objective(lambda of, by: make(of, factors=by), found, factors, time)

    def with_part(free: Float[Tensor, " p"]) -> Network:
        return with_parameters(network, torch.cat([theta[: part.start], free]))

    objective = objective_of(found)
    if redraw is not None:
        seed = int(torch.randint(2**62, (), generator=parts.generator))

        def redrawn(free: Float[Tensor, " p"], number: int) -> LeastSquares:
            generator = torch.Generator().manual_seed(seed + number)
            moved = _resample_points(problem, with_part(free), points, redraw, generator)
            return objective_of(merge(terms_on(problem, moved)))

        objective = replace(objective, redraw=redrawn)
    return _Assembly(objective, theta[part], with_part)


def _refine_network(
    network: Network, step: Refinement, points: CollocationPoints, generator: torch.Generator
) -> Network:
    """The network with more room; RefinementError where its kind has none of that."""
    if step.rank is not None:
        if not isinstance(network, LowRank):
            raise RefinementError("refine.rank: only a product network of given rank has a rank")
        return raise_rank(network, step.rank, generator)
    finer = refine(network, degree=step.degree, grid=step.grid)
    if not step.adapt:
        return finer
    # Hidden bases go where the values at some of the points lie.
    places = torch.cat([points.interior, *points.faces.values()])
    return adapt(finer, places[:: 1 + len(places) // _FOLLOWED], inputs=False)


@final
class RefinementError(ValueError):
    """A network has no such thing as is to be refined."""


def _resample_points(
    problem: Problem,
    network: Network,
    points: CollocationPoints,
    step: Resampling,
    generator: torch.Generator,
) -> CollocationPoints:
    """New interior points, drawn by the size of the equations' residuals."""
    count = step.points or len(points.interior)
    candidates = interior(problem.domain, uniform, _CANDIDATES * count, generator, points.interior)
    with torch.no_grad():
        # The largest residual of the equations at each point.
        sizes = list[Float[Tensor, " n"]]()
        for part in candidates.split(_AT_ONCE):
            found = equation_terms(problem, part)
            wanted = {i for one in found for i in one.needed_partials(0)}
            by_partial = partials(network, part, wanted)
            left = [one.residual((by_partial,)).abs() for one in found]
            sizes.append(torch.stack(left).amax(dim=0))
    drawn = resample(candidates, torch.cat(sizes), count, generator, step.k, step.c)
    weights = drawn.weights if step.weighted else None
    return replace(points, interior=drawn.points, weights=weights)
