"""A start that suits data, and grids that follow them."""

from copy import deepcopy

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.jets.jet import Jet
from pikan.network.base import place, to_unit_box
from pikan.network.kan import Width, product_nodes
from pikan.network.layer import Edges
from pikan.network.masked_kan import MaskedKAN, Scaling, layer_activations, weights_of
from pikan.network.refine import change_bases

# A sum that varies less than this stays as it is: it has nothing to be scaled by.
_STILL = 1e-6


def standardize(
    wired: MaskedKAN,
    points: Float[Tensor, "n d"],
    *,
    hidden: float = 0.4,
    last: float = 1.0,
    inputs: bool = True,
) -> MaskedKAN:
    """A network whose sums have mean zero and a known spread, `hidden` or `last`, at the points.

    Layer by layer, from the weights that it has: a start that depends on data, but not on their
    range nor on the network's width. Hidden values that spread by 0.4 fill the grid [-1, 1] of a
    new layer; the first grid follows the points if `inputs`. Product nodes spread as sums do, but
    about any mean. Layers whose weights are frozen stay as they are.

    Source: Mishkin and Matas 2016, arXiv 1511.06422, for convolutions.
    """
    made = deepcopy(wired)
    kan, widths = made.kan, made.widths()
    with torch.no_grad():
        nodes = to_unit_box(place(points[:, made.inputs]), kan.center, kan.scale)
        layers = zip(kan.edges(), made.weights(), made.learned_masks(), widths[1:], strict=True)
        for layer, (edges, weight, learned, width) in enumerate(layers):
            if weight.requires_grad:
                if inputs and not layer:
                    edges.basis.knots.copy_(edges.basis.adapt(nodes.values[0]).knots)
                functions = edges.derivatives(nodes.values[0], 0)[0]
                by_node = _standardize(edges, functions, weight, learned, width)
                weight.copy_(by_node * (last if layer == len(widths) - 2 else hidden))
            nodes = made.nodes_from(made.sums_from(nodes, layer), layer)
    return made


def adapt_grids(wired: MaskedKAN, points: Float[Tensor, "n d"]) -> None:
    """Move the grids to where the points lead, the function as near to itself as they allow.

    Layers whose weights are frozen keep their grids.
    """
    with torch.no_grad():
        layers = layer_activations(wired, points, wired.trainable())
        parts = zip(wired.kan.edges(), wired.weights(), layers, strict=True)
        bases = [
            edges.basis.adapt(layer.nodes) if weight.requires_grad else edges.basis
            for edges, weight, layer in parts
        ]
        moved = change_bases(wired.kan, bases)
        for weight, new in zip(wired.weights(), weights_of(moved), strict=True):
            # What is as it was has still gone through least squares.
            new.copy_(new if weight.requires_grad else weight)
        wired.kan.load_state_dict(moved.state_dict())


def scaling_of(labels: Float[Tensor, "n m"]) -> Scaling:
    """What turns nodes of mean zero and spread one into values like these labels."""
    known = labels.double()
    largest = known.abs().amax(dim=0)
    size = torch.where(largest > 0, largest, 1)
    mean, spread = (known / size).mean(dim=0) * size, (known / size).std(dim=0, correction=0) * size
    # Labels that are all equal differ by rounding alone.
    still = spread <= torch.finfo(labels.dtype).eps * largest
    return Scaling(torch.where(still, 1, spread).to(labels), mean.to(labels))


def _standardize(
    edges: Edges,
    functions: Float[Tensor, " n in b"],
    weight: Float[Tensor, "_ out"],
    learned: Bool[Tensor, "in out"],
    width: Width,
) -> Float[Tensor, "_ out"]:
    """The weights with which these functions make nodes of mean zero and spread one."""
    by_node = weight.unflatten(0, (edges.nodes, -1)) * learned.unsqueeze(1)
    sums = functions.flatten(1) @ by_node.flatten(0, 1)
    share = learned.to(weight) / learned.sum(dim=0).clamp_min(1)
    constants = edges.coefficients(torch.ones_like).unsqueeze(2) * (
        share * sums.mean(dim=0)
    ).unsqueeze(1)
    by_node = (by_node - constants) / _spread(sums)
    if not isinstance(width, int):
        sums = functions.flatten(1) @ by_node.flatten(0, 1)
        nodes = product_nodes(Jet(((0,),), sums.unsqueeze(0)), width).values[0]
        roots = _spread(nodes[:, width[0] :]).sqrt().repeat_interleave(2)
        by_node[:, :, width[0] :] /= roots
    return by_node.flatten(0, 1)


def _spread(values: Float[Tensor, "n _"]) -> Float[Tensor, " _"]:
    """The standard deviation of each column, one where there is almost none."""
    spread = values.std(dim=0, correction=0)
    return torch.where(spread > _STILL, spread, 1)
