"""The edges of a layer that hold a formula, c f(a x + b) + d."""

from collections.abc import Sequence
from typing import NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pikan.jets.jet import Jet, compose, highest_order
from pikan.network.architecture import ArchitectureError
from pikan.network.symbolic_functions import activation, kind_of, name_of


class SymbolicEdge(NamedTuple):
    """The formula on the edge from node i to sum j: its function by name, and its numbers.

    `numbers` are a, b, c, d; `r2` is the share of the edge's spread that the formula explained
    when it took the place of what the edge had learned.
    """

    i: int
    j: int
    name: str
    numbers: tuple[float, float, float, float]
    r2: float


@final
class SymbolicEdges(nn.Module):
    """All formulas of a layer; their numbers [_ 4] are a parameter if there are any."""

    places: Int[Tensor, "_ 2"]
    kinds: Int[Tensor, " _"]
    r2: Float[Tensor, " _"]
    numbers: Float[Tensor, "_ 4"]

    def __init__(self, formulas: Sequence[SymbolicEdge], like: Float[Tensor, "..."]) -> None:
        super().__init__()
        places = torch.tensor([(each.i, each.j) for each in formulas], dtype=torch.long)
        kinds = torch.tensor([kind_of(each.name) for each in formulas], dtype=torch.long)
        self.register_buffer("places", places.reshape(-1, 2).to(like.device))
        self.register_buffer("kinds", kinds.to(like.device))
        self.register_buffer("r2", like.new_tensor([each.r2 for each in formulas]))
        numbers = like.new_tensor([each.numbers for each in formulas]).reshape(-1, 4)
        _hold(self, numbers)
        self.register_load_state_dict_pre_hook(_with_room)

    def __len__(self) -> int:
        return len(self.kinds)

    def all(self) -> tuple[SymbolicEdge, ...]:
        """The formulas as they are now."""
        columns = (self.places.tolist(), self.kinds.tolist(), self.numbers.tolist(), self.r2)
        return tuple(
            SymbolicEdge(i, j, _name(kind), (a, b, c, d), float(r2))
            for (i, j), kind, (a, b, c, d), r2 in zip(*columns, strict=True)
        )

    def mask(self, live: Bool[Tensor, "in out"]) -> Bool[Tensor, "in out"]:
        """Which of a layer's edges hold a formula; those of `live` say how many it has."""
        held = torch.zeros_like(live)
        held[self.places[:, 0], self.places[:, 1]] = True
        return held

    def check(self, live: Bool[Tensor, "in out"]) -> None:
        """ArchitectureError unless each formula is of a known kind and on an edge of the layer."""
        known = all(name_of(kind) is not None for kind in self.kinds.tolist())
        limits = torch.tensor(live.shape, device=self.places.device)
        if not known or not bool(((self.places >= 0) & (self.places < limits)).all()):
            raise ArchitectureError(
                "state: a formula is of no known kind, or on no edge; a function of your own is "
                "known after pikan.add_symbolic"
            )

    def jet(self, nodes: Jet) -> Float[Tensor, "a n _"]:
        """What each formula makes of the node that it gets."""
        a, b, c, d = self.numbers.unbind(dim=1)
        entering = a * nodes.values[..., self.places[:, 0]]
        inner = torch.cat([entering[:1] + b, entering[1:]])
        slopes = self._derivatives(inner[0], highest_order(nodes.indices))
        made = c * compose(slopes.unsqueeze(-1), Jet(nodes.indices, inner)).squeeze(-1)
        return torch.cat([made[:1] + d, made[1:]])

    def add(self, sums: Float[Tensor, "a n out"], nodes: Jet) -> Float[Tensor, "a n out"]:
        """The sums of a layer with what its formulas add to them."""
        return sums.index_add(2, self.places[:, 1], self.jet(nodes))

    def evaluate(
        self, entering: Float[Tensor, "n in"], numbers: Float[Tensor, "_ 4"]
    ) -> tuple[Float[Tensor, "n _"], Float[Tensor, " n _ 4"]]:
        """What each formula gives with these a, b, c and d, and its derivatives by them."""
        a, b, c, d = numbers.unbind(dim=1)
        x = entering[:, self.places[:, 0]]
        value, slope = self._derivatives(a * x + b, 1)
        by_numbers = torch.stack([c * slope * x, c * slope, value, torch.ones_like(x)], dim=2)
        return c * value + d, by_numbers

    def _derivatives(self, x: Float[Tensor, "n _"], order: int) -> Float[Tensor, "k n _"]:
        columns = zip(self.kinds.tolist(), x.unbind(dim=1), strict=True)
        made = [activation(_name(kind))(column, order) for kind, column in columns]
        return torch.stack(made, dim=2) if made else x.new_zeros(order + 1, *x.shape)


def _name(kind: int) -> str:
    name = name_of(kind)
    assert name is not None, "checked where states are loaded"
    return name


def _hold(module: nn.Module, numbers: Float[Tensor, "_ 4"]) -> None:
    """Make numbers a parameter, unless there are none: an empty one would never get a gradient."""
    if len(numbers):
        module.register_parameter("numbers", nn.Parameter(numbers))
    else:
        module.register_buffer("numbers", numbers)


def _with_room(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Takes as many formulas as a state has that is to be loaded."""
    if not isinstance(module, SymbolicEdges) or f"{prefix}numbers" not in state:
        return
    like = module.numbers.detach()
    for name in ("places", "kinds", "r2"):
        old = module.get_buffer(name)
        setattr(module, name, old.new_zeros(state[prefix + name].shape))
    del module.numbers
    _hold(module, like.new_zeros(state[f"{prefix}numbers"].shape))
