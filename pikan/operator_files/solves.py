"""Solves of one problem for many inputs: the first as any problem, the others from one near."""

from typing import NamedTuple, final

import torch

from pikan import factory
from pikan.network_factory import device
from pikan.planning.planner import complete
from pikan.problem.statement import Problem
from pikan.solver_choice import solver_events
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral.branch_refinement import refine_near
from pikan.solvers.spectral.level import PRefinement
from pikan.spec.networks import ProductSettings
from pikan.spec.operators import OperatorStatement
from pikan.spec.schema import Spec
from pikan.spec.stages.climb import ClimbStage
from pikan.storage.replay_log import ReplayLog, replay

_ENDINGS = ("converged", "finished", "stalled")


@final
class SampleError(RuntimeError):
    """An input for which the problem has not been solved."""


@final
class Way(NamedTuple):
    """How all inputs of a law are solved for: as the first is, of which they are all alike.

    `settings` are those of p-refinement, points of comparison among them; None where the problem
    is solved in another way.
    """

    spec: Spec
    settings: PRefinement | None


def way_of(stated: OperatorStatement, problem: Problem) -> Way:
    """The way to the solution for the first input."""
    assert stated.spec is not None
    spec, _ = complete(stated.spec, problem)
    refined = isinstance(spec.network, ProductSettings) and spec.network.rank is not None
    match spec.training:
        case (ClimbStage(climb=asked), *_) if refined:
            return Way(spec, factory.p_refinement_settings(spec, problem, asked))
        case _:
            return Way(spec, None)


def solve_input(
    stated: OperatorStatement,
    problem: Problem,
    way: Way,
    near: SolverResult | None,
    number: int,
) -> SolverResult:
    """The solution for an input, from that for another one where there is one `near`.

    SampleError where there is none.
    """
    generator = torch.Generator().manual_seed(way.spec.seed)
    log = ReplayLog(generator, device(way.spec))
    events = replay(_events(problem, way, near, generator), log)
    while True:
        try:
            next(events)
        except StopIteration as end:
            level: SolverResult = end.value
            break
    if level.outcome.kind not in _ENDINGS:
        raise SampleError(
            f"{stated.origin.file}: input {number} has no solution: {level.outcome.message}; "
            "take a smaller amplitude, or another seed"
        )
    return level


def _events(
    problem: Problem, way: Way, near: SolverResult | None, generator: torch.Generator
) -> Events[SolverResult]:
    """From a level of the other input; where that does not converge, all of the way."""
    if way.settings is not None and near is not None:
        found = yield from refine_near(problem, way.settings, near)
        if found is not None:
            return found
    return (yield from solver_events(way.spec, problem, generator))
