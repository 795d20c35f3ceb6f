"""Batched calls: as few calls of a network as evaluate all terms."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from pikan.jets.jet import Jet, MultiIndex, by_index, closure, coordinates
from pikan.network.base import Network
from pikan.network.kan import FirstFunctions, KANNetwork
from pikan.network.trial import TrialInputs, TrialNetwork
from pikan.residuals.terms import Partials, Term

Known = Jet | FirstFunctions | TrialInputs
"""What points lead to before any parameter has a say."""


class BatchedCall(NamedTuple):
    """All places, by term and place, at which the same partials are wanted, and what is known."""

    inputs: Known
    point_sets: tuple[tuple[int, int], ...]
    rows: tuple[slice, ...]


def calls_for(terms: Sequence[Term], network: Network) -> tuple[BatchedCall, ...]:
    """As few calls of a network as evaluate all terms: a call costs more than some points do."""
    groups: dict[frozenset[MultiIndex], list[tuple[int, int]]] = {}
    for number, term in enumerate(terms):
        for place in range(len(term.points)):
            groups.setdefault(term.needed_partials(place), []).append((number, place))
    calls = list[BatchedCall]()
    for wanted, places in groups.items():
        points = [terms[number].points[place] for number, place in places]
        ends = list(accumulate(len(some) for some in points))
        rows = tuple(slice(start, end) for start, end in pairwise([0, *ends]))
        inputs = precompute_inputs(network, torch.cat(points), wanted)
        calls.append(BatchedCall(inputs, tuple(places), rows))
    return tuple(calls)


def precompute_inputs(
    network: Network, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]
) -> Known:
    """What the points lead to before any parameter has a say, the same in every step."""
    inputs = coordinates(points, closure(wanted))
    known = isinstance(network, KANNetwork | TrialNetwork)
    return network.first(inputs) if known else inputs


@final
class _Jets(nn.Module):
    """A network called for its partial derivatives, so that torch.func can pass parameters in."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, begun: Known) -> Partials:
        if isinstance(begun, TrialInputs):
            assert isinstance(self.network, TrialNetwork)
            return by_index(self.network.after(begun))
        if isinstance(begun, FirstFunctions):
            assert isinstance(self.network, KANNetwork)
            return by_index(self.network.after(begun))
        return by_index(self.network.jet(begun))


def functional_partials(network: Network, values: Mapping[str, Tensor], begun: Known) -> Partials:
    """The partial derivatives of a network with the given parameters in place of its own."""
    named = {f"network.{name}": value for name, value in values.items()}
    return functional_call(_Jets(network), named, (begun,))
