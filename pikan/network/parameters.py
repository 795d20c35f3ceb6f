"""The parameters of a network as one vector, the last layer at its end."""

from copy import deepcopy
from hashlib import sha256
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.network.base import Network

N = TypeVar("N", bound=Network)


def parameter_vector(network: Network) -> Float[Tensor, " p"]:
    """All parameters in one vector: the hidden ones in the network's order, then coefficients."""
    return torch.cat(
        [parameter.detach().flatten() for _, parameter in _parameters_in_order(network)]
    )


def digest(network: Network) -> str:
    """SHA-256 of all numbers that a network holds: its parameters, its grids and its box."""
    found = sha256()
    for name, tensor in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def parameter_dict(network: Network, theta: Float[Tensor, " p"]) -> dict[str, Tensor]:
    """The pieces of a vector by the parameters' names, for `torch.func.functional_call`."""
    named = _parameters_in_order(network)
    pieces = theta.split([parameter.numel() for _, parameter in named])
    return {
        name: piece.view(parameter.shape)
        for (name, parameter), piece in zip(named, pieces, strict=True)
    }


def last_layer(network: Network) -> slice:
    """Where the coefficients are, in which the network is linear."""
    named = _parameters_in_order(network)
    total = sum(parameter.numel() for _, parameter in named)
    last = sum(parameter.numel() for name, parameter in named if _linear(name))
    return slice(total - last, total)


def with_parameters(network: N, theta: Float[Tensor, " p"]) -> N:
    """The network with the parameters of a vector in place of its own."""
    copied = deepcopy(network)
    pieces = parameter_dict(network, theta)
    with torch.no_grad():
        for name, parameter in copied.named_parameters():
            parameter.copy_(pieces[name])
    return copied


def _parameters_in_order(network: Network) -> list[tuple[str, nn.Parameter]]:
    return sorted(network.named_parameters(), key=lambda named: _linear(named[0]))


def _linear(name: str) -> bool:
    """Whether a parameter is a feature network's last layer, by the name it has there."""
    return name.rpartition(".")[2] == "coefficients"
