"""Hermite polynomials on an interval of two standard deviations on either side."""

from math import sqrt
from typing import final

from pikan.bases.polynomials import Polynomials

# Nearer to the middle the polynomials are hard to tell apart; farther out they grow, as exp(z²/4).
_REACH = 2.0


@final
class Hermite(Polynomials):
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

    def steps(self) -> list[tuple[float, float, float]]:
        """The steps of the recurrence."""
        return [(_REACH / sqrt(j + 1), 0.0, sqrt(j / (j + 1))) for j in range(self.degree)]
