"""Initial coefficients of a level: from the level before, or from its conditions alone."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import coordinates
from pikan.linalg.dense import least_squares
from pikan.network.piecewise import Products, parts_of
from pikan.network.product import FullProduct
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import balanced_objective, last_layer_objective
from pikan.residuals.terms import Term, terms
from pikan.solvers.level import run_quietly
from pikan.solvers.spectral.linear_extension import extension
from pikan.solvers.spectral.product_objective import matching_points

# A level starts this far beside the one before: what nothing determines stays where it starts.
NUDGE = 1e-3
# Steps to a start that meets nonlinear conditions.
_EXTENDING = 10
# Singular values below this part of the largest count as zero in a fit of dependent functions.
_FITTED = 1e-10
# Parts of the way to a start at which every formula is finite.
_SHARES = (1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0)


def prolong(lower: Products, network: Products, nudge: float = NUDGE) -> Float[Tensor, " p"]:
    """The coefficients of the level before, zeros for the new functions, and a smooth nudge.

    Where the problem leaves something undetermined, the nudge stays, and the levels differ.
    """
    pairs = zip(parts_of(lower), parts_of(network), strict=True)
    return torch.cat([_prolong_one(before, part, nudge) for before, part in pairs])


def _prolong_one(lower: FullProduct, network: FullProduct, nudge: float) -> Float[Tensor, " p"]:
    start = torch.zeros_like(network.whole())
    unknowns = start.shape[1]
    block = start.view(*(basis.size for basis in network.axes()), unknowns)
    old = lower.whole().detach()
    sizes = tuple(basis.size for basis in lower.axes())
    block[tuple(slice(size) for size in sizes)] = old.view(*sizes, unknowns)
    largest = old.abs().amax(dim=0)
    largest = torch.where(largest > 0, largest, largest.max() if largest.any() else 1.0)
    nudged = start + nudge * largest * _smooth(block).view(-1, unknowns)
    # Singular functions start anew: their polynomials need not be those of the level before.
    beside = network.coefficients.detach()[len(network.chosen) :]
    return torch.cat([nudged[network.chosen], torch.zeros_like(beside)]).flatten()


def fitted_start(
    lower: Products, network: Products, on_points: Sequence[Term]
) -> Float[Tensor, " p"]:
    """The level before, fitted on points, and the nudge: where products have others beside them.

    Their coefficients are large and not unique, so that they say little of the level.
    """
    found: list[Tensor] = []
    for number, (before, part) in enumerate(zip(parts_of(lower), parts_of(network), strict=True)):
        places = [
            points
            for one in on_points
            for k, points in enumerate(one.points)
            if one.place_in(k) in (None, number)
        ]
        found.append(_fit_one(before, part, torch.cat(places)))
    return torch.cat(found)


def _fit_one(
    lower: FullProduct, network: FullProduct, places: Float[Tensor, "n d"]
) -> Float[Tensor, " p"]:
    with torch.no_grad():
        values = network.features(coordinates(places, ((0,) * places.shape[1],))).values[0]
        function = lower(places)
    found = least_squares(values, function, _FITTED)
    like = network.whole().detach()
    shape = (*(basis.size for basis in network.axes()), like.shape[1])
    smooth = _smooth(like.view(shape)).view(like.shape)[network.chosen]
    nudge = NUDGE * function.abs().amax(dim=0) * smooth
    return (found + torch.nn.functional.pad(nudge, (0, 0, 0, len(found) - len(nudge)))).flatten()


def smooth_start(on_points: Sequence[Term], network: Products) -> Float[Tensor, " p"]:
    """Coefficients that meet the conditions, those of high order as small as they may be."""
    theta = torch.zeros_like(network.coefficients).flatten()
    conditions = [one for one in on_points if not one.label.startswith("equation")]
    if not conditions:
        return theta
    degrees = torch.cat([_degrees(part) for part in parts_of(network)])
    shares = 0.5 ** degrees.to(theta)
    shares = shares.repeat_interleave(network.coefficients.shape[1])
    even = [1.0] * len(conditions)
    objective = last_layer_objective(conditions, network, even, linear=False)
    design = objective.jacobian(theta) * shares
    right = -objective.residual(theta)[:, None]
    return shares * least_squares(design, right, cutoff=1e-10)[:, 0]


def _degrees(network: FullProduct) -> Float[Tensor, " q"]:
    """The degree of every function."""
    sizes = tuple(basis.size for basis in network.axes())
    orders = sum(
        torch.arange(size).view(-1, *(1,) * (len(sizes) - 1 - axis))
        for axis, size in enumerate(sizes)
    )
    degrees = torch.as_tensor(orders).flatten()[network.chosen.cpu()]
    beside = [one.shares() * one.degree for one in network.additions()]
    return torch.cat([degrees.double(), *beside])


def extended_start(problem: Problem, network: Products) -> Float[Tensor, " p"]:
    """The solution of `extension`: in one coordinate the polynomial of least degree."""
    simple = extension(problem)
    on_points = terms(simple, matching_points(simple, network))
    start = smooth_start(on_points, network)
    objective = balanced_objective(on_points, network, start, linear=linear(simple))
    # Conditions may be nonlinear, which takes some steps.
    stage = LinearLeastSquares() if objective.linear else LevenbergMarquardt(steps=_EXTENDING)
    return run_quietly(stage, objective, start).theta


def defined_start(
    problem: Problem,
    on_points: Sequence[Term],
    network: Products,
    start: Float[Tensor, " p"],
) -> Float[Tensor, " p"]:
    """A start at which every formula is finite: moved toward `extended_start` as little as helps.

    The start itself where it is such a one, and where nothing helps.
    """
    even = [1.0] * len(on_points)
    objective = last_layer_objective(on_points, network, even, linear=False)
    inner = extended_start(problem, network)
    for share in _SHARES:
        blend = start + share * (inner - start)
        if objective.residual(blend).isfinite().all():
            return blend
    return start


def _smooth(like: Float[Tensor, "*n m"]) -> Float[Tensor, "*n m"]:
    """Random coefficients that halve from each order to the next, the same every time."""
    generator = torch.Generator().manual_seed(like.numel())
    drawn = torch.rand(like.shape, generator=generator, dtype=torch.float64).to(like) - 0.5
    for axis, size in enumerate(like.shape[:-1]):
        decay = 0.5 ** torch.arange(size).to(like)
        drawn = drawn * decay.view(-1, *(1,) * (like.ndim - 1 - axis))
    return drawn
