"""Rows of r as a function of all parameters, and their Jacobian."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import grad, vmap

from pikan.collocation.calls import Call, begun, called, calls_for
from pikan.jet import MultiIndex, by_index
from pikan.network.base import Network
from pikan.network.kan import KAN
from pikan.network.parameters import unflat
from pikan.network.traces import by_weights, traces
from pikan.residuals import Partials, Sheet

Answers = Sequence[Mapping[MultiIndex, Float[Tensor, "_ m"]]]


class Rows(NamedTuple):
    """Some rows of r as a function of θ, and their Jacobian."""

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]


def rows_of(network: Network, sheets: Sequence[Sheet], factors: Sequence[float]) -> Rows:
    """The rows of sheets; what follows from the points alone is made once, here."""
    with torch.no_grad():
        calls = calls_for(sheets, network)

    def one_sheet(theta: Float[Tensor, " p"], sheet: Sheet) -> Float[Tensor, " n"]:
        values = unflat(network, theta)
        return sheet.residual(
            tuple(
                called(network, values, begun(network, points, sheet.wanted(place)))
                for place, points in enumerate(sheet.places)
            )
        )

    def assembled(found: Answers) -> Float[Tensor, " r"]:
        fields: list[list[Partials]] = [[{}] * len(sheet.places) for sheet in sheets]
        for call, answer in zip(calls, found, strict=True):
            for (sheet, place), rows in zip(call.places, call.rows, strict=True):
                fields[sheet][place] = {index: made[rows] for index, made in answer.items()}
        return torch.cat(
            [
                factor * sheet.residual(tuple(given))
                for sheet, given, factor in zip(sheets, fields, factors, strict=True)
            ]
        )

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        values = unflat(network, theta)
        return assembled([called(network, values, call.begun) for call in calls])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        theta = theta.detach()
        if isinstance(network, KAN):
            return _layer_by_layer(network, theta, calls, sheets, assembled)
        return torch.cat(
            [
                factor * _row_by_row(one_sheet, theta, sheet)
                for sheet, factor in zip(sheets, factors, strict=True)
            ]
        )

    return Rows(residual, jacobian)


def _layer_by_layer(
    network: KAN,
    theta: Float[Tensor, " p"],
    calls: Sequence[Call],
    sheets: Sequence[Sheet],
    assembled: Callable[[Answers], Float[Tensor, " r"]],
) -> Float[Tensor, "r p"]:
    """The Jacobian of all sheets by one backward pass, since rows depend on few points each.

    The gradient of the sum of all rows with respect to a layer's sums at a point holds what each
    row changes with them; a product with the layer's functions there makes it that row's
    derivative with respect to the weights. See `scripts/jacobian_cost.py` for what this spares.
    """
    weights = tuple(unflat(network, theta).values())
    with torch.enable_grad():
        traced = [traces(network, weights, call.begun) for call in calls]
        total = assembled([by_index(found[-1].sums) for found in traced]).sum()
        sums = [trace.sums.values for found in traced for trace in found]
        gradients = iter(torch.autograd.grad(total, sums, materialize_grads=True))
    ends = list(accumulate((len(sheet.places[0]) for sheet in sheets), initial=0))
    jacobian = theta.new_zeros(ends[-1], len(theta))
    for call, found in zip(calls, traced, strict=True):
        layers = [by_weights(trace.functions.values, next(gradients)) for trace in found]
        block = torch.cat(layers, dim=1)
        for (sheet, _), rows in zip(call.places, call.rows, strict=True):
            jacobian[ends[sheet] : ends[sheet + 1]] += block[rows]
    return jacobian


def _row_by_row(
    one_sheet: Callable[[Float[Tensor, " p"], Sheet], Float[Tensor, " n"]],
    theta: Float[Tensor, " p"],
    sheet: Sheet,
) -> Float[Tensor, "n p"]:
    """The Jacobian of a sheet, whose rows depend on one point each: one gradient per row."""
    columns = {name: value for name, value in sheet.known.items() if isinstance(value, Tensor)}

    def row(
        theta: Float[Tensor, " p"],
        places: tuple[Float[Tensor, " d"], ...],
        known: Mapping[str, Float[Tensor, ""]],
    ) -> Float[Tensor, ""]:
        alone = replace(
            sheet,
            places=tuple(point[None] for point in places),
            known={**sheet.known, **{name: value[None] for name, value in known.items()}},
        )
        return one_sheet(theta, alone).squeeze(0)

    return vmap(grad(row), in_dims=(None, 0, 0))(theta, sheet.places, columns)
