"""The least-squares objective: all that an optimizer ever sees of a problem."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor


@final
@dataclass(frozen=True)
class Block:
    """The rows of the residual that bear one name, such as `equation` or `x = -1`.

    `coordinates` is the time of each of these rows, which causal weights need; None where the
    problem has no time.
    """

    label: str
    rows: slice
    coordinates: Float[Tensor, " _"] | None = None


@final
@dataclass(frozen=True)
class Sparse:
    """A Jacobian by its entries, where a row has few: pieces of rows, one below the other.

    Row i of a piece has its entry k in column columns[i, k]; entries of one column add up.
    `values` gives the entries of all pieces at θ. `order` lists the columns so that those with
    entries in one row are near each other, as far as possible.
    """

    columns: tuple[Int[Tensor, "_ _"], ...]
    order: Int[Tensor, " p"]
    values: Callable[[Float[Tensor, " p"]], tuple[Float[Tensor, "_ _"], ...]]

    def whole(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        """The Jacobian with all its zeros."""
        pieces = zip(self.columns, self.values(theta), strict=True)
        return torch.cat(
            [
                entries.new_zeros(len(entries), len(self.order)).scatter_add_(1, places, entries)
                for places, entries in pieces
            ]
        )


@final
@dataclass(frozen=True)
class Share:
    """The rows of r that this process makes where several share them, and their Jacobian at θ."""

    rows: Int[Tensor, " _"]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "_ p"]]


@final
@dataclass(frozen=True)
class Objective:
    """A residual r(θ) to be made small: the loss is ½|r|².

    r holds the weights already: a block contributes weight · mean(residual²) to |r|². The blocks
    cover every row once. `last_layer` is the part of θ in which the network is linear, None if
    it has none; `linear` says that r is affine in that part. `sparse` is the Jacobian once more,
    None where most of its entries count; `share` is None where one process makes all rows.
    """

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]
    blocks: tuple[Block, ...]
    last_layer: slice | None = None
    linear: bool = False
    sparse: Sparse | None = None
    share: Share | None = None
