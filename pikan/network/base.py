"""What every network offers: its values and its partial derivatives, carried as a jet."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.jets.jet import Jet, coordinates


class Network(nn.Module, ABC):
    """A function of the problem's coordinates with closed-form partial derivatives.

    It is meant for the box from `center - scale` to `center + scale`; what bases do beyond their
    intervals says `Basis`.
    Its parameters are zero, in float64, until a start is chosen. What goes in is always the jet of
    the coordinates themselves (`jet.coordinates`).
    """

    center: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]

    def __init__(self, lower: Sequence[float], upper: Sequence[float]) -> None:
        super().__init__()
        # By way of NumPy the box keeps all its digits, whatever torch's default dtype is.
        low, high = torch.from_numpy(np.array([lower, upper], dtype=float))
        self.register_buffer("center", (high + low) / 2)
        self.register_buffer("scale", (high - low) / 2)

    @abstractmethod
    def jet(self, inputs: Jet) -> Jet:
        """The unknowns [a n m] and those partial derivatives of them that `inputs` names."""

    @abstractmethod
    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where some basis, in any layer, is asked for a value beyond its grid."""

    def outside(self, points: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """The share of the points that lead some basis beyond its grid, from 0 to 1."""
        return self.out_of_grid(points).to(points).mean()

    def forward(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        """The unknowns at the points."""
        return self.jet(place(points)).values[0]


class FeatureNetwork(Network):
    """A network that is linear in its last layer: u = features @ last_weight."""

    @abstractmethod
    def features(self, inputs: Jet) -> Jet:
        """The functions [a n q] that are summed in the last layer."""

    @abstractmethod
    def last_weight(self) -> Tensor:
        """The weights [q m] of these sums."""


def place(points: Float[Tensor, "n d"]) -> Jet:
    """The coordinates alone, without derivatives."""
    return coordinates(points, ((0,) * points.shape[1],))


def to_unit_box(inputs: Jet, center: Float[Tensor, " d"], scale: Float[Tensor, " d"]) -> Jet:
    """The coordinates, moved and scaled so that the box becomes [-1, 1]^d."""
    value, partials = inputs.values.mT[:1], inputs.values.mT[1:]
    scaled = [(value - center[:, None]) / scale[:, None], partials / scale[:, None]]
    return Jet(inputs.indices, torch.cat(scaled).mT)


def weighted_sum(inputs: Jet, weight: Float[Tensor, "in out"]) -> Jet:
    """Weighted sums of functions; they lie in memory with the points last, as all jets do."""
    functions = inputs.values.mT
    # A batched product: torch.matmul would copy all functions to fold them into one matrix.
    sums = torch.bmm(weight.mT.expand(len(functions), -1, -1), functions)
    return Jet(inputs.indices, sums.mT)
