"""Jacobi polynomials on an interval."""

from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.bases.polynomials import Polynomials


@final
class Jacobi(Polynomials):
    """The polynomials up to a degree, orthogonal for (1 - z)^alpha (1 + z)^beta.

    P_j / ((q+1)_j / j!), q the larger of alpha and beta, for z from -1 to 1 over the node's
    interval: 1 at the end where they are largest, for otherwise high degrees would outweigh low
    ones. Both numbers 0 give Legendre's, both -1/2 Chebyshev's, both 1/2 multiples of Chebyshev's
    of the second kind.

    Source: DLMF 18.9.1, 18.9.2 and Table 18.6.1.

    >>> import torch
    >>> basis = Jacobi(torch.tensor([[-1.0, 1.0]]), degree=2, alpha=1.0, beta=1.0)
    >>> basis.derivatives(torch.tensor([0.5]), order=0)[0].tolist()
    [[1.0, 0.5, 0.0625]]
    """

    def __init__(
        self, interval: Float[Tensor, "in 2"], degree: int, alpha: float = 1.0, beta: float = 1.0
    ) -> None:
        super().__init__(interval, degree, alpha, beta)

    def steps(self) -> list[tuple[float, float, float]]:
        """The steps of the recurrence, all of them scaled."""
        alpha, beta = self.numbers
        larger, steps = max(alpha, beta), list[tuple[float, float, float]]()
        for j in range(self.degree):
            a, b, c = _plain_step(j, alpha, beta)
            now, before = (j + 1) / (j + 1 + larger), j / (j + larger) if j else 0.0
            steps.append((a * now, b * now, c * now * before))
        return steps


def _plain_step(j: int, alpha: float, beta: float) -> tuple[float, float, float]:
    """(a, b, c) from polynomials j - 1 and j to the next, as they are commonly written."""
    if j == 0:
        # The formulas below are 0/0 here where alpha + beta is 0 or -1.
        return (alpha + beta + 2) / 2, (alpha - beta) / 2, 0.0
    total = 2 * j + alpha + beta
    below = (j + 1) * (j + alpha + beta + 1)
    return (
        (total + 1) * (total + 2) / (2 * below),
        (alpha**2 - beta**2) * (total + 1) / (2 * below * total),
        (j + alpha) * (j + beta) * (total + 2) / (below * total),
    )
