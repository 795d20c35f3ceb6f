"""Singular functions of the plane times polynomials, as solutions have beside corners."""

from collections.abc import Sequence
from itertools import product
from math import comb, factorial, prod
from typing import final

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from pikan.jets.jet import MultiIndex

# At its own point a singular function has the value that it has this near, in parts of its scale.
_BESIDE = 1e-15


@final
class SingularFunctions(nn.Module):
    """Re and Im of g^a, of g^a log g where a is whole, times all polynomials of a total degree.

    g = z / (1 + z / cut) with z = (x + i y - point) exp(-i direction) / scale: the branch cut runs
    from the point opposite to the direction and is so many scales long, infinite for g = z. The
    polynomials are products of Chebyshev's about the point. A solution of Laplace's equation beside
    a corner of angle w is a sum of such functions with a = k pi / w.

    Source: Grisvard 1985, Elliptic Problems in Nonsmooth Domains, section 4.4; Lehman 1959.
    """

    points: Tensor
    directions: Tensor
    exponents: Tensor
    scales: Tensor
    cuts: Tensor

    def __init__(
        self,
        points: Float[Tensor, "k 2"],
        directions: Float[Tensor, " k"],
        exponents: Float[Tensor, " k"],
        scales: Float[Tensor, " k"],
        cuts: Float[Tensor, " k"],
        degree: int,
    ) -> None:
        super().__init__()
        self.degree = degree
        self.register_buffer("points", points)
        self.register_buffer("directions", directions)
        self.register_buffer("exponents", exponents)
        self.register_buffer("scales", scales)
        self.register_buffer("cuts", cuts)
        # Which polynomials: by degree, so that those of a lower one come first.
        self.orders = sorted(
            ((p, q) for p, q in product(range(degree + 1), repeat=2) if p + q <= degree), key=sum
        )

    @property
    def size(self) -> int:
        """The number of functions with all polynomials."""
        return 2 * len(self.orders) * len(self.exponents)

    def shares(self) -> Float[Tensor, " _"]:
        """The degree of the polynomial of every function, in parts of the largest."""
        each = torch.tensor([(p + q) / max(self.degree, 1) for p, q in self.orders])
        return each.repeat_interleave(2).repeat(len(self.exponents)).double()

    def derivatives(
        self, points: Float[Tensor, "n 2"], indices: Sequence[MultiIndex]
    ) -> list[Float[Tensor, "q n"]]:
        """Each partial derivative of all functions, by the product rule."""
        highest = max(sum(index) for index in indices)
        rows: list[list[Tensor]] = [[] for _ in indices]
        for k in range(len(self.exponents)):
            turn = torch.polar(1.0 / self.scales[k], -self.directions[k])
            away = (points - self.points[k]) / self.scales[k]
            z = torch.complex(away[:, 0], away[:, 1]) * torch.polar(
                torch.ones_like(self.directions[k]), -self.directions[k]
            )
            z = torch.where(z.abs() < _BESIDE, torch.full_like(z, _BESIDE), z)
            analytic = [
                one * turn**m
                for m, one in enumerate(_powers(z, self.exponents[k], self.cuts[k], highest))
            ]
            tables = [_chebyshev(away[:, axis], self.degree, highest) for axis in (0, 1)]
            scale = self.scales[k]
            for row, (i, j) in zip(rows, indices, strict=True):
                total = torch.zeros(2 * len(self.orders), len(points)).to(points)
                for a, b in product(range(i + 1), range(j + 1)):
                    g = comb(i, a) * comb(j, b) * (1j**b) * analytic[a + b]
                    polynomial = torch.stack(
                        [tables[0][i - a][p] * tables[1][j - b][q] for p, q in self.orders]
                    ) / scale ** (i - a + j - b)
                    both = torch.stack([g.real, g.imag])
                    total = total + (polynomial[:, None] * both).flatten(0, 1)
                row.append(total)
        return [torch.cat(row) for row in rows]


def _powers(
    z: Complex[Tensor, " n"],
    exponent: Float[Tensor, ""],
    cut: Float[Tensor, ""],
    highest: int,
) -> list[Complex[Tensor, " n"]]:
    """g^a, times log g where a is whole, and its derivatives up to an order; g = z / (1 + z / cut).

    g^a is the product of z^a and (1 + z / cut)^-a, whose branches are taken together.
    """
    # Of a cut without end the second factor is one.
    a, bend = float(exponent), 1.0 / cut
    other = 1.0 + bend * z
    root = (z / other).log()
    whole = (a * root).exp()
    powers = [
        whole
        * sum(
            comb(m, k) * _falling(a, k) * _falling(-a, m - k) * z**-k * (bend / other) ** (m - k)
            for k in range(m + 1)
        )
        for m in range(highest + 1)
    ]
    if not a.is_integer():
        return powers
    signs = [(-1.0) ** (m - 1) * factorial(m - 1) for m in range(1, highest + 1)]
    each = (z**-m - (bend / other) ** m for m in range(1, highest + 1))
    logs = [root, *(sign * one for sign, one in zip(signs, each, strict=True))]
    return [
        sum((comb(m, k) * powers[k] * logs[m - k] for k in range(m + 1)), torch.zeros_like(z))
        for m in range(highest + 1)
    ]


def _falling(a: float, m: int) -> float:
    """a (a - 1) ... (a - m + 1)."""
    return prod((a - k for k in range(m)), start=1.0)


def _chebyshev(x: Float[Tensor, " n"], degree: int, highest: int) -> list[list[Tensor]]:
    """T_0 ... T_degree at x with their derivatives, [order][degree]."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    orders = [[one if m == 0 else zero] for m in range(highest + 1)]
    for m in range(highest + 1):
        orders[m].append(x if m == 0 else one if m == 1 else zero)
    for k in range(2, degree + 1):
        for m in range(highest + 1):
            lower = 2 * m * orders[m - 1][k - 1] if m else zero
            orders[m].append(2 * x * orders[m][k - 1] + lower - orders[m][k - 2])
    return [order[: degree + 1] for order in orders]
