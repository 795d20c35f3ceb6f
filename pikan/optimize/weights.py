"""Weights that change while an objective is lowered: a multiplier for each row of its residual.

The rows that an optimizer sees are multiplied by these numbers, so their squares weigh the
squared residuals. Each kind of weights is a pure function of the state before.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.optimize.objective import (
    Block,
    Evaluation,
    LeastSquares,
    Objective,
    gradient,
    least_squares,
)


class Weights(ABC):
    """A rule by which the multipliers follow the residual.

    `every` is the number of Adam steps from one update to the next.
    """

    every: int

    @abstractmethod
    def update(
        self,
        objective: LeastSquares,
        theta: Float[Tensor, " p"],
        residual: Float[Tensor, " r"],
        multipliers: Float[Tensor, " r"],
    ) -> Float[Tensor, " r"]:
        """The next multipliers, positive and detached; the first `multipliers` are ones.

        `theta` takes part in autograd and `residual` still hangs on it: the graph may be used
        here, and stays usable afterwards.
        """


@final
@dataclass(frozen=True)
class Balance(Weights):
    """Blocks weighted so that their gradients become equally long.

    λ_b = Σ_c |∇L_c| / |∇L_b| with L_b = ½|r_b|², averaged over time by
    λ ← memory · λ + (1 - memory) · λ_b. Costs one backward pass per block.

    Source: Wang, Teng, Perdikaris 2021, doi 10.1137/20M1318043, algorithm 1, with the norms of
    Wang, Sankaran, Wang, Perdikaris 2023, arXiv 2308.08468, in place of its maximum and mean.
    """

    memory: float = 0.9
    every: int = 100

    def update(
        self,
        objective: LeastSquares,
        theta: Float[Tensor, " p"],
        residual: Float[Tensor, " r"],
        multipliers: Float[Tensor, " r"],
    ) -> Float[Tensor, " r"]:
        """The next multipliers, the same for every row of a block."""
        parts = [gradient(residual[b.rows], theta, again=True) for b in objective.blocks]
        lengths = [float(part.norm()) for part in parts]
        total = sum(lengths)
        squares = multipliers.square()
        balanced = squares.clone()
        for block, length in zip(objective.blocks, lengths, strict=True):
            # A block that is solved exactly has no gradient; its weight may rest.
            if length > 0.0:
                balanced[block.rows] = total / length
        return (self.memory * squares + (1.0 - self.memory) * balanced).sqrt()


@final
@dataclass(frozen=True)
class Attention(Weights):
    """Rows that have long been among the worst of their block count more.

    m ← decay · m + lr · |r| / max|r|, which stays below lr / (1 - decay).

    Source: Anagnostopoulos, Toscano, Stergiopulos, Karniadakis 2024,
    doi 10.1016/j.cma.2024.116805, residual-based attention.
    """

    decay: float = 0.999
    lr: float = 0.01
    every: int = 1

    def update(
        self,
        objective: LeastSquares,
        theta: Float[Tensor, " p"],  # noqa: ARG002 (only Balance takes gradients)
        residual: Float[Tensor, " r"],
        multipliers: Float[Tensor, " r"],
    ) -> Float[Tensor, " r"]:
        """The next multipliers, row by row."""
        sizes = residual.detach().abs()
        smallest = torch.finfo(sizes.dtype).tiny
        relative = sizes.clone()
        for block in objective.blocks:
            relative[block.rows] /= sizes[block.rows].max().clamp_min(smallest)
        return self.decay * multipliers + self.lr * relative


@final
@dataclass(frozen=True)
class Causal(Weights):
    """Later rows count only once the earlier ones of their block are solved.

    The times of a block are cut into equal slices, and w_i = exp(-strength Σ_{k<i} L_k) with
    L_k = weight · mean(residual²) over slice k; a row is multiplied by √w. Blocks without times
    keep their multipliers.

    Source: Wang, Sankaran, Perdikaris 2024, doi 10.1016/j.cma.2024.116813, algorithm 1, at one
    strength.
    """

    strength: float = 1.0
    slices: int = 32
    every: int = 1

    def update(
        self,
        objective: LeastSquares,
        theta: Float[Tensor, " p"],  # noqa: ARG002 (only Balance takes gradients)
        residual: Float[Tensor, " r"],
        multipliers: Float[Tensor, " r"],
    ) -> Float[Tensor, " r"]:
        """The next multipliers, the same for all rows of a block in one slice of time."""
        following = multipliers.clone()
        for block in objective.blocks:
            if block.coordinates is not None:
                following[block.rows] = self.row_multipliers(block, residual[block.rows].detach())
        return following

    def row_multipliers(self, block: Block, rows: Float[Tensor, " _"]) -> Float[Tensor, " _"]:
        """√w for each row of a block that has times."""
        assert block.coordinates is not None
        slices = time_slices(block.coordinates, self.slices)
        # A row of r is the residual times √(weight / rows), so the count turns it back.
        squares = rows.square() * len(rows)
        sums = squares.new_zeros(self.slices).index_add_(0, slices, squares)
        counts = torch.bincount(slices, minlength=self.slices).clamp_min(1)
        losses = sums / counts
        earlier = losses.cumsum(0) - losses
        return torch.exp(-0.5 * self.strength * earlier)[slices]


class WeightedEvaluation(NamedTuple):
    """Least squares at a point: rows as they are, value and gradient under the multipliers."""

    evaluation: Evaluation
    multipliers: Float[Tensor, " r"]


def evaluate_weighted(
    objective: Objective,
    theta: Float[Tensor, " p"],
    multipliers: Float[Tensor, " r"] | None,
    weights: Weights | None = None,
) -> WeightedEvaluation:
    """Least squares under multipliers, None for ones, that `weights` bring up to date before.

    NotLeastSquaresError for any other objective.
    """
    rows, here = least_squares(objective, "weighting rows"), theta.detach().clone().requires_grad_()
    residual = rows.residual(here)
    multipliers = torch.ones_like(residual).detach() if multipliers is None else multipliers
    if weights is not None:
        multipliers = weights.update(rows, here, residual, multipliers)
    weighted = multipliers * residual
    loss, slope = rows.value(weighted), gradient(weighted, here)
    return WeightedEvaluation(
        Evaluation(here.detach(), residual.detach(), loss, slope), multipliers
    )


def time_slices(times: Float[Tensor, " n"], slices: int) -> Int[Tensor, " n"]:
    """The slice that each time falls into, of equally long ones from the first to the last.

    >>> time_slices(torch.tensor([0.0, 0.4, 0.6, 1.0]), slices=2).tolist()
    [0, 0, 1, 1]
    """
    first, last = times.min(), times.max()
    span = torch.where(last > first, last - first, torch.ones_like(last))
    return ((times - first) / span * slices).long().clamp_max(slices - 1)
