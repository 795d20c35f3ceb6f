"""The better of two interpolants along one parameter, by what the last nodes change."""

from math import inf
from typing import Literal, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.solvers.parametric.nodes import Nodes
from pikan.solvers.parametric.rational import LEAST, rational_interpolant

# So many of the last nodes are left out to see what they change, at so many places.
_LAST, _PLACES = 2, 400
# Where so many nodes more have changed nothing for the better, rounding is reached.
_STAGNANT, _DIGITS = 16, 1e-2


@final
class Interpolant(NamedTuple):
    """A kind of interpolant of the first `used` nodes; `change` is what the last ones change.

    That is the largest relative change of any member, or the sum of all open surpluses.
    """

    kind: Literal["polynomial", "rational"]
    used: int
    change: float


NONE = Interpolant("polynomial", 0, inf)


@final
class Interpolants:
    """The interpolants that were there, and the best of them."""

    def __init__(self) -> None:
        self.best = NONE

    def look(self, nodes: Nodes) -> None:
        """Take the interpolants of the nodes as they are now."""
        count = len(nodes.values)
        if len(nodes.flat) > 1 or all(nodes.flat):
            self.best = Interpolant("polynomial", count, nodes.open_surplus())
            if not nodes.has_begun():
                self.best = self.best._replace(change=inf)
        elif count >= LEAST + _LAST:
            places = torch.linspace(-1.0, 1.0, _PLACES, dtype=torch.float64)
            for kind in ("polynomial", "rational"):
                largest = float(changes(nodes, places, kind).max())
                if largest < self.best.change:
                    self.best = Interpolant(kind, count, largest)

    def is_stagnant(self, nodes: Nodes) -> bool:
        """Whether the last nodes of one parameter have changed nothing for the better."""
        later = len(nodes.values) - self.best.used
        return later >= _STAGNANT and self.best.change < _DIGITS


def changes(
    nodes: Nodes, places: Float[Tensor, " n"], kind: Literal["polynomial", "rational"]
) -> Float[Tensor, " n"]:
    """How much the last nodes of one parameter change each member, in parts of its size."""
    fields, z = torch.stack(nodes.values), nodes.places()[:, 0]
    if kind == "rational":
        whole = rational_interpolant(z, fields).values(places, fields)
        part = rational_interpolant(z[:-_LAST], fields[:-_LAST]).values(places, fields)
        found = (whole - part).norm(dim=1) / whole.norm(dim=1)
    else:
        functions = nodes.functions(places[:, None])
        surpluses = torch.stack(nodes.surpluses)
        last = functions[:, -_LAST:] @ surpluses[-_LAST:]
        found = last.norm(dim=1) / (functions @ surpluses).norm(dim=1)
    return torch.where(found.isfinite(), found, inf)
