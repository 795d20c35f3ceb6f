"""Gaussian bells of one width, evenly spaced."""

from math import sqrt
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.knots import even_knots
from pikan.bases.sample_range import sample_range


@final
class RBF(Basis):
    """As many Gaussians as there are splines of the degree: exp(-((x - c) / w)²).

    The centers c are a cell apart, in the middle of the interval as a whole: at the ends of all
    cells for degree 1, and half a cell more on either side for each degree more. The width w is
    sqrt((degree + 1) / 2) cells, one for degree 1, for like splines Gaussians come nearer to a
    function the more of them overlap; finer cells alone stop short of it: at 1e-1 for degree 1,
    1e-3 for 3, 1e-4 for 5, 1e-6 for 7. Cells are of equal length whatever the knots between the
    ends.

    Source: Li 2024, arXiv 2405.06721 (FastKAN), Eq. (4), where the degree is 1; the limits:
    Maz'ya and Schmidt 1996, IMA J. Numer. Anal. 16, 13-29.

    >>> basis = RBF(torch.tensor([[0.0, 1.0, 2.0]]), degree=1)
    >>> basis.derivatives(torch.tensor([1.0]), order=2)[::2, 0, 1].tolist()
    [1.0, -2.0]
    """

    def __init__(self, knots: Float[Tensor, "in _"], degree: int) -> None:
        # On a cell the product of two of them is at most as narrow as exp(-2 z²).
        super().__init__(knots, degree, 12)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """Derivative k is (-1/w)^k H_k(z) exp(-z²), by g_(k+1) = -(2/w) (z g_k + (k/w) g_(k-1)).

        Source: DLMF 18.9.1 and Table 18.9.1 for the Hermite polynomials.
        """
        cells = knots.shape[1] - 1
        size = cells + self.degree
        lower, upper = knots[:, :1], knots[:, -1:]
        cell, overlap = ((upper - lower) / cells).unsqueeze(2), sqrt((self.degree + 1) / 2)
        places = (torch.arange(size).to(x) - (size - 1) / 2).unsqueeze(1)
        z = ((x - (lower + upper) / 2).unsqueeze(1) / cell - places) / overlap
        width = overlap * cell
        values = x.new_zeros(order + 1, x.shape[0], size + spare, x.shape[1])
        bells = values[:, :, :size]
        bells[0] = (-z.square()).exp()
        for k in range(order):
            before = bells[k - 1] * (k / width) if k else 0.0
            bells[k + 1] = (-2 / width) * (z * bells[k] + before)
        return values

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "RBF":
        """More Gaussians, which come as near to the old ones as to any other function."""
        cells = no_less(grid, self.knots.shape[1] - 1, "grid")
        return RBF(
            even_knots(self.knots[:, [0, -1]], cells), no_less(degree, self.degree, "degree")
        )

    def adapt(self, samples: Float[Tensor, "n in"]) -> "RBF":
        """The Gaussians on the interval of the samples."""
        return RBF(
            even_knots(sample_range(samples, self.knots), self.knots.shape[1] - 1), self.degree
        )
