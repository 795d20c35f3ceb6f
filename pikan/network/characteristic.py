"""Products of functions of x - ct and x + ct, for solutions that bend along characteristics."""

from collections.abc import Sequence
from functools import reduce
from typing import final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.jets.jet import Jet, by_index, closure, coordinates
from pikan.network.base import Network
from pikan.network.product import FullProduct


@final
class CharacteristicNetwork(Network):
    """A product u(ξ, η) of ξ = x - c (t - t_0) and η = x + c (t - t_0), t_0 being the first moment.

    Cells of ξ and η have edges along characteristics, across which a wave may bend or jump. Those
    that meet no point of the box are zero. `time` is the axis of t.
    """

    speed: Float[Tensor, ""]

    def __init__(
        self,
        product: FullProduct,
        speed: float,
        lower: Sequence[float],
        upper: Sequence[float],
        time: int,
    ) -> None:
        super().__init__(lower, upper)
        self.product = product
        self.time = time
        self.register_buffer("speed", torch.tensor(speed, dtype=torch.float64))
        # The product is in its place already, speed and box are not.
        self.to(product.center.device)

    def jet(self, inputs: Jet) -> Jet:
        """The partial derivatives by x and t from those by ξ and η."""
        points, space = inputs.values[0], 1 - self.time
        moved = self.speed * (points[:, self.time] - (self.center - self.scale)[self.time])
        places = torch.stack([points[:, space] - moved, points[:, space] + moved], dim=1)
        orders = sorted({sum(index) for index in inputs.indices})
        wanted = [(k, order - k) for order in orders for k in range(order + 1)]
        inner = by_index(self.product.jet(coordinates(places, closure(wanted))))
        rows: list[Float[Tensor, "m n"]] = []
        for index in inputs.indices:
            weights = chain_rule(index[space], index[self.time])
            order = len(weights) - 1
            parts = [weight * inner[k, order - k] for k, weight in enumerate(weights)]
            rows.append((torch.stack(parts).sum(dim=0) * self.speed ** index[self.time]).mT)
        return Jet(inputs.indices, torch.stack(rows).mT)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where points are beyond the box."""
        rounding = 4 * torch.finfo(points.dtype).eps * (self.center.abs() + self.scale)
        return ((points - self.center).abs() > self.scale + rounding).any(dim=1)


def chain_rule(along: int, in_time: int) -> list[float]:
    """Weights of the derivatives k times by ξ, else by η, in that by x and t, over c^in_time.

    (∂_ξ + ∂_η)^along (∂_η - ∂_ξ)^in_time.

    >>> chain_rule(0, 2)
    [1.0, -2.0, 1.0]
    """
    factors = [np.array([1.0, 1.0])] * along + [np.array([1.0, -1.0])] * in_time
    return reduce(np.convolve, factors, np.ones(1)).tolist()
