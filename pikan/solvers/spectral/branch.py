"""A solution of several, and their order by how much they bend."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.partials import partials
from pikan.network.product import FullProduct
from pikan.problem.statement import Problem
from pikan.sampling.held_out import HeldOut
from pikan.solvers.spectral.linear_extension import highest_partials

# Totals of derivatives that differ by less are equal.
_EQUAL = 1e-3


class Branch(NamedTuple):
    """A solution, the start that led to it, and the mean of its highest derivatives by unknown.

    Derivatives are measured in lengths of the box.
    """

    network: FullProduct
    values: Float[Tensor, "n m"]
    start: str
    bending: Float[Tensor, " m"]


def bending_of(problem: Problem, network: FullProduct, samples: HeldOut) -> Float[Tensor, " m"]:
    """The mean size of the highest derivatives of each unknown, in lengths of the box."""
    box = problem.box
    points, weights = samples.points, samples.weights
    lengths = points.new_tensor(box.upper) - points.new_tensor(box.lower)
    totals: list[Float[Tensor, ""]] = []
    for unknown in range(len(problem.unknowns)):
        orders = {one.orders for one in highest_partials(problem, unknown)}
        with torch.no_grad():
            found = partials(network, points, orders)
        sizes = [
            (weights * found[order][:, unknown].abs()).mean()
            * lengths.pow(lengths.new_tensor(order)).prod()
            for order in orders
        ]
        totals.append(torch.stack(sizes).sum())
    return torch.stack(totals)


def in_order_of_bending(found: Sequence[Branch]) -> tuple[Branch, ...]:
    """The least bent one first; of several that are, the one found first."""
    if not found:
        return ()
    bending = torch.stack([one.bending for one in found])
    largest = bending.amax(dim=0)
    totals = (bending / torch.where(largest > 0.0, largest, 1.0)).sum(dim=1).tolist()
    least = min(totals)
    first = next(k for k, total in enumerate(totals) if total <= least + _EQUAL)
    return (found[first], *(one for k, one in enumerate(found) if k != first))
