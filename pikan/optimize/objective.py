"""The objective: all that an optimizer ever sees of a problem."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.row_partition import RowPartition
from pikan.linalg.sparse_jacobian import SparseJacobian

# Random vectors in an estimate of the Jacobian's column lengths, good to a fifth or so.
SIGNS = 50

# A column this much shorter than the longest counts as this long: θ must not run away along it.
SHORTEST = 1e-3


class Evaluation(NamedTuple):
    """An objective at one point: the rows that it is made of, its value and its gradient."""

    theta: Float[Tensor, " p"]
    rows: Float[Tensor, " r"]
    loss: float
    gradient: Float[Tensor, " p"]

    def finite(self) -> bool:
        """Whether a search can go on from here."""
        return finite(self.rows.square().sum()) and finite(self.gradient)


class Objective(ABC):
    """A function of θ to be made small, with its gradient.

    Its value is the sum of parts that have names, and follows from rows.
    """

    @abstractmethod
    def evaluate(self, theta: Float[Tensor, " p"]) -> Evaluation:
        """The objective at a point."""

    @abstractmethod
    def column_lengths(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """About how much each parameter changes what the value is made of, none below a share.

        The lengths of a Jacobian's columns: variables multiplied by them weigh alike.
        """

    @abstractmethod
    def value(self, rows: Float[Tensor, " r"]) -> float:
        """The value that follows from rows."""

    @abstractmethod
    def parts(self, rows: Float[Tensor, " r"]) -> Mapping[str, float]:
        """What each part of the rows contributes, by name."""

    @abstractmethod
    def faults(self, rows: Float[Tensor, "r ..."]) -> str:
        """The parts with rows that are not finite, or so large that their squares are not."""


@final
@dataclass(frozen=True)
class Block:
    """The rows of the residual that bear one name, such as `equation` or `x = -1`.

    `coordinates` is the time of each of these rows, which causal weights need; None where the
    problem has no time.
    """

    label: str
    rows: slice
    coordinates: Float[Tensor, " _"] | None = None


@final
@dataclass(frozen=True)
class LeastSquares(Objective):
    """Half the sum of the squares of a residual r(θ), with the Jacobian of that.

    r holds the weights already: a block contributes weight · mean(residual²) to |r|², and |r|² of
    the blocks are the parts. The blocks cover every row once. `last_layer` is the part of θ in
    which the network is linear, None if it has none; `linear` says that r is affine in that part.
    `sparse` is the Jacobian once more, None where most of its entries count; `partition` is None
    where one process makes all rows. `redraw` gives the same problem on other points, which follow
    from a θ and a number alone; None where points stay.
    """

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]
    blocks: tuple[Block, ...]
    last_layer: slice | None = None
    linear: bool = False
    sparse: SparseJacobian | None = None
    partition: RowPartition | None = None
    redraw: "Callable[[Float[Tensor, ' p'], int], LeastSquares] | None" = None

    def evaluate(self, theta: Float[Tensor, " p"]) -> Evaluation:
        """The residual, and the gradient by one backward pass through it."""
        here = theta.detach().clone().requires_grad_()
        residual = self.residual(here)
        return Evaluation(
            here.detach(), residual.detach(), self.value(residual), gradient(residual, here)
        )

    def column_lengths(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """About the lengths of the Jacobian's columns, none below a thousandth of the longest.

        The mean of (Jᵀz)² over random signs z is the squared length, and a few dozen z are enough;
        each costs one backward pass, where the Jacobian would cost one for every row.

        Source: Bekas, Kokiopoulou, Saad 2007, doi 10.1016/j.apnum.2007.01.003.
        """
        moving = theta.detach().clone().requires_grad_()
        residual = self.residual(moving)
        # The same signs in every run: they are part of the method, not of the problem's chance.
        generator = torch.Generator().manual_seed(0)
        squares = torch.zeros_like(theta)
        for _ in range(SIGNS):
            signs = torch.randint(2, residual.shape, generator=generator).to(residual) * 2 - 1
            squares += torch.autograd.grad(residual, moving, signs, retain_graph=True)[0].square()
        lengths = (squares / SIGNS).sqrt()
        longest = lengths.max()
        if not bool(longest > 0.0) or not finite(lengths):
            return torch.ones_like(theta)
        return lengths.clamp_min(SHORTEST * longest)

    def value(self, rows: Float[Tensor, " r"]) -> float:
        """½|r|²."""
        return 0.5 * float(rows.detach().square().sum())

    def parts(self, rows: Float[Tensor, " r"]) -> Mapping[str, float]:
        """|r|² of every block."""
        squares = rows.detach().square()
        sums = torch.stack([squares[block.rows].sum() for block in self.blocks]).tolist()
        return dict(zip((block.label for block in self.blocks), sums, strict=True))

    def faults(self, rows: Float[Tensor, "r ..."]) -> str:
        """The blocks whose squares are not finite."""
        good = [bool(rows[block.rows].square().sum().isfinite()) for block in self.blocks]
        pairs = zip(self.blocks, good, strict=True)
        return ", ".join(f"'{block.label}'" for block, is_good in pairs if not is_good)


@final
class NotLeastSquaresError(ValueError):
    """A stage needs a residual, and the objective has none."""


def least_squares(objective: Objective, stage: str) -> LeastSquares:
    """The objective, where it is a sum of squares; NotLeastSquaresError for any other."""
    if not isinstance(objective, LeastSquares):
        raise NotLeastSquaresError(
            f"{stage} needs a sum of squares with its residual; take adam, lbfgs or ssbroyden"
        )
    return objective


def gradient(
    rows: Float[Tensor, " r"], theta: Float[Tensor, " p"], again: bool = False
) -> Float[Tensor, " p"]:
    """∇ ½|rows|² with respect to `theta`, on which the rows hang; `again` keeps their graph."""
    return torch.autograd.grad(0.5 * rows.square().sum(), theta, retain_graph=again)[0]


def finite(values: Float[Tensor, "*_"]) -> bool:
    """Whether all values are finite."""
    return bool(values.isfinite().all())
