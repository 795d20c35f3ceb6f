"""The size of a network's outputs at its start, fitted to what the equations ask for."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import FeatureNetwork, Network
from pikan.network.parameters import last_layer, parameter_vector, with_parameters
from pikan.network.trial import TrialNetwork
from pikan.residuals.assembly import assemble_rows
from pikan.residuals.terms import Term

# A start is left as it is where its size is right to this factor.
_NEAR = 100.0
# Rows of each term that show the size.
_SHOWN = 500


def fit_output_scale(
    network: Network, terms: Sequence[Term], factors: Sequence[float]
) -> tuple[float, ...]:
    """By how much each unknown's field is multiplied to be of the size of the solution.

    With r₀ the rows where all fields are zero, and ρ the change that a field as it is makes of
    them, the size is the s of least | |r₀| - s |ρ| |²: an unknown in other units, such as 1e6 Pa,
    would else be met only after as many steps as its size has digits, and more. One as long as s
    is between 1/100 and 100; beyond, what brings it there.
    """
    inner = network.network if isinstance(network, TrialNetwork) else network
    if not isinstance(inner, FeatureNetwork):
        return ()
    some = [term.rows(slice(None, None, 1 + len(term.points[0]) // _SHOWN)) for term in terms]
    residual = assemble_rows(network, some, factors).residual
    theta, place = parameter_vector(network), last_layer(network)
    columns = theta[place].view(inner.last_weight().shape)
    if not bool(columns.any()):
        return (1.0,) * columns.shape[1]

    def rows_of(last: Float[Tensor, "q m"]) -> Float[Tensor, " r"]:
        with torch.no_grad():
            return residual(torch.cat([theta[: place.start], last.flatten()]))

    none = rows_of(torch.zeros_like(columns))
    found = list[float]()
    for unknown in range(columns.shape[1]):
        alone = torch.zeros_like(columns)
        alone[:, unknown] = columns[:, unknown]
        change = rows_of(alone) - none
        found.append(float((none.abs() @ change.abs()) / change.square().sum()))
    return tuple(_beyond(size) for size in found)


def scale_outputs(network: Network, factors: Sequence[float]) -> Network:
    """The network with the field of each unknown multiplied by a number."""
    if all(factor == 1.0 for factor in factors):
        return network
    theta, place = parameter_vector(network), last_layer(network)
    last = theta[place].view(-1, len(factors)) * theta.new_tensor(factors)
    return with_parameters(network, torch.cat([theta[: place.start], last.flatten()]))


def _beyond(size: float) -> float:
    """What is left of a size beyond what is near to one; one where there is no size."""
    if not 0.0 < size < float("inf"):
        return 1.0
    return size / min(max(size, 1.0 / _NEAR), _NEAR)
