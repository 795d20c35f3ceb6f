"""B-splines of any degree on any increasing knots."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.knots import adapted_knots, repeated_knots, split_knots


@final
class BSpline(Basis):
    """The cells + degree B-splines of one degree on each node's knots.

    `knots` hold the ends of the cells, from the lower to the upper end of the interval, in
    increasing order. An interior knot may be repeated, up to `degree` times: every repetition
    takes one continuous derivative away. The end knots are repeated inside (an open knot vector),
    so that the splines sum to one on the whole interval and, as polynomials, beyond it.

    Source: Piegl and Tiller 1997, The NURBS Book, sections 2.2 to 2.5.

    >>> basis = BSpline(torch.tensor([[0.0, 1.0, 2.0]]), degree=1)
    >>> basis.derivatives(torch.tensor([0.25]), order=1)[:, 0].tolist()
    [[0.75, 0.25, 0.0], [-1.0, 1.0, 0.0]]
    """

    def __init__(self, knots: Float[Tensor, "in _"], degree: int) -> None:
        super().__init__(knots, degree)

    def evaluate(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The degree + 1 splines that are not zero in the cell of each point, among all others."""
        cell = cells(x, knots)
        size = knots.shape[1] - 1 + self.degree
        values = x.new_zeros(order + 1, x.shape[0], size + spare, x.shape[1])
        local = local_splines(x, neighbors(cell, knots, self.degree), min(order, self.degree))
        places = cell.unsqueeze(1) + torch.arange(self.degree + 1, device=x.device).unsqueeze(1)
        values[: local.shape[0]].scatter_(2, places.expand(local.shape), local)
        return values

    def refined(self, *, degree: int | None = None, grid: int | None = None) -> "BSpline":
        """The splines of a higher degree and with more cells, as smooth as before at old knots."""
        raised = no_less(degree, self.degree, "degree")
        repeated = repeated_knots(self.knots, raised - self.degree)
        cells_before = repeated.shape[1] - 1
        return BSpline(split_knots(repeated, no_less(grid, cells_before, "grid")), raised)

    def adapted(self, samples: Float[Tensor, "n in"]) -> "BSpline":
        """The splines with knots where the samples are."""
        return BSpline(adapted_knots(samples, self.knots), self.degree)


def cells(x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"]) -> Int[Tensor, "in n"]:
    """The number of the cell that holds each point; beyond the interval, the cell at its edge."""
    return torch.searchsorted(knots[:, 1:-1].contiguous(), x.contiguous(), right=True)


def neighbors(
    cell: Int[Tensor, "in n"], knots: Float[Tensor, "in _"], degree: int
) -> Float[Tensor, "in _ n"]:
    """The `degree` knots on either side of each point's cell, ends repeated as often as needed."""
    repeats = max(degree - 1, 0)
    ends = knots[:, :1].expand(-1, repeats), knots[:, -1:].expand(-1, repeats)
    padded = torch.cat([ends[0], knots, ends[1]], dim=1)
    places = cell.unsqueeze(1) + torch.arange(2 * degree, device=cell.device).unsqueeze(1)
    wide = padded.unsqueeze(-1).expand(-1, -1, cell.shape[1])
    return wide.gather(1, places)


def local_splines(
    x: Float[Tensor, "in n"], near: Float[Tensor, "in _ n"], order: int
) -> Float[Tensor, "k in _ n"]:
    """The splines that are not zero around each point, with derivatives 0 to `order`.

    Each degree from the one before, with u_r = B_r,q / (t_(r+q+1) - t_r): B_r,q+1 =
    (x - t_r) u_r + (t_(r+q+2) - x) u_(r+1), and B'_r,q+1 = (q+1) (u_r - u_(r+1)).

    Source: Piegl and Tiller 1997, The NURBS Book, equations (2.5) and (2.7).
    """
    degree = near.shape[1] // 2
    left, right = x.unsqueeze(1) - near[:, :degree], near[:, degree:] - x.unsqueeze(1)
    splines = torch.ones_like(x)[None, :, None]
    for q in range(degree):
        before, after = left[:, degree - 1 - q :], right[:, : q + 1]
        scaled = splines / (before + after)
        keep = max(0, order - (degree - 1 - q))
        wider = x.new_zeros(min(keep, q + 1) + 1, x.shape[0], q + 2, x.shape[1])
        torch.mul(scaled[0], before, out=wider[0, :, 1:])
        wider[0, :, :-1].addcmul_(scaled[0], after)
        slopes = scaled[: wider.shape[0] - 1]
        torch.mul(slopes, q + 1, out=wider[1:, :, 1:])
        wider[1:, :, :-1].sub_(slopes, alpha=q + 1)
        splines = wider
    return splines
