"""Products of one-coordinate functions: all products of bases, and sums of a few products."""

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.bases.basis import Basis
from pikan.bases.chebyshev import Chebyshev, chebyshev_values
from pikan.bases.elements import Elements
from pikan.jets.autograd import is_plain
from pikan.jets.jet import Jet, MultiIndex
from pikan.network.base import FeatureNetwork, place, weighted_sum
from pikan.network.laurent import LaurentFunctions
from pikan.network.singular import SingularFunctions


@final
class FullProduct(FeatureNetwork):
    """Every product of one basis function per coordinate, with a coefficient each.

    u_m = sum over j, k, ... of c_(jk...)m B_1j(x_1) B_2k(x_2) ..., the function of the last
    coordinate running fastest in the coefficients [prod b_i, m]. All its parameters are linear.

    Of `total` degree are only the products with j / (b_1 - 1) + k / (b_2 - 1) + ... <= 1: with
    equal degrees n the polynomials of degree n, of which there are d! times fewer. Those may have
    `singular` functions and Laurent series about holes beside them, whose coefficients come last.
    """

    chosen: Tensor

    def __init__(
        self,
        bases: Sequence[Basis],
        unknowns: int,
        lower: Sequence[float],
        upper: Sequence[float],
        *,
        total: bool = False,
        singular: SingularFunctions | None = None,
        laurent: LaurentFunctions | None = None,
    ) -> None:
        super().__init__(lower, upper)
        self.bases = nn.ModuleList(bases)
        self.total = total
        chosen = torch.arange(prod(basis.size for basis in bases))
        if total:
            chosen = chosen[degree_shares([basis.size - 1 for basis in bases]) <= 1.0]
        # Which of all products they are, in their order; what follows from the degrees is not kept.
        self.register_buffer("chosen", chosen, persistent=False)
        self.singular, self.laurent = singular, laurent
        count = len(chosen) + sum(one.size for one in self.additions())
        self.coefficients = nn.Parameter(self.center.new_zeros(count, unknowns))

    def additions(self) -> list[SingularFunctions | LaurentFunctions]:
        """What there is beside the products."""
        return [one for one in (self.singular, self.laurent) if one is not None]

    def shares(self) -> Float[Tensor, " _"]:
        """The degree of every function in parts of the largest, polynomials first."""
        every = degree_shares([basis.size - 1 for basis in self.axes()])[self.chosen.cpu()]
        return torch.cat([every, *(one.shares() for one in self.additions())])

    def whole(self) -> Float[Tensor, "_ m"]:
        """The coefficients of all products, zero where one is not of the total degree."""
        return self._whole(self.coefficients)

    def _whole(self, coefficients: Float[Tensor, "_ m"]) -> Float[Tensor, "_ m"]:
        if not self.total:
            return coefficients
        size = prod(basis.size for basis in self.axes())
        every = coefficients.new_zeros(size, coefficients.shape[1])
        return every.index_copy(0, self.chosen, coefficients[: len(self.chosen)])

    def axes(self) -> tuple[Basis, ...]:
        """The basis of each coordinate, with one node."""
        return tuple(basis for basis in self.bases if isinstance(basis, Basis))

    def features(self, inputs: Jet) -> Jet:
        """All products; any set of partial derivatives will do, downward closed or not."""
        factors = factors_at(self.axes(), inputs, self.center, self.scale)
        if self.total:
            sizes = [basis.size for basis in self.axes()]
            places = torch.unravel_index(self.chosen, sizes)
            rows = [
                reduce(
                    torch.mul,
                    (f[k] for f, k in zip(_chosen(factors, index), places, strict=True)),
                )
                for index in inputs.indices
            ]
            for one in self.additions():
                beside = one.derivatives(inputs.values[0], inputs.indices)
                rows = [torch.cat(pair) for pair in zip(rows, beside, strict=True)]
            return Jet(inputs.indices, torch.stack(rows).mT)
        rows = [reduce(_khatri_rao, _chosen(factors, index)) for index in inputs.indices]
        return Jet(inputs.indices, torch.stack(rows).mT)

    def last_weight(self) -> nn.Parameter:
        """The coefficients."""
        return self.coefficients

    def jet(self, inputs: Jet) -> Jet:
        """The features, weighted by the coefficients, without making all of them."""
        return self.jet_of(self.coefficients, inputs)

    def jet_of(self, coefficients: Float[Tensor, "_ m"], inputs: Jet) -> Jet:
        """The jet with other coefficients than the network's own."""
        if self.additions():
            return weighted_sum(self.features(inputs), coefficients)
        if any(isinstance(basis, Elements) for basis in self.axes()) and is_plain():
            return self._jet_by_cells(coefficients, inputs)
        factors = factors_at(self.axes(), inputs, self.center, self.scale)
        sizes = [basis.size for basis in self.axes()]
        rows = _contract(self._whole(coefficients).mT.unflatten(1, sizes), factors, inputs.indices)
        return Jet(inputs.indices, torch.stack(rows).mT)

    def values_of(
        self, coefficients: Float[Tensor, "_ m"], points: Float[Tensor, "n d"], negligible: float
    ) -> Float[Tensor, "n m"]:
        """The values alone with other coefficients, quickly where all bases are Chebyshev's.

        Functions of a coordinate are left out whose coefficients together are below the
        `negligible` part of all.
        """
        degrees = [basis.degree for basis in self.axes() if isinstance(basis, Chebyshev)]
        unit = ((points - self.center) / self.scale).mT.contiguous()
        # Beyond the box functions go on as straight lines.
        inside = bool((unit.abs() <= 1.0).all())
        if len(degrees) < len(unit) or self.additions() or not (inside and is_plain()):
            return self.jet_of(coefficients, place(points)).values[0]
        whole = self._whole(coefficients).mT.unflatten(1, [degree + 1 for degree in degrees])
        factors: Factors = []
        for axis, z in enumerate(unit, 1):
            kept = _weighty(whole.movedim(axis, 0), negligible)
            values = chebyshev_values(z, kept[-1])
            if axis == len(unit):
                # The rows of this factor enter a product of matrices: a copy would not pay.
                whole = whole.narrow(axis, 0, len(values))
            elif len(kept) < len(values):
                some = torch.tensor(kept, device=z.device)
                whole, values = whole.index_select(axis, some), values.index_select(0, some)
            else:
                whole = whole.narrow(axis, 0, len(values))
            factors.append(values[None])
        return _contract(whole, factors, [(0,) * len(degrees)])[0].mT

    def _jet_by_cells(self, coefficients: Float[Tensor, "_ m"], inputs: Jet) -> Jet:
        """The same from the functions that are not zero around each point."""
        unit = (inputs.values[0] - self.center) / self.scale
        places = torch.zeros_like(unit[:, :1], dtype=torch.long)
        factors: Factors = []
        for axis, basis in enumerate(self.axes()):
            order = max(index[axis] for index in inputs.indices)
            if isinstance(basis, Elements):
                columns, values = basis.around(unit[:, axis], order)
            else:
                values = basis.derivatives(unit[:, axis, None], order).squeeze(-2).mT
                columns = torch.arange(basis.size, device=unit.device).expand(len(unit), -1)
            places = (places[:, :, None] * basis.size + columns[:, None]).flatten(1)
            powers = self.scale[axis] ** torch.arange(order + 1, device=unit.device)
            factors.append(values / powers[:, None, None])
        own = self._whole(coefficients)[places]
        products = [reduce(_khatri_rao, _chosen(factors, index)) for index in inputs.indices]
        rows = [torch.einsum("nqm,qn->mn", own, product) for product in products]
        return Jet(inputs.indices, torch.stack(rows).mT)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where a coordinate is beyond the grid of its basis."""
        return _beyond(self.axes(), (points - self.center) / self.scale)


@final
class LowRank(FeatureNetwork):
    """A sum of few products, the product nodes of KAN 2.0 and the separable PIKAN.

    u_m = sum over r of w_rm prod_i f_ri(x_i), and f_ri = sum over j of a_ijr B_ij: the weights a_i
    [b_i, rank] are the hidden layer, the coefficients w [rank, m] the last.

    Source: Jacob, Howard and Stinis 2024, arXiv 2411.06286; Liu et al. 2024, arXiv 2408.10205,
    Section 2.
    """

    def __init__(
        self,
        bases: Sequence[Basis],
        rank: int,
        unknowns: int,
        lower: Sequence[float],
        upper: Sequence[float],
    ) -> None:
        super().__init__(lower, upper)
        self.bases = nn.ModuleList(bases)
        self.weights = nn.ParameterList(self.center.new_zeros(basis.size, rank) for basis in bases)
        self.coefficients = nn.Parameter(self.center.new_zeros(rank, unknowns))

    def axes(self) -> tuple[Basis, ...]:
        """The basis of each coordinate, with one node."""
        return tuple(basis for basis in self.bases if isinstance(basis, Basis))

    def features(self, inputs: Jet) -> Jet:
        """The products; any set of partial derivatives will do, downward closed or not."""
        bases = factors_at(self.axes(), inputs, self.center, self.scale)
        factors = [weight.mT @ basis for weight, basis in zip(self.weights, bases, strict=True)]
        rows = [reduce(torch.mul, _chosen(factors, index)) for index in inputs.indices]
        return Jet(inputs.indices, torch.stack(rows).mT)

    def last_weight(self) -> nn.Parameter:
        """The coefficients."""
        return self.coefficients

    def jet(self, inputs: Jet) -> Jet:
        """The features, weighted by the coefficients."""
        return weighted_sum(self.features(inputs), self.coefficients)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where a coordinate is beyond the grid of its basis."""
        return _beyond(self.axes(), (points - self.center) / self.scale)


