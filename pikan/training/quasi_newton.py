"""What quasi-Newton stages share: scaled variables, the best point so far, and when to end."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.objective import Objective
from pikan.outcome import Outcome
from pikan.training.evaluation import Evaluation, evaluator
from pikan.training.scaling import column_lengths
from pikan.training.stage import faulty, unstarted

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

    def moved(self, ahead: Evaluation) -> "Descent":
        """The same after a step."""
        losses = (*self.losses, ahead.loss)[-SPAN - 1 :]
        return Descent(ahead.theta / self.lengths, ahead, self.lengths, losses)

    def settled(self, tolerance: float) -> bool:
        """Whether the last steps have lowered the loss by less than `tolerance` of itself."""
        fall = self.losses[0] - self.here.loss
        return len(self.losses) > SPAN and fall <= tolerance * self.losses[0]


def begun(stage: str, objective: Objective, theta: Float[Tensor, " p"]) -> Descent | Outcome:
    """The start of the stage of this name, or why there is none."""
    start = evaluator(objective, None)(theta)
    if not start.finite():
        where = faulty(objective, start.residual) or "the gradient"
        return unstarted(stage, where)
    lengths = column_lengths(objective, start.theta)
    here = start._replace(theta=start.theta * lengths, gradient=start.gradient / lengths)
    return Descent(start.theta, here, lengths, (here.loss,))


def stalled(here: Evaluation, steps: int) -> Outcome:
    """The outcome where not even steepest descent lowers the loss."""
    if not bool(here.gradient.any()):
        return Outcome("converged", f"the gradient is zero after {steps} steps")
    return Outcome(
        "stalled",
        f"no step along the gradient lowers the loss any more after {steps} steps; "
        "go on with gauss_newton, or with more points or parameters",
    )
