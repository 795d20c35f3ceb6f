"""Least squares with rows in several processes, by tall-skinny QR.

Source: Demmel, Grigori, Hoemmen, Langou 2012, doi 10.1137/080731992 (QR of tall matrices).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.linalg import distributed
from pikan.linalg.jacobian import DenseJacobian, Jacobian, LeastSquaresModel


@final
@dataclass(frozen=True)
class RowPartition:
    """The rows of r that this process makes where several share them, and their Jacobian at θ."""

    rows: Int[Tensor, " _"]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "_ p"]]

    def at(self, theta: Float[Tensor, " p"], length: int) -> "PartitionedJacobian":
        """The Jacobian of all `length` rows at a point, each process with its share."""
        return PartitionedJacobian(self.rows, self.jacobian(theta).detach(), length)


@final
@dataclass(frozen=True)
class PartitionedJacobian(Jacobian):
    """A Jacobian of so many rows, of which this process has those of its share."""

    own: Int[Tensor, " _"]
    jacobian: Float[Tensor, "_ p"]
    length: int

    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row, those of others too."""
        lengths = torch.linalg.vector_norm(self.jacobian, dim=1)
        return distributed.gather(lengths, self.own, self.length)

    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column over all rows."""
        return distributed.total(self.jacobian.square().sum(dim=0)).sqrt()

    def model(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> LeastSquaresModel:
        """By QR of the triangles of all processes; 2 r p² are shared, p³ are not."""
        A, b = PartitionedJacobian(self.own, self.jacobian / scale, self.length).system(residual)
        return DenseJacobian(A).model(b, torch.ones_like(scale))

    def system(self, residual: Float[Tensor, " r"]) -> tuple[Tensor, Float[Tensor, " _"]]:
        """A and b of few rows with the |A s + b| of |J s + r| for every s.

        They are the triangles of all processes' rows [J | r], one below the other.
        """
        beside = torch.cat([self.jacobian, residual[self.own][:, None]], dim=1)
        R = torch.linalg.qr(beside, mode="r").R
        width = R.shape[1]
        first = distributed.rank() * width
        places = torch.arange(first, first + len(R), device=R.device)
        stacked = distributed.gather(R, places, distributed.count() * width)
        return stacked[:, :-1], stacked[:, -1]
