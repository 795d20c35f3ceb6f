"""A schedule of stages on one network, which grows and gets new points on the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.collocation.last_layer import features_size, last_layer_objective
from pikan.collocation.network import network_objective
from pikan.derivatives.jets import partials
from pikan.domain.box import Box
from pikan.network.base import FeatureNetwork, Network
from pikan.network.parameters import flat, last_layer, replaced
from pikan.network.product import FullProduct, LowRank
from pikan.network.refine import adapted, ranked, refined
from pikan.network.windows import Windows
from pikan.objective import Objective
from pikan.outcome import Outcome
from pikan.problem import Problem, linear
from pikan.residuals import Points, Sheet, equation_sheets, merged, sheets
from pikan.sampling.density import resample
from pikan.sampling.points import interior
from pikan.sampling.uniform import uniform
from pikan.solving.continuation import between, window_sheets
from pikan.solving.event import Event, Events, kept
from pikan.solving.level import Level, trained
from pikan.solving.shares import shared
from pikan.training.least_squares import LeastSquares
from pikan.training.stage import Progress, Stage

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

    degree: int | None
    grid: int | None
    rank: int | None
    adapt: bool


@final
@dataclass(frozen=True)
class Resampling:
    """New interior points where the residual is large; `points` None keeps their number.

    `weighted` lets each point count as the inverse of its density, so that the loss stays the
    mean square over the box: else it is the mean over the points, where large residuals count
    twice, for their size and for their points.

    Source: Nabian, Gladstone, Meidani 2021, doi 10.1111/mice.12685.
    """

    points: int | None
    k: float
    c: float
    weighted: bool


Step = Stage | Refinement | Resampling


@final
@dataclass(frozen=True)
class Parts:
    """What a schedule works on, made for the whole box or for one window of it.

    `weights` gives the weight of every label, `memory` is how much training may take [bytes].
    """

    network: Callable[[Box], Network]
    points: Callable[[Box], Points]
    weights: Callable[[Sequence[str]], Mapping[str, float]]
    steps: tuple[Step, ...]
    generator: torch.Generator
    memory: int


class _Trained(NamedTuple):
    network: Network
    outcome: Outcome


def follow(problem: Problem, parts: Parts) -> Events[Level]:
    """All steps one after the other, on the whole box."""
    done = yield from _one(problem, parts, "", lambda points: sheets(problem, points), _alone)
    return Level(done.network, done.outcome, None, "")


def follow_windows(problem: Problem, parts: Parts, edges: Sequence[float]) -> Events[Level]:
    """All steps in one window after the other, each started from the end of the one before."""
    axis = problem.box.axis("t")
    networks: list[Network] = []
    outcome = Outcome("converged", "no window was asked for")
    for lower, upper in pairwise(edges):
        part = between(problem, lower, upper)
        earlier = networks[-1] if networks else None

        def stated(
            points: Points, part: Problem = part, earlier: Network | None = earlier
        ) -> tuple[Sheet, ...]:
            return window_sheets(part, points, earlier).all

        def joined(network: Network, upper: float = upper) -> Windows:
            return Windows((*edges[: len(networks) + 1], upper), (*networks, network), axis)

        level = f"t = {lower:.4g} to {upper:.4g}"
        done = yield from kept(_one(part, parts, level, stated, joined), _Trained)
        networks.append(done.network)
        outcome = done.outcome
        if outcome.kind == "diverged":
            break
    whole = Windows(edges[: len(networks) + 1], networks, axis)
    return Level(whole, outcome, None, "")


def _one(
    problem: Problem,
    parts: Parts,
    level: str,
    stated: Callable[[Points], tuple[Sheet, ...]],
    joined: Callable[[Network], Network],
) -> Events[_Trained]:
    """The schedule on one box; `joined` puts a network beside those of earlier windows."""
    network, points = parts.network(problem.box), parts.points(problem.box)
    outcome = Outcome("converged", "the schedule has no stage")
    for step in parts.steps:
        match step:
            case Refinement():
                network = _grown(network, step, points, parts.generator)
            case Resampling():
                points = _resampled(problem, network, points, step, parts.generator)
            case Stage():
                subject = _subject(problem, parts, network, merged(stated(points)), step)
                shown = partial(_shown, level, joined, subject)
                theta, outcome = yield from trained(step, subject.objective, subject.start, shown)
                network = subject.network(theta)
                if outcome.kind == "diverged":
                    break
    return _Trained(network, outcome)


def _shown(
    level: str, joined: Callable[[Network], Network], subject: "_Subject", progress: Progress
) -> Event:
    """The event of a stage's progress."""
    return Event(level, progress, lambda: joined(subject.network(progress.theta)))


