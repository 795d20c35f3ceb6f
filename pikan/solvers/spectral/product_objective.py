"""The residual of a problem as a function of a full product's coefficients."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.undefined_parts import undefined_part
from pikan.network.parameters import with_parameters
from pikan.network.partials import partials
from pikan.network.piecewise import PiecewiseProduct, Products
from pikan.optimize.objective import LeastSquares
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import balanced_objective
from pikan.residuals.terms import CollocationPoints, Term, terms, used_faces
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points
from pikan.solvers.spectral.region_points import region_points

# More points than functions along each axis, so that conditions and equations do not compete;
# in three coordinates the faces bring enough rows of their own, and rows are dear.
_EXTRA, _EXTRA_3D = 2, 0


def matching_points(problem: Problem, network: Products) -> CollocationPoints:
    """Chebyshev points that match the degrees of a network, inside and on the faces in use.

    In a region points spread evenly, and on its boundary as each part asks for.
    """
    if problem.region is not None:
        return region_points(problem, network)
    assert not isinstance(network, PiecewiseProduct)
    box = problem.box
    extra = _EXTRA_3D if box.dimension > 2 else _EXTRA
    nodes = tuple(
        chebyshev_nodes(low, high, basis.size + extra)
        for low, high, basis in zip(box.lower, box.upper, network.axes(), strict=True)
    )
    return tensor_points(used_faces(problem), nodes, network.coefficients)


def product_objective(
    problem: Problem, network: Products, start: Float[Tensor, " p"] | None = None
) -> LeastSquares:
    """Equations and conditions on the points that match a network, as `balanced_objective`."""
    on_points = terms(problem, matching_points(problem, network))
    return balanced_objective(on_points, network, start, linear=linear(problem))


def without_value(on_points: Sequence[Term], network: Products, theta: Float[Tensor, " p"]) -> str:
    """What says which part of a formula is not finite at coefficients; empty where all are."""
    at = with_parameters(network, theta)
    for one in on_points:
        with torch.no_grad():
            fields = [
                partials(at, place, one.needed_partials(k), one.place_in(k))
                for k, place in enumerate(one.points)
            ]
        columns = {**one.known, **one.columns(tuple(fields))}
        values = {k: v.cpu().numpy() if isinstance(v, Tensor) else v for k, v in columns.items()}
        if (part := undefined_part(one.formula, values)) is not None:
            return f"in '{one.label}' {part}"
    return ""
