"""r as a function of all parameters of a network, within a budget of memory."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.evaluation import Context
from pikan.collocation.chunks import Chunk, chunks
from pikan.collocation.rows import Rows, rows_of
from pikan.collocation.weights import Weights, blocks, row_factors
from pikan.network.base import FeatureNetwork, Network
from pikan.network.parameters import flat, last_layer
from pikan.objective import Objective
from pikan.residuals import Sheet

# Two numbers of points of each sheet that show together what one of them takes.
_PROBED = 4, 12
# All that is in memory at the worst moment, in parts of what is kept for the way back, as measured.
_BESIDE = 4


def network_objective(
    sheets: Sequence[Sheet],
    network: Network,
    weights: Weights,
    *,
    linear: bool,
    time: int | None,
    memory: int,
) -> Objective:
    """r as a function of all parameters of the network, in the order of `parameters.flat`.

    Beside r, θ and the points no evaluation takes more than about `memory` bytes: where all rows
    at once would, chunks of them are made one after the other, and once more for a gradient.
    """
    factors = row_factors(sheets, weights)
    parts = chunks(sheets, factors, memory // _bytes_per_point(sheets, network))
    rows = rows_of(network, *parts[0]) if len(parts) == 1 else _in_parts(network, parts)
    ends = last_layer(network) if isinstance(network, FeatureNetwork) else None
    return Objective(rows.residual, rows.jacobian, blocks(sheets, time), ends, linear)


def _bytes_per_point(sheets: Sequence[Sheet], network: Network) -> int:
    """About what evaluating r takes for each point, with what is kept for the way back [bytes]."""
    (few, least), (more, most) = (_kept(sheets, network, count) for count in _PROBED)
    return max(1, _BESIDE * (most - least) // max(1, more - few))


def _kept(sheets: Sequence[Sheet], network: Network, count: int) -> tuple[int, int]:
    """How many points `count` of each sheet are, and what is kept for their way back [bytes]."""
    some = [sheet.rows(slice(count)) for sheet in sheets]
    kept: dict[int, int] = {}

    def noted(tensor: Tensor) -> Tensor:
        # Whole or as views, what is kept several times lies in memory once.
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    theta = flat(network).requires_grad_()
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(noted, lambda saved: saved):
        rows = rows_of(network, some, [1.0] * len(some)).residual(theta)
    del rows
    return sum(len(place) for sheet in some for place in sheet.places), sum(kept.values())


@final
class _MadeAgain(torch.autograd.Function):
    """The rows of a chunk as one step of autograd, whose way back makes them once more.

    torch's own checkpoints keep the graph of every chunk, which is larger than its rows.
    """

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, theta: Float[Tensor, " p"], network: Network, part: Chunk
    ) -> Float[Tensor, " n"]:
        ctx.save_for_backward(theta)
        ctx.network, ctx.part = network, part
        return rows_of(network, *part).residual(theta)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Float[Tensor, " n"]
    ) -> tuple[Float[Tensor, " p"], None, None]:
        (theta,) = ctx.saved_tensors
        with torch.enable_grad():
            moving = theta.detach().requires_grad_()
            rows = rows_of(ctx.network, *ctx.part).residual(moving)
            return torch.autograd.grad(rows, moving, gradient)[0], None, None


def _made_again(theta: Float[Tensor, " p"], network: Network, part: Chunk) -> Float[Tensor, " n"]:
    """`apply` with types, which torch's own has none of."""
    rows: Tensor = _MadeAgain.apply(theta, network, part)
    return rows


def _in_parts(network: Network, parts: Sequence[Chunk]) -> Rows:
    """The rows of all chunks, of which nothing is kept: the way back makes them once more."""

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        return torch.cat([_made_again(theta, network, part) for part in parts])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return torch.cat([rows_of(network, *part).jacobian(theta) for part in parts])

    return Rows(residual, jacobian)
