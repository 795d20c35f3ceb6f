"""The polynomials of a product in a region, made orthonormal degree by degree.

On a region the products of Chebyshev polynomials of its bounding box are nearly dependent, so that
their coefficients tell little. Orthonormal on points of the region, in the order of their degrees,
they make a basis whose coefficients decay as the best approximations of rising degree improve.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import coordinates
from pikan.linalg.dense import orthonormal, solve_triangle
from pikan.network.piecewise import PiecewiseProduct, Products, parts_of
from pikan.network.product import FullProduct
from pikan.problem.statement import Problem
from pikan.solvers.spectral.product_objective import matching_points


def _degree_order(network: FullProduct) -> tuple[Tensor, Tensor]:
    """The order of the products by degree, and the share of the largest degree each has."""
    shares = network.shares()
    order = shares.argsort(stable=True)
    return order.to(network.chosen.device), shares[order]


def _values(network: FullProduct, points: Float[Tensor, "n d"]) -> Float[Tensor, "n q"]:
    """All products at points."""
    origin = (0,) * points.shape[1]
    with torch.no_grad():
        return network.features(coordinates(points, (origin,))).values[0]


def graded_decay(
    network: Products, points: Float[Tensor, "n d"]
) -> tuple[tuple[Float[Tensor, " b"], ...], float]:
    """The decay of the coefficients in the graded basis along each axis, and its last part.

    Of pieces that of one after the other, relative to the largest of all; the last part is that of
    the worst.
    """
    parts = parts_of(network)
    rows = [torch.ones_like(points[:, 0], dtype=torch.bool)]
    if isinstance(network, PiecewiseProduct):
        own = network.indices(points)
        rows = [own == number for number in range(len(parts))]
    with torch.no_grad():
        sizes = [
            part(points[held]).square().mean(dim=0).sqrt()
            for part, held in zip(parts, rows, strict=True)
        ]
    scale = torch.stack(sizes).amax(dim=0)
    found = [
        _decay_of_one(part, points[held], scale) for part, held in zip(parts, rows, strict=True)
    ]
    return tuple(along for decay, _ in found for along in decay), max(last for _, last in found)


def _decay_of_one(
    network: FullProduct, points: Float[Tensor, "n d"], scale: Float[Tensor, " m"]
) -> tuple[tuple[Float[Tensor, " b"], ...], float]:
    """That of one product, relative to functions of this root mean square.

    The decay is that of the whole degree, the same along each axis but for its length. The last
    part is how far the function is from its best approximation two degrees lower. Beside harmonic
    polynomials, which begin where the others end, each kind is graded by itself after the other.
    """
    values, shares = _values(network, points), network.shares().to(points)
    function = values @ network.coefficients.detach()
    count, series = len(network.chosen), network.laurent
    if series is None or series.degrees.highest == 0:
        found = _in_graded_basis(values[:, :0], values, shares, function)
    else:
        # Polynomials come after harmonic ones of all degrees, most of which they hold themselves.
        origin = (0,) * points.shape[1]
        (harmonic,) = series.whole().derivatives(points, [origin])
        before = torch.cat([harmonic.mT, values[:, count : -series.size]], dim=1)
        products = _in_graded_basis(before, values[:, :count], shares[:count], function)
        beside = _in_graded_basis(values[:, :count], values[:, count:], shares[count:], function)
        found = torch.cat([products, beside])
    sizes = scale * len(points) ** 0.5
    largest = torch.where(sizes > 0, sizes, 1.0)
    relative = (found.abs() / largest).amax(dim=1)
    decay: list[Tensor] = []
    for one in network.axes():
        degree = one.size - 1
        level = (shares * degree).ceil().long().clamp(max=degree)
        empty = relative.new_zeros(degree + 1)
        decay.append(empty.scatter_reduce(0, level, relative, "amax").cpu())
    highest = shares > 1.0 - 1.5 / max(basis.size - 1 for basis in network.axes())
    last = found[highest].norm(dim=0) / largest
    return tuple(decay), float(last.max())


def _in_graded_basis(
    before: Float[Tensor, "n _"],
    values: Float[Tensor, "n q"],
    shares: Float[Tensor, " q"],
    function: Float[Tensor, "n m"],
) -> Float[Tensor, "q m"]:
    """The coefficients of a function in the graded basis of some functions, after others."""
    order = shares.argsort(stable=True)
    basis, _ = orthonormal(torch.cat([before, values[:, order]], dim=1))
    found = basis.mT @ function
    return found[before.shape[1] :][order.argsort()]


def graded_coefficients(
    network: Products,
    jacobian: Float[Tensor, "r p"],
    theta: Float[Tensor, " p"],
    problem: Problem,
) -> tuple[Float[Tensor, "r p"], Float[Tensor, " p"]]:
    """A Jacobian and coefficients in the graded basis, whose lengths are those of values."""
    points = matching_points(problem, network).interior
    if isinstance(network, FullProduct):
        return _coefficients_of_one(network, jacobian, theta, points)
    counts = [part.coefficients.numel() for part in network.pieces()]
    own, parts = network.indices(points), network.pieces()
    found = [
        _coefficients_of_one(part, columns, numbers, points[own == number])
        for number, (part, columns, numbers) in enumerate(
            zip(parts, jacobian.split(counts, dim=1), theta.split(counts), strict=True)
        )
    ]
    columns, numbers = zip(*found, strict=True)
    return torch.cat(columns, dim=1), torch.cat(numbers)


def _coefficients_of_one(
    network: FullProduct,
    jacobian: Float[Tensor, "r p"],
    theta: Float[Tensor, " p"],
    points: Float[Tensor, "n d"],
) -> tuple[Float[Tensor, "r p"], Float[Tensor, " p"]]:
    """The same of one product on points of its own."""
    order, _ = _degree_order(network)
    values = _values(network, points)
    basis, triangle = orthonormal(values[:, order])
    unknowns = network.coefficients.shape[1]
    coefficients = basis.mT @ (values @ theta.view(-1, unknowns))
    columns = jacobian.view(len(jacobian), -1, unknowns)[:, order]
    moved = solve_triangle(triangle, columns.movedim(1, 0), transposed=True)
    return moved.movedim(0, 1).reshape(len(jacobian), -1), coefficients.flatten()
