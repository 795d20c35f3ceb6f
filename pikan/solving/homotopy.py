"""Newton's homotopy: r(θ) = r(start), which the start solves, is deformed into r(θ) = 0."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from pikan.objective import Objective
from pikan.outcome import Outcome
from pikan.solving.event import Event, Events
from pikan.solving.level import Trained, trained
from pikan.training.stage import Progress, Stage

_PARTS = 5


def led(
    stage: Stage,
    objective: Objective,
    start: Float[Tensor, " p"],
    event: Callable[[Progress], Event],
) -> Events[Trained]:
    """Each problem of the homotopy solved from the one before.

    Where least squares leads to a residual that is only the least nearby, this often leads
    to a solution.
    """
    theta, outcome = start, Outcome("converged", "there is nothing to lead to")
    for nearby in newton_homotopy(objective, start):
        theta, outcome = yield from trained(stage, nearby, theta, event)
        if outcome.kind == "diverged":
            break
    return Trained(theta, outcome)


def newton_homotopy(objective: Objective, start: Float[Tensor, " p"]) -> Iterator[Objective]:
    """r(θ) - (1 - k/K) r(start) for k = 1 to K.

    Source: Allgower and Georg 2003, Introduction to Numerical Continuation Methods, Eq. (1.1.4).
    """
    first = objective.residual(start).detach()
    for part in range(1, _PARTS + 1):
        rest = (1.0 - part / _PARTS) * first

        def shifted(
            at: Float[Tensor, " p"], rest: Float[Tensor, " r"] = rest
        ) -> Float[Tensor, " r"]:
            return objective.residual(at) - rest

        yield replace(objective, residual=shifted)
