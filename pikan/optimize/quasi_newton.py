"""What quasi-Newton stages share: scaled variables, the best point so far, and when to end."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.evaluation import Evaluation, evaluator
from pikan.optimize.objective import Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.scaling import column_lengths
from pikan.optimize.stage import faulty, start_failure

# The loss must fall over this many steps; a single step may well be a poor one.
SPAN = 10


class Descent(NamedTuple):
    """Where a stage stands: θ, and the objective there in variables `lengths` times θ.

    `losses` are those of the last steps, the newest last.
    """

    theta: Float[Tensor, " p"]
    here: Evaluation
    lengths: Float[Tensor, " p"]
    losses: tuple[float, ...]

    def advance(self, ahead: Evaluation) -> "Descent":
        """The same after a step."""
        losses = (*self.losses, ahead.loss)[-SPAN - 1 :]
        return Descent(ahead.theta / self.lengths, ahead, self.lengths, losses)

    def stagnates(self, tolerance: float) -> bool:
        """Whether the last steps have lowered the loss by less than `tolerance` of itself."""
        fall = self.losses[0] - self.here.loss
        return len(self.losses) > SPAN and fall <= tolerance * self.losses[0]


def start_descent(
    stage: str, objective: Objective, theta: Float[Tensor, " p"]
) -> Descent | Outcome:
    """The start of the stage of this name, or why there is none."""
    start = evaluator(objective, None)(theta)
    if not start.finite():
        where = faulty(objective, start.residual) or "the gradient"
        return start_failure(stage, where)
    lengths = column_lengths(objective, start.theta)
    here = start._replace(theta=start.theta * lengths, gradient=start.gradient / lengths)
    return Descent(start.theta, here, lengths, (here.loss,))


def stall(here: Evaluation, steps: int) -> Outcome:
    """The outcome where not even steepest descent lowers the loss."""
    if not bool(here.gradient.any()):
        return Outcome("converged", f"the gradient is zero after {steps} steps")
    return Outcome(
        "stalled",
        f"no step along the gradient lowers the loss any more after {steps} steps; "
        "go on with gauss_newton, or with more points or parameters",
    )
