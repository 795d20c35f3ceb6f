"""The points of a problem dealt out to several processes, behind an objective like any other."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan import distributed
from pikan.collocation.weights import Weights, blocks, row_counts
from pikan.objective import Objective, Share
from pikan.residuals import Sheet

Make = Callable[[Sequence[Sheet], Weights], Objective]
"""From formulas on points to their objective, each label weighted by its mean square."""


def shared(make: Make, sheets: Sequence[Sheet], weights: Weights, time: int | None) -> Objective:
    """The objective of all sheets, of which this process makes its share of the rows.

    Point after point is dealt out in turn. Every process sees the same r and the same gradient,
    to the bit, so that all take the same steps; they are those of one process to rounding.
    """
    count, rank = distributed.count(), distributed.rank()
    if count == 1:
        return make(sheets, weights)
    lengths = [len(sheet.places[0]) for sheet in sheets]
    rows = torch.cat([part[rank::count] for part in torch.arange(sum(lengths)).split(lengths)])
    own = [sheet.rows(slice(rank, None, count)) for sheet in sheets]
    own = [sheet for sheet in own if len(sheet.places[0])]
    part = make(own, _of_all(weights, sheets, own))
    rows, length = rows.to(sheets[0].places[0].device), sum(lengths)

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        return distributed.assembled(part.residual(distributed.along(theta)), rows, length)

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return distributed.gathered(part.jacobian(theta), rows, length)

    share = Share(rows, part.jacobian)
    return Objective(
        residual, jacobian, blocks(sheets, time), part.last_layer, part.linear, share=share
    )


def _of_all(weights: Weights, sheets: Sequence[Sheet], own: Sequence[Sheet]) -> Mapping[str, float]:
    """The weights that make means over all rows of a label from means over those of a share."""
    every, some = row_counts(sheets), row_counts(own)
    return {label: weights.get(label, 1.0) * some[label] / every[label] for label in some}
