"""The result of a solver, and the run of one stage."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import Network
from pikan.optimize.objective import Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, StageResult, StageRun
from pikan.solvers.facts import FamilyFacts
from pikan.solvers.found import NOTHING, Identification
from pikan.solvers.replay import Event, Events, InProgress, resume

# Beside another unknown, one that is this much smaller is zero.
_ROUNDING = 1e-11


class SolverResult(NamedTuple):
    """A finished solution; `estimate` is its relative L2 error as estimated, None if not known.

    It is infinite where nothing bounds it, as where other solutions, far from this one, fit as well
    and where a run was cut off. `found` are all solutions that were found of several.
    `identification` has what data have told of constants, `family` what is known of a family.
    `lower` is the network of the level before, None where there is none to compare with.
    """

    network: Network
    outcome: Outcome
    estimate: float | None
    how: str
    found: tuple[Network, ...] = ()
    identification: Identification = NOTHING
    family: FamilyFacts | None = None
    lower: Network | None = None


def distance(one: Float[Tensor, "n m"], other: Float[Tensor, "n m"]) -> float:
    """The relative root-mean-square difference of two fields, of the worst unknown.

    An unknown that is zero everywhere, but for rounding, is measured against the largest of the
    others, or absolutely if all are.
    """
    sizes = other.norm(dim=0)
    largest = float(sizes.max())
    if largest == 0.0:
        return float((one - other).norm(dim=0).max()) / len(other) ** 0.5
    measured = torch.where(sizes > _ROUNDING * largest, sizes, largest)
    return float(((one - other).norm(dim=0) / measured).max())


def run_stage(
    stage: Stage,
    objective: Objective,
    theta: Float[Tensor, " p"],
    event: Callable[[StageProgress], Event],
    enough: float = 0.0,
) -> Events[StageResult]:
    """A stage's progress as events; comes back with the last parameters and how it ended.

    A residual of less than `enough` times the first is the end.
    """

    def run(going: InProgress | None) -> Events[StageResult]:
        state, largest = (None, 0.0) if going is None else going
        stage_run = StageRun(stage, objective, theta, state)
        for progress in stage_run:
            largest = max(largest, progress.loss)
            now = None if progress.state is None else InProgress(progress.state, largest)
            yield event(progress)._replace(in_progress=now)
            # What is negative is an energy.
            if 0.0 <= progress.loss < enough**2 * largest:
                end = Outcome("converged", "what is left of the residual is rounding")
                return StageResult(progress.theta, end)
        return stage_run.result()

    return resume(run, StageResult)


def run_quietly(stage: Stage, objective: Objective, theta: Float[Tensor, " p"]) -> StageResult:
    """The end of a stage without its progress, where it is quick enough to be run again."""
    run = StageRun(stage, objective, theta)
    for _ in run:
        pass
    return run.result()
