"""Legendre polynomials on an interval."""

from typing import final

from pikan.bases.polynomials import Polynomials


@final
class Legendre(Polynomials):
    """The polynomials up to a degree, on an interval of each node's own.

    P_0 = 1, P_1 = z, (j+1) P_(j+1) = (2j+1) z P_j - j P_(j-1), for z from -1 to 1 over the
    node's interval.

    Source: DLMF 18.9.1 and Table 18.9.1.

    >>> import torch
    >>> basis = Legendre(torch.tensor([[-1.0, 1.0]]), degree=3)
    >>> basis.derivatives(torch.tensor([0.5]), order=0)[0].tolist()
    [[1.0, 0.5, -0.125, -0.4375]]
    """

    def steps(self) -> list[tuple[float, float, float]]:
        """The steps of the recurrence."""
        return [((2 * j + 1) / (j + 1), 0.0, j / (j + 1)) for j in range(self.degree)]
