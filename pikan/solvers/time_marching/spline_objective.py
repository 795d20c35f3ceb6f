"""r(theta) of splines times polynomials, with a sparse Jacobian."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.bspline import cells
from pikan.jets.jet import MultiIndex
from pikan.linalg.sparse_jacobian import SparseJacobian
from pikan.network.product import FullProduct
from pikan.optimize.objective import Objective
from pikan.residuals.terms import Partials, Term
from pikan.residuals.weights import blocks


class LocalFeatures(NamedTuple):
    """The features that are not zero at some points, by partial derivative, and which they are."""

    columns: Int[Tensor, "n _"]
    features: Mapping[MultiIndex, Float[Tensor, "n _"]]


def spline_objective(
    terms: Sequence[Term], network: FullProduct, axis: int, *, linear: bool
) -> Objective:
    """r as a function of the coefficients, the rows of every term of length one in the mean.

    High derivatives of narrow splines are large: a match of third derivatives across a periodic
    axis would drown that of values, which has the same label. The network has two coordinates and
    splines along `axis`. `linear` says that every formula is affine in the unknowns. Memory: rows
    times splines in a cell times polynomials.
    """
    with torch.no_grad():
        local = [_places(term, network, axis) for term in terms]
        made = list(zip(terms, local, strict=True))
        start = network.coefficients.detach()
        factors = [_factor(_design(term, places, start)) for term, places in made]

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        coefficients = theta.view(start.shape)
        rows = [term.residual(_combine(places, coefficients)) for term, places in made]
        return torch.cat([factor * row for factor, row in zip(factors, rows, strict=True)])

    def values(theta: Float[Tensor, " p"]) -> tuple[Float[Tensor, "_ _"], ...]:
        coefficients = theta.detach().view(start.shape)
        found = [_design(term, places, coefficients) for term, places in made]
        return tuple(factor * rows for factor, rows in zip(factors, found, strict=True))

    unknowns = start.shape[1]
    sparse = SparseJacobian(
        tuple(torch.cat([_by_unknown(at.columns, unknowns) for at in p], dim=1) for p in local),
        _spline_by_spline(network, axis),
        values,
    )
    whole = slice(0, start.numel())
    return Objective(residual, sparse.dense, blocks(terms, None), whole, linear, sparse)


def _factor(design: Float[Tensor, "n _"]) -> float:
    """What makes the rows of a design of length one in the mean."""
    square = float(design.square().sum())
    return (len(design) / square) ** 0.5 if square > 0 else 1.0


def _spline_by_spline(network: FullProduct, axis: int) -> Int[Tensor, " p"]:
    """The coefficients in an order that goes along the splines."""
    sizes = [basis.size for basis in network.axes()]
    places = torch.arange(network.coefficients.numel(), device=network.coefficients.device)
    return places.view(*sizes, -1).movedim(axis, 0).flatten()


def _places(term: Term, network: FullProduct, axis: int) -> tuple[LocalFeatures, ...]:
    return tuple(
        _local(network, axis, points, term.needed_partials(place))
        for place, points in enumerate(term.points)
    )


def _local(
    network: FullProduct, axis: int, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]
) -> LocalFeatures:
    """The splines of each point's cell times all polynomials."""
    bases = network.axes()
    x = (points - network.center) / network.scale
    cell = cells(x[:, axis][None], bases[axis].knots)[0]
    near = cell[:, None] + torch.arange(bases[axis].degree + 1, device=points.device)
    tables = [_table(network, bases[k], k, x, wanted) for k in (0, 1)]
    tables[axis] = tables[axis].gather(2, near.expand(len(tables[axis]), -1, -1))
    everywhere = torch.arange(bases[1 - axis].size, device=points.device).expand(len(points), -1)
    one, other = (near, everywhere) if axis == 0 else (everywhere, near)
    columns = (one[:, :, None] * bases[1].size + other[:, None, :]).flatten(1)
    features = {
        (i, j): (tables[0][i][:, :, None] * tables[1][j][:, None, :]).flatten(1) for i, j in wanted
    }
    return LocalFeatures(columns, features)


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


def _combine(
    places: tuple[LocalFeatures, ...], coefficients: Float[Tensor, "q m"]
) -> tuple[Partials, ...]:
    """The unknowns' partial derivatives from the features'."""
    found: list[Partials] = []
    for columns, features in places:
        own = coefficients[columns]
        found.append({i: torch.bmm(f[:, None], own).squeeze(1) for i, f in features.items()})
    return tuple(found)


def _design(
    term: Term, places: tuple[LocalFeatures, ...], coefficients: Float[Tensor, "q m"]
) -> Float[Tensor, "n _"]:
    """The derivative of a term's residual by the coefficients that a row knows of.

    The columns run over places first, their features then, and unknowns last.
    """
    columns = term.columns(_combine(places, coefficients))
    rows, width = places[0].columns.shape
    design = coefficients.new_zeros(rows, len(places), width, coefficients.shape[1])
    for name, slope in term.column_derivatives(columns).items():
        place, partial = term.derivatives[name]
        design[:, place, :, partial.unknown] += (
            slope[:, None] * places[place].features[partial.orders]
        )
    return design.flatten(1)


def _by_unknown(columns: Int[Tensor, "n _"], unknowns: int) -> Int[Tensor, "n _"]:
    """The places of coefficients in theta from those of features."""
    return (columns[:, :, None] * unknowns + torch.arange(unknowns, device=columns.device)).flatten(
        1
    )
