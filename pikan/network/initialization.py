"""Initialization: the weights of networks before training, drawn from a generator."""

from copy import deepcopy
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from pikan.network.base import Network
from pikan.network.kan import KANNetwork
from pikan.network.layer import Edges
from pikan.network.mlp import MLP
from pikan.network.product import LowRank
from pikan.network.time_slabs import TimeSlabs

N = TypeVar("N", bound=Network)


def random_start(network: N, generator: Generator) -> N:
    """The network with the random start of its kind.

    A full product, linear in all its parameters, stays as it is.
    """
    started = deepcopy(network)
    for part in started.slabs() if isinstance(started, TimeSlabs) else (started,):
        if isinstance(part, KANNetwork):
            part.load_state_dict(glorot(part, generator).state_dict())
        elif isinstance(part, MLP):
            part.load_state_dict(glorot_tanh(part, generator).state_dict())
        elif isinstance(part, LowRank):
            part.load_state_dict(random_low_rank(part, generator).state_dict())
    return started


def glorot(network: KANNetwork, generator: Generator) -> KANNetwork:
    """Weights of a size that lets values and gradients neither grow nor fade with depth.

    Function j of an edge weighs N(0, s_j²), s_j² = 2 g² / (K (in E[B_j²] + out E[B_j'²])), for K
    functions on an edge, x uniform on [-1, 1] and g² = 1/3, the variance of x. Here every
    function has a mean of its own, so that the weights of polynomials fall with their degree.

    Source: Rigas, Verma, Alexandridis and Wang 2025, arXiv 2509.03417, the Glorot-like scheme.
    """
    started = deepcopy(network)
    with torch.no_grad():
        for edges, weight in ((layer.edges, layer.weight) for layer in started.layers()):
            squares = _mean_squares(edges, weight)
            count = edges.nodes * squares[0] + weight.shape[1] * squares[1]
            spread = (2 / (3 * edges.size * count)).sqrt()
            weight.copy_(_normal(weight, generator) * spread.reshape(-1, 1))
    return started


def noise(network: KANNetwork, generator: Generator, level: float = 0.12) -> KANNetwork:
    """Base functions of Xavier's size, and weights of the basis of `level` times that.

    Source: Liu et al. 2024, arXiv 2404.19756, Section 2.2, "initialization scales", where the
    weights of the basis are as large in wide layers as in narrow ones.
    """
    started = deepcopy(network)
    with torch.no_grad():
        for edges, weight in ((layer.edges, layer.weight) for layer in started.layers()):
            xavier = (2 / (edges.nodes + weight.shape[1])) ** 0.5
            spread = torch.full_like(weight, level * xavier)
            spread.unflatten(0, (edges.nodes, -1))[:, edges.basis.size :] = xavier
            weight.copy_(_normal(weight, generator) * spread)
    return started


def glorot_tanh(network: MLP, generator: Generator) -> MLP:
    """Weights N(0, 2 / (in + out)) and no biases.

    Source: Glorot and Bengio 2010, Proceedings of AISTATS 9, 249-256, Eq. (12).
    """
    started = deepcopy(network)
    with torch.no_grad():
        for weight in (*started.weights, started.coefficients):
            before, after = weight.shape[0] - 1, weight.shape[1]
            weight.copy_(_normal(weight, generator) * (2 / (before + after)) ** 0.5)
            weight[-1] = 0
    return started


def random_low_rank(network: LowRank, generator: Generator, level: float = 0.1) -> LowRank:
    """Smooth random factors of mean square one on the box, in products that weigh N(0, level²).

    The weight of a function falls as its slope rises, which keeps factors of high degree smooth.
    """
    started = deepcopy(network)
    with torch.no_grad():
        for basis, weight in zip(started.axes(), started.weights, strict=True):
            edges = Edges(basis, None)
            values, slopes = _mean_squares(edges, weight).unbind()
            drawn = _normal(weight, generator) / (values + slopes).sqrt().mT
            factors = basis.derivatives(_line(edges, weight), 0)[0, :, 0] @ drawn
            weight.copy_(drawn / factors.square().mean(dim=0).sqrt())
        last = started.coefficients
        last.copy_(level * _normal(last, generator))
    return started


def _line(edges: Edges, like: Tensor) -> Float[Tensor, "n in"]:
    """Many equally spaced values from -1 to 1, the same for every node."""
    return torch.linspace(-1, 1, 513).to(like).unsqueeze(-1).expand(-1, edges.nodes)


def _mean_squares(edges: Edges, like: Tensor) -> Float[Tensor, " 2 in b"]:
    """E[B²] and E[B'²] of every function, for x uniform on [-1, 1]."""
    return edges.derivatives(_line(edges, like), 1).square().mean(dim=1)


def _normal(like: Tensor, generator: Generator) -> Tensor:
    """Independent draws from N(0, 1), drawn where the generator lives."""
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype, device=generator.device)
    return drawn.to(like.device)
