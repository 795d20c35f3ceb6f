"""As few calls of a network as answer all sheets."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from pikan.jet import Jet, MultiIndex, by_index, closure, coordinates
from pikan.network.base import Network
from pikan.network.prepared import finished, prepared
from pikan.residuals import Partials, Sheet


class Call(NamedTuple):
    """All places, by sheet and place, at which the same partials are wanted, and what is known."""

    begun: Jet
    places: tuple[tuple[int, int], ...]
    rows: tuple[slice, ...]


def calls_for(sheets: Sequence[Sheet], network: Network) -> tuple[Call, ...]:
    """As few calls of a network as answer all sheets: each costs more than some points more do."""
    groups: dict[frozenset[MultiIndex], list[tuple[int, int]]] = {}
    for number, sheet in enumerate(sheets):
        for place in range(len(sheet.places)):
            groups.setdefault(sheet.wanted(place), []).append((number, place))
    return tuple(_call(sheets, network, wanted, places) for wanted, places in groups.items())


def _call(
    sheets: Sequence[Sheet],
    network: Network,
    wanted: frozenset[MultiIndex],
    places: list[tuple[int, int]],
) -> Call:
    points = [sheets[number].places[place] for number, place in places]
    ends = list(accumulate(len(some) for some in points))
    rows = tuple(slice(start, end) for start, end in pairwise([0, *ends]))
    return Call(begun(network, torch.cat(points), wanted), tuple(places), rows)


def begun(network: Network, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]) -> Jet:
    """What the points lead to before any parameter has a say, the same in every step."""
    return prepared(network, coordinates(points, closure(wanted)))


@final
class _Jets(nn.Module):
    """A network called for its partial derivatives, so that torch.func can pass parameters in."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, begun: Jet) -> Partials:
        return by_index(finished(self.network, begun))


def called(network: Network, values: Mapping[str, Tensor], begun: Jet) -> Partials:
    """The partial derivatives of a network with the given parameters in place of its own."""
    named = {f"network.{name}": value for name, value in values.items()}
    return functional_call(_Jets(network), named, (begun,))
