"""The loss of a fit on some of the data, and its penalty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pikan.fitting.arguments import ModelError
from pikan.fitting.backpropagation import (
    NetworkEvaluation,
    PrecomputedLayer,
    evaluate_network,
    gradient,
    jacobian,
    lengths,
    precompute_layer,
)
from pikan.fitting.factory import flat_weights, free_columns, shaped_weights
from pikan.fitting.penalty import Penalty, penalty
from pikan.jets.jet import Jet
from pikan.network.kan import product_nodes
from pikan.network.masked_kan import LayerActivations, MaskedKAN, layer_activations

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

    wired: MaskedKAN
    points: Float[Tensor, "n d"]
    labels: Shaped[Tensor, "n ..."]
    goals: Float[Tensor, "n m"] | None
    loss: Loss
    rules: Penalty
    unit: float
    start: PrecomputedLayer

    def theta(self) -> Float[Tensor, " p"]:
        """The weights as they are now."""
        return flat_weights(self.wired.trainable())

    def loss_at(self, theta: Float[Tensor, " p"]) -> float:
        """The loss alone under these weights."""
        return float(self._lost(self._evaluate(theta).values))

    def loss_and_gradient(self, theta: Float[Tensor, " p"]) -> "LossAndGradient":
        """The loss and the penalty under these weights, and the gradient of both together."""
        if self.rules.strength:
            return self._with_penalty(theta)
        way = self._evaluate(theta)
        loss, toward = self._toward(way.values)
        slope = free_columns(gradient(way, toward), self.wired.trainable())
        return LossAndGradient(float(loss), 0.0, slope)

    def residual(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        """Numbers whose squares add up to the mean square."""
        return self._away(self._evaluate(theta).values).flatten() / self.labels.numel() ** 0.5

    def jacobian(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        """The derivatives of the residual."""
        rows = jacobian(self._evaluate(theta)) * self._factor().unsqueeze(1)
        scaled = rows.flatten(0, 1) / self.labels.numel() ** 0.5
        return free_columns(scaled, self.wired.trainable())

    def lengths(self, shortest: float) -> Float[Tensor, " p"]:
        """The lengths of the Jacobian's columns, see `slopes.lengths`."""
        way = self._evaluate(self.theta())
        return free_columns(lengths(way, shortest), self.wired.trainable())

    def _evaluate(self, theta: Float[Tensor, " p"]) -> NetworkEvaluation:
        return evaluate_network(self.start, shaped_weights(theta, self.wired.trainable()))

    def _with_penalty(self, theta: Float[Tensor, " p"]) -> "LossAndGradient":
        moving = theta.detach().requires_grad_()
        weights = shaped_weights(moving, self.wired.trainable())
        layers = layer_activations(self.wired, self.points, weights)
        loss = self._lost(last_nodes(self.wired, layers))
        reg = penalty(self.rules, self.wired, layers, weights)
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
        return _one_number(self.loss(self.wired.scaling(nodes), self.labels))

    def _away(self, nodes: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        assert self.goals is not None
        return (nodes - self.goals) * self._factor()

    def _factor(self) -> Float[Tensor, " m"]:
        return self.wired.scaling.factor / self.unit


class LossAndGradient(NamedTuple):
    """The loss, the penalty without its strength, and the gradient of what is made small."""

    loss: float
    reg: float
    gradient: Float[Tensor, " p"]


def fit_loss(
    wired: MaskedKAN,
    points: Float[Tensor, "n d"],
    labels: Shaped[Tensor, "n ..."],
    loss: Loss,
    rules: Penalty,
    unit: float = 1.0,
) -> FitLoss:
    """The task on these rows, with the grid that the network has now."""
    goals = wired.scaling.nodes(labels) if loss is mean_square else None
    return FitLoss(wired, points, labels, goals, loss, rules, unit, precompute_layer(wired, points))


def last_nodes(wired: MaskedKAN, layers: Sequence[LayerActivations]) -> Float[Tensor, "n m"]:
    """What the last layer in detail leads to, before it is scaled."""
    sums = layers[-1].sums
    return product_nodes(Jet(((0,),), sums.unsqueeze(0)), wired.widths()[-1]).values[0]


def _one_number(loss: object) -> Tensor:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"shape {list(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ModelError(f"fit: loss_fn: got {got}, needs a tensor of one number, as of .mean()")
    return loss
