"""A network for each time slab, one after the other."""

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pikan.jets.autograd import is_traced
from pikan.jets.jet import Jet
from pikan.network.base import Network


@final
class TimeSlabs(Network):
    """Networks side by side in time, each for the points between two edges.

    `edges` increase and are one more than the networks; `axis` is that of time. A point on an edge
    belongs to the earlier slab; before the first edge and after the last one the nearest slab
    goes on. Nothing makes the slabs meet: that is for conditions to do.
    """

    edges: Float[Tensor, " _"]

    def __init__(self, edges: Sequence[float], networks: Sequence[Network], axis: int) -> None:
        first = networks[0]
        lower = (first.center - first.scale).tolist()
        upper = (first.center + first.scale).tolist()
        lower[axis], upper[axis] = edges[0], edges[-1]
        super().__init__(lower, upper)
        self.axis = axis
        self.register_buffer("edges", torch.from_numpy(np.array(edges, dtype=float)))
        self.networks = nn.ModuleList(networks)
        # The networks are in their place already, edges and box are not.
        self.to(first.center.device)

    def slabs(self) -> tuple[Network, ...]:
        """The network of each slab, earliest first."""
        return tuple(network for network in self.networks if isinstance(network, Network))

    def jet(self, inputs: Jet) -> Jet:
        """Each point's jet from the network of its slab."""
        points = inputs.values[0]
        # A recorded point, and a single one under vmap, may stand for many: whose slab it is
        # cannot be asked.
        if is_traced() or len(points) == 1:
            return self._select(inputs)
        owner = self.slab_indices(points)
        order = torch.argsort(owner, stable=True)
        parts = [
            network.jet(Jet(inputs.indices, inputs.values[:, owner == window])).values.mT
            for window, network in enumerate(self.slabs())
        ]
        together = torch.cat(parts, dim=-1)
        return Jet(inputs.indices, together[..., torch.argsort(order)].mT)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where the network of a point's slab leaves a grid."""
        everywhere = torch.stack([network.out_of_grid(points) for network in self.slabs()])
        return everywhere.gather(0, self.slab_indices(points)[None]).squeeze(0)

    def slab_indices(self, points: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
        """The number of each point's slab."""
        return (points[:, self.axis, None] > self.edges[1:-1]).sum(dim=-1)

    def _select(self, inputs: Jet) -> Jet:
        """The same from all networks at all points, of which every point takes its own."""
        owner = self.slab_indices(inputs.values[0])
        found: list[Float[Tensor, "a n m"]] = []
        for window, network in enumerate(self.slabs()):
            # Moved into the slab, a foreign point cannot overflow and spoil the gradient.
            here = torch.where((owner == window)[:, None], inputs.values[0], network.center)
            moved = torch.cat([here[None], inputs.values[1:]])
            jet = network.jet(Jet(inputs.indices, moved))
            found.append(torch.where((owner == window)[:, None], jet.values, 0))
        return Jet(inputs.indices, torch.stack(found).sum(dim=0))
