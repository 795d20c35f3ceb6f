"""Functions and sums of each layer of a KAN, for derivatives with respect to its weights."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.jet import Jet
from pikan.network.base import weighted_sum
from pikan.network.kan import KANNetwork


class LayerFunctions(NamedTuple):
    """The functions on a layer's edges, and the sums of them that its weights make."""

    functions: Jet
    sums: Jet


def layer_functions(
    network: KANNetwork, weights: Sequence[Float[Tensor, "_ _"]], first: Jet
) -> list[LayerFunctions]:
    """The layers one after the other, with these weights in place of their own.

    `first` is `network.first` of the coordinates. The sums take part in autograd, each hanging on
    those before it; the last ones are the unknowns.
    """
    found: list[LayerFunctions] = []
    nodes = first
    for edges, weight, width in zip(network.edges(), weights, network.widths[1:], strict=True):
        if found:
            with torch.no_grad():
                functions = edges(nodes)
            sums = edges.weighted_sum(nodes, weight.detach())
        else:
            functions, sums = first, weighted_sum(first, weight.detach())
            sums.values.requires_grad_()
        found.append(LayerFunctions(functions, sums))
        nodes = network.hidden_nodes(sums, width)
    return found


def by_weights(
    functions: Float[Tensor, "a n q"], gradient: Float[Tensor, "a n out"]
) -> Float[Tensor, "n p"]:
    """The derivative of each point's row with respect to the weights, laid out as they are.

    What the row changes with a sum, times the functions that are summed: an outer product for
    every partial derivative, the backward pass that ends at weights left undone over the points.

    >>> by_weights(torch.tensor([[[2.0, 3.0]]]), torch.tensor([[[1.0, 10.0]]]))
    tensor([[ 2., 20.,  3., 30.]])
    """
    return torch.bmm(functions.permute(1, 2, 0), gradient.transpose(0, 1)).flatten(1)
