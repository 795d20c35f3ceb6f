"""Data-dependent initialization, and what turns its values into values like the labels."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from pikan.bases.basis import Basis
from pikan.jets.jet import Jet
from pikan.network.activation import Activation
from pikan.network.base import place
from pikan.network.initialization import noise
from pikan.network.kan import KANNetwork, Scaling, product_nodes
from pikan.network.layer import Layer
from pikan.network.width import Width, node_count

# Points on which a new model is laid, and how far they are spread, in parts of the first grid: for
# data that fill it and for standardized ones, which are sqrt(3) times as far apart.
_POINTS, _SPREAD = 500, 1.3

# Polynomials in a smooth start.
_ORDERS = 5

# A sum that varies less than this stays as it is: it has nothing to be scaled by.
_STILL = 1e-6


def fresh_kan(
    widths: Sequence[Width],
    bases: Sequence[Basis],
    base: Activation | None,
    seed: int,
    device: torch.device,
) -> KANNetwork:
    """A network in float64 with the random start of `seed`, for data of which nothing is known."""
    size = node_count(widths[0])
    # The grid is the network's own matter: coordinates enter it as they are.
    kan = KANNetwork(widths, bases, [-1.0] * size, [1.0] * size, base=base)
    generator = torch.Generator().manual_seed(seed)
    kan, ones = noise(kan, generator), kan.center.new_ones(node_count(widths[-1]))
    kan.scaling = Scaling(ones, ones - 1)
    kan = kan.to(device)
    knots = kan.layers()[0].edges.basis.knots
    lower, upper = knots[:, 0], knots[:, -1]
    shares = torch.rand(_POINTS, size, generator=generator, dtype=knots.dtype).to(device)
    middle, length = (lower + upper) / 2, _SPREAD * (upper - lower)
    return standardize(kan, middle + (shares - 0.5) * length, inputs=False)


def decaying_start(
    network: KANNetwork, points: Float[Tensor, "n d"], generator: Generator
) -> KANNetwork:
    """Random smooth functions on all edges, rescaled on points: sum of N(0, 1/k²) T_k.

    They are the same for every basis, as near as it comes to such polynomials. Hidden sums spread
    by one about means that spread by a half, the last ones by a tenth.
    """
    started = deepcopy(network)
    with torch.no_grad():
        for layer in started.layers():
            edges = layer.edges
            by_node = torch.zeros_like(layer.weight).unflatten(0, (edges.nodes, -1))
            for order in range(1, min(_ORDERS, edges.basis.size - 1) + 1):
                polynomial = edges.coefficients(
                    lambda x, order=order: torch.cos(order * torch.arccos(x.clamp(-1, 1)))
                )
                shape = edges.nodes, layer.weight.shape[1]
                drawn = torch.randn(shape, generator=generator, dtype=polynomial.dtype) / order
                by_node += polynomial.unsqueeze(2) * drawn.to(by_node).unsqueeze(1)
            layer.weight.copy_(by_node.flatten(0, 1))
    return standardize(started, points, hidden=1.0, last=0.1, inputs=False, shift=generator)


def standardize(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    *,
    hidden: float = 0.4,
    last: float = 1.0,
    inputs: bool = True,
    shift: Generator | None = None,
) -> KANNetwork:
    """A network whose sums have mean zero and a known spread, `hidden` or `last`, at the points.

    Layer by layer, from the weights that it has: a start that depends on data, but not on their
    range nor on the network's width. Hidden values that spread by 0.4 fill the grid [-1, 1] of a
    new layer; the first grid follows the points if `inputs`. Product nodes spread as sums do, but
    about any mean. Layers whose weights are frozen stay as they are. With a generator hidden sums
    are then shifted, each by a number N(0, (hidden/2)²) of its own, so that they bend elsewhere.

    Source: Mishkin and Matas 2016, arXiv 1511.06422, for convolutions.
    """
    made = deepcopy(network)
    with torch.no_grad():
        nodes = made.entering(place(points))
        for number, layer in enumerate(made.layers()):
            if layer.weight.requires_grad:
                if inputs and not number:
                    basis = layer.edges.basis
                    basis.knots.copy_(basis.adapt(nodes.values[0]).knots)
                by_node = _standardize(layer, nodes.values[0], made.widths[number + 1])
                spread = last if number == len(made.widths) - 2 else hidden
                layer.weight.copy_(by_node * spread)
                if shift is not None and number < len(made.widths) - 2:
                    drawn = torch.randn(by_node.shape[1], generator=shift, dtype=by_node.dtype)
                    layer.weight.add_(
                        _constants(layer, 0.5 * hidden * drawn.to(by_node)).flatten(0, 1)
                    )
            nodes = made.next_nodes(layer(nodes), number)
    return made


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
    layer: Layer, nodes: Float[Tensor, "n in"], width: Width
) -> Float[Tensor, "_ out"]:
    """The weights with which a layer makes nodes of mean zero and spread one."""
    edges = layer.edges
    functions = edges.derivatives(nodes, 0)[0].flatten(1)
    by_node = layer.learned_weight().unflatten(0, (edges.nodes, -1))
    sums = functions @ by_node.flatten(0, 1)
    by_node = by_node - _constants(layer, sums.mean(dim=0))
    by_node = by_node / _spread(sums)
    if not isinstance(width, int):
        sums = functions @ by_node.flatten(0, 1)
        nodes = product_nodes(Jet(((0,),), sums.unsqueeze(0)), width).values[0]
        roots = _spread(nodes[:, width[0] :]).sqrt().repeat_interleave(2)
        by_node[:, :, width[0] :] /= roots
    return by_node.flatten(0, 1)


def _constants(layer: Layer, values: Float[Tensor, " out"]) -> Float[Tensor, "in b out"]:
    """The weights that add a constant to each sum of a layer, in equal parts on its edges."""
    learned = layer.learned_mask()
    share = learned.to(values) / learned.sum(dim=0).clamp_min(1)
    return layer.edges.coefficients(torch.ones_like).unsqueeze(2) * (share * values).unsqueeze(1)


def _spread(values: Float[Tensor, "n _"]) -> Float[Tensor, " _"]:
    """The standard deviation of each column, one where there is almost none."""
    spread = values.std(dim=0, correction=0)
    return torch.where(spread > _STILL, spread, 1)
