"""A solution for all values of parameters: few products of fields and functions of these."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import reduce
from math import comb, factorial
from typing import Literal, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pikan.bases.chebyshev import Chebyshev, chebyshev_values
from pikan.jets.autograd import is_plain, is_traced
from pikan.jets.jet import Jet, MultiIndex, coordinates
from pikan.network.base import Network
from pikan.network.product import FullProduct

HIGHEST_DEGREE = 1000
# So few numbers are cosines, each of which takes longer, in fewer operations.
_FEW = 2000
FunctionsKind = Literal["polynomial", "rational", "reduced"]


class ParameterFunctions(nn.Module, ABC):
    """Functions g_r of the parameters, with their derivatives; `kind` is the word for them.

    `lower` and `upper` bound each parameter; `logarithmic` says by a one for each that its
    logarithm goes evenly from -1 to 1, by a zero that it does so itself.
    """

    kind: FunctionsKind
    lower: Float[Tensor, " _"]
    upper: Float[Tensor, " _"]
    logarithmic: Float[Tensor, " _"]

    def __init__(self, parameters: int, terms: int, rank: int) -> None:
        super().__init__()
        for name in ("lower", "upper", "logarithmic"):
            self.register_buffer(name, torch.zeros(parameters, dtype=torch.float64))
        self.coefficients = nn.Parameter(torch.zeros(terms, rank, dtype=torch.float64))

    @abstractmethod
    def terms(self, unit: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n t"]:
        """Derivatives of the functions that are summed, by places from -1 to 1."""

    def forward(self, values: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n r"]:
        """The derivative of some orders of each function at values of the parameters.

        Along a logarithm d^n/dp^n = p^-n times the sum of s(n, k) d^k/d(log p)^k.

        Source: DLMF 26.8, Stirling numbers of the first kind.
        """
        if not any(orders):
            return self.terms(self.unit(values), orders) @ self.coefficients
        sums: list[tuple[MultiIndex, float]] = [((), 1.0)]
        for order, log in zip(orders, self.logarithmic.tolist(), strict=True):
            numbers = _stirling(order) if log else [0.0] * order + [1.0]
            shares = [(k, number) for k, number in enumerate(numbers) if number]
            sums = [((*index, k), c * number) for index, c in sums for k, number in shares]
        unit, slopes = self.unit(values), 2.0 / self._widths()
        total = values.new_zeros(len(values), len(self.coefficients))
        for index, weight in sums:
            rate = weight * (slopes ** slopes.new_tensor(index)).prod()
            total = total + rate * self.terms(unit, index)
        divisors = torch.where(self.logarithmic > 0, values, 1.0) ** values.new_tensor(orders)
        return (total / divisors.prod(dim=1, keepdim=True)) @ self.coefficients

    def unit(self, values: Float[Tensor, "n _"]) -> Float[Tensor, "n _"]:
        """Values of the parameters by places from -1 to 1."""
        log, every = self.logarithmic > 0, torch.cat([self._ends(), values])
        low, high, *_ = along = torch.where(log, torch.where(log, every, 1.0).log(), every)
        return 2.0 * (along[2:] - low) / (high - low) - 1.0

    def _ends(self) -> Float[Tensor, "2 _"]:
        return torch.stack([self.lower, self.upper])

    def _widths(self) -> Float[Tensor, " _"]:
        """The length of each interval, or that of its logarithm."""
        ratio = torch.where(self.logarithmic > 0, self.upper / self.lower, 1.0)
        return torch.where(self.logarithmic > 0, ratio.log(), self.upper - self.lower)


@final
class PolynomialFunctions(ParameterFunctions):
    """Sums of products of Chebyshev polynomials, one of each parameter, of the degrees [t _]."""

    kind = "polynomial"
    degrees: Int[Tensor, "t _"]

    def __init__(self, parameters: int, terms: int, rank: int) -> None:
        super().__init__(parameters, terms, rank)
        self.register_buffer("degrees", torch.zeros(terms, parameters, dtype=torch.long))

    def is_sound(self) -> bool:
        """Whether the degrees are such as interpolation may have come to."""
        return bool(((self.degrees >= 0) & (self.degrees <= HIGHEST_DEGREE)).all())

    def terms(self, unit: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n t"]:
        """The products."""
        return chebyshev_products(unit, self.degrees, orders)


@final
class RationalFunctions(ParameterFunctions):
    """Rational functions of one parameter, by values at `nodes`, in barycentric form.

    Function j is w_j/(z - z_j) over the sum of all w_i/(z - z_i): one at its own node, zero at
    the others, and with the poles that the weights w give to all.

    Source: Berrut and Trefethen 2004, doi 10.1137/S0036144502417715, section 9.
    """

    kind = "rational"
    nodes: Float[Tensor, " t"]
    weights: Float[Tensor, " t"]

    def __init__(self, parameters: int, terms: int, rank: int) -> None:
        super().__init__(parameters, terms, rank)
        self.register_buffer("nodes", torch.zeros(terms, dtype=torch.float64))
        self.register_buffer("weights", torch.zeros(terms, dtype=torch.float64))

    def terms(self, unit: Float[Tensor, "n _"], orders: MultiIndex) -> Float[Tensor, "n t"]:
        """The functions that are one at one node each."""
        return rational(unit[:, 0], self.nodes, self.weights, orders[0])


def chebyshev_products(
    unit: Float[Tensor, "n _"], degrees: Int[Tensor, "t _"], orders: MultiIndex
) -> Float[Tensor, "n t"]:
    """Derivatives of products of Chebyshev polynomials, one of each coordinate from -1 to 1."""
    interval, factors = unit.new_tensor([[-1.0, 1.0]]), list[Tensor]()
    for axis, order in enumerate(orders):
        own = degrees[:, axis]
        highest, places = max(int(own.max()), 1), unit[:, axis]
        if order == 0 and is_plain() and bool((places.abs() <= 1.0).all()):
            few = len(places) * len(own) <= _FEW
            angles = places.acos()[:, None] * own if few else None
            values = chebyshev_values(places, highest)[own].mT if angles is None else angles.cos()
            factors.append(values)
            continue
        basis = Chebyshev(interval, highest)
        factors.append(basis.derivatives(unit[:, axis, None], order)[order, :, 0][:, own])
    return reduce(torch.mul, factors)


def rational(
    z: Float[Tensor, " n"], nodes: Float[Tensor, " t"], weights: Float[Tensor, " t"], order: int
) -> Float[Tensor, "n t"]:
    """The derivative of an order of each function of `RationalFunctions`.

    Numerator and denominator are multiplied by the distance to the nearest node, so that nothing
    is infinite there.
    """
    apart = z[:, None] - nodes
    nearest = apart.abs().argmin(dim=1, keepdim=True)
    own = torch.zeros_like(apart, dtype=torch.bool).scatter_(1, nearest, value=True)
    away = nodes - nodes[nearest]
    safe = torch.where(own, 1.0, apart)
    tops = [torch.where(own, weights, weights * apart.gather(1, nearest) / safe)]
    for k in range(1, order + 1):
        slope = (-1.0) ** k * factorial(k) * weights * away / safe ** (k + 1)
        tops.append(torch.where(own, 0.0, slope))
    found: list[Tensor] = []
    for k, top in enumerate(tops):
        rest = sum(
            (comb(k, i) * found[i] * tops[k - i].sum(dim=1, keepdim=True) for i in range(k)),
            start=torch.zeros_like(top),
        )
        found.append((top - rest) / tops[0].sum(dim=1, keepdim=True))
    return found[order]


@final
class ParametricProduct(Network):
    """u_m(x; p) = sum over r of f_rm(x) g_r(p): products of fields and functions of parameters.

    The parameters come after the coordinates. `fields` has the rank times the unknowns as its own
    unknowns, those of the first function first. To a numerical analyst a reduced basis, or the
    proper orthogonal decomposition, with its coefficients as functions; a KAN of product nodes.

    Values for one value of each parameter leave out coefficients that together are below the
    `negligible` part of all.

    Source: Quarteroni, Manzoni and Negri 2016, Reduced Basis Methods for Partial Differential
    Equations, chapter 6.
    """

    def __init__(
        self,
        fields: FullProduct,
        functions: ParameterFunctions,
        unknowns: int,
        negligible: float = 0.0,
    ) -> None:
        space = torch.stack([fields.center - fields.scale, fields.center + fields.scale])
        own = torch.stack([functions.lower, functions.upper])
        lower, upper = torch.cat([space, own], dim=1).tolist()
        super().__init__(lower, upper)
        self.fields, self.functions, self.unknowns = fields, functions, unknowns
        self.negligible = negligible
        self.to(fields.center.device)

    @property
    def rank(self) -> int:
        """The number of products."""
        return self.functions.coefficients.shape[1]

    def jet(self, inputs: Jet) -> Jet:
        """Each partial derivative is that of the fields times that of the functions."""
        points, split = inputs.values[0], len(self.fields.center)
        if is_plain() and not is_traced() and len(points):
            which = _groups(points[:, split:])
            if 2 * (int(which.max()) + 1) <= self.rank:
                return self._jet_by_values(inputs, which)
        own = tuple(dict.fromkeys(index[:split] for index in inputs.indices))
        fields = self.fields.jet(coordinates(points[:, :split], own)).values
        by_index = dict(zip(own, fields.unbind(), strict=True))
        functions = {
            orders: self.functions(points[:, split:], orders)
            for orders in {index[split:] for index in inputs.indices}
        }
        rows = [
            torch.einsum(
                "nrm,nr->mn",
                by_index[index[:split]].unflatten(1, (self.rank, self.unknowns)),
                functions[index[split:]],
            )
            for index in inputs.indices
        ]
        return Jet(inputs.indices, torch.stack(rows).mT)

    def _jet_by_values(self, inputs: Jet, which: Int[Tensor, " n"]) -> Jet:
        """The same where parameters take few values, by their groups of points.

        The fields of a group are summed before they are evaluated.
        """
        points, split = inputs.values[0], len(self.fields.center)
        groups = int(which.max()) + 1
        found = points.new_empty(len(inputs.indices), len(points), self.unknowns)
        for number in range(groups):
            # One group needs no copies of its points.
            there = slice(None) if groups == 1 else (which == number).nonzero()[:, 0]
            group, values = points[there, :split], points[there][:1, split:]
            if len(inputs.indices) == 1 and not any(inputs.indices[0]):
                weights = self.functions(values, inputs.indices[0][split:])[0]
                summed = self._sum_of_fields(weights)
                found[0, there] = self.fields.values_of(summed, group, self.negligible)
                continue
            for orders in {index[split:] for index in inputs.indices}:
                rows = [k for k, index in enumerate(inputs.indices) if index[split:] == orders]
                own = tuple(inputs.indices[k][:split] for k in rows)
                summed = self._sum_of_fields(self.functions(values, orders)[0])
                jets = self.fields.jet_of(summed, coordinates(group, own)).values
                for row, each in zip(rows, jets, strict=True):
                    found[row, there] = each
        return Jet(inputs.indices, found)

    def at(self, values: Sequence[float]) -> FullProduct:
        """The solution for one value of each parameter."""
        given = self.fields.coefficients.new_tensor([list(values)])
        ends = [(c.tolist()) for c in self._space()]
        made = FullProduct(self.fields.axes(), self.unknowns, *ends).to(self.fields.coefficients)
        with torch.no_grad():
            weights = self.functions(given, (0,) * len(values))[0]
            made.coefficients = nn.Parameter(self._sum_of_fields(weights))
        return made

    def _sum_of_fields(self, weights: Float[Tensor, " r"]) -> Float[Tensor, "q m"]:
        """The coefficients of the fields, summed with some weights."""
        own = self.fields.coefficients.unflatten(1, (self.rank, self.unknowns))
        return torch.einsum("qrm,r->qm", own, weights)

    def on(self, points: Float[Tensor, "n d"]) -> Callable[[Sequence[float]], Float[Tensor, "n m"]]:
        """The solution at points that stay, as a function of the parameters: one small product."""
        with torch.no_grad():
            fields = self.fields(points).unflatten(1, (self.rank, self.unknowns))

        def answer(values: Sequence[float]) -> Float[Tensor, "n m"]:
            with torch.no_grad():
                weights = self.functions(points.new_tensor([list(values)]), (0,) * len(values))
                return torch.einsum("nrm,r->nm", fields, weights[0])

        return answer

    def _space(self) -> tuple[Float[Tensor, " _"], Float[Tensor, " _"]]:
        return self.fields.center - self.fields.scale, self.fields.center + self.fields.scale

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where a coordinate is beyond the grid of its basis."""
        return self.fields.out_of_grid(points[:, : len(self.fields.center)])


def _groups(rows: Float[Tensor, "n _"]) -> Int[Tensor, " n"]:
    """Numbers from 0 on, the same for rows that are equal.

    >>> _groups(torch.tensor([[2.0, 1.0], [1.0, 1.0], [2.0, 1.0]])).tolist()
    [1, 0, 1]
    """
    found = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    if bool((rows == rows[:1]).all()):
        return found
    for column in rows.unbind(dim=1):
        values, own = column.unique(return_inverse=True)
        found = (found * len(values) + own).unique(return_inverse=True)[1]
    return found


def _stirling(order: int) -> list[float]:
    """The signed Stirling numbers of the first kind s(order, k), k from 0.

    >>> _stirling(3)
    [0.0, 2.0, -3.0, 1.0]
    """
    numbers = [1.0]
    for n in range(order):
        shifted = [0.0, *numbers]
        numbers = [a - n * b for a, b in zip(shifted, [*numbers, 0.0], strict=True)]
    return numbers
