"""Newton homotopy: deform r(θ) = r(start), which the start solves, into r(θ) = 0."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.objective import LeastSquares
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, StageResult
from pikan.solvers.level import run_stage
from pikan.solvers.replay import Event, Events

_PARTS = 5


def solve_by_homotopy(
    stage: Stage,
    objective: LeastSquares,
    start: Float[Tensor, " p"],
    event: Callable[[StageProgress], Event],
) -> Events[StageResult]:
    """Each problem of the homotopy solved from the one before.

    Where least squares leads to a residual that is only the least nearby, this often leads
    to a solution.
    """
    theta, outcome = start, Outcome("converged", "there is nothing to lead to")
    for nearby in newton_homotopy(objective, start):
        theta, outcome = yield from run_stage(stage, nearby, theta, event)
        if outcome.kind == "diverged":
            break
    return StageResult(theta, outcome)


def newton_homotopy(objective: LeastSquares, start: Float[Tensor, " p"]) -> Iterator[LeastSquares]:
    """r(θ) - (1 - k/K) r(start) for k = 1 to K.

    Source: Allgower and Georg 2003, Introduction to Numerical Continuation Methods, Eq. (1.1.4).
    """
    first = objective.residual(start).detach()
    for part in range(1, _PARTS + 1):
        rest = (1.0 - part / _PARTS) * first

        def shift(at: Float[Tensor, " p"], rest: Float[Tensor, " r"] = rest) -> Float[Tensor, " r"]:
            return objective.residual(at) - rest

        yield replace(objective, residual=shift)
