"""What a fit makes small: the loss on some of the data, and the penalty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pikan.jet import Jet
from pikan.model.build import shaped_weights
from pikan.model.error import ModelError
from pikan.model.penalty import Penalty, penalty
from pikan.model.slopes import Start, crossed, gradient, start
from pikan.network.kan import multiplied
from pikan.network.wired import Passage, Wired, passages

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From predictions and labels to one number."""


def mean_square(values: Tensor, labels: Tensor) -> Tensor:
    """The mean of squared differences."""
    return (values - labels).square().mean()


@final
@dataclass(frozen=True)
class Task:
    """A network to be fitted to some rows of the data."""

    wired: Wired
    points: Float[Tensor, "n d"]
    labels: Shaped[Tensor, "n ..."]
    loss: Loss
    rules: Penalty
    start: Start

    def loss_at(self, theta: Float[Tensor, " p"]) -> float:
        """The loss alone under these weights."""
        way = crossed(self.start, shaped_weights(theta, self.wired.trained()))
        return float(self._lost(way.values))

    def weigh(self, theta: Float[Tensor, " p"]) -> "Weighed":
        """The loss and the penalty under these weights, and the gradient of both together."""
        like = self.wired.trained()
        if self.rules.strength:
            return self._with_penalty(theta, like)
        way = crossed(self.start, shaped_weights(theta, like))
        loss, toward = self._toward(way.values)
        return Weighed(float(loss), 0.0, gradient(way, toward))

    def _with_penalty(
        self, theta: Float[Tensor, " p"], like: Sequence[Float[Tensor, "_ _"]]
    ) -> "Weighed":
        moving = theta.detach().requires_grad_()
        weights = shaped_weights(moving, like)
        layers = passages(self.wired, self.points, weights)
        loss = self._lost(values_of(self.wired, layers))
        reg = penalty(self.rules, self.wired, layers, weights)
        slope = torch.autograd.grad(loss + self.rules.strength * reg, moving)[0]
        return Weighed(float(loss.detach()), float(reg.detach()), slope)

    def _toward(self, values: Float[Tensor, "n m"]) -> tuple[Tensor, Float[Tensor, "n m"]]:
        """The loss, and its gradient with respect to the values."""
        if self.loss is mean_square:
            # For that autograd takes several times as long.
            away = values - self.labels
            return away.square().mean(), away * (2 / away.numel())
        moving = values.requires_grad_()
        loss = self._lost(moving)
        return loss.detach(), torch.autograd.grad(loss, moving)[0]

    def _lost(self, values: Float[Tensor, "n m"]) -> Tensor:
        return _one_number(self.loss(values, self.labels))


class Weighed(NamedTuple):
    """The loss, the penalty without its strength, and the gradient of what is made small."""

    loss: float
    reg: float
    gradient: Float[Tensor, " p"]


def task(
    wired: Wired,
    points: Float[Tensor, "n d"],
    labels: Shaped[Tensor, "n ..."],
    loss: Loss,
    rules: Penalty,
) -> Task:
    """The task on these rows, with the grid that the network has now."""
    return Task(wired, points, labels, loss, rules, start(wired, points))


def values_of(wired: Wired, layers: Sequence[Passage]) -> Float[Tensor, "n m"]:
    """What comes out, from the last layer in detail."""
    sums = layers[-1].sums
    return multiplied(Jet(((0,),), sums.unsqueeze(0)), wired.widths()[-1]).values[0]


def _one_number(loss: object) -> Tensor:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"shape {list(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ModelError(f"fit: loss_fn: got {got}, needs a tensor of one number, as of .mean()")
    return loss
