"""The objective of a fit: a loss on some of the data, and a penalty on edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call

from pikan.jets.jet import Jet
from pikan.kan.arguments import ModelError
from pikan.kan.penalty import Penalty, penalty
from pikan.network.backpropagation import FixedPart, column_lengths, evaluate, fixed_part, gradient
from pikan.network.base import place
from pikan.network.kan import KANNetwork
from pikan.network.parameters import parameter_dict
from pikan.optimize.objective import Evaluation, Objective
from pikan.residuals.data_objective import DataMisfit, data_misfit

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From predictions and labels to one number."""

# The shortest length of a column, in parts of the longest; a penalty does not go by lengths.
_SHORTEST, _PENALIZED = 1e-3, 0.1


class FitQuality(NamedTuple):
    """The loss, and with the penalty."""

    loss: float
    total: float


@final
@dataclass(frozen=True)
class FitObjective(Objective):
    """The loss of a network on some rows of the data, and the strength of a penalty times that.

    The loss is the mean square of a `misfit`, or where that is None `loss` of values and labels.
    The rows are two numbers, those of loss and penalty.
    """

    network: KANNetwork
    points: Float[Tensor, "n d"]
    labels: Shaped[Tensor, "n ..."]
    loss: Loss
    rules: Penalty
    fixed: FixedPart
    misfit: DataMisfit | None

    def evaluate(self, theta: Float[Tensor, " p"]) -> Evaluation:
        """By hand; with a penalty by autograd through all layers."""
        if self.rules.strength:
            return self._evaluate_penalized(theta)
        way = evaluate(self.fixed, theta)
        loss, toward = self._toward(way.last.values[0])
        rows = torch.stack([loss, torch.zeros_like(loss)])
        return Evaluation(theta, rows, float(loss), gradient(way, toward.unsqueeze(0)))

    def column_lengths(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """The lengths of the columns of the values' Jacobian."""
        shortest = _PENALIZED if self.rules.strength else _SHORTEST
        return column_lengths(evaluate(self.fixed, theta), shortest)

    def value(self, rows: Float[Tensor, " r"]) -> float:
        """The sum of loss and penalty."""
        return float(rows.sum())

    def parts(self, rows: Float[Tensor, " r"]) -> Mapping[str, float]:
        """The loss, and the penalty with its strength."""
        return dict(zip(("loss", "penalty"), rows.tolist(), strict=True))

    def faults(self, rows: Float[Tensor, "r ..."]) -> str:
        """Which of both is not finite."""
        good = zip(("loss", "penalty"), rows.isfinite().tolist(), strict=True)
        return ", ".join(f"the {name}" for name, is_good in good if not is_good)

    def loss_at(self, theta: Float[Tensor, " p"]) -> float:
        """The loss alone."""
        return float(self._loss_of(evaluate(self.fixed, theta).last.values[0]))

    def quality(self, theta: Float[Tensor, " p"]) -> FitQuality:
        """The loss, alone and with the penalty."""
        if not self.rules.strength:
            loss = self.loss_at(theta)
            return FitQuality(loss, loss)
        found = self.evaluate(theta)
        return FitQuality(float(found.rows[0]), found.loss)

    def _evaluate_penalized(self, theta: Float[Tensor, " p"]) -> Evaluation:
        moving = theta.detach().requires_grad_()
        named = parameter_dict(self.network, moving)
        named = {f"network.{name}": value for name, value in named.items()}
        inputs = self.points, self.rules
        nodes, size = functional_call(_Penalized(self.network), named, inputs)
        rows = torch.stack([self._loss_of(nodes), self.rules.strength * size])
        slope = torch.autograd.grad(rows.sum(), moving)[0]
        return Evaluation(theta, rows.detach(), float(rows.detach().sum()), slope)

    def _toward(self, nodes: Float[Tensor, "n m"]) -> tuple[Tensor, Float[Tensor, "n m"]]:
        """The loss, and its gradient with respect to the last nodes."""
        if self.misfit is not None:
            # For that autograd takes several times as long.
            away = self.misfit.differences(nodes)
            return away.square().mean(), away * (2 / away.numel() * self.misfit.factor)
        moving = nodes.requires_grad_()
        loss = self._loss_of(moving)
        return loss.detach(), torch.autograd.grad(loss, moving)[0]

    def _loss_of(self, nodes: Float[Tensor, "n m"]) -> Tensor:
        if self.misfit is not None:
            return self.misfit.differences(nodes).square().mean()
        scaling = self.network.scaling
        return _one_number(self.loss(nodes if scaling is None else scaling(nodes), self.labels))


def _one_number(loss: object) -> Tensor:
    """What a caller's function gives, if that is a tensor of one number; ModelError if not."""
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        got = f"shape {list(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        needs = "needs a tensor of one number, as of .mean()"
        raise ModelError(f"fit: loss_fn: got {got}, {needs}")
    return loss.reshape(())


@final
class _Penalized(nn.Module):
    """The last nodes of a network and its penalty, under parameters that are passed in."""

    def __init__(self, network: KANNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, points: Float[Tensor, "n d"], rules: Penalty
    ) -> tuple[Float[Tensor, "n m"], Float[Tensor, ""]]:
        layers = self.network.activations(points)
        # What the last layer leads to, before it is scaled.
        sums = Jet(((0,),), layers[-1].sums.unsqueeze(0))
        nodes = self.network.next_nodes(sums, len(layers) - 1).values[0]
        return nodes, penalty(rules, self.network, layers)


def fit_objective(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Shaped[Tensor, "n ..."],
    loss: Loss | None,
    rules: Penalty,
    unit: float = 1.0,
) -> FitObjective:
    """The objective on these rows, with the grids that the network has now.

    A `loss` of None is the mean square of differences divided by `unit`.
    """
    if loss is None:
        misfit = data_misfit(network, points, labels, unit)
        return FitObjective(network, points, labels, _mean_square, rules, misfit.fixed, misfit)
    with torch.no_grad():
        fixed = fixed_part(network, network.first(place(points)))
    return FitObjective(network, points, labels, loss, rules, fixed, None)


def _mean_square(values: Tensor, labels: Tensor) -> Tensor:
    return (values - labels).square().mean()
