"""The tanh perceptron, the baseline that Kolmogorov-Arnold networks are measured against."""

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.bases.compose import apply
from pikan.jets.jet import Jet
from pikan.network.activation import tanh
from pikan.network.base import FeatureNetwork, to_unit_box, weighted_sum


@final
class MLP(FeatureNetwork):
    """Weighted sums through tanh, layer after layer; the last layer is a weighted sum alone.

    `widths` starts with the number of coordinates and ends with the number of unknowns. Each
    layer's weights are one matrix [in+1, out] whose last row holds the biases.

    Source: Raissi, Perdikaris, Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.
    """

    def __init__(
        self, widths: Sequence[int], lower: Sequence[float], upper: Sequence[float]
    ) -> None:
        super().__init__(lower, upper)
        self.weights = nn.ParameterList(
            self.center.new_zeros(before + 1, after) for before, after in pairwise(widths[:-1])
        )
        self.coefficients = nn.Parameter(self.center.new_zeros(widths[-2] + 1, widths[-1]))

    def features(self, inputs: Jet) -> Jet:
        """The last hidden nodes and the constant 1."""
        nodes = _with_one(to_unit_box(inputs, self.center, self.scale))
        for weight in self.weights:
            nodes = _with_one(apply(tanh, weighted_sum(nodes, weight)))
        return nodes

    def last_weight(self) -> nn.Parameter:
        """The coefficients."""
        return self.coefficients

    def jet(self, inputs: Jet) -> Jet:
        """The features, weighted by the coefficients."""
        return weighted_sum(self.features(inputs), self.coefficients)

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Nowhere: tanh has no grid."""
        return torch.zeros_like(points[:, 0], dtype=torch.bool)


def _with_one(inputs: Jet) -> Jet:
    """The nodes and beside them the constant 1, which the biases are weights of."""
    nodes = inputs.values.mT
    column = nodes[:, :1]
    one = torch.cat([torch.ones_like(column[:1]), torch.zeros_like(column[1:])])
    return Jet(inputs.indices, torch.cat([nodes, one], dim=1).mT)
