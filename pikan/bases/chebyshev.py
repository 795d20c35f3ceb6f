"""Chebyshev polynomials of the first kind on an interval."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

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


def chebyshev_values(z: Float[Tensor, " n"], degree: int) -> Float[Tensor, "b n"]:
    """The polynomials up to a degree at places from -1 to 1, in few operations for many places.

    T_2j = 2 T_j^2 - 1 and T_(2j+1) = 2 T_j T_(j+1) - z give twice as many at a time. Their error is
    that of rounding z, degree times eps over sqrt(1 - z^2), and so larger than by recurrence.

    Source: DLMF 18.18.21.

    >>> chebyshev_values(torch.tensor([0.5]), 3)[:, 0].tolist()
    [1.0, 0.5, -0.5, -1.0]
    """
    found = z.new_empty(degree + 1, len(z))
    found[0] = 1
    found[1:2] = z
    one, before, highest = z.new_tensor(-1.0), -z, 1
    while highest < degree:
        low, high = highest + 1, min(2 * highest, degree) + 1
        for first, less in ((low + low % 2, one), (low + 1 - low % 2, before)):
            half, count = first // 2, len(range(first, high, 2))
            right = half + first % 2
            torch.addcmul(
                less,
                found[half : half + count],
                found[right : right + count],
                value=2.0,
                out=found[first:high:2],
            )
        highest = high - 1
    return found
