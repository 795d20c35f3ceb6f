"""B-splines of any degree on any increasing knots."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from pikan.bases.basis import Basis, no_less
from pikan.bases.knots import adapted_knots, repeated_knots, split_knots
from pikan.jets.autograd import is_traced

# On so many cells all splines take less time than a search and the few that are not zero.
_FEW = 12


@final
class BSpline(Basis):
    """The cells + degree B-splines of one degree on each node's knots.

    `knots` hold the ends of the cells, from the lower to the upper end of the interval, in
    increasing order. An interior knot may be repeated, up to `degree` times: every repetition
    takes one continuous derivative away. The end knots are repeated inside (an open knot vector),
    so that the splines sum to one on the whole interval and beyond it.

    Source: Piegl and Tiller 1997, The NURBS Book, sections 2.2 to 2.5.

    >>> basis = BSpline(torch.tensor([[0.0, 1.0, 2.0]]), degree=1)
    >>> basis.derivatives(torch.tensor([1.25]), order=1)[:, 0].tolist()
    [[0.0, 0.75, 0.25], [0.0, -1.0, 1.0]]
    """

    def __init__(self, knots: Float[Tensor, "in _"], degree: int) -> None:
        super().__init__(knots, degree)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """All splines where they are few, otherwise those that are not zero around each point."""
        count, highest = knots.shape[1] - 1, min(order, self.degree)
        if is_traced():
            found = _splines_without_writes(x, knots, self.degree, highest)
            return pad(found, (0, 0, 0, spare, 0, 0, 0, order - highest))
        values = x.new_empty(order + 1, x.shape[0], count + self.degree + spare, x.shape[1])
        values[highest + 1 :] = 0
        near = pad_knots(knots, self.degree)
        if count <= _FEW:
            among = values[: highest + 1, :, : count + self.degree]
            reached = x.new_empty(x.shape[0], knots.shape[1], x.shape[1])
            reached[:, 0], reached[:, -1] = 1, 0
            torch.ge(x.unsqueeze(1), knots[:, 1:-1].unsqueeze(2), out=reached[:, 1:-1])
            fill(among, x, near.unsqueeze(2), reached[:, :-1] - reached[:, 1:])
            return values
        cell, around = cells(x, knots), torch.arange(2 * self.degree, device=x.device)
        local = x.new_empty(highest + 1, x.shape[0], self.degree + 1, x.shape[1])
        places = cell.unsqueeze(1) + around.unsqueeze(1)
        wide = near.unsqueeze(2).expand(-1, -1, x.shape[1])
        fill(local, x, wide.gather(1, places), torch.ones_like(x).unsqueeze(1))
        places = cell.unsqueeze(1) + torch.arange(self.degree + 1, device=x.device).unsqueeze(1)
        values[: highest + 1].zero_().scatter_(2, places.expand(local.shape), local)
        return values

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "BSpline":
        """The splines of a higher degree and with more cells, as smooth as before at old knots."""
        raised = no_less(degree, self.degree, "degree")
        repeated = repeated_knots(self.knots, raised - self.degree)
        cells_before = repeated.shape[1] - 1
        return BSpline(split_knots(repeated, no_less(grid, cells_before, "grid")), raised)

    def adapt(self, samples: Float[Tensor, "n in"]) -> "BSpline":
        """The splines with knots where the samples are."""
        return BSpline(adapted_knots(samples, self.knots), self.degree)


def cells(x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"]) -> Int[Tensor, "in n"]:
    """The number of the cell that holds each point; beyond the interval, the cell at its edge."""
    return torch.searchsorted(knots[:, 1:-1].contiguous(), x.contiguous(), right=True)


def pad_knots(knots: Float[Tensor, "in _"], degree: int) -> Float[Tensor, "in _"]:
    """The knots, the ends as often as the splines need them that are not constant in a cell."""
    repeats = max(degree - 1, 0)
    ends = knots[:, :1].expand(-1, repeats), knots[:, -1:].expand(-1, repeats)
    return torch.cat([ends[0], knots, ends[1]], dim=1)


def fill(
    values: Float[Tensor, "k in _ n"],
    x: Float[Tensor, "in n"],
    near: Float[Tensor, "in _ #n"],
    held: Float[Tensor, "in _ n"],
) -> None:
    """Put splines and their derivatives into `values`, from the constants on neighboring cells.

    `near` holds the ends of these cells, and of degree - 1 more on either side. Each degree from
    the one before, with u_r = B_r,q / (t_(r+q+1) - t_r): B_r,q+1 = (x - t_r) u_r +
    (t_(r+q+2) - x) u_(r+1), and B'_r,q+1 = (q+1) (u_r - u_(r+1)).

    Source: Piegl and Tiller 1997, The NURBS Book, equations (2.5) and (2.7).
    """
    order, count, degree = len(values) - 1, held.shape[1], values.shape[2] - held.shape[1]
    if degree == 0:
        values[0] = held
        return
    distances, splines = x.unsqueeze(1) - near, held.unsqueeze(0)
    for q in range(degree):
        first, last = slice(degree - 1 - q, degree - 1 + count), slice(degree, degree + count + q)
        # Where knots are repeated, a spline on no interval is zero.
        widths = (near[:, last] - near[:, first]).clamp_min(torch.finfo(x.dtype).tiny)
        scaled = splines.mul_(widths.reciprocal())
        keep = min(max(0, order - (degree - 1 - q)), q + 1)
        splines = x.new_empty(keep + 1, x.shape[0], count + q + 1, x.shape[1])
        splines = values if q == degree - 1 else splines
        splines[:, :, 0] = 0
        torch.mul(scaled[0], distances[:, first], out=splines[0, :, 1:])
        splines[0, :, :-1].addcmul_(scaled[0], distances[:, last], value=-1)
        slopes = scaled[:keep]
        torch.mul(slopes, q + 1.0, out=splines[1:, :, 1:])
        splines[1:, :, :-1].sub_(slopes, alpha=q + 1)


def _splines_without_writes(
    x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], degree: int, order: int
) -> Float[Tensor, "k in _ n"]:
    """All splines, as `fill` has them, in operations without writes into a part of an array.

    What records them for elsewhere turns every write into a copy of the whole array.
    """
    count, near = knots.shape[1] - 1, pad_knots(knots, degree).unsqueeze(2)
    reached = (x.unsqueeze(1) >= knots[:, 1:-1].unsqueeze(2)).to(x)
    # Under one more spline on the one hand, and on the other.
    above, below = (0, 0, 1, 0), (0, 0, 0, 1)
    ones = torch.ones_like(x).unsqueeze(1)
    splines = (torch.cat([ones, reached], dim=1) - pad(reached, below)).unsqueeze(0)
    distances = x.unsqueeze(1) - near
    for q in range(degree):
        first, last = slice(degree - 1 - q, degree - 1 + count), slice(degree, degree + count + q)
        widths = (near[:, last] - near[:, first]).clamp_min(torch.finfo(x.dtype).tiny)
        scaled = splines / widths
        rising, falling = scaled[:1] * distances[:, first], scaled[:1] * distances[:, last]
        values = pad(rising, above) - pad(falling, below)
        keep = min(max(0, order - (degree - 1 - q)), q + 1)
        slopes = (q + 1.0) * (pad(scaled[:keep], above) - pad(scaled[:keep], below))
        splines = torch.cat([values, slopes]) if keep > 0 else values
    return splines
