"""A product for each piece of a region, each for its own points."""

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pikan.geometry.pieces import owner
from pikan.geometry.region import Region
from pikan.jets.jet import Jet
from pikan.network.base import FeatureNetwork, Network
from pikan.network.product import FullProduct


@final
class PiecewiseProduct(FeatureNetwork):
    """Products side by side, each for the points of one of the `regions`.

    A point on a boundary belongs to a piece beside it; `seen_from` gives what it is on the side of
    another. Nothing makes pieces meet: that is for conditions on interfaces to do. What its last
    layer holds are the coefficients of all pieces, one after the other.
    """

    def __init__(self, parts: Sequence[FullProduct], regions: Sequence[Region]) -> None:
        ends = torch.stack([torch.stack([p.center - p.scale, p.center + p.scale]) for p in parts])
        super().__init__(ends[:, 0].amin(dim=0).tolist(), ends[:, 1].amax(dim=0).tolist())
        self.parts = nn.ModuleList(parts)
        self.regions = tuple(regions)
        self.to(parts[0].coefficients)

    def pieces(self) -> tuple[FullProduct, ...]:
        """The product of each piece."""
        return tuple(part for part in self.parts if isinstance(part, FullProduct))

    @property
    def coefficients(self) -> Float[Tensor, "q m"]:
        """The coefficients of all pieces."""
        return torch.cat([part.coefficients for part in self.pieces()])

    def last_weight(self) -> Float[Tensor, "q m"]:
        """The coefficients, which no change of theirs reaches."""
        return self.coefficients

    def features(self, inputs: Jet) -> Jet:
        """The functions of each point's own piece, and zeros for those of the others."""
        own = self.indices(inputs.values[0])
        found = [self.seen_from(k, inputs).values for k in range(len(self.parts))]
        here = torch.stack([(own == k)[:, None].expand_as(f[0]) for k, f in enumerate(found)])
        return Jet(inputs.indices, torch.where(here[:, None], torch.stack(found), 0).sum(dim=0))

    def seen_from(self, number: int, inputs: Jet) -> Jet:
        """The functions of one piece, at any points, and zeros for those of the others."""
        before = sum(len(part.coefficients) for part in self.pieces()[:number])
        values = self.pieces()[number].features(inputs).values
        after = len(self.coefficients) - before - values.shape[-1]
        return Jet(inputs.indices, nn.functional.pad(values, (before, after)))

    def jet(self, inputs: Jet) -> Jet:
        """Each point's jet from the product of its piece."""
        own = self.indices(inputs.values[0])
        order = torch.argsort(own, stable=True)
        found = [
            part.jet(Jet(inputs.indices, inputs.values[:, own == number])).values.mT
            for number, part in enumerate(self.pieces())
        ]
        return Jet(inputs.indices, torch.cat(found, dim=-1)[..., torch.argsort(order)].mT)

    def indices(self, points: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
        """The number of each point's piece."""
        places = points.detach().cpu().numpy().astype(np.float64)
        return torch.from_numpy(owner(self.regions, places)).to(points.device)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where the product of a point's piece leaves its grid."""
        everywhere = torch.stack([part.out_of_grid(points) for part in self.pieces()])
        return everywhere.gather(0, self.indices(points)[None]).squeeze(0)


Products = FullProduct | PiecewiseProduct
"""A product, or one for each piece of a region."""


def parts_of(network: Products) -> tuple[FullProduct, ...]:
    """The product of each piece; the one there is where there are none."""
    return network.pieces() if isinstance(network, PiecewiseProduct) else (network,)


def seen_by(network: Network, number: int | None) -> Network:
    """The network of a piece; that of all where none is named."""
    if number is None or not isinstance(network, PiecewiseProduct):
        return network
    return network.pieces()[number]