def degree_shares(degrees: Sequence[int]) -> Float[Tensor, " _"]:
    """The sum of j / degree over the coordinates for every product, the last one fastest.

    It is at most one for the products of total degree.

    >>> degree_shares([2, 1]).tolist()
    [0.0, 1.0, 0.5, 1.5, 1.0, 2.0]
    """
    along = [torch.arange(d + 1, dtype=torch.float64) / max(d, 1) for d in degrees]
    grids = torch.meshgrid(*along, indexing="ij")
    # Sums of fractions that are one may be so but for rounding.
    return torch.stack(grids).sum(dim=0).flatten().round(decimals=9)


def _weighty(rows: Float[Tensor, "_ m *_"], negligible: float) -> list[int]:
    """The rows but the smallest, which together are below a part of all of an unknown."""
    shares = rows.reshape(*rows.shape[:2], -1).square().sum(dim=2)
    largest = (shares / shares.sum(dim=0).clamp_min(1e-300)).amax(dim=1).tolist()
    order, left_out = sorted(range(len(largest)), key=lambda row: largest[row]), 0.0
    # One is kept where all are zero.
    for count, row in enumerate(order[:-1]):
        left_out += largest[row]
        if left_out > negligible**2:
            return sorted(order[count:])
    return order[-1:]


