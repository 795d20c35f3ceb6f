"""Partial derivatives of any module by nested automatic differentiation, the slow reference."""

from collections.abc import Collection, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.jets.jet import MultiIndex


def partials(
    network: nn.Module, points: Float[Tensor, "n d"], wanted: Collection[MultiIndex]
) -> Mapping[MultiIndex, Float[Tensor, "n m"]]:
    """The partial derivatives wanted of all unknowns, each by its multi-index.

    The module maps points [n d] to unknowns [n m], each row by itself.
    """
    with torch.enable_grad():
        inputs = points.detach().requires_grad_()
        unknowns = network(inputs).unbind(dim=1)
        known = [{(0,) * points.shape[1]: unknown} for unknown in unknowns]
        return {
            index: torch.stack([_partial(lower, index, inputs) for lower in known], dim=1)
            for index in wanted
        }


def _partial(
    known: dict[MultiIndex, Float[Tensor, " n"]], index: MultiIndex, inputs: Float[Tensor, "n d"]
) -> Float[Tensor, " n"]:
    """One partial derivative of one unknown; it joins the known ones, as do those on the way."""
    if index not in known:
        axis = next(axis for axis, order in enumerate(index) if order)
        lower = (*index[:axis], index[axis] - 1, *index[axis + 1 :])
        values, slopes = _partial(known, lower, inputs), torch.zeros_like(inputs)
        # The gradient of each value by its own row; zero where nothing depends on it.
        if values.requires_grad:
            (slopes,) = torch.autograd.grad(
                values.sum(), inputs, create_graph=True, materialize_grads=True
            )
        for along, slope in enumerate(slopes.unbind(dim=1)):
            known[*lower[:along], lower[along] + 1, *lower[along + 1 :]] = slope
    return known[index]
