"""r(theta) of splines times polynomials, with a sparse Jacobian."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.bspline import cells
from pikan.jets.jet import MultiIndex
from pikan.linalg.sparse_jacobian import SparseJacobian
from pikan.network.product import FullProduct
from pikan.optimize.objective import LeastSquares
from pikan.residuals.evaluation import TermEvaluation, balanced_factors, jacobians, residual
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import blocks


class LocalFeatures(NamedTuple):
    """The features that are not zero at some points, by partial derivative, and which they are."""

    columns: Int[Tensor, "n _"]
    features: Mapping[MultiIndex, Float[Tensor, "n _"]]


@final
@dataclass(frozen=True)
class SplineEvaluation(TermEvaluation):
    """A term by the features near each of its points, for as many unknowns."""

    term: Term
    places: tuple[LocalFeatures, ...]
    unknowns: int

    @property
    def columns(self) -> Int[Tensor, "n _"]:
        """The places in θ of each row's entries: over point sets first, unknowns last."""
        unknown = torch.arange(self.unknowns, device=self.places[0].columns.device)
        near = [(at.columns[:, :, None] * self.unknowns + unknown) for at in self.places]
        return torch.cat(near, dim=1).flatten(1)

    def fields(self, theta: Float[Tensor, " p"]) -> tuple[Partials, ...]:
        """The unknowns' partial derivatives from the features'."""
        coefficients = theta.view(-1, self.unknowns)
        found: list[Partials] = []
        for columns, features in self.places:
            own = coefficients[columns]
            found.append({i: torch.bmm(f[:, None], own).squeeze(1) for i, f in features.items()})
        return tuple(found)

    def design(
        self, theta: Float[Tensor, " p"], slopes: Mapping[str, Float[Tensor, " n"]]
    ) -> Float[Tensor, "n _"]:
        """The derivative of the term's residual by the coefficients of `columns`."""
        rows, width = self.places[0].columns.shape
        design = theta.new_zeros(rows, len(self.places), width, self.unknowns)
        for name, slope in slopes.items():
            place, (unknown, orders) = self.term.derivatives[name]
            design[:, place, :, unknown] += slope[:, None] * self.places[place].features[orders]
        return design.flatten(1)


def spline_objective(
    terms: Sequence[Term], network: FullProduct, axis: int, *, linear: bool
) -> LeastSquares:
    """r as a function of the coefficients, its rows balanced at those of the network.

    The network has two coordinates and splines along `axis`. `linear` says that every formula is
    affine in the unknowns. Memory: rows times splines in a cell times polynomials.
    """
    start = network.coefficients.detach()
    with torch.no_grad():
        evaluations = [
            SplineEvaluation(term, _places(term, network, axis), start.shape[1]) for term in terms
        ]
        factors = balanced_factors(evaluations, start.flatten())
    sparse = SparseJacobian(
        tuple(one.columns for one in evaluations),
        spline_by_spline(network, axis),
        lambda theta: jacobians(evaluations, factors, theta),
    )
    return LeastSquares(
        lambda theta: residual(evaluations, factors, theta),
        sparse.dense,
        blocks(terms, None),
        slice(0, start.numel()),
        linear,
        sparse,
    )


def spline_by_spline(network: FullProduct, axis: int) -> Int[Tensor, " p"]:
    """The coefficients in an order that goes along the splines."""
    sizes = [basis.size for basis in network.axes()]
    places = torch.arange(network.coefficients.numel(), device=network.coefficients.device)
    return places.view(*sizes, -1).movedim(axis, 0).flatten()


def _places(term: Term, network: FullProduct, axis: int) -> tuple[LocalFeatures, ...]:
    return tuple(
        local_features(network, axis, points, term.needed_partials(place))
        for place, points in enumerate(term.points)
    )


def local_features(
    network: FullProduct, axis: int, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]
) -> LocalFeatures:
    """The splines of each point's cell along an axis times all functions of other coordinates."""
    bases = network.axes()
    x = (points - network.center) / network.scale
    cell = cells(x[:, axis][None], bases[axis].knots)[0]
    near = cell[:, None] + torch.arange(bases[axis].degree + 1, device=points.device)
    tables = [_table(network, basis, k, x, wanted) for k, basis in enumerate(bases)]
    tables[axis] = tables[axis].gather(2, near.expand(len(tables[axis]), -1, -1))
    columns = torch.zeros_like(near[:, :1])
    for k, basis in enumerate(bases):
        own = near if k == axis else torch.arange(basis.size, device=points.device)[None]
        columns = (columns[:, :, None] * basis.size + own[:, None, :]).flatten(1)
    features = {
        orders: reduce(_row_products, (one[k] for one, k in zip(tables, orders, strict=True)))
        for orders in wanted
    }
    return LocalFeatures(columns, features)


def _row_products(left: Float[Tensor, "n _"], right: Float[Tensor, "n _"]) -> Float[Tensor, "n _"]:
    """All products of an entry of the left with one of the right, row by row."""
    return (left[:, :, None] * right[:, None, :]).flatten(1)


def _table(
    network: FullProduct,
    basis: Basis,
    axis: int,
    x: Float[Tensor, "n d"],
    wanted: frozenset[MultiIndex],
) -> Float[Tensor, "k n b"]:
    """The functions of one coordinate and their derivatives in the problem's own units."""
    order = max(index[axis] for index in wanted)
    powers = network.scale[axis] ** torch.arange(order + 1, device=x.device)
    return basis.derivatives(x[:, axis : axis + 1], order).squeeze(-2) / powers[:, None, None]
