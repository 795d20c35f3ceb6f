"""Chebyshev polynomials of the first kind on an interval."""

from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.recurrence import three_term_recurrence
from pikan.bases.sample_range import sample_range


@final
class Chebyshev(Basis):
    """The polynomials up to a degree, on an interval of each node's own.

    T_0 = 1, T_1 = z, T_(j+1) = 2 z T_j - T_(j-1), for z from -1 to 1 over the node's interval.

    Source: DLMF 18.9.1 and Table 18.9.1.

    >>> import torch
    >>> basis = Chebyshev(torch.tensor([[-1.0, 1.0]]), degree=3)
    >>> basis.derivatives(torch.tensor([0.5]), order=0)[0].tolist()
    [[1.0, 0.5, -0.5, -1.0]]
    """

    def __init__(self, interval: Float[Tensor, "in 2"], degree: int) -> None:
        super().__init__(interval, degree)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in 2"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The polynomials by recurrence."""
        steps = [(1.0, 0.0, 0.0)] + [(2.0, 0.0, 1.0)] * (self.degree - 1)
        return three_term_recurrence(x, knots, steps, order, spare)

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Chebyshev":
        """The polynomials up to a higher degree."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but polynomials have a degree only")
        return Chebyshev(self.knots, no_less(degree, self.degree, "degree"))

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Chebyshev":
        """The polynomials on the interval of the samples."""
        return Chebyshev(sample_range(samples, self.knots), self.degree)
