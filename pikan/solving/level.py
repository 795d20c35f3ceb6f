"""What a step of refinement leaves behind, and how far two of them are apart."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import Network
from pikan.objective import Objective
from pikan.outcome import Alternative, Outcome
from pikan.solving.event import Begins, Ends, Event, Events, Going, Known
from pikan.training.stage import Progress, Stage

# Beside another unknown, one that is this much smaller is zero.
_ROUNDING = 1e-11


class Level(NamedTuple):
    """A finished solution; `estimate` is its relative L2 error as estimated, None if not known.

    It is infinite where other solutions, far from this one, fit as well. `alternatives` are others
    that were found, apart from this one.
    """

    network: Network
    outcome: Outcome
    estimate: float | None
    how: str
    alternatives: tuple[Alternative, ...] = ()


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


class Trained(NamedTuple):
    """The last parameters of a stage, and how it ended."""

    theta: Float[Tensor, " p"]
    outcome: Outcome


def trained(
    stage: Stage,
    objective: Objective,
    theta: Float[Tensor, " p"],
    event: Callable[[Progress], Event],
    enough: float = 0.0,
) -> Events[Trained]:
    """A stage's progress as events; comes back with the last parameters and how it ended.

    A residual of less than `enough` times the first is the end.
    """
    answer = yield Begins((Trained,))
    if isinstance(answer, Known):
        result = answer.result
    else:
        going = answer if isinstance(answer, Going) else None
        result = yield Ends((yield from _trained(stage, objective, theta, event, enough, going)))
    assert isinstance(result, Trained)
    return result


def _trained(
    stage: Stage,
    objective: Objective,
    theta: Float[Tensor, " p"],
    event: Callable[[Progress], Event],
    enough: float,
    going: Going | None,
) -> Events[Trained]:
    """The same from where it was interrupted; `going` is None where it begins."""
    run = stage.run(objective, theta, None if going is None else going.state)
    largest = 0.0 if going is None else going.largest
    while True:
        try:
            progress = next(run)
        except StopIteration as end:
            return Trained(theta, end.value)
        theta, largest = progress.theta, max(largest, progress.loss)
        now = None if progress.state is None else Going(progress.state, largest)
        yield event(progress)._replace(going=now)
        if progress.loss < enough**2 * largest:
            return Trained(theta, Outcome("converged", "what is left of the residual is rounding"))


def run_quietly(stage: Stage, objective: Objective, theta: Float[Tensor, " p"]) -> Trained:
    """The end of a stage without its progress, where it is quick enough to be run again."""
    run = stage.run(objective, theta)
    while True:
        try:
            theta = next(run).theta
        except StopIteration as end:
            return Trained(theta, end.value)
