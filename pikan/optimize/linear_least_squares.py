"""The last layer of a network by one linear least-squares solve."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import scaled_least_squares
from pikan.linalg.jacobian import DenseJacobian
from pikan.optimize.objective import LeastSquares, Objective, finite, least_squares
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, State, progress, start_failure

# Directions below so many ε of the largest are rounding.
CUTOFF = 64.0


class NotLinearError(ValueError):
    """The objective is not linear in a last layer, so there is no system to solve."""


def last_layer(objective: LeastSquares) -> slice:
    """The part of θ in which the objective is linear; NotLinearError if there is none."""
    if objective.last_layer is None or not objective.linear:
        raise NotLinearError(
            "solving for the last layer needs equations and conditions that are linear in the "
            "unknowns, and a network with a linear last layer; use gauss_newton"
        )
    return objective.last_layer


@final
@dataclass(frozen=True)
class LinearLeastSquares(Stage):
    """The least loss over the last layer, all else fixed, in one step.

    Directions in which the residual changes by less than `cutoff` times the most count as
    dependent and are left out; None takes 64 ε of the precision in use.
    """

    cutoff: float | None = None
    name: ClassVar[str] = "least_squares"

    def run(
        self,
        objective: Objective,
        theta: Float[Tensor, " p"],
        state: State | None = None,  # noqa: ARG002 (one step has nothing to go on from)
    ) -> Generator[StageProgress, None, Outcome]:
        """Ends converged with the rank in its message, or diverged where rows are not finite.

        Fewer rows than coefficients leave the solution open between them: that is stalled.
        Raises NotLinearError if the objective is not linear in a last layer.
        """
        objective = least_squares(objective, self.name)
        part = last_layer(objective)
        residual = objective.residual(theta).detach()
        if objective.partition is None:
            jacobian = DenseJacobian(objective.jacobian(theta).detach())
        else:
            jacobian = objective.partition.at(theta, len(residual))
        where = objective.faults(residual) or objective.faults(jacobian.row_lengths())
        if where:
            return start_failure(self.name, where)
        yield progress(self, objective, 0, 1, theta, residual)
        cutoff = CUTOFF * torch.finfo(theta.dtype).eps if self.cutoff is None else self.cutoff
        matrix, right = jacobian.system(residual)
        change, rank = scaled_least_squares(matrix[:, part], -right, cutoff)
        solved = theta.detach().clone()
        solved[part] += change
        left = objective.residual(solved).detach()
        if not finite(left) or left.norm() > residual.norm():
            return Outcome("stalled", f"solving for the last layer (rank {rank}) gained nothing")
        yield progress(self, objective, 1, 1, solved, left)
        rows, columns = len(residual), len(change)
        if rows < columns:
            return Outcome(
                "stalled",
                f"{rows} residuals cannot determine {columns} coefficients; "
                "give more points, or choose a network with fewer parameters",
            )
        return Outcome("converged", f"solved the last layer: {rank_text(rank, columns)}")


def rank_text(rank: int, columns: int) -> str:
    """What a solution stands on, and what it has left out.

    >>> rank_text(3, 5)
    'rank 3 of 5 coefficients; 2 directions left out as dependent'
    """
    found = f"rank {rank} of {columns} coefficients"
    left = columns - rank
    plural = "" if left == 1 else "s"
    return f"{found}; {left} direction{plural} left out as dependent" if left else found
