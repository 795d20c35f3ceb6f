"""Gaussian bells of one width, evenly spaced."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.interval import cover
from pikan.bases.knots import even_knots


@final
class RBF(Basis):
    """As many Gaussians as there are splines of the degree: exp(-((x - c) / h)²), h a cell.

    The centers c are h apart, in the middle of the interval as a whole: at the ends of all cells
    for degree 1, and half a cell more on either side for each degree more. Cells are of equal
    length whatever the knots between the ends. Beyond the last center the functions fade.

    Source: Li 2024, arXiv 2405.06721 (FastKAN), Eq. (4), where the degree is 1.

    >>> basis = RBF(torch.tensor([[0.0, 1.0, 2.0]]), degree=1)
    >>> basis.derivatives(torch.tensor([1.0]), order=2)[::2, 0, 1].tolist()
    [1.0, -2.0]
    """

    def __init__(self, knots: Float[Tensor, "in _"], degree: int) -> None:
        # On a cell the product of two Gaussians is as smooth as one of half the width.
        super().__init__(knots, degree, 12)

    def evaluate(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """Derivative k is (-1/h)^k H_k(z) exp(-z²), by g_(k+1) = -(2/h) (z g_k + (k/h) g_(k-1)).

        Source: DLMF 18.9.1 and Table 18.9.1 for the Hermite polynomials.
        """
        cells = knots.shape[1] - 1
        size = cells + self.degree
        lower, upper = knots[:, :1], knots[:, -1:]
        width = ((upper - lower) / cells).unsqueeze(2)
        places = (torch.arange(size).to(x) - (size - 1) / 2).unsqueeze(1)
        z = (x - (lower + upper) / 2).unsqueeze(1) / width - places
        values = x.new_zeros(order + 1, x.shape[0], size + spare, x.shape[1])
        bells = values[:, :, :size]
        bells[0] = (-z.square()).exp()
        for k in range(order):
            before = bells[k - 1] * (k / width) if k else 0.0
            bells[k + 1] = (-2 / width) * (z * bells[k] + before)
        return values

    def refined(self, *, degree: int | None = None, grid: int | None = None) -> "RBF":
        """Narrower Gaussians, or more of them at the ends.

        They hold the old functions exactly where the degree alone rises by an even number, to three
        digits where there are twice as many cells, and otherwise to a few percent.
        """
        cells = no_less(grid, self.knots.shape[1] - 1, "grid")
        return RBF(
            even_knots(self.knots[:, [0, -1]], cells), no_less(degree, self.degree, "degree")
        )

    def adapted(self, samples: Float[Tensor, "n in"]) -> "RBF":
        """The Gaussians on the interval of the samples."""
        return RBF(even_knots(cover(samples, self.knots), self.knots.shape[1] - 1), self.degree)
