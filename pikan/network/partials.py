"""Partial derivatives of a network in closed form, carried through it as a jet."""

from collections.abc import Collection, Mapping

from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import MultiIndex, closure, coordinates
from pikan.network.base import Network


def partials(
    network: Network, points: Float[Tensor, "n d"], wanted: Collection[MultiIndex]
) -> Mapping[MultiIndex, Float[Tensor, "n m"]]:
    """The partial derivatives wanted of all unknowns, each by its multi-index.

    One pass through the network carries all of them and the lower ones that they need.
    """
    jet = network.jet(coordinates(points, closure(wanted)))
    return {index: jet.values[jet.indices.index(index)] for index in wanted}
