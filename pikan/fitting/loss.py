"""The loss of a fit on some of the data, and its penalty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call

from pikan.fitting.arguments import ModelError
from pikan.fitting.penalty import Penalty, penalty
from pikan.jets.jet import Jet
from pikan.network.architecture import node_count
from pikan.network.backpropagation import (
    FixedPart,
    column_lengths,
    each_node,
    evaluate,
    fixed_part,
    gradient,
    jacobian,
)
from pikan.network.base import place
from pikan.network.kan import KANNetwork, Scaling, product_nodes
from pikan.network.layer import LayerActivations
from pikan.network.parameters import parameter_dict, parameter_vector

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From predictions and labels to one number."""


def mean_square(values: Tensor, labels: Tensor) -> Tensor:
    """The mean of squared differences."""
    return (values - labels).square().mean()


@final
@dataclass(frozen=True)
class FitLoss:
    """A network to be fitted to some rows of the data, by its weights that are not frozen.

    A mean square is that of differences divided by `unit`. It is made of the `goals`, what the
    last nodes should be, for differences of values may be small beside the values.
    """

    network: KANNetwork
    points: Float[Tensor, "n d"]
    labels: Shaped[Tensor, "n ..."]
    goals: Float[Tensor, "n m"] | None
    loss: Loss
    rules: Penalty
    unit: float
    start: FixedPart

    def theta(self) -> Float[Tensor, " p"]:
        """The weights as they are now."""
        return parameter_vector(self.network)

    def loss_at(self, theta: Float[Tensor, " p"]) -> float:
        """The loss alone under these weights."""
        return float(self._lost(self._nodes(theta)))

    def loss_and_gradient(self, theta: Float[Tensor, " p"]) -> "LossAndGradient":
        """The loss and the penalty under these weights, and the gradient of both together."""
        if self.rules.strength:
            return self._with_penalty(theta)
        way = evaluate(self.start, theta)
        loss, toward = self._toward(way.last.values[0])
        return LossAndGradient(float(loss), 0.0, gradient(way, toward.unsqueeze(0)))

    def residual(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        """Numbers whose squares add up to the mean square."""
        return self._away(self._nodes(theta)).flatten() / self.labels.numel() ** 0.5

    def jacobian(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        """The derivatives of the residual."""
        way = evaluate(self.start, theta)
        rows = jacobian(way, each_node(way)) * self._factor().unsqueeze(1)
        return rows.flatten(0, 1) / self.labels.numel() ** 0.5

    def lengths(self, shortest: float) -> Float[Tensor, " p"]:
        """The lengths of the Jacobian's columns, see `backpropagation.column_lengths`."""
        return column_lengths(evaluate(self.start, self.theta()), shortest)

    def _nodes(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "n m"]:
        return evaluate(self.start, theta).last.values[0]

    def _with_penalty(self, theta: Float[Tensor, " p"]) -> "LossAndGradient":
        moving = theta.detach().requires_grad_()
        named = parameter_dict(self.network, moving)
        named = {f"network.{name}": value for name, value in named.items()}
        given = self.points, self.rules
        layers, reg = functional_call(_Penalized(self.network), named, given)
        loss = self._lost(last_nodes(self.network, layers))
        slope = torch.autograd.grad(loss + self.rules.strength * reg, moving)[0]
        return LossAndGradient(float(loss.detach()), float(reg.detach()), slope)

    def _toward(self, nodes: Float[Tensor, "n m"]) -> tuple[Tensor, Float[Tensor, "n m"]]:
        """The loss, and its gradient with respect to the last nodes."""
        if self.goals is not None:
            # For that autograd takes several times as long.
            away = self._away(nodes)
            return away.square().mean(), away * (2 / away.numel() * self._factor())
        moving = nodes.requires_grad_()
        loss = self._lost(moving)
        return loss.detach(), torch.autograd.grad(loss, moving)[0]

    def _lost(self, nodes: Float[Tensor, "n m"]) -> Tensor:
        if self.goals is not None:
            return self._away(nodes).square().mean()
        return _one_number(self.loss(_scaling(self.network)(nodes), self.labels))

    def _away(self, nodes: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        assert self.goals is not None
        return (nodes - self.goals) * self._factor()

    def _factor(self) -> Float[Tensor, " m"]:
        return _scaling(self.network).factor / self.unit


@final
class _Penalized(nn.Module):
    """The layers of a network in detail and their penalty, under parameters that are passed in."""

    def __init__(self, network: KANNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, points: Float[Tensor, "n d"], rules: Penalty
    ) -> tuple[tuple[LayerActivations, ...], Float[Tensor, ""]]:
        layers = self.network.activations(points)
        return layers, penalty(rules, self.network, layers)


def _scaling(network: KANNetwork) -> Scaling:
    """What a network has, or what leaves its last nodes as they are."""
    if network.scaling is not None:
        return network.scaling
    ones = network.center.new_ones(node_count(network.widths[-1]))
    return Scaling(ones, ones - 1)


class LossAndGradient(NamedTuple):
    """The loss, the penalty without its strength, and the gradient of what is made small."""

    loss: float
    reg: float
    gradient: Float[Tensor, " p"]


def fit_loss(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Shaped[Tensor, "n ..."],
    loss: Loss,
    rules: Penalty,
    unit: float = 1.0,
) -> FitLoss:
    """The task on these rows, with the grid that the network has now."""
    goals = _scaling(network).nodes(labels) if loss is mean_square else None
    with torch.no_grad():
        start = fixed_part(network, network.first(place(points)))
    return FitLoss(network, points, labels, goals, loss, rules, unit, start)


def last_nodes(network: KANNetwork, layers: Sequence[LayerActivations]) -> Float[Tensor, "n m"]:
    """What the last layer in detail leads to, before it is scaled."""
    sums = layers[-1].sums
    return product_nodes(Jet(((0,),), sums.unsqueeze(0)), network.widths[-1]).values[0]


def _one_number(loss: object) -> Tensor:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"shape {list(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ModelError(f"fit: loss_fn: got {got}, needs a tensor of one number, as of .mean()")
    return loss
