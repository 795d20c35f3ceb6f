"""Row partition: the points of a problem divided among processes, behind one objective."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg import distributed
from pikan.linalg.row_partition import RowPartition
from pikan.optimize.objective import LeastSquares
from pikan.residuals.terms import Term
from pikan.residuals.weights import blocks

Make = Callable[[Sequence[Term], Sequence[float]], LeastSquares]
"""From terms and the factors of their rows to their objective."""


def partition_objective(
    make: Make, terms: Sequence[Term], factors: Sequence[float], time: int | None
) -> LeastSquares:
    """The objective of all terms, of which this process makes its share of the rows.

    Point after point is dealt out in turn. Every process sees the same r and the same gradient,
    to the bit, so that all take the same steps; they are those of one process to rounding.
    """
    count, rank = distributed.count(), distributed.rank()
    if count == 1:
        return make(terms, factors)
    lengths = [len(term.points[0]) for term in terms]
    rows = torch.cat([part[rank::count] for part in torch.arange(sum(lengths)).split(lengths)])
    own = [
        (term.rows(slice(rank, None, count)), factor)
        for term, factor, length in zip(terms, factors, lengths, strict=True)
        if length > rank
    ]
    part = make([term for term, _ in own], [factor for _, factor in own])
    rows, length = rows.to(terms[0].points[0].device), sum(lengths)

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        return distributed.assemble(part.residual(distributed.sum_gradients(theta)), rows, length)

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return distributed.gather(part.jacobian(theta), rows, length)

    share = RowPartition(rows, part.jacobian)
    return LeastSquares(
        residual, jacobian, blocks(terms, time), part.last_layer, part.linear, partition=share
    )