def _alone(network: Network) -> Network:
    """A network with none beside it."""
    return network


class _Subject(NamedTuple):
    """What a stage works on, and the way back from its parameters to a network."""

    objective: Objective
    start: Float[Tensor, " p"]
    network: Callable[[Float[Tensor, " p"]], Network]


def _subject(
    problem: Problem, parts: Parts, network: Network, found: tuple[Sheet, ...], stage: Stage
) -> _Subject:
    """The last layer alone where that is all there is or all the stage asks for, else the whole."""
    weights = parts.weights(list(dict.fromkeys(one.label for one in found)))
    affine, theta, time = linear(problem), flat(network), problem.box.time
    alone = isinstance(stage, LeastSquares) or (
        isinstance(network, FullProduct) and features_size(found, network) <= parts.memory // 2
    )
    if alone and isinstance(network, FeatureNetwork):
        objective = shared(
            lambda sheets, weights: last_layer_objective(sheets, network, weights, linear=affine),
            found,
            weights,
            time,
        )
        part = last_layer(network)

        def with_last_layer(coefficients: Float[Tensor, " p"]) -> Network:
            return replaced(network, torch.cat([theta[: part.start], coefficients]))

        return _Subject(objective, theta[part], with_last_layer)
    objective = shared(
        lambda sheets, weights: network_objective(
            sheets, network, weights, linear=affine, time=time, memory=parts.memory // 2
        ),
        found,
        weights,
        time,
    )
    return _Subject(objective, theta, lambda whole: replaced(network, whole))


def _grown(
    network: Network, step: Refinement, points: Points, generator: torch.Generator
) -> Network:
    """The network with more room; RefinementError where its kind has none of that."""
    if step.rank is None:
        finer = refined(network, degree=step.degree, grid=step.grid)
        return _adapted(finer, points) if step.adapt else finer
    if not isinstance(network, LowRank):
        raise RefinementError("refine.rank: only a product network of given rank has a rank")
    return ranked(network, step.rank, generator)


def _adapted(network: Network, points: Points) -> Network:
    """The network with its hidden bases where the values at some of the points lie."""
    places = torch.cat([points.interior, *points.faces.values()])
    some = places[:: 1 + len(places) // _FOLLOWED]
    return adapted(network, some, inputs=False)


@final
class RefinementError(ValueError):
    """A network has no such thing as is to be refined."""


def _resampled(
    problem: Problem,
    network: Network,
    points: Points,
    step: Resampling,
    generator: torch.Generator,
) -> Points:
    """New interior points, drawn by the size of the equations' residuals."""
    count = step.points or len(points.interior)
    candidates = interior(problem.box, uniform, _CANDIDATES * count, generator, points.interior)
    with torch.no_grad():
        some = candidates.split(_AT_ONCE)
        sizes = torch.cat([_residual_sizes(problem, network, points) for points in some])
    drawn = resample(candidates, sizes, count, generator, step.k, step.c)
    weights = drawn.weights if step.weighted else None
    return replace(points, interior=drawn.points, weights=weights)


def _residual_sizes(
    problem: Problem, network: Network, points: Float[Tensor, "n d"]
) -> Float[Tensor, " n"]:
    """The largest residual of the equations at each point."""
    found = equation_sheets(problem, points)
    by_partial = partials(network, points, {i for one in found for i in one.wanted(0)})
    return torch.stack([one.residual((by_partial,)).abs() for one in found]).amax(dim=0)
