"""A larger network that starts as the same function."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from pikan.bases.basis import Basis
from pikan.bases.change_of_basis import transfer
from pikan.bases.from_word import word
from pikan.bases.registry import ALL, family
from pikan.network.base import Network, place, to_unit_box
from pikan.network.initialization import random_low_rank
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.layer import Edges, Layer
from pikan.network.product import FullProduct, LowRank
from pikan.network.time_slabs import TimeSlabs
from pikan.network.trial import TrialNetwork

N = TypeVar("N", bound=Network)


def refine(
    network: N,
    *,
    degree: int | Sequence[int] | None = None,
    grid: int | Sequence[int | None] | None = None,
) -> N:
    """The same function on bases of a higher degree, or on grids of more cells.

    One number for all layers of a KAN or coordinates of a product, or one for each; a grid for all
    is one for all that have cells. None leaves the degree or the grid as it is. ValueError
    where a basis has no such thing or would shrink.
    """
    if isinstance(network, TimeSlabs):
        return _slab_by_slab(
            network, [refine(w, degree=degree, grid=grid) for w in network.slabs()]
        )
    if isinstance(network, TrialNetwork):
        return _with_field(network, refine(network.network, degree=degree, grid=grid))
    old = bases(network)
    celled = [family(word(basis), ALL).cells for basis in old]
    if any(celled) and isinstance(grid, int):
        grid = [grid if cells else None for cells in celled]
    degrees, grids = _numbers(degree, len(old)), _numbers(grid, len(old))
    return change_bases(
        network,
        [
            basis.refine(degree=higher, grid=finer)
            for basis, higher, finer in zip(old, degrees, grids, strict=True)
        ],
    )


def adapt(network: N, points: Float[Tensor, "n d"], *, inputs: bool = True) -> N:
    """The network with its grids where the points lead, as near to its function as they allow.

    Unless `inputs`, the coordinates keep their grids, and hidden layers alone follow. Layers of a
    KAN whose weights are frozen keep theirs.
    """
    if isinstance(network, TimeSlabs):
        owners = network.slab_indices(points)
        return _slab_by_slab(
            network,
            [
                adapt(w, points[owners == number], inputs=inputs)
                for number, w in enumerate(network.slabs())
            ],
        )
    if isinstance(network, TrialNetwork):
        entering = network.entering(points, place(points).indices).values[0]
        return _with_field(network, adapt(network.network, entering, inputs=inputs))
    old = bases(network)
    kept = 0 if inputs else 1 if isinstance(network, KANNetwork) else len(old)
    with torch.no_grad():
        samples = _samples(network, points)
        moved = [basis.adapt(some) for basis, some in zip(old, samples, strict=True)]
        new = [*old[:kept], *moved[kept:]]
        if isinstance(network, KANNetwork):
            trained = [layer.weight.requires_grad for layer in network.layers()]
            parts = zip(old, new, trained, strict=True)
            new = [after if trains else before for before, after, trains in parts]
        return change_bases(network, new)


def raise_rank(network: LowRank, rank: int, generator: Generator) -> LowRank:
    """The same function with room for more products: smooth random ones, weighing nothing yet."""
    wider = LowRank(
        network.axes(),
        rank,
        network.coefficients.shape[1],
        (network.center - network.scale).tolist(),
        (network.center + network.scale).tolist(),
    ).to(network.center)
    wider = random_low_rank(wider, generator, level=0.0)
    with torch.no_grad():
        for new, old in zip(wider.weights, network.weights, strict=True):
            new[:, : old.shape[1]] = old
        wider.coefficients[: len(network.coefficients)] = network.coefficients
    return wider


def bases(network: Network) -> tuple[Basis, ...]:
    """The basis of each layer of a KAN or each coordinate of a product; none for other kinds."""
    if isinstance(network, KANNetwork):
        return tuple(layer.edges.basis for layer in network.layers())
    if isinstance(network, FullProduct | LowRank):
        return network.axes()
    return ()


def change_bases(network: N, replacements: Sequence[Basis]) -> N:
    """The network on other bases; the same function where they hold the functions of its own."""
    maps = [transfer(old, new) for old, new in zip(bases(network), replacements, strict=True)]
    if isinstance(network, KANNetwork):
        parts = zip(network.layers(), replacements, maps, strict=True)
        layers = list[Layer]()
        for layer, basis, matrix in parts:
            # What is as it was would still go through least squares.
            if basis is layer.edges.basis:
                layers.append(layer)
                continue
            # Weights of the base function stay.
            nodes, _, size = matrix.shape
            by_node = layer.weight.unflatten(0, (nodes, -1))
            changed = torch.cat([matrix @ by_node[:, :size], by_node[:, size:]], dim=1)
            edges = Edges(basis, layer.edges.base)
            layers.append(layer.replace(edges=edges, weight=changed.flatten(0, 1)))
        return with_layers(network, layers)
    changed = deepcopy(network)
    with torch.no_grad():
        if isinstance(changed, LowRank):
            changed.bases = nn.ModuleList(replacements)
            changed.weights = nn.ParameterList(
                matrix[0] @ weight for matrix, weight in zip(maps, changed.weights, strict=True)
            )
        elif isinstance(changed, FullProduct):
            changed.bases = nn.ModuleList(replacements)
            # One coordinate after the other.
            unknowns = changed.coefficients.shape[1]
            block = changed.coefficients.reshape(*(matrix.shape[2] for matrix in maps), unknowns)
            for axis, matrix in enumerate(maps):
                block = torch.tensordot(matrix[0], block.movedim(axis, 0), dims=1).movedim(0, axis)
            changed.coefficients = nn.Parameter(block.reshape(-1, unknowns))
    return changed


Map = Float[Tensor, "_ _ _"]
"""From coefficients in an old basis to those in a new one, for each node [in new old]."""


def _samples(network: Network, points: Float[Tensor, "n d"]) -> list[Float[Tensor, "n _"]]:
    """What enters each of `bases` when the network is called at the points."""
    inputs = place(points)
    if isinstance(network, KANNetwork):
        return [jet.values[0] for jet in network.nodes(inputs)]
    scaled = to_unit_box(inputs, network.center, network.scale).values[0]
    return list(scaled.split(1, dim=-1))[: len(bases(network))]


def _slab_by_slab(windows: TimeSlabs, networks: Sequence[Network]) -> TimeSlabs:
    changed = deepcopy(windows)
    changed.networks = nn.ModuleList(networks)
    return changed


def _with_field(trial: N, network: Network) -> N:
    """A trial solution with another network in it."""
    changed = deepcopy(trial)
    changed.add_module("network", network)
    return changed


def _numbers(wanted: int | Sequence[int | None] | None, count: int) -> Sequence[int | None]:
    """One number for each basis, the same for all where only one was given."""
    return [wanted] * count if wanted is None or isinstance(wanted, int) else wanted
