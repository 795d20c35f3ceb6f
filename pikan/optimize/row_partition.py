"""Least squares with rows in several processes, by tall-skinny QR.

Source: Demmel, Grigori, Hoemmen, Langou 2012, doi 10.1137/080731992 (QR of tall matrices).
"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg import distributed
from pikan.linalg.jacobian import DenseJacobian, Jacobian, LeastSquaresModel
from pikan.optimize.objective import Objective, RowPartition


@final
@dataclass(frozen=True)
class PartitionedJacobian(Jacobian):
    """A Jacobian of which this process has the rows of its share."""

    partition: RowPartition
    jacobian: Float[Tensor, "_ p"]
    rows: int

    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row, those of others too."""
        lengths = torch.linalg.vector_norm(self.jacobian, dim=1)
        return distributed.gather(lengths, self.partition.rows, self.rows)

    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column over all rows."""
        return distributed.total(self.jacobian.square().sum(dim=0)).sqrt()

    def model(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> LeastSquaresModel:
        """By QR of the triangles of all processes; 2 r p² are shared, p³ are not."""
        triangle = _triangle(self.jacobian / scale, residual[self.partition.rows])
        return DenseJacobian(triangle[:, :-1]).model(triangle[:, -1], torch.ones_like(scale))


def system(
    objective: Objective, theta: Float[Tensor, " p"], residual: Float[Tensor, " r"]
) -> tuple[Float[Tensor, "_ p"], Float[Tensor, " _"], Float[Tensor, " r"]]:
    """A and b with the |A s + b| of |J s + r| for every s, and the lengths of J's rows.

    J and r themselves, or far fewer rows where several processes share them.
    """
    if objective.partition is None:
        jacobian = objective.jacobian(theta).detach()
        return jacobian, residual, torch.linalg.vector_norm(jacobian, dim=1)
    partitioned = partitioned_jacobian(objective, objective.partition, theta)
    triangle = _triangle(partitioned.jacobian, residual[objective.partition.rows])
    return triangle[:, :-1], triangle[:, -1], partitioned.row_lengths()


def partitioned_jacobian(
    objective: Objective, partition: RowPartition, theta: Float[Tensor, " p"]
) -> PartitionedJacobian:
    """The Jacobian at a point, each process with its share."""
    rows = objective.blocks[-1].rows.stop
    return PartitionedJacobian(partition, partition.jacobian(theta).detach(), rows)


def _triangle(own: Float[Tensor, "_ p"], right: Float[Tensor, " _"]) -> Float[Tensor, "_ q"]:
    """The triangles of all processes' rows [own | right], one below the other."""
    R = torch.linalg.qr(torch.cat([own, right[:, None]], dim=1), mode="r").R
    width = R.shape[1]
    first = distributed.rank() * width
    places = torch.arange(first, first + len(R), device=R.device)
    return distributed.gather(R, places, distributed.count() * width)
