"""The points that a model is looked at, and what it gives there."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.kan.dataset import DatasetLike, check_dataset, valid_points
from pikan.network.kan import KANNetwork
from pikan.network.width import node_count

# Points to look at where a model has been fitted to none.
_POINTS = 1000


class LabeledPoints(NamedTuple):
    """Points and labels to fit formulas to, and others to test them on."""

    points: Float[Tensor, "n d"]
    labels: Float[Tensor, "n m"]
    fresh: Float[Tensor, "k d"]
    truth: Float[Tensor, "k m"]


def points_to_look_at(
    call: str, network: KANNetwork, samples: Float[Tensor, "n d"], x: Tensor | None
) -> Float[Tensor, "_ d"]:
    """The points given, the samples of a fit, or many spread evenly over the grid."""
    center = network.center
    if x is not None:
        return valid_points(call, "x", x, len(center)).detach().to(center)
    if len(samples):
        return samples
    knots, entering = network.layers()[0].edges.basis.knots, list(network.inputs)
    lower, upper = torch.zeros_like(center), torch.ones_like(center)
    lower[entering], upper[entering] = knots[:, 0], knots[:, -1]
    return _spread(center + network.scale * lower, center + network.scale * upper, 0)


def labeled_points(
    network: KANNetwork, points: Float[Tensor, "n d"], dataset: DatasetLike | None
) -> LabeledPoints:
    """The dataset's points and labels, or what a network gives at its points and at fresh ones."""
    if dataset is not None:
        outputs = node_count(network.widths[-1])
        return LabeledPoints(*check_dataset(dataset, len(network.center), outputs, network.center))
    fresh = _spread(points.amin(dim=0), points.amax(dim=0), 1)
    with torch.no_grad():
        return LabeledPoints(points, network(points), fresh, network(fresh))


def _spread(
    lower: Float[Tensor, " d"], upper: Float[Tensor, " d"], seed: int
) -> Float[Tensor, "n d"]:
    drawn = torch.quasirandom.SobolEngine(len(lower), scramble=True, seed=seed).draw(_POINTS)
    return lower + drawn.to(lower) * (upper - lower)
