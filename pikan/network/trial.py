"""A network inside a trial solution: conditions hold by construction, whatever its parameters."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import pi
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.bases.compose import apply
from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import ZERO, Expression
from pikan.jets.jet import (
    Jet,
    MultiIndex,
    below,
    binomial,
    by_index,
    closure,
    coordinates,
    minus,
)
from pikan.network.base import Network, place, to_unit_box
from pikan.network.kan import FirstFunctions, KANNetwork


class TrialFunctions(NamedTuple):
    """Formulas of a trial solution: for each unknown its lift, and what multiplies which partial.

    `coordinates` are the names in them, `periodic` the axes along which the field repeats.
    """

    coordinates: tuple[str, ...]
    lifts: tuple[Expression, ...]
    factors: tuple[Mapping[MultiIndex, Expression], ...]
    periodic: tuple[int, ...]


class TrialInputs(NamedTuple):
    """What is known of a trial solution at points: on the way in, and what multiplies which output.

    `weights` has for a wanted partial of u and a partial of the field the columns that multiply it.
    """

    inner: Jet | FirstFunctions
    lift: Float[Tensor, "a n m"]
    weights: Mapping[tuple[MultiIndex, MultiIndex], Float[Tensor, "n m"]]
    indices: tuple[MultiIndex, ...]


@final
class TrialNetwork(Network):
    """u = g + sum of D_α ∂^α N, with a network N and fixed functions g and D_α of coordinates.

    Along a periodic axis N takes the cosine and the sine of one turn, behind the other coordinates,
    all of which are scaled to [-1, 1]; where no axis is periodic N takes the coordinates
    themselves.

    Source: Lagaris, Likas, Fotiadis 1998, doi 10.1109/72.712178; Dong and Ni 2021, doi
    10.1016/j.jcp.2021.110242 (periodic axes).
    """

    def __init__(
        self,
        network: Network,
        functions: TrialFunctions,
        lower: Sequence[float],
        upper: Sequence[float],
    ) -> None:
        super().__init__(lower, upper)
        self.network = network
        self.functions = functions

    def jet(self, inputs: Jet) -> Jet:
        """The lift, and the partials of the network times their factors."""
        return self.after(self.first(inputs))

    def first(self, inputs: Jet) -> TrialInputs:
        """What no parameter has any influence on."""
        points, indices = inputs.values[0], inputs.indices
        flat = (0,) * len(self.functions.coordinates)
        raised = {orders for one in self.functions.factors for orders in one} | {flat}
        wider = closure({_plus(index, orders) for index in indices for orders in raised})
        entering = self.entering(points, wider)
        network = self.network
        inner = network.first(entering) if isinstance(network, KANNetwork) else entering
        lifts = [self._columns(one, points, indices) for one in self.functions.lifts]
        lift = torch.stack([torch.stack([one[i] for i in indices]) for one in lifts], dim=-1)
        none = torch.zeros_like(points[:, 0])
        weights = dict[tuple[MultiIndex, MultiIndex], list[Tensor]]()
        for unknown, factors in enumerate(self.functions.factors):
            for orders, factor in factors.items():
                columns = self._columns(factor, points, indices)
                for index in indices:
                    for part in (one for one in indices if below(one, index)):
                        key = index, _plus(minus(index, part), orders)
                        weight = weights.setdefault(key, [none] * len(lifts))
                        weight[unknown] = weight[unknown] + binomial(index, part) * columns[part]
        together = {key: torch.stack(weight, dim=-1) for key, weight in weights.items()}
        return TrialInputs(inner, lift, together, indices)

    def after(self, begun: TrialInputs) -> Jet:
        """The unknowns from what `first` has found."""
        inner = begun.inner
        if isinstance(inner, FirstFunctions):
            assert isinstance(self.network, KANNetwork)
            return self.around(begun, self.network.after(inner))
        return self.around(begun, self.network.jet(inner))

    def around(self, begun: TrialInputs, field: Jet) -> Jet:
        """The unknowns from the partials of the network."""
        known = by_index(field)
        rows = dict(zip(begun.indices, begun.lift.unbind(), strict=True))
        for (index, part), weight in begun.weights.items():
            rows[index] = rows[index] + weight * known[part]
        return Jet(begun.indices, torch.stack([row.mT for row in rows.values()]).mT)

    def entering(self, points: Float[Tensor, "n d"], indices: tuple[MultiIndex, ...]) -> Jet:
        """What the network takes at points."""
        inputs = coordinates(points, indices)
        if not self.functions.periodic:
            return inputs
        scaled = to_unit_box(inputs, self.center, self.scale)
        axes, periodic = range(points.shape[1]), list(self.functions.periodic)
        others = [axis for axis in axes if axis not in periodic]
        turning = Jet(indices, scaled.values[..., periodic])
        parts = [scaled.values[..., others], apply(partial(_turn, torch.cos), turning).values]
        return Jet(
            indices, torch.cat([*parts, apply(partial(_turn, torch.sin), turning).values], dim=-1)
        )

    def out_of_grid(self, points: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Where the network is asked for a value beyond some grid."""
        return self.network.out_of_grid(self.entering(points, place(points).indices).values[0])

    def _columns(
        self, formula: Expression, points: Float[Tensor, "n d"], indices: tuple[MultiIndex, ...]
    ) -> dict[MultiIndex, Float[Tensor, " n"]]:
        """A formula and its partial derivatives at points."""
        values = dict(zip(self.functions.coordinates, points.unbind(1), strict=True))
        derived = {indices[0]: formula}
        for index in indices[1:]:
            axis = next(axis for axis, order in enumerate(index) if order)
            lower = tuple(order - (other == axis) for other, order in enumerate(index))
            derived[index] = differentiate(derived[lower], self.functions.coordinates[axis])
        like = points[:, 0]
        return {
            index: torch.zeros_like(like)
            if one == ZERO
            else torch.as_tensor(
                evaluate(one, values, torch), dtype=like.dtype, device=like.device
            ).expand(len(like))
            for index, one in derived.items()
        }


def _turn(
    wave: Callable[[Tensor], Tensor], x: Float[Tensor, "*n"], order: int
) -> Float[Tensor, " k *n"]:
    """cos(π x) or sin(π x) and its derivatives: each a quarter of a turn further."""
    return torch.stack([pi**k * wave(pi * x + k * pi / 2) for k in range(order + 1)])


def _plus(index: MultiIndex, orders: MultiIndex) -> MultiIndex:
    return tuple(one + other for one, other in zip(index, orders, strict=True))
