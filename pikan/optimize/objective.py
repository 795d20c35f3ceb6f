"""The least-squares objective: all that an optimizer ever sees of a problem."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.linalg.row_partition import RowPartition
from pikan.linalg.sparse_jacobian import SparseJacobian


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
class Objective:
    """A residual r(θ) to be made small: the loss is ½|r|².

    r holds the weights already: a block contributes weight · mean(residual²) to |r|². The blocks
    cover every row once. `last_layer` is the part of θ in which the network is linear, None if
    it has none; `linear` says that r is affine in that part. `sparse` is the Jacobian once more,
    None where most of its entries count; `partition` is None where one process makes all rows.
    """

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]
    blocks: tuple[Block, ...]
    last_layer: slice | None = None
    linear: bool = False
    sparse: SparseJacobian | None = None
    partition: RowPartition | None = None
