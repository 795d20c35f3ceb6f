"""Legendre polynomials on an interval."""

from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.recurrence import three_term_recurrence
from pikan.bases.sample_range import sample_range


@final
class Legendre(Basis):
    """The polynomials up to a degree, on an interval of each node's own.

    P_0 = 1, P_1 = z, (j+1) P_(j+1) = (2j+1) z P_j - j P_(j-1), for z from -1 to 1 over the
    node's interval.

    Source: DLMF 18.9.1 and Table 18.9.1.

    >>> import torch
    >>> basis = Legendre(torch.tensor([[-1.0, 1.0]]), degree=3)
    >>> basis.derivatives(torch.tensor([0.5]), order=0)[0].tolist()
    [[1.0, 0.5, -0.125, -0.4375]]
    """

    def __init__(self, interval: Float[Tensor, "in 2"], degree: int) -> None:
        super().__init__(interval, degree)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in 2"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The polynomials by recurrence."""
        steps = [((2 * j + 1) / (j + 1), 0.0, j / (j + 1)) for j in range(self.degree)]
        return three_term_recurrence(x, knots, steps, order, spare)

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Legendre":
        """The polynomials up to a higher degree."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but polynomials have a degree only")
        return Legendre(self.knots, no_less(degree, self.degree, "degree"))

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Legendre":
        """The polynomials on the interval of the samples."""
        return Legendre(sample_range(samples, self.knots), self.degree)
