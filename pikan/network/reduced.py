"""The solution of a small linear system as functions of the parameters in it: a reduced basis."""

from itertools import product
from math import comb, prod
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.jets.jet import MultiIndex
from pikan.linalg.dense import tall_solver
from pikan.network.parametric import HIGHEST_DEGREE, ParameterFunctions, chebyshev_products

# So many systems are solved at once.
_AT_ONCE = 256


@final
class ReducedFunctions(ParameterFunctions):
    """The g with the least |A(p) g - b(p)|: coefficients of fields in a reduced problem.

    A and b are sums of products of Chebyshev polynomials of the parameters, of the degrees
    `matrix_degrees` and `right_degrees`, with the matrices and right sides as coefficients. Where
    an eigenvalue of A comes near to zero the functions have poles, as solutions have resonances.
    """

    kind = "reduced"
    matrices: Float[Tensor, "a rows r"]
    rights: Float[Tensor, "b rows"]
    matrix_degrees: Int[Tensor, "a _"]
    right_degrees: Int[Tensor, "b _"]

    def __init__(self, parameters: int, rank: int, sizes: tuple[int, int, int]) -> None:
        """`sizes` are the numbers of rows, of matrices and of right sides."""
        super().__init__(parameters, rank, rank)
        rows, matrices, rights = sizes
        like = self.coefficients.detach()
        self.register_buffer("matrices", like.new_zeros(matrices, rows, rank))
        self.register_buffer("rights", like.new_zeros(rights, rows))
        for name, count in (("matrix_degrees", matrices), ("right_degrees", rights)):
            self.register_buffer(name, torch.zeros(count, parameters, dtype=torch.long))

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of rows, of matrices and of right sides."""
        return self.matrices.shape[1], len(self.matrices), len(self.rights)

    def is_sound(self) -> bool:
        """Whether the degrees are such as interpolation may have come to."""
        both = (self.matrix_degrees, self.right_degrees)
        return all(bool(((one >= 0) & (one <= HIGHEST_DEGREE)).all()) for one in both)

    def system(
        self, unit: Float[Tensor, "n _"], orders: MultiIndex
    ) -> tuple[Float[Tensor, "n rows r"], Float[Tensor, "n rows"]]:
        """A and b, or their derivatives, at places from -1 to 1."""
        factors = chebyshev_products(unit, self.matrix_degrees, orders)
        right = chebyshev_products(unit, self.right_degrees, orders) @ self.rights
        return torch.einsum("na,amr->nmr", factors, self.matrices), right

    def terms(self, unit: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n t"]:
        """The coefficients, or their derivatives.

        With D = d/dp of the orders: A Dg = Db - sum of (D over E) EA (D - E)g, over all E in D.
        What is left of the equations counts as zero where they are differentiated.
        """
        return torch.cat([self._solve(some, orders) for some in unit.split(_AT_ONCE)])

    def _solve(self, unit: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n t"]:
        below = sorted(product(*(range(order + 1) for order in orders)), key=sum)
        systems = {one: self.system(unit, one) for one in below}
        solve = tall_solver(systems[below[0]][0])
        found = dict[MultiIndex, Tensor]()
        for one in below:
            right = systems[one][1]
            for lower, g in found.items():
                rest = tuple(a - b for a, b in zip(one, lower, strict=True))
                if min(rest) >= 0:
                    times = prod(comb(a, b) for a, b in zip(one, lower, strict=True))
                    right = right - times * (systems[rest][0] @ g[:, :, None])[:, :, 0]
            found[one] = solve(right[:, :, None])[:, :, 0]
        return found[tuple(orders)]
