"""Hermite polynomials on an interval of two standard deviations on either side."""

from math import sqrt
from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.recurrence import three_term_recurrence
from pikan.bases.sample_range import sample_range

# Nearer to the middle the polynomials are hard to tell apart; farther out they grow, as exp(z²/4).
_REACH = 2.0


@final
class Hermite(Basis):
    """The polynomials up to a degree, orthonormal where a node's values are distributed normally.

    h_0 = 1, h_1 = z, sqrt(j+1) h_(j+1) = z h_j - sqrt(j) h_(j-1): He_j / sqrt(j!), for z from -2
    to 2 over the node's interval.

    Source: DLMF 18.9.1 and Table 18.9.1; as a basis for normally distributed inputs: Xiu and
    Karniadakis 2002, SIAM J. Sci. Comput. 24, 619-644.

    >>> import torch
    >>> basis = Hermite(torch.tensor([[-2.0, 2.0]]), degree=1)
    >>> basis.derivatives(torch.tensor([1.5]), order=0)[0].tolist()
    [[1.0, 1.5]]
    """

    def __init__(self, interval: Float[Tensor, "in 2"], degree: int) -> None:
        super().__init__(interval, degree)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in 2"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The polynomials by recurrence."""
        steps = [(_REACH / sqrt(j + 1), 0.0, sqrt(j / (j + 1))) for j in range(self.degree)]
        return three_term_recurrence(x, knots, steps, order, spare)

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Hermite":
        """The polynomials up to a higher degree."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but polynomials have a degree only")
        return Hermite(self.knots, no_less(degree, self.degree, "degree"))

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Hermite":
        """The polynomials on the interval of the samples."""
        return Hermite(sample_range(samples, self.knots), self.degree)
