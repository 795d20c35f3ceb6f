"""Meshes of one coordinate: cells read off the formulas, halved, and graded toward places."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import names
from pikan.problem.features import Features
from pikan.problem.graded_cells import balance
from pikan.problem.partials import partials
from pikan.problem.statement import Problem

# Cells toward a place: each this part of the one before, down to this part of the axis.
_RATIO, _SMALLEST = 0.25, 1e-10
# Places as near as this part of the axis are one.
_SAME = 1e-13
# So many points show where a coefficient changes its sign.
_SAMPLES = 257
# Cells are joined that differ by no more than this factor.
_ALIKE = 2.1
# No cell is smaller than the rounding of coordinates allows.
_ROUNDING = 4e-15


def read_mesh(problem: Problem, features: Features, axis: int) -> Float[Tensor, " _"]:
    """The edges that the known functions and the places of conditions ask for, balanced."""
    box = problem.box
    lower, upper = box.lower[axis], box.upper[axis]
    places = [one.value for one in features.places if one.axis == axis]
    for condition in problem.conditions:
        for face in condition.faces:
            places += [value for fixed, value in face.fixed if fixed == axis]
    inside = [place for place in places if lower < place < upper]
    edges = _distinct(np.concatenate([features.edges[axis], inside]))
    return torch.from_numpy(balance(edges))


def halve(edges: Float[Tensor, " _"], marked: Bool[Tensor, " c"]) -> Float[Tensor, " _"]:
    """The cells that are marked halved."""
    middles = (edges[:-1] + edges[1:])[marked] / 2
    return torch.cat([edges, middles]).sort().values


def divisible(edges: Float[Tensor, " _"]) -> Bool[Tensor, " c"]:
    """The cells that are not yet as small as the rounding of coordinates."""
    return edges.diff() > _ROUNDING * max(float(edges.abs().max()), float(edges[-1] - edges[0]))


def grade_toward(
    edges: Float[Tensor, " _"], places: Iterable[float], smallest: float = _SMALLEST
) -> Float[Tensor, " _"]:
    """More edges: cells of all sizes toward both ends of the axis and some places.

    They are at least the part `smallest` of the axis.
    """
    lower, upper = float(edges[0]), float(edges[-1])
    count = max(int(np.log(smallest) / np.log(_RATIO)), 1)
    steps = (upper - lower) * _RATIO ** np.arange(1, count + 1)
    steps = np.concatenate([-steps, [0.0], steps])
    found = np.concatenate([edges.numpy(), *(place + steps for place in (lower, upper, *places))])
    return torch.from_numpy(_distinct(found[(found >= lower) & (found <= upper)]))


def turning_points(problem: Problem) -> list[float]:
    """Where the known coefficient of a derivative changes its sign, in one coordinate.

    Layers may lie there; they are known to a part of the cells that are graded toward them.
    """
    x = np.linspace(problem.box.lower[0], problem.box.upper[0], _SAMPLES)
    known = {problem.coordinates[0]: x, **problem.constants}
    found: list[float] = []
    for equation in problem.equations:
        for name, partial in partials(problem, equation.residual).items():
            slope = differentiate(equation.residual, name)
            if not partial.orders[0] or names(slope) - {"pi", "e"} - known.keys():
                continue
            values = evaluate_on(slope, known, x.shape)
            crossed = np.flatnonzero(values[:-1] * values[1:] < 0)
            share = values[crossed] / (values[crossed] - values[crossed + 1])
            found += [*(x[crossed] + share * np.diff(x)[crossed]), *x[1:-1][values[1:-1] == 0]]
    return found


def _distinct(edges: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
    """Edges in rising order, those that are equal but for rounding once."""
    ordered = np.unique(edges)
    apart = np.append(np.diff(ordered) > _SAME * (ordered[-1] - ordered[0]), True)
    apart[0] = True
    kept = ordered[apart]
    return np.append(kept[:-1] if len(kept) > 1 else kept, ordered[-1])


def join(
    edges: Float[Tensor, " _"], fine: Bool[Tensor, " c"], kept: Sequence[float]
) -> Float[Tensor, " _"]:
    """Neighbors of about one size joined where both are finer than need be, but not at places."""
    widths, held = edges.diff(), [edges[:1]]
    walls = torch.tensor(list(kept), dtype=edges.dtype)
    number, last = 0, len(widths) - 1
    while number <= last:
        pair = number < last and bool(fine[number] & fine[number + 1])
        if pair:
            sizes = widths[number : number + 2]
            wall = bool((walls == edges[number + 1]).any())
            pair = not wall and float(sizes.max()) < _ALIKE * float(sizes.min())
        number += 2 if pair else 1
        held.append(edges[number : number + 1])
    return torch.cat(held)
