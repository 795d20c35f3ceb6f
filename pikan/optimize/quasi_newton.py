"""What quasi-Newton stages share: scaled variables, the best point so far, and when to end."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.line_search import Evaluate
from pikan.optimize.objective import Evaluation, Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import start_failure
from pikan.optimize.weights import evaluate_weighted

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
        return len(self.losses) > SPAN and fall <= tolerance * abs(self.losses[0])


def start_descent(
    stage: str, objective: Objective, theta: Float[Tensor, " p"]
) -> Descent | Outcome:
    """The start of the stage of this name, or why there is none."""
    start = objective.evaluate(theta)
    if not start.finite():
        return start_failure(stage, objective.faults(start.rows) or "the gradient")
    lengths = objective.column_lengths(start.theta)
    here = start._replace(theta=start.theta * lengths, gradient=start.gradient / lengths)
    return Descent(start.theta, here, lengths, (here.loss,))


def in_variables(
    objective: Objective,
    lengths: Float[Tensor, " p"],
    multipliers: Float[Tensor, " r"] | None = None,
) -> Evaluate:
    """The objective as a function of `lengths` times θ; None multiplies no row of it."""

    def evaluate(y: Float[Tensor, " p"]) -> Evaluation:
        theta = y / lengths
        if multipliers is None:
            here = objective.evaluate(theta)
        else:
            here = evaluate_weighted(objective, theta, multipliers).evaluation
        return here._replace(theta=y, gradient=here.gradient / lengths)

    return evaluate


def stall(here: Evaluation, steps: int) -> Outcome:
    """The outcome where not even steepest descent lowers the loss."""
    if not bool(here.gradient.any()):
        return Outcome("converged", f"the gradient is zero after {steps} steps")
    return Outcome(
        "stalled",
        f"no step along the gradient lowers the loss any more after {steps} steps; "
        "go on with gauss_newton, or with more points or parameters",
    )
