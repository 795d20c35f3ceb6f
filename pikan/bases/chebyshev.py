"""Chebyshev polynomials of the first kind on an interval."""

from typing import final

from pikan.bases.polynomials import Polynomials


@final
class Chebyshev(Polynomials):
    """The polynomials up to a degree, on an interval of each node's own.

    T_0 = 1, T_1 = z, T_(j+1) = 2 z T_j - T_(j-1), for z from -1 to 1 over the node's interval.

    Source: DLMF 18.9.1 and Table 18.9.1.

    >>> import torch
    >>> basis = Chebyshev(torch.tensor([[-1.0, 1.0]]), degree=3)
    >>> basis.derivatives(torch.tensor([0.5]), order=0)[0].tolist()
    [[1.0, 0.5, -0.5, -1.0]]
    """

    def steps(self) -> list[tuple[float, float, float]]:
        """The steps of the recurrence."""
        return [(1.0, 0.0, 0.0)] + [(2.0, 0.0, 1.0)] * (self.degree - 1)
