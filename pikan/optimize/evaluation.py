"""An objective at one point: its residual, its loss, and the gradient of that."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.gradient import finite, gradient
from pikan.optimize.objective import Objective


class Evaluation(NamedTuple):
    """An objective at one point: r as it is, the loss and its gradient under the multipliers."""

    theta: Float[Tensor, " p"]
    residual: Float[Tensor, " r"]
    loss: float
    gradient: Float[Tensor, " p"]

    def finite(self) -> bool:
        """Whether a search can go on from here."""
        return finite(self.residual.square().sum()) and finite(self.gradient)


Evaluate = Callable[[Float[Tensor, " p"]], Evaluation]


def evaluator(objective: Objective, multipliers: Float[Tensor, " r"] | None) -> Evaluate:
    """The objective as a function of θ, one residual each; None multiplies no row."""

    def evaluate(theta: Float[Tensor, " p"]) -> Evaluation:
        here = theta.detach().clone().requires_grad_()
        residual = objective.residual(here)
        rows = residual if multipliers is None else multipliers * residual
        slope = gradient(rows, here)
        loss = 0.5 * float(rows.detach().square().sum())
        return Evaluation(here.detach(), residual.detach(), loss, slope)

    return evaluate
