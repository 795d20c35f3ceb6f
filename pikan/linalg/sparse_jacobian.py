"""A Jacobian of which every row has few entries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor


@final
@dataclass(frozen=True)
class SparseJacobian:
    """A Jacobian by its entries, where a row has few: pieces of rows, one below the other.

    Row i of a piece has its entry k in column columns[i, k]; entries of one column add up.
    `values` gives the entries of all pieces at θ. `order` lists the columns so that those with
    entries in one row are near each other, as far as possible.
    """

    columns: tuple[Int[Tensor, "_ _"], ...]
    order: Int[Tensor, " p"]
    values: Callable[[Float[Tensor, " p"]], tuple[Float[Tensor, "_ _"], ...]]

    def dense(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        """The Jacobian with all its zeros."""
        pieces = zip(self.columns, self.values(theta), strict=True)
        return torch.cat(
            [
                entries.new_zeros(len(entries), len(self.order)).scatter_add_(1, places, entries)
                for places, entries in pieces
            ]
        )
