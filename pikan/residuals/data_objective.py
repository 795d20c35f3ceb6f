"""A KAN on data: how far its values are from labels, with derivatives by hand."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.backpropagation import FixedPart, each_node, evaluate, fixed_part, jacobian
from pikan.network.base import place
from pikan.network.kan import KANNetwork
from pikan.network.width import node_count
from pikan.optimize.objective import Block, LeastSquares


@final
@dataclass(frozen=True)
class DataMisfit:
    """Differences of values from labels at points, divided by a unit.

    They are made of the `goals`, what the last nodes should be, times a `factor`: differences of
    values may be small beside the values.
    """

    fixed: FixedPart
    goals: Float[Tensor, "n m"]
    factor: Float[Tensor, " m"]

    def differences(self, nodes: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        """The differences where the last nodes are these."""
        return (nodes - self.goals) * self.factor

    def least_squares(self) -> LeastSquares:
        """The residual whose squares add up to the mean of the squared differences."""
        root = self.goals.numel() ** 0.5

        def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
            return self.differences(evaluate(self.fixed, theta).last.values[0]).flatten() / root

        def jacobian_at(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
            way = evaluate(self.fixed, theta)
            rows = jacobian(way, each_node(way)) * self.factor.unsqueeze(1)
            return rows.flatten(0, 1) / root

        blocks = (Block("loss", slice(0, self.goals.numel())),)
        return LeastSquares(residual, jacobian_at, blocks)


def data_misfit(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    unit: float = 1.0,
) -> DataMisfit:
    """The misfit at these points, with the grids that the network has now."""
    with torch.no_grad():
        fixed = fixed_part(network, network.first(place(points)))
    if network.scaling is None:
        ones = network.center.new_ones(node_count(network.widths[-1]))
        return DataMisfit(fixed, labels, ones / unit)
    return DataMisfit(fixed, network.scaling.nodes(labels), network.scaling.factor / unit)