Factors = list[Float[Tensor, "_ _ n"]]


def factors_at(
    bases: Sequence[Basis], inputs: Jet, center: Float[Tensor, " d"], scale: Float[Tensor, " d"]
) -> Factors:
    """The functions of each coordinate with as many derivatives in it as the jet needs."""
    factors: Factors = []
    orders = [max(index[axis] for index in inputs.indices) for axis in range(len(bases))]
    unit = (inputs.values[0] - center) / scale
    powers = scale[:, None, None, None] ** torch.arange(max(orders) + 1)[:, None, None].to(scale)
    for basis, order, x, power in zip(bases, orders, unit.split(1, dim=1), powers, strict=True):
        values = basis.derivatives(x, order).squeeze(-2).mT
        factors.append(values / power[: order + 1] if order else values)
    return factors


def _chosen(factors: Factors, index: MultiIndex) -> list[Float[Tensor, "_ n"]]:
    """The factors of one partial derivative: each coordinate's own derivative of its factor."""
    return [factor[order] for factor, order in zip(factors, index, strict=True)]


def _contract(
    coefficients: Float[Tensor, " m *_"], factors: Factors, indices: Sequence[MultiIndex]
) -> list[Float[Tensor, "m n"]]:
    """The coefficients, summed over the coordinates with the factors of each partial derivative.

    One coordinate after the other, the last one first; derivatives that agree in the coordinates
    done so far share their sums.
    """
    *others, last = factors
    sums: dict[MultiIndex, Float[Tensor, "m *_ n"]] = {
        (order,): coefficients @ last[order] for order in {index[-1] for index in indices}
    }
    for axis in reversed(range(len(others))):
        ends = {index[axis:] for index in indices}
        sums = {end: (sums[end[1:]] * others[axis][end[0]]).sum(dim=-2) for end in ends}
    return [sums[index] for index in indices]


def _khatri_rao(left: Float[Tensor, "_ n"], right: Float[Tensor, "_ n"]) -> Float[Tensor, "_ n"]:
    """All products of a function of the left with one of the right, point by point."""
    return (left.unsqueeze(1) * right).flatten(0, 1)


def _beyond(bases: Sequence[Basis], x: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
    """Where some coordinate is beyond the grid of its basis."""
    columns = zip(bases, x.split(1, dim=-1), strict=True)
    return torch.stack([basis.outside(column)[:, 0] for basis, column in columns]).any(dim=0)
