"""An energy as an objective: integrals of densities, and conditions as rows beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.optimize.objective import Block, Evaluation, LeastSquares, Objective


@final
@dataclass(frozen=True)
class EnergyObjective(Objective):
    """The sum of the rows with these labels, and half the squares of the others.

    `rows` makes both. A row of a density is its value times the weight of its point in a quadrature
    rule, so that their sum is the integral, which may well be negative; the others are residuals of
    conditions.

    Source: E and Yu 2018, doi 10.1007/s40304-018-0127-z (deep Ritz method).
    """

    rows: LeastSquares
    labels: frozenset[str]

    def evaluate(self, theta: Float[Tensor, " p"]) -> Evaluation:
        """The rows, and the gradient by one backward pass through them."""
        here = theta.detach().clone().requires_grad_()
        rows = self.rows.residual(here)
        total = torch.stack([self._part(one, rows) for one in self.rows.blocks]).sum()
        (slope,) = torch.autograd.grad(total, here)
        return Evaluation(here.detach(), rows.detach(), float(total.detach()), slope)

    def column_lengths(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """How much each parameter changes the rows."""
        return self.rows.column_lengths(theta)

    def value(self, rows: Float[Tensor, " r"]) -> float:
        """The integrals, and half the squares of conditions."""
        return float(sum(self._part(one, rows.detach()) for one in self.rows.blocks))

    def parts(self, rows: Float[Tensor, " r"]) -> Mapping[str, float]:
        """Twice what each part contributes, as of squares."""
        made = {one.label: self._part(one, rows.detach()) for one in self.rows.blocks}
        return {label: 2.0 * float(part) for label, part in made.items()}

    def faults(self, rows: Float[Tensor, "r ..."]) -> str:
        """The parts whose rows are not finite."""
        return self.rows.faults(rows)

    def _part(self, block: Block, rows: Float[Tensor, " r"]) -> Float[Tensor, ""]:
        own = rows[block.rows]
        return own.sum() if block.label in self.labels else 0.5 * own.square().sum()
