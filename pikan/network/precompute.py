"""The part of a network that no parameter changes, computed once for points that stay."""

from pikan.jets.jet import Jet
from pikan.network.base import Network
from pikan.network.kan import KANNetwork


def precompute(network: Network, inputs: Jet) -> Jet:
    """All that follows from the coordinates alone."""
    return network.first(inputs) if isinstance(network, KANNetwork) else inputs


def complete(network: Network, begun: Jet) -> Jet:
    """The unknowns, from what `precompute` has left."""
    return network.after(begun) if isinstance(network, KANNetwork) else network.jet(begun)
