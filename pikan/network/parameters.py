"""The parameters of a network as one vector, the last layer at its end."""

from copy import deepcopy
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.network.base import FeatureNetwork, Network

N = TypeVar("N", bound=nn.Module)


def parameter_vector(network: nn.Module) -> Float[Tensor, " p"]:
    """All parameters that train in one vector: the network's order, the last layer at the end."""
    return torch.cat([each.detach().flatten() for _, each in _parameters_in_order(network)])


def digest(network: Network) -> str:
    """SHA-256 of all numbers that a network holds: its parameters, its grids and its box."""
    found = sha256()
    for name, tensor in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def parameter_slices(network: Network) -> dict[str, slice]:
    """Where each parameter is in the vector, by name."""
    named = _parameters_in_order(network)
    ends = accumulate((parameter.numel() for _, parameter in named), initial=0)
    places = (slice(start, stop) for start, stop in pairwise(ends))
    return {name: place for (name, _), place in zip(named, places, strict=True)}


def parameter_dict(network: nn.Module, theta: Float[Tensor, " p"]) -> dict[str, Tensor]:
    """The pieces of a vector by the parameters' names, for `torch.func.functional_call`."""
    named = _parameters_in_order(network)
    pieces = theta.split([parameter.numel() for _, parameter in named])
    return {
        name: piece.view(parameter.shape)
        for (name, parameter), piece in zip(named, pieces, strict=True)
    }


def last_layer(network: Network) -> slice:
    """Where the coefficients are, in which the network is linear."""
    ends = _last_weights(network)
    named = _parameters_in_order(network)
    total = sum(parameter.numel() for _, parameter in named)
    return slice(total - sum(each.numel() for _, each in named if id(each) in ends), total)


def with_parameters(network: N, theta: Float[Tensor, " p"]) -> N:
    """The network with the parameters of a vector in place of its own."""
    copied = deepcopy(network)
    set_parameters(copied, theta)
    return copied


def set_parameters(network: nn.Module, theta: Float[Tensor, " p"]) -> None:
    """Give a network that is trained in place the parameters of a vector."""
    named = _parameters_in_order(network)
    pieces = theta.split([parameter.numel() for _, parameter in named])
    with torch.no_grad():
        for (_, parameter), piece in zip(named, pieces, strict=True):
            parameter.copy_(piece.view(parameter.shape))


def _parameters_in_order(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    ends = _last_weights(network)
    named = [named for named in network.named_parameters() if named[1].requires_grad]
    return sorted(named, key=lambda named: id(named[1]) in ends)


def _last_weights(network: nn.Module) -> set[int]:
    """The last layers of all networks that this one is made of, by identity."""
    parts = network.modules()
    return {id(each.last_weight()) for each in parts if isinstance(each, FeatureNetwork)}
