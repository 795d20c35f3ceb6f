"""Partial derivatives of a network in closed form, carried through it as a jet."""

from collections.abc import Collection, Mapping

from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import MultiIndex, closure, coordinates
from pikan.network.base import Network
from pikan.network.piecewise import seen_by


def partials(
    network: Network,
    points: Float[Tensor, "n d"],
    wanted: Collection[MultiIndex],
    piece: int | None = None,
) -> Mapping[MultiIndex, Float[Tensor, "n m"]]:
    """The partial derivatives wanted of all unknowns, each by its multi-index.

    One pass through the network carries all of them and the lower ones that they need. Those of a
    `piece` are as they are on its side, wherever the points lie.
    """
    jet = seen_by(network, piece).jet(coordinates(points, closure(wanted)))
    return {index: jet.values[jet.indices.index(index)] for index in wanted}
