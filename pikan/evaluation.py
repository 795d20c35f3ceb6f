"""Evaluation of a problem's network at points given as people write them."""

import math
from collections.abc import Callable, Mapping, Sequence
from warnings import warn

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pikan.network.base import Network
from pikan.network.partials import partials
from pikan.network.piecewise import PiecewiseProduct
from pikan.problem.pieces import of_piece
from pikan.problem.statement import Problem
from pikan.report.errors import Evaluate, by_chunks
from pikan.report.fields import Residual
from pikan.residuals.terms import equation_terms
from pikan.solvers.time_slab import end_of

Array = Shaped[np.ndarray, "*_"]
Number = float | int
Given = Array | Shaped[Tensor, "*_"] | Sequence[Number] | Sequence[Sequence[Number]] | Number

OfTensors = Callable[[Float[Tensor, "n d"]], Float[Tensor, "n m"]]


def evaluation(problem: Problem, network: Network) -> Evaluate:
    """The network of a problem as a function of arrays, nan where there is no solution."""
    return on_arrays(until_end(problem, network, network), network)


def equation_residuals(problem: Problem, network: Network) -> Residual:
    """What a network leaves of each equation, one column each, as a function of arrays."""

    def residuals(points: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        if isinstance(network, PiecewiseProduct):
            own, found = network.indices(points), points.new_zeros(len(points), count)
            for k, part in enumerate(network.pieces()):
                found[own == k] = of_one(of_piece(problem, k), part, points[own == k])
            return found
        return of_one(problem, network, points)

    def of_one(stated: Problem, known: Network, points: Float[Tensor, "n d"]) -> Tensor:
        terms = equation_terms(stated, points)
        wanted = {index for term in terms for index in term.needed_partials(0)}
        found = partials(known, points, wanted)
        return torch.stack([term.residual((found,)) for term in terms], dim=1)

    count = len(problem.equations)
    return on_arrays(until_end(problem, network, residuals), network)


def warn_outside(problem: Problem, places: Array | Tensor) -> None:
    """A warning where points lie outside of the region, at which there is no solution."""
    given = places.detach().cpu().numpy() if isinstance(places, Tensor) else places
    rows = given.reshape(-1, given.shape[-1]).astype(np.float64)
    outside = int(np.sum(~problem.domain.covers(rows)))
    if outside:
        warn(f"{outside} of {len(rows)} points lie outside of the region: nan there", stacklevel=4)


def until_end(problem: Problem, network: Network, function: OfTensors) -> OfTensors:
    """The same function, and nan beyond the time at which the network of a problem ends."""
    if problem.region is not None:
        function = _in_region(problem, function)
    end = end_of(problem, network)
    if end is None:
        return function
    axis = problem.box.evolution

    def until(points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        return torch.where(points[:, axis, None] > end, math.nan, function(points))

    return until


def _in_region(problem: Problem, function: OfTensors) -> OfTensors:
    """The same function, and nan outside of the region of a problem."""

    def inside(points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        covered = problem.domain.covers(points.detach().cpu().numpy().astype(np.float64))
        there = torch.from_numpy(covered).to(points.device)[:, None]
        return torch.where(there, function(points), math.nan)

    return inside


def on_arrays(function: OfTensors, network: Network) -> Evaluate:
    """The same function of arrays, in the precision and on the device of a network."""
    like = next(network.parameters())

    def evaluate(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        with torch.no_grad():
            found = function(torch.from_numpy(points).to(like))
        return found.cpu().numpy().astype(points.dtype)

    return evaluate


def map_rows(function: OfTensors, places: Array | Tensor, network: Network) -> Array | Tensor:
    """A function of rows, applied along the last axis of an array of any shape."""
    rows = places.reshape(-1, places.shape[-1])
    if isinstance(rows, Tensor):
        found = function(rows.to(next(network.parameters())))
    else:
        found = by_chunks(on_arrays(function, network), rows)
    return found.reshape(*places.shape[:-1], found.shape[-1])


def places_of(
    problem: Problem, points: Given | None, coordinates: Mapping[str, Given]
) -> Float[np.ndarray, "*n d"] | Float[Tensor, "*n d"]:
    """Points as given, or as made from coordinates by name."""
    names = problem.coordinates
    if points is None and set(coordinates) == set(names):
        return _spread([coordinates[name] for name in names])
    places = points if isinstance(points, Tensor) else np.asarray(points, dtype=np.float64)
    if coordinates or places.shape[-1:] != (len(names),):
        given = ", ".join(coordinates) if coordinates else f"points of shape {[*places.shape]}"
        named = ", ".join(f"{name}=..." for name in names)
        raise ValueError(f"got {given}; needs rows of {', '.join(names)}, or {named}")
    return places


def _spread(values: Sequence[Given]) -> Float[np.ndarray, "*n d"] | Float[Tensor, "*n d"]:
    tensors = [value for value in values if isinstance(value, Tensor)]
    if not tensors:
        arrays = [np.asarray(value, dtype=np.float64) for value in values]
        return np.stack(np.broadcast_arrays(*arrays), axis=-1)
    everywhere = [torch.as_tensor(value).to(tensors[0]) for value in values]
    return torch.stack(torch.broadcast_tensors(*everywhere), dim=-1)
