"""Least squares whose rows lie in several processes: each brings the triangle of its own.

Source: Demmel, Grigori, Hoemmen, Langou 2012, doi 10.1137/080731992 (QR of tall matrices).
"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan import distributed
from pikan.objective import Objective, Share
from pikan.training.slope import DenseSlope, Slope, Tangent


@final
@dataclass(frozen=True)
class SharedSlope(Slope):
    """A Jacobian of which this process has the rows of its share."""

    share: Share
    jacobian: Float[Tensor, "_ p"]
    rows: int

    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row, those of others too."""
        lengths = torch.linalg.vector_norm(self.jacobian, dim=1)
        return distributed.gathered(lengths, self.share.rows, self.rows)

    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column over all rows."""
        return distributed.total(self.jacobian.square().sum(dim=0)).sqrt()

    def tangent(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> Tangent:
        """By QR of the triangles of all processes; 2 r p² are shared, p³ are not."""
        triangle = _triangle(self.jacobian / scale, residual[self.share.rows])
        return DenseSlope(triangle[:, :-1]).tangent(triangle[:, -1], torch.ones_like(scale))


def system(
    objective: Objective, theta: Float[Tensor, " p"], residual: Float[Tensor, " r"]
) -> tuple[Float[Tensor, "_ p"], Float[Tensor, " _"], Float[Tensor, " r"]]:
    """A and b with the |A s + b| of |J s + r| for every s, and the lengths of J's rows.

    J and r themselves, or far fewer rows where several processes share them.
    """
    if objective.share is None:
        jacobian = objective.jacobian(theta).detach()
        return jacobian, residual, torch.linalg.vector_norm(jacobian, dim=1)
    slope = shared_slope(objective, objective.share, theta)
    triangle = _triangle(slope.jacobian, residual[objective.share.rows])
    return triangle[:, :-1], triangle[:, -1], slope.row_lengths()


def shared_slope(objective: Objective, share: Share, theta: Float[Tensor, " p"]) -> SharedSlope:
    """The Jacobian at a point, each process with its share."""
    rows = objective.blocks[-1].rows.stop
    return SharedSlope(share, share.jacobian(theta).detach(), rows)


def _triangle(own: Float[Tensor, "_ p"], right: Float[Tensor, " _"]) -> Float[Tensor, "_ q"]:
    """The triangles of all processes' rows [own | right], one below the other."""
    R = torch.linalg.qr(torch.cat([own, right[:, None]], dim=1), mode="r").R
    width = R.shape[1]
    first = distributed.rank() * width
    places = torch.arange(first, first + len(R), device=R.device)
    return distributed.gathered(R, places, distributed.count() * width)
